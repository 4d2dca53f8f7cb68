package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// reply is how a request was answered.
type reply struct {
	status int
	id     string // of the question
	text   string
}

// atOnce sends a request to every replica at the same moment, n times to each.
func (r *repetition) atOnce(n int, path string, body any, headers ...string) []reply {
	replies := make([]reply, n*len(r.APIs))
	var sent sync.WaitGroup
	for i := range replies {
		sent.Go(func() {
			status, text, err := r.Owner.Try(r.ctx, i%len(r.APIs), http.MethodPost, path, body, headers...)
			if err != nil {
				text = err.Error()
			}
			var q api.Question
			_ = json.Unmarshal([]byte(text), &q) // a problem has no id
			replies[i] = reply{status, q.ID, text}
		})
	}
	sent.Wait()
	return replies
}

// count counts the replies with a status code; others than those of want are wrong.
func (r *repetition) count(replies []reply, want ...int) map[int]int {
	n := map[int]int{}
	for _, reply := range replies {
		require.Contains(r.t, want, reply.status, reply.text)
		n[reply.status]++
	}
	return n
}

// The same POST comes several times with one key, at once and later: it is one
// question.
func TestAskedTwiceWithAKey(t *testing.T) {
	fault{name: "same POST, with a key", body: func(r *repetition) {
		q := r.new(mix[r.rng.IntN(3)])
		replies := r.atOnce(1+r.rng.IntN(3), "/questions", r.body(q), "Idempotency-Key", q.key)
		r.pursue(q)
		r.await(q)
		replies = append(replies, r.atOnce(1, "/questions", r.body(q), "Idempotency-Key", q.key)...)
		r.count(replies, http.StatusAccepted)
		for _, reply := range replies {
			require.Equal(r.t, q.ident(), reply.id)
		}
		other := map[string]any{"connection_id": r.Connection, "question": "something else"}
		r.count(r.atOnce(1, "/questions", other, "Idempotency-Key", q.key), http.StatusUnprocessableEntity, http.StatusConflict)
	}}.run(t)
}

// The same POST comes twice without a key: nothing says that it is the same,
// so it is two questions, each answered once.
func TestAskedTwiceWithoutAKey(t *testing.T) {
	fault{name: "same POST, without a key", body: func(r *repetition) {
		q := r.new(plain)
		replies := r.atOnce(1, "/questions", r.body(q))
		r.count(replies, http.StatusAccepted)
		require.NotEqual(r.t, replies[0].id, replies[1].id)
		twin := r.twin(q)
		for i, q := range []*question{q, twin} {
			q.key, q.id, q.accepted = "", replies[i].id, true
			r.asking.Go(func() { r.follow(q) })
		}
	}}.run(t)
}

// twin is a second question with the text of a first.
func (w *world) twin(q *question) *question {
	w.mu.Lock()
	defer w.mu.Unlock()
	q.copies = 2
	t := &question{n: q.n, kind: q.kind, ends: q.ends, runs: 1, copies: 2, retries: map[string]int{}, done: make(chan struct{})}
	w.questions = append(w.questions, t)
	return t
}

// The same reply to a question back comes several times: it is taken once.
func TestRepliedTwice(t *testing.T) {
	for name, keyed := range map[string]bool{"with a key": true, "without a key": false} {
		t.Run(name, func(t *testing.T) {
			fault{name: "same reply to a question back, " + name, body: func(r *repetition) {
				q := r.new(clarify)
				q.mute.Store(true)
				r.pursue(q)
				r.awaitStatus(q, models.StatusClarify)
				var headers []string
				if keyed {
					headers = []string{"Idempotency-Key", q.key + "-reply"}
				}
				path, body := "/questions/"+q.ident()+"/clarify", map[string]any{"reply": q.reply()}
				n := r.count(r.atOnce(1+r.rng.IntN(2), path, body, headers...), http.StatusAccepted, http.StatusConflict)
				require.Positive(r.t, n[http.StatusAccepted])
				if !keyed {
					require.Equal(r.t, 1, n[http.StatusAccepted], "without a key it is another reply, which nobody waits for")
				}
				r.await(q)
				r.count(r.atOnce(1, path, body, headers...), http.StatusAccepted, http.StatusConflict)
				require.Equal(r.t, []string{"plan 1 done", "plan 2 done", "guard 2 done", "query 2 done", "analyse 1 done"}, r.stepList(q))
			}}.run(t)
		})
	}
}

func (r *repetition) stepList(q *question) (all []string) {
	steps, err := r.steps(q)
	require.NoError(r.t, err)
	for _, s := range steps {
		all = append(all, fmt.Sprintf("%s %d %s", s.kind, s.attempt, s.status))
	}
	return all
}

// stops are where a question is when somebody presses Stop.
var stops = []struct {
	name  string
	kind  kind
	stand func(*repetition, *question)
}{
	{"before it begins", plain, func(r *repetition, q *question) {
		r.behind("ask").hold(down)
		r.pursue(q)
		r.awaitRow(q)
	}},
	{"reading the schema", plain, func(r *repetition, q *question) { r.discovering(q) }},
	{"planning", plain, func(r *repetition, q *question) { r.modelAsked(q, llmtest.KindPlan) }},
	{"guard", plain, func(r *repetition, q *question) { r.guarding(q) }},
	{"connecting", plain, func(r *repetition, q *question) {
		r.line("workers", system.ToCustomer).hold(down)
		r.pursue(q)
		r.awaitRow(q)
		r.awaitStep(q, models.StepGuard)
	}},
	{"querying", slow, func(r *repetition, q *question) {
		r.pursue(q)
		r.eventually("the query runs", func() bool { return r.Running(q.label(1)+" ") == 1 })
	}},
	{"storing the rows", plain, func(r *repetition, q *question) {
		orders := r.querying(q)
		results := r.lockTable("results")
		orders.release()
		results.reached("results")
	}},
	{"writing", plain, func(r *repetition, q *question) { r.modelAsked(q, llmtest.KindWrite) }},
	{"storing the plan", plain, func(r *repetition, q *question) {
		answer := r.modelAsked(q, llmtest.KindPlan)
		row := r.lockQuestion(q)
		answer()
		row.reached("")
	}},
	{"storing the answer", plain, func(r *repetition, q *question) {
		answer := r.modelAsked(q, llmtest.KindWrite)
		row := r.lockQuestion(q)
		answer()
		row.reached("")
	}},
	{"recording the end", refused, func(r *repetition, q *question) { r.ending(q) }},
	{"waiting for a reply", clarify, func(r *repetition, q *question) {
		q.mute.Store(true)
		r.pursue(q)
		r.awaitStatus(q, models.StatusClarify)
	}},
	{"waiting for a yes", approve, func(r *repetition, q *question) {
		q.mute.Store(true)
		r.pursue(q)
		r.awaitStatus(q, models.StatusApprove)
	}},
}

// Stop is pressed at every step, twice and at both replicas: it is cancelled
// everywhere, or was answered already, and nothing runs any more.
func TestStopAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, s := range chosen(stops, 4) {
		t.Run(s.name, func(t *testing.T) {
			fault{name: "Stop: " + s.name, body: func(r *repetition) {
				q := r.new(s.kind)
				q.ends = []models.QuestionStatus{models.StatusCancelled}
				switch s.name {
				case "storing the answer":
					q.ends = append(q.ends, models.StatusAnswered)
				case "recording the end":
					q.ends = append(q.ends, models.StatusRefused)
				}
				s.stand(r, q)
				r.asking.Go(func() { r.send(q, "stop", map[string]any{}, "") })
				r.count(r.atOnce(1, "/questions/"+q.ident()+"/stop", map[string]any{}), http.StatusAccepted)
				r.pause(r.between(0, 500*time.Millisecond))
				r.releaseAll()
				r.faultOver()
				r.await(q)
				r.eventually("the model is not asked any more", func() bool {
					return !slices.ContainsFunc(r.Model.Calls(), func(c llmtest.Call) bool { return !c.Ended() })
				})
			}}.run(t)
		})
	}
}

// A worker dies in a query, and Stop is pressed while nobody has noticed, when
// Temporal has, or when nobody is there to take over: the query's session on the
// customer's server ends, too.
func TestStoppedAfterAKill(t *testing.T) {
	fault{name: "Stop: querying, after the worker was killed", body: func(r *repetition) {
		q := r.new(slow)
		q.ends = []models.QuestionStatus{models.StatusCancelled}
		r.pursue(q)
		r.eventually("the query runs", func() bool { return r.Running(q.label(1)+" ") == 1 })
		r.kill(r.worker("query", 0))
		most := time.Second
		if *full {
			most = 8 * time.Second // until Temporal has noticed
		}
		r.pause(r.between(0, most))
		r.send(q, "stop", map[string]any{}, "")
		r.pause(r.between(0, most))
		r.heal()
		r.faultOver()
		r.await(q)
		r.eventually("the query ends", func() bool { return r.Running(q.label(1)+" ") == 0 })
	}}.run(t)
}

// edited is the SQL that a person writes for a run.
func edited(q *question, run int) map[string]any {
	return map[string]any{"sql": fmt.Sprintf("SELECT max(id) AS %s FROM customers", q.label(run))}
}

// The SQL of a question is changed while it is worked on (which is refused),
// while it waits, and when it has ended; each change comes several times.
func TestEditedTwice(t *testing.T) {
	t.Run("running", func(t *testing.T) {
		fault{name: "edit-sql: running", body: func(r *repetition) {
			q := r.new(plain)
			answer := r.modelAsked(q, llmtest.KindPlan)
			r.count(r.atOnce(1, "/questions/"+q.ident()+"/edit-sql", edited(q, 2), "Idempotency-Key", q.key+"-edit"), http.StatusConflict)
			answer()
		}}.run(t)
	})
	for _, k := range []kind{clarify, approve} {
		t.Run("waiting: "+string(k), func(t *testing.T) {
			fault{name: "edit-sql twice: waiting, " + string(k), body: func(r *repetition) {
				q := r.new(k)
				q.mute.Store(true)
				r.pursue(q)
				r.awaitStatus(q, models.QuestionStatus(k))
				n := r.count(r.atOnce(1+r.rng.IntN(2), "/questions/"+q.ident()+"/edit-sql", edited(q, 1), "Idempotency-Key", q.key+"-edit"), http.StatusAccepted, http.StatusConflict)
				require.Positive(r.t, n[http.StatusAccepted])
				r.await(q)
			}}.run(t)
		})
	}
	t.Run("ended", func(t *testing.T) {
		fault{name: "edit-sql twice: ended", body: func(r *repetition) {
			q := r.ask(plain)
			r.await(q)
			r.mu.Lock()
			q.runs, q.done = 2, make(chan struct{})
			r.mu.Unlock()
			path := "/questions/" + q.ident() + "/edit-sql"
			r.count(r.atOnce(1+r.rng.IntN(3), path, edited(q, 2), "Idempotency-Key", q.key+"-edit"), http.StatusAccepted)
			r.asking.Go(func() { r.follow(q) })
			r.await(q)
			r.count(r.atOnce(1, path, edited(q, 2), "Idempotency-Key", q.key+"-edit"), http.StatusAccepted)
			var run int
			require.NoError(r.t, r.platform.QueryRow(r.ctx, "SELECT run FROM questions WHERE id = $1", q.ident()).Scan(&run))
			require.Equal(r.t, 2, run)
		}}.run(t)
	})
}

package chaos

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// The endpoint answers every call with trouble that passes: questions wait,
// say why, and are answered.
func TestModelTrouble(t *testing.T) {
	for _, m := range []struct {
		name  string
		rules []llmtest.Rule // one of them for each call
		shows string
	}{
		{"429", []llmtest.Rule{{Status: 429}}, "too many requests"},
		{"500", []llmtest.Rule{{Status: 500}, {Status: 502, Body: "<html>Bad Gateway</html>"}, {Status: 503}}, "has a problem"},
		{"garbage", []llmtest.Rule{{Body: `{"choices":[{"mess`}, {Body: "\x00\xff\x01"}, {Body: "data: {nonsense\n\n"}}, "broke off or was garbled"},
		{"half a reply", []llmtest.Rule{{Cut: "abort", CutAfter: 2}, {Cut: "end", CutAfter: 1}, {Cut: "abort"}}, "broke off or was garbled"},
	} {
		t.Run(m.name, func(t *testing.T) {
			fault{name: "model: " + m.name, outage: time.Minute, body: func(r *repetition) {
				var cure func()
				offset := r.rng.IntN(len(m.rules))
				r.throughout(func() {
					cure = r.astray(func(c llmtest.Call, q *question) *llmtest.Rule {
						q.mu.Lock()
						defer q.mu.Unlock()
						q.estimated = true // what broke off was paid for
						rule := m.rules[(c.ID+offset)%len(m.rules)]
						return &rule
					})
				}, func() { r.shows(r.ask(plain), models.CodeModelBusy, m.shows) }, func() { cure() })
			}}.run(t)
		})
	}
}

// An endpoint that says when to come back is not asked before.
func TestModelSaysWhen(t *testing.T) {
	const wait = 2 * time.Second
	fault{name: "model: 429, Retry-After", outage: time.Minute, body: func(r *repetition) {
		var cure func()
		var first *question
		r.throughout(func() {
			cure = r.astray(func(llmtest.Call, *question) *llmtest.Rule {
				return &llmtest.Rule{Status: 429, Headers: map[string]string{"Retry-After": "2"}}
			})
		}, func() { first = r.ask(plain) }, func() { cure() })
		r.await(first)
		refused := map[string]time.Time{} // by step
		for _, c := range r.Model.Calls() {
			if at, ok := refused[c.IdempotencyKey]; ok && first.of(c) {
				require.GreaterOrEqual(r.t, c.StartedAt.Sub(at), wait-50*time.Millisecond, "asked again before it was time")
			}
			if c.Status == 429 {
				refused[c.IdempotencyKey] = c.EndedAt
			}
		}
	}}.run(t)
}

// A model that does not answer is given up in time. Two minutes are usual; an
// operator may set less.
func TestModelHangs(t *testing.T) {
	fault{name: "model: hangs", outage: time.Minute, body: func(r *repetition) {
		w := r.worker("model", 0)
		set := func(env ...string) {
			w.Instead("", env...)
			w.Stop()
			w.Start(system.WorkerReady)
		}
		set("DATAMIND_LLM_TIMEOUT=1500ms")
		var cure func()
		r.throughout(func() {
			cure = r.astray(func(llmtest.Call, *question) *llmtest.Rule { return &llmtest.Rule{Hang: true} })
		}, func() { r.shows(r.ask(plain), models.CodeModelBusy, "did not answer in time") }, func() { cure() })
		for _, q := range r.questions {
			r.await(q)
		}
		set()
	}}.run(t)
}

// The first model is broken: the next one of the list answers meanwhile.
func TestModelFallsBack(t *testing.T) {
	fault{name: "model: the fallback answers", outage: time.Minute, body: func(r *repetition) {
		cure := r.astray(func(c llmtest.Call, _ *question) *llmtest.Rule {
			if c.Model == "scripted" {
				return &llmtest.Rule{Status: 503}
			}
			return nil
		})
		began := time.Now()
		for n := range 4 {
			q := r.ask(mix[n])
			r.await(q)
			var models int
			require.NoError(r.t, r.platform.QueryRow(r.ctx, "SELECT count(*) FROM question_steps WHERE question_id = $1 AND status = 'done' AND kind IN ('plan', 'analyse') AND model <> 'fallback'", q.ident()).Scan(&models))
			require.Zero(r.t, models, "who answered")
		}
		cure()
		r.outageOver(time.Since(began))
	}}.run(t)
}

// Plans that cannot be read are paid for, so they end the question soon.
func TestModelMakesNoSense(t *testing.T) {
	fault{name: "model: plans that make no sense", body: func(r *repetition) {
		cure := r.astray(func(c llmtest.Call, _ *question) *llmtest.Rule {
			if c.Kind == llmtest.KindPlan {
				return &llmtest.Rule{Content: []string{"I would rather not.", `{"status":"perhaps"}`, `{"status":"sql","sql":""}`}[c.ID%3]}
			}
			return nil
		})
		q := r.new(plain)
		q.ends = []models.QuestionStatus{models.StatusFailed}
		r.pursue(q)
		r.said(q, models.StatusFailed, models.CodeModelReply, "could not be understood")
		cure()
		r.ask(plain)
	}}.run(t)
}

// The budget ends between the plan and the text; nothing is asked of the model
// after that, and everything again when there is more.
func TestBudgetRunsOut(t *testing.T) {
	fault{name: "budget exhausted in the middle", body: func(r *repetition) {
		budget := func(tokens int) {
			_, err := r.platform.Exec(r.ctx, "UPDATE orgs SET token_budget = $1", tokens)
			require.NoError(r.t, err)
		}
		poor := func() *question {
			q := r.new(plain)
			q.ends = []models.QuestionStatus{models.StatusBudget}
			return q
		}
		q, late := poor(), poor()
		open := r.gate(q, llmtest.KindPlan)
		r.pursue(q)
		r.called(q, llmtest.KindPlan)
		budget(1)
		open()
		r.said(q, models.StatusBudget, models.CodeBudget, "budget of 1 model tokens")
		var rows int
		require.NoError(r.t, r.platform.QueryRow(r.ctx, "SELECT count(*) FROM results WHERE question_id = $1", q.ident()).Scan(&rows))
		require.Equal(r.t, 1, rows, "the rows are kept")
		r.pursue(late)
		r.await(late)
		for _, c := range r.Model.Calls() {
			require.False(r.t, late.of(c), "the model was asked without a budget")
			require.False(r.t, q.of(c) && c.Kind == llmtest.KindWrite, "the model was asked without a budget")
		}
		budget(0)
		r.ask(plain)
	}}.run(t)
}

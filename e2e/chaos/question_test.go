package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// kind is what becomes of a question when nothing goes wrong.
type kind string

const (
	plain   kind = "plain"
	clarify kind = "clarify" // the model asks back once, and is answered
	approve kind = "approve" // costly: waits for a yes, and gets it
	repair  kind = "repair"  // the first SQL is refused by the guard
	refused kind = "refused" // by the model
	stopped kind = "stopped" // somebody presses Stop a moment later
	slow    kind = "slow"    // its query does not end before hurry is called
)

// mix is what load is made of.
var mix = []kind{plain, clarify, approve, repair, refused, stopped}

// ends are the endings that each kind may have.
var ends = map[kind][]models.QuestionStatus{
	refused: {models.StatusRefused},
	stopped: {models.StatusCancelled, models.StatusAnswered},
}

// question is a numbered question: its number is in its text and in its SQL, so
// that calls and statements can be told apart.
type question struct {
	n    int
	kind kind
	key  string
	// ends are the statuses that are right for it; nil are those of its kind.
	ends []models.QuestionStatus
	// mute leaves what it waits for to the test.
	mute atomic.Bool
	// runs is how many runs it has by now: more than 1 after edits.
	runs int
	// once is a client that asks once and does not wait for the answer.
	once bool
	// copies is how many questions it makes: 2 where it was sent twice without a key.
	copies int
	// estimated tokens are used by replies that broke off before they said how many.
	estimated bool

	done chan struct{} // closed when it has ended, or when time was up

	mu       sync.Mutex
	id       string
	asked    time.Time
	accepted bool // somebody was told so
	status   models.QuestionStatus
	ended    time.Time
	trouble  []string // answers that must not be
	// retries are attempts of its activities after the first, by name.
	retries map[string]int
}

func (q *question) text() string { return fmt.Sprintf("number %d %s: how many orders?", q.n, q.kind) }

// label is in the SQL of a run.
func (q *question) label(run int) string {
	if run == 1 {
		return fmt.Sprintf("q%d", q.n)
	}
	return fmt.Sprintf("q%dr%d", q.n, run)
}

func (q *question) complain(format string, args ...any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.trouble = append(q.trouble, fmt.Sprintf(format, args...))
}

// ident is the question's id once it is known.
func (q *question) ident() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.id
}

var numbered = regexp.MustCompile(`^number (\d+) `)

// answer is the script of the model.
func (w *world) answer(c llmtest.Call) *llmtest.Rule {
	m := numbered.FindStringSubmatch(c.Question)
	if m == nil {
		return nil
	}
	n, _ := strconv.Atoi(m[1]) // digits by the expression
	w.mu.Lock()
	i := slices.IndexFunc(w.questions, func(q *question) bool { return q.n == n })
	if i < 0 {
		w.mu.Unlock()
		return nil
	}
	q, override := w.questions[i], w.override
	until := w.gates[gateName(n, c.Kind)]
	w.mu.Unlock()
	if override != nil {
		if rule := override(c, q); rule != nil {
			return rule
		}
	}
	rule := &llmtest.Rule{Until: until}
	if c.Kind != llmtest.KindPlan {
		return rule
	}
	switch {
	case q.kind == refused:
		rule.Plan, _ = json.Marshal(map[string]any{"status": "refused", "text": "The shop does not know."}) // strings only
	case q.kind == clarify && !strings.Contains(c.User, q.reply()):
		rule.Plan, _ = json.Marshal(map[string]any{"status": "clarify", "text": "Which orders?", "choices": []string{"all", "paid"}})
	case q.kind == repair && !strings.Contains(c.User, "oders"):
		rule.SQL = fmt.Sprintf("SELECT count(*) AS %s FROM oders", q.label(1))
	case q.kind == approve:
		rule.SQL = fmt.Sprintf("SELECT count(*) AS %s FROM orders a, customers b", q.label(1))
	case q.kind == slow:
		rule.SQL = fmt.Sprintf("SELECT count(*) AS %s FROM slow a, slow b, slow c, slow d", q.label(1))
	default:
		rule.SQL = fmt.Sprintf("SELECT count(*) AS %s FROM orders", q.label(1))
	}
	return rule
}

// asks says that a call of the model is for the question.
func (q *question) asks(c llmtest.Call) bool {
	return strings.HasPrefix(c.Question, fmt.Sprintf("number %d ", q.n))
}

// reply is what a person says to the question back.
func (q *question) reply() string { return fmt.Sprintf("those of the %dth", q.n) }

// new numbers a question of the repetition without asking it.
func (w *world) new(k kind) *question {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	q := &question{n: w.last, kind: k, key: fmt.Sprintf("chaos-key-%d", w.last), runs: 1, copies: 1, ends: ends[k], retries: map[string]int{}, done: make(chan struct{})}
	if q.ends == nil {
		q.ends = []models.QuestionStatus{models.StatusAnswered}
	}
	w.questions = append(w.questions, q)
	return q
}

// ask asks a new question, as a browser does that does not give up, and takes
// it to its end: replies, approves and stops as its kind says.
func (w *world) ask(k kind) *question {
	q := w.new(k)
	w.pursue(q)
	return q
}

// pursue asks a question that new made.
func (w *world) pursue(q *question) {
	q.asked = time.Now()
	w.asking.Go(func() {
		w.post(q)
		w.follow(q)
	})
}

// post sends the question with its key, at one replica and then the other,
// until somebody takes it.
func (w *world) post(q *question) {
	body := w.body(q)
	w.persist(q.n, func(replica int) bool {
		status, text, err := w.Owner.Try(w.ctx, replica, http.MethodPost, "/questions", body, "Idempotency-Key", q.key)
		if err != nil || status >= 500 || status == http.StatusTooManyRequests {
			return q.once
		}
		var answer api.Question
		if status != http.StatusAccepted || json.Unmarshal([]byte(text), &answer) != nil {
			q.complain("asking was answered %d: %s", status, text)
			return true
		}
		q.mu.Lock()
		q.id, q.accepted = answer.ID, true
		q.mu.Unlock()
		return true
	})
}

func (w *world) body(q *question) map[string]any {
	return map[string]any{"connection_id": w.Connection, "question": q.text()}
}

// persist tries at alternating replicas until it succeeds or time is up.
func (w *world) persist(replica int, try func(replica int) bool) {
	for ; w.ctx.Err() == nil && !try(replica%len(w.APIs)); replica++ {
		w.pause(200 * time.Millisecond)
	}
}

// follow watches the question's row until it has ended, and does what the
// person does meanwhile.
func (w *world) follow(q *question) {
	defer close(q.done)
	if q.kind == stopped {
		w.asking.Go(func() {
			w.pause(time.Duration(q.n*37%400) * time.Millisecond)
			w.send(q, "stop", map[string]any{}, "")
		})
	}
	for w.ctx.Err() == nil {
		status, final := w.look(q)
		switch {
		case final:
			return
		case q.mute.Load():
		case status == models.StatusClarify && q.kind == clarify:
			w.send(q, "clarify", map[string]any{"reply": q.reply()}, q.key+"-reply")
		case status == models.StatusApprove:
			w.send(q, "approve", map[string]any{"yes": true}, "")
		}
		w.pause(50 * time.Millisecond)
	}
}

// look reads how the question stands; an outage is no answer.
func (w *world) look(q *question) (status models.QuestionStatus, final bool) {
	var id string
	var run int
	var ended *time.Time
	err := w.platform.QueryRow(w.ctx, "SELECT id, status, run, ended_at FROM questions WHERE CASE WHEN $1 = '' THEN id::text = $2 ELSE idempotency_key LIKE '%:' || $1 END", q.key, q.ident()).
		Scan(&id, &status, &run, &ended)
	if err != nil {
		return "", false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.id, q.status = id, status
	if status.Final() && ended != nil && run >= q.runs {
		q.ended = *ended
		return status, true
	}
	return status, false
}

// send sends a message about a question until it is taken, or not wanted any
// more (409), and returns the last status code.
func (w *world) send(q *question, action string, body any, key string) (code int) {
	var headers []string
	if key != "" {
		headers = []string{"Idempotency-Key", key}
	}
	w.persist(q.n, func(replica int) bool {
		status, text, err := w.Owner.Try(w.ctx, replica, http.MethodPost, "/questions/"+q.ident()+"/"+action, body, headers...)
		code = status
		if err == nil && status != http.StatusAccepted && status != http.StatusConflict && status < 500 {
			q.complain("%s was answered %d: %s", action, status, text)
			return true
		}
		return err == nil && status < 500
	})
	return code
}

// awaitStatus waits until the question has a status.
func (w *world) awaitStatus(q *question, status models.QuestionStatus) {
	w.eventually(fmt.Sprintf("question %d is %s", q.n, status), func() bool {
		w.look(q)
		q.mu.Lock()
		defer q.mu.Unlock()
		return q.status == status
	})
}

// awaitStep waits until a step of the question is done.
func (w *world) awaitStep(q *question, kind models.StepKind) {
	w.eventually(fmt.Sprintf("question %d has done its step %s", q.n, kind), func() bool {
		var done bool
		err := w.platform.QueryRow(w.ctx, "SELECT EXISTS (SELECT FROM question_steps WHERE question_id = $1 AND kind = $2 AND status = 'done')", q.ident(), kind).Scan(&done)
		return err == nil && done
	})
}

// await waits for the question's end.
func (w *world) await(q *question) {
	select {
	case <-q.done:
	case <-time.After(patience):
		w.host.Fatalf("question %d does not end", q.n)
	}
}

// patience bounds every wait for something that does happen.
const patience = 60 * time.Second

// eventually waits until ok.
func (w *world) eventually(what string, ok func() bool) {
	w.host.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	for !ok() {
		if ctx.Err() != nil {
			w.host.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func gateName(n int, callKind string) string { return fmt.Sprintf("%d/%s", n, callKind) }

// misbehave has the model answer otherwise than the script says, until the end
// of the repetition; nil leaves a call to the script.
func (w *world) misbehave(answer func(llmtest.Call, *question) *llmtest.Rule) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.override = answer
}

// gate holds up the model's calls of a kind for a question until open.
func (w *world) gate(q *question, callKind string) (open func()) {
	closed := make(chan struct{})
	name := gateName(q.n, callKind)
	w.mu.Lock()
	w.gates[name] = closed
	w.mu.Unlock()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.gates[name] == closed {
			delete(w.gates, name)
			close(closed)
		}
	}
}

func (w *world) openGates() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, gate := range w.gates {
		delete(w.gates, name)
		close(gate)
	}
}

// called waits until the model is being asked for a question.
func (w *world) called(q *question, callKind string) {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	err := w.Model.Await(ctx, func(calls []llmtest.Call) bool {
		return slices.ContainsFunc(calls, func(c llmtest.Call) bool {
			return c.Kind == callKind && !c.Ended() && q.asks(c)
		})
	})
	if err != nil {
		w.host.Fatalf("the model is not asked for question %d: %v", q.n, err)
	}
}

package chaos

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// throughout asks questions before an outage, while it lasts, and after it.
// during, which may be nil, is done when the outage has begun.
func (r *repetition) throughout(begin, during, end func()) {
	before, meanwhile := 3, 8
	if !*full { // few enough for the model's breaker, which takes 15 s to close
		before, meanwhile = 1, 1
	}
	for range before {
		r.ask(mix[r.rng.IntN(len(mix))])
	}
	r.pause(r.between(0, 300*time.Millisecond))
	began := time.Now()
	begin()
	if during != nil {
		during()
	}
	for n := range meanwhile {
		r.ask(mix[r.rng.IntN(len(mix))])
		r.pause(max(0, r.outage-time.Since(began)) / time.Duration(meanwhile-n))
	}
	end()
	r.outageOver(time.Since(began))
	r.ask(plain)
}

// shows waits until the page says of a question what goes wrong just now.
func (r *repetition) shows(q *question, code models.Code, text string) {
	r.t.Helper()
	r.eventually(fmt.Sprintf("question %d shows %s: %s", q.n, code, text), func() bool {
		var n int
		err := r.platform.QueryRow(r.ctx, "SELECT count(*) FROM question_steps WHERE question_id::text = $1 AND error_code = $2 AND strpos(error_text, $3) > 0",
			q.ident(), string(code), text).Scan(&n)
		return err == nil && n > 0
	})
}

// said wants the question to have ended for a reason that names its cause.
func (r *repetition) said(q *question, status models.QuestionStatus, code models.Code, text string) {
	r.t.Helper()
	r.await(q)
	var got, why string
	require.NoError(r.t, r.platform.QueryRow(r.ctx, "SELECT error_code, error_text FROM questions WHERE id = $1", q.ident()).Scan(&got, &why))
	require.Equal(r.t, status, q.status, why)
	require.Equal(r.t, string(code), got, why)
	require.Contains(r.t, why, text)
}

// astray has the model answer by rules until cure; nil falls through to the script.
func (r *repetition) astray(rule func(llmtest.Call, *question) *llmtest.Rule) (cure func()) {
	r.misbehave(rule)
	return func() { r.misbehave(nil) }
}

// of tells whether a call is about the question.
func (q *question) of(c llmtest.Call) bool {
	return strings.HasPrefix(c.Question, fmt.Sprintf("number %d ", q.n))
}

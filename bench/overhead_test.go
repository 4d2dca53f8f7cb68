package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// layout is the worker processes of most measurements: one for all queues.
var layout = []string{"ask,model,query,alert"}

// quick makes every question the same quick query.
var quick = []llmtest.Rule{{Kind: llmtest.KindPlan, SQL: system.QuickSQL}}

// asked is one question, from sending its request on.
type asked struct {
	id          string
	posted      time.Duration // the answer to the request
	first, wall time.Duration // the first event, the event that ends it
}

// ask asks a question and follows it to its end.
func ask(t testing.TB, p *system.Person, text string) asked {
	t.Helper()
	return askThen(t, p, text, func() {})
}

// askThen is ask that says when the first event has come.
func askThen(t testing.TB, p *system.Person, text string, came func()) asked {
	t.Helper()
	begun := time.Now()
	a := asked{id: p.Ask(text)}
	a.posted = time.Since(begun)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for e := range p.Follow(ctx, 0, a.id, "") {
		if a.first == 0 {
			a.first = time.Since(begun)
			came()
		}
		if e.Type == "end" || e.Type == "snapshot" && !openSnapshot(e) {
			break
		}
	}
	a.wall = time.Since(begun)
	return a
}

func openSnapshot(e system.Event) bool {
	var q struct{ Status models.QuestionStatus }
	return json.Unmarshal(e.Data, &q) == nil && !q.Status.Final()
}

// worked is the time of the model's server, since it last forgot its calls,
// and of the database.
func worked(t testing.TB, s *system.System, questionID string) time.Duration {
	t.Helper()
	sum := s.QueryTime(questionID)
	ended := func(calls []llmtest.Call) bool {
		return !slices.ContainsFunc(calls, func(c llmtest.Call) bool { return !c.Ended() })
	}
	require.NoError(t, s.Model.Await(t.Context(), ended)) // the record is a moment behind the reply
	for _, call := range s.Model.Calls() {
		require.True(t, call.Completed, fmt.Sprint(call))
		sum += call.EndedAt.Sub(call.StartedAt)
	}
	return sum
}

// TestOverhead asks one question after the other, with a model that answers at
// once, in turns with bare workflows and with the same steps in this process.
func TestOverhead(t *testing.T) {
	overhead(t, measured(t, system.Options{Model: true, Workers: layout, Rules: quick}))
}

func overhead(t *testing.T, s *system.System) {
	d := newDirect(t, s)
	first := ask(t, s.Owner, "how many orders?")
	b := startBare(t, s, first.id, layout)
	var wall, events, posted, own, bare, inProcess times
	const warm = 20 // caches, pools, plans
	for i := range count(200+warm, 3) {
		s.Model.Forget()
		a := ask(t, s.Owner, "how many orders?")
		s.Owner.Await(a.id, models.StatusAnswered)
		over := a.wall - worked(t, s, a.id)
		plain := b.run(t)
		s.Model.Forget()
		id, took := d.run(t, "how many orders?")
		took -= worked(t, s, id)
		if *full && i < warm {
			continue
		}
		wall, events, posted, own = append(wall, a.wall), append(events, a.first), append(posted, a.posted), append(own, over)
		bare, inProcess = append(bare, plain), append(inProcess, took)
	}
	out := table{name: "overhead", header: []string{"", "p50", "p95", "of bare, p50"}}
	line := func(name string, all times) { out.add(name, all.p50(), all.p95(), ratio(all.p50(), bare.p50())) }
	line("question: request to its answer (202)", posted)
	line("question: request to the first event", events)
	line("question: request to the end (wall)", wall)
	line("**question: overhead**", own)
	line(fmt.Sprintf("bare workflow: %d activities, %d local activities", len(b.steps)-b.local(), b.local()), bare)
	line("the same steps in one process, without Temporal", inProcess)
	out.publish(t)
}

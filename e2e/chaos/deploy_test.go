package chaos

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
)

// Workers of a build with changed workflow code take over while questions are
// in flight, and then those of the earlier build take over again.
func TestDeploy(t *testing.T) {
	changed := system.ChangedWorkflow(t)
	fault{name: "deploy of changed workflow code, and the way back", body: func(r *repetition) {
		alone := r.Workers
		a, b := system.Build{ID: "a", Bin: r.Program()}, system.Build{ID: "b", Bin: changed}
		r.StartBuild(a, "ask,model,query,alert,export")
		r.StartBuild(b, "ask,model,query,alert,export")
		r.Promote(a)
		back := r.inFlight(a)
		r.Promote(b)
		forth := r.inFlight(b)
		r.Promote(a)
		last := r.inFlight(a)
		for _, f := range []*flight{back, forth, last} {
			f.land()
		}
		code, out := r.System.Deploy(a, "promote", worker.NoBuild, "--wait", "1m")
		require.Zero(r.t, code, out)
		for _, w := range r.Workers[len(alone):] {
			require.Zero(r.t, w.Stop(), "a worker that is asked to end does so in order")
		}
		r.Workers = alone
	}}.run(t)
}

// flight is a set of questions in different states.
type flight struct {
	r                               *repetition
	build                           system.Build
	waiting, costly, running, asked *question
	answer                          func()
	all                             []*question
}

// inFlight asks questions that stand in the middle when it returns, and some of
// the seed's choice.
func (r *repetition) inFlight(build system.Build) *flight {
	f := &flight{r: r, build: build, waiting: r.new(clarify), costly: r.new(approve), running: r.new(slow), asked: r.new(plain)}
	f.waiting.mute.Store(true)
	f.costly.mute.Store(true)
	f.running.ends = []models.QuestionStatus{models.StatusCancelled}
	f.answer = r.gate(f.asked, []string{llmtest.KindPlan, llmtest.KindWrite}[r.rng.IntN(2)])
	f.all = []*question{f.waiting, f.costly, f.running, f.asked}
	for _, q := range f.all {
		r.pursue(q)
	}
	for range 3 {
		f.all = append(f.all, r.ask(mix[r.rng.IntN(len(mix))]))
	}
	r.awaitStatus(f.waiting, models.StatusClarify)
	r.awaitStatus(f.costly, models.StatusApprove)
	r.eventually("the query runs", func() bool { return r.Running(f.running.label(1)+" ") == 1 })
	r.eventually("the model is asked", func() bool {
		for _, c := range r.Model.Calls() {
			if f.asked.asks(c) && !c.Ended() {
				return true
			}
		}
		return false
	})
	return f
}

// land takes all to their ends: each stayed with the build that began it.
func (f *flight) land() {
	f.r.send(f.waiting, "clarify", map[string]any{"reply": f.waiting.reply()}, "")
	f.r.send(f.costly, "approve", map[string]any{"yes": true}, "")
	f.r.send(f.running, "stop", map[string]any{}, "")
	f.answer()
	for _, q := range f.all {
		f.r.await(q)
		if q.status == models.StatusCancelled && q.kind == stopped {
			continue // perhaps before any worker had it
		}
		run := f.r.Run(q.ident())
		require.Equal(f.r.t, []string{f.build.ID}, run.Builds, "question %d (%s) stays with its build", q.n, q.kind)
		require.Empty(f.r.t, run.Errors)
	}
}

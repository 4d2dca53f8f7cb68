package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
)

// changedWorkflow makes a build whose workflow does something before it plans
// that histories of this one do not have.
func changedWorkflow(t *testing.T) string {
	t.Helper()
	return system.Compile(t, system.Change{File: "workflows/ask.go", Old: "	attempt, end := a.answerable(ctx)\n",
		New: "	if err := workflow.Sleep(ctx, time.Millisecond); err != nil {\n		return endOf(err)\n	}\n	attempt, end := a.answerable(ctx)\n"})
}

// builds is what `deploy status` says of each build.
func builds(t *testing.T, s *system.System) map[string]worker.Build {
	t.Helper()
	code, out := s.Deploy(system.Build{Bin: s.Program()}, "status", "--json")
	require.Zero(t, code, out)
	var got struct{ Builds []worker.Build }
	require.NoError(t, json.Unmarshal([]byte(out), &got), out)
	all := map[string]worker.Build{}
	for _, b := range got.Builds {
		all[b.ID] = b
	}
	return all
}

// The first build with an id, a build with changed workflow code, and the way
// back: what has begun stays with its build, and no history is replayed with
// other code.
func TestDeploy(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Env: []string{"DATAMIND_APPROVE_COST=" + system.DeployCost}, Rules: system.DeployRules(4)})
	a, b := system.Build{ID: "a", Bin: s.Program()}, system.Build{ID: "b", Bin: changedWorkflow(t)}
	answered := func(text string, want ...string) {
		t.Helper()
		id := s.Owner.Ask(text)
		s.Owner.Await(id, models.StatusAnswered)
		run := s.Run(id)
		require.Equal(t, want, run.Builds)
		require.Empty(t, run.Errors)
	}

	// The first roll-out: nothing changes until somebody says so.
	flight := s.Fly(0)
	started := s.StartBuild(a, "ask", "model", "query")
	system.Eventually(t, "the worker says that it gets nothing", func() bool {
		return strings.Contains(started[0].Log(), "new questions do not come to this build until it is promoted")
	})
	answered("before the first", "")
	code, out := s.Deploy(b, "promote", b.ID, "--wait", "0s")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "No worker of the build b polls ask, model, query")
	everywhere := map[string]int{"ask": 1, "model": 1, "query": 1}
	all := builds(t, s)
	require.Equal(t, worker.Build{ID: "a", Workers: everywhere}, all["a"])
	require.EqualValues(t, 100, all[worker.NoBuild].Percent)
	require.Equal(t, everywhere, all[worker.NoBuild].Workers)
	require.GreaterOrEqual(t, all[worker.NoBuild].Open, int64(3), "those that wait for somebody")
	s.Promote(a)
	answered("after the first", "a")
	landed := flight.Land()
	for _, state := range []string{"clarify", "approve", "query"} { // the others need not have taken so long
		require.Equal(t, []string{"", "a"}, landed[state].Builds, "%s: the same code, it goes on at the new build", state)
		require.Empty(t, landed[state].Errors, state)
	}
	require.Zero(t, s.Workers[0].Stop())

	s.StartBuild(b, "ask,model,query")
	s.Rollout(1, a, b)
	s.Rollout(2, b, a)
	code, said := doctor(t, s)
	require.Zero(t, code, said)
	require.Equal(t, "gets 100 % of the new questions, has 0 open", said["build: a"].Detail)
}

// A build whose workers go before its questions have ended.
func TestDeployMovesQuestions(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Rules: system.DeployRules(3)})
	a, b, c := system.Build{ID: "a", Bin: s.Program()}, system.Build{ID: "b", Bin: changedWorkflow(t)}, system.Build{ID: "c", Bin: s.Program()}
	workers := s.StartBuild(a, "ask", "model", "query")
	s.Promote(a)
	require.Zero(t, s.Workers[0].Stop())
	ask := func(n int) string { return s.Owner.Await(s.AskToClarify(n), models.StatusClarify).ID }
	first, second := ask(0), ask(1)
	s.StartBuild(b, "ask,model,query")
	s.Promote(b)

	// Without the build's query worker, its queries wait for one: no other
	// build's worker takes them.
	require.Zero(t, workers[2].Stop())
	s.Clarify(first)
	system.Eventually(t, "the query waits for a worker", func() bool { return slices.Contains(s.Run(first).Waiting, "RunQuery") })
	s.Owner.Await(s.Owner.Ask("how many orders?"), models.StatusAnswered)
	require.Equal(t, []string{"RunQuery"}, s.Run(first).Waiting)
	code, said := doctor(t, s)
	require.Equal(t, 1, code)
	require.Contains(t, said["build: a"].Detail, "2 open ones are its; no worker of it polls query")
	require.Contains(t, said["build: a"].Fix, "DATAMIND_BUILD_ID=a, or move its questions")

	// Code that their histories do not lead through leaves them where they are.
	code, out := s.Deploy(b, "move", "--from", "a")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "0 moved from a to b, 0 had ended, 2 kept")
	require.Contains(t, out, "kept ask/"+first)
	require.Contains(t, out, "TMPRL1100")
	require.NotContains(t, out, "goroutine")

	s.StartBuild(c, "ask,model,query")
	s.Promote(c)
	require.Zero(t, workers[0].Stop())
	require.Zero(t, workers[1].Stop())
	code, out = s.Deploy(c, "move", "--from", "a", "--limit", "1")
	require.Zero(t, code, out)
	require.Contains(t, out, "1 moved from a to c, 0 had ended, 0 kept")
	system.Eventually(t, "it is no more of the build", func() bool { return builds(t, s)["a"].Open == 1 })
	code, out = s.Deploy(c, "move", "--from", "a")
	require.Zero(t, code, out)
	require.Contains(t, out, "1 moved from a to c")
	s.Owner.Await(first, models.StatusAnswered)
	s.Clarify(second)
	s.Owner.Await(second, models.StatusAnswered)
	for _, id := range []string{first, second} {
		run := s.Run(id)
		require.Equal(t, []string{"a", "c"}, run.Builds)
		require.Empty(t, run.Errors)
	}

	// Where new questions go to nobody, they wait, and it is said.
	code, out = s.Deploy(c, "promote", worker.NoBuild, "--wait", "0s")
	require.Equal(t, 1, code, out)
	code, out = s.Deploy(c, "promote", worker.NoBuild, "--unserved")
	require.Zero(t, code, out)
	require.Contains(t, out, "no worker of it polls ask, model, query: questions wait")
	third := s.Owner.Ask("how many orders now?")
	code, said = doctor(t, s)
	require.Equal(t, 1, code)
	require.Contains(t, said["build: none"].Fix, "datamind deploy promote c")
	require.Equal(t, models.StatusQueued, s.Owner.Question(third).Status)
	s.Promote(c)
	s.Owner.Await(third, models.StatusAnswered)
	require.Equal(t, []string{"c"}, s.Run(third).Builds)
	code, out = s.Deploy(c, "promote", "b", "--ramp", "25")
	require.Zero(t, code, out)
	all := builds(t, s)
	require.EqualValues(t, 25, all["b"].Percent)
	require.EqualValues(t, 75, all["c"].Percent)
	s.Promote(c)
	require.Zero(t, builds(t, s)["b"].Percent, "a promotion ends the ramp")
}

// Without build ids, changed workflow code meets what has begun: it is seen, in
// the history and in the log, and nothing is lost once the old code is back.
func TestDeployOfChangedCodeWithoutBuilds(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask", "model,query"}, Rules: []llmtest.Rule{
		{Kind: llmtest.KindPlan, DelayMs: 3000, SQL: system.QuickSQL}}})
	changed := system.Build{Bin: changedWorkflow(t)}
	id := s.Owner.Ask("how many orders?")
	require.NoError(t, s.Model.Await(t.Context(), func(calls []llmtest.Call) bool { return len(calls) == 1 }))
	require.Zero(t, s.Workers[0].Stop())
	other := s.StartBuild(changed, "ask")[0]
	system.Eventually(t, "the worker says why it cannot go on", func() bool { return strings.Contains(other.Log(), "TMPRL1100") })
	require.Zero(t, other.Stop())
	s.Workers[0].Start(system.WorkerReady)
	s.Owner.Await(id, models.StatusAnswered)
	require.Contains(t, s.Run(id).Errors, "NonDeterministicError")
	require.Len(t, callsOf(s, llmtest.KindPlan, "orders"), 1)
}

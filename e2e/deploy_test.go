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

// Builds of changed workflow code come and go while questions are in flight.
func TestDeploy(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask", "model,query,alert,export"},
		Env: []string{"DATAMIND_APPROVE_COST=" + system.DeployCost}, Rules: system.DeployRules(5)})
	a, b := system.Build{ID: "a", Bin: s.Program()}, system.Build{ID: "b", Bin: system.ChangedWorkflow(t)}
	withoutBuilds(t, s, b)
	firstBuild(t, s, a, b)
	s.StartBuild(b, "ask,model,query,alert,export")
	s.Rollout(1, a, b)
	s.Rollout(2, b, a) // the way back
	code, said := doctor(t, s)
	require.Zero(t, code, said)
	require.Equal(t, "gets 100 % of the new questions, has 0 open", said["build: a"].Detail)
	moves(t, s, a, b)
	routes(t, s, b, system.Build{ID: "c", Bin: s.Program()})
}

// withoutBuilds: changed workflow code meets what has begun. It is seen, in the
// history and in the log, and nothing is lost once the old code is back.
func withoutBuilds(t *testing.T, s *system.System, changed system.Build) {
	t.Helper()
	id := s.Owner.Ask("how many orders, to plan?")
	require.NoError(t, s.Model.Await(t.Context(), func(calls []llmtest.Call) bool { return len(calls) == 1 }))
	require.Zero(t, s.Workers[0].Stop())
	changed.ID = ""
	other := s.StartBuild(changed, "ask")[0]
	system.Eventually(t, "the worker says why it cannot go on", func() bool { return strings.Contains(other.Log(), "TMPRL1100") })
	require.Zero(t, other.Stop())
	s.Workers[0].Start(system.WorkerReady)
	s.Owner.Await(id, models.StatusAnswered)
	require.Contains(t, s.Run(id).Errors, "NonDeterministicError")
	require.Len(t, callsOf(s, llmtest.KindPlan, "to plan"), 1)
}

// firstBuild: nothing changes until somebody says so, and then what has begun
// goes over, too.
func firstBuild(t *testing.T, s *system.System, a, b system.Build) {
	t.Helper()
	flight := s.Fly(0)
	started := s.StartBuild(a, "ask", "model", "query", "alert", "export")
	system.Eventually(t, "the worker says that it gets nothing", func() bool {
		return strings.Contains(started[0].Log(), "new questions do not come to this build until it is promoted")
	})
	answered(t, s, "")
	code, out := s.Deploy(b, "promote", b.ID, "--wait", "0s")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "No worker of the build b polls ask, model, query")
	s.Promote(a)
	all, everywhere := builds(t, s), map[string]int{"ask": 1, "model": 1, "query": 1, "alert": 1, "export": 1}
	require.EqualValues(t, 100, all["a"].Percent)
	require.Equal(t, everywhere, all["a"].Workers)
	require.Equal(t, everywhere, all[worker.NoBuild].Workers)
	answered(t, s, "a")
	landed := flight.Land()
	for _, state := range []string{"clarify", "approve", "query"} { // the others need not have taken so long
		require.Equal(t, []string{"", "a"}, landed[state].Builds, state)
		require.Empty(t, landed[state].Errors, state)
	}
	for _, w := range s.Workers[:2] {
		require.Zero(t, w.Stop())
	}
	require.NotContains(t, builds(t, s), worker.NoBuild)
}

// answered asks a question, which a build is to answer.
func answered(t *testing.T, s *system.System, build string) {
	t.Helper()
	id := s.Owner.Ask("how many orders?")
	s.Owner.Await(id, models.StatusAnswered)
	run := s.Run(id)
	require.Equal(t, []string{build}, run.Builds)
	require.Empty(t, run.Errors)
}

// moves: a build's workers go before its questions have ended.
func moves(t *testing.T, s *system.System, a, b system.Build) {
	t.Helper()
	first := s.Owner.Await(s.AskToClarify(3), models.StatusClarify).ID
	second := s.Owner.Await(s.AskToClarify(4), models.StatusClarify).ID
	s.Promote(b)

	// Without the build's query worker, its queries wait for one: no other
	// build's worker takes them.
	workers := s.WorkersOf(a)
	require.Zero(t, workers[2].Stop())
	s.Clarify(first)
	system.Eventually(t, "the query waits for a worker", func() bool { return slices.Contains(s.Run(first).Waiting, "RunQuery") })
	answered(t, s, "b")
	require.Equal(t, []string{"RunQuery"}, s.Run(first).Waiting)
	code, said := doctor(t, s)
	require.Equal(t, 1, code)
	require.Contains(t, said["build: a"].Detail, "2 open ones are its; no worker of it polls query")
	require.Contains(t, said["build: a"].Fix, "DATAMIND_BUILD_ID=a, or move its questions")
	api := s.APIs[0].Process
	seen(t, api, `datamind_build_unserved{build="a",queue="query"}`, one, "has questions and lacks workers", `"build":"a"`, `"queue":"query"`)
	require.Zero(t, scrape(t, api)[`datamind_build_unserved{build="a",queue="model"}`])

	// Code that their histories do not lead through leaves them where they are.
	code, out := s.Deploy(b, "move", "--from", "a")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "0 moved from a to b, 0 had ended, 2 kept")
	require.Contains(t, out, "kept ask/"+first)
	require.Contains(t, out, "TMPRL1100")
	require.NotContains(t, out, "goroutine")

	c := system.Build{ID: "c", Bin: a.Bin} // the same code, such as one with another activity
	s.StartBuild(c, "ask,model,query,alert,export")
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
}

// routes: where new questions go to nobody, they wait, and it is said; a ramp
// ends with the next promotion.
func routes(t *testing.T, s *system.System, b, c system.Build) {
	t.Helper()
	code, out := s.Deploy(c, "promote", worker.NoBuild, "--wait", "0s")
	require.Equal(t, 1, code, out)
	code, out = s.Deploy(c, "promote", worker.NoBuild, "--unserved")
	require.Zero(t, code, out)
	require.Contains(t, out, "no worker of it polls ask, model, query, alert, export: questions wait")
	id := s.Owner.Ask("how many orders now?")
	code, said := doctor(t, s)
	require.Equal(t, 1, code)
	require.Contains(t, said["build: none"].Fix, "datamind deploy promote c")
	require.NotContains(t, said, "connections", "their test would find nobody")
	require.Equal(t, models.StatusQueued, s.Owner.Question(id).Status)
	s.Promote(c)
	s.Owner.Await(id, models.StatusAnswered)
	require.Equal(t, []string{"c"}, s.Run(id).Builds)
	code, out = s.Deploy(c, "promote", b.ID, "--ramp", "25")
	require.Zero(t, code, out)
	all := builds(t, s)
	require.EqualValues(t, 25, all["b"].Percent)
	require.EqualValues(t, 75, all["c"].Percent)
	s.Promote(c)
	require.Zero(t, builds(t, s)["b"].Percent)
}

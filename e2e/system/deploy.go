package system

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

// Build is a build of the workers: a program, and the id that its workers
// carry; they carry none where it is empty.
type Build struct{ ID, Bin string }

// Program is the program that the system's own processes run.
func (s *System) Program() string { return s.bin }

// Change replaces a text, which occurs once, in a source file of the module.
type Change struct{ File, Old, New string }

// Compile builds the program from changed sources, which stay as they are.
func Compile(t testing.TB, changes ...Change) string {
	t.Helper()
	root, dir := testkit.Root(t), t.TempDir()
	replaced := map[string]string{}
	for i, change := range changes {
		path := filepath.Join(root, change.File)
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(source), change.Old), "%s holds %q", change.File, change.Old)
		replaced[path] = filepath.Join(dir, fmt.Sprintf("%d.go", i))
		require.NoError(t, os.WriteFile(replaced[path], []byte(strings.Replace(string(source), change.Old, change.New, 1)), 0o600))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	bin := filepath.Join(dir, "datamind")
	cmd := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", bin, "-ldflags", "-s -w", "./cmd/datamind")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false") // the Makefile's, for its cache
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return bin
}

// ChangedWorkflow makes a build whose workflow does something before it plans
// that histories of this one do not have.
func ChangedWorkflow(t testing.TB) string {
	t.Helper()
	return Compile(t, Change{File: "workflows/ask.go", Old: "	attempt, end := a.answerable(ctx)\n",
		New: "	if err := workflow.Sleep(ctx, time.Millisecond); err != nil {\n		return endOf(ctx, err)\n	}\n	attempt, end := a.answerable(ctx)\n"})
}

// StartBuild starts a worker of a build for each of queues, such as "ask,model".
func (s *System) StartBuild(b Build, queues ...string) (started []*Process) {
	s.t.Helper()
	for _, served := range queues {
		name := fmt.Sprintf("worker-%s-%s", b.ID, strings.ReplaceAll(served, ",", "-"))
		w := NewProcess(s.t, name, slices.Concat(s.env, s.options.WorkerEnv, []string{"DATAMIND_BUILD_ID=" + b.ID}), b.Bin, "worker", "--queues", served)
		s.Workers = append(s.Workers, w)
		started = append(started, w)
		w.start()
	}
	for _, w := range started {
		w.awaitLog(WorkerReady, 1)
	}
	return started
}

// Deploy runs the command deploy of a build to its end and returns its exit
// code and what it wrote.
func (s *System) Deploy(b Build, args ...string) (int, string) {
	s.t.Helper()
	p := NewProcess(s.t, "datamind-deploy", append(slices.Clone(s.env), "DATAMIND_BUILD_ID="+b.ID), append([]string{b.Bin, "deploy"}, args...)...)
	p.start()
	code := p.Wait()
	return code, p.Log()
}

// Promote sends new questions to a build.
func (s *System) Promote(b Build) {
	s.t.Helper()
	code, out := s.Deploy(b, "promote", b.ID, "--wait", "1m")
	require.Zero(s.t, code, out)
}

// Run is what Temporal says of the newest run of a question.
type Run struct {
	// Builds are those that worked on the workflow, in order; "" is none.
	Builds []string
	// Workers are the process ids of those that worked on steps.
	Workers []int
	// Errors are the causes of workflow tasks that failed.
	Errors []string
	// Waiting are the activities that no worker has taken.
	Waiting []string
}

// Run reads the newest run of a question.
func (s *System) Run(questionID string) (run Run) {
	s.t.Helper()
	c := s.client()
	id := "ask/" + questionID
	state, err := c.DescribeWorkflowExecution(s.t.Context(), id, "")
	require.NoError(s.t, err)
	for _, pending := range state.GetPendingActivities() {
		if pending.GetState() == enums.PENDING_ACTIVITY_STATE_SCHEDULED {
			run.Waiting = append(run.Waiting, pending.GetActivityType().GetName())
		}
	}
	for it := c.GetWorkflowHistory(s.t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		event, err := it.Next()
		require.NoError(s.t, err)
		if done := event.GetWorkflowTaskCompletedEventAttributes(); done != nil {
			build := done.GetDeploymentVersion().GetBuildId()
			if len(run.Builds) == 0 || run.Builds[len(run.Builds)-1] != build {
				run.Builds = append(run.Builds, build)
			}
		}
		if failed := event.GetWorkflowTaskFailedEventAttributes(); failed != nil {
			run.Errors = append(run.Errors, failed.GetCause().String())
		}
		if began := event.GetActivityTaskStartedEventAttributes(); began != nil {
			pid, _, _ := strings.Cut(began.GetIdentity(), "@")
			number, err := strconv.Atoi(pid)
			require.NoError(s.t, err, began.GetIdentity())
			run.Workers = append(run.Workers, number)
		}
	}
	return run
}

func (s *System) client() client.Client {
	s.t.Helper()
	c, err := client.Dial(client.Options{HostPort: s.Temporal, Namespace: s.Namespace})
	require.NoError(s.t, err)
	s.t.Cleanup(c.Close)
	return c
}

// InFlight are the states in which a deploy can find a question.
var InFlight = []string{"clarify", "approve", "plan", "query", "write"}

// DeployCost is the DATAMIND_APPROVE_COST between the costly query and the others.
const DeployCost = "5000"

// DeployRules script a model that takes the questions of that many flights to
// their states, and answers all others.
func DeployRules(flights int) []llmtest.Rule {
	const slow = 4000                                                                                             // ms: as long as a deploy
	unclear, _ := json.Marshal(map[string]any{"status": "clarify", "text": "Which?", "choices": []string{"all"}}) // strings only
	rules := []llmtest.Rule{
		{Kind: llmtest.KindPlan, Contains: "to approve", SQL: "SELECT count(*) AS costly FROM orders a, orders b"},
		{Kind: llmtest.KindPlan, Contains: "to plan", SQL: QuickSQL, DelayMs: slow},
		{Kind: llmtest.KindPlan, Contains: "to query", SQL: "SELECT count(*) AS gated FROM customers"},
		{Kind: llmtest.KindWrite, Contains: "to write", DelayMs: slow},
	}
	for n := range flights {
		rules = append(rules, llmtest.Rule{Kind: llmtest.KindPlan, Contains: text("clarify", n), Times: 1, Plan: unclear})
	}
	return append(rules, llmtest.Rule{Kind: llmtest.KindPlan, SQL: QuickSQL})
}

// text is the question that flight n takes to a state.
func text(state string, n int) string { return fmt.Sprintf("to %s, flight %d.", state, n) }

// Flight is a set of questions, one in each of the states of InFlight.
type Flight struct {
	s    *System
	ids  map[string]string
	gate *pgx.Conn // its transaction keeps queries of customers waiting
}

// Fly asks the questions of flight n, from 0, and returns when each is in its
// state.
func (s *System) Fly(n int) *Flight {
	s.t.Helper()
	f := &Flight{s: s, ids: map[string]string{}}
	var err error
	f.gate, err = pgx.Connect(s.t.Context(), s.Customer.DSN("shop"))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = f.gate.Close(context.Background()) })
	_, err = f.gate.Exec(s.t.Context(), "BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
	require.NoError(s.t, err)
	for _, state := range InFlight {
		f.ids[state] = s.Owner.Ask(text(state, n))
	}
	s.Owner.Await(f.ids["clarify"], models.StatusClarify)
	s.Owner.Await(f.ids["approve"], models.StatusApprove)
	Eventually(s.t, "the query waits", func() bool { // what it costs is asked first, and waits as well
		return slices.ContainsFunc(s.Backends(), func(sql string) bool { return strings.Contains(sql, "gated") })
	})
	Eventually(s.t, "the model is asked", func() bool {
		asked := map[string]bool{}
		for _, call := range s.Model.Calls() {
			asked[call.Kind+" "+call.Question] = true
		}
		return asked[llmtest.KindPlan+" "+text("plan", n)] && asked[llmtest.KindWrite+" "+text("write", n)]
	})
	return f
}

// AskToClarify asks the question of flight n that the model asks back to.
func (s *System) AskToClarify(n int) string {
	s.t.Helper()
	return s.Owner.Ask(text("clarify", n))
}

// Land answers what the questions wait for and returns the run of each, by its
// state, when all are answered.
func (f *Flight) Land() map[string]Run {
	f.s.t.Helper()
	_, err := f.gate.Exec(f.s.t.Context(), "ROLLBACK")
	require.NoError(f.s.t, err)
	f.s.Clarify(f.ids["clarify"])
	f.s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+f.ids["approve"]+"/approve", map[string]any{"yes": true}, nil)
	runs := map[string]Run{}
	for _, state := range InFlight {
		f.s.Owner.Await(f.ids[state], models.StatusAnswered)
		runs[state] = f.s.Run(f.ids[state])
	}
	return runs
}

// Clarify replies to a question that asked back.
func (s *System) Clarify(id string) {
	s.t.Helper()
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+id+"/clarify", map[string]any{"reply": "all"}, nil)
}

// Rollout begins the questions of flight n on the build that is current, promotes another,
// whose workers run, asks it a question, and brings the earlier ones to their
// ends. It fails unless every question stays with the build that began it.
func (s *System) Rollout(n int, from, to Build) {
	s.t.Helper()
	flight := s.Fly(n)
	s.Promote(to)
	id := s.Owner.Ask("how many orders?")
	s.Owner.Await(id, models.StatusAnswered)
	run := s.Run(id)
	require.Equal(s.t, []string{to.ID}, run.Builds, "a new question goes to the new build")
	require.Empty(s.t, run.Errors)
	require.Subset(s.t, s.pids(to), run.Workers)
	for state, run := range flight.Land() {
		require.Equal(s.t, []string{from.ID}, run.Builds, "%s: it stays with its build", state)
		require.Empty(s.t, run.Errors, state)
		require.Subset(s.t, s.pids(from), run.Workers, "%s: with all its steps", state)
	}
}

// WorkersOf are a build's workers.
func (s *System) WorkersOf(b Build) (workers []*Process) {
	for _, w := range s.Workers {
		if slices.Contains(w.env, "DATAMIND_BUILD_ID="+b.ID) {
			workers = append(workers, w)
		}
	}
	return workers
}

func (s *System) pids(b Build) (pids []int) {
	for _, w := range s.WorkersOf(b) {
		pids = append(pids, w.cmd.Process.Pid)
	}
	return pids
}

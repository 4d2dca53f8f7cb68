package e2e

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

var record = flag.Bool("record", false, "write the histories of this build to workflows/testdata/replay")

// TestRecordHistories runs each workflow to each of its endings and keeps the
// histories, decoded, for TestReplay. Record from a build that is released,
// never from a change that is to be tested against them: see docs/workflows.md.
func TestRecordHistories(t *testing.T) {
	if !*record {
		t.Skip("without -record there is nothing to do")
	}
	rules := []llmtest.Rule{
		plan("answered", system.QuickSQL), plan("approve", system.QuickSQL),
		once(plan("repaired", "SELECT nonsense FROM orders")), plan("repaired", system.QuickSQL),
		once(llmtest.Rule{Kind: llmtest.KindPlan, Contains: "garbled", Content: "Sure!"}), plan("garbled", system.QuickSQL),
		rawPlan("clarified", 1, map[string]any{"status": "clarify", "text": "Which?", "choices": []string{"all"}}), plan("clarified", system.QuickSQL),
		rawPlan("rewritten", 1, map[string]any{"status": "clarify", "text": "Which?", "choices": []string{"all"}}),
		rawPlan("not answerable", 0, map[string]any{"status": "refused", "text": "No."}),
		plan("guarded", "DELETE FROM orders"), plan("failed", "SELECT 1 / (id - id) FROM orders"), plan("stopped", system.EndlessSQL),
		{Kind: llmtest.KindWrite, Contains: "unproven", Content: "There are 4711."}, plan("unproven", system.QuickSQL),
	}
	s := system.Start(t, system.Options{Model: true, Rules: rules, Env: []string{"DATAMIND_CATALOG_TTL=1h"}})
	histories := recorder{t: t, s: s}
	end := func(name string, statuses ...models.QuestionStatus) string {
		id := s.Owner.Ask(name)
		s.Owner.Await(id, statuses...)
		histories.keep("ask_"+strings.ReplaceAll(name, " ", "_"), "ask/"+id)
		return id
	}
	answered := end("answered", models.StatusAnswered)
	end("repaired", models.StatusAnswered)
	end("garbled", models.StatusAnswered)
	end("unproven", models.StatusAnswered)
	end("not answerable", models.StatusRefused)
	end("guarded", models.StatusRefused)
	end("failed", models.StatusFailed)

	post := func(id, action string, body map[string]any) {
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+id+"/"+action, body, nil)
	}
	id := s.Owner.Ask("stopped")
	system.Eventually(t, "the query runs", func() bool { return s.Running("pairs") == 1 })
	post(id, "stop", map[string]any{})
	s.Owner.Await(id, models.StatusCancelled)
	histories.keep("ask_stopped", "ask/"+id)

	id = s.Owner.Ask("clarified")
	s.Owner.Await(id, models.StatusClarify)
	post(id, "clarify", map[string]any{"reply": "all"})
	s.Owner.Await(id, models.StatusAnswered)
	histories.keep("ask_clarified", "ask/"+id)

	id = s.Owner.Ask("rewritten")
	s.Owner.Await(id, models.StatusClarify)
	post(id, "edit-sql", map[string]any{"sql": system.QuickSQL})
	s.Owner.Await(id, models.StatusAnswered)
	histories.keep("ask_rewritten", "ask/"+id)

	post(answered, "edit-sql", map[string]any{"sql": "SELECT 1 AS one"})
	s.Owner.Await(answered, models.StatusAnswered)
	histories.keep("ask_edited", "ask/"+answered)
	histories.keep("sync_catalog", "sync-catalog/"+s.Connection)

	var report models.ConnectionReport
	s.Owner.Call(http.StatusOK, http.MethodPost, "/connections/"+s.Connection+"/test", nil, &report)
	require.True(t, report.OK)
	histories.keepType("test_connection", "TestConnection")

	costly := system.Start(t, system.Options{Model: true, Rules: rules, Env: []string{"DATAMIND_APPROVE_COST=1"}})
	histories.s = costly
	for name, yes := range map[string]bool{"approved": true, "not_approved": false} {
		id := costly.Owner.Ask("approve")
		q := costly.Owner.Await(id, models.StatusApprove)
		costly.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+id+"/approve", map[string]any{"yes": yes}, nil)
		costly.Owner.Await(q.ID, models.StatusAnswered, models.StatusCancelled)
		histories.keep("ask_"+name, q.WorkflowID)
	}
	poor := system.Start(t, system.Options{Model: true, Rules: rules, Env: []string{"DATAMIND_TOKEN_BUDGET_MONTHLY=1"}})
	histories.s = poor
	q := poor.Owner.Await(poor.Owner.Ask("answered"), models.StatusBudget)
	histories.keep("ask_budget", q.WorkflowID)
}

// recorder writes histories with their payloads decoded.
type recorder struct {
	t *testing.T
	s *system.System
}

func (r recorder) client() client.Client {
	r.t.Helper()
	c, err := client.Dial(client.Options{HostPort: r.s.Temporal, Namespace: r.s.Namespace})
	require.NoError(r.t, err)
	r.t.Cleanup(c.Close)
	return c
}

func (r recorder) keepType(name, workflowType string) {
	r.t.Helper()
	var id string
	system.Eventually(r.t, "the run is listed", func() bool {
		runs, err := r.client().ListWorkflow(r.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = '" + workflowType + "'"})
		require.NoError(r.t, err)
		if len(runs.Executions) > 0 {
			id = runs.Executions[0].Execution.WorkflowId
		}
		return id != ""
	})
	r.keep(name, id)
}

func (r recorder) keep(name, id string) {
	r.t.Helper()
	c := r.client()
	_ = c.GetWorkflow(r.t.Context(), id, "").Get(r.t.Context(), nil) // its end; how, is in the history
	var history historypb.History
	for it := c.GetWorkflowHistory(r.t.Context(), id, "", false, 0); it.HasNext(); {
		event, err := it.Next()
		require.NoError(r.t, err)
		history.Events = append(history.Events, event)
	}
	codec := r.s.Codec()
	require.NoError(r.t, proxy.VisitPayloads(r.t.Context(), &history, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			return codec.Decode(payloads)
		}}))
	raw, err := protojson.MarshalOptions{Indent: " "}.Marshal(&history)
	require.NoError(r.t, err)
	dir := filepath.Join(testkit.Root(r.t), "workflows", "testdata", "replay")
	require.NoError(r.t, os.MkdirAll(dir, 0o755))
	require.NoError(r.t, os.WriteFile(filepath.Join(dir, name+".json"), append(raw, '\n'), 0o644))
}

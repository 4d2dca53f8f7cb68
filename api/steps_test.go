package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func TestStepsAreInspected(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	_, err := b.store.MarkRunning(t.Context(), b.a.scope, q.ID, 1, "run-1", "m")
	require.NoError(t, err)
	step, _, err := b.store.BeginStep(t.Context(), b.a.scope, store.StepKey{QuestionID: q.ID, Run: 1, Kind: models.StepPlan, Attempt: 1}, "")
	require.NoError(t, err)
	step.Status, step.Output, step.Trace = models.StepDone, []byte(`{"sql":"SELECT 1"}`), &models.StepTrace{}
	step.Trace.Add(models.ModelCall{Try: 1, Model: "m", System: "rules", Prompt: strings.Repeat("p", 100_000), Reply: "a\x00b\xff", ErrorCode: models.CodeModelReply, Error: "no plan"})
	for try := range 6 {
		step.Trace.Add(models.ModelCall{Try: 2 + try, Prompt: "again"})
	}
	_, err = b.store.FinishStep(t.Context(), b.a.scope, step)
	require.NoError(t, err)

	path := "/questions/" + q.ID + "/steps/1/plan/1"
	res := b.a.do(http.MethodGet, path, nil)
	require.Equal(t, http.StatusOK, res.status, res.body)
	var detail api.StepDetail
	res.into(t, &detail)
	require.JSONEq(t, `{"sql":"SELECT 1"}`, string(detail.Output))
	require.Len(t, detail.Calls, 4, "the last ones")
	require.Equal(t, 7, detail.Calls[3].Try)
	require.Equal(t, "step.inspect", b.a.lastAudit(t))
	require.NotContains(t, b.a.do(http.MethodGet, "/questions/"+q.ID, nil).body, "again", "not with the question")
	for _, none := range []string{"/2/plan/1", "/1/query/1", "/1/plan/2"} {
		require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/questions/"+q.ID+"/steps"+none, nil).status)
	}
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/questions/"+q.ID+"/steps/1/other/1", nil).status)

	require.Equal(t, http.StatusNotFound, b.member(models.RoleAdmin).do(http.MethodGet, path, nil).status, "a colleague's question is private")
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, "/conversations/"+q.ConversationID, map[string]any{"shared": true}).status)
	require.Equal(t, http.StatusOK, b.member(models.RoleAnalyst).do(http.MethodGet, path, nil).status)
	require.Equal(t, http.StatusForbidden, b.member(models.RoleViewer).do(http.MethodGet, path, nil).status)
}

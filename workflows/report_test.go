package workflows

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// reportWorld stands for the activities of a report's run.
type reportWorld struct {
	*testsuite.TestWorkflowEnvironment
	mu     sync.Mutex
	begun  activities.ReportBegun
	asked  error
	stops  bool             // somebody stops it while it is read
	writes map[string]error // by rights
	read   []string         // results, by rights
	ended  []activities.ReportEnd
}

func newReportWorld(t *testing.T) *reportWorld {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	w := &reportWorld{TestWorkflowEnvironment: patient(&suite), writes: map[string]error{}}
	scope := func(role models.Role) models.Scope { return models.Scope{OrgID: "o", UserID: string(role), Role: role} }
	w.begun = activities.ReportBegun{StartedAt: time.Unix(5, 0), Groups: []activities.ReportGroup{{Rights: "role:owner", Scope: scope(models.RoleOwner)}, {Rights: "role:viewer", Scope: scope(models.RoleViewer)}}}
	var books *activities.Reports
	var q *activities.Query
	w.OnActivity(books.BeginReport, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.ReportBegin) (activities.ReportBegun, error) {
		require.Equal(t, "o", in.Scope.OrgID)
		return w.begun, nil
	})
	w.OnActivity(q.RequestReport, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.ReportRead) (out activities.ReportAsked, err error) {
		for _, g := range in.Groups {
			out.Groups = append(out.Groups, []activities.ReportTile{{Key: "a", ResultID: g.Rights + "/a"}, {Key: "text"}, {Key: "b", ResultID: g.Rights + "/b"}})
		}
		return out, w.asked
	}).Maybe()
	w.OnActivity(q.ReadTile, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.TileInput) (activities.TileOutput, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.stops {
			w.CancelWorkflow()
		}
		require.Equal(t, models.DataRights(in.Scope), in.ResultID[:len(in.ResultID)-2], "each by its own rights")
		require.Equal(t, time.Unix(5, 0).UTC(), in.Since.UTC())
		w.read = append(w.read, in.ResultID)
		return activities.TileOutput{}, nil
	}).Maybe()
	w.OnActivity(q.WriteReport, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.ReportWrite) (activities.ReportWritten, error) {
		require.Len(t, in.Groups, 1)
		require.Len(t, in.Tiles, 3)
		return activities.ReportWritten{Status: models.PartReady}, w.writes[in.Groups[0].Rights]
	}).Maybe()
	w.OnActivity(books.EndReport, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.ReportEnd) (activities.ReportEnded, error) {
		w.ended = append(w.ended, in)
		return activities.ReportEnded{Status: models.ReportSent, Deliveries: []string{"d1", "d2"}}, nil
	}).Maybe()
	var questions *activities.Questions
	w.OnActivity(questions.FailTile, mock.Anything, mock.Anything).Return(nil).Maybe()
	w.OnActivity(q.EndTile, mock.Anything, mock.Anything).Return(nil).Maybe()
	w.RegisterWorkflow(Deliver)
	var n *activities.Notify
	w.OnActivity(n.Send, mock.Anything, mock.Anything).Return(activities.SendResult{Status: models.DeliverySent}, nil).Maybe()
	return w
}

func (w *reportWorld) run(t *testing.T) (got ReportResult) {
	t.Helper()
	w.ExecuteWorkflow(Report, ReportInput{Scope: models.Scope{OrgID: "o"}, ReportID: "r", At: time.Unix(3, 0), Kind: models.ReportScheduled})
	require.True(t, w.IsWorkflowCompleted())
	require.NoError(t, w.GetWorkflowError())
	require.NoError(t, w.GetWorkflowResult(&got))
	return got
}

func TestAReportIsReadForEachGroupByItsRights(t *testing.T) {
	t.Parallel()
	w := newReportWorld(t)
	require.Equal(t, ReportResult{Status: models.ReportSent, Messages: 2}, w.run(t))
	require.ElementsMatch(t, []string{"role:owner/a", "role:owner/b", "role:viewer/a", "role:viewer/b"}, w.read)
	require.Len(t, w.ended, 1)
	require.Empty(t, w.ended[0].Failures)
	require.Equal(t, time.Unix(3, 0).UTC(), w.ended[0].At.UTC())
}

func TestAGroupThatFailsIsThatGroups(t *testing.T) {
	t.Parallel()
	w := newReportWorld(t)
	w.writes["role:viewer"] = temporal.NewApplicationErrorWithOptions("It is too large.", string(models.CodeInvalid), temporal.ApplicationErrorOptions{NonRetryable: true})
	w.run(t)
	require.Equal(t, []activities.ReportFailure{{Rights: "role:viewer", Code: models.CodeInvalid, Text: "It is too large."}}, w.ended[0].Failures)
}

func TestAReportThatCannotBeReadEnds(t *testing.T) {
	t.Parallel()
	w := newReportWorld(t)
	w.asked = temporal.NewApplicationErrorWithOptions("There is no such thing.", string(models.CodeNotFound), temporal.ApplicationErrorOptions{NonRetryable: true})
	w.run(t)
	require.Equal(t, []activities.ReportFailure{{Code: models.CodeNotFound, Text: "There is no such thing."}}, w.ended[0].Failures)
	require.Empty(t, w.read)
}

// A run that was done before sends what it had to send, and makes nothing.
func TestARunOfAReportThatIsDoneIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	w := newReportWorld(t)
	w.begun = activities.ReportBegun{Done: true, Deliveries: []string{"d1"}}
	require.Equal(t, ReportResult{Messages: 1}, w.run(t))
	require.Empty(t, w.ended)
}

// One that is stopped says so, and leaves no run open.
func TestAReportThatIsStoppedEnds(t *testing.T) {
	t.Parallel()
	w := newReportWorld(t)
	w.stops = true
	w.ExecuteWorkflow(Report, ReportInput{Scope: models.Scope{OrgID: "o"}, ReportID: "r", At: time.Unix(3, 0), Kind: models.ReportScheduled})
	require.True(t, temporal.IsCanceledError(w.GetWorkflowError()), "%v", w.GetWorkflowError())
	require.Len(t, w.ended, 1)
	require.Equal(t, models.CodeReportStopped, w.ended[0].Failures[0].Code)
}

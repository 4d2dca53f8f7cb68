package workflows

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

var exported = ExportInput{ExportRef: activities.ExportRef{ExportID: "e", ConnectionID: "c"}}

func exportRun(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflow(Export)
	env.RegisterActivity(&activities.Export{})
	env.RegisterActivity(&activities.Questions{})
	return env
}

func endOfExport(t *testing.T, env *testsuite.TestWorkflowEnvironment) models.ExportStatus {
	t.Helper()
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	var got activities.ExportResult
	require.NoError(t, env.GetWorkflowResult(&got))
	env.AssertExpectations(t)
	return got.Status
}

func TestAnExportIsDone(t *testing.T) {
	t.Parallel()
	env := exportRun(t)
	env.OnActivity("WriteExport", mock.Anything, exported.ExportRef).Return(activities.ExportResult{Status: models.ExportDone}, nil).Once()
	env.ExecuteWorkflow(Export, exported)
	require.Equal(t, models.ExportDone, endOfExport(t, env), "the last part has recorded it")
}

func TestAnExportFailsWithItsReason(t *testing.T) {
	t.Parallel()
	env := exportRun(t)
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(activities.ExportResult{}, temporal.NewNonRetryableApplicationError("too many", string(models.CodeExportLimit), nil)).Once()
	env.OnActivity("FinishExport", mock.Anything, activities.EndExportInput{ExportRef: exported.ExportRef, Status: models.ExportFailed, ErrorCode: models.CodeExportLimit, ErrorText: "too many"}).
		Return(activities.ExportResult{Status: models.ExportFailed}, nil).Once()
	env.ExecuteWorkflow(Export, exported)
	require.Equal(t, models.ExportFailed, endOfExport(t, env))
}

// untilStopped stands for an activity that writes until it is told to stop.
func untilStopped(ctx context.Context, _ activities.ExportRef) (activities.ExportResult, error) {
	<-ctx.Done()
	return activities.ExportResult{}, temporal.NewCanceledError(activities.Stopped)
}

func TestAnExportIsPausedForDaysAndGoesOn(t *testing.T) {
	t.Parallel()
	env := exportRun(t)
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(untilStopped).Once()
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(activities.ExportResult{Status: models.ExportDone}, nil).Once()
	for _, paused := range []bool{true, false} {
		env.OnActivity("MarkPaused", mock.Anything, activities.PauseInput{ExportRef: exported.ExportRef, Paused: paused}).
			Return(activities.ExportResult{Status: map[bool]models.ExportStatus{true: models.ExportPaused, false: models.ExportQueued}[paused]}, nil).Once()
	}
	env.RegisterDelayedCallback(func() { env.UpdateWorkflowNoRejection(UpdatePause, "1", t) }, time.Second)
	env.RegisterDelayedCallback(func() { env.UpdateWorkflowNoRejection(UpdateResume, "2", t) }, 72*time.Hour)
	env.ExecuteWorkflow(Export, exported)
	require.Equal(t, models.ExportDone, endOfExport(t, env))
}

func TestAPausedExportIsNotKeptForEver(t *testing.T) {
	t.Parallel()
	env := exportRun(t)
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(untilStopped).Once()
	env.OnActivity("MarkPaused", mock.Anything, mock.Anything).Return(activities.ExportResult{Status: models.ExportPaused}, nil).Once()
	env.OnActivity("FinishExport", mock.Anything, mock.MatchedBy(func(in activities.EndExportInput) bool {
		return in.Status == models.ExportCancelled && in.ErrorText != ""
	})).
		Return(activities.ExportResult{Status: models.ExportCancelled}, nil).Once()
	env.RegisterDelayedCallback(func() { env.UpdateWorkflowNoRejection(UpdatePause, "1", t) }, time.Second)
	env.ExecuteWorkflow(Export, exported)
	require.Equal(t, models.ExportCancelled, endOfExport(t, env))
}

// An export whose worker died is cancelled together with what that left.
func TestACancelledExportLeavesNoQuery(t *testing.T) {
	t.Parallel()
	env := exportRun(t)
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(func(ctx context.Context, _ activities.ExportRef) (activities.ExportResult, error) {
		<-ctx.Done()
		return activities.ExportResult{}, temporal.NewCanceledError()
	}).Once()
	env.OnActivity("FinishExport", mock.Anything, mock.MatchedBy(func(in activities.EndExportInput) bool { return in.Status == models.ExportCancelled })).
		Return(activities.ExportResult{Status: models.ExportCancelled}, nil).Once()
	env.OnActivity("EndExportQuery", mock.Anything, mock.Anything).Return(nil).Once()
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Second)
	env.ExecuteWorkflow(Export, exported)
	require.Equal(t, models.ExportCancelled, endOfExport(t, env))
}

package workflows

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

var exported = ExportInput{ExportRef: activities.ExportRef{ExportID: "e", ConnectionID: "c"}}

func exportRun(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // a busy machine is no deadlock
	env.SetTestTimeout(time.Minute)
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

// stopped stands for an activity that writes until the person wants something else.
func stopped(want func(), details ...any) func(context.Context, activities.ExportRef) (activities.ExportResult, error) {
	return func(context.Context, activities.ExportRef) (activities.ExportResult, error) {
		want()
		return activities.ExportResult{}, temporal.NewCanceledError(details...)
	}
}

func TestAnExportIsPausedForDaysAndGoesOn(t *testing.T) {
	t.Parallel()
	env := exportRun(t)
	pause := func() { env.UpdateWorkflowNoRejection(UpdatePause, "1", t) }
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(stopped(pause, activities.Stopped)).Once()
	env.OnActivity("EndExportQuery", mock.Anything, mock.Anything).Return(nil).Maybe()
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(activities.ExportResult{Status: models.ExportDone}, nil).Once()
	for _, paused := range []bool{true, false} {
		env.OnActivity("MarkPaused", mock.Anything, activities.PauseInput{ExportRef: exported.ExportRef, Paused: paused}).
			Return(activities.ExportResult{Status: map[bool]models.ExportStatus{true: models.ExportPaused, false: models.ExportQueued}[paused]}, nil).Once()
	}
	env.RegisterDelayedCallback(func() { env.UpdateWorkflowNoRejection(UpdateResume, "2", t) }, 72*time.Hour)
	env.ExecuteWorkflow(Export, exported)
	require.Equal(t, models.ExportDone, endOfExport(t, env))
}

func TestAPausedExportIsNotKeptForEver(t *testing.T) {
	t.Parallel()
	env := exportRun(t)
	pause := func() { env.UpdateWorkflowNoRejection(UpdatePause, "1", t) }
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(stopped(pause, activities.Stopped)).Once()
	env.OnActivity("EndExportQuery", mock.Anything, mock.Anything).Return(nil).Maybe()
	env.OnActivity("MarkPaused", mock.Anything, mock.Anything).Return(activities.ExportResult{Status: models.ExportPaused}, nil).Once()
	env.OnActivity("FinishExport", mock.Anything, mock.MatchedBy(func(in activities.EndExportInput) bool {
		return in.Status == models.ExportCancelled && in.ErrorText != ""
	})).
		Return(activities.ExportResult{Status: models.ExportCancelled}, nil).Once()
	env.ExecuteWorkflow(Export, exported)
	require.Equal(t, models.ExportCancelled, endOfExport(t, env))
}

// An export whose worker died is cancelled together with what that left.
func TestACancelledExportLeavesNoQuery(t *testing.T) {
	t.Parallel()
	env := exportRun(t)
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(stopped(env.CancelWorkflow)).Once()
	env.OnActivity("FinishExport", mock.Anything, mock.MatchedBy(func(in activities.EndExportInput) bool { return in.Status == models.ExportCancelled })).
		Return(activities.ExportResult{Status: models.ExportCancelled}, nil).Once()
	env.OnActivity("EndExportQuery", mock.Anything, mock.Anything).Return(nil).Once()
	env.ExecuteWorkflow(Export, exported)
	require.Equal(t, models.ExportCancelled, endOfExport(t, env))
}

// A pause that is cancelled while it ends a dead worker's query ends it all the same.
func TestAPausedExportThatIsCancelledLeavesNoQuery(t *testing.T) {
	t.Parallel()
	env := exportRun(t)
	pause := func() { env.UpdateWorkflowNoRejection(UpdatePause, "1", t) }
	env.OnActivity("WriteExport", mock.Anything, mock.Anything).Return(stopped(pause)).Once()
	env.OnActivity("MarkPaused", mock.Anything, mock.Anything).Return(activities.ExportResult{Status: models.ExportPaused}, nil).Once()
	env.OnActivity("EndExportQuery", mock.Anything, mock.Anything).Return(func(context.Context, activities.ExportRef) error {
		env.CancelWorkflow()
		return temporal.NewCanceledError()
	}).Once()
	env.OnActivity("FinishExport", mock.Anything, mock.MatchedBy(func(in activities.EndExportInput) bool { return in.Status == models.ExportCancelled })).
		Return(activities.ExportResult{Status: models.ExportCancelled}, nil).Once()
	env.OnActivity("EndExportQuery", mock.Anything, mock.Anything).Return(nil).Once()
	env.ExecuteWorkflow(Export, exported)
	require.Equal(t, models.ExportCancelled, endOfExport(t, env))
}

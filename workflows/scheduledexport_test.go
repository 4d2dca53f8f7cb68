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

var (
	sixOClock = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	ofRun     = activities.ExportRef{Scope: models.Scope{OrgID: "o", UserID: "u", Role: models.RoleAnalyst}, ExportID: "e", ConnectionID: "c"}
)

func scheduledRun(t *testing.T, begun activities.ScheduledBegun) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // a busy machine is no deadlock
	env.SetTestTimeout(time.Minute)
	env.RegisterWorkflow(Export)
	for _, one := range []any{&activities.Export{}, &activities.Questions{}, &activities.ScheduledExports{}, &activities.Notify{}} {
		env.RegisterActivity(one)
	}
	env.OnActivity("BeginScheduledExport", mock.Anything, activities.ScheduledInput{Scope: models.Scope{OrgID: "o"}, ID: "s", At: sixOClock}).Return(begun, nil).Once()
	env.OnActivity("Send", mock.Anything, mock.Anything).Return(activities.SendResult{Status: models.DeliverySent}, nil).Maybe()
	return env
}

func endOfScheduled(t *testing.T, env *testsuite.TestWorkflowEnvironment) (got ScheduledExportResult) {
	t.Helper()
	env.ExecuteWorkflow(ScheduledExport, ScheduledExportInput{Scope: models.Scope{OrgID: "o"}, ID: "s", At: sixOClock})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	require.NoError(t, env.GetWorkflowResult(&got))
	env.AssertExpectations(t)
	return got
}

func TestAScheduledExportIsCopiedAttachedAndTold(t *testing.T) {
	t.Parallel()
	env := scheduledRun(t, activities.ScheduledBegun{Export: ofRun, Copy: true, Attach: true})
	env.OnWorkflow(Export, mock.Anything, ExportInput{ExportRef: ofRun}).Return(activities.ExportResult{Status: models.ExportDone}, nil).Once()
	env.OnActivity("CopyExport", mock.Anything, ofRun).Return(activities.CopyResult{CopiedTo: "lake: a.csv"}, nil).Once()
	env.OnActivity("AttachExport", mock.Anything, ofRun).Return(activities.AttachResult{FileID: "f"}, nil).Once()
	env.OnActivity("TellScheduledExport", mock.Anything, activities.TellInput{ExportRef: ofRun, CopiedTo: "lake: a.csv", FileID: "f"}).
		Return(activities.TellResult{Deliveries: []string{"1", "2"}}, nil).Once()
	require.Equal(t, ScheduledExportResult{ExportID: "e", Status: models.ExportDone, CopiedTo: "lake: a.csv", Messages: DeliverResult{Sent: 2}}, endOfScheduled(t, env))
}

// What cannot be copied is told with the export that is done.
func TestACopyThatFailsIsTold(t *testing.T) {
	t.Parallel()
	env := scheduledRun(t, activities.ScheduledBegun{Export: ofRun, Copy: true})
	env.OnWorkflow(Export, mock.Anything, mock.Anything).Return(activities.ExportResult{Status: models.ExportDone}, nil).Once()
	env.OnActivity("CopyExport", mock.Anything, mock.Anything).Return(activities.CopyResult{}, temporal.NewNonRetryableApplicationError("no such place", string(models.CodeExportTarget), nil)).Once()
	env.OnActivity("TellScheduledExport", mock.Anything, activities.TellInput{ExportRef: ofRun, CopyError: "no such place"}).Return(activities.TellResult{}, nil).Once()
	require.Equal(t, models.ExportDone, endOfScheduled(t, env).Status)
}

// A failed export is neither copied nor attached.
func TestAScheduledExportThatFailsIsTold(t *testing.T) {
	t.Parallel()
	env := scheduledRun(t, activities.ScheduledBegun{Export: ofRun, Copy: true, Attach: true})
	env.OnWorkflow(Export, mock.Anything, mock.Anything).Return(activities.ExportResult{Status: models.ExportFailed}, nil).Once()
	env.OnActivity("TellScheduledExport", mock.Anything, activities.TellInput{ExportRef: ofRun}).Return(activities.TellResult{Deliveries: []string{"1"}}, nil).Once()
	require.Equal(t, 1, endOfScheduled(t, env).Messages.Sent)
}

// An export that the relay has started first is waited for all the same.
func TestAnExportOfAnotherRunIsWaitedFor(t *testing.T) {
	t.Parallel()
	env := scheduledRun(t, activities.ScheduledBegun{Export: ofRun})
	env.OnWorkflow(Export, mock.Anything, mock.Anything).Return(activities.ExportResult{}, temporal.NewApplicationError("started already", "")).Once()
	looks := 0
	env.OnActivity("ScheduledExportStatus", mock.Anything, ofRun).Return(func(context.Context, activities.ExportRef) (activities.ExportResult, error) {
		if looks++; looks < 9 {
			return activities.ExportResult{Status: models.ExportRunning}, nil
		}
		return activities.ExportResult{Status: models.ExportDone}, nil
	})
	env.OnActivity("TellScheduledExport", mock.Anything, activities.TellInput{ExportRef: ofRun}).Return(activities.TellResult{}, nil).Once()
	require.Equal(t, models.ExportDone, endOfScheduled(t, env).Status)
	require.Equal(t, 9, looks)
}

// A run that may not be any more exports nothing and says so.
func TestAScheduledExportThatIsPausedIsTold(t *testing.T) {
	t.Parallel()
	env := scheduledRun(t, activities.ScheduledBegun{Skipped: models.PausedOwnerLeft, Deliveries: []string{"1"}})
	require.Equal(t, ScheduledExportResult{Skipped: models.PausedOwnerLeft, Messages: DeliverResult{Sent: 1}}, endOfScheduled(t, env))
}

package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

// The worker's own clock says when the time from scheduling to close is over:
// one that is hours ahead must not end what has only begun.
func TestClocksOfWorkersMayBeHoursApart(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		for _, ctx := range []workflow.Context{model(ctx, "plan"), query(ctx, "run")} {
			o := workflow.GetActivityOptions(ctx)
			require.Greater(t, o.ScheduleToCloseTimeout, 12*time.Hour+o.StartToCloseTimeout)
			require.Equal(t, time.Hour, o.ScheduleToStartTimeout, "without a worker, a question ends after an hour")
		}
		return nil
	})
	require.NoError(t, env.GetWorkflowError())
}

package workflows

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// The worker's own clock says when the time from scheduling to close is over:
// one that is hours ahead must not end what has only begun.
func TestClocksOfWorkersMayBeHoursApart(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		for name, c := range map[string]struct {
			preset func(workflow.Context, string) workflow.Context
			begin  time.Duration
		}{
			"model": {model, time.Hour},
			"query": {query, time.Hour},
			"orphan": {func(ctx workflow.Context, summary string) workflow.Context {
				return orphan(ctx, QueueQuery, summary)
			}, time.Hour},
			"probe": {func(ctx workflow.Context, summary string) workflow.Context {
				return probe(ctx, QueueModel, summary)
			}, 30 * time.Second},
		} {
			o := workflow.GetActivityOptions(c.preset(ctx, name))
			require.Greater(t, o.ScheduleToCloseTimeout, 12*time.Hour+o.StartToCloseTimeout, name)
			require.Equal(t, c.begin, o.ScheduleToStartTimeout, "without a worker, %s ends then", name)
			require.Positive(t, o.StartToCloseTimeout, name)
			require.Positive(t, o.RetryPolicy.MaximumAttempts, "%s is bounded by its attempts", name)
		}
		return nil
	})
	require.NoError(t, env.GetWorkflowError())
}

// starts keeps the options of the runs that it is to start.
type starts struct {
	client.Client
	options []client.StartWorkflowOptions
}

func (s *starts) ExecuteWorkflow(_ context.Context, options client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	s.options = append(s.options, options)
	return nil, context.DeadlineExceeded
}

// Temporal cuts the limits of activities to the time that their run has.
func TestRunsLeaveTheirActivitiesTheirTime(t *testing.T) {
	t.Parallel()
	s := &starts{}
	c := &Client{Temporal: s}
	require.Error(t, c.StartAsk(t.Context(), models.Scope{}, &models.Question{}))
	require.Error(t, c.SyncCatalog(t.Context(), models.Scope{}, "connection"))
	require.Error(t, c.RefreshCatalog(t.Context(), models.Scope{}, "connection"))
	_, err := c.TestConnection(t.Context(), activities.TestInput{})
	require.Error(t, err)
	require.Len(t, s.options, 4)
	for _, o := range s.options {
		for _, limit := range []time.Duration{o.WorkflowExecutionTimeout, o.WorkflowRunTimeout} {
			require.True(t, limit == 0 || limit > closeLimit, "%s of %s", limit, o.ID)
		}
	}
}

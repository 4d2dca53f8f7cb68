package workflows

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

func refreshInput(n int) (in RefreshInput) {
	in = RefreshInput{Scope: models.Scope{OrgID: "o", UserID: "u", Role: models.RoleViewer}, DashboardID: "d", Since: time.Unix(1, 0)}
	for i := range n {
		in.Results = append(in.Results, fmt.Sprint("r", i))
	}
	return in
}

// patient takes a machine that is busy for a workflow that is not stuck.
func patient(suite *testsuite.WorkflowTestSuite) *testsuite.TestWorkflowEnvironment {
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute})
	return env
}

func TestTilesAreReadAFewAtATime(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := patient(&suite)
	var mu sync.Mutex
	running, most, seen := 0, 0, map[string]bool{}
	var q *activities.Query
	env.OnActivity(q.ReadTile, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.TileInput) (activities.TileOutput, error) {
		mu.Lock()
		running++
		most, seen[in.ResultID] = max(most, running), true
		mu.Unlock()
		defer func() { mu.Lock(); running--; mu.Unlock() }()
		require.Equal(t, "d", in.DashboardID)
		require.Equal(t, time.Unix(1, 0).UTC(), in.Since.UTC())
		if in.ResultID == "r3" {
			return activities.TileOutput{Code: models.CodeSQLError}, nil
		}
		return activities.TileOutput{}, nil
	})
	env.ExecuteWorkflow(RefreshDashboard, refreshInput(11))
	require.NoError(t, env.GetWorkflowError())
	var got RefreshResult
	require.NoError(t, env.GetWorkflowResult(&got))
	require.Equal(t, RefreshResult{Ready: 10, Failed: 1}, got)
	require.Len(t, seen, 11)
	require.LessOrEqual(t, most, tilesAtOnce)
}

// What could not be read is told as the tile's, and what a dead worker may have
// left running is ended.
func TestATileThatFailsIsThatTiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		code   models.Code
		orphan bool
	}{
		"outage": {temporal.NewApplicationErrorWithOptions("The database does not answer.", string(models.CodeConnection), temporal.ApplicationErrorOptions{}), models.CodeConnection, false},
		"defect": {errors.New("nil pointer"), models.CodeInternal, false},
		"dead":   {temporal.NewHeartbeatTimeoutError(), models.CodeUnavailable, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := patient(&suite)
			var q *activities.Query
			var questions *activities.Questions
			env.OnActivity(q.ReadTile, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.TileInput) (activities.TileOutput, error) {
				if in.ResultID == "r0" {
					return activities.TileOutput{}, c.err
				}
				return activities.TileOutput{}, nil
			})
			ended := false
			env.OnActivity(q.EndTile, mock.Anything, mock.Anything).Return(func(context.Context, activities.TileInput) error { ended = true; return nil }).Maybe()
			env.OnActivity(questions.FailTile, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.TileInput) error {
				require.Equal(t, "r0", in.ResultID)
				require.Equal(t, c.code, in.Code)
				require.NotEmpty(t, in.Error)
				return nil
			}).Once()
			env.ExecuteWorkflow(RefreshDashboard, refreshInput(2))
			require.NoError(t, env.GetWorkflowError())
			var got RefreshResult
			require.NoError(t, env.GetWorkflowResult(&got))
			require.Equal(t, RefreshResult{Ready: 1, Failed: 1}, got)
			require.Equal(t, c.orphan, ended)
			env.AssertExpectations(t)
		})
	}
}

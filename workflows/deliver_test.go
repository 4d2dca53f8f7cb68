package workflows

import (
	"context"
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

func newDelivery(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // a busy machine is no deadlock
	env.RegisterActivity(&activities.Notify{})
	return env
}

// What fails does not hold up or repeat the others.
func TestDeliveriesAreSentEachOnItsOwn(t *testing.T) {
	env := newDelivery(t)
	var mu sync.Mutex
	tries, ids := map[string]int{}, []string{}
	for i := range 50 {
		ids = append(ids, fmt.Sprint(i))
	}
	var n *activities.Notify
	env.OnActivity(n.Send, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.SendInput) (activities.SendResult, error) {
		mu.Lock()
		defer mu.Unlock()
		tries[in.DeliveryID]++
		switch in.DeliveryID {
		case "3":
			return activities.SendResult{Status: models.DeliveryFailed}, nil
		case "4":
			return activities.SendResult{Status: models.DeliverySkipped}, nil
		case "5":
			if tries["5"] < 4 {
				return activities.SendResult{}, temporal.NewApplicationErrorWithOptions("later", "channel_busy", temporal.ApplicationErrorOptions{NextRetryDelay: 10 * time.Minute})
			}
		case "6":
			return activities.SendResult{}, temporal.NewNonRetryableApplicationError("no such delivery", "not_found", nil)
		}
		return activities.SendResult{Status: models.DeliverySent}, nil
	})
	env.ExecuteWorkflow(Deliver, DeliverInput{IDs: ids})
	var got DeliverResult
	require.NoError(t, env.GetWorkflowResult(&got))
	require.Equal(t, DeliverResult{Sent: 47, Failed: 1, Skipped: 1, Late: 1}, got)
	for id, n := range tries {
		require.Equal(t, map[bool]int{true: 4, false: 1}[id == "5"], n, id)
	}
}

// Stop ends the rest: what has begun is finished, what has not is skipped.
func TestStoppedDeliveriesAreSkipped(t *testing.T) {
	env := newDelivery(t)
	var n *activities.Notify
	var skipped []string
	env.OnActivity(n.Send, mock.Anything, mock.Anything).Return(activities.SendResult{}, temporal.NewApplicationErrorWithOptions("later", "channel_busy", temporal.ApplicationErrorOptions{NextRetryDelay: time.Hour}))
	env.OnActivity(n.SkipDeliveries, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.SkipInput) error {
		skipped = in.DeliveryIDs
		return nil
	})
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.ExecuteWorkflow(Deliver, DeliverInput{IDs: []string{"1", "2"}})
	require.True(t, env.IsWorkflowCompleted())
	var cancelled *temporal.CanceledError
	require.ErrorAs(t, env.GetWorkflowError(), &cancelled)
	require.Equal(t, []string{"1", "2"}, skipped)
}

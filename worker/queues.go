package worker

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

// pollerAge is how long ago a worker may have polled and still count: a poll
// lasts a minute, then the next begins.
const pollerAge = 90 * time.Second

// Queue tells how a queue stands. Its error is coded.
func Queue(ctx context.Context, c client.Client, namespace, name string) (state models.QueueState, err error) {
	found, err := describeQueue(ctx, c, namespace, name)
	for _, poller := range found.GetPollers() {
		if polls(poller) {
			state.Workers++
		}
		if at := poller.GetLastAccessTime().AsTime(); at.After(state.LastPoll) {
			state.LastPoll = at
		}
	}
	state.Backlog, state.Age = found.GetStats().GetApproximateBacklogCount(), found.GetStats().GetApproximateBacklogAge().AsDuration()
	return state, err
}

// describeQueue asks Temporal about a queue, by the kind of work that it is for.
func describeQueue(ctx context.Context, c client.Client, namespace, name string) (*workflowservice.DescribeTaskQueueResponse, error) {
	kind := enums.TASK_QUEUE_TYPE_ACTIVITY
	if name == workflows.QueueAsk {
		kind = enums.TASK_QUEUE_TYPE_WORKFLOW
	}
	found, err := c.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{Namespace: namespace,
		TaskQueue: &taskqueue.TaskQueue{Name: name, Kind: enums.TASK_QUEUE_KIND_NORMAL}, TaskQueueType: kind, ReportStats: true})
	if err != nil {
		return nil, models.Wrap(fmt.Errorf("describe the task queue %s: %w", name, err), models.CodeUnavailable, "Temporal does not describe the queue %q just now.", name)
	}
	return found, nil
}

// polls says whether a poller counts.
func polls(poller *taskqueue.PollerInfo) bool {
	return time.Since(poller.GetLastAccessTime().AsTime()) <= pollerAge
}

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

// Queues are all task queues. A build must serve each of them to take questions.
var Queues = []string{workflows.QueueAsk, workflows.QueueModel, workflows.QueueQuery}

// pollerAge is how long ago a worker may have polled and still count: a poll
// lasts a minute, then the next begins.
const pollerAge = 90 * time.Second

// QueueState is how a task queue stands, by Temporal's estimate.
type QueueState struct {
	// Workers have polled within pollerAge. Temporal itself remembers those
	// that have ended for minutes.
	Workers int
	// LastPoll is zero where nobody polled lately.
	LastPoll time.Time
	// Backlog counts the tasks that wait for a worker, Age is the oldest one's.
	Backlog int64
	Age     time.Duration
}

// Queue tells how a queue stands. Its error is coded.
func Queue(ctx context.Context, c client.Client, namespace, name string) (state QueueState, err error) {
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

// Polled is an error where no worker polls the queue of that name.
func (q QueueState) Polled(name string) error {
	switch {
	case q.Workers > 0:
		return nil
	case !q.LastPoll.IsZero():
		return models.Errorf(models.CodeUnavailable, "No worker polls the queue %q: the last one did %s ago. It has ended, or all its slots are busy; what is asked waits.",
			name, time.Since(q.LastPoll).Round(time.Second))
	}
	return models.Errorf(models.CodeUnavailable, "No worker polls the queue %q; what is asked waits until one does.", name)
}

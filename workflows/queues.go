package workflows

import (
	"context"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/datamind/datamind/models"
)

// Queues are all task queues.
var Queues = []string{QueueAsk, QueueModel, QueueQuery}

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

// Queue describes a queue. Its error is coded.
func (c *Client) Queue(ctx context.Context, namespace, name string) (state QueueState, err error) {
	kind := enums.TASK_QUEUE_TYPE_ACTIVITY
	if name == QueueAsk {
		kind = enums.TASK_QUEUE_TYPE_WORKFLOW
	}
	found, err := c.Temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{Namespace: namespace,
		TaskQueue: &taskqueue.TaskQueue{Name: name, Kind: enums.TASK_QUEUE_KIND_NORMAL}, TaskQueueType: kind, ReportStats: true})
	if err != nil {
		return state, unavailable(err, "describe the task queue")
	}
	now := time.Now()
	for _, poller := range found.GetPollers() {
		at := poller.GetLastAccessTime().AsTime()
		if now.Sub(at) <= pollerAge {
			state.Workers++
		}
		if at.After(state.LastPoll) {
			state.LastPoll = at
		}
	}
	state.Backlog, state.Age = found.GetStats().GetApproximateBacklogCount(), found.GetStats().GetApproximateBacklogAge().AsDuration()
	return state, nil
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

package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

// polled is a Temporal whose queue was polled so long ago by each worker.
type polled struct {
	client.Client
	ago []time.Duration
}

func (p polled) WorkflowService() workflowservice.WorkflowServiceClient { return service{ago: p.ago} }

type service struct {
	workflowservice.WorkflowServiceClient
	ago []time.Duration
}

func (p service) DescribeTaskQueue(context.Context, *workflowservice.DescribeTaskQueueRequest, ...grpc.CallOption) (*workflowservice.DescribeTaskQueueResponse, error) {
	out := &workflowservice.DescribeTaskQueueResponse{}
	for _, ago := range p.ago {
		out.Pollers = append(out.Pollers, &taskqueue.PollerInfo{LastAccessTime: timestamppb.New(time.Now().Add(-ago))})
	}
	return out, nil
}

func TestWorkersThatHaveEndedDoNotCount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ago  []time.Duration
		n    int
		says string
	}{
		"they poll":            {[]time.Duration{time.Second, time.Minute}, 2, ""},
		"one has ended":        {[]time.Duration{2 * time.Minute, time.Second}, 1, ""},
		"all have ended":       {[]time.Duration{4 * time.Minute, 2 * time.Minute}, 0, "the last one did 2m0s ago"},
		"there never were any": {nil, 0, `No worker polls the queue "query"; what is asked waits`},
	} {
		queue, err := Queue(t.Context(), polled{ago: c.ago}, "default", workflows.QueueQuery)
		require.NoError(t, err, name)
		require.Equal(t, c.n, queue.Workers, name)
		err = queue.Polled(workflows.QueueQuery)
		if c.says == "" {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, models.CodeUnavailable, models.ErrorCode(err), name)
		require.ErrorContains(t, err, c.says, name)
	}
}

package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	commonpb "go.temporal.io/api/common/v1"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

// bareEnv holds the layout of a bare worker process, as JSON, and makes this
// program one.
const bareEnv = "BENCH_BARE_WORKER"

// bareLayout is what a bare worker process does.
type bareLayout struct {
	Queues []string // that this process serves
	Steps  []bareStep
	Prefix string // of the queues' names, so that workers of others do not take part
	Done   string // address that learns of each end
}

// bareStep is one step of the bare workflow: an activity, or a local one, that
// takes and gives what a step of a real question took and gave, and does nothing.
type bareStep struct {
	Queue         string // "" is a local activity
	Input, Result json.RawMessage
}

// bareWorkflow runs the steps one after the other. The end of the last one is
// what its caller waits for.
func bareWorkflow(ctx workflow.Context, prefix string, steps []bareStep) error {
	for i, step := range steps {
		name := fmt.Sprint("step-", i)
		if step.Queue == "" {
			ctx := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: 10 * time.Second, Summary: name})
			if err := workflow.ExecuteLocalActivity(ctx, name, workflow.GetInfo(ctx).WorkflowExecution.ID, step.Input).Get(ctx, nil); err != nil {
				return err
			}
			continue
		}
		ctx := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: prefix + step.Queue, StartToCloseTimeout: time.Minute,
			ScheduleToCloseTimeout: time.Hour, HeartbeatTimeout: workflows.HeartbeatTimeout, Summary: name})
		if err := workflow.ExecuteActivity(ctx, name, workflow.GetInfo(ctx).WorkflowExecution.ID, step.Input).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// bareWorker is a worker process of the bare workflow. It ends with its input.
func bareWorker() {
	var layout bareLayout
	if err := json.Unmarshal([]byte(os.Getenv(bareEnv)), &layout); err != nil {
		panic(err)
	}
	c, err := config.Load(os.Environ())
	if err != nil {
		panic(err)
	}
	conn, err := net.Dial("tcp", layout.Done)
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	ended := func(id string) error {
		mu.Lock()
		defer mu.Unlock()
		_, err := fmt.Fprintln(conn, id)
		return err
	}
	temporal := dial(c)
	for _, queue := range layout.Queues {
		// As worker.New has it.
		w := sdk.New(temporal, layout.Prefix+queue, sdk.Options{StickyScheduleToStartTimeout: 2 * time.Second,
			DisableWorkflowWorker: queue != workflows.QueueAsk, LocalActivityWorkerOnly: queue == workflows.QueueAsk})
		if queue == workflows.QueueAsk {
			w.RegisterWorkflow(bareWorkflow)
		}
		for i, step := range layout.Steps {
			w.RegisterActivityWithOptions(func(_ context.Context, id string, _ json.RawMessage) (json.RawMessage, error) {
				if i == len(layout.Steps)-1 {
					return step.Result, ended(id)
				}
				return step.Result, nil
			}, activity.RegisterOptions{Name: fmt.Sprint("step-", i)})
		}
		if err := w.Start(); err != nil {
			panic(err)
		}
	}
	fmt.Println(system.WorkerReady)
	select {} // until it is killed
}

func dial(c config.Config) client.Client {
	codec, err := crypt.NewCodec(string(c.PayloadKey))
	if err != nil {
		panic(err)
	}
	temporal, err := worker.Dial(context.Background(), c.TemporalAddress, c.TemporalNamespace, nil, codec, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		panic(err)
	}
	return temporal
}

// bare runs bare workflows with as many steps as a question has.
type bare struct {
	steps  []bareStep
	prefix string
	client client.Client

	mu      sync.Mutex
	waiting map[string]chan time.Time
}

// startBare learns the steps of a question that has ended, and starts worker
// processes for them of the system's layout.
func startBare(t testing.TB, s *system.System, questionID string, layout []string) *bare {
	t.Helper()
	c, err := config.Load(s.Environ())
	require.NoError(t, err)
	b := &bare{client: dial(c), prefix: "bare-" + uuid.NewString() + "-", waiting: map[string]chan time.Time{}}
	t.Cleanup(b.client.Close)
	b.steps = stepsOf(t, s, b.client, workflows.AskID(questionID))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go b.listen(listener)
	for i, queues := range layout {
		raw, err := json.Marshal(bareLayout{Queues: strings.Split(queues, ","), Steps: b.steps, Prefix: b.prefix, Done: listener.Addr().String()})
		require.NoError(t, err)
		system.NewProcess(t, fmt.Sprint("bare-", i+1), append(s.Environ(), bareEnv+"="+string(raw)), os.Args[0]).Start(system.WorkerReady)
	}
	return b
}

// listen learns which runs have ended.
func (b *bare) listen(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				at := time.Now()
				b.mu.Lock()
				if done := b.waiting[lines.Text()]; done != nil {
					done <- at
				}
				delete(b.waiting, lines.Text())
				b.mu.Unlock()
			}
		}()
	}
}

// run starts a run and returns how long it took from then to its last step.
func (b *bare) run(t testing.TB) time.Duration {
	id, done := "bare/"+uuid.NewString(), make(chan time.Time, 1)
	b.mu.Lock()
	b.waiting[id] = done
	b.mu.Unlock()
	begun := time.Now()
	_, err := b.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: b.prefix + workflows.QueueAsk,
		Priority: temporal.Priority{PriorityKey: 2, FairnessKey: "bare"}}, "bareWorkflow", b.prefix, b.inputs())
	require.NoError(t, err)
	select {
	case at := <-done:
		return at.Sub(begun)
	case <-time.After(time.Minute):
		require.Fail(t, "a bare run did not end")
		return 0
	}
}

// inputs are the steps without their results, which the workers know.
func (b *bare) inputs() []bareStep {
	steps := make([]bareStep, len(b.steps))
	for i, step := range b.steps {
		steps[i] = bareStep{Queue: step.Queue, Input: step.Input}
	}
	return steps
}

// local counts the steps that are local activities.
func (b *bare) local() (n int) {
	for _, step := range b.steps {
		if step.Queue == "" {
			n++
		}
	}
	return n
}

// history returns the events of a run once it has ended.
func history(t testing.TB, c client.Client, workflowID string) (events []*historypb.HistoryEvent) {
	t.Helper()
	_ = c.GetWorkflow(t.Context(), workflowID, "").Get(t.Context(), nil) // how it ended is in the history
	for it := c.GetWorkflowHistory(t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		event, err := it.Next()
		require.NoError(t, err)
		events = append(events, event)
	}
	return events
}

// stepsOf reads the activities of a run with what they took and gave. Of local
// activities the history has only what they gave.
func stepsOf(t testing.TB, s *system.System, c client.Client, workflowID string) (steps []bareStep) {
	t.Helper()
	codec := s.Codec()
	plain := func(payloads *commonpb.Payloads) json.RawMessage {
		if len(payloads.GetPayloads()) == 0 {
			return json.RawMessage("null")
		}
		decoded, err := codec.Decode(payloads.GetPayloads()[:1])
		require.NoError(t, err)
		if !json.Valid(decoded[0].GetData()) { // such as nil
			return json.RawMessage("null")
		}
		return decoded[0].GetData()
	}
	scheduled := map[int64]int{}
	for _, event := range history(t, c, workflowID) {
		switch event.GetEventType() {
		case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			a := event.GetActivityTaskScheduledEventAttributes()
			scheduled[event.GetEventId()] = len(steps)
			steps = append(steps, bareStep{Queue: a.GetTaskQueue().GetName(), Input: plain(a.GetInput())})
		case enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			a := event.GetActivityTaskCompletedEventAttributes()
			steps[scheduled[a.GetScheduledEventId()]].Result = plain(a.GetResult())
		case enums.EVENT_TYPE_MARKER_RECORDED:
			if m := event.GetMarkerRecordedEventAttributes(); m.GetMarkerName() == "LocalActivity" {
				steps = append(steps, bareStep{Input: json.RawMessage("null"), Result: plain(m.GetDetails()["result"])})
			}
		}
	}
	require.NotEmpty(t, steps, "the run has no steps")
	return steps
}

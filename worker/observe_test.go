package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

const secret = "tattletale"

// ingest is a Sentry that keeps what it gets.
type ingest struct {
	mu     sync.Mutex
	events []event
}

type event struct {
	Release, Environment, ServerName string
	Tags                             map[string]string
	Exception                        []struct {
		Type, Value string
		Stacktrace  struct {
			Frames []struct{ Function string }
		}
	}
	raw string
}

func (i *ingest) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a test
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, line := range bytes.Split(body, []byte("\n")) {
		var e event
		if json.Unmarshal(line, &e) == nil && len(e.Exception) > 0 {
			e.raw = string(body)
			i.events = append(i.events, e)
		}
	}
}

func (i *ingest) find(where string) *event {
	i.mu.Lock()
	defer i.mu.Unlock()
	for n := range i.events {
		if strings.HasPrefix(i.events[n].Exception[0].Type, where) {
			return &i.events[n]
		}
	}
	return nil
}

// faulty are activities as a defect would make them.
type faulty struct{}

func (faulty) Panics(_ context.Context, in activities.QueryInput) error {
	panic(fmt.Sprintf("cannot read %s", in.SQL))
}

func (faulty) FailsUncoded(_ context.Context, in activities.QueryInput) error {
	return temporal.NewApplicationErrorWithCause("Something went wrong.", string(models.CodeInternal), fmt.Errorf("read %q: %w", in.SQL, io.ErrUnexpectedEOF))
}

func (faulty) FailsCoded(context.Context, activities.QueryInput) error {
	return temporal.NewNonRetryableApplicationError("Nothing listens there.", string(models.CodeRefused), errors.New(secret))
}

// faults runs one faulty activity after the other, and panics itself.
func faults(ctx workflow.Context, in workflows.AskInput) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1}})
	query := activities.QueryInput{StepRef: activities.StepRef{Scope: in.Scope, QuestionID: in.QuestionID}, SQL: "SELECT " + secret}
	f := &faulty{}
	for _, name := range []any{f.Panics, f.FailsUncoded, f.FailsCoded} {
		_ = workflow.ExecuteActivity(ctx, name, query).Get(ctx, nil) // failing is what they are for
	}
	panic("cannot go on with " + in.EditedSQL)
}

// What nobody foresaw reaches Sentry and the log with ids, types and stacks, and
// without what it quotes.
func TestDefectsAreReportedWithoutData(t *testing.T) {
	t.Parallel()
	got := &ingest{}
	server := httptest.NewServer(got)
	t.Cleanup(server.Close)
	reporter, err := telemetry.NewReporter(telemetry.ReporterOptions{DSN: "http://key@" + server.Listener.Addr().String() + "/1", Release: "v1.2.3", Environment: "tests"})
	require.NoError(t, err)
	logs := &lockedBuffer{}
	o := &Observer{Metrics: telemetry.NewMetrics("v1.2.3"), Reporter: reporter, Log: slog.New(slog.NewJSONHandler(logs, nil))}
	codec, err := crypt.NewCodec(crypt.GenerateCodecKey())
	require.NoError(t, err)
	address := testkit.Temporal(t)
	c, err := Dial(t.Context(), address, testkit.Namespace(t, address), nil, codec, o.Log, o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	w := sdk.New(c, "faults", sdk.Options{})
	w.RegisterWorkflow(faults)
	w.RegisterActivity(&faulty{})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	in := workflows.AskInput{Scope: models.Scope{OrgID: uuid.NewString()}, QuestionID: uuid.NewString(), EditedSQL: "SELECT " + secret}
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "ask/" + in.QuestionID, TaskQueue: "faults", WorkflowExecutionTimeout: time.Minute}, faults, in)
	require.NoError(t, err)

	for _, want := range []struct{ where, title, value, frame string }{
		{"Panics", "Panics: panic", "string", "faulty.Panics"},
		{"FailsUncoded", "FailsUncoded: connection closed", "*internal.ApplicationError > *fmt.wrapError > *errors.errorString", ""},
		{"faults", "faults: panic", "string", "faults"},
	} {
		var e *event
		require.Eventually(t, func() bool { e = got.find(want.where); return e != nil }, 30*time.Second, 20*time.Millisecond, "%s\n%s", want.where, logs)
		require.Equal(t, want.title, e.Exception[0].Type)
		require.Equal(t, want.value, e.Exception[0].Value)
		require.Equal(t, "v1.2.3", e.Release)
		require.Equal(t, "tests", e.Environment)
		require.Equal(t, in.Scope.OrgID, e.Tags["org_id"])
		require.Equal(t, run.GetID(), e.Tags["workflow_id"])
		require.Equal(t, run.GetRunID(), e.Tags["run_id"])
		frames := ""
		for _, frame := range e.Exception[0].Stacktrace.Frames {
			frames += frame.Function + "\n"
		}
		require.Contains(t, frames, want.frame)
	}
	require.Nil(t, got.find("FailsCoded"), "what has a code is no defect")
	require.Contains(t, logs.String(), `"code":"refused","reason":"Nothing listens there."`)
	for name, n := range map[string]int{"datamind_activity_duration_seconds": 3, "datamind_activity_retries_total": 0} {
		count, err := testutil.GatherAndCount(o.Metrics.Registry, name)
		require.NoError(t, err)
		require.Equal(t, n, count, name)
	}
	for _, e := range got.events {
		require.NotContains(t, e.raw, secret)
		require.NotContains(t, e.raw, "server_name")
	}
	require.NotContains(t, logs.String(), secret)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

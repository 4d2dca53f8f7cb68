package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

const secret = "tattletale"

func TestCausesQuoteNothing(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED), Addr: &net.UnixAddr{Name: secret}}
	for want, err := range map[string]error{
		"SQLSTATE 22P02":          &pgconn.PgError{Code: "22P02", Message: "invalid input: " + secret},
		"connection refused":      refused,
		"host name not resolved":  &net.DNSError{Name: secret},
		"timeout":                 context.DeadlineExceeded,
		"cancelled":               context.Canceled,
		"connection closed":       io.ErrUnexpectedEOF,
		"*errors.errorString":     errors.Join(models.Wrap(errors.New(secret), models.CodeInternal, secret)),
		"the endpoint's own word": safe{},
	} {
		require.Equal(t, want, telemetry.Cause(fmt.Errorf("%s: %w", secret, err)))
	}
	require.Empty(t, telemetry.Cause(nil))
	require.Equal(t, "string", telemetry.PanicCause(secret))
	require.Equal(t, "connection refused", telemetry.PanicCause(refused))
}

type safe struct{}

func (safe) Error() string     { return secret }
func (safe) SafeCause() string { return "the endpoint's own word" }

// Names and labels follow Prometheus' conventions.
func TestMetricsAreWellNamed(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics("v1")
	m.QuestionEnded(models.StatusAnswered, "", time.Second)
	m.ActivityTried("RunQuery", "refused", time.Second, true)
	m.ModelCalled("plan", models.Usage{Model: "m", InputTokens: 2, OutputTokens: 1}, models.Errorf(models.CodeModelBusy, secret), time.Second)
	m.Breaker("m", func() bool { return true })
	m.RedisPool(func() telemetry.Pool { return telemetry.Pool{Total: 3, Idle: 1} })
	m.Dependency("redis", false)
	m.Queue("ask", 3, time.Minute, 1)
	m.Open(models.StatusQueued, 2, time.Minute)
	m.Budget(0.5)
	problems, err := testutil.GatherAndLint(m.Registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// Without OpenTelemetry's variables nothing is traced, and nothing is wrapped.
func TestTracingIsOffByDefault(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	stop, err := telemetry.StartTracing(t.Context(), "s", "v", "e")
	require.NoError(t, err)
	stop()
	require.False(t, telemetry.Tracing())
	require.Nil(t, telemetry.TracePlatformSQL())
	require.Nil(t, telemetry.TraceCustomerSQL())
	trace, err := telemetry.TraceTemporal()
	require.NoError(t, err)
	require.Nil(t, trace)
}

func TestAWrongProtocolIsSaid(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
	_, err := telemetry.StartTracing(t.Context(), "s", "v", "e")
	require.ErrorContains(t, err, "http/protobuf or grpc")
}

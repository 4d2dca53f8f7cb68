package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
)

// tracing is set once, before the process's clients are made: what is made
// while it is not costs nothing.
var tracing atomic.Bool

// Tracing reports whether this process sends traces.
func Tracing() bool { return tracing.Load() }

// StartTracing sends spans where OpenTelemetry's own variables say
// (OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL, _HEADERS, OTEL_TRACES_SAMPLER, …),
// and nowhere without them. The function that it returns sends what is left.
func StartTracing(ctx context.Context, service, version, environment string) (stop func(), err error) {
	if first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") == "" ||
		strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return func() {}, nil
	}
	var exporter trace.SpanExporter
	switch protocol := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "", "http/protobuf":
		exporter, err = otlptracehttp.New(ctx)
	case "grpc":
		exporter, err = otlptracegrpc.New(ctx)
	default:
		err = fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; it may be http/protobuf or grpc", protocol)
	}
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", service), attribute.String("service.version", version),
		attribute.String("deployment.environment.name", environment)), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(scrubbing{exporter}), trace.WithResource(about))
	otel.SetTracerProvider(provider)
	tracing.Store(true)
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = provider.Shutdown(ctx) // a collector that is away loses spans, nothing else
	}, nil
}

func first(names ...string) string {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	return ""
}

// TraceTemporal connects starts, workflows and activities to one trace; nil
// without tracing.
func TraceTemporal() (interceptor.Interceptor, error) {
	if !Tracing() {
		return nil, nil
	}
	return opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{DisableBaggage: true, DisableQueryTracing: true,
		TextMapPropagator: propagation.TraceContext{}})
}

// TracePlatformSQL traces the statements of the platform's own database, whose
// text holds no values; nil without tracing.
func TracePlatformSQL() pgx.QueryTracer {
	if !Tracing() {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerAttributes(attribute.String("peer.service", "platform database")))
}

// TraceCustomerSQL traces that a customer's database worked, and not for what:
// no text, no address; nil without tracing.
func TraceCustomerSQL() pgx.QueryTracer {
	if !Tracing() {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerAttributes(attribute.String("peer.service", "customer database")),
		otelpgx.WithDisableSQLStatementInAttributes(), otelpgx.WithDisableConnectionDetailsInAttributes())
}

// TraceModel traces the calls that pass through a transport. The model's
// endpoint is not told the trace.
func TraceModel(base http.RoundTripper) http.RoundTripper {
	if !Tracing() {
		return base
	}
	return otelhttp.NewTransport(base, otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return "model " + r.Method }))
}

// scrubbing exports spans without what may quote data: messages of errors, and
// attributes that are not known to be harmless.
type scrubbing struct{ trace.SpanExporter }

// ExportSpans implements trace.SpanExporter.
func (s scrubbing) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	clean := make([]trace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		clean[i] = scrubbed{span}
	}
	return s.SpanExporter.ExportSpans(ctx, clean)
}

type scrubbed struct{ trace.ReadOnlySpan }

// harmless are attributes that go out. Of errors the type stays, as an event.
var harmless = map[attribute.Key]bool{
	"http.request.method": true, "http.route": true, "http.response.status_code": true, "url.scheme": true, "error.type": true,
	"exception.type": true, "http.request.body.size": true, "http.response.body.size": true,
	"db.system.name": true, "db.query.text": true, "db.operation.name": true, "pgx.sql_state": true, "pgx.rows_affected": true, "pgx.operation.type": true,
	"peer.service": true, "temporalWorkflowID": true, "temporalRunID": true, "temporalActivityID": true, "temporalUpdateID": true,
}

func only(all []attribute.KeyValue) (kept []attribute.KeyValue) {
	for _, one := range all {
		if harmless[one.Key] {
			kept = append(kept, one)
		}
	}
	return kept
}

// Attributes implements trace.ReadOnlySpan.
func (s scrubbed) Attributes() []attribute.KeyValue { return only(s.ReadOnlySpan.Attributes()) }

// Events implements trace.ReadOnlySpan.
func (s scrubbed) Events() []trace.Event {
	events := append([]trace.Event(nil), s.ReadOnlySpan.Events()...)
	for i := range events {
		events[i].Attributes = only(events[i].Attributes)
	}
	return events
}

// Status implements trace.ReadOnlySpan.
func (s scrubbed) Status() trace.Status { return trace.Status{Code: s.ReadOnlySpan.Status().Code} }

package telemetry

import (
	"fmt"

	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
)

// Temporal exports the metrics of Temporal's SDK beside the others: latencies
// of queues, slots, pollers, failed tasks and requests ("temporal_…").
func (m *Metrics) Temporal() (client.MetricsHandler, error) {
	exporter, err := prometheus.New(prometheus.WithRegisterer(m.Registry), prometheus.WithoutScopeInfo(), prometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("export temporal's metrics: %w", err)
	}
	seconds := metric.NewView(metric.Instrument{Kind: metric.InstrumentKindHistogram},
		metric.Stream{Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: callBuckets}})
	provider := metric.NewMeterProvider(metric.WithReader(exporter), metric.WithView(seconds))
	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter: provider.Meter("temporal-sdk-go"), UseMonotonicCounters: true,
		OnError: func(error) {}, // a metric that cannot be made is left out: work goes on
	}), nil
}

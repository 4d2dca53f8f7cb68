package api

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics of the HTTP edge. Labels hold route patterns, never ids.
type metrics struct {
	registry *prometheus.Registry
	duration *prometheus.HistogramVec
	sockets  prometheus.Gauge
	dropped  prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "datamind", Subsystem: "http", Name: "request_duration_seconds",
			Help:    "Time to answer a request, by route pattern.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route", "status"}),
		sockets: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "datamind", Subsystem: "websocket", Name: "open", Help: "Open sockets of this process."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "datamind", Subsystem: "websocket", Name: "dropped_total",
			Help: "Sockets closed because the client was too slow."}),
	}
	m.registry.MustRegister(m.duration, m.sockets, m.dropped)
	return m
}

// Metrics serves this process's metrics, the default registry's among them.
// It belongs on an address of its own that only the operator reaches.
func (s *Server) Metrics() http.Handler {
	both := prometheus.Gatherers{s.metrics.registry, prometheus.DefaultGatherer}
	return promhttp.HandlerFor(both, promhttp.HandlerOpts{})
}

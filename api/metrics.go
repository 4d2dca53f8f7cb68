package api

import "github.com/prometheus/client_golang/prometheus"

// metrics of the HTTP edge. Labels hold route patterns, never ids.
type metrics struct {
	duration *prometheus.HistogramVec
	sockets  prometheus.Gauge
	dropped  prometheus.Counter
}

// newMetrics registers them, where there is a registry.
func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
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
	if registry != nil {
		registry.MustRegister(m.duration, m.sockets, m.dropped)
	}
	return m
}

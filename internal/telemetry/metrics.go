package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/datamind/datamind/models"
)

const namespace = "datamind"

// Buckets of seconds: short ones for steps and calls, long ones for questions.
var (
	callBuckets     = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}
	questionBuckets = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600}
)

// Metrics are the platform's own metrics of a process. Labels hold names that
// the code or the configuration knows, never an organisation, a person or a
// question: their number stays small.
type Metrics struct {
	// Registry holds them, with those of Go, of the process and of Temporal's SDK.
	Registry *prometheus.Registry

	questions       *prometheus.CounterVec
	questionSeconds *prometheus.HistogramVec
	activitySeconds *prometheus.HistogramVec
	retries         *prometheus.CounterVec
	modelSeconds    *prometheus.HistogramVec
	modelTokens     *prometheus.CounterVec
	up              *prometheus.GaugeVec
	backlog         *prometheus.GaugeVec
	backlogAge      *prometheus.GaugeVec
	workers         *prometheus.GaugeVec
	open            *prometheus.GaugeVec
	openAge         *prometheus.GaugeVec
	budget          *prometheus.GaugeVec
	unserved        *prometheus.GaugeVec
	clock           prometheus.Gauge
	deliveries      *prometheus.CounterVec
	deliveryTries   *prometheus.CounterVec
	deliverySeconds *prometheus.HistogramVec
	alertRuns       *prometheus.CounterVec
	alertLateness   *prometheus.HistogramVec
	reportRuns      *prometheus.CounterVec
	reportLateness  *prometheus.HistogramVec
	overdue         *prometheus.GaugeVec
}

// NewMetrics makes the metrics of a process in a registry of their own.
func NewMetrics(version string) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	}
	m := &Metrics{
		Registry:        prometheus.NewRegistry(),
		questions:       counter("questions_total", "Runs of questions that ended, by status and error code.", "status", "code"),
		questionSeconds: histogram("question_duration_seconds", "Time a run was worked on, without waits for a person.", questionBuckets, "status"),
		activitySeconds: histogram("activity_duration_seconds", "Time of one try of an activity, by result: ok, cancelled, panic or the error's code.", callBuckets, "activity", "result"),
		retries:         counter("activity_retries_total", "Tries of activities that failed and are made again.", "activity", "code"),
		modelSeconds:    histogram("model_call_duration_seconds", "Time of one call of a model, by outcome: ok or the error's code.", callBuckets, "model", "kind", "outcome"),
		modelTokens:     counter("model_tokens_total", "Tokens that models were paid for.", "model", "direction"),
		up:              gauge("dependency_up", "Whether this process reaches the database, Redis and Temporal: 1 or 0.", "dependency"),
		backlog:         gauge("queue_backlog_tasks", "Tasks that wait in a queue for a worker, by Temporal's estimate.", "queue"),
		backlogAge:      gauge("queue_backlog_age_seconds", "Age of the oldest task that waits in a queue.", "queue"),
		workers:         gauge("queue_workers", "Workers that poll a queue.", "queue"),
		open:            gauge("questions_open", "Questions that have not ended, by status; queued ones are stored and not begun.", "status"),
		openAge:         gauge("questions_open_age_seconds", "Longest time that an open question has not moved, by status.", "status"),
		unserved:        gauge("build_unserved", "1 where a build of the workers has questions, or gets new ones, and none of its workers polls a queue.", "build", "queue"),
		budget:          gauge("budget_used_ratio", "Share of the month's token budget that is used or set aside, of the organisation that has used most."),
	}
	m.deliveries = counter("deliveries_total", "Messages that ended, by the kind of their channel and how: sent, failed, skipped or late.", "kind", "status")
	m.deliveryTries = counter("delivery_failures_total", "Tries to send a message that did not do, by the kind of its channel and the error's code.", "kind", "code")
	m.alertRuns = counter("alert_runs_total", "Scheduled runs of alerts, by where the alert stood after it: ok, pending, firing, failing or unknown.", "status")
	m.alertLateness = histogram("alert_lateness_seconds", "Time from when a run of an alert was due until it was stored.", latenessBuckets)
	m.reportRuns = counter("report_runs_total", "Scheduled runs of reports, by how they ended: sent, unchanged or failed.", "status")
	m.reportLateness = histogram("report_lateness_seconds", "Time from when a report was due until its messages were in the ledger.", latenessBuckets)
	m.overdue = gauge("overdue", "What runs by itself and should have been done by now: schedules, alerts, reports, exports or messages.", "what")
	m.deliverySeconds = histogram("delivery_duration_seconds", "Time of the call that a message was sent with.", callBuckets, "kind")
	m.clock = prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "clock_offset_seconds", Help: "How far this process's clock is ahead of the database's."})
	build := gauge("build_info", "1, with the version of the program.", "version")
	build.WithLabelValues(version).Set(1)
	m.Registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build,
		m.questions, m.questionSeconds, m.activitySeconds, m.retries, m.modelSeconds, m.modelTokens,
		m.up, m.backlog, m.backlogAge, m.workers, m.open, m.openAge, m.budget, m.unserved, m.clock, m.deliveries, m.deliveryTries, m.deliverySeconds, m.alertRuns, m.alertLateness,
		m.reportRuns, m.reportLateness, m.overdue)
	return m
}

// ExpectAsk exports zeros of what a worker of ask counts and alerts look at:
// the first of a kind is seen as an increase only where there was a zero.
func (m *Metrics) ExpectAsk() {
	m.questions.WithLabelValues(string(models.StatusFailed), string(models.CodeInternal))
	m.questions.WithLabelValues(string(models.StatusBudget), string(models.CodeBudget))
	for _, status := range []models.ReportRunStatus{models.ReportSent, models.ReportUnchanged, models.ReportFailed} {
		m.reportRuns.WithLabelValues(string(status))
	}
	m.reportLateness.WithLabelValues()
}

// ExpectChecks does the same for a worker that checks alerts.
func (m *Metrics) ExpectChecks() { m.alertLateness.WithLabelValues() }

// ExpectActivities does the same for tries of activities.
func (m *Metrics) ExpectActivities(names ...string) {
	for _, name := range names {
		for _, result := range []string{"ok", "panic", string(models.CodeInternal)} {
			m.activitySeconds.WithLabelValues(name, result)
		}
		m.retries.WithLabelValues(name, string(models.CodeUnavailable))
	}
}

// ExpectModel does the same for calls of a model.
func (m *Metrics) ExpectModel(model string, kinds ...string) {
	for _, kind := range kinds {
		for _, outcome := range []string{"ok", string(models.CodeModelBusy), string(models.CodeModel)} {
			m.modelSeconds.WithLabelValues(model, kind, outcome)
		}
	}
}

// ExpectDeliveries does the same for messages.
func (m *Metrics) ExpectDeliveries() {
	for _, kind := range models.ChannelKinds {
		for _, status := range []models.DeliveryStatus{models.DeliverySent, models.DeliveryFailed, models.DeliverySkipped, models.DeliveryLate} {
			m.deliveries.WithLabelValues(string(kind), string(status))
		}
		m.deliveryTries.WithLabelValues(string(kind), string(models.CodeChannelFailed))
		m.deliverySeconds.WithLabelValues(string(kind))
	}
}

// latenessBuckets reach to an hour.
var latenessBuckets = []float64{.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600}

// AlertChecked counts a scheduled run of an alert: the alert's status after it, and
// how late it was.
func (m *Metrics) AlertChecked(status string, late time.Duration) {
	m.alertRuns.WithLabelValues(status).Inc()
	m.alertLateness.WithLabelValues().Observe(late.Seconds())
}

// ReportEnded counts a scheduled run of a report: how it ended, and how late.
func (m *Metrics) ReportEnded(status models.ReportRunStatus, late time.Duration) {
	m.reportRuns.WithLabelValues(string(status)).Inc()
	m.reportLateness.WithLabelValues().Observe(late.Seconds())
}

// DeliveryEnded counts the end of a message. took is the time of its last call.
func (m *Metrics) DeliveryEnded(kind models.ChannelKind, status models.DeliveryStatus, took time.Duration) {
	m.deliveries.WithLabelValues(string(kind), string(status)).Inc()
	if status == models.DeliverySent {
		m.deliverySeconds.WithLabelValues(string(kind)).Observe(took.Seconds())
	}
}

// DeliveryFailed counts one try of a message that did not do.
func (m *Metrics) DeliveryFailed(kind models.ChannelKind, code models.Code) {
	m.deliveryTries.WithLabelValues(string(kind), string(code)).Inc()
}

// QuestionEnded counts the end of a run. active is the time it was worked on.
func (m *Metrics) QuestionEnded(status models.QuestionStatus, code models.Code, active time.Duration) {
	m.questions.WithLabelValues(string(status), string(code)).Inc()
	m.questionSeconds.WithLabelValues(string(status)).Observe(active.Seconds())
}

// ActivityTried counts one try of an activity. retry says that it is made again.
func (m *Metrics) ActivityTried(activity, result string, took time.Duration, retry bool) {
	m.activitySeconds.WithLabelValues(activity, result).Observe(took.Seconds())
	if retry {
		m.retries.WithLabelValues(activity, result).Inc()
	}
}

// ModelCalled counts one call of a model that planned or wrote.
func (m *Metrics) ModelCalled(kind string, usage models.Usage, err error, took time.Duration) {
	outcome := "ok"
	if err != nil {
		outcome = string(models.ErrorCode(err))
	}
	m.modelSeconds.WithLabelValues(usage.Model, kind, outcome).Observe(took.Seconds())
	m.modelTokens.WithLabelValues(usage.Model, "input").Add(float64(usage.InputTokens))
	m.modelTokens.WithLabelValues(usage.Model, "output").Add(float64(usage.OutputTokens))
}

// Breaker exports whether a model's breaker is open, as it is when asked.
func (m *Metrics) Breaker(model string, open func() bool) {
	m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "model_breaker_open",
		Help: "1 while a model failed several times in a row and is left alone.", ConstLabels: prometheus.Labels{"model": model}},
		func() float64 { return flag(open()) }))
}

// Pool is the state of a pool of connections to Redis.
type Pool struct{ Total, Idle, Timeouts uint32 }

// RedisPool exports a pool's state, as it is when asked.
func (m *Metrics) RedisPool(state func() Pool) {
	for name, count := range map[string]func(Pool) uint32{
		"idle": func(p Pool) uint32 { return p.Idle }, "used": func(p Pool) uint32 { return p.Total - min(p.Idle, p.Total) }} {
		m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "redis_pool_connections",
			Help: "Connections to Redis, by state.", ConstLabels: prometheus.Labels{"state": name}},
			func() float64 { return float64(count(state())) }))
	}
	m.Registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: "redis_pool_timeouts_total",
		Help: "Waits for a connection to Redis that were given up."}, func() float64 { return float64(state().Timeouts) }))
}

// Dependency sets whether a server that the process needs answers.
func (m *Metrics) Dependency(name string, up bool) { m.up.WithLabelValues(name).Set(flag(up)) }

// Queue sets what waits in a queue and who polls it.
func (m *Metrics) Queue(name string, backlog int64, age time.Duration, workers int) {
	m.backlog.WithLabelValues(name).Set(float64(backlog))
	m.backlogAge.WithLabelValues(name).Set(age.Seconds())
	m.workers.WithLabelValues(name).Set(float64(workers))
}

// Open sets how many questions have a status and how long one of them has not moved.
func (m *Metrics) Open(status models.QuestionStatus, count int, age time.Duration) {
	m.open.WithLabelValues(string(status)).Set(float64(count))
	m.openAge.WithLabelValues(string(status)).Set(age.Seconds())
}

// Overdue sets how much of a kind should have been done by now.
func (m *Metrics) Overdue(what string, count int) {
	m.overdue.WithLabelValues(what).Set(float64(count))
}

// Unserved sets which queues of which builds nobody polls, of the builds that
// somebody must serve. A queue that is polled is there with false.
func (m *Metrics) Unserved(builds map[string]map[string]bool) {
	m.unserved.Reset()
	for build, queues := range builds {
		for queue, unserved := range queues {
			m.unserved.WithLabelValues(build, queue).Set(flag(unserved))
		}
	}
}

// Clock sets how far the process's clock is ahead of the database's.
func (m *Metrics) Clock(ahead time.Duration) { m.clock.Set(ahead.Seconds()) }

// Budget sets the highest share of a budget that an organisation has used.
func (m *Metrics) Budget(ratio float64) { m.budget.WithLabelValues().Set(ratio) }

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

const (
	// watchEvery is how often a process looks at what it depends on.
	watchEvery = 10 * time.Second
	// sayAgainAfter is how long a fault lasts until it is logged once more.
	sayAgainAfter = 10 * time.Minute

	// A queue is behind, and queued questions wait, when the oldest is older.
	waitsLong = 30 * time.Second
	// A running question that no step of has begun or ended for so long is
	// stuck: no try of a step may take longer.
	stuckAfter = 20 * time.Minute
	// nearlyUsed is the share of a budget from which an operator is told.
	nearlyUsed = 0.9
)

// watch looks at what this process depends on, exports it as metrics, and logs
// when it fails and when it is back. An API process looks for all at what they
// share: queues, waiting questions, budgets.
func (s *services) watch(ctx context.Context, shared bool) {
	defer s.reporter.Crash("watch")
	w := &watcher{services: s, faults: map[faultKey]*fault{}}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		w.dependencies(ctx)
		if shared {
			w.queues(ctx)
			w.questions(ctx)
			w.budgets(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

type watcher struct {
	*services
	faults map[faultKey]*fault
}

// faultKey is a kind of fault, as it is logged, and what tells faults of one
// kind apart.
type faultKey struct{ text, key string }

// fault is something that is wrong just now.
type fault struct {
	since, said time.Time
	attrs       []any // as last seen
}

// see logs a fault when it begins, again while it lasts, and when it is over.
func (w *watcher) see(wrong bool, key, text string, attrs ...any) {
	at, now := faultKey{text, key}, time.Now()
	known := w.faults[at]
	if known != nil {
		known.attrs = attrs
	}
	switch {
	case wrong && known == nil:
		w.faults[at] = &fault{now, now, attrs}
		w.log.Error(text, attrs...)
	case wrong && now.Sub(known.said) > sayAgainAfter:
		known.said = now
		w.log.Error(text, append(attrs, "for", now.Sub(known.since).Round(time.Second).String())...)
	case !wrong && known != nil:
		w.over(at)
	}
}

// over ends a fault.
func (w *watcher) over(at faultKey) {
	known := w.faults[at]
	delete(w.faults, at)
	w.log.Info("over: "+at.text, append(known.attrs, "after", time.Since(known.since).Round(time.Second).String())...)
}

func (w *watcher) dependencies(ctx context.Context) {
	for name, check := range map[string]func(context.Context) error{"database": w.store.Ready, "temporal": w.runs.Ready,
		"redis": func(ctx context.Context) error { return w.redis.Ping(ctx).Err() }} {
		limited, cancel := context.WithTimeout(ctx, 3*time.Second)
		err := check(limited)
		cancel()
		if ctx.Err() != nil {
			return
		}
		w.metrics.Dependency(name, err == nil)
		attrs := []any{"dependency", name}
		if err != nil {
			attrs = append(attrs, "cause", telemetry.Cause(err))
		}
		w.see(err != nil, name, "a server that DataMind needs does not answer", attrs...)
	}
}

func (w *watcher) queues(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, name := range workflows.Queues {
		q, err := w.runs.Queue(ctx, w.config.TemporalNamespace, name)
		if err != nil {
			return // said by dependencies
		}
		w.metrics.Queue(name, q.Backlog, q.Age, q.Workers)
		w.see(q.Workers == 0, name, "no worker polls a queue", "queue", name, "tasks", q.Backlog)
		w.see(q.Age > waitsLong, name, "a queue is behind", "queue", name, "tasks", q.Backlog, "oldest", q.Age.Round(time.Second).String(), "workers", q.Workers)
	}
}

func (w *watcher) questions(ctx context.Context) {
	found, err := w.store.SystemWaiting(ctx)
	if err != nil {
		w.notSeen(ctx, err)
		return
	}
	waiting := map[models.QuestionStatus]struct {
		count int
		age   time.Duration
	}{models.StatusQueued: {}, models.StatusRunning: {}, models.StatusClarify: {}, models.StatusApprove: {}}
	for _, one := range found {
		waiting[one.Status] = struct {
			count int
			age   time.Duration
		}{one.Count, one.Age}
	}
	for status, one := range waiting {
		w.metrics.Open(status, one.count, one.age)
	}
	queued, running := waiting[models.StatusQueued], waiting[models.StatusRunning]
	w.see(queued.age > waitsLong, "", "questions wait to begin", "questions", queued.count, "oldest", queued.age.Round(time.Second).String())
	w.see(running.age > stuckAfter, "", "a question does not move", "running", running.count, "longest", running.age.Round(time.Second).String())
}

func (w *watcher) budgets(ctx context.Context) {
	found, err := w.store.SystemBudgets(ctx, w.config.TokenBudgetMonthly)
	if err != nil {
		w.notSeen(ctx, err)
		return
	}
	const text = "an organisation's token budget is nearly used up"
	highest, seen := 0.0, map[string]bool{}
	for _, b := range found {
		highest, seen[b.OrgID] = max(highest, b.Ratio()), true
		w.see(b.Ratio() >= nearlyUsed, b.OrgID, text, "org_id", b.OrgID, "used", b.Used, "budget", b.Tokens)
	}
	for at := range w.faults {
		if at.text == text && !seen[at.key] { // a new month has begun, or the organisation is gone
			w.over(at)
		}
	}
	w.metrics.Budget(highest)
}

// notSeen logs what dependencies do not say: that the database answers, but
// not to this.
func (w *watcher) notSeen(ctx context.Context, err error) {
	if ctx.Err() == nil && models.ErrorCode(err) != models.CodeUnavailable {
		w.log.LogAttrs(ctx, slog.LevelWarn, "watch", slog.String("cause", telemetry.Cause(err)))
	}
}

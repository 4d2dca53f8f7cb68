package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

const (
	// watchEvery is how often a process looks at what it depends on.
	watchEvery = 10 * time.Second
	// buildsEvery is after how many looks the builds are counted, which takes
	// a request for each.
	buildsEvery = 3
	// sayAgainAfter is how long a fault lasts until it is logged once more.
	sayAgainAfter = 10 * time.Minute

	// A queue is behind, and queued questions wait, when the oldest is older.
	waitsLong = 30 * time.Second
	// A running question that no step of has begun or ended for so long is
	// stuck: no try of a step may take longer.
	stuckAfter = 20 * time.Minute
	// clockApart is how far clocks may differ.
	clockApart = time.Minute
	// nearlyUsed is the share of a budget from which an operator is told.
	nearlyUsed = 0.9
)

// watch looks at what this process depends on, exports it as metrics, and logs
// when it fails and when it is back. An API process looks for all at what they
// share: queues, waiting questions, budgets, and what runs by itself.
func (s *services) watch(ctx context.Context, shared bool) {
	defer s.reporter.Crash("watch")
	w := &watcher{services: s, faults: map[faultKey]*fault{}}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		w.dependencies(ctx)
		w.clock(ctx)
		if shared {
			w.queues(ctx)
			w.questions(ctx)
			w.budgets(ctx)
			w.overdue(ctx)
			if n%buildsEvery == 0 {
				w.builds(ctx)
			}
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
		w.see(err != nil, name, "a server that DataMind needs does not answer", append([]any{"dependency", name}, causeOf(err)...)...)
	}
}

// causeOf is what a line says of an error, where there is one.
func causeOf(err error) []any {
	if err == nil {
		return nil
	}
	return []any{"cause", telemetry.Cause(err)}
}

// clock compares the process's clock with the database's: sessions, ages and
// budgets are reckoned by either.
func (w *watcher) clock(ctx context.Context) {
	ahead, err := w.store.SystemClock(ctx)
	if err != nil {
		w.notSeen(ctx, err)
		return
	}
	w.metrics.Clock(ahead)
	w.see(ahead.Abs() > clockApart, "", "the clocks of this process and of the database differ", "ahead", ahead.Round(time.Second).String())
}

func (w *watcher) queues(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, name := range workflows.Queues {
		q, err := worker.Queue(ctx, w.temporal, w.config.TemporalNamespace, name)
		if err != nil {
			return // said by dependencies
		}
		w.metrics.Queue(name, q.Backlog, q.Age, q.Workers)
		polled := []any{"queue", name, "tasks", q.Backlog}
		if err := q.Polled(name); err != nil {
			polled = append(polled, "reason", models.ErrorMessage(err))
		}
		w.see(q.Workers == 0, name, "no worker polls a queue", polled...)
		w.see(q.Age > waitsLong, name, "a queue is behind", "queue", name, "tasks", q.Backlog, "oldest", q.Age.Round(time.Second).String(), "workers", q.Workers)
	}
}

// builds looks for builds that have questions, or get new ones, and no workers.
// Where no worker has a build id there is nothing to see that queues do not say.
func (w *watcher) builds(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	found, err := w.deployments().Builds(ctx)
	if err != nil {
		return // said by dependencies, or nobody may ask
	}
	const text = "a build of the workers has questions and lacks workers"
	needed := map[string]map[string]bool{}
	for _, b := range found {
		if !b.Needed() || len(found) == 1 && b.ID == worker.NoBuild {
			continue
		}
		needed[b.ID] = map[string]bool{}
		for _, queue := range workflows.Queues {
			needed[b.ID][queue] = b.Workers[queue] == 0
			w.see(needed[b.ID][queue], queue+" "+b.ID, text, "build", b.ID, "queue", queue, "open", b.Open, "percent", b.Percent)
		}
	}
	for at := range w.faults {
		if _, build, _ := strings.Cut(at.key, " "); at.text == text && needed[build] == nil { // nobody needs it any more
			w.over(at)
		}
	}
	w.metrics.Unserved(needed)
}

func (w *watcher) questions(ctx context.Context) {
	found, err := w.store.SystemWaiting(ctx)
	if err != nil {
		w.notSeen(ctx, err)
		return
	}
	waiting := map[models.QuestionStatus]store.Waiting{models.StatusQueued: {}, models.StatusRunning: {}, models.StatusClarify: {}, models.StatusApprove: {}}
	for _, one := range found {
		waiting[one.Status] = one
	}
	for status, one := range waiting {
		w.metrics.Open(status, one.Count, one.Age)
	}
	queued, running := waiting[models.StatusQueued], waiting[models.StatusRunning]
	w.see(queued.Age > waitsLong, "", "questions wait to begin", "questions", queued.Count, "oldest", queued.Age.Round(time.Second).String(), "question_id", queued.Oldest)
	w.see(running.Age > stuckAfter, "", "a question does not move", "running", running.Count, "longest", running.Age.Round(time.Second).String(), "question_id", running.Oldest)
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

// overdue looks for what runs by itself and was not done in its time.
func (w *watcher) overdue(ctx context.Context) {
	found, err := w.store.SystemOverdue(ctx)
	if err != nil {
		w.notSeen(ctx, err)
		return
	}
	late := map[store.OverdueWhat]store.Overdue{}
	for _, one := range found {
		late[one.What] = one
	}
	for _, what := range store.OverdueKinds {
		one := late[what]
		w.metrics.Overdue(string(what), one.Count)
		if what != store.OverdueSchedules { // the relay says that, and a new one is no fault
			w.see(one.Count > 0, string(what), "something that runs by itself is overdue", "what", what, "count", one.Count,
				"longest", one.Age.Round(time.Second).String(), "id", one.Oldest)
		}
	}
}

// notSeen logs what dependencies do not say: that the database answers, but
// not to this.
func (w *watcher) notSeen(ctx context.Context, err error) {
	if ctx.Err() == nil && models.ErrorCode(err) != models.CodeUnavailable {
		w.log.LogAttrs(ctx, slog.LevelWarn, "watch", slog.String("cause", telemetry.Cause(err)))
	}
}

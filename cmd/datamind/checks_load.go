package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// backlog is what waits in a queue; an error when the oldest waits too long.
func backlog(q models.QueueState) (string, error) {
	if q.Backlog == 0 {
		return "nothing waits", nil
	}
	text := fmt.Sprintf("%d tasks wait, the oldest for %s", q.Backlog, q.Age.Round(time.Second))
	if q.Age > waitsLong {
		return "", models.Errorf(models.CodeUnavailable, "%s.", text)
	}
	return text, nil
}

// waiting says which questions have not ended; an error when some do not move.
func (s *services) waiting(ctx context.Context) (string, error) {
	found, err := s.store.SystemWaiting(ctx)
	if err != nil {
		return "", err
	}
	var all, stuck []string
	for _, w := range found {
		age := w.Age.Round(time.Second)
		all = append(all, fmt.Sprintf("%d %s", w.Count, w.Status))
		switch {
		case w.Status == models.StatusQueued && w.Age > waitsLong:
			stuck = append(stuck, fmt.Sprintf("%d are stored and not begun, %s for %s", w.Count, w.Oldest, age))
		case w.Status == models.StatusRunning && w.Age > stuckAfter:
			stuck = append(stuck, fmt.Sprintf("of %d that run, %s has not moved for %s", w.Count, w.Oldest, age))
		}
	}
	if len(stuck) > 0 {
		return "", models.Errorf(models.CodeUnavailable, "Questions do not move: %s.", strings.Join(stuck, "; "))
	}
	if len(all) == 0 {
		return "none is open", nil
	}
	return "open: " + strings.Join(all, ", "), nil
}

// overdueFixes say what to do where something that runs by itself is overdue.
var overdueFixes = map[store.OverdueWhat]string{
	store.OverdueSchedules: "Look at Temporal first; the log says 'the relay cannot …' with the cause. A new schedule is there within seconds: run this once more.",
	store.OverdueAlerts:    "Look at the workers of 'ask' and their log: a process that relays starts these runs, 'alert-wake/…' in the Temporal UI.",
	store.OverdueReports:   "See the run 'report-run/…' in the Temporal UI: its pending activity has the last failure. Terminated there, it ends as failed within minutes, and can be run again on its page.",
	store.OverdueExports:   "See the run 'scheduled-export/…' in the Temporal UI. A CopyExport that is tried again means that the place for copies refuses: see DATAMIND_EXPORT_TARGETS, its rights and its room.",
	store.OverdueMessages:  "See why under Settings, Channels, Deliveries, and the workers of 'alert'. What waits is sent by itself once the service takes it.",
}

// overdue says how much of a kind was not done in its time; an error where there is any.
func (s *services) overdue(ctx context.Context, what store.OverdueWhat) (string, error) {
	found, err := s.store.SystemOverdue(ctx)
	if err != nil {
		return "", err
	}
	for _, one := range found {
		switch {
		case one.What != what:
		case what == store.OverdueSchedules:
			return "", models.Errorf(models.CodeUnavailable, "%d are not in Temporal as they should be, among them %s.", one.Count, one.Oldest)
		default:
			return "", models.Errorf(models.CodeUnavailable, "%d, the oldest for %s: %s.", one.Count, one.Age.Round(time.Second), one.Oldest)
		}
	}
	return "none", nil
}

// refusedAge is how far back questions count that ended for want of tokens.
const refusedAge = 15 * time.Minute

// budgets is an error where an organisation has nearly no tokens left, or too
// few for what was asked of late.
func (s *services) budgets(ctx context.Context) (string, error) {
	found, err := s.store.SystemBudgets(ctx, s.config.TokenBudgetMonthly)
	if err != nil {
		return "", err
	}
	var spent []string
	for _, b := range found {
		if b.Ratio() >= nearlyUsed {
			spent = append(spent, fmt.Sprintf("%q has used or set aside %d of its %d model tokens", b.Name, b.Used, b.Tokens))
		}
	}
	if len(spent) > 0 {
		return "", models.Errorf(models.CodeBudget, "This month %s: its questions end as budget_exhausted.", strings.Join(spent, "; "))
	}
	refused, err := s.store.SystemRefused(ctx, time.Now().Add(-refusedAge))
	if err != nil {
		return "", err
	}
	for _, r := range refused {
		spent = append(spent, fmt.Sprintf("%d questions of %q", r.Count, r.Name))
	}
	if len(spent) > 0 {
		return "", models.Errorf(models.CodeBudget, "In the last %.0f minutes %s ended as budget_exhausted: what was left did not hold what they may cost.", refusedAge.Minutes(), strings.Join(spent, ", "))
	}
	return fmt.Sprintf("%d organisations have used tokens this month, none more than %.0f%%", len(found), nearlyUsed*100), nil
}

// clock is an error where this machine's clock and the database's differ.
func (s *services) clock(ctx context.Context) (string, error) {
	ahead, err := s.store.SystemClock(ctx)
	if err != nil {
		return "", err
	}
	if ahead.Abs() > clockApart {
		return "", models.Errorf(models.CodeUnavailable, "This machine's clock is %s ahead of the database's.", ahead.Round(time.Second))
	}
	return fmt.Sprintf("%d ms ahead of the database's", ahead.Milliseconds()), nil
}

// troubleAge is how far back steps are looked at for what the model did to them.
const troubleAge = 5 * time.Minute

// modelTrouble is an error where the endpoint answers, and its model has let
// steps down of late: it fails, or workers leave it alone for a moment.
func (s *services) modelTrouble(ctx context.Context) (string, error) {
	found, err := s.store.SystemModelTrouble(ctx, time.Now().Add(-troubleAge))
	if err != nil {
		return "", err
	}
	if found.Steps > 0 {
		return "", models.Errorf(models.CodeModelBusy, "The endpoint answers, but %d steps of the last %.0f minutes failed with it. The last one was told: %s", found.Steps, troubleAge.Minutes(), found.Last)
	}
	return strings.Join(s.config.LLMModels, ", ") + " at " + s.config.LLMBaseURL, nil
}

// Less of a disk than both of these is too little.
const (
	diskShare = 0.05
	diskBytes = 2 << 30
)

func diskSpace(dir string) (string, error) {
	free, total, err := diskFree(dir)
	if err != nil {
		return "not looked at: " + err.Error(), nil //nolint:nilerr // some systems do not tell
	}
	text := fmt.Sprintf("%.1f of %.1f GiB are free in %s", float64(free)/(1<<30), float64(total)/(1<<30), dir)
	if free < diskBytes && float64(free) < diskShare*float64(total) {
		return "", models.Errorf(models.CodeUnavailable, "The disk is nearly full: %s.", text)
	}
	return text, nil
}

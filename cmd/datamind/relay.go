package main

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

// How often and after what age the relay looks at questions that do not move.
const (
	relayEvery  = 2 * time.Second
	relayQueued = 3 * time.Second
	relayOpen   = time.Minute
	// relayAtOnce bounds a look: very many that have been started may wait for a worker.
	relayAtOnce = 30
	// pruneEvery and pruneAge are for sessions and links that have ended.
	pruneEvery = time.Hour
	// refreshEvery and refreshPause are for structures that are about to be too
	// old: they are read again before a question has to wait for it.
	refreshEvery = 30 * time.Second
	refreshPause = 5 * time.Minute
	pruneAge     = 30 * 24 * time.Hour
	// messagesEvery is for messages that no run sends, such as those of one that
	// was ended from outside. messagesIdle leaves a run the time to begin;
	// messagesPaused is more than the longest pause between two tries.
	messagesEvery  = 20 * time.Second
	messagesIdle   = 2 * time.Minute
	messagesPaused = 75 * time.Minute
	// schedulePause is between two tries to change a schedule in Temporal,
	// scheduleCheck how often one is looked for that should be there.
	schedulePause = 5 * time.Second
	scheduleCheck = 10 * time.Minute
	// tileAge is how long the results of tiles that nobody asks for are kept.
	tileAge = 14 * 24 * time.Hour
)

// relay starts the runs of questions whose API died between storing and
// starting them, and ends questions whose run is gone (terminated by an
// operator, or lost with Temporal's data). Any number of processes may relay:
// a workflow id starts once.
func (s *services) relay(ctx context.Context) {
	defer s.reporter.Crash("relay")
	w := &watcher{services: s, faults: map[faultKey]*fault{}}
	tick, prune, refresh, messages := time.NewTicker(relayEvery), time.NewTicker(pruneEvery), time.NewTicker(refreshEvery), time.NewTicker(messagesEvery)
	defer tick.Stop()
	defer refresh.Stop()
	defer prune.Stop()
	defer messages.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-prune.C:
			if err := s.store.SystemPrune(ctx, time.Now().Add(-pruneAge)); err != nil && ctx.Err() == nil {
				s.log.Warn("old sessions not deleted", "error", err)
			}
			if err := s.store.SystemPruneAlerts(ctx, time.Now().Add(-models.AlertRunsKept)); err != nil && ctx.Err() == nil {
				s.log.Warn("old runs of alerts not deleted", "error", err)
			}
			if err := s.store.SystemPruneTiles(ctx, time.Now().Add(-tileAge)); err != nil && ctx.Err() == nil {
				s.log.Warn("old results of tiles not deleted", "error", err)
			}
			if err := s.store.SystemPruneReports(ctx, time.Now().Add(-models.ReportRunsKept)); err != nil && ctx.Err() == nil {
				s.log.Warn("old runs of reports not deleted", "error", err)
			}
			if err := s.store.SystemPruneDeliveries(ctx, time.Now().Add(-models.DeliveriesKept)); err != nil && ctx.Err() == nil {
				s.log.Warn("old messages not deleted", "error", err)
			}
			continue
		case <-messages.C:
			if err := s.relayMessages(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("messages that wait are not looked after", "cause", telemetry.Cause(err))
			}
			continue
		case <-refresh.C:
			if err := s.refresh(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("structures are not read again ahead of time", "cause", telemetry.Cause(err))
			}
			continue
		case <-tick.C:
		}
		err := errors.Join(s.relayOnce(ctx), s.relayExports(ctx), s.relaySchedules(ctx), s.relayAlerts(ctx), s.relayReports(ctx)) // none waits for what ails another
		if ctx.Err() != nil {
			return
		}
		w.see(err != nil, "", "the relay cannot start or end questions", causeOf(err)...)
	}
}

// refresh has the structures of databases in use read again when three quarters
// of their time are over. Any number of processes may ask for it: a connection's
// reading that runs is left alone.
func (s *services) refresh(ctx context.Context) error {
	stale, err := s.store.SystemStaleCatalogs(ctx, s.config.CatalogTTL*3/4, refreshPause, relayAtOnce)
	for _, c := range stale {
		err = errors.Join(err, s.runs.RefreshCatalog(ctx, models.Scope{OrgID: c.OrgID, UserID: c.UserID}, c.ConnectionID))
	}
	return err
}

// relayMessages ends messages that are no news any more and starts those that
// nobody has touched. Any number of processes may do so.
func (s *services) relayMessages(ctx context.Context) error {
	late, err := s.store.SystemLateDeliveries(ctx)
	if err != nil {
		return err
	}
	for kind, n := range late {
		for range n {
			s.metrics.DeliveryEnded(kind, models.DeliveryLate, 0)
		}
		s.log.Warn("messages could not be sent in their time", "kind", kind, "count", n)
	}
	stale, err := s.store.SystemStaleDeliveries(ctx, messagesIdle, messagesPaused, relayAtOnce)
	for _, d := range stale {
		err = errors.Join(err, s.runs.Deliver(ctx, models.Scope{OrgID: d.OrgID}, d.ID))
	}
	return err
}

// relayAlerts starts what an alert has to tell without a run. Any number of
// processes may do so.
func (s *services) relayAlerts(ctx context.Context) error {
	waking, err := s.store.SystemWaking(ctx, relayAtOnce)
	for _, w := range waking {
		err = errors.Join(err, s.runs.WakeAlert(ctx, w.OrgID, w.AlertID, time.Now()))
	}
	return err
}

// relaySchedules brings Temporal's schedules to what alerts and others want. One
// that Temporal does not take keeps none of the others from it: those would count as
// compared, and be left for minutes. Any number of processes may do so.
func (s *services) relaySchedules(ctx context.Context) error {
	pending, err := s.store.SystemPendingSchedules(ctx, schedulePause, scheduleCheck, relayAtOnce)
	for i := range pending {
		if failed := s.applySchedule(ctx, &pending[i]); failed != nil {
			s.log.Debug("a schedule is not in Temporal as it should be", "kind", pending[i].Kind, "schedule", pending[i].ID, "cause", telemetry.Cause(failed))
			err = errors.Join(err, failed)
		}
	}
	return err
}

func (s *services) applySchedule(ctx context.Context, p *store.PendingSchedule) error {
	if p.Wanted && p.Version == p.Applied {
		if there, err := s.runs.HasSchedule(ctx, &p.Schedule); err != nil || there {
			return err
		}
		s.log.Warn("Temporal has lost a schedule; it is made again", "kind", p.Kind, "schedule", p.ID)
	}
	if err := s.runs.ApplySchedule(ctx, &p.Schedule, p.Wanted); err != nil {
		return err
	}
	return s.store.ScheduleApplied(ctx, models.Scope{OrgID: p.OrgID}, p)
}

func (s *services) relayOnce(ctx context.Context) error {
	queued, err := s.store.SystemOpen(ctx, relayQueued, relayAtOnce, models.StatusQueued)
	if err != nil {
		return err
	}
	for _, q := range queued {
		// Started, waiting for a worker, or not to be started just now: others
		// have their turn first.
		err := s.restart(ctx, &q)
		if err := errors.Join(err, s.store.Touch(ctx, models.Scope{OrgID: q.OrgID, UserID: q.UserID}, q.ID)); err != nil {
			return err
		}
	}
	open, err := s.store.SystemOpen(ctx, relayOpen, relayAtOnce, models.StatusRunning, models.StatusClarify, models.StatusApprove)
	if err != nil {
		return err
	}
	for _, q := range open {
		if err := s.reconcile(ctx, &q); err != nil {
			return err
		}
	}
	return nil
}

// restart starts the run of a queued question.
func (s *services) restart(ctx context.Context, q *models.Question) error {
	scope := models.Scope{OrgID: q.OrgID, UserID: q.UserID}
	s.log.Debug("relay starts a queued question", "question_id", q.ID, "run", q.Run)
	return s.runs.StartAsk(ctx, scope, q)
}

// reconcile ends a question that is open although its run is not.
func (s *services) reconcile(ctx context.Context, q *models.Question) error {
	scope := models.Scope{OrgID: q.OrgID, UserID: q.UserID}
	run, err := s.temporal.DescribeWorkflowExecution(ctx, workflows.AskID(q.ID), "")
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return err
	}
	if err == nil && run.WorkflowExecutionInfo.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return s.store.Touch(ctx, scope, q.ID)
	}
	s.log.Warn("relay ends a question whose run is gone", "question_id", q.ID, "status", q.Status)
	end, err := s.store.Finish(ctx, scope, q.ID, q.Run, store.Ending{Status: models.StatusFailed, ErrorCode: models.CodeInternal,
		ErrorText: "The run of this question was ended from outside. Ask again."})
	if err == nil && !end.Earlier { // else its worker has counted it
		s.metrics.QuestionEnded(end.Status, end.ErrorCode, 0)
	}
	return err
}

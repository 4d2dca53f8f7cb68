package main

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

// untoldAge is more than the delivery of an export takes, but for copies into a
// place that is away: a second run beside the first does no harm.
const untoldAge = time.Hour

// relayExports does for exports what the relay does for questions: it starts
// those that are queued, ends those whose run is gone, and has the files deleted
// whose time is over. A row says all that is to be done, so nothing is forgotten
// whoever dies.
func (s *services) relayExports(ctx context.Context) error {
	queued, err := s.store.SystemOpenExports(ctx, relayQueued, relayAtOnce, models.ExportQueued)
	if err != nil {
		return err
	}
	for _, e := range queued {
		scope := models.Scope{OrgID: e.OrgID, UserID: e.UserID}
		if e.Claim > 0 { // a run has it, and waits for a worker
			err = s.reconcileExport(ctx, scope, &e)
		} else {
			err = errors.Join(s.runs.StartExport(ctx, scope, &e), s.store.TouchExport(ctx, scope, e.ID))
		}
		if err != nil {
			return err
		}
	}
	open, err := s.store.SystemOpenExports(ctx, relayOpen, relayAtOnce, models.ExportRunning, models.ExportPaused)
	if err != nil {
		return err
	}
	for _, e := range open {
		if err := s.reconcileExport(ctx, models.Scope{OrgID: e.OrgID, UserID: e.UserID}, &e); err != nil {
			return err
		}
	}
	due, err := s.store.SystemDueExports(ctx, relayAtOnce)
	for _, e := range due {
		err = errors.Join(err, s.runs.DeleteExport(ctx, models.Scope{OrgID: e.OrgID, UserID: e.UserID}, &e))
	}
	return errors.Join(err, s.relayUntold(ctx))
}

// relayUntold delivers exports of schedules whose run was lost before it did.
func (s *services) relayUntold(ctx context.Context) error {
	untold, err := s.store.SystemUntoldExports(ctx, time.Now().Add(-models.DeliveryLateAfter), untoldAge, relayAtOnce)
	for _, e := range untold {
		err = errors.Join(err, s.runs.RunScheduledExport(ctx, models.Scope{OrgID: e.OrgID}, *e.ScheduleID, *e.ScheduledAt, false))
	}
	return err
}

// reconcileExport ends an export that is open although its run is not.
func (s *services) reconcileExport(ctx context.Context, scope models.Scope, e *models.Export) error {
	run, err := s.temporal.DescribeWorkflowExecution(ctx, workflows.ExportID(e.ID), "")
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return err
	}
	if err == nil && run.WorkflowExecutionInfo.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return s.store.TouchExport(ctx, scope, e.ID)
	}
	s.log.Warn("relay ends an export whose run is gone", "export_id", e.ID, "status", e.Status)
	_, err = s.store.EndExport(ctx, scope, e.ID, store.ExportEnding{Status: models.ExportFailed, ErrorCode: models.CodeInternal,
		ErrorText: "The run of this export was ended from outside. Export again."})
	return err
}

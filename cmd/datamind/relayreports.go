package main

import (
	"context"
	"errors"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/datamind/datamind/models"
)

// relayReports ends runs of reports that are open although Temporal has them no
// more. Nobody was told by then: messages are queued with the end of a run.
func (s *services) relayReports(ctx context.Context) error {
	open, err := s.store.SystemOpenReportRuns(ctx, relayOpen, relayAtOnce)
	for i := range open {
		err = errors.Join(err, s.reconcileReport(ctx, models.Scope{OrgID: open[i].OrgID}, &open[i]))
	}
	return err
}

func (s *services) reconcileReport(ctx context.Context, scope models.Scope, run *models.ReportRun) error {
	found, err := s.temporal.DescribeWorkflowExecution(ctx, run.WorkflowID, run.TemporalRunID)
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return err
	}
	if err == nil && found.WorkflowExecutionInfo.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return s.store.TouchReportRun(ctx, scope, run.ID)
	}
	s.log.Warn("relay ends a report whose run is gone", "report_id", run.ReportID, "at", run.At)
	return s.store.FailReportRun(ctx, scope, run.ID, models.CodeReportStopped, "The run was ended from outside. Run it again.")
}

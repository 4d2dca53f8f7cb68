package workflows

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/models"
)

// defaultCatchUp is how long ago runs are made up for after an outage.
const defaultCatchUp = time.Hour

// scheduleKind is what schedules of a kind are in Temporal.
type scheduleKind struct {
	prefix   string // of their ids
	run      string // prefix of the ids of the runs that they start
	workflow any
	input    func(*models.Schedule) any
	priority int
	limit    time.Duration // of a run
}

var scheduleKinds = map[models.ScheduleKind]scheduleKind{
	models.ScheduleAlerts: {prefix: "alerts/", run: "alert-run/", workflow: AlertRun, priority: priorityAlert, limit: runLimit, input: func(s *models.Schedule) any {
		return AlertRunInput{Scope: models.Scope{OrgID: s.OrgID}, ScheduleID: s.ID, Kind: models.RunScheduled}
	}},
	models.ScheduleExport: {prefix: "exports/", run: "scheduled-export/", workflow: ScheduledExport, priority: priorityExport, input: func(s *models.Schedule) any {
		return ScheduledExportInput{Scope: models.Scope{OrgID: s.OrgID}, ID: s.ObjectID}
	}},
	models.ScheduleReport: {prefix: "reports/", run: "report-run/", workflow: Report, priority: priorityReport, limit: runLimit, input: func(s *models.Schedule) any {
		return ReportInput{Scope: models.Scope{OrgID: s.OrgID}, ReportID: s.ObjectID, Kind: models.ReportScheduled}
	}},
}

// scheduledAt is when a schedule wanted the run that it started.
var scheduledAt = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")

// dueTime is when the schedule that started a run wanted it.
func dueTime(ctx workflow.Context) time.Time {
	at, ok := workflow.GetTypedSearchAttributes(ctx).GetTime(scheduledAt)
	if !ok {
		at = workflow.GetInfo(ctx).WorkflowStartTime
	}
	return at.UTC()
}

// ScheduleID is the id, in Temporal, of a schedule.
func ScheduleID(s *models.Schedule) string { return scheduleKinds[s.Kind].prefix + s.ID }

// ApplySchedule makes Temporal's schedule as it is wanted: there with that
// timing, or gone. Repeated, it changes nothing.
func (c *Client) ApplySchedule(ctx context.Context, s *models.Schedule, wanted bool) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	handle := c.Temporal.ScheduleClient().GetHandle(ctx, ScheduleID(s))
	if !wanted {
		err := handle.Delete(ctx)
		var gone *serviceerror.NotFound
		if errors.As(err, &gone) {
			return nil
		}
		return unavailable(err, "delete the schedule")
	}
	options := scheduleOptions(s)
	_, err := c.Temporal.ScheduleClient().Create(ctx, options)
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return unavailable(err, "create the schedule")
	}
	err = handle.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		next := in.Description.Schedule
		next.Action, next.Spec = options.Action, &options.Spec
		next.Policy.Overlap, next.Policy.CatchupWindow = options.Overlap, options.CatchupWindow
		next.State.Paused = false
		return &client.ScheduleUpdate{Schedule: &next}, nil
	}})
	return unavailable(err, "change the schedule")
}

func scheduleOptions(s *models.Schedule) client.ScheduleOptions {
	catchUp := time.Duration(s.CatchUp) * time.Minute
	if catchUp <= 0 {
		catchUp = defaultCatchUp
	}
	kind := scheduleKinds[s.Kind]
	return client.ScheduleOptions{
		ID: ScheduleID(s),
		Spec: client.ScheduleSpec{CronExpressions: []string{s.Cron}, TimeZoneName: s.TimeZone,
			Jitter: time.Duration(s.JitterSeconds) * time.Second},
		Action: &client.ScheduleWorkflowAction{ID: kind.run + s.ID, Workflow: kind.workflow, TaskQueue: QueueAsk,
			Args:                     []any{kind.input(s)},
			WorkflowExecutionTimeout: kind.limit,
			TypedSearchAttributes:    temporal.NewSearchAttributes(attrOrg.ValueSet(s.OrgID)),
			Priority:                 temporal.Priority{PriorityKey: kind.priority, FairnessKey: s.OrgID}},
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: catchUp,
	}
}

// HasSchedule reports whether Temporal knows a schedule.
func (c *Client) HasSchedule(ctx context.Context, s *models.Schedule) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := c.Temporal.ScheduleClient().GetHandle(ctx, ScheduleID(s)).Describe(ctx)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return false, nil
	}
	return err == nil, unavailable(err, "look at the schedule")
}

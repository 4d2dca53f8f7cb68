package workflows

import (
	"context"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// An export that another run writes is looked at after these pauses, each twice
// the one before.
const (
	lookFirst = 2 * time.Second
	lookLast  = 10 * time.Minute
)

// ScheduledExportInput starts a run of a scheduled export.
type ScheduledExportInput struct {
	Scope models.Scope // its organisation
	ID    string
	// At is when the run was due; zero for what the schedule says.
	At time.Time
	// Now says that somebody wanted it.
	Now bool
}

// ScheduledExportResult is what a run did.
type ScheduledExportResult struct {
	ExportID string
	Status   models.ExportStatus
	Skipped  models.Code // why nothing was exported
	CopiedTo string
	Messages DeliverResult
}

// ScheduledExport makes the export of a time, copies its file and tells of it.
// The time is the key of all that: a run that is tried again makes no second
// export and no second message.
func ScheduledExport(ctx workflow.Context, in ScheduledExportInput) (ScheduledExportResult, error) {
	if in.At.IsZero() {
		in.At = dueTime(ctx)
	}
	var books *activities.ScheduledExports
	var begun activities.ScheduledBegun
	begin := activities.ScheduledInput{Scope: in.Scope, ID: in.ID, At: in.At, Now: in.Now}
	if err := workflow.ExecuteLocalActivity(record(ctx, "make the export"), books.BeginScheduledExport, begin).Get(ctx, &begun); err != nil {
		return ScheduledExportResult{}, err
	}
	result := ScheduledExportResult{ExportID: begun.Export.ExportID, Skipped: begun.Skipped}
	var err error
	if begun.Export.ExportID == "" {
		result.Messages, err = deliver(ctx, in.Scope, begun.Deliveries)
		return result, err
	}
	if result.Status, err = exportAndWait(ctx, begun.Export); err != nil {
		return result, err
	}
	tell := activities.TellInput{ExportRef: begun.Export}
	if result.Status == models.ExportDone {
		if err := deliverFile(ctx, begun, &tell); err != nil {
			return result, err
		}
	}
	result.CopiedTo = tell.CopiedTo
	var told activities.TellResult
	if err := workflow.ExecuteLocalActivity(record(ctx, "record the end"), books.TellScheduledExport, tell).Get(ctx, &told); err != nil {
		return result, err
	}
	result.Messages, err = deliver(ctx, in.Scope, told.Deliveries)
	return result, err
}

// exportAndWait has the export written and waits for its end, whichever run
// writes it: the relay may have started it first.
func exportAndWait(ctx workflow.Context, ref activities.ExportRef) (models.ExportStatus, error) {
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: ExportID(ref.ExportID), ParentClosePolicy: enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, WaitForCancellation: true,
		TypedSearchAttributes: temporal.NewSearchAttributes(attrOrg.ValueSet(ref.Scope.OrgID), attrUser.ValueSet(ref.Scope.UserID), attrConnection.ValueSet(ref.ConnectionID)),
		Priority:              temporal.Priority{PriorityKey: priorityExport, FairnessKey: ref.Scope.OrgID}})
	var got activities.ExportResult
	if err := workflow.ExecuteChildWorkflow(child, Export, ExportInput{ExportRef: ref}).Get(ctx, &got); err == nil {
		return got.Status, nil
	}
	// Another run has it, or it was ended from outside, which the relay records.
	var books *activities.ScheduledExports
	for wait := lookFirst; ; wait = min(2*wait, lookLast) {
		if err := workflow.ExecuteLocalActivity(record(ctx, "look where the export stands"), books.ScheduledExportStatus, ref).Get(ctx, &got); err != nil {
			return "", err
		}
		if got.Status.Final() {
			return got.Status, nil
		}
		if err := workflow.Sleep(ctx, wait); err != nil {
			return "", err
		}
	}
}

// deliverFile brings the file to where it is wanted. What cannot be done is told
// with the export; an error is a cancellation.
func deliverFile(ctx workflow.Context, begun activities.ScheduledBegun, tell *activities.TellInput) error {
	var x *activities.Export
	if begun.Copy {
		var got activities.CopyResult
		err := workflow.ExecuteActivity(copying(ctx, "copy the file"), x.CopyExport, begun.Export).Get(ctx, &got)
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			tell.CopyError = endOf(ctx, err).text
		}
		tell.CopiedTo = got.CopiedTo
	}
	if begun.Attach {
		var got activities.AttachResult
		err := workflow.ExecuteActivity(copying(ctx, "attach the file"), x.AttachExport, begun.Export).Get(ctx, &got)
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil { // the message goes without
			workflow.GetLogger(ctx).Warn("the file is not attached", "error", err)
		}
		tell.FileID = got.FileID
	}
	return nil
}

// RunScheduledExport runs a scheduled export as of a time: now, or that of a run
// that was lost. The same run is started once.
func (c *Client) RunScheduledExport(ctx context.Context, scope models.Scope, id string, at time.Time, now bool) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "scheduled-export/" + id + "/" + at.UTC().Format(time.RFC3339Nano), TaskQueue: QueueAsk,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    temporal.NewSearchAttributes(attrOrg.ValueSet(scope.OrgID)),
		Priority:                 temporal.Priority{PriorityKey: priorityExport, FairnessKey: scope.OrgID}},
		ScheduledExport, ScheduledExportInput{Scope: models.Scope{OrgID: scope.OrgID}, ID: id, At: at.UTC(), Now: now})
	return unavailable(err, "run the scheduled export")
}

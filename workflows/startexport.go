package workflows

import (
	"context"
	"errors"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// priorityExport is after questions and what else somebody waits for.
const priorityExport = 5

// ExportID is the workflow id of an export.
func ExportID(id string) string { return "export/" + id }

// StartExport starts the run of an export; one that was started before is left
// alone, so calling it again is safe.
func (c *Client) StartExport(ctx context.Context, scope models.Scope, e *models.Export) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       ExportID(e.ID),
		TaskQueue:                                QueueAsk,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            summary(e.Name), // encrypted like all payloads
		TypedSearchAttributes: temporal.NewSearchAttributes(attrOrg.ValueSet(scope.OrgID),
			attrUser.ValueSet(scope.UserID), attrConnection.ValueSet(e.ConnectionID)),
		Priority: temporal.Priority{PriorityKey: priorityExport, FairnessKey: scope.OrgID},
	}, Export, ExportInput{ExportRef: refOf(scope, e)})
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &started) {
		return nil
	}
	return unavailable(err, "start the export's run")
}

func refOf(scope models.Scope, e *models.Export) activities.ExportRef {
	return activities.ExportRef{Scope: scope, ExportID: e.ID, ConnectionID: e.ConnectionID}
}

// StopExport cancels the run of an export, if there is one.
func (c *Client) StopExport(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := c.Temporal.CancelWorkflow(ctx, ExportID(id), "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return nil
	}
	return unavailable(err, "stop the export's run")
}

// PauseExport pauses an export, or has it go on.
func (c *Client) PauseExport(ctx context.Context, id string, pause bool) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	name := UpdateResume
	if pause {
		name = UpdatePause
	}
	handle, err := c.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: ExportID(id), UpdateName: name, WaitForStage: client.WorkflowUpdateStageCompleted})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return models.Wrap(err, models.CodeConflict, "The export does not run any more, or not yet. Reload to see where it stands.")
	}
	return refused(err)
}

// DeleteExport has the files of an export deleted that is due; it does not wait
// for that.
func (c *Client) DeleteExport(ctx context.Context, scope models.Scope, e *models.Export) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "delete-export/" + e.ID, TaskQueue: QueueAsk,
		WorkflowExecutionTimeout: runLimit, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		Priority: temporal.Priority{PriorityKey: priorityExport, FairnessKey: scope.OrgID}}, DeleteExport, ExportInput{ExportRef: refOf(scope, e)})
	return unavailable(err, "delete the export's files")
}

// EstimateExport asks the database how much an export would be, and waits for that.
func (c *Client) EstimateExport(ctx context.Context, in activities.EstimateInput) (models.ExportEstimate, error) {
	var got models.ExportEstimate
	return got, c.test(ctx, in.Scope, "export", QueueExport, EstimateExport, in, &got)
}

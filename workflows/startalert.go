package workflows

import (
	"context"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// RunAlert runs an alert as of some times: now, or those of runs that it has
// missed, or that were before it. The same run is started once.
func (c *Client) RunAlert(ctx context.Context, scope models.Scope, alertID string, times []time.Time, kind models.RunKind) error {
	priority := priorityQuestion
	if kind != models.RunNow {
		priority = priorityAlert
	}
	return c.startAlertRun(ctx, scope, "alert-run/"+alertID+"/"+times[0].UTC().Format(time.RFC3339Nano), priority,
		AlertRunInput{Scope: models.Scope{OrgID: scope.OrgID}, AlertIDs: []string{alertID}, At: times[0].UTC(), Times: times, Kind: kind})
}

// WakeAlert tells what an alert has to tell without a run.
func (c *Client) WakeAlert(ctx context.Context, orgID, alertID string, at time.Time) error {
	return c.startAlertRun(ctx, models.Scope{OrgID: orgID}, "alert-wake/"+alertID, priorityAlert,
		AlertRunInput{Scope: models.Scope{OrgID: orgID}, AlertIDs: []string{alertID}, At: at.UTC(), Tick: true})
}

func (c *Client) startAlertRun(ctx context.Context, scope models.Scope, id string, priority int, in AlertRunInput) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: QueueAsk, WorkflowExecutionTimeout: runLimit,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    temporal.NewSearchAttributes(attrOrg.ValueSet(scope.OrgID)),
		Priority:                 temporal.Priority{PriorityKey: priority, FairnessKey: scope.OrgID}}, AlertRun, in)
	return unavailable(err, "run the alert")
}

// PreviewAlert tries an alert and waits for what it brings. Where no model is
// configured, words that have no question are not answerable.
func (c *Client) PreviewAlert(ctx context.Context, in activities.PreviewInput) (got activities.Preview, err error) {
	wait := testWait
	if in.Words != "" {
		has, err := c.hasModel(ctx, in.Scope)
		if err != nil {
			return got, err
		}
		if wait = modelWait; !has && in.Alert.Question == "" {
			return activities.Preview{Alert: in.Alert, Code: models.CodeNotAnswerable}, nil
		} else if !has {
			in.Words, wait = "", testWait
		}
	}
	err = c.tested(ctx, in.Scope, "alert", wait, QueueQuery, PreviewAlert, in, &got)
	return got, err
}

// hasModel says whether somebody's questions are asked of a model.
func (c *Client) hasModel(ctx context.Context, scope models.Scope) (bool, error) {
	if c.Settings.Planner == plannerModel {
		return true, nil
	}
	if c.Models == nil {
		return false, nil
	}
	ids, err := c.Models(ctx, scope, &models.Question{})
	return len(ids) > 0, err
}

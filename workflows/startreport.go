package workflows

import (
	"context"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/datamind/datamind/models"
)

// RunReport makes a report now, for all of its recipients, or for one person
// alone. The same run is started once.
func (c *Client) RunReport(ctx context.Context, scope models.Scope, reportID string, at time.Time, only string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in := ReportInput{Scope: models.Scope{OrgID: scope.OrgID}, ReportID: reportID, At: at.UTC(), Kind: models.ReportNow, Only: only}
	if only != "" {
		in.Kind = models.ReportPreview
	}
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "report-run/" + reportID + "/" + in.At.Format(time.RFC3339Nano), TaskQueue: QueueAsk,
		WorkflowExecutionTimeout: runLimit, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes: temporal.NewSearchAttributes(attrOrg.ValueSet(scope.OrgID), attrUser.ValueSet(scope.UserID)),
		Priority:              temporal.Priority{PriorityKey: priorityDashboard, FairnessKey: scope.OrgID}}, Report, in)
	return unavailable(err, "make the report")
}

// PreviewReport makes a report as somebody would see it now, waits for that and
// returns the id of the PDF's artifact.
func (c *Client) PreviewReport(ctx context.Context, scope models.Scope, r *models.Report) (fileID string, err error) {
	in := PreviewReportInput{Scope: scope, Report: *r, At: time.Now().UTC().Truncate(time.Microsecond)}
	err = c.test(ctx, scope, "report", QueueQuery, PreviewReport, in, &fileID)
	return fileID, err
}

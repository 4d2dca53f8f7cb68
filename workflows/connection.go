package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// TestConnection tries a connection from where queries run: only those
// workers have a route to customers' databases and can open the password.
func TestConnection(ctx workflow.Context, in activities.TestInput) (models.ConnectionReport, error) {
	var q *activities.Query
	var report models.ConnectionReport
	err := workflow.ExecuteActivity(probe(ctx, QueueQuery, "try the connection"), q.TestConnection, in).Get(ctx, &report)
	return report, err
}

// SyncCatalog reads a connection's schema and stores a snapshot.
func SyncCatalog(ctx workflow.Context, in activities.SyncInput) (activities.DiscoverResult, error) {
	var q *activities.Query
	var found activities.DiscoverResult
	err := workflow.ExecuteActivity(query(ctx, "read the schema"), q.SyncSchema, in).Get(ctx, &found)
	return found, err
}

// CheckSQL checks SQL that a person is going to stand for, without running it.
func CheckSQL(ctx workflow.Context, in activities.CheckInput) (activities.CheckResult, error) {
	var q *activities.Query
	var got activities.CheckResult
	err := workflow.ExecuteActivity(probe(ctx, QueueQuery, "check the SQL"), q.CheckSQL, in).Get(ctx, &got)
	return got, err
}

package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// TestModel tries a model from where questions are planned: only those workers
// have a route to models and can open their keys.
func TestModel(ctx workflow.Context, in activities.TestModelInput) (models.ModelReport, error) {
	var m *activities.Model
	var report models.ModelReport
	err := workflow.ExecuteActivity(probe(ctx, QueueModel, "try the model"), m.TestModel, in).Get(ctx, &report)
	return report, err
}

// Package planner turns a question in plain language into one SQL query over
// a catalog, or into a question back, or into a refusal that says what can be
// asked. The built-in planner needs no model and no network.
package planner

import (
	"context"

	"github.com/datamind/datamind/models"
)

// Planner plans a question. Implementations are safe for concurrent use; an
// error means that no verdict could be reached (a model was not available),
// never that the question was bad.
type Planner interface {
	// Name is shown on the page: "builtin" or the model's name.
	Name() string
	Plan(ctx context.Context, req models.PlanRequest) (models.Plan, error)
}

// MaxQuestion is how many bytes of a question are read.
const MaxQuestion = 4000

package planner

import (
	"context"
	"strings"

	"github.com/datamind/datamind/models"
)

type builtin struct{}

// NewBuiltin returns the planner that works by rules over the catalog alone:
// the same question over the same catalog gives the same plan.
func NewBuiltin() Planner { return builtin{} }

func (builtin) Name() string { return "builtin" }

func refuse(text string) models.Plan {
	return models.Plan{Status: models.PlanRefused, Text: text}
}

func (builtin) Plan(ctx context.Context, req models.PlanRequest) (plan models.Plan, err error) {
	if err := ctx.Err(); err != nil {
		return models.Plan{}, err
	}
	if req.Catalog == nil || len(req.Catalog.Tables) == 0 {
		return refuse("This connection has no tables that DataMind may read."), nil
	}
	if strings.TrimSpace(req.Question) == "" {
		return refuse("The question is empty. " + abilities(req.Catalog)), nil
	}
	return refuse("I could not tell what to look up. " + abilities(req.Catalog)), nil
}

func abilities(cat *models.Catalog) string {
	var names []string
	for _, t := range cat.Tables {
		if len(names) < 6 {
			names = append(names, t.Name)
		}
	}
	return "I can count, add up, average, rank, filter and group what is in the tables, for example " + strings.Join(names, ", ") + "."
}

package planner

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestQuestionsWhosePeriodMovesGoStale(t *testing.T) {
	t.Parallel()
	for question, stale := range map[string]bool{"revenue last month": true, "revenue this year": true, "orders in May": true, "revenue in 2025": false, "orders since 2025-03-01": false, "revenue by month": false} {
		require.Equal(t, stale, Stale(question, "SELECT 1 WHERE d >= '2026-10-01'", now), question)
		require.False(t, Stale(question, "SELECT 1 WHERE d >= date_trunc('month', CURRENT_DATE) AND d < '2999-01-01'", now), question)
	}
}

func TestNearQuestionsAreExamples(t *testing.T) {
	t.Parallel()
	verified := []models.VerifiedQuestion{{Question: "How many customers are there?", SQL: "A"}, {Question: "revenue by month of paid orders", SQL: "B"}, {Question: "revenue by month", SQL: "C"}, {Question: "tickets", SQL: "D"}}
	require.Equal(t, []models.Example{{Question: "revenue by month", SQL: "C"}, {Question: "revenue by month of paid orders", SQL: "B"}}, Near("Revenue by months?", verified))
	require.Empty(t, Near("", verified))
}

// What a person says was wrong is a follow-up that the built-in planner can
// take, or it says that it cannot: it does not give the same answer again.
func TestTheBuiltinPlannerTakesCorrections(t *testing.T) {
	t.Parallel()
	again := func(wrong string) models.Plan {
		before := ask(t, "How many orders are there?")
		p, err := NewBuiltin().Plan(context.Background(), models.PlanRequest{Question: "How many orders are there?", Catalog: shop(), Now: now,
			Correction: &models.Correction{Question: "How many orders are there?", SQL: before.SQL, Wrong: wrong}})
		require.NoError(t, err)
		return p
	}
	require.Contains(t, again("only paid ones").SQL, "status = 'paid'")
	require.Equal(t, models.PlanRefused, again("the number looks too high").Status)
	require.Equal(t, models.PlanRefused, again("").Status)
}

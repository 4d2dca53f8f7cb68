package planner

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMovingGoesOnAnsweringTheQuestion(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 14, 9, 0, 0, 0, time.UTC)
	for question, want := range map[string]string{
		"orders this year":              "d >= date_trunc('year', CURRENT_DATE)::date AND d < (date_trunc('year', CURRENT_DATE) + INTERVAL '1 year')::date",
		"orders last quarter":           "d >= (date_trunc('quarter', CURRENT_DATE) - INTERVAL '3 month')::date AND d < date_trunc('quarter', CURRENT_DATE)::date",
		"orders last week":              "d >= (date_trunc('week', CURRENT_DATE) - INTERVAL '1 week')::date AND d < date_trunc('week', CURRENT_DATE)::date",
		"orders in the last 12 months":  "d >= (CURRENT_DATE - INTERVAL '12 month')::date AND d < CURRENT_DATE + 1",
		"orders in the past three days": "d >= (CURRENT_DATE - INTERVAL '3 day')::date AND d < CURRENT_DATE + 1",
		"orders yesterday":              "d >= CURRENT_DATE - 1 AND d < CURRENT_DATE",
		"orders year to date":           "d >= date_trunc('year', CURRENT_DATE)::date AND d < CURRENT_DATE + 1",
	} {
		p, _ := findPeriod(question, now)
		require.NotNil(t, p, question)
		require.Equal(t, want, Moving(question, p.sql("d"), now), question)
	}
	fixed := "d >= '2025-01-01' AND d < '2026-01-01'"
	require.Equal(t, fixed, Moving("orders in 2025", fixed, now), "a period that stays")
	require.Equal(t, "d > '2020-02-02'", Moving("orders this year", "d > '2020-02-02'", now), "other dates")
}

func TestSubjectsOfASentence(t *testing.T) {
	t.Parallel()
	for about, want := range map[string]string{
		"Make me a dashboard about revenue and returns by region": "revenue|returns by region",
		"sales dashboard for orders, customers & refunds.":        "orders|customers|refunds",
		"Mach mir ein Dashboard über orders und customers":        "orders|customers",
		"revenue": "revenue", "how our orders": "our orders", "  ": "", "dashboard": "",
	} {
		require.Equal(t, want, strings.Join(subjects(about), "|"), about)
	}
}

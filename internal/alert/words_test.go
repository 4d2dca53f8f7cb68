package alert

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestUnderstand(t *testing.T) {
	t.Parallel()
	type c = models.AlertCondition
	for text, want := range map[string]Wish{
		"Tell me when refunds exceed 3 % of revenue in a week": {Question: "refunds in the last 7 days", Of: "revenue in the last 7 days",
			Condition: c{Kind: "threshold", Op: "above", Limit: 3, Unit: "%"}, Cron: "0 8 * * *"},
		"alert me if the number of orders today is below 1,000, every hour": {Question: "number of orders today",
			Condition: c{Kind: "threshold", Op: "below", Limit: 1000}, Cron: "0 * * * *"},
		"let me know when revenue drops by more than 20% compared to last week": {Question: "revenue in the last 7 days",
			Condition: c{Kind: "change", Op: "below", Limit: 20, Percent: true, Against: "weekday"}, Cron: "0 8 * * *"},
		"notify me when revenue this month grows by 10 percent against the same month last year": {Question: "revenue this month",
			Condition: c{Kind: "change", Op: "above", Limit: 10, Percent: true, Against: "month_year"}, Cron: "0 8 * * *"},
		"tell me when revenue today is unusual": {Question: "revenue today", Condition: c{Kind: "band", Op: "either", Limit: 4}, Cron: "0 8 * * *"},
		"warn us if refunds are unusually high": {Question: "refunds yesterday", Condition: c{Kind: "band", Op: "above", Limit: 4}, Cron: "0 8 * * *"},
		"tell me when revenue in any region falls below €5k": {Question: "revenue by region",
			Condition: c{Kind: "threshold", Op: "below", Limit: 5000, Unit: "€", Rows: "each"}, Cron: "0 8 * * *"},
		"tell me when there are no new orders for 2 hours": {Question: "latest orders", Condition: c{Kind: "freshness", Limit: 7200}, Cron: "*/15 * * * *"},
		"tell me when a new customer appears, daily":       {Question: "list customer", Condition: c{Kind: "rows", Change: "new"}, Cron: "0 8 * * *"},
		"tell me if a product disappears":                  {Question: "list product", Condition: c{Kind: "rows", Change: "missing"}, Cron: "0 8 * * *"},
		"tell me when revenue by region drops by 20 % against last week": {Question: "revenue by region in the last 7 days",
			Condition: c{Kind: "change", Op: "below", Limit: 20, Percent: true, Against: "weekday", Rows: "each"}, Cron: "0 8 * * *"},
		"tell me when the query fails":                {Condition: c{Kind: "failure"}, Cron: "0 8 * * *"},
		"open tickets reach 50, every 5 minutes":      {Question: "open tickets", Condition: c{Kind: "threshold", Op: "at_least", Limit: 50}, Cron: "*/5 * * * *"},
		"tell me when revenue changes by 1.5 million": {Question: "revenue", Condition: c{Kind: "change", Op: "either", Limit: 1.5e6, Against: "previous"}, Cron: "0 8 * * *"},
	} {
		got, ok := Understand(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
		require.NoError(t, Check(&got.Condition, &models.AlertRule{}), text)
	}
	for _, text := range []string{"", "hello", "tell me when", "tell me a joke", "tell me when it rains cats and dogs", "exceeds 3"} {
		_, ok := Understand(text)
		require.False(t, ok, text)
	}
}

func FuzzUnderstand(f *testing.F) {
	f.Add("tell me when refunds exceed 3 % of revenue in a week")
	f.Add("no new orders for 99999999999 weeks")
	f.Fuzz(func(t *testing.T, text string) {
		if w, ok := Understand(text); ok {
			require.NotPanics(t, func() { _ = Describe(&w.Condition) })
		}
	})
}

package planner

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func shopNotes() *models.Notes {
	return &models.Notes{
		Notes: []models.CatalogNote{{SchemaName: "public", TableName: "customers", Synonyms: []string{"Kunden", "accounts"}},
			{SchemaName: "public", TableName: "orders", ColumnName: "total", Synonyms: []string{"basket value", "Umsatz"}},
			{SchemaName: "public", TableName: "gone", Synonyms: []string{"ghosts"}}},
		Metrics: []models.Metric{{Name: "net revenue", SchemaName: "public", TableName: "orders", Qualified: "sum(orders.total) * 0.8", QualifiedFilter: "orders.status <> 'cancelled'"}},
		Terms: []models.GlossaryTerm{{Term: "big order", SchemaName: "public", TableName: "orders", Qualified: "orders.total > 500"},
			{Term: "VIP", SchemaName: "public", TableName: "customers", Qualified: "customers.country = 'France'"}},
	}
}

func TestNotesMeanWhatPeopleSay(t *testing.T) {
	t.Parallel()
	for q, want := range map[string][]string{
		"How many Kunden are there?":           {"count(*)", "FROM public.customers"},
		"How many accounts are in Germany?":    {"FROM public.customers", "country = 'Germany'"},
		"average basket value":                 {"avg(total)", "FROM public.orders"},
		"Umsatz by month":                      {"sum(total)", "date_trunc('month', ordered_at)"},
		"net revenue":                          {"sum(orders.total) * 0.8 AS net_revenue", "(orders.status <> 'cancelled')"},
		"net revenue by month this year":       {"sum(orders.total) * 0.8 AS net_revenue", "date_trunc('month', ordered_at)", "'2026-01-01'"},
		"net revenue by country":               {"customers.country", "JOIN public.customers", "GROUP BY"},
		"Top 5 customers by net revenue":       {"ORDER BY sum(orders.total) * 0.8 DESC", "LIMIT 5", "(orders.status <> 'cancelled')"},
		"What was the net revenue last month?": {"sum(orders.total) * 0.8", "'2026-10-01'"},
		"How many big orders are there?":       {"count(*)", "FROM public.orders", "(orders.total > 500)"},
		"How many VIPs are there?":             {"count(*)", "FROM public.customers", "(customers.country = 'France')"},
		"number of big orders by status":       {"status", "count(*)", "(orders.total > 500)"},
		"revenue by month this year":           {"sum(total)"},
	} {
		p, err := NewBuiltin().Plan(context.Background(), models.PlanRequest{Question: q, Catalog: shop(), Notes: shopNotes(), Now: now})
		require.NoError(t, err)
		require.Equal(t, models.PlanSQL, p.Status, "%s: %s", q, p.Text)
		for _, w := range want {
			require.Contains(t, p.SQL, w, q)
		}
		t.Log(q, "->", p.Understanding)
	}
	p, err := NewBuiltin().Plan(context.Background(), models.PlanRequest{Question: "How many ghosts are there?", Catalog: shop(), Notes: shopNotes(), Now: now})
	require.NoError(t, err)
	require.NotContains(t, p.SQL, "gone")
}

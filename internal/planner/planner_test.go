package planner

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func col(name, typ string, values ...string) models.CatalogColumn {
	return models.CatalogColumn{Name: name, Type: typ, Values: values}
}

func shop() *models.Catalog {
	fk := func(c, t string) models.ForeignKey {
		return models.ForeignKey{Columns: []string{c}, RefSchema: "public", RefTable: t, RefColumns: []string{"id"}}
	}
	tab := func(name string, fks []models.ForeignKey, cols ...models.CatalogColumn) models.Table {
		return models.Table{Schema: "public", Name: name, Kind: "table", Columns: append([]models.CatalogColumn{col("id", "integer")}, cols...), PrimaryKey: []string{"id"}, ForeignKeys: fks}
	}
	return &models.Catalog{Dialect: "postgres", Schemas: []string{"public"}, Tables: []models.Table{
		tab("categories", nil, col("name", "text", "Tents", "Skis")),
		tab("customers", nil, col("name", "text"), col("country", "text", "Germany", "France"), col("created_at", "timestamp with time zone")),
		tab("order_items", []models.ForeignKey{fk("order_id", "orders"), fk("product_id", "products")}, col("order_id", "integer"), col("product_id", "integer"), col("quantity", "integer"), col("line_total", "numeric(12,2)"),
			models.CatalogColumn{Name: "returned", Type: "boolean", Comment: "the share of true values is the return rate"}),
		tab("orders", []models.ForeignKey{fk("customer_id", "customers")}, col("customer_id", "integer"), col("status", "text", "paid", "cancelled"), col("total", "numeric(12,2)"), col("ordered_at", "timestamp with time zone")),
		tab("products", []models.ForeignKey{fk("category_id", "categories")}, col("name", "text"), col("category_id", "integer"), col("price", "numeric(12,2)")),
	}}
}

var now = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func ask(t *testing.T, q string, history ...string) models.Plan {
	t.Helper()
	var h []models.Turn
	for _, x := range history {
		h = append(h, models.Turn{Question: x})
	}
	p, err := NewBuiltin().Plan(context.Background(), models.PlanRequest{Question: q, Catalog: shop(), Now: now, History: h})
	require.NoError(t, err)
	return p
}

func TestPlans(t *testing.T) {
	t.Parallel()
	for q, want := range map[string][]string{
		"How many customers are there?":                  {"count(*)", "FROM public.customers"},
		"How many customers are in Germany?":             {"country = 'Germany'"},
		"revenue by month this year":                     {"sum(total)", "date_trunc('month', ordered_at)", "'2026-01-01'"},
		"Top 5 customers by revenue":                     {"sum(orders.total)", "JOIN public.customers", "LIMIT 5", "DESC"},
		"revenue by category":                            {"sum(order_items.line_total)", "categories.name"},
		"return rate by category":                        {"avg(order_items.returned::int)", "categories.name"},
		"average price of products":                      {"avg(price)"},
		"most expensive product":                         {"ORDER BY price DESC", "LIMIT 1"},
		"customers without orders":                       {"NOT IN (SELECT"},
		"Which customers have more than 5 orders?":       {"HAVING count(*) > 5", "GROUP BY"},
		"orders with total over 100 in the last 30 days": {"total > 100", "'2026-10-25'"},
		"average order value":                            {"avg(total)"},
		"How many orders were cancelled last month?":     {"status = 'cancelled'", "'2026-10-01'", "'2026-11-01'"},
		"how many products are there per category":       {"count(*)", "GROUP BY"},
		"which category has the highest average price?":  {"avg(products.price)", "LIMIT 1"},
		"list the products with price between 10 and 20": {"BETWEEN 10 AND 20"},
		"how many units were sold by product in 2025":    {"sum(order_items.quantity)", "'2025-01-01'"},
		"number of orders by status":                     {"status", "count(*)"},
		"Which customer has the most orders?":            {"count(*)", "LIMIT 1", "customers.name"},
	} {
		p := ask(t, q)
		require.Equal(t, models.PlanSQL, p.Status, "%s: %s", q, p.Text)
		for _, w := range want {
			require.Contains(t, p.SQL, w, q)
		}
		require.NotEmpty(t, p.Understanding)
	}
}

func TestFollowUps(t *testing.T) {
	t.Parallel()
	p := ask(t, "and by country?", "How many customers are there?")
	require.Contains(t, p.SQL, "country")
	require.Contains(t, p.SQL, "GROUP BY")
	p = ask(t, "what about last year", "revenue by month this year")
	require.Contains(t, p.SQL, "'2025-01-01'")
	require.NotContains(t, p.SQL, "'2027-01-01'")
	p = ask(t, "only paid ones", "How many orders are there?")
	require.Contains(t, p.SQL, "status = 'paid'")
}

func TestRefusesAndClarifies(t *testing.T) {
	t.Parallel()
	require.Equal(t, models.PlanRefused, ask(t, "delete all customers").Status)
	require.Equal(t, models.PlanRefused, ask(t, "what is the weather").Status)
	p := ask(t, "best customers")
	require.Equal(t, models.PlanClarify, p.Status)
	require.NotEmpty(t, p.Choices)
	for _, c := range p.Choices {
		r, err := NewBuiltin().Plan(context.Background(), models.PlanRequest{Question: "best customers", Catalog: shop(), Now: now, Clarifications: [][2]string{{p.Text, c}}})
		require.NoError(t, err)
		require.Equal(t, models.PlanSQL, r.Status, c)
	}
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	for _, q := range []string{"'; DROP TABLE customers; --", strings.Repeat("by ", 4000), strings.Repeat("top 5 customers by ", 300), "\x00\xff\xfe", "customers named \"O'Brien'; --\"", strings.Repeat("\"", 900), "most", "by", "between 1 and", "top", "İİİİ customers", "1 2 3 4 5", "how many", "average", "without"} {
		start := time.Now()
		require.NotPanics(t, func() { ask(t, q, q, q) }, q)
		require.Less(t, time.Since(start), 3*time.Second)
	}
	require.Contains(t, ask(t, `customers named "O'Brien"`).SQL, "'O''Brien'")
}

func FuzzPlan(f *testing.F) {
	f.Add("top 5 customers by revenue")
	s := newSchema(shop())
	f.Fuzz(func(_ *testing.T, q string) { plan(s, cap4000(q), now, false) })
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	qs := Suggest(shop())
	require.Len(t, qs, 3)
	for _, q := range qs {
		require.Equal(t, models.PlanSQL, ask(t, q).Status, q)
	}
	require.Empty(t, Suggest(nil))
}

func TestPlanLinesAnswersEachLine(t *testing.T) {
	t.Parallel()
	in := `{"id":"a","question":"how many customers"}` + "\nnot json\n\n" + `{"id":7,"question":"xyzzy"}`
	var out bytes.Buffer
	require.NoError(t, PlanLines(context.Background(), strings.NewReader(in), &out, shop(), NewBuiltin(), now))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 4)
	require.Contains(t, lines[0], `"id":"a","status":"sql"`)
	require.Contains(t, lines[3], `"id":7,"status":"refused"`)
}

func TestShow(t *testing.T) {
	if os.Getenv("SHOW") == "" {
		return
	}
	for _, q := range strings.Split(os.Getenv("SHOW"), "|") {
		p := ask(t, q)
		fmt.Println("##", q, "\n", p.Status, p.SQL, p.Text, "\n", p.Understanding)
	}
}

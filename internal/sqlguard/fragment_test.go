package sqlguard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFragments(t *testing.T) {
	t.Parallel()
	guard, err := New(shop(), Options{})
	require.NoError(t, err)
	for text, want := range map[string]string{
		"sum(total)": "sum(orders.total)",
		"count(*)":   "count(*)",
		"sum(total) / nullif(count(DISTINCT customer_id), 0)": "sum(orders.total) / nullif(count(DISTINCT orders.customer_id), 0)",
		`sum("total") FILTER (WHERE status = 'paid')`:         `sum(orders."total") FILTER (WHERE orders.status = 'paid')`,
		"sum(orders.total) - 1":                               "sum(orders.total) - 1",
	} {
		got, err := guard.CheckMetric("public", "orders", text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	got, err := guard.CheckCondition("public", "orders", " status = 'paid' AND total > 5 ")
	require.NoError(t, err)
	require.Equal(t, "orders.status = 'paid' AND orders.total > 5", got)
	for _, text := range []string{"total", "sum(total) FROM orders --", "sum(total)) FROM customers WHERE (1=1", "sum(total), 1", "sum(total) + id", "1", "",
		"sum((SELECT 1))", "sum(total) OVER ()", "purge()", "sum(nothing)", "sum(total); SELECT 1", "sum(total) /* x */", "sum(customers.id)", "sum(total)) AS (x", "sum(orders)"} {
		_, err := guard.CheckMetric("public", "orders", text)
		require.Error(t, err, text)
	}
	for _, text := range []string{"1=1) UNION SELECT (1", "status = 'paid'; SELECT 1", "sum(total) > 1", "EXISTS (SELECT 1)", "purge()", "status = {{x}}", "true) OR (true", "status = $1"} {
		_, err := guard.CheckCondition("public", "orders", text)
		require.Error(t, err, text)
	}
	_, err = guard.CheckCondition("public", "customers", "email = 'x'")
	require.Error(t, err, "hidden by policy")
}

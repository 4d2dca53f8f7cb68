package sqlguard

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

// keyedGuard guards the shop with a primary key of orders.
func keyedGuard(t *testing.T) *Guard {
	t.Helper()
	cat := shop()
	orders := &cat.Tables[2]
	orders.PrimaryKey, orders.Columns[0].Type, orders.Columns[4].Type = []string{"id"}, "bigint", "numeric(10,2)"
	guard, err := New(cat, Options{})
	require.NoError(t, err)
	return guard
}

func TestOnlyCertainOrdersAreUnique(t *testing.T) {
	t.Parallel()
	guard := keyedGuard(t)
	for sql, want := range map[string][]string{
		"SELECT * FROM orders":                                     {"id"},
		"SELECT o.* FROM orders o WHERE total > 5":                 {"id"},
		"SELECT total, o.id FROM public.orders AS o":               {"id"},
		"SELECT id AS \"Number\", round(total) FROM orders;":       {"Number"},
		"SELECT id, total * 2 AS twice, 'x' AS fixed FROM orders":  {"id"},
		"SELECT total FROM orders":                                 nil,
		"SELECT id, id FROM orders":                                nil,
		"SELECT *, total AS id FROM orders":                        nil,
		"SELECT id + 0 AS id FROM orders":                          nil,
		"SELECT id FROM orders ORDER BY total":                     nil,
		"SELECT id FROM orders LIMIT 5":                            nil,
		"SELECT DISTINCT id FROM orders":                           nil,
		"SELECT id FROM orders GROUP BY id":                        nil,
		"SELECT max(id) AS id FROM orders":                         nil,
		"SELECT id, row_number() OVER () FROM orders":              nil,
		"SELECT id, generate_series(1, 2) FROM orders":             nil,
		"SELECT id FROM orders UNION ALL SELECT id FROM orders":    nil,
		"SELECT o.id FROM orders o JOIN customers c ON true":       nil,
		"SELECT o.id FROM orders o, customers c":                   nil,
		"WITH x AS (SELECT id FROM orders) SELECT id FROM x":       nil,
		"SELECT id FROM (SELECT id FROM orders) o":                 nil,
		"SELECT id FROM orders TABLESAMPLE system (10)":            nil,
		"SELECT (SELECT max(id) FROM customers) AS id FROM orders": nil,
		"EXPLAIN SELECT id FROM orders":                            nil,
		"VALUES (1)":                                               nil,
	} {
		order := guard.UniqueOrder(sql, nil)
		if want == nil {
			require.Nil(t, order, sql)
			continue
		}
		require.NotNil(t, order, sql)
		require.Equal(t, want, order.Columns(), sql)
		for _, after := range [][]string{nil, {"17"}} {
			approved, err := guard.CheckOrdered(sql, nil, order, after)
			require.NoError(t, err, sql)
			require.Equal(t, after, approved.Values(), "the key travels beside the text")
			require.NotContains(t, approved.SQL(), "17")
		}
	}
}

func TestTheKeyGoesBesideTheQuerysOwnParameters(t *testing.T) {
	t.Parallel()
	guard := keyedGuard(t)
	args := []models.Argument{one("least", "number", "5")}
	sql := "SELECT id, total FROM orders WHERE total > {{least}} -- the large ones"
	order := guard.UniqueOrder(sql, args)
	require.NotNil(t, order)
	approved, err := guard.CheckOrdered(sql, args, order, []string{"'; DROP TABLE orders --"})
	require.NoError(t, err)
	require.Equal(t, []string{"5", "'; DROP TABLE orders --"}, approved.Values())
	require.Contains(t, approved.SQL(), `WHERE datamind_rows."id" > CAST($2::text AS int8)`)
	_, err = guard.CheckOrdered(sql, args, order, []string{"1", "2"})
	require.Error(t, err)
	_, err = guard.CheckOrdered("SELECT id FROM orders) x; DROP TABLE orders; SELECT (1", nil, order, nil)
	require.Error(t, err, "what does not stand by itself is not wrapped")
}

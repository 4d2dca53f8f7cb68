package sqlguard

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// multiplying are statements in which few bytes stand for many columns, or few
// columns for much searching.
func multiplying() map[string]string {
	repeat := func(n int, of func(i int) string, sep string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = of(i)
		}
		return strings.Join(parts, sep)
	}
	same := func(s string) func(int) string { return func(int) string { return s } }
	numbered := func(format string) func(int) string {
		return func(i int) string {
			return strings.NewReplacer("#", strconv.Itoa(i), "@", strconv.Itoa(i+1)).Replace(format)
		}
	}
	nested := func(depth int, star string) string {
		s := "SELECT * FROM orders"
		for i := range depth {
			s = fmt.Sprintf("SELECT %s FROM (%s) x%d", strings.ReplaceAll(star, "?", fmt.Sprint("x", i)), s, i)
		}
		return s
	}
	manyWide := "(SELECT " + repeat(500, numbered("1 w#"), ",") + ") "
	wide := "SELECT *,*,* FROM " + manyWide + "w"
	return map[string]string{
		"nested stars":          nested(7, repeat(12, same("*"), ",")),
		"nested qualified":      nested(7, repeat(12, same("?.*"), ",")),
		"nested rows":           nested(7, repeat(12, same("(?).*"), ",")),
		"with doubling":         "WITH c0 AS (SELECT * FROM orders)," + repeat(25, numbered("c@ AS (SELECT * FROM c# a, c# b)"), ",") + " SELECT 1",
		"with doubling by join": "WITH c0 AS (SELECT * FROM orders)," + repeat(25, numbered("c@ AS (SELECT * FROM c# a JOIN c# b ON true)"), ",") + " SELECT 1",
		"with renaming":         "WITH c0 AS (SELECT * FROM orders)," + repeat(25, numbered("c@(z) AS (SELECT a.*, b.* FROM c# a(y), c# b(y))"), ",") + " SELECT 1",
		"recursive doubling":    "WITH RECURSIVE c0 AS (SELECT * FROM orders)," + repeat(25, numbered("c@ AS (SELECT a.*, b.* FROM c# a, c# b UNION SELECT * FROM c@)"), ",") + " SELECT 1",
		"joined doubling":       "WITH c0 AS (SELECT * FROM orders)," + repeat(25, numbered("c@ AS (SELECT j.* FROM (c# a CROSS JOIN c# b) j)"), ",") + " SELECT 1",
		"natural joins":         "WITH w AS (TABLE orders) SELECT 1 FROM w" + repeat(99, numbered(" NATURAL JOIN w w#"), ""),
		"wide natural joins":    "SELECT 1 FROM " + manyWide + "w" + repeat(99, numbered(" NATURAL JOIN orders o#"), ""),
		"using":                 "SELECT 1 FROM orders o" + repeat(99, numbered(" JOIN orders o# USING (id, customer_id, total)"), ""),
		"wide left deep":        "WITH w AS " + manyWide + "SELECT 1 FROM w" + repeat(99, numbered(" CROSS JOIN w w#"), ""),
		"wide left deep, often": "WITH w AS " + manyWide + "SELECT " + repeat(40, same("(SELECT 1 FROM w a"+" CROSS JOIN w"+")"), ","),
		"set operations":        "WITH w AS " + manyWide + repeat(140, same("TABLE w"), " UNION ALL "),
		"functions":             "SELECT * FROM " + repeat(1700, same("unnest('{}')"), ","),
		"laterals":              "SELECT 1 FROM " + repeat(1500, same("LATERAL(SELECT 1)"), ","),
		"function arguments":    "SELECT 1 FROM unnest(" + repeat(12000, same("'{}'"), ",") + ")",
		"values":                "VALUES (" + repeat(15000, same("1"), ",") + ")",
		"many bare names":       "SELECT 1 FROM (" + wide + ") w WHERE 1 IN (" + repeat(4500, same("w499"), ",") + ")",
		"many whole rows":       "SELECT 1 FROM (" + wide + ") w WHERE 1 IN (" + repeat(4500, same("w"), ",") + ")",
		"many qualified names":  "SELECT 1 FROM (" + wide + ") w WHERE 1 IN (" + repeat(4500, same("w.w499"), ",") + ")",
		"many sort keys":        "SELECT 1 FROM (" + wide + ") w ORDER BY " + repeat(4500, same("w499"), ","),
		"outer names":           "SELECT 1 FROM (" + wide + ") w" + repeat(100, same(" WHERE EXISTS (SELECT 1 FROM orders"), "") + " WHERE 1 IN (" + repeat(3000, same("w499"), ",") + strings.Repeat(")", 101),
		"many items":            "SELECT 1 FROM " + repeat(1500, same("now() y"), ",") + " WHERE 1 IN (" + repeat(1500, same("y.y"), ",") + ")",
		"far names":             "SELECT 1 FROM (" + wide + ") w WHERE w4999 = 1",
		"long names":            "SELECT 1 FROM (SELECT 1 AS " + strings.Repeat("a", 30000) + ") w WHERE " + strings.Repeat("b", 30000) + " = 1",
		"unknown star":          "SELECT " + repeat(400, same("*"), ",") + " FROM orders",
	}
}

// What a check makes and looks at is bounded whatever a statement multiplies.
func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	guard := shopGuard(t)
	refused := 0
	for name, sql := range multiplying() {
		require.LessOrEqual(t, len(sql), maxLength, name)
		names, _, refusal := guard.ix.checkStatement(sql, 0)
		if refusal != nil {
			refused++
		}
		if names == nil { // refused before any name was looked at
			continue
		}
		require.LessOrEqual(t, names.columns, maxColumns+maxFromColumns, name)
		require.LessOrEqual(t, names.steps, maxSteps+2*maxFromColumns, name)
	}
	require.Positive(t, refused)
	for _, name := range []string{"nested stars", "nested qualified", "nested rows", "with doubling", "with doubling by join", "with renaming", "recursive doubling", "joined doubling", "wide left deep", "unknown star"} {
		_, err := guard.Check(multiplying()[name])
		var refusal *Refusal
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, CodeTooComplex, refusal.Code(), name)
	}
	for _, sql := range []string{
		"SELECT *, * FROM orders", "SELECT a.*, b.* FROM orders a, orders b", "WITH a AS (SELECT *, 1 AS one FROM orders), b AS (SELECT * FROM a x JOIN a y USING (id)) SELECT b.one FROM a b",
		"SELECT s.id FROM (SELECT * FROM (SELECT * FROM (SELECT * FROM orders) a) b) s NATURAL JOIN orders o", "TABLE orders UNION ALL TABLE orders UNION ALL TABLE orders",
		"SELECT 1 FROM orders" + strings.Repeat(" CROSS JOIN orders", 30),
	} {
		_, err := guard.Check(sql)
		require.NoError(t, err, sql)
	}
}

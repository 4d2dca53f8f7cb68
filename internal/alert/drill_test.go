package alert

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestOnlyPlainSumsAndCountsAreUnderstood(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]Query{
		`SELECT count(*) FROM orders`: {Value: "count(*)", Rest: "FROM orders"},
		`SELECT sum(o.total) AS revenue FROM shop.orders AS o WHERE o.at >= '2026-01-01';`:        {Value: "sum(o.total)", Rest: "FROM shop.orders AS o WHERE o.at >= '2026-01-01'"},
		`SELECT date_trunc('day', o.at) AS day, sum(o.total) FROM orders o GROUP BY 1 ORDER BY 1`: {Group: "date_trunc('day', o.at)", Value: "sum(o.total)", Rest: "FROM orders o"},
		`SELECT coalesce(sum(x), 0) FROM a JOIN b ON a.id = b.a_id`:                               {Value: "coalesce(sum(x), 0)", Rest: "FROM a JOIN b ON a.id = b.a_id"},
		`SELECT count(*) FROM t WHERE name = 'from ''here'' where' AND x IN (SELECT 1 FROM y)`:    {Value: "count(*)", Rest: "FROM t WHERE name = 'from ''here'' where' AND x IN (SELECT 1 FROM y)"},
	} {
		q, ok := ReadQuery(sql)
		require.True(t, ok, sql)
		q.from = nil
		require.Equal(t, want, q, sql)
	}
	for _, sql := range []string{"", "SELECT 1", "SELECT avg(x) FROM t", "SELECT count(DISTINCT x) FROM t", "SELECT sum(a), sum(b) FROM t", "WITH x AS (SELECT 1) SELECT count(*) FROM x",
		"SELECT count(*) FROM t UNION SELECT 1", "SELECT count(*) FROM (SELECT 1) s", "SELECT count(*) FROM t -- note", "SELECT count(*) FROM t WHERE x = $1",
		"SELECT a, b, sum(c) FROM t GROUP BY 1, 2", "SELECT sum(x) FROM t GROUP BY y", "SELECT a, sum(b) FROM t GROUP BY a HAVING sum(b) > 1",
		"SELECT count(*) FROM t WHERE x = {{name}}", "SELECT sum(a) OVER () FROM t", "SELECT 'open", `SELECT count(*) FROM t WHERE x = E'\''`, "SELECT count(*) FROM t, (SELECT 1) x", "SELECT count(*) FROM generate_series(1, 2)"} {
		q, ok := ReadQuery(sql)
		if ok { // a function in FROM is a table that no catalog has
			require.Empty(t, q.Dimensions(&models.Catalog{}), sql)
			continue
		}
		require.False(t, ok, sql)
	}
}

func TestAValueIsTakenApartByColumnsAndByNames(t *testing.T) {
	t.Parallel()
	cat := &models.Catalog{Schemas: []string{"public"}, Tables: []models.Table{
		{Schema: "public", Name: "orders", PrimaryKey: []string{"id"}, Columns: []models.CatalogColumn{{Name: "id", Type: "integer"}, {Name: "channel", Type: "text", Distinct: 3},
			{Name: "note", Type: "text", Distinct: 90000}, {Name: "gift", Type: "boolean"}, {Name: "total", Type: "numeric"}},
			ForeignKeys: []models.ForeignKey{{Columns: []string{"region_id"}, RefSchema: "public", RefTable: "regions", RefColumns: []string{"id"}}}},
		{Schema: "public", Name: "regions", Rows: 9, Columns: []models.CatalogColumn{{Name: "id", Type: "integer"}, {Name: "name", Type: "text"}}},
	}}
	q, ok := ReadQuery(`SELECT sum(o.total) FROM orders AS o WHERE o.total > 0`)
	require.True(t, ok)
	var got []string
	for _, d := range q.Dimensions(cat) {
		got = append(got, d.Name+": "+q.By(d))
	}
	require.Equal(t, []string{
		`channel: SELECT "o"."channel"::text AS part, sum(o.total) AS value FROM orders AS o WHERE o.total > 0 GROUP BY 1`,
		`gift: SELECT "o"."gift"::text AS part, sum(o.total) AS value FROM orders AS o WHERE o.total > 0 GROUP BY 1`,
		`region: SELECT "why_o_0"."name"::text AS part, sum(o.total) AS value FROM orders AS o LEFT JOIN "public"."regions" AS "why_o_0" ON "why_o_0"."id" = "o"."region_id" WHERE o.total > 0 GROUP BY 1`,
	}, got)
}

package sqlguard

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestNarrowedKeepsRowsOfAResult(t *testing.T) {
	t.Parallel()
	guard, err := New(shop(), Options{})
	require.NoError(t, err)
	equals := func(column string) models.Narrow {
		return models.Narrow{Column: column, How: models.LinkEquals, Parameter: "v", AsText: true}
	}
	args := []models.Argument{one("v", "text", "DE'; --", "FR")}
	for sql, want := range map[string]string{
		"SELECT country, count(*) AS n FROM customers GROUP BY country":                    "SELECT * FROM (\nSELECT country, count(*) AS n FROM customers GROUP BY country\n) AS tile WHERE CAST(tile.\"country\" AS text) IN ($1::text, $2::text)",
		"SELECT country FROM customers ; ":                                                 "SELECT * FROM (\nSELECT country FROM customers\n) AS tile WHERE CAST(tile.\"country\" AS text) IN ($1::text, $2::text)",
		"SELECT country FROM customers -- ) AS t; DROP TABLE customers":                    "SELECT * FROM (\nSELECT country FROM customers\n) AS tile WHERE CAST(tile.\"country\" AS text) IN ($1::text, $2::text)",
		"SELECT ';' AS x, country FROM customers /* ; */ ; -- e":                           "SELECT * FROM (\nSELECT ';' AS x, country FROM customers\n) AS tile WHERE CAST(tile.\"country\" AS text) IN ($1::text, $2::text)",
		"WITH c AS (SELECT country FROM customers LIMIT 3) SELECT country FROM c":          "SELECT * FROM (\nWITH c AS (SELECT country FROM customers LIMIT 3) SELECT country FROM c\n) AS tile WHERE CAST(tile.\"country\" AS text) IN ($1::text, $2::text)",
		"SELECT country FROM customers WHERE country > {{v}}":                              "",
		"SELECT country FROM customers UNION SELECT country FROM customers ORDER BY 1":     "SELECT * FROM (\nSELECT country FROM customers UNION SELECT country FROM customers ORDER BY 1\n) AS tile WHERE CAST(tile.\"country\" AS text) IN ($1::text, $2::text)",
		"SELECT E'\\'' || country AS country FROM customers WHERE country <> $q$ -- ; $q$": "SELECT * FROM (\nSELECT E'\\'' || country AS country FROM customers WHERE country <> $q$ -- ; $q$\n) AS tile WHERE CAST(tile.\"country\" AS text) IN ($1::text, $2::text)",
	} {
		got, err := guard.CheckNarrowed(sql, args, []models.Narrow{equals("country")})
		if want == "" { // a list where one value belongs
			require.Error(t, err, sql)
			continue
		}
		require.NoError(t, err, sql)
		require.Equal(t, want, got.SQL())
		require.Equal(t, args[0].Values, got.Values())
	}
	both, err := guard.Narrowed("SELECT id, total FROM orders WHERE total > {{n}}", []models.Argument{one("n", "number", "1"), one("m", "number", "9")},
		[]models.Narrow{{Column: "total", How: models.LinkFrom, Parameter: "n"}, {Column: "id", How: models.LinkUntil, Parameter: "m"}})
	require.NoError(t, err)
	require.Equal(t, "SELECT * FROM (\nSELECT id, total FROM orders WHERE total > {{n}}\n) AS tile WHERE tile.\"total\" >= ({{n}}) AND tile.\"id\" <= ({{m}})", both)
	same, err := guard.Narrowed("anything", nil, nil)
	require.NoError(t, err)
	require.Equal(t, "anything", same, "nothing to narrow: it is checked as it is")
}

func TestNarrowedRefuses(t *testing.T) {
	t.Parallel()
	guard, err := New(shop(), Options{})
	require.NoError(t, err)
	country := models.Narrow{Column: "country", How: models.LinkEquals, Parameter: "v", AsText: true}
	with := func(change func(*models.Narrow)) models.Narrow {
		n := country
		change(&n)
		return n
	}
	for name, c := range map[string]struct {
		sql    string
		narrow models.Narrow
		code   models.Code
	}{
		"a part of the rows":       {"SELECT country FROM customers LIMIT 3", country, CodeNarrow},
		"a part behind others":     {"SELECT country FROM customers OFFSET 3", country, CodeNarrow},
		"a part in standard SQL":   {"SELECT country FROM customers FETCH FIRST 3 ROWS ONLY", country, CodeNarrow},
		"an explanation":           {"EXPLAIN SELECT country FROM customers", country, CodeNarrow},
		"the same name twice":      {"SELECT country, country FROM customers", country, CodeNarrow},
		"a column that is missing": {"SELECT name FROM customers", country, CodeUnknownColumn},
		"a way out":                {"SELECT country FROM customers) AS tile; DROP TABLE customers; SELECT * FROM (SELECT 1", country, CodeParse},
		"two statements":           {"SELECT country FROM customers; SELECT 1", country, CodeMultipleStatements},
		"a write":                  {"DELETE FROM customers RETURNING country", country, CodeNotSelect},
		"another comparison":       {"SELECT country FROM customers", with(func(n *models.Narrow) { n.How = "= 1 OR 1 =" }), CodeNarrow},
		"a filter that only sets":  {"SELECT country FROM customers", with(func(n *models.Narrow) { n.How = models.LinkSets }), CodeNarrow},
		"a parameter with SQL":     {"SELECT country FROM customers", with(func(n *models.Narrow) { n.Parameter = "v}}) OR ({{v" }), CodeNarrow},
		"a parameter of nobody":    {"SELECT country FROM customers", with(func(n *models.Narrow) { n.Parameter = "w" }), CodeParameter},
		"a column with SQL":        {"SELECT country FROM customers", with(func(n *models.Narrow) { n.Column = `country" = 'x' OR "country` }), CodeUnknownColumn},
		"a column with a value":    {"SELECT country FROM customers", with(func(n *models.Narrow) { n.Column = "{{v}}" }), CodeParameter},
		"no column":                {"SELECT country FROM customers", with(func(n *models.Narrow) { n.Column = "" }), CodeNarrow},
	} {
		_, err := guard.CheckNarrowed(c.sql, []models.Argument{one("v", "text", "DE")}, []models.Narrow{c.narrow})
		require.Equal(t, c.code, models.ErrorCode(err), "%s: %v", name, err)
	}
}

// Whatever somebody writes as a filter's value or column, the text that is run
// has none of it but a quoted name.
func TestAttacksAsFilters(t *testing.T) {
	t.Parallel()
	guard, err := New(shop(), Options{})
	require.NoError(t, err)
	for _, attack := range attacks(t) {
		approved, err := guard.CheckNarrowed("SELECT country FROM customers", []models.Argument{one("v", "text", attack)},
			[]models.Narrow{{Column: "country", How: models.LinkEquals, Parameter: "v", AsText: true}})
		require.NoError(t, err)
		require.Equal(t, "SELECT * FROM (\nSELECT country FROM customers\n) AS tile WHERE CAST(tile.\"country\" AS text) IN ($1::text)", approved.SQL())
		require.Equal(t, []string{attack}, approved.Values())
		_, err = guard.CheckNarrowed("SELECT country FROM customers", []models.Argument{one("v", "text", "DE")},
			[]models.Narrow{{Column: attack, How: models.LinkEquals, Parameter: "v"}})
		require.Error(t, err, "as a column: %q", attack)
		_, err = guard.CheckNarrowed(attack, []models.Argument{one("v", "text", "DE")}, []models.Narrow{{Column: "country", How: models.LinkEquals, Parameter: "v"}})
		require.Error(t, err, "as the tile's SQL: %q", attack)
	}
}

// attacks are those of the corpus, with some that aim at the subquery.
func attacks(t *testing.T) []string {
	t.Helper()
	all := []string{"x') OR 1=1 --", `"; DROP TABLE customers; --`, "1) UNION SELECT pg_sleep(10) --", "SELECT 1) AS tile WHERE 1=1 --", "{{v}}", "$1", "\\'; --", "E'\\''"}
	for _, l := range readCorpus(t, "sql_attacks.jsonl") {
		all = append(all, l.SQL)
	}
	return all
}

package sqlguard_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

// hostile is a database whose functions raise an exception that begins with
// "RAN" when they run, and the guard of what discovery finds in it.
type hostile struct {
	t       *testing.T
	conn    *pgx.Conn
	guard   *sqlguard.Guard
	catalog *models.Catalog
}

// bomb is a function that must never run.
func bomb(signature, returns string) string {
	return "CREATE FUNCTION " + signature + " RETURNS " + returns + ` LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER AS $$ BEGIN RAISE EXCEPTION 'RAN ` + strings.ReplaceAll(signature, "'", "") + `'; END $$`
}

func newHostile(t *testing.T, schemas []string, statements ...string) *hostile {
	t.Helper()
	ctx := context.Background()
	dsn := testkit.Postgres(t)
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(ctx) })
	for _, s := range statements {
		_, err := conn.Exec(ctx, s)
		require.NoError(t, err, s)
	}
	if !strings.Contains(dsn, "?") {
		dsn += "?sslmode=disable"
	}
	config, err := connector.ParseDSN(dsn)
	require.NoError(t, err)
	config.Schemas, config.Purpose, config.Policy = schemas, "test", connector.Policy{AllowPrivate: true}
	c, err := connector.Open(ctx, config)
	require.NoError(t, err)
	defer c.Close()
	catalog, err := c.Discover(ctx)
	require.NoError(t, err)
	guard, err := sqlguard.New(catalog, sqlguard.Options{})
	require.NoError(t, err)
	for _, s := range sqlguard.PinnedSettings(catalog) {
		_, err := conn.Exec(ctx, "SELECT set_config($1, $2, false)", s.Name, s.Value)
		require.NoError(t, err)
	}
	return &hostile{t: t, conn: conn, guard: guard, catalog: catalog}
}

// attacks shows that each statement runs a function of the database, and that
// the guard refuses it.
func (h *hostile) attacks(statements ...string) {
	h.t.Helper()
	for _, sql := range statements {
		_, err := h.conn.Exec(context.Background(), sql)
		assert.ErrorContains(h.t, err, "RAN", "this is no attack: %s", sql)
	}
	h.refused(statements...)
}

func (h *hostile) refused(statements ...string) {
	h.t.Helper()
	for _, sql := range statements {
		_, err := h.guard.Check(sql)
		var refusal *sqlguard.Refusal
		assert.ErrorAs(h.t, err, &refusal, sql)
	}
}

// pass shows that each statement is let through and that PostgreSQL runs it.
func (h *hostile) pass(statements ...string) {
	h.t.Helper()
	for _, sql := range statements {
		approved, err := h.guard.Check(sql)
		if assert.NoError(h.t, err, sql) {
			_, err = h.conn.Exec(context.Background(), approved.SQL())
			assert.NoError(h.t, err, sql)
		}
	}
}

var shopTables = []string{
	"CREATE TABLE orders AS SELECT g AS id, g % 3 AS customer_id, g::numeric AS total, 'paid' AS status, ARRAY['a', 'b'] AS tags, now() AS placed FROM generate_series(1, 9) g",
	"CREATE TABLE employees AS SELECT g AS id, 'e' || g AS name, 1000 AS salary, 'x' AS positions FROM generate_series(1, 3) g",
	`CREATE TABLE documents AS SELECT 1 AS id, 'a text'::text AS body, to_tsvector('a text') AS words, '{"a": [1, 2]}'::jsonb AS data`,
}

// A column that only the guard sees is a call of the function of its name.
func TestNoFunctionIsCalledByAttribute(t *testing.T) {
	t.Parallel()
	h := newHostile(t, []string{"public"}, append(slices.Concat(shopTables, []string{"CREATE TYPE two AS (a int, b int)", "CREATE TYPE pairs AS RANGE (subtype = two)", "CREATE DOMAIN numbers AS int[]", "CREATE DOMAIN twos AS two[]"}), bomb("purge_row(o orders)", "int"), bomb("purge_any(o anyelement)", "int"), bomb("purge_rec(o record)", "int"),
		bomb("purge_json(j jsonb)", "int"), bomb(`"?column?"(o record)`, "int"), bomb("lexeme(o anyelement)", "int"), bomb("purge_two(o two)", "int"), bomb(`"coalesce"(o record)`, "int"),
		"CREATE TABLE ranges AS SELECT pairs(ROW(1, 2)::two, ROW(3, 4)::two) AS span, ARRAY[ROW(1, 2)::two] AS list, ROW(1, 2)::two AS pair, '{1,2}'::numbers AS numbers, ARRAY[ROW(1, 2)]::twos AS twos")...)
	h.attacks(
		"SELECT purge_row.purge_row FROM orders o, COALESCE(o, o) AS purge_row", "SELECT purge_row.purge_row FROM orders o, GREATEST(o, o) AS purge_row", "SELECT purge_row.purge_row FROM orders o, LEAST(o) AS purge_row",
		"SELECT purge_row.purge_row FROM orders o, NULLIF(o, NULL) AS purge_row", "SELECT purge_row.purge_row FROM (SELECT array_agg(o) a FROM orders o) s, unnest(s.a) AS purge_row",
		"SELECT purge_row.purge_row FROM (SELECT array_agg(o) FROM orders o) s(a), LATERAL unnest(trim_array(s.a, 1)) AS purge_row", "SELECT purge_row.purge_row FROM orders o, unnest(ARRAY[o]) AS purge_row",
		"SELECT purge_row.purge_row FROM unnest(ARRAY(SELECT o FROM orders o)) AS purge_row", "SELECT purge_row.purge_row FROM orders o, unnest(ARRAY[o] || ARRAY[o]) AS purge_row",
		"SELECT purge_row.purge_row FROM orders o, ROWS FROM (unnest(ARRAY[o])) AS purge_row", "SELECT purge_row.purge_row FROM orders o, LATERAL COALESCE((SELECT o)) AS purge_row",
		"SELECT purge_row.purge_row FROM (SELECT o AS v FROM orders o) s, COALESCE(s.v) AS purge_row", "WITH s AS (SELECT o AS v FROM orders o) SELECT purge_row.purge_row FROM s, COALESCE(s.v) AS purge_row",
		"WITH s(v) AS (SELECT 1 UNION ALL SELECT 2), t AS (SELECT NULL::int AS a, o AS b FROM orders o) SELECT purge_row.purge_row FROM t x(y, z), COALESCE(z) AS purge_row",
		"SELECT purge_row.purge_row FROM (orders o CROSS JOIN LATERAL COALESCE(o) AS purge_row)", "SELECT (purge_row).purge_row FROM orders o, COALESCE(o) AS purge_row",
		"SELECT purge_row.purge_row FROM orders o, COALESCE(CASE WHEN true THEN o END) AS purge_row",
		"SELECT purge_any.purge_any FROM unnest(ARRAY[1], ARRAY[2]) AS purge_any", "SELECT purge_rec.purge_rec FROM unnest(ARRAY[1], ARRAY[2]) AS purge_rec", "SELECT purge_rec.purge_rec FROM ROWS FROM (unnest(ARRAY[1], ARRAY[2])) AS purge_rec",
		"SELECT purge_rec.purge_rec FROM ROWS FROM (unnest(ARRAY[1]), generate_series(1, 2)) AS purge_rec", "SELECT purge_rec.purge_rec FROM documents, unnest(words) AS purge_rec",
		"SELECT purge_rec.purge_rec FROM documents, unnest(COALESCE(words, '')) AS purge_rec", "SELECT purge_rec.purge_rec FROM documents, unnest(words || words) AS purge_rec", "SELECT purge_rec.purge_rec FROM unnest(to_tsvector('word')) AS purge_rec",
		"SELECT purge_json.purge_json FROM CAST(jsonb_array_elements('[1]') AS jsonb) AS purge_json", "SELECT u.lexeme FROM unnest(ARRAY[1]) AS u", "SELECT lexeme.lexeme FROM ROWS FROM (unnest('{1}'::int[])) AS lexeme, generate_series(1, 2) AS g WHERE g.lexeme = 1",
		"SELECT purge_two.purge_two FROM ranges, lower(span) AS purge_two", "SELECT purge_two.purge_two FROM ranges, unnest(list) AS purge_two", "SELECT purge_two.purge_two FROM ranges, unnest(twos) AS purge_two", "SELECT purge_two.purge_two FROM ranges, COALESCE(pair) AS purge_two",
		"SELECT purge_two.purge_two FROM (SELECT upper(span) AS u FROM ranges) s, COALESCE(s.u) AS purge_two", "SELECT s.purge_rec FROM (SELECT 1) s", `SELECT s."?column?" FROM (SELECT 1 AS a) s`, "SELECT s.coalesce FROM (SELECT 1 AS a) s",
		"SELECT j.purge_rec FROM (orders o JOIN employees e ON true) AS j", "SELECT v.purge_rec FROM (VALUES (1)) v", "WITH c AS (SELECT 1) SELECT c.purge_rec FROM c", "SELECT u.purge_rec FROM orders JOIN employees USING (id) AS u",
	)
	for i := range h.catalog.Tables {
		for j := range h.catalog.Tables[i].Columns {
			c := &h.catalog.Tables[i].Columns[j]
			c.Masked = c.Name == "salary" || c.Name == "positions"
		}
	}
	masked, err := sqlguard.New(h.catalog, sqlguard.Options{})
	require.NoError(t, err)
	(&hostile{t: t, conn: h.conn, guard: masked}).refused( // PostgreSQL reads the outer column
		"SELECT (SELECT salary FROM unnest(ARRAY[1], ARRAY[2]) AS salary LIMIT 1) FROM employees", "SELECT (SELECT positions FROM unnest(to_tsvector(name) || '') AS u LIMIT 1) FROM employees",
		"SELECT purge_row FROM orders o, unnest(ARRAY[1]) AS purge_row")
	h.pass(
		"SELECT tag, count(*) FROM orders, unnest(tags) AS tag GROUP BY tag", "SELECT t.tag FROM orders o, unnest(o.tags) AS t(tag)", "SELECT u.u FROM unnest(ARRAY[1, 2]) u", "SELECT u.a, u.b FROM unnest(ARRAY[1], ARRAY['x']) AS u(a, b)",
		"SELECT u.unnest FROM unnest(ARRAY[1]) WITH ORDINALITY AS u(unnest, n)", "SELECT x.* FROM unnest(ARRAY[1], ARRAY[2]) x", "SELECT d FROM generate_series(1, 3) AS d", "SELECT d.d FROM generate_series(1, 3) AS d",
		"SELECT n.n FROM (SELECT array_agg(id) AS a FROM orders) s, unnest(s.a) AS n(n)", "SELECT w.positions FROM documents, unnest(words::tsvector) AS w", "SELECT lexeme FROM unnest(to_tsvector('a b')) w",
		"SELECT e.key, e.value FROM orders o, jsonb_each(to_jsonb(o)) AS e", "SELECT e.value FROM documents, jsonb_array_elements(data -> 'a') e", "SELECT k FROM orders o, jsonb_object_keys(to_jsonb(o)) AS k",
		"SELECT s.count, s.max FROM (SELECT count(*), max(id) FROM orders) s", "SELECT v.column1 FROM (VALUES (1)) v", "SELECT x FROM COALESCE(1, 2) AS x", "SELECT c.c FROM CAST('1' AS int) AS c", "SELECT w FROM documents, regexp_split_to_table(body, ' ') AS w",
		"SELECT n FROM orders, unnest(ARRAY[id, customer_id]) AS n", "SELECT n FROM unnest(ARRAY(SELECT id FROM orders)) AS n", "SELECT j.status FROM (orders o JOIN employees e USING (id)) AS j", "SELECT o FROM orders o", "SELECT to_jsonb(o), row_to_json(o) FROM orders o",
		"SELECT x.a FROM (SELECT array_agg(o) FROM orders o) s(l), json_to_recordset(array_to_json(s.l)) AS x(a int)", "SELECT (array_agg(o.total ORDER BY o.placed DESC))[1] FROM orders o",
	)
}

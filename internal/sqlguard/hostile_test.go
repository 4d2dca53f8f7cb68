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
		bomb("purge_json(j jsonb)", "int"), bomb("value(j jsonb)", "int"), bomb(`"?column?"(o record)`, "int"), bomb("lexeme(o anyelement)", "int"), bomb("purge_two(o two)", "int"), bomb(`"coalesce"(o record)`, "int"),
		"CREATE TABLE ranges AS SELECT pairs(ROW(1, 2)::two, ROW(3, 4)::two) AS span, ARRAY[ROW(1, 2)::two] AS list, ROW(1, 2)::two AS pair, '{1,2}'::numbers AS numbers, ARRAY[ROW(1, 2)]::twos AS twos")...)
	h.attacks(
		"SELECT purge_row.purge_row FROM orders o, COALESCE(o, o) AS purge_row", "SELECT purge_row.purge_row FROM orders o, GREATEST(o, o) AS purge_row", "SELECT purge_row.purge_row FROM orders o, LEAST(o) AS purge_row",
		"SELECT purge_row.purge_row FROM orders o, NULLIF(o, NULL) AS purge_row", "SELECT purge_row.purge_row FROM (SELECT array_agg(o) a FROM orders o) s, unnest(s.a) AS purge_row",
		"SELECT purge_row.purge_row FROM (SELECT array_agg(o) FROM orders o) s(a), LATERAL unnest(trim_array(s.a, 1)) AS purge_row", "SELECT purge_row.purge_row FROM orders o, unnest(ARRAY[o]) AS purge_row",
		"SELECT purge_row.purge_row FROM unnest(ARRAY(SELECT o FROM orders o)) AS purge_row", "SELECT purge_row.purge_row FROM orders o, unnest(ARRAY[o] || ARRAY[o]) AS purge_row",
		"SELECT purge_row.purge_row FROM orders o, ROWS FROM (unnest(ARRAY[o])) AS purge_row", "SELECT purge_row.purge_row FROM orders o, LATERAL COALESCE((SELECT o)) AS purge_row",
		"SELECT purge_row.purge_row FROM (SELECT o AS v FROM orders o) s, COALESCE(s.v) AS purge_row", "WITH s AS (SELECT o AS v FROM orders o) SELECT purge_row.purge_row FROM s, COALESCE(s.v) AS purge_row",
		"WITH t AS (SELECT NULL::int AS a, o AS b FROM orders o) SELECT purge_row.purge_row FROM t x(y, z), COALESCE(z) AS purge_row",
		"SELECT purge_row.purge_row FROM (orders o CROSS JOIN LATERAL COALESCE(o) AS purge_row)", "SELECT (purge_row).purge_row FROM orders o, COALESCE(o) AS purge_row",
		"SELECT purge_row.purge_row FROM orders o, COALESCE(CASE WHEN true THEN o END) AS purge_row",
		"SELECT purge_any.purge_any FROM unnest(ARRAY[1], ARRAY[2]) AS purge_any", "SELECT purge_rec.purge_rec FROM unnest(ARRAY[1], ARRAY[2]) AS purge_rec", "SELECT purge_rec.purge_rec FROM ROWS FROM (unnest(ARRAY[1], ARRAY[2])) AS purge_rec",
		"SELECT purge_rec.purge_rec FROM ROWS FROM (unnest(ARRAY[1]), generate_series(1, 2)) AS purge_rec", "SELECT purge_rec.purge_rec FROM documents, unnest(words) AS purge_rec",
		"SELECT purge_rec.purge_rec FROM documents, unnest(COALESCE(words, '')) AS purge_rec", "SELECT purge_rec.purge_rec FROM documents, unnest(words || words) AS purge_rec", "SELECT purge_rec.purge_rec FROM unnest(to_tsvector('word')) AS purge_rec",
		"SELECT purge_json.purge_json FROM CAST(jsonb_array_elements('[1]') AS jsonb) AS purge_json", "SELECT u.lexeme FROM unnest(ARRAY[1]) AS u", "SELECT purge_rec.purge_rec FROM documents, unnest(setweight(words, 'A')) AS purge_rec", "SELECT purge_rec.purge_rec FROM documents, unnest((SELECT max(w::text)::tsvector FROM (SELECT words w) s)) AS purge_rec", "SELECT lexeme.lexeme FROM ROWS FROM (unnest('{1}'::int[])) AS lexeme, generate_series(1, 2) AS g WHERE g.lexeme = 1",
		"SELECT purge_two.purge_two FROM ranges, lower(span) AS purge_two", "SELECT purge_two.purge_two FROM ranges, unnest(list) AS purge_two", "SELECT purge_two.purge_two FROM ranges, unnest(twos) AS purge_two", "SELECT purge_two.purge_two FROM ranges, COALESCE(pair) AS purge_two",
		"SELECT purge_two.purge_two FROM (SELECT upper(span) AS u FROM ranges) s, COALESCE(s.u) AS purge_two", "SELECT (t).purge_any FROM unnest(ARRAY[1]) AS t(purge_any)", "SELECT (t).purge_any FROM generate_series(1, 2) AS t(purge_any)", "SELECT (t).value FROM jsonb_array_elements('[1]') AS t", "SELECT (SELECT (t).value) FROM jsonb_array_elements('[1]') AS t", "SELECT s.purge_rec FROM (SELECT 1) s", `SELECT s."?column?" FROM (SELECT 1 AS a) s`, "SELECT s.coalesce FROM (SELECT 1 AS a) s",
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
		"SELECT e.key FROM orders o, jsonb_each(to_jsonb(o)) AS e", "SELECT value FROM documents, jsonb_array_elements(data -> 'a') e", "SELECT (e).key FROM orders o, jsonb_each(to_jsonb(o)) AS e", "SELECT (v).a, (s).b, (j).id FROM (VALUES (1)) v(a), (SELECT 2 AS b) s, (orders o CROSS JOIN documents d(no)) AS j", "SELECT k FROM orders o, jsonb_object_keys(to_jsonb(o)) AS k",
		"SELECT s.count, s.max FROM (SELECT count(*), max(id) FROM orders) s", "SELECT v.column1 FROM (VALUES (1)) v", "SELECT x FROM COALESCE(1, 2) AS x", "SELECT c.c FROM CAST('1' AS int) AS c", "SELECT w FROM documents, regexp_split_to_table(body, ' ') AS w",
		"SELECT n FROM orders, unnest(ARRAY[id, customer_id]) AS n", "SELECT n FROM unnest(ARRAY(SELECT id FROM orders)) AS n", "SELECT j.status FROM (orders o JOIN employees e USING (id)) AS j", "SELECT o FROM orders o", "SELECT to_jsonb(o), row_to_json(o) FROM orders o",
		"SELECT x.a FROM (SELECT array_agg(o) FROM orders o) s(l), json_to_recordset(array_to_json(s.l)) AS x(a int)", "SELECT (array_agg(o.total ORDER BY o.placed DESC))[1] FROM orders o",
	)
}

// A cast of a person's runs wherever a value of its type, or one that holds it,
// is turned into JSON or text.
func TestNoUserDefinedCastRuns(t *testing.T) {
	t.Parallel()
	h := newHostile(t, []string{"public"}, append(slices.Clone(shopTables), "CREATE TYPE mood AS ENUM ('sad', 'happy')", "CREATE TYPE floats AS RANGE (subtype = float8)", "CREATE TYPE size AS ENUM ('small', 'large')", bomb("mood_json(mood)", "json"), "CREATE CAST (mood AS json) WITH FUNCTION mood_json(mood)",
		bomb("mood_text(mood)", "text"), "CREATE CAST (mood AS text) WITH FUNCTION mood_text(mood)", "CREATE DOMAIN moods AS mood", "CREATE TYPE moody AS (m mood)", "CREATE TABLE lines AS SELECT 1 AS id", "CREATE TYPE span AS RANGE (subtype = mood)",
		bomb("to_mood(int)", "mood"), "CREATE CAST (int AS mood) WITH FUNCTION to_mood(int)", bomb("to_interval(int)", "interval"), "CREATE CAST (int AS interval) WITH FUNCTION to_interval(int)", bomb("to_size(json)", "size"), "CREATE CAST (json AS size) WITH FUNCTION to_size(json) AS ASSIGNMENT",
		bomb("line_json(lines)", "json"), "CREATE CAST (lines AS json) WITH FUNCTION line_json(lines)",
		"CREATE TABLE felt AS SELECT 1 AS id, 'sad'::mood AS m, 'sad'::moods AS d, ROW('sad')::moody AS c, ARRAY['sad'::mood] AS a, ARRAY[ROW('sad')::moody] AS ca, '[sad,happy]'::span AS r, 'large'::size AS size, '[1,2]'::floats AS fr, ARRAY['[1,2]'::floats] AS fra")...)
	h.attacks("SELECT to_json('happy'::mood)", "SELECT 'happy'::mood::text", "SELECT to_json(enum_range(NULL::mood))", "SELECT json_build_object('a', 'happy'::mood)", "SELECT row_to_json(s) FROM (SELECT 'happy'::mood m) s", "SELECT x.a::text FROM json_to_record('{\"a\":\"sad\"}') AS x(a mood)",
		"SELECT to_json(x) FROM json_to_recordset('[{\"a\":\"sad\"}]') AS x(a public.mood)", "SELECT to_json('{sad}'::mood[])", "SELECT jsonb_agg('sad'::mood)", "SELECT to_json(m) FROM felt", "SELECT to_json(d) FROM felt", "SELECT to_json(c) FROM felt", "SELECT to_json(a) FROM felt", "SELECT to_json(ca) FROM felt",
		"SELECT to_json(ARRAY[c]) FROM felt", "SELECT to_json(lower(r)) FROM felt", "SELECT row_to_json(f) FROM felt f", "SELECT 1::mood", "SELECT id::interval FROM felt", "SELECT 1::interval", "SELECT l::json FROM lines l")
	h.refused("SELECT m FROM felt", "SELECT id FROM felt WHERE m = 'sad'", "SELECT * FROM felt", "SELECT 'x'::moods", "SELECT 1::size::text::mood", "SELECT ARRAY[1]::mood[]")
	h.pass("SELECT 'large'::size, to_json('large'::size), enum_range(NULL::size)", "SELECT size, to_json(size), json_build_object('a', size) FROM felt WHERE size = 'large'", "SELECT x.a::text FROM json_to_record('{\"a\":\"large\"}') AS x(a size)",
		"SELECT now() - interval '1 day', '1 day'::interval, CAST('2 days' AS interval), NULL::interval", "SELECT placed + interval '1' day FROM orders WHERE placed >= now() - interval '30 days'", "SELECT to_json(o) FROM orders o", "SELECT id FROM lines l", "SELECT fr, upper(fr), fr && '[1,3]', to_json(fr), fra, coalesce(fr, '[0,1]') FROM felt", "SELECT u FROM felt, lower(fr) AS u", "SELECT DISTINCT fr FROM felt ORDER BY fr")
}

// The checks of a domain run when a literal is coerced to a type that holds it,
// which happens beside any value of such a type.
func TestNoDomainCheckRuns(t *testing.T) {
	t.Parallel()
	h := newHostile(t, []string{"public"}, append(slices.Clone(shopTables), `CREATE FUNCTION checked(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF $1 = 'ok' THEN RETURN true; END IF; RAISE EXCEPTION 'RAN checked'; END $$`,
		"CREATE DOMAIN ok AS text CHECK (checked(VALUE))", "CREATE DOMAIN oks AS ok", "CREATE DOMAIN ok_list AS ok[]", "CREATE TYPE ok_row AS (d ok)", "CREATE TYPE ok_range AS RANGE (subtype = ok)", "CREATE DOMAIN free AS text", "CREATE TYPE free_row AS (f free, n int)",
		"CREATE TABLE held AS SELECT 1 AS id, 'ok'::ok AS d, 'ok'::oks AS dd, ARRAY['ok'::ok] AS da, ARRAY['ok']::ok_list AS dl, ROW('ok')::ok_row AS dc, ARRAY[ROW('ok')::ok_row] AS dca, '[ok,ok]'::ok_range AS dr, 'x'::free AS f, ARRAY['x'::free] AS fa, ROW('x', 1)::free_row AS fc",
		"CREATE TABLE plain AS SELECT d, id FROM held", "CREATE VIEW seen AS SELECT d FROM held")...)
	h.attacks("SELECT da @> '{x}' FROM held", "SELECT da || '{x}' FROM held", "SELECT da = '{x}' FROM held", "SELECT coalesce(da, '{x}') FROM held", "SELECT CASE WHEN id = 1 THEN da ELSE '{x}' END FROM held", "SELECT nullif(da, '{x}') FROM held", "SELECT da FROM held UNION ALL SELECT '{x}'",
		"SELECT coalesce(dc, '(x)') FROM held", "SELECT dl || '{x}' FROM held", "SELECT coalesce(dca, '{(x)}') FROM held", "SELECT coalesce(dr, '[x,y]') FROM held", "SELECT dr = '[x,y]' FROM held", "SELECT greatest(da, '{x}') FROM held", "SELECT 1 FROM held WHERE da IN ('{x}')", "SELECT lag(da, 1, '{x}') OVER () FROM held",
		"SELECT ARRAY[d] || '{x}' FROM held", "SELECT array_agg(d) || '{x}' FROM held", "SELECT array_agg(dd) || '{x}' FROM held", "SELECT ARRAY(SELECT d FROM held) || '{x}'", "SELECT ARRAY[d] = '{x}' FROM (SELECT coalesce(d) AS d FROM held) s", "SELECT s.a || '{x}' FROM (SELECT array_agg(d) AS a FROM held) s", "WITH s(a) AS (SELECT ARRAY[d] FROM held) SELECT a || '{x}' FROM s",
		"SELECT ARRAY[t] || '{x}' FROM held, COALESCE(d) AS t(x)", "SELECT array_agg(t) || '{x}' FROM held, COALESCE(d) AS t(x)", "SELECT array_append(array_agg(d), 'x') FROM held", "SELECT lag(d, 1, 'x') OVER () FROM held", "SELECT coalesce(p, '(x,1)') FROM plain p", "SELECT ARRAY[p] || '{\"(x,1)\"}' FROM plain p", "SELECT array_agg(p) || '{\"(x,1)\"}' FROM plain p", "SELECT CASE WHEN true THEN p ELSE '(x,1)' END FROM plain p", "SELECT p FROM plain p UNION ALL SELECT '(x,1)'", "VALUES ((SELECT p FROM plain p)), ('(x,1)')",
		"SELECT lag(p, 1, '(x,1)') OVER () FROM plain p", "SELECT coalesce(s, '(x)') FROM seen s", "SELECT coalesce(s.*, '(x)') FROM seen s", "SELECT 'x'::ok", "SELECT * FROM json_to_record('{\"a\":\"x\"}') AS x(a ok)")
	h.refused("SELECT da FROM held", "SELECT * FROM held", "SELECT fc::ok_row FROM held")
	h.pass("SELECT id, d, dd FROM held WHERE d = 'x' OR d LIKE 'o%' OR d IN ('a', 'b')", "SELECT coalesce(d, 'x'), nullif(d, 'x'), CASE WHEN id = 1 THEN d ELSE 'x' END, d || 'x', greatest(d, 'x') FROM held", "SELECT d FROM held UNION ALL SELECT 'x'", "SELECT max(d), count(DISTINCT d), string_agg(d, ',') FROM held", "SELECT array_agg(d::text) || '{x}' FROM held",
		"SELECT f, fa, fc, fa || '{x}', coalesce(fa, '{x}'), array_agg(f) OVER () FROM held", "SELECT * FROM plain", "SELECT row_to_json(p), to_jsonb(p), jsonb_build_object('p', p) FROM plain p", "SELECT count(p), json_agg(p) FROM plain p", "SELECT p.* FROM plain p", "SELECT id FROM plain p WHERE p IS NOT NULL", "SELECT upper(d) FROM seen GROUP BY d ORDER BY d", "SELECT u FROM held, unnest(fa) AS u")
}

// An operator class of a person's compares and sorts its type, and whatever
// holds it, without any operator being written.
func TestNoOperatorClassRuns(t *testing.T) {
	t.Parallel()
	class := func(typ string) []string {
		statements := []string{bomb("cmp_"+typ+"("+typ+", "+typ+")", "int"), bomb("hash_"+typ+"("+typ+")", "int")}
		for i, op := range []string{"<", "<=", "=", ">=", ">"} {
			op = strings.Repeat(op, 3)[:3] + "&"
			if i%2 == 1 {
				op = strings.Repeat(op[:1], 2) + "=="
			}
			statements = append(statements, "CREATE FUNCTION op"+string(rune('a'+i))+"("+typ+", "+typ+") RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'RAN'; END $$", "CREATE OPERATOR "+op+" (LEFTARG = "+typ+", RIGHTARG = "+typ+", FUNCTION = op"+string(rune('a'+i))+")")
		}
		return append(statements, "CREATE OPERATOR CLASS "+typ+"_ops DEFAULT FOR TYPE "+typ+" USING btree AS OPERATOR 1 <<<&, OPERATOR 2 <<==, OPERATOR 3 ===&, OPERATOR 4 >>==, OPERATOR 5 >>>&, FUNCTION 1 cmp_"+typ+"("+typ+", "+typ+")")
	}
	statements := slices.Concat(shopTables, []string{"CREATE TYPE pt AS (a int, b int)", "CREATE TYPE free AS (a int, b int)"}, class("pt"), class("lines2"), class("json"), []string{"CREATE TYPE pts AS (p pt)", "CREATE DOMAIN ptd AS pt", "CREATE TYPE ptr AS RANGE (subtype = pt)",
		"CREATE TABLE points AS SELECT g AS id, ROW(g, 2)::pt AS p, ARRAY[ROW(g, 2)::pt] AS pa, ROW(ROW(g, 2))::pts AS pc, ROW(g, 2)::ptd AS pd, NULL::ptr AS pr, ROW(g, 2)::free AS f, ('{\"a\":' || g || '}')::json AS j, '{}'::jsonb AS jb FROM generate_series(1, 3) g"})
	statements = append(statements, "CREATE FUNCTION apart(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2'", "CREATE TYPE measured AS RANGE (subtype = float8, subtype_diff = apart)", "CREATE TYPE words", "CREATE FUNCTION words_in(cstring) RETURNS words LANGUAGE internal IMMUTABLE STRICT AS 'textin'",
		"CREATE FUNCTION words_out(words) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'", "CREATE TYPE words (INPUT = words_in, OUTPUT = words_out, LIKE = text)", "CREATE TABLE odd AS SELECT 1 AS id, '[1,2]'::measured AS a, 'x'::words AS b, ARRAY['x'::words] AS c")
	statements = slices.Insert(statements, len(shopTables), "CREATE TABLE lines2 AS SELECT g AS id FROM generate_series(1, 3) g")
	h := newHostile(t, []string{"public"}, statements...)
	h.attacks("SELECT DISTINCT p FROM points", "SELECT p FROM points ORDER BY p", "SELECT p FROM points UNION SELECT p FROM points", "SELECT count(DISTINCT p) FROM points", "SELECT greatest(p, p) FROM points", "SELECT p FROM points GROUP BY p", "SELECT row_number() OVER (ORDER BY p) FROM points", "SELECT array_agg(p ORDER BY p) FROM points",
		"SELECT DISTINCT pa FROM points", "SELECT pa < pa FROM points", "SELECT DISTINCT pc FROM points", "SELECT pc = pc FROM points", "SELECT DISTINCT pd FROM points", "SELECT ARRAY[p] = ARRAY[p] FROM points", "SELECT DISTINCT l FROM lines2 l", "SELECT l FROM lines2 l ORDER BY l", "SELECT count(DISTINCT l) FROM lines2 l",
		"SELECT DISTINCT j FROM points", "SELECT DISTINCT x FROM (VALUES ('{}'::json), ('[]')) v(x)", "SELECT DISTINCT to_json(id) FROM points")
	h.refused("SELECT a FROM odd", "SELECT b FROM odd", "SELECT o FROM odd o", "SELECT c FROM odd", "SELECT p FROM points", "SELECT ROW(p) < ROW(p) FROM points", "SELECT pr FROM points", "SELECT * FROM points")
	h.pass("SELECT id FROM odd", "SELECT DISTINCT f FROM points ORDER BY f", "SELECT f = f, count(DISTINCT f) FROM points GROUP BY f", "SELECT id, jb, to_jsonb(id) FROM points ORDER BY jb", "SELECT id FROM lines2 ORDER BY id", "SELECT DISTINCT o FROM orders o")
}

// A foreign table is also read through what it is a partition or a child of,
// and a bare name means the first relation of the search path, listed or not.
func TestNoForeignTableIsReadThroughItsParent(t *testing.T) {
	t.Parallel()
	h := newHostile(t, []string{"s1", "s2"}, "CREATE FOREIGN DATA WRAPPER nothing", "CREATE SERVER files FOREIGN DATA WRAPPER nothing", "CREATE SCHEMA s1", "CREATE SCHEMA s2",
		"CREATE TABLE s2.parted (n int, k text) PARTITION BY LIST (k)", "CREATE TABLE s2.parted_b PARTITION OF s2.parted FOR VALUES IN ('b') PARTITION BY LIST (k)", "CREATE FOREIGN TABLE s1.thing PARTITION OF s2.parted_b FOR VALUES IN ('b') SERVER files",
		"CREATE TABLE s2.parent (line text)", "CREATE TABLE s2.middle () INHERITS (s2.parent)", "CREATE FOREIGN TABLE s1.child () INHERITS (s2.middle) SERVER files",
		"CREATE TABLE s2.thing AS SELECT 1 AS n, 'x' AS k", "CREATE TABLE s2.clean (n int, k text) PARTITION BY LIST (k)", "CREATE TABLE s2.clean_a PARTITION OF s2.clean FOR VALUES IN ('a')", "CREATE TABLE s2.mother (line text)", "CREATE TABLE s2.daughter () INHERITS (s2.mother)",
		"CREATE TABLE s2.numbers AS SELECT 1 AS last_value", "CREATE SEQUENCE s1.numbers", "CREATE VIEW s2.seen AS SELECT line FROM s2.parent", "CREATE TABLE s2.other AS SELECT 1 AS n", "CREATE TABLE s1.other AS SELECT 1 AS n")
	h.refused("SELECT * FROM parted", "SELECT n FROM s2.parted", "SELECT * FROM parent", "SELECT line FROM ONLY parent", "SELECT line FROM middle", "SELECT * FROM s1.thing", "SELECT n FROM thing", "SELECT thing.n FROM thing", "SELECT last_value FROM numbers", "SELECT line FROM seen", "SELECT * FROM parted_b", "SELECT * FROM child")
	h.pass("SELECT n FROM s2.thing", "SELECT n, k FROM clean", "SELECT line FROM mother", "SELECT line FROM daughter", "SELECT last_value FROM s2.numbers", "SELECT n FROM other", "WITH thing AS (SELECT 1 AS n) SELECT n FROM thing")
}

// Columns that the role may not read count where names are given by position.
func TestNamesByPositionCountUnreadableColumns(t *testing.T) {
	t.Parallel()
	guard, err := sqlguard.New(&models.Catalog{Database: "d", Schemas: []string{"public"}, Traced: true, Tables: []models.Table{{Schema: "public", Name: "staff", Kind: "table",
		Columns: []models.CatalogColumn{{Name: "id", Type: "integer"}, {Name: "pay", Type: "integer", Masked: true}, {Name: "room", Type: "integer"}, {Name: "floor", Type: "integer"}},
		Denied:  []models.DeniedColumn{{Name: "ssn", Before: 1}, {Name: "last", Before: 4}}}}}, sqlguard.Options{})
	require.NoError(t, err)
	h := &hostile{t: t, guard: guard}
	h.refused("SELECT x.c FROM staff AS x(a, b, c)", "SELECT c FROM staff AS x(a, b, c)", "SELECT b FROM staff AS x(a, b)", "SELECT ssn FROM staff", "SELECT last FROM staff", "SELECT * FROM staff", "SELECT j.c FROM (staff s CROSS JOIN staff t) AS j(a, b, c)", "SELECT s FROM staff s")
	for _, sql := range []string{"SELECT a, d, e FROM staff AS x(a, b, c, d, e)", "SELECT id, room, floor FROM staff", "SELECT count(*) FROM staff"} {
		_, err := guard.Check(sql)
		require.NoError(t, err, sql)
	}
}

// The JSON syntax of newer versions calls functions of its names on older ones.
func TestJSONSyntaxIsNoCall(t *testing.T) {
	t.Parallel()
	statements := []string{"SELECT JSON_VALUE(data, '$.a') FROM documents", "SELECT JSON_QUERY(data, '$.a') FROM documents", "SELECT JSON_EXISTS(data, '$.a') FROM documents", "SELECT JSON_SCALAR(id) FROM documents", "SELECT JSON_SERIALIZE(data) FROM documents",
		"SELECT JSON_ARRAY(id, id) FROM documents", "SELECT JSON_ARRAYAGG(id) FROM documents", "SELECT JSON(body) FROM documents", "SELECT JSON_OBJECT(body, body) FROM documents", "SELECT 1 FROM documents WHERE JSON_EXISTS(data, '$.a')"}
	h := newHostile(t, []string{"public"}, append(slices.Clone(shopTables), bomb("json_value(jsonb, text)", "int"), bomb("json_query(jsonb, text)", "int"), bomb("json_exists(jsonb, text)", "bool"), bomb("json_scalar(anyelement)", "int"), bomb("json_serialize(jsonb)", "int"),
		bomb("json_array(int, int)", "int"), bomb("json_arrayagg(int)", "int"), bomb("json(text)", "int"), bomb("json_object(text, VARIADIC text[])", "int"))...)
	var major int
	require.NoError(t, h.conn.QueryRow(context.Background(), "SELECT current_setting('server_version_num')::int / 10000").Scan(&major))
	if major < 16 {
		h.attacks(statements[:8]...)
	}
	h.refused(statements[:8]...) // whatever the version: the names are taken
	h.refused(statements[9])
	if major < 16 {
		h.refused(statements[8])
	}
	h.pass("SELECT data ->> 'a', jsonb_path_query_first(data, '$.a'), jsonb_build_array(id, 1), json_build_object('a', id) FROM documents", "SELECT json_agg(id), to_json(id) FROM documents GROUP BY id")

	h.catalog.Routines = nil
	standard := append(statements[:8:8], statements[9], "SELECT JSON_OBJECT('a': id) FROM documents", "SELECT 1 FROM documents WHERE body IS JSON")
	for version, ok := range map[string]bool{"": false, "unknown": false, "9.6.1": false, "15.18 (Debian 15.18-0+deb12u1)": false, "16.4": false, "17.0": true, "18beta1": true} {
		h.catalog.ServerVersion = version
		guard, err := sqlguard.New(h.catalog, sqlguard.Options{})
		require.NoError(t, err)
		for _, sql := range standard {
			_, err := guard.Check(sql)
			since16 := version == "16.4" && (strings.Contains(sql, "JSON_ARRAY") || strings.Contains(sql, "JSON_OBJECT(") || strings.Contains(sql, "IS JSON"))
			require.Equal(t, ok || since16, err == nil, "%s %s: %v", version, sql, err)
		}
		_, err = guard.Check("SELECT JSON_OBJECT('{a,b}') FROM documents")
		require.NoError(t, err, "a function of every version")
	}
}

package connector

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

// database is a customer's database made by the given statements.
func database(t *testing.T, statements ...string) (Config, *pgx.Conn) {
	t.Helper()
	dsn := testkit.Postgres(t)
	admin, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	for _, s := range statements {
		_, err := admin.Exec(context.Background(), s)
		require.NoError(t, err, s)
	}
	config, err := ParseDSN(dsn + "?sslmode=disable")
	if strings.Contains(dsn, "?") {
		config, err = ParseDSN(dsn)
	}
	require.NoError(t, err)
	config.Schemas, config.Purpose, config.Policy = []string{"public"}, "test", Policy{AllowPrivate: true}
	return config, admin
}

func open(t *testing.T, config Config) Conn {
	t.Helper()
	conn, err := Open(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	return conn
}

// approve checks SQL against the catalog of the connection itself.
func approve(t *testing.T, conn Conn, sql string) sqlguard.Approved {
	t.Helper()
	catalog, err := conn.Discover(context.Background())
	require.NoError(t, err)
	guard, err := sqlguard.New(catalog, sqlguard.Options{})
	require.NoError(t, err)
	approved, err := guard.Check(sql)
	require.NoError(t, err)
	return approved
}

var limits = Limits{Timeout: 20 * time.Second, MaxRows: 1000, MaxBytes: 1 << 20}

func TestRunReadsEveryKindOfCell(t *testing.T) {
	t.Parallel()
	config, _ := database(t, `CREATE TABLE kinds AS SELECT true AS yes, 7::smallint AS small, 9007199254740993::bigint AS big, 12.50::numeric AS exact,
		'NaN'::numeric AS nan, 0.1::real AS single, 1e300::float8 AS double, 'text ✓'::text AS words, date '2026-02-28' AS day,
		timestamptz '2026-02-28 10:11:12.5+02' AS moment, timestamp '2026-02-28 10:11:12' AS wall, time '10:11' AS clock, '{"a": [1]}'::jsonb AS doc,
		ARRAY[1,2] AS list, NULL::int AS nothing, 'infinity'::timestamp AS never, '00000000-0000-0000-0000-000000000001'::uuid AS id`)
	conn := open(t, config)
	rows, err := conn.Run(context.Background(), approve(t, conn, "SELECT * FROM kinds"), limits)
	require.NoError(t, err)
	require.Equal(t, [][]any{{true, int64(7), json.Number("9007199254740993"), json.Number("12.50"), "NaN", json.Number("0.1"), 1e300, "text ✓",
		"2026-02-28", "2026-02-28T08:11:12.5Z", "2026-02-28T10:11:12", "10:11:00", `{"a": [1]}`, "{1,2}", nil, "infinity",
		"00000000-0000-0000-0000-000000000001"}}, rows.Rows)
	var types []string
	for _, c := range rows.Columns {
		types = append(types, c.Type)
	}
	require.Equal(t, strings.Fields("boolean integer integer number number number number text date timestamp timestamp time json other integer timestamp text"), types)
	_, err = json.Marshal(rows)
	require.NoError(t, err)
}

func TestADigitThatIsCutIsSaid(t *testing.T) {
	t.Parallel()
	config, _ := database(t, "CREATE TABLE large AS SELECT 10::numeric ^ 100000 AS n")
	conn := open(t, config)
	rows, err := conn.Run(context.Background(), approve(t, conn, "SELECT n FROM large"), limits)
	require.NoError(t, err)
	require.IsType(t, "", rows.Rows[0][0])
	require.Contains(t, rows.Rows[0][0], "(cut)")
}

func TestRunKeepsLimits(t *testing.T) {
	t.Parallel()
	config, _ := database(t, "CREATE TABLE many AS SELECT g AS n, repeat('x', 1000) AS pad FROM generate_series(1, 50000) g",
		"CREATE TABLE wide AS SELECT repeat('ü', 100000) AS text")
	conn := open(t, config)
	sql := approve(t, conn, "SELECT n, pad FROM many")

	rows, err := conn.Run(context.Background(), sql, limits)
	require.NoError(t, err)
	require.Len(t, rows.Rows, 1000)
	require.True(t, rows.Truncated)

	few := limits
	few.MaxBytes = 20_000
	rows, err = conn.Run(context.Background(), sql, few)
	require.NoError(t, err, "the session goes on after a query that was cut short")
	require.Len(t, rows.Rows, 19)
	require.True(t, rows.Truncated)

	rows, err = conn.Run(context.Background(), approve(t, conn, "SELECT text FROM wide"), limits)
	require.NoError(t, err)
	cell := rows.Rows[0][0].(string)
	require.LessOrEqual(t, len(cell), maxCell+len("… (cut)"))
	require.True(t, strings.HasSuffix(cell, "ü… (cut)"), cell[len(cell)-20:])

	few.MaxBytes = 1 << 10
	_, err = conn.Run(context.Background(), approve(t, conn, "SELECT text FROM wide"), few)
	require.Equal(t, models.CodeQueryTooLarge, models.ErrorCode(err))

	few = limits
	few.Timeout = 100 * time.Millisecond
	_, err = conn.Run(context.Background(), approve(t, conn, slowSQL), few)
	require.Equal(t, models.CodeQueryTimeout, models.ErrorCode(err), "%v", err)

	_, err = conn.Run(context.Background(), sql, Limits{})
	require.ErrorContains(t, err, "without limits")
}

// slowSQL runs for minutes on any machine.
const slowSQL = "SELECT count(*) FROM many a, many b, many c WHERE a.n + b.n + c.n = 7"

func running(t *testing.T, admin *pgx.Conn, pid uint32) bool {
	t.Helper()
	var n int
	require.NoError(t, admin.QueryRow(context.Background(), "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active'", int32(pid)).Scan(&n))
	return n > 0
}

func TestCancelReachesTheDatabase(t *testing.T) {
	t.Parallel()
	config, admin := database(t, "CREATE TABLE many AS SELECT g AS n FROM generate_series(1, 50000) g")
	conn := open(t, config)
	sql := approve(t, conn, slowSQL)
	pid := conn.(*postgres).conn.PgConn().PID()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for !running(t, admin, pid) {
		}
		cancel()
	}()
	_, err := conn.Run(ctx, sql, limits)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, running(t, admin, pid), "the query still runs after Stop")
}

func TestEndOthersEndsTheOrphanOnly(t *testing.T) {
	t.Parallel()
	config, admin := database(t, "CREATE TABLE many AS SELECT g AS n FROM generate_series(1, 50000) g")
	elsewhere := config
	elsewhere.Purpose = "another question"
	orphan, stranger, next := open(t, config), open(t, elsewhere), open(t, config)
	sql := approve(t, next, slowSQL)
	run := func(conn Conn) (pid uint32, ended chan error) {
		pid, ended = conn.(*postgres).conn.PgConn().PID(), make(chan error, 1)
		go func() {
			_, err := conn.Run(context.Background(), sql, limits)
			ended <- err
		}()
		for !running(t, admin, pid) {
		}
		return pid, ended
	}
	left, ended := run(orphan)
	other, otherEnded := run(stranger)
	require.NoError(t, next.EndOthers(context.Background()))
	require.False(t, running(t, admin, left))
	require.Equal(t, models.CodeConnection, models.ErrorCode(<-ended))
	require.True(t, running(t, admin, other), "another question's query goes on")
	require.NoError(t, next.EndOthers(context.Background()), "when there are none, too")
	_, err := admin.Exec(context.Background(), "SELECT pg_terminate_backend($1)", int32(other))
	require.NoError(t, err)
	require.Error(t, <-otherEnded)
}

func TestRunIsReadOnlyWithAPinnedPath(t *testing.T) {
	t.Parallel()
	config, admin := database(t, "CREATE TABLE t (n int)", "CREATE SCHEMA evil", "CREATE TABLE evil.t (n int)", "INSERT INTO evil.t VALUES (666)")
	_, err := admin.Exec(context.Background(), fmt.Sprintf("ALTER DATABASE %s SET search_path = evil, public", config.Database))
	require.NoError(t, err)
	conn := open(t, config)
	rows, err := conn.Run(context.Background(), approve(t, conn, "SELECT n FROM t"), limits)
	require.NoError(t, err)
	require.Empty(t, rows.Rows)
	// Below the guard, the transaction itself refuses to write.
	p := conn.(*postgres)
	err = p.begin(context.Background(), config.Schemas, time.Second)
	require.NoError(t, err)
	_, err = p.conn.Exec(context.Background(), "SET TRANSACTION READ WRITE")
	require.Error(t, err)
	p.rollback(context.Background())
}

func TestErrorsOfSQL(t *testing.T) {
	t.Parallel()
	config, _ := database(t, "CREATE TABLE t AS SELECT 0 AS n")
	conn := open(t, config)
	_, err := conn.Run(context.Background(), approve(t, conn, "SELECT 1 / n FROM t"), limits)
	require.Equal(t, models.CodeSQLError, models.ErrorCode(err))
	require.Contains(t, models.ErrorMessage(err), "division by zero")
	estimate, err := conn.Estimate(context.Background(), approve(t, conn, "SELECT n FROM t"))
	require.NoError(t, err)
	require.Positive(t, estimate.Cost)
}

type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}
func (*counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestDiscoverTakesAsManyQueriesForAThousandTablesAsForTen(t *testing.T) {
	t.Parallel()
	count := func(tables int) (int64, *models.Catalog) {
		config, _ := database(t, fmt.Sprintf(`DO $$ BEGIN FOR i IN 1..%d LOOP EXECUTE format('CREATE TABLE t%%s (id int PRIMARY KEY, other int, name text)', i); END LOOP; END $$`, tables))
		var queries counter
		config.trace = &queries
		catalog, err := open(t, config).Discover(context.Background())
		require.NoError(t, err)
		return queries.n.Load(), catalog
	}
	few, _ := count(10)
	many, catalog := count(1000)
	require.Equal(t, few, many)
	require.Len(t, catalog.Tables, 1000)
	require.Positive(t, few)
}

func TestDiscoverReadsStructureAndStatistics(t *testing.T) {
	t.Parallel()
	config, admin := database(t,
		"CREATE TYPE mood AS ENUM ('fine', 'bad')", "CREATE DOMAIN email AS text", "CREATE FUNCTION purge() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql AS 'SELECT $1 = $2'", "CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = same)",
		"CREATE SCHEMA sales", "CREATE SCHEMA hidden", "CREATE TABLE hidden.secrets (id int)",
		"CREATE TABLE customers (id int PRIMARY KEY, mail email UNIQUE, mood mood, tags text[], country text NOT NULL)",
		"COMMENT ON TABLE customers IS 'who buys'", "COMMENT ON COLUMN customers.country IS 'ISO code'",
		"CREATE TABLE sales.orders (id int PRIMARY KEY, customer_id int REFERENCES customers, placed date) PARTITION BY RANGE (id)",
		"CREATE TABLE sales.orders_1 PARTITION OF sales.orders FOR VALUES FROM (0) TO (1000)",
		"CREATE VIEW v AS SELECT country FROM customers",
		"INSERT INTO customers SELECT g, 'c' || g || '@example.org', 'fine', '{}', CASE WHEN g % 3 = 0 THEN 'DE' ELSE 'FR' END FROM generate_series(1, 300) g",
		"INSERT INTO sales.orders SELECT g, g, date '2026-01-01' + g FROM generate_series(1, 300) g", "ANALYZE",
		"CREATE TABLE unreadable (id int)", "CREATE TABLE partly (open int, closed int)")
	role := "reader_" + config.Database
	for _, s := range []string{"CREATE ROLE %[1]s LOGIN PASSWORD 'reader'", "GRANT USAGE ON SCHEMA public, sales TO %[1]s",
		"GRANT SELECT ON customers, v, sales.orders TO %[1]s", "GRANT SELECT (open) ON partly TO %[1]s"} {
		_, err := admin.Exec(context.Background(), fmt.Sprintf(s, role))
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		_, _ = admin.Exec(context.Background(), fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", role))
	})
	config.User, config.Password, config.Schemas = role, "reader", []string{"public", "sales", "gone"}
	catalog, err := open(t, config).Discover(context.Background())
	require.NoError(t, err)

	require.Equal(t, []string{"public", "sales"}, catalog.Schemas)
	var names []string
	tables := map[string]models.Table{}
	for _, table := range catalog.Tables {
		names = append(names, table.Schema+"."+table.Name+":"+table.Kind)
		tables[table.Name] = table
	}
	require.Equal(t, []string{"public.customers:table", "public.partly:table", "public.v:view", "sales.orders:partitioned"}, names)
	c := tables["customers"]
	require.Equal(t, "who buys", c.Comment)
	require.Equal(t, []string{"id"}, c.PrimaryKey)
	require.Equal(t, [][]string{{"mail"}}, c.Uniques)
	require.EqualValues(t, 300, c.Rows)
	require.Equal(t, []string{"FR", "DE"}, c.Columns[4].Values)
	require.Equal(t, "ISO code", c.Columns[4].Comment)
	require.False(t, c.Columns[4].Nullable)
	require.Equal(t, "domain", c.Columns[1].TypeKind)
	require.True(t, c.Columns[1].UserType)
	require.Equal(t, "enum", c.Columns[2].TypeKind)
	require.Equal(t, "text[]", c.Columns[3].Type)
	require.False(t, c.Columns[3].UserType)
	require.Equal(t, "1", c.Columns[0].Min)
	require.Equal(t, "300", c.Columns[0].Max)
	require.Len(t, tables["partly"].Columns, 1)
	require.Contains(t, tables["v"].Definition, "country")
	o := tables["orders"]
	require.Equal(t, "customers", o.ForeignKeys[0].RefTable)
	require.EqualValues(t, 300, o.Columns[0].Distinct)
	require.Contains(t, catalog.Routines, models.Routine{Schema: "public", Name: "purge"})
	require.Equal(t, []string{"###"}, catalog.Operators)
	require.Contains(t, catalog.Types, models.UserType{Schema: "public", Name: "mood", Kind: "enum"})

	again, err := open(t, config).Discover(context.Background())
	require.NoError(t, err)
	require.Equal(t, catalog.Fingerprint, again.Fingerprint)
	_, err = admin.Exec(context.Background(), "ALTER TABLE customers ADD COLUMN more int")
	require.NoError(t, err)
	_, err = admin.Exec(context.Background(), fmt.Sprintf("GRANT SELECT ON customers TO %s", role))
	require.NoError(t, err)
	changed, err := open(t, config).Discover(context.Background())
	require.NoError(t, err)
	require.NotEqual(t, catalog.Fingerprint, changed.Fingerprint)
}

func TestReportSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	config, admin := database(t, "CREATE TABLE t (n int)", "CREATE SCHEMA empty")
	role := "weak_" + config.Database
	_, err := admin.Exec(context.Background(), fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'right'", role))
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = admin.Exec(context.Background(), "DROP ROLE "+role) })
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	port := func(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

	for name, test := range map[string]struct {
		change func(*Config)
		code   models.Code
		says   string
	}{
		"host":     {func(c *Config) { c.Host = "nowhere.invalid" }, models.CodeHostUnknown, "nowhere.invalid"},
		"refused":  {func(c *Config) { c.Port = port(closed) }, models.CodeRefused, "Nothing listens"},
		"tls":      {func(c *Config) { c.TLSMode = models.TLSRequire }, models.CodeTLSMissing, "does not offer TLS"},
		"ca":       {func(c *Config) { c.TLSMode, c.TLSCA = models.TLSVerifyFull, "junk" }, models.CodeTLS, "PEM"},
		"password": {func(c *Config) { c.Password = "wrong" }, models.CodePassword, "password is wrong"},
		"database": {func(c *Config) { c.Database = "missing" }, models.CodeDatabaseMissing, `"missing"`},
		"schema":   {func(c *Config) { c.Schemas = []string{"gone"} }, models.CodeNoPermission, "gone"},
		"no table": {func(c *Config) { c.User, c.Password = role, "right" }, models.CodeNoPermission, "may read no table"},
		"address":  {func(c *Config) { c.Policy = Policy{} }, models.CodeAddressRefused, "private network"},
		"socket":   {func(c *Config) { c.Host = "/var/run/postgresql" }, models.CodeInvalid, "one name or IP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config
			test.change(&c)
			report := Test(context.Background(), c)
			require.False(t, report.OK)
			require.Equal(t, test.code, report.Code, report.Message)
			require.Contains(t, report.Message, test.says)
			require.NotContains(t, report.Message, "right")
		})
	}
	t.Run("silent", func(t *testing.T) {
		t.Parallel()
		c := config
		c.Port = port(silent)
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		require.Equal(t, models.CodeTimeout, Test(ctx, c).Code)
	})
	report := Test(context.Background(), config)
	require.True(t, report.OK, report.Message)
	require.Equal(t, 1, report.Tables)
	require.Contains(t, report.Warnings[0], "superuser")
	require.Contains(t, report.Schemas, "empty")
}

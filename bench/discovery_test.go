package bench

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/embedded"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

func TestDiscovery(t *testing.T) {
	if !*full {
		t.Skip("measures with -full only")
	}
	discovery(t, testkit.PostgresServer(t, durable...), 1000)
}

// discovery reads the structure of a database with our discovery and with
// pg_dump, in turns. Each opens its own connection; pg_dump is a process besides.
func discovery(t *testing.T, pg *embedded.Postgres, tables int) {
	require.NoError(t, exec0(t, pg.DSN("postgres"), "CREATE DATABASE large"))
	dsn := pg.DSN("large")
	require.NoError(t, exec0(t, dsn, largeSQL(tables)))
	config, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	var ours, theirs times
	var found *models.Catalog
	var dump []byte
	for i := range count(12, 1) {
		begun := time.Now()
		conn, err := connector.Open(t.Context(), connector.Config{Kind: models.KindPostgres, Host: config.Host, Port: int(config.Port), Database: "large",
			User: config.User, Password: config.Password, TLSMode: models.TLSDisable, Schemas: []string{"public"}, Purpose: "bench", Policy: connector.Policy{AllowPrivate: true}})
		require.NoError(t, err)
		found, err = conn.Discover(t.Context())
		require.NoError(t, err)
		conn.Close()
		took := time.Since(begun)
		begun = time.Now()
		dump, err = exec.CommandContext(t.Context(), program(t, "pg_dump"), "-s", "-d", dsn).Output()
		require.NoError(t, err)
		if i > 1 || !*full { // caches
			ours, theirs = append(ours, took), append(theirs, time.Since(begun))
		}
	}
	require.Len(t, found.Tables, tables+tables/20)
	out := table{name: "discovery", header: []string{fmt.Sprintf("%d tables of 12 columns, %d views, keys, comments", tables, tables/20), "p50", "p95", "of pg_dump"}}
	out.add("discovery", ours.p50(), ours.p95(), ratio(ours.p50(), theirs.p50()))
	out.add(fmt.Sprintf("pg_dump -s (%d KiB)", len(dump)>>10), theirs.p50(), theirs.p95(), 1.0)
	out.publish(t)
}

// largeSQL makes tables that refer to each other, with comments, some rows and
// their statistics, and a view on every twentieth.
func largeSQL(tables int) string {
	var b strings.Builder
	b.WriteString("CREATE TYPE state AS ENUM ('new', 'paid', 'sent', 'returned');\n")
	for i := range tables {
		name := fmt.Sprintf("table_%04d", i)
		fmt.Fprintf(&b, `CREATE TABLE %[1]s (id int PRIMARY KEY, code text NOT NULL UNIQUE, parent int REFERENCES table_%04[2]d, state state NOT NULL, name text,
	country text NOT NULL, amount numeric(12,2) NOT NULL, quantity int, weight float8, ordered_at date NOT NULL, changed_at timestamptz, note text);
COMMENT ON TABLE %[1]s IS 'What number %[3]d is about';
COMMENT ON COLUMN %[1]s.amount IS 'In euro, with tax';
INSERT INTO %[1]s SELECT n, 'c' || n, NULL, (ARRAY['new', 'paid', 'sent'])[1 + n %% 3]::state, 'Name ' || n, (ARRAY['France', 'Japan', 'Peru'])[1 + n %% 3],
	n * 1.5, n, n / 7.0, date '2026-01-01' + n, now(), 'note ' || n FROM generate_series(1, 30) n;
`, name, i/2, i)
		if i%20 == 0 {
			fmt.Fprintf(&b, "CREATE VIEW view_%04[1]d AS SELECT country, state, sum(amount) AS amount FROM table_%04[1]d GROUP BY 1, 2;\n", i)
		}
	}
	b.WriteString("ANALYZE;")
	return b.String()
}

// program is a program of PostgreSQL.
func program(t testing.TB, name string) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // a good pattern
	if len(found) > 0 {
		return found[len(found)-1] // on PATH there may be a script that looks for it
	}
	path, err := exec.LookPath(name)
	require.NoError(t, err)
	return path
}

func exec0(t testing.TB, dsn, sql string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.PgConn().Exec(t.Context(), sql).ReadAll()
	return err
}

package bench

import (
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/embedded"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/workflows"
)

// TestSize says what a question leaves behind.
func TestSize(t *testing.T) {
	if !*full {
		t.Skip("measures with -full only")
	}
	engine := testkit.PostgresServer(t, durable...)
	s := system.Start(t, system.Options{Model: true, Workers: layout, Rules: quick, Temporal: startEngine(t, engine), PlatformSettings: durable, CustomerSettings: durable})
	size(t, s, engine, 500)
}

// size compares the databases before and after questions. The engine's server
// is nil where others use it too.
func size(t *testing.T, s *system.System, engine *embedded.Postgres, questions int) {
	last := ask(t, s.Owner, "how many orders?").id
	before, engineBefore := tables(t, s.Platform.DSN("datamind")), int64(0)
	engineSize := func() (sum int64) {
		if engine != nil {
			for _, database := range []string{"temporal", "temporal_visibility"} {
				for _, bytes := range tables(t, engine.DSN(database)) {
					sum += bytes
				}
			}
		}
		return sum
	}
	engineBefore = engineSize()
	sideBySide(questions, 10, func(int) { ask(t, s.Owner, "how many orders?") })
	after := tables(t, s.Platform.DSN("datamind"))
	each := func(bytes int64) string { return fmt.Sprintf("%.1f KiB", float64(bytes)/float64(questions)/1024) }
	out := table{name: "size", header: []string{"what a question leaves", "each"}}
	var sum int64
	var names []string
	for name := range after {
		sum += after[name] - before[name]
		if after[name] > before[name] {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return int((after[b] - before[b]) - (after[a] - before[a])) })
	out.add("platform's database, indexes included", each(sum))
	for _, name := range names {
		out.add("– "+name, each(after[name]-before[name]))
	}
	if engine != nil {
		out.add("Temporal's databases, until the retention is over", each(engineSize()-engineBefore))
	}
	c, err := config.Load(s.Environ())
	require.NoError(t, err)
	client := dial(c)
	defer client.Close()
	events := history(t, client, workflows.AskID(last))
	run, err := client.DescribeWorkflowExecution(t.Context(), workflows.AskID(last), "")
	require.NoError(t, err)
	out.add("history: events", len(events))
	out.add("history: size", fmt.Sprintf("%.1f KiB", float64(run.GetWorkflowExecutionInfo().GetHistorySizeBytes())/1024))
	out.publish(t)
}

// tables are the sizes of a database's tables in bytes, with indexes and TOAST.
func tables(t testing.TB, dsn string) map[string]int64 {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), "SELECT relname::text, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
	require.NoError(t, err)
	sizes, name, bytes := map[string]int64{}, "", int64(0)
	_, err = pgx.ForEachRow(rows, []any{&name, &bytes}, func() error { sizes[name] = bytes; return nil })
	require.NoError(t, err)
	return sizes
}

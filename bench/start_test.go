package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/embedded"
	"github.com/datamind/datamind/internal/testkit"
)

// durable are the settings of an installation; tests do without.
var durable = []string{"fsync=on", "synchronous_commit=on", "full_page_writes=on"}

// measured starts a system for a measurement, as durable as an installation is,
// with a Temporal server of its own that is given args. Without -full the test
// is skipped: TestMeasurements runs its short form.
func measured(t testing.TB, o system.Options, args ...string) *system.System {
	t.Helper()
	if !*full {
		t.Skip("measures with -full only")
	}
	o.PlatformSettings, o.CustomerSettings = durable, durable
	o.Temporal = startEngine(t, testkit.PostgresServer(t, durable...), args...)
	return system.Start(t, o)
}

// startEngine starts a Temporal server and returns its address.
func startEngine(t testing.TB, pg *embedded.Postgres, args ...string) string {
	t.Helper()
	bin := testkit.Build(t, "temporal-dev")
	require.NoError(t, os.Setenv("PATH", filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH")))
	port, err := embedded.FreePort()
	require.NoError(t, err)
	server := &embedded.Temporal{Addr: fmt.Sprintf("127.0.0.1:%d", port), Postgres: pg, Args: args}
	require.NoError(t, server.Start(context.Background()))
	t.Cleanup(server.Kill)
	return server.Addr
}

// sideBySide runs f for each of n numbers, at most atOnce at a time.
func sideBySide(n, atOnce int, f func(i int)) {
	var all sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			f(i)
		})
	}
	all.Wait()
}

// memory is the resident memory of a process, in bytes.
func memory(t testing.TB, pid int) int64 {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(raw), "VmRSS:")
	require.True(t, ok)
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(t, err)
	return kib << 10
}

// number asks a database for one.
func number[T any](t testing.TB, dsn, sql string, args ...any) (n T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	require.NoError(t, conn.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

// Package testkit starts the real servers that tests run against.
package testkit

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/embedded"
)

var (
	shared     *embedded.Postgres
	sharedErr  error
	sharedOnce sync.Once
	databases  atomic.Int64
)

// Postgres returns the superuser's DSN of a fresh, empty database on a server
// that all tests of the process share. The server ends with the process.
func Postgres(t testing.TB) string {
	t.Helper()
	sharedOnce.Do(func() {
		var dir string
		if dir, sharedErr = serverDir("pg"); sharedErr != nil {
			return
		}
		shared = &embedded.Postgres{Dir: dir}
		sharedErr = shared.Start(context.Background())
	})
	require.NoError(t, sharedErr)
	return create(t, shared)
}

// PostgresServer returns a running server of the test's own, to stop, kill and
// start at will. It is stopped when the test ends.
func PostgresServer(t testing.TB, settings ...string) *embedded.Postgres {
	t.Helper()
	return PostgresServerLog(t, nil, settings...)
}

// PostgresServerLog is PostgresServer with somewhere for the server's log.
func PostgresServerLog(t testing.TB, log io.Writer, settings ...string) *embedded.Postgres {
	t.Helper()
	dir, err := emptyCluster.copy("pg", func(*embedded.Postgres) error { return nil })
	require.NoError(t, err)
	pg := &embedded.Postgres{Dir: dir, Settings: settings, Log: log}
	require.NoError(t, pg.Start(context.Background()))
	t.Cleanup(func() {
		pg.Kill()
		_ = os.RemoveAll(dir)
	})
	return pg
}

func create(t testing.TB, pg *embedded.Postgres) string {
	t.Helper()
	ctx := context.Background()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	conn, err := pgx.Connect(ctx, pg.DSN("postgres"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	require.NoError(t, err)
	return pg.DSN(name)
}

// Shared returns the path of a file of the shared corpora, and skips the test
// where they are not beside the project. DATAMIND_SHARED names another place.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("DATAMIND_SHARED")
	if root == "" {
		root = filepath.Join(Root(t), "..", "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared corpora are not here: %v", err)
	}
	return path
}

// Root returns the repository's root.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, dir, parent, "no go.mod above the test")
		dir = parent
	}
}

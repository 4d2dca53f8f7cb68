package testkit

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/datamind/datamind/internal/embedded"
)

var (
	temporal     *embedded.Temporal
	temporalErr  error
	temporalOnce sync.Once
	namespaces   atomic.Int64
)

// Temporal returns the address of a real Temporal server (namespace "default")
// that all tests of the process share. The program is built where it is missing.
func Temporal(t testing.TB) string {
	t.Helper()
	temporalOnce.Do(func() { temporalErr = startTemporal(t) })
	require.NoError(t, temporalErr)
	return temporal.Addr
}

// TemporalServer returns a running server of the test's own on a PostgreSQL of
// its own, with settings, to stop, kill and start at will. It is stopped when
// the test ends.
func TemporalServer(t testing.TB, settings ...string) *embedded.Temporal {
	t.Helper()
	findTemporal(t)
	dir, err := temporalCluster.copy("temporal", func(pg *embedded.Postgres) error {
		server, err := temporalOn(pg)
		if err != nil {
			return err
		}
		return server.Stop()
	})
	require.NoError(t, err)
	pg := &embedded.Postgres{Dir: dir, Settings: settings}
	require.NoError(t, pg.Start(context.Background()))
	t.Cleanup(func() {
		pg.Kill()
		_ = os.RemoveAll(dir)
	})
	server, err := temporalOn(pg)
	require.NoError(t, err)
	t.Cleanup(server.Kill)
	return server
}

// temporalOn starts a server on a PostgreSQL.
func temporalOn(pg *embedded.Postgres) (*embedded.Temporal, error) {
	port, err := embedded.FreePort()
	if err != nil {
		return nil, err
	}
	server := &embedded.Temporal{Addr: fmt.Sprintf("127.0.0.1:%d", port), Postgres: pg}
	return server, server.Start(context.Background())
}

// findTemporal puts the program, built where it is missing, where it is looked for.
func findTemporal(t testing.TB) {
	t.Helper()
	dir := filepath.Dir(Build(t, "temporal-dev"))
	path.Lock()
	defer path.Unlock()
	if list := os.Getenv("PATH"); !slices.Contains(filepath.SplitList(list), dir) {
		require.NoError(t, os.Setenv("PATH", dir+string(os.PathListSeparator)+list))
	}
}

// path guards the change of PATH.
var path sync.Mutex

func startTemporal(t testing.TB) error {
	findTemporal(t)
	dir, err := serverDir("temporal")
	if err != nil {
		return err
	}
	pg := &embedded.Postgres{Dir: dir}
	if err := pg.Start(context.Background()); err != nil {
		return err
	}
	temporal, err = temporalOn(pg)
	return err
}

// Build returns the path of a program below bin/, building it where it is
// missing or older than its sources.
func Build(t testing.TB, name string) string {
	t.Helper()
	root := Root(t)
	bin := filepath.Join(root, "bin", name)
	require.NoError(t, os.MkdirAll(filepath.Dir(bin), 0o755))
	lock := flock.New(filepath.Join(os.TempDir(), "datamind-build-"+name+".lock"))
	require.NoError(t, lock.Lock())
	defer func() { _ = lock.Unlock() }()
	cmd := exec.Command("make", "-C", root, "bin/"+name)
	// As if run by hand: not part of the make that may run the tests.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "MAKE") || strings.HasPrefix(pair, "MFLAGS=")
	})
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return bin
}

// Namespace makes a fresh namespace on a Temporal server and returns its name
// once it can be used.
func Namespace(t testing.TB, address string) string {
	t.Helper()
	name := fmt.Sprintf("test-%d", namespaces.Add(1))
	c, err := client.NewNamespaceClient(client.Options{HostPort: address})
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Register(t.Context(), &workflowservice.RegisterNamespaceRequest{Namespace: name,
		WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour)}))
	require.Eventually(t, func() bool {
		_, err := c.Describe(t.Context(), name)
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	return name
}

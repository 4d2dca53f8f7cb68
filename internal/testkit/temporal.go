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
	"testing"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/embedded"
)

var (
	temporal     *embedded.Temporal
	temporalErr  error
	temporalOnce sync.Once
)

// Temporal returns the address of a real Temporal server (namespace "default")
// that all tests of the process share. The program is built where it is missing.
func Temporal(t testing.TB) string {
	t.Helper()
	temporalOnce.Do(func() { temporalErr = startTemporal(t) })
	require.NoError(t, temporalErr)
	return temporal.Addr
}

func startTemporal(t testing.TB) error {
	bin := BuildTemporal(t)
	if err := os.Setenv("PATH", filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return err
	}
	dir, err := serverDir("temporal")
	if err != nil {
		return err
	}
	pg := &embedded.Postgres{Dir: dir}
	if err := pg.Start(context.Background()); err != nil {
		return err
	}
	port, err := embedded.FreePort()
	if err != nil {
		return err
	}
	temporal = &embedded.Temporal{Addr: fmt.Sprintf("127.0.0.1:%d", port), Postgres: pg}
	return temporal.Start(context.Background())
}

// BuildTemporal returns bin/temporal-dev, building it where it is missing or
// older than its sources.
func BuildTemporal(t testing.TB) string {
	t.Helper()
	root := Root(t)
	bin := filepath.Join(root, "bin", "temporal-dev")
	require.NoError(t, os.MkdirAll(filepath.Dir(bin), 0o755))
	lock := flock.New(bin + ".lock")
	require.NoError(t, lock.Lock())
	defer func() { _ = lock.Unlock() }()
	cmd := exec.Command("make", "-C", root, "bin/temporal-dev")
	// As if run by hand: not part of the make that may run the tests.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "MAKE") || strings.HasPrefix(pair, "MFLAGS=")
	})
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return bin
}

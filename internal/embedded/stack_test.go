package embedded_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/embedded"
)

// postmaster is the process of a stack's PostgreSQL.
func postmaster(t *testing.T, data string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(data, "postgres", "cluster", "postmaster.pid"))
	require.NoError(t, err)
	text, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(text)
	require.NoError(t, err)
	return pid
}

// The process's default logger is replaced, so it runs alone.
func TestAServerThatIsKilledIsToldOf(t *testing.T) {
	var logged bytes.Buffer // read when the stack has reported and closed only
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	// As root, PostgreSQL runs as another user, who cannot enter t.TempDir().
	parent, err := os.MkdirTemp("", "datamind-stack-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	require.NoError(t, os.Chmod(parent, 0o755))
	o := embedded.Options{DataDir: filepath.Join(parent, "data"), TemporalAddr: "127.0.0.1:1"} // nothing there is called
	log := filepath.Join(o.DataDir, "log", "postgres.log")
	start := func() *embedded.Stack {
		s, err := embedded.Start(t.Context(), o)
		require.NoError(t, err)
		t.Cleanup(s.Close)
		require.NoError(t, s.StartTemporal(t.Context()))
		return s
	}

	require.False(t, embedded.Running(o.DataDir), "there is no such directory yet")
	s := start()
	require.True(t, embedded.Running(o.DataDir))
	require.NoError(t, syscall.Kill(postmaster(t, o.DataDir), syscall.SIGKILL))
	<-s.Failed
	require.ErrorContains(t, s.Err, "PostgreSQL was killed (signal: killed); was the machine out of memory?")
	require.ErrorContains(t, s.Err, log)
	s.Close()
	require.False(t, embedded.Running(o.DataDir))
	require.Contains(t, logged.String(), "signal: killed")
	first, err := os.ReadFile(log)
	require.NoError(t, err)
	require.NotEmpty(t, first)

	s = start()
	kept, err := os.ReadFile(log + ".1")
	require.NoError(t, err)
	require.Equal(t, string(first), string(kept), "the log of the run before stays")
	require.NoError(t, syscall.Kill(postmaster(t, o.DataDir), syscall.SIGINT))
	<-s.Failed
	require.ErrorContains(t, s.Err, "PostgreSQL has stopped (exit status 0)")
	s.Close()

	logged.Reset()
	s = start()
	s.Close()
	require.Empty(t, logged.String(), "a stack that shall end has not failed")
	require.NoError(t, s.Err)
}

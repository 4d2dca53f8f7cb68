package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A process of tests that is killed leaves neither a server nor its files.
func TestNothingOutlastsTheTests(t *testing.T) {
	t.Parallel()
	if os.Getenv("TESTKIT_CHILD") != "" {
		Postgres(t)
		dir := shared.Dir
		raw, err := os.ReadFile(filepath.Join(dir, "cluster", "postmaster.pid"))
		require.NoError(t, err)
		pid, _, _ := strings.Cut(string(raw), "\n")
		require.NoError(t, os.WriteFile(os.Getenv("TESTKIT_CHILD"), []byte(pid+" "+dir), 0o600))
		require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGKILL))
		select {}
	}
	report := filepath.Join(t.TempDir(), "report")
	cmd := exec.Command(os.Args[0], "-test.run", "^TestNothingOutlastsTheTests$")
	cmd.Env = append(os.Environ(), "TESTKIT_CHILD="+report)
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "it kills itself")
	raw, err := os.ReadFile(report)
	require.NoError(t, err, string(out))
	text, dir, _ := strings.Cut(string(raw), " ")
	pid, err := strconv.Atoi(text)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err) && syscall.Kill(pid, 0) != nil
	}, 20*time.Second, 50*time.Millisecond)
}

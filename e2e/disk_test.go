//go:build linux

package e2e

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
)

// A full disk under one table of the platform's database is seen by a write of
// the doctor's, of which nothing stays.
func TestDoctorSeesAFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a disk to fill")
	}
	s := system.Start(t, system.Options{})
	_, all := doctor(t, s)
	require.True(t, all["database writes"].OK, all["database writes"])

	dir := filepath.Join(s.Platform.Dir, "disk")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=755"))
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	space := filepath.Join(dir, "space")
	require.NoError(t, os.Mkdir(space, 0o700))
	info, err := os.Stat(filepath.Join(s.Platform.Dir, "cluster"))
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	require.NoError(t, os.Chown(space, int(owner.Uid), int(owner.Gid)))
	execPlatform(t, s, "CREATE TABLESPACE small LOCATION '"+space+"'")
	execPlatform(t, s, "ALTER TABLE orgs SET TABLESPACE small")
	_, all = doctor(t, s)
	require.True(t, all["database writes"].OK, all["database writes"])

	noise := make([]byte, 1<<20)
	_, _ = rand.Read(noise) // never fails
	require.True(t, errors.Is(os.WriteFile(filepath.Join(dir, "noise"), noise, 0o600), syscall.ENOSPC))
	code, all := doctor(t, s)
	require.Equal(t, 1, code)
	require.Contains(t, all["database writes"].Detail, "no space left on its disk")
	require.Contains(t, all["database writes"].Fix, "more disk")
	require.NoError(t, os.Remove(filepath.Join(dir, "noise")))
	_, all = doctor(t, s)
	require.True(t, all["database writes"].OK, all["database writes"])
}

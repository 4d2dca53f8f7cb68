package chaos

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The disk under the results runs full, and is given room again. The results
// live on a file system of their own, a small one in memory, which takes root.
func TestDiskFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a disk to fill")
	}
	fault{name: "disk full under the results", outage: time.Minute, body: func(r *repetition) {
		d := r.newDisk()
		defer d.remove()
		said := func() int { return strings.Count(r.worker("query", 0).Log(), "no space left on its disk") }
		before := said()
		r.throughout(d.fill, func() {
			r.ask(plain)
			r.eventually("the worker says what is full", func() bool { return said() > before })
		}, d.empty)
		for _, q := range r.questions {
			r.await(q)
		}
	}}.run(t)
}

// disk is a small file system that holds the table of results.
type disk struct {
	r   *repetition
	dir string
}

func (r *repetition) newDisk() *disk {
	d := &disk{r: r, dir: filepath.Join(r.Platform.Dir, "disk")}
	space := filepath.Join(d.dir, "space")
	require.NoError(r.t, os.MkdirAll(d.dir, 0o755))
	require.NoError(r.t, syscall.Mount("tmpfs", d.dir, "tmpfs", 0, "size=8m,mode=755"))
	r.host.Cleanup(func() { _ = syscall.Unmount(d.dir, syscall.MNT_DETACH) }) // gone already when all went well
	require.NoError(r.t, os.Mkdir(space, 0o700))
	info, err := os.Stat(filepath.Join(r.Platform.Dir, "cluster"))
	require.NoError(r.t, err)
	owner := info.Sys().(*syscall.Stat_t)
	require.NoError(r.t, os.Chown(space, int(owner.Uid), int(owner.Gid)))
	// Rows that fill a page each, in pages that take no second one: none finds
	// room in a page that is there already.
	r.onPlatform("CREATE TABLESPACE small LOCATION '"+space+"'", "ALTER TABLE results SET TABLESPACE small", "ALTER TABLE results SET (fillfactor = 10)",
		"ALTER TABLE results ADD COLUMN padding text DEFAULT repeat('x', 7000)", "ALTER TABLE results ALTER COLUMN padding SET STORAGE PLAIN")
	return d
}

func (r *repetition) onPlatform(statements ...string) {
	r.t.Helper()
	for _, sql := range statements {
		_, err := r.platform.Exec(r.ctx, sql)
		require.NoError(r.t, err, sql)
	}
}

func (d *disk) filler() string { return filepath.Join(d.dir, "filler") }

// fill writes until there is no room.
func (d *disk) fill() {
	f, err := os.Create(d.filler())
	require.NoError(d.r.t, err)
	defer func() { _ = f.Close() }()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	require.True(d.r.t, errors.Is(err, syscall.ENOSPC), err)
}

func (d *disk) empty() { require.NoError(d.r.t, os.Remove(d.filler())) }

func (d *disk) remove() {
	d.r.onPlatform("ALTER TABLE results DROP COLUMN padding", "ALTER TABLE results RESET (fillfactor)", "ALTER TABLE results SET TABLESPACE pg_default", "DROP TABLESPACE small")
	_ = syscall.Unmount(d.dir, syscall.MNT_DETACH)
}

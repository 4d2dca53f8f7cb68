package chaos

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/embedded"
)

// Temporal is killed, and is back after a while: questions are taken meanwhile.
func TestTemporalStops(t *testing.T) {
	fault{name: "Temporal stopped", outage: time.Minute, body: func(r *repetition) {
		r.throughout(r.OwnTemporal.Kill, nil, func() { require.NoError(r.t, r.OwnTemporal.Start(context.Background())) })
	}}.run(t)
}

// A database of the platform crashes under load, and starts from its log.
func TestPlatformDatabaseCrashes(t *testing.T) {
	for name, server := range map[string]func(*repetition) *embedded.Postgres{
		"the platform's": func(r *repetition) *embedded.Postgres { return r.Platform },
		"Temporal's":     func(r *repetition) *embedded.Postgres { return r.OwnTemporal.Postgres },
	} {
		t.Run(name, func(t *testing.T) {
			fault{name: name + " PostgreSQL: immediate stop", outage: time.Minute, body: func(r *repetition) {
				pg := server(r)
				r.throughout(func() { immediate(r, pg) }, nil, func() {
					require.NoError(r.t, pg.Start(context.Background()))
					r.platform.Reset()
					r.engine.Reset()
				})
			}}.run(t)
		})
	}
}

// immediate stops a server as "pg_ctl stop -m immediate" does: without a
// checkpoint, and with all that was not committed lost.
func immediate(r *repetition, pg *embedded.Postgres) {
	raw, err := os.ReadFile(filepath.Join(pg.Dir, "cluster", "postmaster.pid"))
	require.NoError(r.t, err)
	first, _, _ := bytes.Cut(raw, []byte("\n"))
	pid, err := strconv.Atoi(string(first))
	require.NoError(r.t, err)
	require.NoError(r.t, syscall.Kill(pid, syscall.SIGQUIT))
	<-pg.Done()
}

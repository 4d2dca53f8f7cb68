package bench

import (
	"testing"

	"github.com/datamind/datamind/e2e/system"
)

// start starts a system that is as durable as an installation is.
func start(t testing.TB, o system.Options) *system.System {
	t.Helper()
	if *full {
		o.PostgresSettings = append(o.PostgresSettings, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
	}
	return system.Start(t, o)
}

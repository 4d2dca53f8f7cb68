package testkit

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
)

// Redis returns the URL of a Redis server of the test's own.
func Redis(t testing.TB) string {
	t.Helper()
	return "redis://" + miniredis.RunT(t).Addr()
}

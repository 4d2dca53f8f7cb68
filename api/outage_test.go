package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A client learns that something is wrong on our side, and nothing of it; the
// log has the rest under the same request id.
func TestInternalErrorsSayNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.a.belongings()
	require.NoError(t, b.store.Close())
	for _, route := range b.server.Routes() {
		if route.Permission == "public" {
			continue
		}
		body, _ := takesBody(own, route)
		res := b.a.walk(route, own.concrete(t, route), body)
		require.Equal(t, http.StatusInternalServerError, res.status, "%s %s: %s", route.Method, route.Path, res.body)
		require.Equal(t, "application/problem+json", res.header.Get("Content-Type"))
		require.Equal(t, "internal", res.code(t))
		require.NotRegexp(t, `(?i)sql|database|closed|gorm|\.go|begin`, res.body)
		require.Contains(t, b.logs.String(), res.field(t, "request_id"))
	}
	ready := b.a.raw(http.MethodGet, "/health/ready", nil)
	require.JSONEq(t, `{"ok":false,"checks":{"database":"down","redis":"ok","temporal":"ok"}}`, ready.body)
	require.Contains(t, b.logs.String(), "database is closed")
}

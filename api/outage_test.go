package api_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/models"
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
	require.Contains(t, b.logs.String(), `"code":"internal","cause":"*errors.errorString"`)
}

// panickingRuns quotes what it is given.
type panickingRuns struct{ api.Runs }

func (panickingRuns) TestConnection(_ context.Context, _ models.Scope, in api.TestConnectionInput) (models.ConnectionReport, error) {
	if in.Unsaved.Host == "fails.example.com" {
		return models.ConnectionReport{}, fmt.Errorf("cannot reach %s", in.Unsaved.Host)
	}
	panic("cannot reach " + in.Unsaved.Host)
}

// Neither a panic nor an error that nobody foresaw has its text in the log.
func TestDefectsAreLoggedWithoutData(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Runs = panickingRuns{d.Runs} })
	for host, status := range map[string]int{"panics.example.com": http.StatusInternalServerError, "fails.example.com": http.StatusServiceUnavailable} {
		res := b.a.do(http.MethodPost, "/connections/test", map[string]any{"host": host, "database": "d", "username": "u", "password": "pw"})
		require.Equal(t, status, res.status, res.body)
	}
	require.Contains(t, b.logs.String(), `"msg":"panic"`)
	require.Contains(t, b.logs.String(), `"cause":"string","stack":`)
	require.Contains(t, b.logs.String(), `"msg":"dependency unavailable"`)
	require.NotContains(t, b.logs.String(), "example.com")
}

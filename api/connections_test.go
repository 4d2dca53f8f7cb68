package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/models"
)

func TestConnectionPasswordsGoInAndNeverOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.a.connection()
	stored, err := b.store.GetConnection(t.Context(), b.a.scope, id)
	require.NoError(t, err)
	secret, err := b.opener.Open(b.a.scope.OrgID, id, stored.SealedPassword)
	require.NoError(t, err)
	require.Equal(t, "s3cret-of-the-shop", secret)
	for _, path := range []string{"/connections", "/connections/" + id, "/audit"} {
		res := b.a.do(http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, res.status)
		require.NotContains(t, res.body, "s3cret")
		require.NotContains(t, res.body, "ealed")
	}
	bad := b.a.do(http.MethodPost, "/connections", map[string]any{"name": "x", "host": "a,b", "database": "d", "username": "u", "password": "hunter2hunter2"})
	require.Equal(t, http.StatusUnprocessableEntity, bad.status)
	tooLong := b.a.do(http.MethodPost, "/auth/login", map[string]any{"email": 7, "password": "hunter2hunter2"})
	require.Equal(t, http.StatusUnprocessableEntity, tooLong.status)
	require.NotContains(t, bad.body+tooLong.body+b.logs.String(), "hunter2")
}

func TestConnectionChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.a.connection()
	path := "/connections/" + id
	require.Contains(t, b.runs.take(), "sync "+id)
	res := b.a.do(http.MethodPatch, path, map[string]any{"name": "Shop", "max_rows": 500})
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Equal(t, "Shop", res.field(t, "name"))
	moved := b.a.do(http.MethodPatch, path, map[string]any{"host": "evil.example.com"})
	require.Equal(t, http.StatusUnprocessableEntity, moved.status, "the stored password must not go to another host")
	require.Contains(t, moved.body, "body.password")
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, path, map[string]any{"host": "db2.example.com", "password": "new"}).status)
	second := b.a.do(http.MethodPost, "/connections", map[string]any{"name": "Shop", "host": "h", "database": "d", "username": "u"})
	require.Equal(t, http.StatusConflict, second.status, "names are unique")
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, path, nil).status)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, path, nil).status)
	var log api.Page[api.AuditEvent]
	b.a.do(http.MethodGet, "/audit", nil).into(t, &log)
	var actions []string
	for _, e := range log.Items {
		actions = append(actions, e.Action)
		require.NotEmpty(t, e.RequestID)
		require.Equal(t, "127.0.0.1", e.IP)
	}
	require.Equal(t, []string{"connection.delete", "connection.update", "connection.update", "connection.create", "session.create"}, actions)
}

func TestDisconnectingWithConversations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := b.a.connection()
	theirs := b.member(models.RoleAnalyst).asked(path)
	mine := b.a.asked(path)
	other := b.a.asked(b.a.connection())
	b.runs.take()
	require.Equal(t, http.StatusConflict, b.a.do(http.MethodDelete, "/connections/"+path, nil).status)
	require.Equal(t, http.StatusNotFound, b.b.do(http.MethodDelete, "/connections/"+path+"?conversations=true", nil).status)
	require.Empty(t, b.runs.take())
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/connections/"+path+"?conversations=true", nil).status)
	require.ElementsMatch(t, []string{"stop " + theirs.ID, "stop " + mine.ID}, b.runs.take())
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/questions/"+mine.ID, nil).status)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodGet, "/questions/"+other.ID, nil).status)
}

func TestTestingConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.a.connection()
	b.runs.take()
	for _, req := range []struct {
		path string
		body any
	}{{"/connections/" + id + "/test", nil}, {"/connections/test", map[string]any{"connection_id": id}}} {
		res := b.a.do(http.MethodPost, req.path, req.body)
		require.Equal(t, http.StatusOK, res.status, res.body)
		require.Equal(t, true, res.field(t, "ok"))
		require.Equal(t, []string{"test " + id}, b.runs.take())
	}
	res := b.a.do(http.MethodPost, "/connections/test", map[string]any{"host": "h", "database": "d", "username": "u", "password": "pw"})
	require.Equal(t, http.StatusOK, res.status, res.body)
	unsaved := b.runs.tested.Unsaved
	require.NotNil(t, unsaved)
	secret, err := b.opener.Open(b.a.scope.OrgID, unsaved.ID, unsaved.SealedPassword)
	require.NoError(t, err)
	require.Equal(t, "pw", secret)
	require.Equal(t, 1, b.rows()["connections"], "a test saves nothing")
	missing := b.a.do(http.MethodPost, "/connections/test", map[string]any{"host": "h", "database": "d"})
	require.Contains(t, missing.body, "body.username")
	b.runs.fail(fmt.Errorf("dial tcp 10.0.0.5:7233: refused"))
	down := b.a.do(http.MethodPost, "/connections/test", map[string]any{"connection_id": id})
	require.Equal(t, http.StatusServiceUnavailable, down.status)
	require.NotContains(t, down.body, "10.0.0.5")
}

func TestConnectionTestsAreLimited(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.TestsPerMinute = 2 })
	body := map[string]any{"host": "h", "database": "d", "username": "u"}
	for range 2 {
		require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/connections/test", body).status)
	}
	require.Equal(t, http.StatusTooManyRequests, b.a.do(http.MethodPost, "/connections/test", body).status, "no port scans")
}

func TestCatalogAndSuggestions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.a.connection()
	pending := b.a.do(http.MethodGet, "/connections/"+id+"/catalog", nil)
	require.Equal(t, http.StatusNotFound, pending.status)
	require.Equal(t, "catalog_pending", pending.code(t))
	require.NotEmpty(t, pending.header.Get("Retry-After"))
	require.Equal(t, http.StatusAccepted, b.a.do(http.MethodPost, "/connections/"+id+"/catalog/sync", nil).status)
	conn, err := b.store.GetConnection(t.Context(), b.a.scope, id)
	require.NoError(t, err)
	_, err = b.store.SaveCatalog(t.Context(), b.a.scope, conn, &models.Catalog{Dialect: "postgres", Database: "shop", Fingerprint: "f", TakenAt: time.Now(),
		Schemas: []string{"public"}, Tables: []models.Table{{Schema: "public", Name: "orders", Kind: "table", Rows: 10, PrimaryKey: []string{"id"},
			Columns: []models.CatalogColumn{{Name: "id", Type: "bigint"}, {Name: "total", Type: "numeric"},
				{Name: "ordered_at", Type: "timestamp with time zone"},
				{Name: "email", Type: "text", Masked: true, Values: []string{"ann@a.example"}, Min: "ann@a.example"}}}}})
	require.NoError(t, err)
	var cat api.Catalog
	res := b.a.do(http.MethodGet, "/connections/"+id+"/catalog", nil)
	res.into(t, &cat)
	require.Len(t, cat.Tables[0].Columns, 4)
	require.NotContains(t, res.body, "ann@a.example", "a masked column's statistics are data")
	require.Equal(t, http.StatusOK, b.a.do(http.MethodGet, "/connections/"+id+"/suggestions", nil).status)
	usage := b.a.do(http.MethodGet, "/usage", nil)
	require.Equal(t, http.StatusOK, usage.status, usage.body)
}

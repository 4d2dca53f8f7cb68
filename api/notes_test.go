package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/catalog"
	"github.com/datamind/datamind/models"
)

type notes struct {
	Notes   []api.Note
	Terms   []api.Term
	Metrics []api.Metric
}

func TestNotesOutliveTheStructure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.a.known(b.a.connection())
	path := "/connections/" + id
	analyst, viewer := b.member(models.RoleAnalyst), b.member(models.RoleViewer)
	note := map[string]any{"schema": "public", "table": "orders", "column": "total", "description": "What was paid", "synonyms": []string{" turn  over ", "turn over"}}
	require.Equal(t, http.StatusForbidden, viewer.do(http.MethodPut, path+"/notes", note).status)
	res := analyst.do(http.MethodPut, path+"/notes", note)
	require.Equal(t, http.StatusOK, res.status, res.body)
	note["description"] = "What was paid, net"
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPut, path+"/notes", note).status)
	require.Equal(t, http.StatusUnprocessableEntity, analyst.do(http.MethodPut, path+"/notes", map[string]any{"schema": "public", "table": "nothing", "description": "x"}).status)
	res = analyst.do(http.MethodPost, path+"/terms", map[string]any{"term": "big order", "meaning": "m", "schema": "public", "table": "orders", "condition": "total > 100"})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	term := res.field(t, "id").(string)
	require.Equal(t, http.StatusConflict, analyst.do(http.MethodPost, path+"/terms", map[string]any{"term": "big order", "meaning": "again"}).status)
	res = analyst.do(http.MethodPost, path+"/metrics", map[string]any{"name": "net revenue", "schema": "public", "table": "orders", "expression": "sum(total)", "filter": "status <> 'cancelled'"})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	for field, wrong := range map[string]map[string]any{
		"body.expression": {"name": "x", "schema": "public", "table": "orders", "expression": "total"},
		"body.filter":     {"name": "x", "schema": "public", "table": "orders", "expression": "sum(total)", "filter": "true); DELETE FROM orders; --"},
	} {
		res := analyst.do(http.MethodPost, path+"/metrics", wrong)
		require.Equal(t, http.StatusUnprocessableEntity, res.status)
		require.Contains(t, res.body, field)
	}
	var all notes
	viewer.do(http.MethodGet, path+"/notes", nil).into(t, &all)
	require.Len(t, all.Notes, 1)
	require.Equal(t, "What was paid, net", all.Notes[0].Description)
	require.Equal(t, []string{"turn over"}, all.Notes[0].Synonyms)
	require.False(t, all.Notes[0].Gone)
	require.Empty(t, all.Terms[0].Problem+all.Metrics[0].Problem)

	moved := shopCatalog()
	moved.Tables[1].Columns[3].Name, moved.Fingerprint, moved.TakenAt = "amount", "f2", time.Now().Add(time.Second)
	c, err := b.store.GetConnection(t.Context(), b.a.scope, id)
	require.NoError(t, err)
	_, err = b.store.SaveCatalog(t.Context(), b.a.scope, c, moved)
	require.NoError(t, err)
	viewer.do(http.MethodGet, path+"/notes", nil).into(t, &all)
	require.True(t, all.Notes[0].Gone)
	require.Contains(t, all.Metrics[0].Problem, "no column total")
	require.NotEmpty(t, all.Terms[0].Problem)

	res = analyst.do(http.MethodPut, "/terms/"+term, map[string]any{"term": "big order", "meaning": "m", "schema": "public", "table": "orders", "condition": "amount > 100"})
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Empty(t, res.field(t, "problem"))
	require.Equal(t, http.StatusOK, analyst.do(http.MethodPut, path+"/notes", map[string]any{"schema": "public", "table": "orders", "column": "total"}).status, "removes it")
	require.Equal(t, http.StatusNoContent, analyst.do(http.MethodDelete, "/terms/"+term, nil).status)
	viewer.do(http.MethodGet, path+"/notes", nil).into(t, &all)
	require.Empty(t, all.Notes)
	require.Empty(t, all.Terms)
	audit := b.a.do(http.MethodGet, "/audit", nil).body
	for _, action := range []string{"note.put", "term.create", "term.update", "term.delete", "metric.create"} {
		require.Contains(t, audit, action)
	}
}

func TestCatalogPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.a.connection()
	path := "/connections/" + id
	var state api.CatalogState
	b.a.do(http.MethodGet, path+"/catalog/state", nil).into(t, &state)
	require.Equal(t, models.SyncReading, state.Status)
	require.NoError(t, b.store.SetSync(t.Context(), b.a.scope, &models.CatalogSync{ConnectionID: id, Status: models.SyncFailed, ErrorCode: models.CodeRefused, ErrorText: "Nobody listens there."}))
	b.a.do(http.MethodGet, path+"/catalog/state", nil).into(t, &state)
	require.Equal(t, models.SyncFailed, state.Status)
	require.Equal(t, "Nobody listens there.", state.Message)
	b.a.known(id)
	require.NoError(t, b.store.SetSync(t.Context(), b.a.scope, &models.CatalogSync{ConnectionID: id, Status: models.SyncReady, Tables: 2}))
	b.a.do(http.MethodGet, path+"/catalog/state", nil).into(t, &state)
	require.Equal(t, models.SyncReady, state.Status)
	require.Equal(t, 2, state.Tables)

	require.Equal(t, http.StatusOK, b.a.do(http.MethodPut, path+"/notes", map[string]any{"schema": "public", "table": "customers", "synonyms": []string{"clients"}, "description": "All who ever bought"}).status)
	var found struct{ Items []catalog.Hit }
	b.a.do(http.MethodGet, path+"/catalog/search?q=clients", nil).into(t, &found)
	require.Equal(t, "customers", found.Items[0].Table)
	require.Equal(t, "synonym", found.Items[0].Match)

	q, colleague := b.a.asked(id), b.member(models.RoleAnalyst)
	theirs := colleague.asked(id)
	reads := []models.TableUse{{Schema: "public", Name: "customers"}}
	require.NoError(t, b.store.SetTables(t.Context(), b.a.scope, q.ID, id, reads))
	require.NoError(t, b.store.SetTables(t.Context(), colleague.scope, theirs.ID, id, reads))
	saved := b.a.savedQuery(id, true)
	var table api.TableDetail
	res := b.a.do(http.MethodGet, path+"/catalog/tables/public/customers", nil)
	require.Equal(t, http.StatusOK, res.status, res.body)
	res.into(t, &table)
	require.Equal(t, "All who ever bought", table.Description)
	require.Equal(t, []string{"Germany", "France"}, table.Columns[2].Values)
	require.Empty(t, table.Columns[3].Values, "masked")
	require.Empty(t, table.RelationsOut)
	require.Equal(t, "orders", table.RelationsIn[0].FromTable)
	require.False(t, table.RelationsIn[0].Inferred)
	require.EqualValues(t, 2, table.Use.Asked)
	require.EqualValues(t, 2, table.Use.People)
	require.Len(t, table.Use.Questions, 1, "a colleague's are counted, not shown")
	require.Equal(t, q.ID, table.Use.Questions[0].ID)
	require.Equal(t, saved, table.Use.SavedQueries[0].ID)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, path+"/catalog/tables/public/nothing", nil).status)

	var graph api.RelationGraph
	b.a.do(http.MethodGet, path+"/catalog/relations", nil).into(t, &graph)
	require.Len(t, graph.Nodes, 2)
	require.Len(t, graph.Edges, 1)

	completion := b.a.do(http.MethodGet, path+"/completion", nil)
	require.Equal(t, http.StatusOK, completion.status)
	require.NotContains(t, completion.body, "email")
	require.Equal(t, `"f1"`, completion.header.Get("ETag"))
	unchanged := b.a.do(http.MethodGet, path+"/completion", nil, "If-None-Match", `"f1"`)
	require.Equal(t, http.StatusNotModified, unchanged.status)
	require.Empty(t, unchanged.body)
}

package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// shopCatalog is a structure as a worker stores it.
func shopCatalog() *models.Catalog {
	column := func(name, kind string, values ...string) models.CatalogColumn {
		return models.CatalogColumn{Name: name, Type: kind, TypeKind: "base", Values: values}
	}
	secret := column("email", "text", "ann@example.com")
	secret.Masked = true
	return &models.Catalog{Dialect: "postgres", Database: "shop", ServerVersion: "17.2", Schemas: []string{"public"}, Fingerprint: "f1", TakenAt: time.Now(),
		Tables: []models.Table{
			{Schema: "public", Name: "customers", Kind: "table", Rows: 50, PrimaryKey: []string{"id"}, Comment: "Who buys from us",
				Columns: []models.CatalogColumn{column("id", "integer"), column("name", "text"), column("country", "text", "Germany", "France"), secret}},
			{Schema: "public", Name: "orders", Kind: "table", Rows: 1000, PrimaryKey: []string{"id"},
				Columns: []models.CatalogColumn{column("id", "integer"), column("customer_id", "integer"), column("status", "text", "paid", "cancelled"),
					column("total", "numeric(12,2)"), column("ordered_at", "timestamp with time zone")},
				ForeignKeys: []models.ForeignKey{{Name: "orders_customer", Columns: []string{"customer_id"}, RefSchema: "public", RefTable: "customers", RefColumns: []string{"id"}}}},
		}}
}

// known gives a connection the structure of shopCatalog.
func (p *person) known(connection string) string {
	p.t.Helper()
	c, err := p.store.GetConnection(p.t.Context(), p.scope, connection)
	require.NoError(p.t, err)
	_, err = p.store.SaveCatalog(p.t.Context(), p.scope, c, shopCatalog())
	require.NoError(p.t, err)
	return connection
}

func (p *person) savedQuery(connection string, shared bool) string {
	p.t.Helper()
	res := p.do(http.MethodPost, "/saved-queries", map[string]any{"connection_id": connection, "name": "Orders of a country", "shared": shared,
		"sql":        "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.country = {{country}} AND o.total > {{least}}",
		"parameters": []any{map[string]any{"name": "country", "type": "text"}, map[string]any{"name": "least", "type": "number", "default": 10}}})
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	return res.field(p.t, "id").(string)
}

func TestSQLThatAPersonWroteIsAQuestion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/connections/" + b.a.connection() + "/sql"
	body := map[string]any{"sql": " SELECT count(*) FROM orders WHERE status = {{s}} ", "title": "Orders", "parameters": []any{map[string]any{"name": "s", "type": "text", "value": "paid"}}}
	res := b.a.do(http.MethodPost, path, body, "Idempotency-Key", "the-same-sql")
	require.Equal(t, http.StatusAccepted, res.status, res.body)
	var q api.Question
	res.into(t, &q)
	require.Equal(t, models.StatusQueued, q.Status)
	require.Equal(t, "person", q.Planner)
	require.Equal(t, "SELECT count(*) FROM orders WHERE status = {{s}}", q.SQL)
	require.Equal(t, "Orders", q.Question)
	require.Equal(t, []models.Argument{{Name: "s", Type: "text", Values: []string{"paid"}}}, q.Arguments)
	require.Contains(t, b.runs.take(), "start "+q.ID)

	again := b.a.do(http.MethodPost, path, body, "Idempotency-Key", "the-same-sql")
	require.Equal(t, http.StatusAccepted, again.status, again.body)
	require.Equal(t, q.ID, again.field(t, "id"))
	body["parameters"] = []any{map[string]any{"name": "s", "type": "text", "value": "open"}}
	other := b.a.do(http.MethodPost, path, body, "Idempotency-Key", "the-same-sql")
	require.Equal(t, http.StatusConflict, other.status, "the same name for another value")
	require.Equal(t, "idempotency_key_reused", other.code(t))

	body["conversation_id"] = q.ConversationID
	next := b.a.do(http.MethodPost, path, body)
	require.Equal(t, q.ConversationID, next.field(t, "conversation_id"))
	elsewhere := b.a.do(http.MethodPost, "/connections/"+b.a.connection()+"/sql", body)
	require.Equal(t, http.StatusUnprocessableEntity, elsewhere.status)
	require.Contains(t, elsewhere.body, "another database")
	colleague := b.member(models.RoleAnalyst).do(http.MethodPost, path, body)
	require.Equal(t, http.StatusNotFound, colleague.status, "somebody else's conversation")
	require.Equal(t, http.StatusForbidden, b.member(models.RoleViewer).do(http.MethodPost, path, body).status)
}

func TestParametersOfWrongTypesAreNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/connections/" + b.a.connection() + "/sql"
	b.untouched(func() {
		for _, p := range []map[string]any{
			{"name": "since", "type": "date", "value": "yesterday"}, {"name": "since", "type": "date"}, {"name": "since", "type": "number", "value": "ten"},
			{"name": "since", "type": "list", "of": "number", "value": []any{1, "x"}}, {"name": "since", "type": "boolean", "value": "yes"},
		} {
			res := b.a.do(http.MethodPost, path, map[string]any{"sql": "SELECT {{since}}", "parameters": []any{p}})
			require.Equal(t, http.StatusUnprocessableEntity, res.status, res.body)
			require.Equal(t, "parameter_invalid", res.code(t))
			require.Contains(t, res.field(t, "detail"), "parameter since")
		}
	})
}

func TestCheckingSQL(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.a.connection()
	check := func(sql string, parameters ...any) (v api.SQLCheck) {
		res := b.a.do(http.MethodPost, "/connections/"+id+"/sql/check", map[string]any{"sql": sql, "parameters": parameters})
		require.Equal(t, http.StatusOK, res.status, res.body)
		res.into(t, &v)
		return v
	}
	early := b.a.do(http.MethodPost, "/connections/"+id+"/sql/check", map[string]any{"sql": "SELECT 1"})
	require.Equal(t, "catalog_pending", early.code(t))
	b.a.known(id)
	good := check("SELECT name FROM customers WHERE id = {{id}}", map[string]any{"name": "id", "type": "number"})
	require.True(t, good.Allowed, good.Message)
	require.Equal(t, []models.TableUse{{Schema: "public", Name: "customers", Columns: []string{"id", "name"}}}, good.Tables)
	require.Equal(t, []string{"id"}, good.Placeholders)
	require.Equal(t, []models.TableUse{{Schema: "public", Name: "customers", Columns: []string{}}}, check("SELECT count(*) FROM customers").Tables, "no column is none, not null")
	bad := check("SELECT '🙂',\n  nameq FROM customers")
	require.False(t, bad.Allowed)
	require.Equal(t, models.Code("unknown_column"), bad.Code)
	require.Contains(t, bad.Message, "Did you mean name?")
	require.Equal(t, &api.SQLPlace{From: 15, To: 20, Line: 2, Column: 3}, bad.Position, "a smiley is two of JavaScript's characters")
	require.Equal(t, models.Code("parse_error"), check("SELECT FROM WHERE").Code)
	require.Equal(t, models.Code("not_select"), check("DELETE FROM orders").Code)
	require.Equal(t, models.Code("column_refused"), check("SELECT email FROM customers").Code)
	require.Equal(t, models.Code("parameter_refused"), check("SELECT {{x}}").Code)

	moved := shopCatalog()
	moved.Tables[0].Columns[1].Name, moved.Fingerprint, moved.TakenAt = "full_name", "f2", time.Now().Add(time.Second)
	c, err := b.store.GetConnection(t.Context(), b.a.scope, id)
	require.NoError(t, err)
	_, err = b.store.SaveCatalog(t.Context(), b.a.scope, c, moved)
	require.NoError(t, err)
	require.False(t, check("SELECT name FROM customers").Allowed, "the newest structure counts")
}

func TestSavedQueries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.known(b.a.connection())
	private, shared := b.a.savedQuery(connection, false), b.a.savedQuery(connection, true)
	var got api.SavedQuery
	b.a.do(http.MethodGet, "/saved-queries/"+private, nil).into(t, &got)
	require.True(t, got.Check.Allowed, got.Check.Message)
	require.Len(t, got.Check.Tables, 2)
	require.Equal(t, []api.Parameter{{Name: "country", Type: "text"}, {Name: "least", Type: "number", Default: 10.0}}, got.Parameters)

	colleague := b.member(models.RoleAnalyst)
	ids := func(p *person, query string) (all []string) {
		var page api.Page[api.SavedQuery]
		p.do(http.MethodGet, "/saved-queries"+query, nil).into(t, &page)
		for _, q := range page.Items {
			all = append(all, q.ID)
		}
		return all
	}
	require.Equal(t, []string{shared, private}, ids(b.a, ""))
	require.Equal(t, []string{shared}, ids(colleague, "?connection_id="+connection))
	require.Empty(t, ids(b.a, "?connection_id="+store.NewID()))
	require.Equal(t, http.StatusNotFound, colleague.do(http.MethodGet, "/saved-queries/"+private, nil).status)
	require.Equal(t, http.StatusForbidden, colleague.do(http.MethodPatch, "/saved-queries/"+shared, map[string]any{"name": "x"}).status)
	require.Equal(t, http.StatusNotFound, colleague.do(http.MethodDelete, "/saved-queries/"+shared, nil).status)
	require.Equal(t, http.StatusForbidden, b.member(models.RoleViewer).do(http.MethodPost, "/saved-queries/"+shared+"/run", map[string]any{}).status)

	b.runs.take()
	run := colleague.do(http.MethodPost, "/saved-queries/"+shared+"/run", map[string]any{"parameters": map[string]any{"country": "Germany"}}, "Idempotency-Key", "run-it-once")
	require.Equal(t, http.StatusAccepted, run.status, run.body)
	var q api.Question
	run.into(t, &q)
	require.Equal(t, []models.Argument{{Name: "country", Type: "text", Values: []string{"Germany"}}, {Name: "least", Type: "number", Values: []string{"10"}}}, q.Arguments)
	require.Equal(t, "Orders of a country", q.Question)
	require.Equal(t, []string{"start " + q.ID}, b.runs.take())
	for _, wrong := range []map[string]any{{}, {"country": 5}, {"country": "x", "least": "much"}, {"country": "x", "other": 1}} {
		res := colleague.do(http.MethodPost, "/saved-queries/"+shared+"/run", map[string]any{"parameters": wrong})
		require.Equal(t, "parameter_invalid", res.code(t), res.body)
	}

	res := b.a.do(http.MethodPatch, "/saved-queries/"+private, map[string]any{"sql": "SELECT {{gone}}"})
	require.Equal(t, "parameter_invalid", res.code(t), "not declared")
	res = b.a.do(http.MethodPatch, "/saved-queries/"+private, map[string]any{"sql": "SELECT nothing FROM orders", "parameters": []any{}, "shared": true})
	require.Equal(t, http.StatusOK, res.status, res.body)
	res.into(t, &got)
	require.False(t, got.Check.Allowed, "kept, with the verdict")
	require.True(t, got.Shared)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/saved-queries/"+private, nil).status)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/saved-queries/"+private, nil).status)
}

package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/models"
)

// SQL that a person wrote, and what people say of the data, through real
// processes and a real database, without a model.
func TestEditor(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{})
	connection := "/connections/" + s.Connection
	rows := func(q api.Question) string {
		var result api.ResultPage
		s.Owner.Call(http.StatusOK, http.MethodGet, "/questions/"+q.ID+"/result", nil, &result)
		return fmt.Sprint(result.Rows)
	}
	run := func(body map[string]any, status models.QuestionStatus) api.Question {
		t.Helper()
		var q api.Question
		s.Owner.Call(http.StatusAccepted, http.MethodPost, connection+"/sql", body, &q)
		return s.Owner.Await(q.ID, status)
	}
	parameter := func(name, kind string, value any) map[string]any {
		return map[string]any{"name": name, "type": kind, "value": value}
	}

	q := run(map[string]any{"sql": system.QuickSQL, "title": "All orders"}, models.StatusAnswered)
	require.Equal(t, "[[1000 500500]]", rows(q))
	require.Equal(t, []string{"guard 1 done", "query 1 done", "analyse 1 done"}, kinds(q))
	require.Equal(t, "person", q.Planner)
	require.Equal(t, models.EditedUnderstanding, q.Understanding)
	require.NotEmpty(t, q.Text)
	require.NotEmpty(t, q.Facts)

	bound := run(map[string]any{"sql": `SELECT count(*) FROM orders WHERE amount > {{least}} AND ordered_at >= {{since}} AND id IN ({{ids}}) AND {{yes}} AND '' <> {{text}} AND ordered_at < {{until}} LIMIT {{least}}`,
		"parameters": []any{parameter("least", "number", 1), parameter("since", "date", "1990-01-01"), parameter("yes", "boolean", true),
			parameter("text", "text", "'; DROP TABLE orders; --"), parameter("until", "timestamp", "2100-01-01T00:00:00Z"),
			map[string]any{"name": "ids", "type": "list", "of": "number", "value": []any{1, 2, 3, 99999}}}}, models.StatusAnswered)
	require.Equal(t, "[[2]]", rows(bound), "amounts are 1 to 1000")

	refused := run(map[string]any{"sql": "DELETE FROM orders"}, models.StatusRefused)
	require.Equal(t, models.CodeGuardRefused, refused.ErrorCode)
	failed := run(map[string]any{"sql": "SELECT amount / ({{zero}} * id) FROM orders", "parameters": []any{parameter("zero", "number", 0)}}, models.StatusFailed)
	require.Equal(t, models.CodeSQLError, failed.ErrorCode)

	var next api.Question
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/conversations/"+q.ConversationID+"/questions", map[string]any{"question": "How many orders are there?"}, &next)
	require.Equal(t, "[[1000]]", rows(s.Owner.Await(next.ID, models.StatusAnswered)), "it can be gone on with in words")

	var saved api.SavedQuery
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/saved-queries", map[string]any{"connection_id": s.Connection, "name": "Orders above",
		"sql": "SELECT count(*) FROM orders WHERE amount > {{least}}", "parameters": []any{map[string]any{"name": "least", "type": "number", "default": 990}}}, &saved)
	require.True(t, saved.Check.Allowed, saved.Check.Message)
	var ran api.Question
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/saved-queries/"+saved.ID+"/run", map[string]any{}, &ran)
	require.Equal(t, "[[10]]", rows(s.Owner.Await(ran.ID, models.StatusAnswered)))

	var table api.TableDetail
	s.Owner.Call(http.StatusOK, http.MethodGet, connection+"/catalog/tables/public/orders", nil, &table)
	require.EqualValues(t, 5, table.Use.Asked, "those that were let through")
	require.Equal(t, "Orders above", table.Use.SavedQueries[0].Name)
	require.Equal(t, "customers", table.RelationsOut[0].ToTable)
	var state api.CatalogState
	s.Owner.Call(http.StatusOK, http.MethodGet, connection+"/catalog/state", nil, &state)
	require.Equal(t, models.SyncReady, state.Status)
	require.Positive(t, state.Tables)

	s.Owner.Call(http.StatusOK, http.MethodPut, connection+"/notes", map[string]any{"schema": "public", "table": "orders", "synonyms": []string{"Bestellungen"}}, nil)
	s.Owner.Call(http.StatusCreated, http.MethodPost, connection+"/metrics", map[string]any{"name": "net takings", "schema": "public", "table": "orders", "expression": "sum(amount) / 2", "filter": "id <= 10"}, nil)
	s.Owner.Call(http.StatusCreated, http.MethodPost, connection+"/terms", map[string]any{"term": "giant orders", "meaning": "Above 990", "schema": "public", "table": "orders", "condition": "amount > 990"}, nil)
	for question, want := range map[string]string{"How many Bestellungen are there?": "[[1000]]", "What are the net takings?": "[[27.5]]", "How many giant orders are there?": "[[10]]"} {
		got := s.Owner.Await(s.Owner.Ask(question), models.StatusAnswered)
		require.Equal(t, want, rows(got), "%s: %s", question, got.SQL)
	}
}

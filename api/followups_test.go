package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// catalog gives a connection the structure of a small shop.
func (p *person) catalog(connection string) {
	p.t.Helper()
	conn, err := p.store.GetConnection(p.t.Context(), p.scope, connection)
	require.NoError(p.t, err)
	_, err = p.store.SaveCatalog(p.t.Context(), p.scope, conn, &models.Catalog{Dialect: "postgres", Database: "shop", Fingerprint: "f", TakenAt: time.Now(),
		Schemas: []string{"public"}, Tables: []models.Table{{Schema: "public", Name: "orders", Kind: "table", PrimaryKey: []string{"id"}, Columns: []models.CatalogColumn{
			{Name: "id", Type: "integer"}, {Name: "status", Type: "text", Values: []string{"paid", "open"}}, {Name: "ordered_at", Type: "timestamp with time zone"}}}}})
	require.NoError(p.t, err)
}

// answer gives a question SQL, rows and an end, as its run would.
func (p *person) answer(q api.Question, sql string, rows *models.Rows) {
	p.t.Helper()
	ctx := p.t.Context()
	_, err := p.store.MarkRunning(ctx, p.scope, q.ID, q.Run, "run-1", "builtin")
	require.NoError(p.t, err)
	require.NoError(p.t, p.store.SetPlan(ctx, p.scope, q.ID, q.Run, sql, "", "builtin"))
	step, _, err := p.store.BeginStep(ctx, p.scope, store.StepKey{QuestionID: q.ID, Run: q.Run, Kind: models.StepQuery, Attempt: 1}, "")
	require.NoError(p.t, err)
	step.Status, step.Output = models.StepDone, []byte("{}")
	_, err = p.store.SaveResult(ctx, p.scope, step, rows, 0)
	require.NoError(p.t, err)
	_, err = p.store.Finish(ctx, p.scope, q.ID, q.Run, store.Ending{Status: models.StatusAnswered})
	require.NoError(p.t, err)
}

func TestFollowUpsOfAnAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	q := b.a.asked(connection)
	next := func() (out []planner.Next) {
		res := b.a.do(http.MethodGet, "/questions/"+q.ID+"/follow-ups", nil)
		require.Equal(t, http.StatusOK, res.status, res.body)
		var body struct{ Questions []planner.Next }
		res.into(t, &body)
		require.NotNil(t, body.Questions)
		return body.Questions
	}
	require.Empty(t, next(), "no answer yet")
	b.a.answer(q, "SELECT count(*) FROM orders", &models.Rows{Columns: []models.Column{{Name: "n"}}, Rows: [][]any{{3}}})
	require.Empty(t, next(), "no structure yet")
	b.a.catalog(connection)
	require.Equal(t, []planner.Next{{Question: "How many orders by status?", Kind: "dimension"}, {Question: "How many orders by month?", Kind: "period"}}, next())
}

package eval

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/sample"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

// Each follow-up of the sample's questions is answered in its conversation by
// the built-in planner, with SQL that the database runs.
func TestFollowUpsOfTheSampleCanBeAnswered(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, err := pgx.Connect(ctx, testkit.Postgres(t))
	require.NoError(t, err)
	defer db.Close(ctx)
	now := time.Now()
	require.NoError(t, sample.Load(ctx, db, sample.Options{Scale: 0.03, Seed: 1, Through: now.AddDate(0, 0, -1)}))
	_, err = db.Exec(ctx, "ANALYZE")
	require.NoError(t, err)
	cat := discover(t, db)
	p := planner.NewBuiltin()
	kinds, offered := map[string]int{}, 0
	questions := append([]string{"How many customers are there?", "revenue in 2025", "top 5 stores by revenue last month", "orders by status"}, sample.Questions...)
	for _, question := range questions {
		plan, err := p.Plan(ctx, models.PlanRequest{Question: question, Catalog: cat, Now: now})
		require.NoError(t, err)
		rows := table(ctx, t, db, plan.SQL)
		next := planner.FollowUps(cat, planner.Answered{Question: question, SQL: plan.SQL, Rows: rows, Now: now})
		require.LessOrEqual(t, len(next), 3)
		offered += len(next)
		for _, n := range next {
			kinds[n.Kind]++
			follow, err := p.Plan(ctx, models.PlanRequest{Question: n.Question, Catalog: cat, Now: now, History: []models.Turn{{Question: question, SQL: plan.SQL}}})
			require.NoError(t, err)
			require.Equal(t, models.PlanSQL, follow.Status, "%q after %q: %s", n.Question, question, follow.Text)
			require.NotEqual(t, plan.SQL, follow.SQL, n.Question)
			table(ctx, t, db, follow.SQL)
			t.Logf("%-45s %-10s %-55s %s", question, n.Kind, n.Question, follow.Understanding)
		}
	}
	for _, kind := range []string{"drill", "compare", "dimension", "period"} {
		require.Positive(t, kinds[kind], kind)
	}
	require.GreaterOrEqual(t, offered, 2*len(questions), "most answers have follow-ups")
}

// table runs SQL and returns its rows as a result has them.
func table(ctx context.Context, t *testing.T, db *pgx.Conn, sql string) *models.Rows {
	t.Helper()
	rows, err := db.Query(ctx, sql)
	require.NoError(t, err, sql)
	defer rows.Close()
	out := &models.Rows{}
	for _, f := range rows.FieldDescriptions() {
		out.Columns = append(out.Columns, models.Column{Name: f.Name})
	}
	for rows.Next() {
		values, err := rows.Values()
		require.NoError(t, err, sql)
		out.Rows = append(out.Rows, values)
	}
	require.NoError(t, rows.Err(), sql)
	return out
}

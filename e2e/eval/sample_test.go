package eval

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/sample"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

func TestSampleQuestions(t *testing.T) {
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
	qs := append(append([]string{}, sample.Questions...), planner.Suggest(cat)...)
	extra := strings.Split(os.Getenv("EXTRA"), "|")
	if extra[0] != "" {
		qs = append(qs, extra...)
	}
	for _, q := range qs {
		plan, err := p.Plan(ctx, models.PlanRequest{Question: q, Catalog: cat, Now: now})
		require.NoError(t, err)
		require.Equal(t, models.PlanSQL, plan.Status, "%s: %s", q, plan.Text)
		rows, n, err := run(ctx, db, plan.SQL)
		require.NoError(t, err, plan.SQL)
		require.NotEmpty(t, rows, q)
		t.Logf("%s\n%s\n%s\n%d rows, %d columns, first %v", q, plan.Understanding, plan.SQL, len(rows), n, rows[0])
	}
}

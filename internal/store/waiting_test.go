package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// What an operator is told counts all organisations' questions, and their age
// from when they last moved.
func TestWaitingQuestionsAndBudgets(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	found, err := b.SystemWaiting(ctx)
	require.NoError(t, err)
	require.Empty(t, found)

	queued, running, edited := b.question(t, b.a, "1"), b.question(t, b.b, "2"), b.question(t, b.a, "3")
	b.question(t, b.a, "4")
	ago := func(id, column, interval string) {
		exec(t, b.owner, fmt.Sprintf("UPDATE questions SET %s = now() - interval '%s' WHERE id = '%s'", column, interval, id))
	}
	ago(queued.ID, "created_at", "3 minutes")
	ago(running.ID, "created_at", "2 days") // it waited for a person; its step began a moment ago
	_, err = b.MarkRunning(ctx, b.b, running.ID, 1, "run", "model")
	require.NoError(t, err)
	step, _, err := b.BeginStep(ctx, b.b, store.StepKey{QuestionID: running.ID, Run: 1, Kind: models.StepPlan, Attempt: 1}, "")
	require.NoError(t, err)
	exec(t, b.owner, fmt.Sprintf("UPDATE questions SET run = 2 WHERE id = '%s'", edited.ID))
	ago(edited.ID, "created_at", "9 days") // asked long ago, its SQL changed now
	found, err = b.SystemWaiting(ctx)
	require.NoError(t, err)
	require.Len(t, found, 2)
	for _, w := range found {
		want, age, oldest := 3, 3*time.Minute, queued.ID
		if w.Status == models.StatusRunning {
			want, age, oldest = 1, 0, running.ID
		}
		require.Equal(t, oldest, w.Oldest)
		require.Equal(t, want, w.Count, w.Status)
		require.InDelta(t, age.Seconds(), w.Age.Seconds(), 30, w.Status)
	}

	trouble, err := b.SystemModelTrouble(ctx, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	require.Zero(t, trouble)
	step.Status, step.ErrorCode, step.ErrorText = models.StepFailed, models.CodeModelBusy, "It is busy."
	_, err = b.FinishStep(ctx, b.b, step)
	require.NoError(t, err)
	trouble, err = b.SystemModelTrouble(ctx, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	require.Equal(t, store.ModelTrouble{Steps: 1, Last: "It is busy."}, trouble)

	require.NoError(t, b.Reserve(ctx, b.a, queued.ID, "k1", 100, 1000))
	require.NoError(t, b.Reserve(ctx, b.b, running.ID, "k2", 300, 1000))
	require.NoError(t, b.Settle(ctx, b.b, "k2", 950, "m"))
	exec(t, b.owner, fmt.Sprintf("UPDATE orgs SET token_budget = 10000 WHERE id = '%s'", b.a.OrgID))
	budgets, err := b.SystemBudgets(ctx, 1000)
	require.NoError(t, err)
	require.Equal(t, []store.Budget{{OrgID: b.b.OrgID, Name: "B", Used: 950, Tokens: 1000}, {OrgID: b.a.OrgID, Name: "A", Used: 100, Tokens: 10000}}, budgets)
	require.InDelta(t, 0.95, budgets[0].Ratio(), 1e-9)
}

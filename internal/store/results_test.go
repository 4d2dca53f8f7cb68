package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// tableOf makes rows of ten columns as a shop's would be.
func tableOf(n int) *models.Rows {
	rows := &models.Rows{}
	for c := range 10 {
		rows.Columns = append(rows.Columns, models.Column{Name: fmt.Sprintf("c%d", c), Type: "text"})
	}
	for i := range n {
		rows.Rows = append(rows.Rows, []any{i, fmt.Sprintf("Customer %d", i*7919%100003), json.Number(fmt.Sprintf("%d.%02d", i*31%9973, i%100)),
			"2026-05-01T10:00:00Z", i%2 == 0, nil, fmt.Sprintf("city %d", i%97), i * i % 1009, "paid", float64(i%13) / 4})
	}
	return rows
}

// answered stores a question with a result of so many rows.
func (b *bundle) answered(t testing.TB, q *models.Question, rows *models.Rows) *models.Result {
	t.Helper()
	step, _, err := b.BeginStep(context.Background(), b.a, store.StepKey{QuestionID: q.ID, Run: 1, Kind: models.StepQuery, Attempt: 1}, "")
	require.NoError(t, err)
	step.Status, step.Output = models.StepDone, []byte("{}")
	result, err := b.SaveResult(context.Background(), b.a, step, rows, time.Second)
	require.NoError(t, err)
	return result
}

func TestPagesOfAResultAddUpToIt(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	for _, size := range []int{0, 1, 499, 500, 501, 1700} {
		q := b.question(t, b.a, fmt.Sprint(size))
		whole := tableOf(size)
		result := b.answered(t, q, whole)
		want, err := json.Marshal(whole.Rows)
		require.NoError(t, err)
		all, err := b.Rows(ctx, result)
		require.NoError(t, err)
		got, err := json.Marshal(all.Rows)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
		for _, limit := range []int{1, 333, 500, 5000} {
			read := [][]any{}
			for offset := 0; offset <= size; offset += max(limit, size/5+1) {
				page, total, err := b.GetResultPage(ctx, b.a, q.ID, offset, limit)
				require.NoError(t, err)
				require.Equal(t, size, total)
				require.Len(t, page.Columns, 10)
				require.Len(t, page.Rows, max(min(limit, size-offset), 0))
				for i, row := range page.Rows {
					require.Equal(t, fmt.Sprint(whole.Rows[offset+i]), fmt.Sprint(row))
				}
				read = append(read, page.Rows...)
			}
			require.LessOrEqual(t, len(read), size)
		}
		page, total, err := b.GetResultPage(ctx, b.a, q.ID, size+1000, 10)
		require.NoError(t, err)
		require.Empty(t, page.Rows)
		require.Equal(t, size, total)
	}
}

// What a page does not need is not decoded: it may even be unreadable.
func TestAPageReadsItsOwnBlocksOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	result := b.answered(t, q, tableOf(2000))
	exec(t, b.owner, fmt.Sprintf("UPDATE results SET rows = overlay(rows PLACING '\\xdeadbeef'::bytea FROM 1) WHERE id = '%s'", result.ID))
	page, _, err := b.GetResultPage(ctx, b.a, q.ID, 700, 900)
	require.NoError(t, err)
	require.Equal(t, "700", fmt.Sprint(page.Rows[0][0]))
	_, _, err = b.GetResultPage(ctx, b.a, q.ID, 499, 2)
	require.Error(t, err)
}

func TestResultsOfTheOlderFormAreRead(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	whole := tableOf(1200)
	result := b.answered(t, q, whole)
	raw, err := json.Marshal(whole.Rows)
	require.NoError(t, err)
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	exec(t, b.owner, fmt.Sprintf(`UPDATE results SET block_rows = 0, block_ends = NULL, rows = '\x%x' WHERE id = '%s'`, encoder.EncodeAll(raw, nil), result.ID))
	page, total, err := b.GetResultPage(ctx, b.a, q.ID, 1100, 500)
	require.NoError(t, err)
	require.Equal(t, 1200, total)
	require.Len(t, page.Rows, 100)
	require.Equal(t, "1100", fmt.Sprint(page.Rows[0][0]))
	old, err := b.GetResult(ctx, b.a, q.ID, 1, 1)
	require.NoError(t, err)
	rows, err := b.Rows(ctx, old)
	require.NoError(t, err)
	require.Len(t, rows.Rows, 1200)
}

package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func (b *bundle) export(t *testing.T, scope models.Scope, key string) *models.Export {
	t.Helper()
	e := &models.Export{ID: store.NewID(), ConnectionID: store.NewID(), IdempotencyKey: key, Name: "orders", SQL: "SELECT 1", Arguments: []models.Argument{}, Format: models.FormatCSV,
		Compression: models.CompressionNone, Status: models.ExportQueued, KeyColumns: []string{}, Columns: []models.Column{}, Estimate: -1, MaxRows: 10, MaxBytes: 10, KeepHours: 1}
	stored, created, err := b.CreateExport(context.Background(), scope, e)
	require.NoError(t, err)
	require.True(t, created)
	return stored
}

func part(number int, rows int64) *models.ExportPart {
	return &models.ExportPart{Number: number, Object: store.NewID(), Rows: rows, Bytes: 10 * rows, Digest: []byte("state"), LastKey: []string{"7"}}
}

// Only the last execution that has claimed an export may write into it.
func TestAnEarlierClaimHasNoEffect(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	e := b.export(t, b.a, "k")
	first, err := b.ClaimExport(ctx, b.a, e.ID)
	require.NoError(t, err)
	yes := true
	first.Continues, first.KeyColumns = &yes, []string{"id"}
	require.NoError(t, b.PlanExport(ctx, b.a, first, true))
	require.NoError(t, b.AddExportPart(ctx, b.a, first, part(1, 5), 0, ""))
	second, err := b.ClaimExport(ctx, b.a, e.ID)
	require.NoError(t, err)
	require.Equal(t, []any{int64(5), 1, 2}, []any{second.Rows, second.Parts, second.Claim})

	for _, err := range []error{b.AddExportPart(ctx, b.a, first, part(2, 5), 0, ""), b.AddExportPart(ctx, b.a, first, part(2, 5), 0, "sum"), b.ExportProgress(ctx, b.a, first, 9, 9), b.PlanExport(ctx, b.a, first, true)} {
		require.ErrorIs(t, err, store.ErrNotClaimed)
	}
	require.ErrorIs(t, b.AddExportPart(ctx, b.a, second, part(3, 1), 0, ""), store.ErrNotClaimed, "no part is left out")
	require.ErrorIs(t, b.AddExportPart(ctx, b.a, second, part(1, 1), 0, ""), store.ErrNotClaimed, "nor comes twice")
	require.NoError(t, b.ExportProgress(ctx, b.a, second, 7, 70))
	require.NoError(t, b.AddExportPart(ctx, b.a, second, part(2, 4), 3, "sum"))

	done, err := b.GetExport(ctx, b.a, e.ID)
	require.NoError(t, err)
	require.Equal(t, []any{models.ExportDone, int64(9), int64(90), 2, 2, int64(3), "sum"}, []any{done.Status, done.Rows, done.Bytes, done.Parts, done.Snapshots, done.Cut, done.SHA256})
	require.WithinDuration(t, time.Now().Add(time.Hour), *done.ExpiresAt, time.Minute)
	parts, err := b.ExportParts(ctx, b.a, e.ID)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	again, err := b.ClaimExport(ctx, b.a, e.ID)
	require.ErrorIs(t, err, store.ErrNotClaimed)
	require.Equal(t, models.ExportDone, again.Status, "what is done is not done again")
	status, err := b.EndExport(ctx, b.a, e.ID, store.ExportEnding{Status: models.ExportFailed})
	require.NoError(t, err)
	require.Equal(t, models.ExportDone, status)
}

func TestAnExportThatBeginsAnewForgetsItsParts(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	e := b.export(t, b.a, "k")
	first, err := b.ClaimExport(ctx, b.a, e.ID)
	require.NoError(t, err)
	require.NoError(t, b.PlanExport(ctx, b.a, first, true))
	require.NoError(t, b.AddExportPart(ctx, b.a, first, part(1, 5), 2, ""))
	second, err := b.ClaimExport(ctx, b.a, e.ID)
	require.NoError(t, err)
	require.NoError(t, b.PlanExport(ctx, b.a, second, true))
	parts, err := b.ExportParts(ctx, b.a, e.ID)
	require.NoError(t, err)
	require.Empty(t, parts)
	got, err := b.GetExport(ctx, b.a, e.ID)
	require.NoError(t, err)
	require.Equal(t, []any{int64(0), int64(0), 0, 0, int64(0)}, []any{got.Rows, got.Bytes, got.Parts, got.Snapshots, got.Cut})
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	e := b.export(t, b.a, "k")
	running, err := b.ClaimExport(ctx, b.a, e.ID)
	require.NoError(t, err)
	status, err := b.PauseExport(ctx, b.a, e.ID, true)
	require.NoError(t, err)
	require.Equal(t, models.ExportPaused, status)
	require.ErrorIs(t, b.AddExportPart(ctx, b.a, running, part(1, 1), 0, ""), store.ErrNotClaimed, "nothing is written meanwhile")
	_, err = b.ClaimExport(ctx, b.a, e.ID)
	require.ErrorIs(t, err, store.ErrNotClaimed)
	status, err = b.PauseExport(ctx, b.a, e.ID, false)
	require.NoError(t, err)
	require.Equal(t, models.ExportQueued, status)
	_, err = b.ClaimExport(ctx, b.a, e.ID)
	require.NoError(t, err)
}

func TestTheSameRequestMakesOneExportAndAPersonHasFewAtOnce(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	e := b.export(t, b.a, "same")
	other := *e
	other.ID = store.NewID()
	stored, created, err := b.CreateExport(ctx, b.a, &other)
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, e.ID, stored.ID)
	for i := range 19 {
		b.export(t, b.a, "key "+string(rune('a'+i)))
	}
	other.IdempotencyKey = "one too many"
	_, _, err = b.CreateExport(ctx, b.a, &other)
	require.Equal(t, models.CodeRateLimited, models.ErrorCode(err))
	b.export(t, b.b, "others have their own")
}

// Files are due when their time is over, when there is no use for them, and when
// their owner deleted the export; only then does a row go.
func TestFilesAreDue(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	due := func() map[string]bool {
		rows, err := b.SystemDueExports(ctx, 100)
		require.NoError(t, err)
		ids := map[string]bool{}
		for _, e := range rows {
			ids[e.ID] = true
		}
		return ids
	}
	done, failed, open := b.export(t, b.a, "1"), b.export(t, b.a, "2"), b.export(t, b.a, "3")
	for _, e := range []*models.Export{done, failed, open} {
		claimed, err := b.ClaimExport(ctx, b.a, e.ID)
		require.NoError(t, err)
		if e == done {
			require.NoError(t, b.AddExportPart(ctx, b.a, claimed, part(1, 1), 0, "sum"))
		}
	}
	_, err := b.EndExport(ctx, b.a, failed.ID, store.ExportEnding{Status: models.ExportFailed, ErrorCode: models.CodeInternal, ErrorText: "x"})
	require.NoError(t, err)
	require.Equal(t, map[string]bool{failed.ID: true}, due())
	require.NoError(t, b.ExportGone(ctx, b.a, failed.ID))
	require.Empty(t, due())

	require.Equal(t, models.CodeConflict, models.ErrorCode(b.RemoveExport(ctx, b.a, open.ID)), "it is still written")
	require.Equal(t, models.CodeNotFound, models.ErrorCode(b.RemoveExport(ctx, b.b, done.ID)), "another organisation's")

	exec(t, b.owner, "UPDATE exports SET expires_at = now() - interval '1 second' WHERE id = '"+done.ID+"'")
	require.Equal(t, map[string]bool{done.ID: true}, due())
	toDelete, err := b.ExportToDelete(ctx, b.a, done.ID)
	require.NoError(t, err)
	require.NotNil(t, toDelete)
	require.NoError(t, b.ExportGone(ctx, b.a, done.ID))
	got, err := b.GetExport(ctx, b.a, done.ID)
	require.NoError(t, err)
	require.Equal(t, models.ExportExpired, got.Status)

	require.NoError(t, b.RemoveExport(ctx, b.a, failed.ID))
	_, err = b.GetExport(ctx, b.a, failed.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err), "hidden at once")
	require.Equal(t, map[string]bool{failed.ID: true}, due())
	require.NoError(t, b.ExportGone(ctx, b.a, failed.ID))
	require.Empty(t, due())
}

func TestExportSettings(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	settings, err := b.ExportSettings(ctx, b.a)
	require.NoError(t, err)
	limit, may := settings.Limit(models.RoleAnalyst)
	require.True(t, may)
	require.Equal(t, int64(20_000_000), limit.MaxRows)
	_, may = settings.Limit(models.RoleViewer)
	require.False(t, may)
	require.NoError(t, b.SetExportSettings(ctx, b.a, models.ExportSettings{KeepHours: 5, Roles: map[models.Role]models.ExportLimit{models.RoleAnalyst: {MaxRows: 3, MaxBytes: 4}}}))
	settings, err = b.ExportSettings(ctx, b.a)
	require.NoError(t, err)
	limit, _ = settings.Limit(models.RoleAnalyst)
	require.Equal(t, models.ExportLimit{MaxRows: 3, MaxBytes: 4}, limit)
	require.Equal(t, 5, settings.Keep())
	others, err := b.ExportSettings(ctx, b.b)
	require.NoError(t, err)
	require.Equal(t, models.DefaultKeepHours, others.Keep())
}

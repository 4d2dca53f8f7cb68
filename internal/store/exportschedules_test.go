package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func (b *bundle) exportSchedule(t *testing.T, scope models.Scope) *models.ExportSchedule {
	t.Helper()
	e := &models.ExportSchedule{ID: store.NewID(), ConnectionID: b.connection(t, scope).ID, Name: "orders", SQL: "SELECT 1", Arguments: []models.Argument{}, Format: models.FormatCSV,
		Compression: models.CompressionNone, Timing: models.Timing{Cron: "0 6 * * *", TimeZone: "Europe/Berlin"}, Channels: []string{}}
	require.NoError(t, b.CreateExportSchedule(context.Background(), scope, e))
	return e
}

// pending are the schedules of an object that Temporal does not have as they should be.
func (b *bundle) pending(t *testing.T, object string) (out []store.PendingSchedule) {
	t.Helper()
	exec(t, b.owner, "UPDATE schedules SET checked_at = now() - interval '1 minute' WHERE object_id = '"+object+"'")
	all, err := b.SystemPendingSchedules(context.Background(), time.Second, time.Hour, 1000)
	require.NoError(t, err)
	for _, p := range all {
		if p.ObjectID == object {
			require.Equal(t, models.ScheduleExport, p.Kind)
			out = append(out, p)
		}
	}
	return out
}

// Temporal's schedules follow the row: its timing, its pause and its end.
func TestAScheduledExportHasItsSchedule(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	e := b.exportSchedule(t, b.a)
	apply := func(wanted ...bool) {
		t.Helper()
		var got []bool
		for _, p := range b.pending(t, e.ID) {
			got = append(got, p.Wanted)
			require.NoError(t, b.ScheduleApplied(ctx, b.a, &p))
		}
		require.ElementsMatch(t, wanted, got)
		require.Empty(t, b.pending(t, e.ID))
	}
	apply(true)
	before := e.Timing
	e.Cron = "0 7 * * *"
	require.NoError(t, b.UpdateExportSchedule(ctx, b.a, e))
	apply(false, true)
	gone, err := b.FindSchedule(ctx, b.a, models.ScheduleExport, e.ID, before)
	require.NoError(t, err)
	require.Empty(t, gone.ID)
	require.NoError(t, b.PauseExportSchedule(ctx, b.a, e.ID, true))
	apply(false)
	require.NoError(t, b.PauseExportSchedule(ctx, b.a, e.ID, false))
	apply(true)
	require.NoError(t, b.DeleteExportSchedule(ctx, b.a, e.ID))
	apply(false)
}

// A run that is tried again finds its export; another one does not begin beside it.
func TestARunOfAScheduleBeginsOnce(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	e := b.exportSchedule(t, b.a)
	at := time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)
	var seen store.ScheduledRun
	begin := func(scope models.Scope, at time.Time) error {
		_, err := b.BeginScheduledExport(ctx, scope, e.ID, at, func(run *store.ScheduledRun) (step store.ScheduledStep) {
			if seen = *run; run.Earlier == nil && !run.Busy {
				step.Export = &models.Export{ID: store.NewID(), OrgID: run.OrgID, UserID: run.UserID, ConnectionID: run.ConnectionID, IdempotencyKey: run.RunKey(at), Name: run.Name, SQL: run.SQL, ScheduleID: &run.ID,
					ScheduledAt: &at, Arguments: []models.Argument{}, Format: run.Format, Compression: run.Compression, Status: models.ExportQueued, KeyColumns: []string{}, Columns: []models.Column{}, Estimate: -1, MaxRows: 10, MaxBytes: 10, KeepHours: 1}
			}
			return step
		})
		return err
	}
	org := models.Scope{OrgID: b.a.OrgID}
	require.NoError(t, begin(org, at))
	require.Equal(t, []any{models.RoleOwner, true}, []any{seen.Role, seen.Connected})
	require.NoError(t, begin(org, at))
	require.NotNil(t, seen.Earlier)
	made := seen.Earlier.ID
	require.NoError(t, begin(org, at.AddDate(0, 0, 1)))
	require.True(t, seen.Busy)
	require.Nil(t, seen.Earlier)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(begin(models.Scope{OrgID: b.b.OrgID}, at)))

	_, err := b.EndExport(ctx, b.a, made, store.ExportEnding{Status: models.ExportFailed})
	require.NoError(t, err)
	untold := func() (n int) {
		rows, err := b.SystemUntoldExports(ctx, time.Now().AddDate(0, 0, -1), time.Hour, 1000)
		require.NoError(t, err)
		for _, r := range rows {
			if r.ID == made {
				n++
			}
		}
		return n
	}
	require.Zero(t, untold(), "its run is about to tell it")
	exec(t, b.owner, "UPDATE exports SET ended_at = now() - interval '2 hours', updated_at = now() - interval '2 hours' WHERE id = '"+made+"'")
	require.Equal(t, 1, untold())
	require.Zero(t, untold(), "others do not get the same")
	_, err = b.TellExport(ctx, org, &models.Export{ID: made}, nil)
	require.NoError(t, err)
	exec(t, b.owner, "UPDATE exports SET updated_at = now() - interval '2 hours' WHERE id = '"+made+"'")
	require.Zero(t, untold())
}

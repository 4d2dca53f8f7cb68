package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// What runs by itself counts as overdue, in all organisations, once it had its time.
func TestWhatIsOverdue(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	found, err := b.SystemOverdue(ctx)
	require.NoError(t, err)
	require.Empty(t, found)

	r := b.report(t, b.a, b.a)
	org, at := models.Scope{OrgID: b.a.OrgID}, time.Now().UTC().Add(time.Minute).Truncate(time.Second)
	_, _, err = b.BeginReport(ctx, org, store.ReportBegin{ReportID: r.ID, At: at, Kind: models.ReportScheduled, WorkflowID: "w", RunID: "x"}, goesOn)
	require.NoError(t, err)
	c := b.channel(t, b.b, "ann@example.com", "bob@example.com")
	sent, err := b.Queue(ctx, b.b, []models.Delivery{told(c, "1/firing")})
	require.NoError(t, err)
	found, err = b.SystemOverdue(ctx)
	require.NoError(t, err)
	require.Len(t, found, 1, "all but the schedule that nobody has applied has its time yet")
	require.Equal(t, store.OverdueSchedules, found[0].What)
	require.Equal(t, 1, found[0].Count)

	pending, err := b.SystemPendingSchedules(ctx, 0, time.Hour, 10)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	require.NoError(t, b.ScheduleApplied(ctx, org, &pending[0]))
	exec(t, b.owner, "UPDATE report_runs SET started_at = now() - interval '2 hours'")
	exec(t, b.owner, fmt.Sprintf("UPDATE deliveries SET due_at = now() - interval '20 minutes' WHERE id = '%s'", sent[1]))
	found, err = b.SystemOverdue(ctx)
	require.NoError(t, err)
	want := map[store.OverdueWhat]store.Overdue{
		store.OverdueReports:  {Count: 1, Age: 2 * time.Hour, Oldest: r.ID},
		store.OverdueMessages: {Count: 1, Age: 20 * time.Minute, Oldest: sent[1]},
	}
	require.Len(t, found, len(want))
	for _, one := range found {
		require.Equal(t, want[one.What].Count, one.Count, one.What)
		require.Equal(t, want[one.What].Oldest, one.Oldest, one.What)
		require.InDelta(t, want[one.What].Age.Seconds(), one.Age.Seconds(), 60, one.What)
	}
}

package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func (b *bundle) report(t *testing.T, scope models.Scope, to ...models.Scope) *models.Report {
	t.Helper()
	r := &models.Report{Name: "Sales", Kind: models.ReportQuestions, Values: map[string]any{}, Questions: []models.StandingQuestion{}, Timing: models.Timing{Cron: "0 8 * * 1", TimeZone: "UTC"},
		Recipients: []models.ReportRecipient{}, Locale: "en"}
	for _, one := range to {
		r.Recipients = append(r.Recipients, models.ReportRecipient{UserID: one.UserID})
	}
	require.NoError(t, b.CreateReport(context.Background(), scope, r))
	return r
}

func goesOn(*store.LoadedReport) *store.ReportEnding { return nil }

// A run of a report begins and ends once, however often it is tried, and what it
// tells takes effect with its end.
func TestARunOfAReportTakesEffectOnce(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	viewer := b.colleague(t, models.RoleViewer)
	r, mail := b.report(t, b.a, b.a, viewer), b.channel(t, b.a, "team@example.com")
	org, at := models.Scope{OrgID: b.a.OrgID}, time.Now().UTC().Add(time.Minute).Truncate(time.Second)
	begin := store.ReportBegin{ReportID: r.ID, At: at, Kind: models.ReportScheduled, WorkflowID: "w", RunID: "x"}
	l, _, err := b.BeginReport(ctx, org, begin, goesOn)
	require.NoError(t, err)
	require.Equal(t, models.RoleViewer, l.People[viewer.UserID].Role)
	require.Equal(t, mail.ID, l.Mail.ID, "the organisation's first")
	again, _, err := b.BeginReport(ctx, org, begin, goesOn)
	require.NoError(t, err)
	require.Equal(t, l.Run.ID, again.Run.ID)
	require.Equal(t, l.Run.StartedAt, again.Run.StartedAt, "rows are read since the first try")

	rows := models.Rows{Columns: []models.Column{{Name: "n", Type: "number"}}, Rows: [][]any{{1.5}}}
	part := func() *models.ReportPart {
		return &models.ReportPart{RunID: l.Run.ID, Rights: "role:owner", Status: models.PartReady, Digest: "d", Message: &models.Message{Title: "t"}}
	}
	none := func(*store.Store) error { return nil }
	kept, err := b.KeepPart(ctx, b.a, part(), []models.ReportSection{{Key: "q", At: at, Rows: rows}}, none)
	require.NoError(t, err)
	require.True(t, kept)
	kept, err = b.KeepPart(ctx, b.a, part(), nil, func(one *store.Store) error {
		return one.PutArtifact(ctx, b.a, &models.Artifact{Name: "twice", Content: []byte("x"), ExpiresAt: at})
	})
	require.NoError(t, err)
	require.False(t, kept, "there is one already, and its files are enough")

	ends := 0
	end := func(l *store.LoadedReport, parts []models.ReportPart) *store.ReportEnding {
		ends++
		require.Len(t, parts, 1)
		return &store.ReportEnding{Status: models.ReportSent, Told: 1, Skipped: 1, Remember: []string{"role:owner"}, Deliveries: []models.Delivery{
			{Subject: store.ReportSubject(l.ID), Episode: store.ReportEpisode(at) + "member/1", ChannelID: mail.ID, Recipient: "a@example.com", Message: *parts[0].Message},
			{Subject: store.ReportSubject(l.ID), Episode: store.ReportEpisode(at) + "member/2", ChannelID: models.NoChannel, Recipient: "v@example.com", Message: *parts[0].Message,
				Status: models.DeliverySkipped, ReasonCode: models.CodeReportRights, Reason: "no"}}}
	}
	run, ids, err := b.EndReport(ctx, org, r.ID, at, end)
	require.NoError(t, err)
	require.Equal(t, models.ReportSent, run.Status)
	require.Len(t, ids, 1, "what is skipped is not sent")
	_, repeated, err := b.EndReport(ctx, org, r.ID, at, end)
	require.NoError(t, err)
	require.Equal(t, ids, repeated, "still to be sent")
	require.Equal(t, 1, ends)
	m, sections, err := b.Memory(ctx, b.a, r.ID, "role:owner")
	require.NoError(t, err)
	require.Equal(t, "d", m.Digest)
	require.Equal(t, "1.5", sections[0].Rows.Rows[0][0].(interface{ String() string }).String())
	m, _, err = b.Memory(ctx, b.a, r.ID, "role:viewer")
	require.NoError(t, err)
	require.Nil(t, m)

	skipped, _, err := b.ListDeliveries(ctx, b.a, store.DeliveryFilter{Recipient: "v@example.com"}, "", 10)
	require.NoError(t, err)
	require.Equal(t, models.CodeReportRights, skipped[0].ReasonCode)
	require.False(t, skipped[0].Retriable())
	_, err = b.RetryDelivery(ctx, b.a, skipped[0].ID)
	require.Equal(t, models.CodeConflict, models.ErrorCode(err), "there is nothing to send")
	for _, scope := range []models.Scope{viewer, b.a} {
		runs, _, err := b.ReportRuns(ctx, scope, r.ID, "", 10)
		require.NoError(t, err)
		require.Len(t, runs, 1)
	}
	_, _, err = b.ReportRuns(ctx, b.b, r.ID, "", 10)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	require.NoError(t, b.SystemPruneReports(ctx, at.Add(time.Second)))
	_, err = b.GetReportRun(ctx, b.a, run.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

func TestAReportThatWantsNoRunHasNone(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	r, org := b.report(t, b.a, b.a), models.Scope{OrgID: b.a.OrgID}
	begin := store.ReportBegin{ReportID: r.ID, At: time.Now().UTC().Add(-time.Hour), Kind: models.ReportScheduled}
	l, _, err := b.BeginReport(ctx, org, begin, goesOn)
	require.NoError(t, err)
	require.Empty(t, l.Run.Status, "it was made after that time")
	require.NoError(t, b.SetReportStatus(ctx, b.a, r.ID, models.ReportPaused, models.PausedByPerson, ""))
	begin.At = time.Now().UTC().Add(time.Hour)
	l, _, err = b.BeginReport(ctx, org, begin, goesOn)
	require.NoError(t, err)
	require.Empty(t, l.Run.Status, "it was paused meanwhile")
	begin.Kind = models.ReportNow
	l, _, err = b.BeginReport(ctx, org, begin, func(*store.LoadedReport) *store.ReportEnding {
		return &store.ReportEnding{Status: models.ReportFailed, ErrorCode: models.PausedOwnerLeft, Pause: models.PausedOwnerLeft, PauseText: "left"}
	})
	require.NoError(t, err)
	require.Equal(t, models.ReportFailed, l.Run.Status, "it ends at once")
	_, _, err = b.BeginReport(ctx, org, begin, func(*store.LoadedReport) *store.ReportEnding { return nil })
	require.NoError(t, err)
	require.NoError(t, b.DeleteReport(ctx, b.a, r.ID))
	_, _, err = b.BeginReport(ctx, org, begin, goesOn)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

// Runs that Temporal has lost are found, and ended once.
func TestOpenRunsOfReportsAreFound(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	r, org := b.report(t, b.a, b.a), models.Scope{OrgID: b.a.OrgID}
	l, _, err := b.BeginReport(ctx, org, store.ReportBegin{ReportID: r.ID, At: time.Now().UTC(), Kind: models.ReportNow, WorkflowID: "w"}, goesOn)
	require.NoError(t, err)
	open, err := b.SystemOpenReportRuns(ctx, time.Minute, 10)
	require.NoError(t, err)
	require.Empty(t, open)
	exec(t, b.owner, "UPDATE report_runs SET updated_at = now() - interval '2 minutes'")
	open, err = b.SystemOpenReportRuns(ctx, time.Minute, 10)
	require.NoError(t, err)
	require.Equal(t, "w", open[0].WorkflowID)
	require.NoError(t, b.TouchReportRun(ctx, org, l.Run.ID))
	open, err = b.SystemOpenReportRuns(ctx, time.Minute, 10)
	require.NoError(t, err)
	require.Empty(t, open)
	require.NoError(t, b.FailReportRun(ctx, org, l.Run.ID, models.CodeReportStopped, "gone"))
	run, err := b.GetReportRun(ctx, b.a, l.Run.ID)
	require.NoError(t, err)
	require.Equal(t, models.ReportFailed, run.Status)
	require.NotNil(t, run.FinishedAt)
}

func TestAReportIsChangedByItsOwnerAndLeftByWhoGetsIt(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	viewer, other := b.colleague(t, models.RoleViewer), b.colleague(t, models.RoleAdmin)
	r := b.report(t, b.a, b.a, viewer)
	_, err := b.GetReport(ctx, other, r.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	list, _, err := b.ListReports(ctx, viewer, "", 10)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "Ann", list[0].Names[b.a.UserID])
	require.Equal(t, models.CodeNotFound, models.ErrorCode(b.DeleteReport(ctx, viewer, r.ID)))
	require.Equal(t, models.CodeNotFound, models.ErrorCode(b.UpdateReport(ctx, viewer, r)))
	require.NoError(t, b.LeaveReport(ctx, viewer, r.ID))
	_, err = b.GetReport(ctx, viewer, r.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	got, err := b.GetReport(ctx, b.a, r.ID)
	require.NoError(t, err)
	require.Len(t, got.Recipients, 1)
	got.Timing.Cron = "0 9 * * *"
	require.NoError(t, b.UpdateReport(ctx, b.a, &got.Report))
	pending, err := b.SystemPendingSchedules(ctx, 0, time.Hour, 10)
	require.NoError(t, err)
	wanted := map[string]bool{}
	for _, p := range pending {
		wanted[p.Cron] = p.Wanted
	}
	require.Equal(t, map[string]bool{"0 8 * * 1": false, "0 9 * * *": true}, wanted)
}

// What ended long ago goes; what is open stays, however old.
func TestOldDeliveriesAreDeleted(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	c := b.channel(t, b.a, "a@example.com")
	var ids []string
	for _, episode := range []string{"sent", "open", "new"} {
		got, err := b.Queue(ctx, b.a, []models.Delivery{told(c, episode)})
		require.NoError(t, err)
		ids = append(ids, got...)
	}
	exec(t, b.owner, "UPDATE deliveries SET created_at = now() - interval '100 days', updated_at = now() - interval '91 days' WHERE episode <> 'new'; UPDATE deliveries SET status = 'sent' WHERE episode <> 'open'")
	require.NoError(t, b.SystemPruneDeliveries(ctx, time.Now().Add(-models.DeliveriesKept)))
	_, err := b.GetDelivery(ctx, b.a, ids[0])
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	for _, id := range ids[1:] {
		_, err := b.GetDelivery(ctx, b.a, id)
		require.NoError(t, err)
	}
}

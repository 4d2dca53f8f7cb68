package e2e

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

// recordReports keeps runs of reports: made, unchanged, tried again, of which a
// part or all fails, stopped, of a dashboard that is gone, by a schedule, and
// previews.
func recordReports(t *testing.T) {
	h := newRecorder(t, system.Options{})
	tc, err := worker.Dial(t.Context(), h.s.Temporal, h.s.Namespace, nil, h.s.Codec(), slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	t.Cleanup(tc.Close)
	runs, owner := &workflows.Client{Temporal: tc}, h.s.Owner.Scope()
	vera := reader(t, h.s)
	mailChannel(h.s, newMailbox(t))
	both := []any{map[string]any{"user_id": owner.UserID}, map[string]any{"user_id": vera.ID}}
	create := func(name, sql string) *reporting {
		return newReport(t, h.s, map[string]any{"name": name, "questions": []any{map[string]any{"saved_query_id": savedQuery(h.s, sql)}}, "recipients": both, "cron": "0 0 1 1 *", "skip_unchanged": true})
	}
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	id := func(r *reporting, at time.Time) string {
		return "report-run/" + r.ID + "/" + at.Format(time.RFC3339Nano)
	}
	run := func(name string, r *reporting, at time.Time, only string) {
		require.NoError(t, runs.RunReport(t.Context(), owner, r.ID, at, only))
		h.keep(name, id(r, at))
	}
	r := create("made", "SELECT count(*) AS n FROM orders")
	run("report_made", r, at, "")
	run("report_again", r, at, "") // there is a run of this time
	run("report_unchanged", r, at.Add(time.Hour), "")
	run("report_to_one", r, at.Add(2*time.Hour), owner.UserID)
	run("report_failed", create("failed", "SELECT 1 / (id - id) AS nothing FROM orders"), at, "")
	status, text, err := h.s.Owner.Try(t.Context(), 0, http.MethodPost, "/reports/"+r.ID+"/preview", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, text)
	h.keepNewest("report_previewed", "PreviewReport")

	r = create("stopped", system.EndlessSQL)
	require.NoError(t, runs.RunReport(t.Context(), owner, r.ID, at, ""))
	system.Eventually(t, "it reads", func() bool { return h.s.Running("pairs") == 2 })
	require.NoError(t, h.client().CancelWorkflow(t.Context(), id(r, at), ""))
	h.keep("report_stopped", id(r, at))

	var d api.Dashboard
	h.s.Owner.Call(http.StatusCreated, http.MethodPost, "/dashboards", map[string]any{"name": "Orders", "tiles": []any{newTile(h.s, "Counted", "SELECT count(*) AS n FROM orders"),
		newTile(h.s, "Fails", "SELECT 1 / (amount - amount) AS n FROM orders")}}, &d)
	r = newReport(t, h.s, map[string]any{"dashboard_id": d.ID, "cron": "15 6 * * *"})
	run("report_of_dashboard", r, at, "")
	system.Eventually(t, "Temporal has the schedules", func() bool { return number(t, h.s, "SELECT count(*) FROM schedules WHERE applied <> version") == 0 })
	schedule, err := h.s.Store.FindSchedule(t.Context(), owner, models.ScheduleReport, r.ID, models.Timing{Cron: "15 6 * * *", TimeZone: "UTC"})
	require.NoError(t, err)
	require.NoError(t, h.client().ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(&schedule)).Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	system.Eventually(t, "the schedule has run", func() bool { return number(t, h.s, "SELECT count(*) FROM report_runs WHERE kind = 'scheduled'") == 1 })
	h.keep("report_scheduled", h.newest("Report", "report-run/"+schedule.ID))
	h.s.Owner.Call(http.StatusNoContent, http.MethodDelete, "/dashboards/"+d.ID, nil, nil)
	run("report_paused", r, at.Add(time.Hour), "")
}

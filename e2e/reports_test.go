package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// mailChannel sets a channel up that leads to a mailbox.
func mailChannel(s *system.System, m *mailbox) (c api.Channel) {
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/channels", map[string]any{"name": "mail", "kind": "email",
		"settings": map[string]any{"host": "127.0.0.1", "port": m.port, "tls": "plain", "from": "datamind@example.com", "to": []string{"team@example.com"}}}, &c)
	return c
}

// reader adds a member who only looks.
func reader(t *testing.T, s *system.System) *models.User {
	t.Helper()
	user, err := s.Store.CreateMember(t.Context(), s.Owner.Scope(), "vera@example.com", "Vera", models.RoleViewer)
	require.NoError(t, err)
	return user
}

// reporting is a report under test.
type reporting struct {
	t *testing.T
	s *system.System
	api.Report
	runs int // that have ended
}

func newReport(t *testing.T, s *system.System, body map[string]any) *reporting {
	t.Helper()
	r := &reporting{t: t, s: s}
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/reports", body, &r.Report)
	return r
}

// run runs it now and returns how that ended.
func (r *reporting) run(body map[string]any) api.ReportRun {
	r.t.Helper()
	r.start(body)
	return r.ended()
}

func (r *reporting) start(body map[string]any) {
	r.t.Helper()
	r.s.Owner.Call(http.StatusAccepted, http.MethodPost, "/reports/"+r.ID+"/run", body, nil)
}

// ended waits for the end of the newest run.
func (r *reporting) ended() (run api.ReportRun) {
	r.t.Helper()
	system.EventuallyWithin(r.t, 90*time.Second, "the report is made", func() bool {
		var runs api.ReportRuns
		r.s.Owner.Call(http.StatusOK, http.MethodGet, "/reports/"+r.ID+"/runs", nil, &runs)
		if len(runs.Items) <= r.runs { // it has not begun
			return false
		}
		run = runs.Items[0]
		return run.Status != models.ReportRunning
	})
	r.runs++
	return run
}

func (r *reporting) deliveries() (out []api.ReportDelivery) {
	r.t.Helper()
	var all api.Page[api.ReportDelivery]
	r.s.Owner.Call(http.StatusOK, http.MethodGet, "/reports/"+r.ID+"/deliveries", nil, &all)
	return all.Items
}

// A report to two people of different roles: each has what their rights show,
// once; nobody is told what they know; and what changed is said.
func TestReports(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{})
	vera := reader(t, s)
	q := s.Owner.Ask("How many orders are there by country?")
	answered := s.Owner.Await(q, models.StatusAnswered)
	r := newReport(t, s, map[string]any{"conversation_id": answered.ConversationID, "cron": "0 8 * * 1", "time_zone": "Europe/Berlin", "skip_unchanged": true,
		"recipients": []any{map[string]any{"user_id": s.Owner.Scope().UserID}, map[string]any{"user_id": vera.ID}}})
	require.True(t, r.Questions[0].Replan)
	require.Equal(t, []string{"no_mail_channel"}, r.Warnings)
	system.Eventually(t, "Temporal has the schedule", func() bool {
		return number(t, s, "SELECT count(*) FROM schedules WHERE kind = 'report' AND applied = version") == 1
	})

	run := r.run(map[string]any{})
	require.Equal(t, models.ReportSent, run.Status, run.Text)
	require.Equal(t, []int{0, 2}, []int{run.Told, run.Skipped}, "made and kept, with nothing to mail it over")
	require.True(t, run.File)
	status, file, err := s.Owner.Try(t.Context(), 0, http.MethodGet, "/report-runs/"+run.ID+"/file", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, file)
	require.True(t, strings.HasPrefix(file, "%PDF-"))
	for _, d := range r.deliveries() {
		require.Equal(t, models.CodeReportNoMail, d.ReasonCode)
	}

	box := newMailbox(t)
	mailChannel(s, box)
	owner := s.Owner.Scope()
	me, err := s.Store.GetMember(t.Context(), owner, owner.UserID)
	require.NoError(t, err)
	require.Equal(t, models.ReportUnchanged, r.run(map[string]any{}).Status, "the same again")
	require.Zero(t, box.had(me.Email)+box.had(vera.Email))

	s.Exec("shop", "INSERT INTO orders SELECT i, 1, date '2026-01-01', 5 FROM generate_series(2001, 2100) i")
	run = r.run(map[string]any{})
	require.Equal(t, models.ReportSent, run.Status, run.Text)
	require.Equal(t, []int{2, 0}, []int{run.Told, run.Skipped})
	system.Eventually(t, "both have a mail", func() bool { return box.had(me.Email) == 1 && box.had(vera.Email) == 1 })
	for _, mail := range box.mails[vera.Email] {
		require.Contains(t, mail, "application/pdf")
	}
	var message models.Message
	require.NoError(t, json.Unmarshal([]byte(text(t, s, "SELECT message::text FROM deliveries WHERE recipient = 'vera@example.com' AND status = 'sent'")), &message))
	require.Len(t, message.Sections, 1)
	require.Len(t, message.Sections[0].Changes, 1, "%+v", message.Sections[0])
	require.Contains(t, message.Sections[0].Changes[0], "Japan")
	require.NotEmpty(t, message.Sections[0].Since)

	require.Equal(t, models.ReportSent, r.run(map[string]any{"only_me": true}).Status, "who wants to see it gets it, changed or not")
	system.Eventually(t, "it came", func() bool { return box.had(me.Email) == 2 })
	require.Equal(t, 1, box.had(vera.Email))

	_, err = s.Store.RemoveMember(t.Context(), owner, vera.ID)
	require.NoError(t, err)
	s.Exec("shop", "DELETE FROM orders WHERE id > 2050")
	run = r.run(map[string]any{})
	require.Equal(t, []int{1, 1}, []int{run.Told, run.Skipped})
	require.Equal(t, 1, number(t, s, "SELECT count(*) FROM deliveries WHERE reason_code = 'recipient_left'"))
	system.Eventually(t, "the owner has it", func() bool { return box.had(me.Email) == 3 })
	require.Equal(t, 1, box.had(vera.Email))

	status, file, err = s.Owner.Try(t.Context(), 0, http.MethodPost, "/reports/"+r.ID+"/preview", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, file)
	require.True(t, strings.HasPrefix(file, "%PDF-"))
}

// text reads a text from the platform's database.
func text(t *testing.T, s *system.System, sql string) (out string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Platform.DSN("datamind"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&out))
	return out
}

// A dashboard that fails in part is told with what is there; one that its
// recipients may not see is not; and one that is gone pauses its report.
func TestReportsOfDashboards(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{})
	vera, box := reader(t, s), newMailbox(t)
	mailChannel(s, box)
	hook := newReceiver(t)
	var d api.Dashboard
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/dashboards", map[string]any{"name": "Orders", "sharing": "private", "tiles": []any{
		newTile(s, "By country", "SELECT c.country, count(*) AS orders FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY 1 ORDER BY 1"),
		newTile(s, "Fails", "SELECT 1 / (amount - amount) AS n FROM orders")}}, &d)
	r := newReport(t, s, map[string]any{"dashboard_id": d.ID, "recipients": []any{map[string]any{"channel_id": webhook(s, hook)}, map[string]any{"user_id": vera.ID}}})
	require.Equal(t, []string{"dashboard_private"}, r.Warnings)
	run := r.run(map[string]any{})
	require.Equal(t, models.ReportSent, run.Status, run.Text)
	require.Equal(t, []int{1, 1}, []int{run.Told, run.Skipped})
	require.Equal(t, 1, number(t, s, "SELECT count(*) FROM deliveries WHERE reason_code = 'recipient_rights'"))
	system.Eventually(t, "the channel was told", func() bool { return len(hook.told()) == 1 })
	var message models.Message
	require.NoError(t, json.Unmarshal([]byte(text(t, s, "SELECT message::text FROM deliveries WHERE channel_kind = 'webhook'")), &message))
	require.NotEmpty(t, message.Sections[0].PictureID, "drawn")
	require.Contains(t, message.Sections[1].Failed, "division by zero")

	s.Owner.Call(http.StatusOK, http.MethodPut, "/dashboards/"+d.ID, map[string]any{"name": "Orders", "sharing": "view", "version": d.Version, "tiles": d.Tiles}, nil)
	run = r.run(map[string]any{})
	require.Equal(t, []int{2, 0}, []int{run.Told, run.Skipped})
	system.Eventually(t, "the reader has it", func() bool { return box.had(vera.Email) == 1 })

	s.Owner.Call(http.StatusNoContent, http.MethodDelete, "/dashboards/"+d.ID, nil, nil)
	run = r.run(map[string]any{})
	require.Equal(t, models.ReportFailed, run.Status)
	require.Equal(t, models.PausedDashboardGone, run.Code)
	s.Owner.Call(http.StatusOK, http.MethodGet, "/reports/"+r.ID, nil, &r.Report)
	require.Equal(t, models.ReportPaused, r.Status)
	system.Eventually(t, "the channel was told that it is over", func() bool { return len(hook.told()) == 3 })
	require.Equal(t, "Orders is paused", hook.told()[2])
}

// Workers that are killed at any moment: each recipient has each report exactly
// once by its key, and none is lost.
func TestKilledWhileReporting(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Workers: []string{"ask,alert", "query"}})
	vera, box := reader(t, s), newMailbox(t)
	mailChannel(s, box)
	slow := savedQuery(s, "SELECT count(*) + (SELECT count(*) FROM pg_catalog.generate_series(1, 3000000)) AS n FROM orders")
	owner := s.Owner.Scope()
	me, err := s.Store.GetMember(t.Context(), owner, owner.UserID)
	require.NoError(t, err)
	const runs = 3
	r := newReport(t, s, map[string]any{"questions": []any{map[string]any{"saved_query_id": slow}, map[string]any{"saved_query_id": savedQuery(s, "SELECT id, amount FROM orders ORDER BY id")}},
		"cron": "0 0 1 1 *", "recipients": []any{map[string]any{"user_id": owner.UserID}, map[string]any{"user_id": vera.ID}}})
	for i := range runs {
		r.start(map[string]any{})
		for j := range 4 {
			w := s.Workers[j%2]
			time.Sleep(time.Duration(100+150*(i+j)) * time.Millisecond) // any moment will do
			w.Kill()
			w.Start(system.WorkerReady)
		}
		require.Equal(t, models.ReportSent, r.ended().Status)
	}
	system.EventuallyWithin(t, 3*time.Minute, "all is sent", func() bool {
		rows, _, err := s.Store.ListDeliveries(t.Context(), owner, store.DeliveryFilter{Subject: store.ReportSubject(r.ID), Status: models.DeliverySent}, "", 50)
		return err == nil && len(rows) == 2*runs
	})
	require.Equal(t, 2*runs, number(t, s, "SELECT count(*) FROM deliveries"))
	require.Equal(t, []int{runs, runs}, []int{box.had(me.Email), box.had(vera.Email)})
	require.Equal(t, runs, number(t, s, "SELECT count(*) FROM report_runs WHERE status = 'sent'"))
	require.Equal(t, 2, number(t, s, "SELECT count(*) FROM report_memories"))
}

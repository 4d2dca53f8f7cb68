package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// report makes a report.
func (p *person) report(body map[string]any) (r api.Report) {
	p.t.Helper()
	res := p.do(http.MethodPost, "/reports", body)
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	res.into(p.t, &r)
	return r
}

// reported has a report made as a worker would, with a PDF for those with the
// person's rights, and returns the run.
func (p *person) reported(id string, at time.Time) string {
	p.t.Helper()
	ctx, scope := p.t.Context(), models.Scope{OrgID: p.scope.OrgID}
	l, _, err := p.store.BeginReport(ctx, scope, store.ReportBegin{ReportID: id, At: at, Kind: models.ReportNow}, func(*store.LoadedReport) *store.ReportEnding { return nil })
	require.NoError(p.t, err)
	file := &models.Artifact{Name: "r.pdf", MediaType: "application/pdf", Content: []byte("%PDF-1.7 of the run"), ExpiresAt: time.Now().Add(time.Hour)}
	part := &models.ReportPart{RunID: l.Run.ID, Rights: models.DataRights(p.scope), Status: models.PartReady, Digest: "d", Message: &models.Message{Title: "t"}}
	kept, err := p.store.KeepPart(ctx, scope, part, nil, func(one *store.Store) error {
		err := one.PutArtifact(ctx, scope, file)
		part.FileID = &file.ID
		return err
	})
	require.NoError(p.t, err)
	require.True(p.t, kept)
	_, _, err = p.store.EndReport(ctx, scope, id, at, func(l *store.LoadedReport, parts []models.ReportPart) *store.ReportEnding {
		end := &store.ReportEnding{Status: models.ReportSent, Told: 1}
		for _, to := range l.Recipients {
			d := models.Delivery{Subject: store.ReportSubject(id), Episode: store.ReportEpisode(at) + "member/" + to.UserID, ChannelID: models.NoChannel,
				Recipient: l.People[to.UserID].Email, Message: *parts[0].Message, Status: models.DeliverySkipped}
			end.Deliveries = append(end.Deliveries, d)
		}
		return end
	})
	require.NoError(p.t, err)
	return l.Run.ID
}

func TestAReportFromItsMakingToItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.runs.store = b.store
	connection := b.a.connection()
	b.a.known(connection)
	dashboard, _ := b.a.dashboard(connection)
	r := b.a.report(map[string]any{"dashboard_id": dashboard})
	require.Equal(t, []api.ReportRecipient{{UserID: b.a.scope.UserID, Name: "Ann"}}, r.Recipients, "you, where nobody is named")
	require.Equal(t, "0 8 * * 1", r.Cron, "every Monday")
	require.Equal(t, []string{"no_mail_channel"}, r.Warnings)
	require.Len(t, r.Next, 5)
	pending, err := b.store.SystemPendingSchedules(t.Context(), 0, time.Hour, 10)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	require.True(t, pending[0].Wanted)
	require.Equal(t, r.ID, pending[0].ObjectID)
	require.NoError(t, b.store.ScheduleApplied(t.Context(), b.a.scope, &pending[0]))

	at := time.Now().UTC().Truncate(time.Second)
	run := b.a.reported(r.ID, at)
	var runs api.ReportRuns
	b.a.do(http.MethodGet, "/reports/"+r.ID+"/runs", nil).into(t, &runs)
	require.Len(t, runs.Items, 1)
	require.True(t, runs.Items[0].File)
	require.Equal(t, models.ReportSent, runs.Items[0].Status)
	require.Empty(t, runs.Missed, "none was due since it was made")
	b.a.do(http.MethodGet, "/reports/"+r.ID, nil).into(t, &r)
	require.True(t, r.LastRun.File)
	res := b.a.do(http.MethodGet, "/report-runs/"+run+"/file", nil)
	require.Equal(t, "%PDF-1.7 of the run", res.body)
	require.Equal(t, "application/pdf", res.header.Get("Content-Type"))
	var told api.Page[api.ReportDelivery]
	b.a.do(http.MethodGet, "/reports/"+r.ID+"/deliveries", nil).into(t, &told)
	require.Len(t, told.Items, 1)
	require.Equal(t, at, told.Items[0].At.UTC())
	b.a.do(http.MethodGet, "/reports/"+r.ID+"/deliveries?at="+at.Format(time.RFC3339), nil).into(t, &told)
	require.Len(t, told.Items, 1, "of this run")
	b.a.do(http.MethodGet, "/reports/"+r.ID+"/deliveries?at="+at.Add(time.Second).Format(time.RFC3339), nil).into(t, &told)
	require.Empty(t, told.Items, "of another run")

	b.runs.take()
	require.Equal(t, http.StatusAccepted, b.a.do(http.MethodPost, "/reports/"+r.ID+"/run", map[string]any{}).status)
	require.Equal(t, http.StatusAccepted, b.a.do(http.MethodPost, "/reports/"+r.ID+"/run", map[string]any{"only_me": true}).status)
	require.Equal(t, []string{"run report " + r.ID, "run report " + r.ID + " " + b.a.scope.UserID}, b.runs.take())
	require.Equal(t, "%PDF-1.7 "+b.a.scope.UserID, b.a.do(http.MethodPost, "/reports/"+r.ID+"/preview", nil).body)
	require.Equal(t, "%PDF-1.7 "+b.a.scope.UserID, b.a.do(http.MethodPost, "/reports/preview", map[string]any{"dashboard_id": dashboard}).body)

	b.a.do(http.MethodPost, "/reports/"+r.ID+"/pause", nil).into(t, &r)
	require.Equal(t, models.ReportPaused, r.Status)
	require.Empty(t, r.Next)
	pending, err = b.store.SystemPendingSchedules(t.Context(), 0, time.Hour, 10)
	require.NoError(t, err)
	require.False(t, pending[0].Wanted)
	require.NoError(t, b.store.ScheduleApplied(t.Context(), b.a.scope, &pending[0]))
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/reports/"+r.ID+"/resume", nil).status)
	res = b.a.do(http.MethodPatch, "/reports/"+r.ID, map[string]any{"name": "Sales", "timing": map[string]any{"cron": "30 7 * * *", "time_zone": "Europe/Berlin"}, "skip_unchanged": true, "pdf": false})
	require.Equal(t, http.StatusOK, res.status, res.body)
	res.into(t, &r)
	require.Equal(t, "Sales", r.Name)
	require.True(t, r.SkipUnchanged)
	require.False(t, r.PDF)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/reports/"+r.ID, nil).status)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/reports/"+r.ID, nil).status)
}

// Who gets a report sees it, what it showed to their rights, and what it told
// them; and can stop getting it. Who does not, sees nothing.
func TestAReportIsSeenByThoseWhoGetIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	dashboard, _ := b.a.dashboard(connection)
	viewer, other := b.member(models.RoleViewer), b.member(models.RoleAdmin)
	r := b.a.report(map[string]any{"dashboard_id": dashboard, "recipients": []any{map[string]any{"user_id": b.a.scope.UserID}, map[string]any{"user_id": viewer.scope.UserID}}})
	run := b.a.reported(r.ID, time.Now().UTC().Truncate(time.Second))
	for _, path := range []string{"/reports/" + r.ID, "/reports/" + r.ID + "/runs", "/reports/" + r.ID + "/deliveries", "/report-runs/" + run + "/file"} {
		require.Equal(t, http.StatusNotFound, other.do(http.MethodGet, path, nil).status, path)
	}
	var seen api.Report
	viewer.do(http.MethodGet, "/reports/"+r.ID, nil).into(t, &seen)
	require.True(t, seen.Gets)
	require.False(t, seen.Mine)
	var runs api.ReportRuns
	viewer.do(http.MethodGet, "/reports/"+r.ID+"/runs", nil).into(t, &runs)
	require.Len(t, runs.Items, 1)
	require.False(t, runs.Items[0].File, "it was made for other rights")
	require.Equal(t, http.StatusNotFound, viewer.do(http.MethodGet, "/report-runs/"+run+"/file", nil).status)
	var told api.Page[api.ReportDelivery]
	viewer.do(http.MethodGet, "/reports/"+r.ID+"/deliveries", nil).into(t, &told)
	require.Len(t, told.Items, 1, "their own")
	for _, path := range []string{"/pause", "/run"} {
		var body any
		if path == "/run" {
			body = map[string]any{}
		}
		require.Equal(t, http.StatusForbidden, viewer.do(http.MethodPost, "/reports/"+r.ID+path, body).status)
	}
	require.Equal(t, http.StatusNoContent, viewer.do(http.MethodPost, "/reports/"+r.ID+"/leave", nil).status)
	require.Equal(t, http.StatusNotFound, viewer.do(http.MethodGet, "/reports/"+r.ID, nil).status)

	analyst := b.member(models.RoleAnalyst)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, "/reports/"+r.ID, map[string]any{"recipients": []any{map[string]any{"user_id": analyst.scope.UserID}}}).status)
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodPatch, "/reports/"+r.ID, map[string]any{"name": "x"}).status)
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodDelete, "/reports/"+r.ID, nil).status)
}

// What a report showed of a private dashboard is its owner's, also once the
// dashboard is deleted.
func TestFilesOfAPrivateDashboardStayPrivate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	dashboard, _ := b.a.dashboard(connection)
	r := b.a.report(map[string]any{"dashboard_id": dashboard})
	other := b.member(b.a.scope.Role)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, "/reports/"+r.ID, map[string]any{"recipients": []any{map[string]any{"user_id": other.scope.UserID}}}).status)
	run := b.a.reported(r.ID, time.Now().UTC().Truncate(time.Second))
	file, runs := "/report-runs/"+run+"/file", "/reports/"+r.ID+"/runs"
	var shown api.ReportRuns
	execSQL(t, b.owner, "UPDATE dashboards SET sharing = 'private'")
	require.Equal(t, http.StatusNotFound, other.do(http.MethodGet, file, nil).status)
	other.do(http.MethodGet, runs, nil).into(t, &shown)
	require.False(t, shown.Items[0].File)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodGet, file, nil).status)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/dashboards/"+dashboard, nil).status)
	require.Equal(t, http.StatusConflict, other.do(http.MethodGet, file, nil).status)
	other.do(http.MethodGet, runs, nil).into(t, &shown)
	require.False(t, shown.Items[0].File)
}

func TestAConversationBecomesStandingQuestions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	q := b.a.asked(connection)
	res := b.a.do(http.MethodPost, "/reports", map[string]any{"conversation_id": q.ConversationID})
	require.Equal(t, http.StatusConflict, res.status, "nothing is answered yet")
	b.a.move(q, models.StatusAnswered)
	execSQL(t, b.owner, "UPDATE questions SET sql = 'SELECT 1', planner = 'builtin'")
	r := b.a.report(map[string]any{"conversation_id": q.ConversationID, "cron": "0 8 * * 1"})
	require.Equal(t, models.ReportQuestions, r.Kind)
	require.Len(t, r.Questions, 1)
	require.Equal(t, q.ID, r.Questions[0].QuestionID)
	require.True(t, r.Questions[0].Replan)
	saved := b.a.savedQuery(connection, false)
	res = b.a.do(http.MethodPatch, "/reports/"+r.ID, map[string]any{"questions": []any{map[string]any{"saved_query_id": saved, "parameters": map[string]any{"country": "DE"}}, map[string]any{"id": r.Questions[0].ID}}})
	require.Equal(t, http.StatusOK, res.status, res.body)
	var changed api.Report
	res.into(t, &changed)
	require.Len(t, changed.Questions, 2)
	require.Equal(t, r.Questions[0].ID, changed.Questions[1].ID, "what it is compared with goes along")
	require.Equal(t, saved, changed.Questions[0].SavedQueryID)
}

func TestReportsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	dashboard, _ := b.a.dashboard(connection)
	pager := b.a.channel("pager", map[string]any{"kind": "pagerduty", "settings": map[string]any{}, "secret": "0123456789abcdef0123456789abcdef"})
	hook := b.a.channel("hook", nil)
	with := func(k string, v any) map[string]any { return map[string]any{"dashboard_id": dashboard, k: v} }
	for _, test := range []struct {
		code string
		body map[string]any
	}{
		{"invalid", map[string]any{}},
		{"invalid", with("questions", []any{map[string]any{"saved_query_id": store.NewID()}})},
		{"alert_schedule", with("cron", "61 * * * *")},
		{"alert_schedule", with("cron", "*/5 * * * *")},
		{"alert_schedule", with("time_zone", "Mars/Olympus")},
		{"parameter_invalid", with("values", map[string]any{"nothing": 1})},
		{"invalid", with("recipients", []any{map[string]any{}})},
		{"invalid", with("recipients", []any{map[string]any{"channel_id": pager.ID}})},
		{"invalid", with("mail_channel_id", hook.ID)},
	} {
		res := b.a.do(http.MethodPost, "/reports", test.body)
		require.Equal(t, http.StatusUnprocessableEntity, res.status, "%v: %s", test.body, res.body)
		require.Equal(t, test.code, res.code(t), test.body)
	}
	for _, to := range []map[string]any{{"user_id": b.b.scope.UserID}, {"channel_id": store.NewID()}} {
		require.Equal(t, http.StatusNotFound, b.a.do(http.MethodPost, "/reports", with("recipients", []any{to})).status, "another organisation's")
	}
}

// Times at which a report was due and did not run are shown.
func TestMissedReportsAreSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	dashboard, _ := b.a.dashboard(connection)
	r := b.a.report(map[string]any{"dashboard_id": dashboard, "cron": "0 * * * *"})
	execSQL(t, b.owner, "UPDATE reports SET active_since = now() - interval '5 hours 30 minutes'")
	var runs api.ReportRuns
	b.a.do(http.MethodGet, "/reports/"+r.ID+"/runs", nil).into(t, &runs)
	require.GreaterOrEqual(t, len(runs.Missed), 4)
}

package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// loadedReport is a report of an owner for a member and a channel.
func loadedReport(change func(*store.LoadedReport)) *store.LoadedReport {
	l := &store.LoadedReport{Report: models.Report{ID: "r", OrgID: "o", UserID: "ann", Name: "Sales", Kind: models.ReportQuestions,
		Recipients: []models.ReportRecipient{{UserID: "ben"}, {ChannelID: "room"}}},
		Run:    models.ReportRun{ID: "run", At: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), Kind: models.ReportScheduled, Status: models.ReportRunning},
		People: map[string]store.MemberRow{"ann": {ID: "ann", Email: "ann@example.com", Role: models.RoleAnalyst}, "ben": {ID: "ben", Email: "ben@example.com", Role: models.RoleViewer}},
		Mail:   &models.Channel{ID: "mail", Kind: models.ChannelEmail, Enabled: true}}
	if change != nil {
		change(l)
	}
	return l
}

func ready(rights string) models.ReportPart {
	return models.ReportPart{Rights: rights, Status: models.PartReady, Message: &models.Message{Title: rights}}
}

func TestEachRecipientIsToldByTheirRights(t *testing.T) {
	t.Parallel()
	a := &Reports{BaseURL: "https://data.example.com"}
	both := []models.ReportPart{ready("role:analyst"), ready("role:viewer")}
	for name, test := range map[string]struct {
		change   func(*store.LoadedReport)
		parts    []models.ReportPart
		failures []ReportFailure
		status   models.ReportRunStatus
		told     map[string]string // title by channel and recipient; a reason of those who are skipped
	}{
		"each by their own, channels by the owner's": {parts: both, status: models.ReportSent, told: map[string]string{"mail ben@example.com": "role:viewer", "room ": "role:analyst"}},
		"without a mail channel": {change: func(l *store.LoadedReport) { l.Mail = nil }, parts: both, status: models.ReportSent,
			told: map[string]string{models.NoChannel + " ben@example.com": "no_mail_channel", "room ": "role:analyst"}},
		"who has left": {change: func(l *store.LoadedReport) { delete(l.People, "ben") }, parts: both[:1], status: models.ReportSent,
			told: map[string]string{models.NoChannel + " ben": "recipient_left", "room ": "role:analyst"}},
		"who may not see the dashboard": {change: func(l *store.LoadedReport) {
			l.Dashboard = &models.Dashboard{UserID: "ann", Sharing: models.SharePrivate}
		}, parts: both[:1], status: models.ReportSent,
			told: map[string]string{models.NoChannel + " ben@example.com": "recipient_rights", "room ": "role:analyst"}},
		"whose rights changed meanwhile": {change: func(l *store.LoadedReport) {
			l.People["ben"] = store.MemberRow{Email: "ben@example.com", Role: models.RoleAdmin}
		}, parts: both, status: models.ReportSent,
			told: map[string]string{models.NoChannel + " ben@example.com": "recipient_changed", "room ": "role:analyst"}},
		"nothing new for one":  {parts: []models.ReportPart{ready("role:analyst"), {Rights: "role:viewer", Status: models.PartUnchanged}}, status: models.ReportSent, told: map[string]string{"room ": "role:analyst"}},
		"nothing new":          {parts: []models.ReportPart{{Rights: "role:analyst", Status: models.PartUnchanged}, {Rights: "role:viewer", Status: models.PartUnchanged}}, status: models.ReportUnchanged, told: map[string]string{}},
		"failed for one":       {parts: both[:1], failures: []ReportFailure{{Rights: "role:viewer", Code: "x", Text: "It failed."}}, status: models.ReportSent, told: map[string]string{"room ": "role:analyst"}},
		"failed":               {failures: []ReportFailure{{Code: "x", Text: "It failed."}}, status: models.ReportFailed, told: map[string]string{"mail ann@example.com": "Sales could not be made"}},
		"failed again":         {change: func(l *store.LoadedReport) { l.Before = models.ReportFailed }, failures: []ReportFailure{{Code: "x", Text: "It failed."}}, status: models.ReportFailed, told: map[string]string{}},
		"failed for who waits": {change: func(l *store.LoadedReport) { l.Run.Kind = models.ReportNow }, failures: []ReportFailure{{Code: "x"}}, status: models.ReportFailed, told: map[string]string{}},
		"to one person alone": {change: func(l *store.LoadedReport) { l.Run.Kind, l.Run.OnlyFor = models.ReportPreview, ptr("ann") }, parts: both[:1], status: models.ReportSent,
			told: map[string]string{"mail ann@example.com": "role:analyst"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := loadedReport(test.change)
			end := a.ending(l, test.parts, test.failures)
			require.Equal(t, test.status, end.Status)
			told, skipped := map[string]string{}, 0
			for _, d := range end.Deliveries {
				require.Equal(t, "report/r", d.Subject)
				said := d.Message.Title
				if d.Status == models.DeliverySkipped {
					said = string(d.ReasonCode)
					skipped++
				}
				told[d.ChannelID+" "+d.Recipient] = said
			}
			require.Equal(t, test.told, told)
			require.Equal(t, skipped, end.Skipped)
			if l.Run.Kind == models.ReportPreview {
				require.Empty(t, end.Remember, "what others were told stays")
			}
		})
	}
}

func TestAReportWhoseOwnerLostItIsPaused(t *testing.T) {
	t.Parallel()
	a := &Reports{}
	private := &models.Dashboard{UserID: "someone", Sharing: models.SharePrivate}
	for code, change := range map[models.Code]func(*store.LoadedReport){
		"":                         func(*store.LoadedReport) {},
		models.PausedOwnerLeft:     func(l *store.LoadedReport) { delete(l.People, "ann") },
		models.PausedRightLost:     func(l *store.LoadedReport) { l.People["ann"] = store.MemberRow{Role: models.RoleViewer} },
		models.PausedDashboardGone: func(l *store.LoadedReport) { l.Kind = models.ReportDashboard },
		"right_lost ":              func(l *store.LoadedReport) { l.Kind, l.Dashboard = models.ReportDashboard, private },
	} {
		end := a.paused(loadedReport(change))
		if code == "" {
			require.Nil(t, end)
			continue
		}
		require.Contains(t, string(code), string(end.Pause))
		require.NotEmpty(t, end.PauseText)
		require.Equal(t, "room", end.Deliveries[0].ChannelID, "the channel is told")
	}
}

func TestTilesAreInTheirOrder(t *testing.T) {
	t.Parallel()
	sorted := inOrder([]models.Tile{{ID: "c", Y: 4}, {ID: "b", X: 6}, {ID: "a"}})
	require.Equal(t, []string{"a", "b", "c"}, []string{sorted[0].ID, sorted[1].ID, sorted[2].ID})
	require.Equal(t, "Umsatz 3 2026 2026-03-02", fileName("Umsatz 3/2026 \n..", time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)))
}

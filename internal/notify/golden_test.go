package notify

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

var update = flag.Bool("update", false, "write the forms of messages anew")

// forms are all forms of a message.
func forms(t *testing.T, m models.Message) string {
	t.Helper()
	var b strings.Builder
	add := func(name string, form any) {
		text, ok := form.(string)
		if !ok {
			raw, err := json.MarshalIndent(form, "", " ")
			require.NoError(t, err)
			text = string(raw)
		}
		b.WriteString("=== " + name + "\n" + text + "\n")
	}
	add("stored", m)
	add("slack", slackMessage(m))
	add("teams", teamsMessage(m))
	add("discord", discordMessage(m, nil))
	add("telegram", telegramMessage(m, telegramText))
	add("caption", telegramMessage(m, telegramCaption))
	add("plain", plain(m, 20_000))
	html, err := mailHTML(m, "key@example.com")
	require.NoError(t, err)
	add("html", html)
	return b.String()
}

// Messages that are no reports look as they always have.
func TestMessagesOfAlertsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	small := models.Message{Title: "Backups are late", Text: "One.\n\nTwo\nlines.", Severity: models.SeverityResolved}
	rows := models.Message{Title: "New shops", Severity: models.SeverityInfo, Columns: []string{"shop", "value"}, Rows: [][]string{{"Kiel", "1,204"}, {"Bremen", "–"}, {"", "12.5 %"}}, More: 3, Link: "https://data.example.com/a", LinkText: "Open the alert"}
	got := forms(t, delivery().Message.Bounded()) + forms(t, small.Bounded()) + forms(t, rows.Bounded())
	const path = "testdata/messages.golden"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

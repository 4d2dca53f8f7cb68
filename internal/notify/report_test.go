package notify

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/picture"
	"github.com/datamind/datamind/internal/report"
	"github.com/datamind/datamind/models"
)

var keep = flag.String("keep", "", "directory to write mails to, for looking at them")

// weekly is a report as it comes from a dashboard.
func weekly(t *testing.T, locale string) Delivery {
	t.Helper()
	number := func(n string) json.Number { return json.Number(n) }
	cities := &models.Rows{Columns: []models.Column{{Name: "city", Type: "text"}, {Name: "net_revenue", Type: "number"}}, Rows: [][]any{{"Berlin", number("1377.50")}, {"Kiel", number("940")}, {"Rostock", number("88")}, {"Ulm", number("61.25")}}}
	orders := &models.Rows{Columns: []models.Column{{Name: "order_id", Type: "integer"}, {Name: "customer", Type: "text"}, {Name: "ordered_at", Type: "timestamp"}, {Name: "total", Type: "number"}, {Name: "note", Type: "text"}}}
	for i := range 40 {
		var total any = number(fmt.Sprintf("%d.50", i*1371))
		if i == 3 {
			total = nil
		}
		orders.Rows = append(orders.Rows, []any{int64(100_000 + i), "<b>Customer</b> & Sons " + fmt.Sprint(i), "2026-11-22T10:00:00Z", total, "Leave it with the neighbours at number 14"})
	}
	since := time.Date(2026, 11, 16, 7, 0, 0, 0, time.UTC)
	bar := &models.ChartSpec{Type: models.ChartBar, X: "city", Y: []string{"net_revenue"}, XType: models.AxisCategory}
	d := report.Document{Title: "Sales of the week", Subtitle: "Everything that the Monday round looks at.", At: since.AddDate(0, 0, 7), Locale: locale, Link: "https://data.example.com/dashboards/7f0c", LinkText: "Open the dashboard",
		Footer: "You get this report because Ann Müller sends it to you every Monday at 8:00.",
		Sections: []report.Section{
			{Title: "About this report", Text: "Revenue **without** refunds, from the [ledger](https://data.example.com/ledger).\n\n- North and South report daily\n- West reports weekly"},
			{Title: "Revenue by city", Text: "Berlin leads.", Rows: cities, Total: 4, Chart: bar, Since: since, Changes: []report.Change{{Kind: report.ChangeRowNew, Text: "New: Rostock (88)"}, {Kind: report.ChangeValue, Text: "Berlin: 1,204 → 1,377.50 (+14.4 %)"}}},
			{Title: "Open orders ```", Rows: orders, Total: 5120, Since: since},
			{Title: "Stock by warehouse", Failed: "The database did not answer within 30 seconds."},
		}}
	png, err := picture.Chart(*bar, cities, picture.Options{})
	require.NoError(t, err)
	out := delivery()
	out.Subject, out.Picture = "report/1", nil
	out.Message = report.Message(d, []string{"", "p1", "", ""})
	out.Pictures = map[string]*File{"p1": {Name: "chart.png", MediaType: "image/png", Content: png}}
	out.Files = []File{{Name: "sales.pdf", MediaType: "application/pdf", Content: []byte("%PDF-1.7")}}
	return out
}

// largest is a report as large as the ledger keeps one.
func largest() models.Message {
	m := models.Message{Title: strings.Repeat("ü<&> ", 400), Text: strings.Repeat("wörds *_` & <more>\n", 2000), Link: "https://data.example.com/r", Footer: strings.Repeat("why ", 400), Severity: models.SeverityInfo}
	for i := range 60 {
		s := models.MessageSection{Title: fmt.Sprint(i, strings.Repeat(" *<section>", 40)), Text: strings.Repeat("paragraph <&> ```\n\n", 200), Since: "yesterday", More: 1000}
		for c := range 14 {
			s.Columns = append(s.Columns, fmt.Sprint("column ", c))
		}
		for r := range 30 {
			s.Changes = append(s.Changes, strings.Repeat("change <&> ", 50))
			var row []string
			for c := range 14 {
				row = append(row, fmt.Sprintf("%d,%d ``` <&> 東京 @everyone", r, c))
			}
			s.Rows = append(s.Rows, row)
		}
		m.Sections = append(m.Sections, s)
	}
	return m.Bounded()
}

func TestEachServiceGetsAReport(t *testing.T) {
	t.Parallel()
	for kind, to := range targets {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, takes)
			err := r.client().Send(t.Context(), to, weekly(t, "en"))
			if kind == models.ChannelPagerDuty {
				require.Equal(t, models.CodeChannelMessage, models.ErrorCode(err))
				require.Contains(t, err.Error(), "a report is none")
				require.Empty(t, r.requests(), "nobody is called")
				return
			}
			require.NoError(t, err)
			body := string(r.requests()[0].body)
			for _, text := range []string{"Sales of the week", "Revenue by city", "1,377.50", "New: Rostock", "did not answer", "data.example.com/dashboards/7f0c"} {
				require.Contains(t, strings.ReplaceAll(body, `\\`, ""), text)
			}
			require.NotContains(t, body, "p1\"", "ids mean nothing elsewhere")
			if kind == models.ChannelDiscord {
				require.Contains(t, body, `filename="sales.pdf"`)
				require.Contains(t, body, "attachment://section-2.png")
				require.Contains(t, body, `filename="section-2.png"`)
			}
			if kind == models.ChannelWebhook {
				var got webhookBody
				require.NoError(t, json.Unmarshal(r.requests()[0].body, &got))
				require.Len(t, got.Message.Sections, 4)
				require.Equal(t, []string{"New: Rostock (88)", "Berlin: 1,204 → 1,377.50 (+14.4 %)"}, got.Message.Sections[1].Changes)
				require.Equal(t, 5110, got.Message.Sections[2].More)
			}
		})
	}
}

func TestABotAddsPicturesAndFilesOfAReport(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, takes)
	require.NoError(t, r.client().Send(t.Context(), Target{Kind: models.ChannelSlack, Secret: "xoxb-1", Settings: models.ChannelSettings{Room: "C0123456789"}}, weekly(t, "en")))
	all := r.requests()
	require.Len(t, all, 6, "two files in two steps each, the message, and that the files belong to it")
	require.Contains(t, string(all[5].body), `{"id":"F1","title":"Revenue by city"},{"id":"F1","title":"sales.pdf"}`)
}

func TestTelegramGetsTheReportFirst(t *testing.T) {
	t.Parallel()
	// What follows the message may fail: it is told, and is not told again.
	r := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
		if !strings.HasSuffix(q.URL.Path, "sendMessage") {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	})
	require.NoError(t, r.client().Send(t.Context(), targets[models.ChannelTelegram], weekly(t, "en")))
	var methods []string
	for _, q := range r.requests() {
		methods = append(methods, filepath.Base(q.path))
	}
	require.Equal(t, []string{"sendMessage", "sendPhoto", "sendDocument"}, methods)
}

func TestReportsKeepToTheServicesLimits(t *testing.T) {
	t.Parallel()
	runes := utf8.RuneCountInString
	for name, m := range map[string]models.Message{"largest": largest(), "usual": weekly(t, "en").Message, "one section": {Title: "t", Sections: []models.MessageSection{{}}}} {
		blocks := slackMessage(m)["blocks"].([]any)
		require.LessOrEqual(t, len(blocks), 50, name)
		for _, b := range blocks {
			if text, ok := b.(map[string]any)["text"].(map[string]any); ok {
				require.LessOrEqual(t, runes(text["text"].(string)), slackSection, name)
				require.Zero(t, strings.Count(text["text"].(string), "```")%2, name)
			}
		}
		card, err := json.Marshal(teamsMessage(m))
		require.NoError(t, err)
		require.LessOrEqual(t, len(card), 28<<10, name)
		require.Contains(t, string(card), m.Link, name)

		message, _ := discordReport(Delivery{Message: m})
		embeds := message.(map[string]any)["embeds"].([]map[string]any)
		require.LessOrEqual(t, len(embeds), 10, name)
		total := 0
		for _, e := range embeds {
			title, _ := e["title"].(string)
			description, _ := e["description"].(string)
			footer, _ := e["footer"].(map[string]any)
			require.LessOrEqual(t, runes(title), discordTitle, name)
			require.LessOrEqual(t, runes(description), discordDescription, name)
			require.Zero(t, strings.Count(description, "```")%2, name)
			total += runes(title) + runes(description) + runes(fmt.Sprint(footer["text"]))
		}
		require.LessOrEqual(t, total, discordTotal, name)

		text := telegramMessage(m, telegramText)
		visible := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "<b>", "", "</b>", "", "<pre>", "", "</pre>", "", "</a>", "").Replace(text)
		require.LessOrEqual(t, runes(visible)-len(m.Link)-11, telegramText, name)
		require.Contains(t, text, m.Link, name)

		page, err := reportHTML(m, nil)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), reportBytes, name)
		require.LessOrEqual(t, runes(plain(m, 20_000)), 20_000, name)
		raw, err := json.Marshal(m)
		require.NoError(t, err)
		require.Less(t, len(raw), 1<<20, name)
		again := m.Bounded()
		require.Equal(t, m.MoreSections, again.MoreSections, name)
		for i := range m.Sections {
			require.Equal(t, m.Sections[i].More+len(m.Sections[i].Rows), again.Sections[i].More+len(again.Sections[i].Rows), "%s: rows are counted once", name)
		}
	}
}

func TestMarkupOfAReportIsText(t *testing.T) {
	t.Parallel()
	d := weekly(t, "en")
	d.Message.Sections[2].Rows[0][1] = "<!channel> @everyone <script>"
	require.NotContains(t, fmt.Sprint(slackMessage(d.Message)), "<!channel>")
	require.NotContains(t, telegramMessage(d.Message, telegramText), "<script>")
	page, err := reportHTML(d.Message, nil)
	require.NoError(t, err)
	require.NotContains(t, page, "<script>")
	require.NotContains(t, page, "<b>Customer")
}

func TestAReportByMail(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "de"} {
		d := weekly(t, locale)
		msg, err := mailMessage(models.ChannelSettings{From: "data@example.com"}, func() Delivery { d.Recipient = "ann@example.com"; return d }())
		require.NoError(t, err)
		var b strings.Builder
		_, err = msg.WriteTo(&b)
		require.NoError(t, err)
		for _, part := range []string{"Content-Id: <" + d.Key + "-2@example.com>", `filename="sales.pdf"`, "multipart/alternative", "text/plain", "text/html"} {
			require.Contains(t, b.String(), part)
		}
		text := plain(d.Message, 20_000)
		require.Contains(t, text, "• West reports weekly")
		require.Contains(t, text, map[string]string{"en": "Nothing has changed since 16 Nov 2026", "de": "Seit 16.11.2026, 07:00 UTC hat sich nichts geändert."}[locale])
		page, err := reportHTML(d.Message, map[int]string{1: "x@example.com"})
		require.NoError(t, err)
		require.Contains(t, page, `src="cid:x@example.com"`)
		require.Contains(t, page, map[string]string{"en": "… and 5110 more rows", "de": "… und 5110 weitere Zeilen"}[locale])
		if *keep != "" {
			page = strings.ReplaceAll(page, "cid:x@example.com", "chart.png")
			require.NoError(t, os.WriteFile(filepath.Join(*keep, "mail-"+locale+".html"), []byte(page), 0o644))
			require.NoError(t, os.WriteFile(filepath.Join(*keep, "chart.png"), d.Pictures["p1"].Content, 0o644))
		}
	}
}

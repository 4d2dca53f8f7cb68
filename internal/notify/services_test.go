package notify

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/models"
)

// answers of the services' own kind to what they take.
func takes(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "files.getUploadURLExternal"):
		_, _ = io.WriteString(w, `{"ok":true,"upload_url":"https://files.slack.com/upload/v1/abc","file_id":"F1"}`)
	case strings.HasPrefix(r.Host, "slack.com"):
		_, _ = io.WriteString(w, `{"ok":true,"ts":"1.2","channel":"C0123456789"}`)
	case strings.HasSuffix(r.Host, "logic.azure.com:443"), strings.HasPrefix(r.Host, "events."), strings.HasSuffix(r.Host, "logic.azure.com"):
		w.WriteHeader(http.StatusAccepted)
	case r.Host == "api.telegram.org", r.Host == "discord.com":
		_, _ = io.WriteString(w, `{"ok":true,"id":"1"}`)
	default:
		_, _ = io.WriteString(w, "ok")
	}
}

func TestEachServiceGetsItsOwnForm(t *testing.T) {
	t.Parallel()
	for kind, to := range targets {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, takes)
			require.NoError(t, r.client().Send(t.Context(), to, delivery()))
			require.Len(t, r.requests(), 1)
			body := string(r.requests()[0].body)
			require.Contains(t, body, "4.12 %")
			require.NotContains(t, body, "\\nBcc: evil", "a title is one line")
			require.NotContains(t, body, "SECRETPART-0", "what signs is not sent")
			require.Contains(t, body, "data.example.com/alerts/1")
			var m map[string]any
			require.NoError(t, json.Unmarshal([]byte(body), &m))
		})
	}
}

func TestMarkupOfAMessageIsText(t *testing.T) {
	t.Parallel()
	slackBody, err := json.Marshal(slackMessage(delivery().Message))
	require.NoError(t, err)
	var text string
	for _, b := range slackMessage(delivery().Message)["blocks"].([]any) {
		text += fmt.Sprint(b)
	}
	require.Contains(t, text, "&lt;!channel&gt;")
	require.NotContains(t, text, "<!channel>")
	require.Equal(t, 2, strings.Count(text, "```"), "a cell does not end the table")
	require.True(t, json.Valid(slackBody))

	discordBody := fmt.Sprint(discordMessage(delivery().Message, nil))
	require.NotContains(t, discordBody, "@everyone")
	require.Contains(t, discordBody, `\*more\*`)

	telegramBody := telegramMessage(delivery().Message, telegramText)
	require.Contains(t, telegramBody, "&lt;b&gt;4.1 %&lt;/b&gt;")

	card, err := json.Marshal(teamsMessage(delivery().Message))
	require.NoError(t, err)
	require.NotContains(t, string(card), "{{DATE")
	require.NotContains(t, string(card), `"TextBlock"`, "which would read Markdown")
}

// huge is as large as a message gets.
func huge() models.Message {
	m := delivery().Message
	m.Title, m.Text = strings.Repeat("ü<&> ", 400), strings.Repeat("wörds & <more>\n", 2000)
	for i := range 40 {
		m.Facts = append(m.Facts, models.MessageFact{Name: fmt.Sprint("fact ", i, strings.Repeat("*", 300)), Value: strings.Repeat("v<", 800)})
		m.Rows = append(m.Rows, []string{strings.Repeat("cell 東", 100), "1"})
	}
	m.Columns = []string{strings.Repeat("column", 50), "n"}
	return m.Bounded()
}

func TestMessagesKeepToTheServicesLimits(t *testing.T) {
	t.Parallel()
	runes := utf8.RuneCountInString
	for name, m := range map[string]models.Message{"huge": huge(), "usual": delivery().Message.Bounded(), "empty": {Title: "t"}} {
		s := slackMessage(m)
		blocks := s["blocks"].([]any)
		require.LessOrEqual(t, len(blocks), 50, name)
		for _, b := range blocks {
			block := b.(map[string]any)
			if text, ok := block["text"].(map[string]any); ok {
				limit := map[string]int{"header": slackHeader, "section": slackSection}[block["type"].(string)]
				require.LessOrEqual(t, runes(text["text"].(string)), limit, name)
			}
			fields, _ := block["fields"].([]any)
			require.LessOrEqual(t, len(fields), slackFields)
			for _, f := range fields {
				require.LessOrEqual(t, runes(f.(map[string]any)["text"].(string)), slackField+2, name)
			}
		}
		card, err := json.Marshal(teamsMessage(m))
		require.NoError(t, err)
		require.LessOrEqual(t, len(card), 28<<10, name)
		require.Contains(t, string(card), strings.ReplaceAll(m.Link, "/", "/"), name)

		embed := discordMessage(m, nil).(map[string]any)["embeds"].([]any)[0].(map[string]any)
		total := runes(embed["title"].(string))
		require.LessOrEqual(t, total, discordTitle, name)
		description, _ := embed["description"].(string)
		require.LessOrEqual(t, runes(description), discordDescription, name)
		total += runes(description)
		fields, _ := embed["fields"].([]any)
		require.LessOrEqual(t, len(fields), discordFields)
		for _, f := range fields {
			field := f.(map[string]any)
			require.LessOrEqual(t, runes(field["name"].(string)), discordName)
			require.LessOrEqual(t, runes(field["value"].(string)), discordValue)
			total += runes(field["name"].(string)) + runes(field["value"].(string))
		}
		require.LessOrEqual(t, total, discordTotal, name)

		for _, most := range []int{telegramText, telegramCaption} {
			text := telegramMessage(m, most)
			visible := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "<b>", "", "</b>", "", "<pre>", "", "</pre>", "", "</a>", "").Replace(text)
			if i := strings.Index(visible, "<a href"); i >= 0 {
				end := strings.Index(visible[i:], ">")
				visible = visible[:i] + visible[i+end+1:]
			}
			require.LessOrEqual(t, runes(visible), most, name)
			if m.Link != "" {
				require.Contains(t, text, m.Link, "the link stays whatever is cut")
			}
		}
	}
}

func TestPicturesGoWithTheMessage(t *testing.T) {
	t.Parallel()
	picture := &File{Name: "chart \"1\".png", MediaType: "image/png", Content: []byte("\x89PNG the picture")}
	for kind, paths := range map[models.ChannelKind][]string{
		models.ChannelDiscord:  {"/api/webhooks/1/SECRETPART?wait=true"},
		models.ChannelTelegram: {"/bot12345678:SECRETPART-abcdefghijklmnopqrs/sendPhoto"},
		models.ChannelWebhook:  {"/in?a=b"},
		models.ChannelSlack:    {"/api/files.getUploadURLExternal", "/upload/v1/abc", "/api/chat.postMessage", "/api/files.completeUploadExternal"},
	} {
		r := newReceiver(t, takes)
		to := targets[kind]
		if kind == models.ChannelSlack {
			to = Target{Kind: kind, Secret: "xoxb-1234567890-abc", Settings: models.ChannelSettings{Room: "C0123456789"}}
		}
		d := delivery()
		d.Picture = picture
		require.NoError(t, r.client().Send(t.Context(), to, d), kind)
		var had []string
		whole := ""
		for _, g := range r.requests() {
			had, whole = append(had, g.path), whole+string(g.body)
		}
		require.Equal(t, paths, had)
		if kind != models.ChannelWebhook {
			require.Contains(t, whole, "PNG the picture")
		}
	}
}

func TestAWebhookCanBeVerified(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	to, d := targets[models.ChannelWebhook], delivery()
	client := r.client()
	require.NoError(t, client.Send(t.Context(), to, d))
	require.NoError(t, client.Send(t.Context(), to, d))
	all := r.requests()
	require.Equal(t, all[0].body, all[1].body, "a second try is the same")
	require.Equal(t, d.Key, all[0].header.Get(HeaderDelivery))
	require.Equal(t, d.Key, all[0].json(t)["key"])
	var stamp int64
	var signature string
	_, err := fmt.Sscanf(strings.ReplaceAll(all[0].header.Get(HeaderSignature), ",v1=", " "), "t=%d %s", &stamp, &signature)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), time.Unix(stamp, 0), time.Minute)
	require.Equal(t, hex.EncodeToString(mac(to.Secret, fmt.Sprint(stamp), all[0].body)), signature)
	require.NotEqual(t, hex.EncodeToString(mac(to.Secret, fmt.Sprint(stamp), append(bytes.Clone(all[0].body), ' '))), signature)
}

func TestPagerDutyOpensAndResolvesTheSameIncident(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, takes)
	client, to := r.client(), targets[models.ChannelPagerDuty]
	d := delivery()
	require.NoError(t, client.Send(t.Context(), to, d))
	d.Message.Severity = models.SeverityResolved
	require.NoError(t, client.Send(t.Context(), to, d))
	d.Subject = "test/1"
	to.Settings.Region = "eu"
	require.NoError(t, client.Send(t.Context(), to, d))
	var events []string
	for _, g := range r.requests() {
		m := g.json(t)
		events = append(events, fmt.Sprint(g.host, " ", m["event_action"], " ", m["dedup_key"]))
	}
	require.Equal(t, []string{"events.pagerduty.com trigger dm-incident", "events.pagerduty.com resolve dm-incident",
		"events.eu.pagerduty.com trigger dm-incident", "events.eu.pagerduty.com resolve dm-incident"}, events)
}

// What services say no with, and what comes of it.
func TestRefusalsAreToldApart(t *testing.T) {
	t.Parallel()
	slackBot := Target{Kind: models.ChannelSlack, Secret: "xoxb-1234567890-SECRETPART", Settings: models.ChannelSettings{Room: "C0123456789"}}
	for _, c := range []struct {
		to     Target
		status int
		header string
		body   string
		code   models.Code
		retry  bool
		after  time.Duration
		says   string
	}{
		{targets["slack"], 429, "Retry-After: 30", "rate_limited", models.CodeChannelBusy, true, 30 * time.Second, "too many messages"},
		{targets["slack"], 400, "", "invalid_payload", models.CodeChannelMessage, false, 0, "does not take the message"},
		{targets["slack"], 404, "", "no_service", models.CodeChannelMissing, false, 0, "Make a new one"},
		{targets["slack"], 410, "", "channel_is_archived", models.CodeChannelMissing, false, 0, "archived"},
		{targets["slack"], 403, "", "action_prohibited", models.CodeChannelSecret, false, 0, "administrator"},
		{targets["slack"], 500, "", "rollup_error", models.CodeChannelFailed, true, 0, "problem of its own"},
		{slackBot, 200, "", `{"ok":false,"error":"invalid_auth"}`, models.CodeChannelSecret, false, 0, "token"},
		{slackBot, 200, "", `{"ok":false,"error":"not_in_channel"}`, models.CodeChannelRecipient, false, 0, "/invite"},
		{slackBot, 200, "", `{"ok":false,"error":"missing_scope","needed":"chat:write"}`, models.CodeChannelSecret, false, 0, "chat:write"},
		{slackBot, 429, "Retry-After: 7", `{"ok":false,"error":"ratelimited"}`, models.CodeChannelBusy, true, 7 * time.Second, "wait for 7s"},
		{slackBot, 200, "", `<html>captive portal</html>`, models.CodeChannelReply, false, 0, "not Slack"},
		{targets["teams"], 404, "", `{"error":{"code":"WorkflowNotFound","message":"SECRETPART"}}`, models.CodeChannelMissing, false, 0, "does not exist any more"},
		{targets["teams"], 401, "", `{"error":{"code":"DirectApiAuthorizationRequired"}}`, models.CodeChannelSecret, false, 0, "anyone"},
		{targets["teams"], 429, "Retry-After: 12", `{}`, models.CodeChannelBusy, true, 12 * time.Second, ""},
		{targets["teams"], 200, "", "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId", models.CodeChannelBusy, true, 0, ""},
		{targets["discord"], 429, "Retry-After: 65", `{"message":"You are being rate limited.","retry_after":64.5,"global":false}`, models.CodeChannelBusy, true, 64500 * time.Millisecond, ""},
		{targets["discord"], 404, "", `{"message":"Unknown Webhook","code":10015}`, models.CodeChannelMissing, false, 0, "deleted"},
		{targets["discord"], 401, "", `{"message":"Invalid Webhook Token","code":50027}`, models.CodeChannelSecret, false, 0, "Copy it again"},
		{targets["pagerduty"], 400, "", `{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}`, models.CodeChannelSecret, false, 0, "region"},
		{targets["pagerduty"], 429, "", ``, models.CodeChannelBusy, true, 0, ""},
		{targets["telegram"], 429, "", `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}`, models.CodeChannelBusy, true, 5 * time.Second, ""},
		{targets["telegram"], 401, "", `{"ok":false,"error_code":401,"description":"Unauthorized"}`, models.CodeChannelSecret, false, 0, "@BotFather"},
		{targets["telegram"], 400, "", `{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`, models.CodeChannelRecipient, false, 0, "minus"},
		{targets["telegram"], 400, "", `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}`, models.CodeChannelRecipient, false, 0, "-1009"},
		{targets["telegram"], 403, "", `{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}`, models.CodeChannelRecipient, false, 0, "/start"},
		{targets["webhook"], 302, "Location: http://169.254.169.254/latest", "", models.CodeChannelRedirect, false, 0, "not followed"},
		{targets["webhook"], 410, "", "gone SECRETPART", models.CodeChannelMissing, false, 0, "Check the path"},
		{targets["webhook"], 503, "Retry-After: 120", "", models.CodeChannelFailed, true, 2 * time.Minute, ""},
		{targets["webhook"], 401, "", "", models.CodeChannelSecret, false, 0, "the same at both ends"},
		{targets["webhook"], 200, "", strings.Repeat("x", 10<<20), "", false, 0, ""},
		{targets["webhook"], 400, "", strings.Repeat("x", 10<<20), models.CodeChannelMessage, false, 0, ""},
	} {
		r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		err := r.client().Send(t.Context(), c.to, delivery())
		what := fmt.Sprintf("%s %d %.60s", c.to.Kind, c.status, c.body)
		require.Equal(t, c.code, models.ErrorCode(err), "%s: %v", what, err)
		require.Len(t, r.requests(), 1, what)
		if c.code == "" {
			continue
		}
		require.Equal(t, c.retry, Retryable(err), what)
		require.Equal(t, c.after, RetryAfter(err), what)
		require.ErrorContains(t, err, c.says, what)
		require.NotContains(t, err.Error(), "SECRETPART", what)
	}
}

func TestWhatIsNotReachedSaysWhy(t *testing.T) {
	t.Parallel()
	send := func(config Config, to Target) error { return New(config).Send(t.Context(), to, delivery()) }
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	at := func(url string) Target {
		to := targets["webhook"]
		to.Settings.URL = url
		return to
	}
	open := connector.Policy{AllowPrivate: true}
	err = send(Config{Control: open.Control}, at("http://"+closed.Addr().String()))
	require.Equal(t, models.CodeRefused, models.ErrorCode(err), err)
	require.True(t, Retryable(err))
	err = send(Config{Control: open.Control}, at("http://no-such-host.invalid/x"))
	require.Equal(t, models.CodeHostUnknown, models.ErrorCode(err), err)

	r := newReceiver(t, nil)
	own := netip.MustParseAddrPort(r.Listener.Addr().String())
	for name, c := range map[string]struct {
		policy connector.Policy
		url    string
	}{
		"loopback":       {connector.Policy{}, r.URL},
		"the platform":   {connector.Policy{AllowPrivate: true, Deny: []netip.AddrPort{own}}, r.URL},
		"metadata":       {open, "http://169.254.169.254/latest/meta-data"},
		"mapped":         {connector.Policy{}, "http://[::ffff:127.0.0.1]:" + fmt.Sprint(own.Port())},
		"NAT64":          {open, "http://[64:ff9b::169.254.169.254]/"},
		"private":        {connector.Policy{}, "http://10.1.2.3/"},
		"a name of ours": {connector.Policy{}, "http://localhost:" + fmt.Sprint(own.Port())},
	} {
		err := send(Config{Control: c.policy.Control}, at(c.url))
		require.Equal(t, models.CodeAddressRefused, models.ErrorCode(err), "%s: %v", name, err)
		require.False(t, Retryable(err))
	}
	require.Empty(t, r.requests())
	err = send(Config{Control: open.Control}, at(r.URL)) // its certificate is its own
	require.Equal(t, models.CodeTLS, models.ErrorCode(err), err)
	require.Empty(t, r.requests())
}

func TestAServiceThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := r.client().Send(ctx, targets["webhook"], delivery())
	require.Equal(t, models.CodeTimeout, models.ErrorCode(err), err)
	require.True(t, Retryable(err))
}

// A proxy of the environment would see secrets, and would be dialled in place of
// the address that is checked.
func TestNoProxyOfTheEnvironmentIsUsed(t *testing.T) {
	t.Parallel()
	require.Nil(t, New(Config{}).http.Transport.(*http.Transport).Proxy)
}

func TestSecretsGoToTheirServiceOnly(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	for _, secret := range []string{"https://evil.example.com/services/x", "http://hooks.slack.com/services/x", "https://hooks.slack.com.evil.example.com/x",
		"https://hooks.slack.com@evil.example.com/x", "https://hooks.slack.com:8443/x", "nonsense", "", "https://user@hooks.slack.com/x"} {
		err := r.client().Send(t.Context(), Target{Kind: models.ChannelSlack, Secret: secret}, delivery())
		require.Equal(t, models.CodeChannelSecret, models.ErrorCode(err), secret)
	}
	require.Empty(t, r.requests())
}

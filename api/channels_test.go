package api_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

const channelSecret = "whsec-very-secret-word"

func channelBody(name string, more map[string]any) map[string]any {
	body := map[string]any{"name": name, "kind": "webhook", "secret": channelSecret, "settings": map[string]any{"url": "https://hooks.example.com/in"}}
	maps.Copy(body, more)
	return body
}

// channel sets up a channel through the API.
func (p *person) channel(name string, more map[string]any) (c api.Channel) {
	p.t.Helper()
	res := p.do(http.MethodPost, "/channels", channelBody(name, more))
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	require.NotContains(p.t, res.body, channelSecret)
	res.into(p.t, &c)
	return c
}

// delivery puts a delivery into the ledger.
func (p *person) delivery(channelID string, status models.DeliveryStatus) string {
	p.t.Helper()
	ids, err := p.store.Queue(p.t.Context(), p.scope, []models.Delivery{{Subject: "alert/" + store.NewID(), Episode: "1/firing", ChannelID: channelID,
		Message: models.Message{Title: "Refunds are high", Text: "4.1 %"}}})
	require.NoError(p.t, err)
	if status != models.DeliveryQueued {
		_, err = p.store.ClaimDelivery(p.t.Context(), p.scope, ids[0], "w", time.Minute)
		require.NoError(p.t, err)
		require.NoError(p.t, p.store.CloseDelivery(p.t.Context(), p.scope, ids[0], "w", status, models.CodeChannelMissing, "It is gone."))
	}
	return ids[0]
}

func TestChannelsAreSetUpUsedAndRemoved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin, analyst, viewer := b.member(models.RoleAdmin), b.member(models.RoleAnalyst), b.member(models.RoleViewer)
	one := admin.channel("one", nil)
	off := admin.channel("off", map[string]any{"enabled": false, "kind": "telegram", "secret": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "settings": map[string]any{"to": []string{"-100", "@sales", "-100"}}})
	require.Equal(t, []string{"-100", "@sales"}, off.Settings.To)
	require.Equal(t, http.StatusConflict, admin.do(http.MethodPost, "/channels", channelBody("one", nil)).status)

	stored, err := b.store.GetChannel(t.Context(), b.a.scope, one.ID)
	require.NoError(t, err)
	secret, err := b.channels.Open(b.a.scope.OrgID, one.ID, stored.SealedSecret)
	require.NoError(t, err)
	require.Equal(t, channelSecret, secret)
	_, err = b.channels.Open(b.b.scope.OrgID, one.ID, stored.SealedSecret)
	require.ErrorIs(t, err, crypt.ErrOpen, "not as another organisation's")
	_, err = b.models.Open(b.a.scope.OrgID, one.ID, stored.SealedSecret)
	require.ErrorIs(t, err, crypt.ErrOpen, "not by model workers")

	var list api.ChannelList
	analyst.do(http.MethodGet, "/channels", nil).into(t, &list)
	require.Equal(t, []api.Channel{{ID: one.ID, Name: "one", Kind: models.ChannelWebhook, Enabled: true}}, list.Channels, "who only uses them sees names")
	require.Equal(t, http.StatusForbidden, viewer.do(http.MethodGet, "/channels", nil).status)
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodGet, "/deliveries", nil).status)

	res := admin.do(http.MethodPatch, "/channels/"+one.ID, map[string]any{"name": "renamed", "enabled": false})
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Equal(t, true, res.field(t, "secret_set"))
	require.Equal(t, http.StatusOK, admin.do(http.MethodPost, "/channels/"+one.ID+"/test", nil).status)
	require.Equal(t, one.ID, b.runs.channel.ChannelID)
	require.Equal(t, http.StatusNoContent, admin.do(http.MethodDelete, "/channels/"+one.ID, nil).status)
	require.Equal(t, http.StatusNotFound, admin.do(http.MethodGet, "/channels/"+one.ID, nil).status)

	var log api.Page[api.AuditEvent]
	res = admin.do(http.MethodGet, "/audit", nil)
	require.NotContains(t, res.body, channelSecret)
	res.into(t, &log)
	var actions []string
	for _, e := range log.Items[:5] {
		actions = append(actions, e.Action)
	}
	require.Equal(t, []string{"channel.delete", "channel.test", "channel.update", "channel.create", "channel.create"}, actions)
	require.NotContains(t, b.logs.String(), channelSecret)
}

// Whoever may change a channel must not have its password sent to a server of their own.
func TestAMailPasswordGoesWhereItWasEnteredFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mail := map[string]any{"host": "smtp.example.com", "username": "ann", "from": "a@example.com", "to": []string{"b@example.com"}}
	c := b.a.channel("mail", map[string]any{"kind": "email", "settings": mail})
	require.Equal(t, 587, c.Settings.Port)
	require.Equal(t, models.MailStartTLS, c.Settings.TLS)
	b.untouched(func() {
		for _, change := range []map[string]any{{"host": "evil.example.com"}, {"port": 2525}, {"tls": "tls"}} {
			moved := maps.Clone(mail)
			maps.Copy(moved, change)
			res := b.a.do(http.MethodPatch, "/channels/"+c.ID, map[string]any{"settings": moved})
			require.Equal(t, http.StatusUnprocessableEntity, res.status, change)
			require.Contains(t, res.body, "body.secret")
			res = b.a.do(http.MethodPost, "/channels/test", map[string]any{"channel_id": c.ID, "kind": "email", "settings": moved})
			require.Equal(t, http.StatusUnprocessableEntity, res.status, change)
		}
	})
	mail["to"] = []string{"c@example.com"}
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/channels/test", map[string]any{"channel_id": c.ID, "kind": "email", "settings": mail}).status)
	stored, err := b.store.GetChannel(t.Context(), b.a.scope, c.ID)
	require.NoError(t, err)
	require.Equal(t, stored.SealedSecret, b.runs.channel.Unsaved.SealedSecret)
	require.Equal(t, []string{"c@example.com"}, b.runs.channel.Unsaved.Settings.To)
	delete(mail, "username")
	res := b.a.do(http.MethodPatch, "/channels/"+c.ID, map[string]any{"settings": mail})
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Equal(t, false, res.field(t, "secret_set"), "a password without a user is not kept")
}

func TestValuesOfChannelsAreChecked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mail := func(change map[string]any) map[string]any {
		s := map[string]any{"host": "smtp.example.com", "from": "a@example.com", "to": []string{"b@example.com"}}
		maps.Copy(s, change)
		return map[string]any{"kind": "email", "secret": "", "settings": s}
	}
	url := func(u string) map[string]any { return map[string]any{"settings": map[string]any{"url": u}} }
	slack := func(secret, room string) map[string]any {
		return map[string]any{"kind": "slack", "secret": secret, "settings": map[string]any{"room": room}}
	}
	for want, all := range map[string][]map[string]any{
		"body.settings.host": {mail(map[string]any{"host": "smtp.example.com:25"}), mail(map[string]any{"host": "127.1"}), mail(map[string]any{"host": "http://x"}), mail(map[string]any{"host": ""})},
		"body.settings.port": {mail(map[string]any{"port": 22}), mail(map[string]any{"port": 80})},
		"body.settings.from": {mail(map[string]any{"from": "Ann <a@example.com>"}), mail(map[string]any{"from": "a@example.com\r\nBcc: x@example.com"}), mail(map[string]any{"from": "nobody"})},
		"body.settings.to":   {mail(map[string]any{"to": []string{}}), mail(map[string]any{"to": []string{"a@example.com, b@example.com"}}), {"kind": "telegram", "secret": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "settings": map[string]any{"to": []string{"ann"}}}},
		"body.settings.tls":  {mail(map[string]any{"tls": "plain", "username": "ann"})},
		"body.secret": {mail(map[string]any{"username": "ann"}), slack("https://evil.example.com/services/x", ""), slack("http://hooks.slack.com/services/x", ""), slack("https://hooks.slack.com@evil.example.com/x", ""), slack("", ""),
			{"kind": "discord", "secret": "https://discord.com.evil.example/api/webhooks/1/x"}, {"kind": "teams", "secret": "https://logic.azure.com.evil.example/x"},
			{"kind": "pagerduty", "secret": "short"}, {"kind": "telegram", "secret": "nonsense", "settings": map[string]any{"to": []string{"-1"}}}, {"secret": "short"}, {"secret": ""}},
		"body.settings.room": {slack("xoxb-1234567890-abcdefghij", ""), slack("xoxb-1234567890-abcdefghij", "#general")},
		"body.settings.url":  {url("ftp://h.example/x"), url("https://u:p@h.example/x"), url("http://2130706433/x"), url("http://127.1/x"), url("http://[::1%25lo]/x"), url("http://h.example:25/x"), url("javascript:alert(1)"), url("")},
		"body.kind":          {{"kind": "fax"}},
		"body.name":          {{"name": " "}, {"name": "a\u202eb"}},
	} {
		for _, body := range all {
			res := b.a.do(http.MethodPost, "/channels", channelBody("bad", body))
			require.Equal(t, http.StatusUnprocessableEntity, res.status, "%v: %s", body, res.body)
			require.Contains(t, res.body, want, "%v", body)
		}
	}
	require.Equal(t, "hooks.slack.com", b.a.channel("slack", slack("https://hooks.slack.com/services/T/B/x", "C0123456789")).Settings.Hint)
	bot := b.a.channel("bot", slack("xoxb-1234567890-abcdefghij", "C0123456789"))
	require.Equal(t, "C0123456789", bot.Settings.Room)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, "/channels/"+bot.ID, map[string]any{"settings": map[string]any{"room": "C9999999999"}}).status, "the stored token stays")
	require.Equal(t, "us", b.a.channel("pd", map[string]any{"kind": "pagerduty", "secret": "0123456789abcdef0123456789abcdef", "settings": map[string]any{"host": "ignored.example.com"}}).Settings.Region)
	require.Equal(t, "prod-1.westeurope.logic.azure.com", b.a.channel("teams", map[string]any{"kind": "teams", "secret": "https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=y"}).Settings.Hint)
}

func TestWithoutItsKeyAnInstallationKeepsNoChannelsSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.ChannelSealer = nil })
	res := b.a.do(http.MethodPost, "/channels", channelBody("c", nil))
	require.Equal(t, http.StatusConflict, res.status)
	require.Contains(t, res.body, "DATAMIND_CHANNEL_SEAL_PUBLIC_KEY")
}

func TestTheLedgerIsReadAndSentAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.a.channel("c", nil)
	failed, queued, sent := b.a.delivery(c.ID, models.DeliveryFailed), b.a.delivery(c.ID, models.DeliveryQueued), b.a.delivery(c.ID, models.DeliverySent)
	var page api.Page[api.Delivery]
	b.a.do(http.MethodGet, "/deliveries?subject=alert/&channel="+c.ID, nil).into(t, &page)
	require.Len(t, page.Items, 3)
	require.Equal(t, "Refunds are high", page.Items[0].Title)
	require.Nil(t, page.Items[0].Message)
	b.a.do(http.MethodGet, "/deliveries?status=failed", nil).into(t, &page)
	require.Len(t, page.Items, 1)
	require.True(t, page.Items[0].Retriable)
	require.Equal(t, "It is gone.", page.Items[0].Reason)
	for _, none := range []string{"status=late", "subject=report/", "to=2020-01-01", "channel=" + store.NewID()} {
		b.a.do(http.MethodGet, "/deliveries?"+none, nil).into(t, &page)
		require.Empty(t, page.Items, none)
	}
	require.Equal(t, http.StatusBadRequest, b.a.do(http.MethodGet, "/deliveries?status=gone", nil).status)

	var one api.Delivery
	b.a.do(http.MethodGet, "/deliveries/"+failed, nil).into(t, &one)
	require.Equal(t, "4.1 %", one.Message.Text)
	key := one.Key
	b.runs.take()
	res := b.a.do(http.MethodPost, "/deliveries/"+failed+"/retry", nil)
	require.Equal(t, http.StatusAccepted, res.status, res.body)
	require.Equal(t, "queued", res.field(t, "status"))
	require.Equal(t, key, res.field(t, "key"), "the key stays")
	require.Equal(t, []string{"deliver " + failed}, b.runs.take())
	for _, id := range []string{failed, queued, sent} {
		require.Equal(t, http.StatusConflict, b.a.do(http.MethodPost, "/deliveries/"+id+"/retry", nil).status)
	}
	require.Empty(t, b.runs.take())

	// Temporal away: it stays queued, and the relay starts it.
	other := b.a.delivery(c.ID, models.DeliveryFailed)
	b.runs.fail(models.Errorf(models.CodeUnavailable, "away"))
	require.Equal(t, http.StatusAccepted, b.a.do(http.MethodPost, "/deliveries/"+other+"/retry", nil).status)
}

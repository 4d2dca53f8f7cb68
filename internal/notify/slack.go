package notify

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

// slack posts to a channel, through an incoming webhook or as a bot. Both take
// blocks: a header of 150 characters, sections of 3,000 with ten fields of 2,000.
// Only a bot can show a picture that is not on the public web.
type slack struct{}

const slackAPI = "https://slack.com/api/"

func (s slack) send(ctx context.Context, c *Client, to Target, d Delivery) error {
	if strings.HasPrefix(to.Secret, "xoxb-") || strings.HasPrefix(to.Secret, "xoxp-") {
		return s.bot(ctx, c, to, d)
	}
	u, err := secretURL(to, "Slack's webhooks")
	if err != nil {
		return err
	}
	r, err := c.postJSON(ctx, u, "Slack", slackMessage(d.Message))
	if err != nil {
		return err
	}
	switch r.text() {
	case "channel_is_archived":
		return models.Errorf(models.CodeChannelMissing, "The Slack channel has been archived. Open it again there, or make a webhook for another one.")
	case "channel_not_found":
		return models.Errorf(models.CodeChannelMissing, "The Slack channel does not exist any more. Make a webhook for another one.")
	case "no_service", "no_service_id", "no_team", "team_disabled", "no_active_hooks":
		return models.Errorf(models.CodeChannelMissing, "Slack does not know the webhook any more: it was removed, or its app was. Make a new one and enter its address.")
	case "invalid_token", "action_prohibited", "posting_to_general_channel_denied":
		return models.Errorf(models.CodeChannelSecret, "Slack does not let the webhook post (%s). An administrator of the workspace can allow it.", r.text())
	}
	return r.refused("Slack", time.Now())
}

func (s slack) bot(ctx context.Context, c *Client, to Target, d Delivery) error {
	var files []map[string]any
	for _, f := range slackFiles(d) { // nobody sees them until the message is there
		id, err := s.upload(ctx, c, to.Secret, f.file)
		if err != nil {
			return err
		}
		files = append(files, map[string]any{"id": id, "title": f.title})
	}
	body := slackMessage(d.Message)
	body["channel"], body["unfurl_links"], body["unfurl_media"] = to.Settings.Room, false, false
	body["metadata"] = map[string]any{"event_type": "datamind_delivery", "event_payload": map[string]any{"key": d.Key}}
	var posted struct{ TS, Channel string }
	if err := s.call(ctx, c, to.Secret, "chat.postMessage", body, &posted); err != nil {
		return err
	}
	if files != nil { // the message is told; without its pictures it still is
		_ = s.call(ctx, c, to.Secret, "files.completeUploadExternal", map[string]any{"files": files, "channel_id": posted.Channel, "thread_ts": posted.TS}, nil)
	}
	return nil
}

// slackFiles are what goes below a message: its picture; of a report the pictures
// and the files.
func slackFiles(d Delivery) []shownPicture {
	if len(d.Message.Sections) == 0 {
		if d.Picture == nil {
			return nil
		}
		return []shownPicture{{title: d.Message.Title, file: d.Picture}}
	}
	out := d.pictures(slackPictures, maxFiles)
	for i := range d.Files {
		out = append(out, shownPicture{title: d.Files[i].Name, file: &d.Files[i]})
	}
	return out
}

func (s slack) upload(ctx context.Context, c *Client, token string, f *File) (id string, err error) {
	var got struct {
		UploadURL string `json:"upload_url"`
		FileID    string `json:"file_id"`
	}
	form := url.Values{"filename": {safeName(f.Name)}, "length": {strconv.Itoa(len(f.Content))}}
	to, _ := url.Parse(slackAPI + "files.getUploadURLExternal") // a constant
	r, err := c.post(ctx, to, "Slack", "application/x-www-form-urlencoded", []byte(form.Encode()), "Authorization", "Bearer "+token)
	if err == nil {
		err = slackError(r, &got)
	}
	if err != nil {
		return "", err
	}
	where, err := url.Parse(got.UploadURL)
	if err != nil || where.Scheme != "https" || !strings.HasSuffix(where.Hostname(), ".slack.com") {
		return "", models.Errorf(models.CodeChannelReply, "Slack wants pictures at an address that is not its own.")
	}
	if r, err = c.post(ctx, where, "Slack", f.MediaType, f.Content); err == nil {
		err = r.refused("Slack", time.Now())
	}
	return got.FileID, err
}

func (slack) call(ctx context.Context, c *Client, token, method string, body any, into any) error {
	to, _ := url.Parse(slackAPI + method) // constants
	r, err := c.postJSON(ctx, to, "Slack", body, "Authorization", "Bearer "+token)
	if err != nil {
		return err
	}
	return slackError(r, into)
}

// slackError reads a reply of Slack's API, which says no with status 200.
func slackError(r *reply, into any) error {
	if err := r.refused("Slack", time.Now()); err != nil {
		return err
	}
	var said struct {
		OK    bool
		Error string
	}
	r.json(&said)
	if said.OK {
		if into != nil {
			r.json(into)
		}
		return nil
	}
	switch said.Error {
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission", "org_login_required", "ekm_access_denied":
		return models.Errorf(models.CodeChannelSecret, "Slack does not accept the bot's token (%s). Install the app again and enter its new token.", said.Error)
	case "missing_scope", "not_allowed_token_type":
		return models.Errorf(models.CodeChannelSecret, "The Slack app lacks a right. Give its bot chat:write, and files:write for pictures, install it again and enter its token.")
	case "not_in_channel", "restricted_action", "restricted_action_read_only_channel":
		return models.Errorf(models.CodeChannelRecipient, "The bot may not write in this Slack channel. Invite it there: /invite @its-name.")
	case "channel_not_found", "is_archived", "channel_is_archived":
		return models.Errorf(models.CodeChannelRecipient, "Slack has no such channel for the bot (%s). Check the channel's id, and invite the bot there.", said.Error)
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		return tooMany("Slack", parseRetryAfter(r.header.Get("Retry-After"), time.Now()))
	case "fatal_error", "internal_error", "service_unavailable", "request_timeout", "team_added_to_org":
		return models.Errorf(models.CodeChannelFailed, "Slack has a problem of its own (%s).", said.Error)
	case "":
		return models.Errorf(models.CodeChannelReply, "What answers is not Slack.")
	}
	return models.Errorf(models.CodeChannelMessage, "Slack does not take the message (%s).", models.Clip(oneLine(said.Error), 60))
}

// slackText keeps a text from being read as markup: mentions and links begin with <.
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

const (
	slackHeader  = 150
	slackSection = 3000
	slackField   = 2000
	slackFields  = 10

	slackPictures = 8
)

func slackMessage(m models.Message) map[string]any {
	// plain_text is not markup; mrkdwn is escaped, and cut before that.
	mark := func(text string, most int) map[string]any {
		out := slackText.Replace(text)
		for n := most; len([]rune(out)) > most; n -= n/10 + 1 {
			out = slackText.Replace(models.Clip(text, n))
		}
		return map[string]any{"type": "mrkdwn", "text": out, "verbatim": true}
	}
	title := models.Clip(icon(m.Severity)+" "+oneLine(m.Title), slackHeader)
	blocks := []any{map[string]any{"type": "header", "text": map[string]any{"type": "plain_text", "text": title, "emoji": false}}}
	if m.Text != "" {
		blocks = append(blocks, map[string]any{"type": "section", "text": mark(m.Text, slackSection)})
	}
	var fields []any
	for _, f := range m.Facts {
		field := mark(oneLine(f.Name)+"\n"+f.Value, slackField-2)
		name, value, _ := strings.Cut(field["text"].(string), "\n")
		field["text"] = "*" + strings.ReplaceAll(name, "*", "∗") + "*\n" + value
		fields = append(fields, field)
	}
	for len(fields) > 0 {
		n := min(len(fields), slackFields)
		blocks = append(blocks, map[string]any{"type": "section", "fields": fields[:n]})
		fields = fields[n:]
	}
	if t := table(m.Columns, m.Rows, 80); t != "" {
		// A table's own back ticks would end it.
		text := mark(strings.ReplaceAll(t, "```", "'''"), slackSection-8)
		text["text"] = "```\n" + text["text"].(string) + "\n```"
		blocks = append(blocks, map[string]any{"type": "section", "text": text})
		if m.More > 0 {
			blocks = append(blocks, map[string]any{"type": "context", "elements": []any{mark(more(m.More), slackField)}})
		}
	}
	w := wordsOf(m)
	for _, s := range m.Sections {
		if text := slackBrief(w, s); text != "" {
			blocks = append(blocks, map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": text, "verbatim": true}})
		}
	}
	if small := strings.TrimSpace(w.sections(m.MoreSections) + "\n" + m.Footer); len(m.Sections) > 0 && small != "" {
		blocks = append(blocks, map[string]any{"type": "context", "elements": []any{mark(small, slackField)}})
	}
	if m.Link != "" {
		blocks = append(blocks, map[string]any{"type": "actions", "elements": []any{map[string]any{"type": "button", "url": m.Link,
			"text": map[string]any{"type": "plain_text", "text": models.Clip(linkText(m), 75), "emoji": false}}}})
	}
	return map[string]any{"text": slackText.Replace(title), "blocks": blocks}
}

// slackBrief is a section of a report in one block.
func slackBrief(w words, s models.MessageSection) string {
	fence := strings.NewReplacer("```", "'''") // of a customer's text it would open the table, or end it
	text, rows := w.brief(s, 80)
	out := slackText.Replace(fence.Replace(text))
	if title := models.Clip(oneLine(s.Title), slackHeader); title != "" {
		out = "*" + strings.ReplaceAll(slackText.Replace(fence.Replace(title)), "*", "∗") + "*\n" + out
	}
	rows = slackText.Replace(fence.Replace(rows))
	if rows = wholeLines(rows, slackSection-utf8.RuneCountInString(out)-10); rows != "" {
		out = strings.TrimRight(out, "\n") + "\n```\n" + rows + "\n```"
	}
	return models.Clip(strings.TrimSpace(out), slackSection)
}

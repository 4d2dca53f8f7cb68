package notify

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

// telegram writes as a bot into chats: 4,096 characters of a message, 1,024
// below a picture, counted without the markup.
type telegram struct{}

const (
	telegramAPI     = "https://api.telegram.org/bot"
	telegramText    = 4096
	telegramCaption = 1024
)

func (t telegram) send(ctx context.Context, c *Client, to Target, d Delivery) error {
	if !telegramToken(to.Secret) {
		return models.Errorf(models.CodeChannelSecret, "The bot's token is not one of Telegram. @BotFather gives it: digits, a colon and letters.")
	}
	report := len(d.Message.Sections) > 0
	if d.Picture != nil && !report {
		mediaType, body, err := form([][2]string{{"chat_id", d.Recipient}, {"caption", telegramMessage(d.Message, telegramCaption)}, {"parse_mode", "HTML"}}, formFile{"photo", d.Picture})
		if err != nil {
			return err
		}
		return t.call(ctx, c, to.Secret, "sendPhoto", mediaType, body)
	}
	body, err := json.Marshal(map[string]any{"chat_id": d.Recipient, "text": telegramMessage(d.Message, telegramText), "parse_mode": "HTML",
		"link_preview_options": map[string]any{"is_disabled": true}})
	if err != nil {
		return err
	}
	if err := t.call(ctx, c, to.Secret, "sendMessage", "application/json", body); err != nil || !report {
		return err
	}
	// The report is told; without its picture and its file it still is.
	for _, p := range d.pictures(1, maxFiles) {
		_ = t.attach(ctx, c, to.Secret, "sendPhoto", "photo", d.Recipient, p.title, p.file)
	}
	for i := range d.Files {
		_ = t.attach(ctx, c, to.Secret, "sendDocument", "document", d.Recipient, "", &d.Files[i])
	}
	return nil
}

// attach sends a file without another sound.
func (t telegram) attach(ctx context.Context, c *Client, token, method, field, chat, caption string, f *File) error {
	mediaType, body, err := form([][2]string{{"chat_id", chat}, {"caption", models.Clip(caption, telegramCaption)}, {"disable_notification", "true"}}, formFile{field, f})
	if err != nil {
		return err
	}
	return t.call(ctx, c, token, method, mediaType, body)
}

func telegramToken(token string) bool {
	id, rest, ok := strings.Cut(token, ":")
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	return ok && id != "" && strings.Trim(id, "0123456789") == "" && len(rest) >= 20 && strings.Trim(rest, letters) == ""
}

func (telegram) call(ctx context.Context, c *Client, token, method, mediaType string, body []byte) error {
	u, err := url.Parse(telegramAPI + token + "/" + method)
	if err != nil {
		return models.Errorf(models.CodeChannelSecret, "The bot's token is not one of Telegram.")
	}
	r, err := c.post(ctx, u, "Telegram", mediaType, body)
	if err != nil {
		return err
	}
	var said struct {
		Description string
		Parameters  struct {
			RetryAfter int   `json:"retry_after"`
			Migrate    int64 `json:"migrate_to_chat_id"`
		}
	}
	r.json(&said)
	what := strings.ToLower(said.Description)
	switch {
	case r.status == http.StatusTooManyRequests:
		return tooMany("Telegram", min(time.Duration(max(said.Parameters.RetryAfter, 0))*time.Second, maxRetryAfter))
	case said.Parameters.Migrate != 0:
		return models.Errorf(models.CodeChannelRecipient, "The Telegram group has become a supergroup. Its chat id is now %d: enter that.", said.Parameters.Migrate)
	case r.status == http.StatusUnauthorized, r.status == http.StatusNotFound:
		return models.Errorf(models.CodeChannelSecret, "Telegram does not know the bot's token. Ask @BotFather for it and enter it again.")
	case r.status == http.StatusForbidden:
		return models.Errorf(models.CodeChannelRecipient, "The bot may not write in this Telegram chat: it was blocked or removed, or nobody has begun the chat. Add it, or send it /start.")
	case r.status == http.StatusBadRequest && strings.Contains(what, "chat not found"):
		return models.Errorf(models.CodeChannelRecipient, "Telegram has no such chat for the bot. Check the chat's id (of groups it begins with a minus), and add the bot there.")
	}
	return r.refused("Telegram", time.Now())
}

// telegramMessage is HTML of at most so many characters beside its tags.
func telegramMessage(m models.Message, most int) string {
	left := most
	var b strings.Builder
	add := func(open, text, end string, most int) {
		if most = min(most, left); most > 0 && text != "" {
			text = models.Clip(text, most)
			left -= utf8.RuneCountInString(text)
			b.WriteString(open + html.EscapeString(text) + end)
		}
	}
	link := linkText(m)
	if m.Link != "" {
		left -= utf8.RuneCountInString(link) + 2
	}
	add("<b>", icon(m.Severity)+" "+oneLine(m.Title), "</b>", 256)
	add("", "\n\n"+m.Text, "", left*2/3)
	for i, f := range m.Facts {
		if left < 80 {
			break
		}
		gap := "\n"
		if i == 0 {
			gap = "\n\n"
		}
		add("", gap+oneLine(f.Name)+": ", "", 100)
		add("<b>", f.Value, "</b>", 200)
	}
	if t := table(m.Columns, m.Rows, 40); t != "" {
		if shown := wholeLines(t, left-40); shown != "" {
			add("\n\n<pre>", shown, "</pre>", left)
			if hidden := m.More + strings.Count(t, "\n") - strings.Count(shown, "\n"); hidden > 0 {
				add("", "\n"+more(hidden), "", 40)
			}
		}
	}
	w := wordsOf(m)
	for i, s := range m.Sections {
		text, rows := w.brief(s, 40)
		if i > 0 && utf8.RuneCountInString(s.Title+text+rows)+70 > left { // whole sections only
			m.MoreSections += len(m.Sections) - i
			break
		}
		left -= 5 // the breaks of lines
		add("\n\n<b>", oneLine(s.Title), "</b>", 200)
		add("\n", text, "", 1500)
		add("\n<pre>", wholeLines(rows, min(left-60, 1200)), "</pre>", left)
	}
	add("\n\n", w.sections(m.MoreSections), "", left-2)
	if m.Link != "" {
		b.WriteString("\n\n" + `<a href="` + html.EscapeString(m.Link) + `">` + html.EscapeString(link) + "</a>")
	}
	return b.String()
}

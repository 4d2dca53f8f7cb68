package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

// discord posts an embed through a webhook: 256 characters of title, 4,096 of
// description, 25 fields of 256 and 1,024, 6,000 all together.
type discord struct{}

const (
	discordTitle       = 256
	discordDescription = 4096
	discordFields      = 25
	discordName        = 256
	discordValue       = 1024
	discordTotal       = 6000
)

func (discord) send(ctx context.Context, c *Client, to Target, d Delivery) error {
	u, err := secretURL(to, "Discord's webhooks")
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("wait", "true") // it then answers whether the message is there
	u.RawQuery = q.Encode()
	raw, err := json.Marshal(discordMessage(d.Message, d.Picture))
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	var r *reply
	if d.Picture == nil {
		r, err = c.post(ctx, u, "Discord", "application/json", raw)
	} else {
		var mediaType string
		var body []byte
		if mediaType, body, err = form([][2]string{{"payload_json", string(raw)}}, "files[0]", d.Picture); err == nil {
			r, err = c.post(ctx, u, "Discord", mediaType, body)
		}
	}
	if err != nil {
		return err
	}
	var said struct {
		Code       int
		RetryAfter float64 `json:"retry_after"`
	}
	r.json(&said)
	switch {
	case r.status == http.StatusTooManyRequests && said.RetryAfter > 0:
		return tooMany("Discord", parseRetryAfter(fmt.Sprint(said.RetryAfter), time.Now()))
	case said.Code == 10015, r.status == http.StatusNotFound:
		return models.Errorf(models.CodeChannelMissing, "Discord does not know the webhook any more: it was deleted, or its channel was. Make a new one and enter its address.")
	case said.Code == 50027, r.status == http.StatusUnauthorized:
		return models.Errorf(models.CodeChannelSecret, "Discord does not accept the webhook's address. Copy it again from the channel's integrations.")
	}
	return r.refused("Discord", time.Now())
}

// discordText keeps a text from being read as markup.
var discordText = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "~", `\~`, "`", "\\`", "|", `\|`, ">", `\>`, "#", `\#`, "[", `\[`, "]", `\]`, "<", `\<`, "@", "@\u200b", "://", ":\u200b//")

func discordMessage(m models.Message, picture *File) any {
	left := discordTotal
	take := func(text string, most int) string {
		most = min(most, left)
		out := discordText.Replace(text)
		for n := most; utf8.RuneCountInString(out) > most && n > 0; n -= n/10 + 1 {
			out = discordText.Replace(models.Clip(text, n))
		}
		left -= utf8.RuneCountInString(out)
		return out
	}
	embed := map[string]any{"title": take(icon(m.Severity)+" "+oneLine(m.Title), discordTitle), "color": colour(m.Severity)}
	if m.Link != "" {
		embed["url"] = m.Link
	}
	var fields []any
	for _, f := range m.Facts[:min(len(m.Facts), discordFields)] {
		if left < 500 {
			break
		}
		fields = append(fields, map[string]any{"name": orDash(take(oneLine(f.Name), discordName)), "value": orDash(take(f.Value, discordValue)), "inline": len(f.Value) < 30})
	}
	if fields != nil {
		embed["fields"] = fields
	}
	description := take(m.Text, min(discordDescription/2, left))
	if t := table(m, 56); t != "" {
		room := min(discordDescription-utf8.RuneCountInString(description), left) - 60
		if shown := wholeLines(strings.ReplaceAll(t, "```", "'''"), room); shown != "" {
			description += "\n```\n" + shown + "\n```"
			if hidden := m.More + strings.Count(t, "\n") - strings.Count(shown, "\n"); hidden > 0 {
				description += more(hidden)
			}
		}
	}
	if description != "" {
		embed["description"] = description
	}
	if picture != nil {
		embed["image"] = map[string]any{"url": "attachment://" + safeName(picture.Name)}
	}
	return map[string]any{"embeds": []any{embed}, "allowed_mentions": map[string]any{"parse": []string{}}}
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// wholeLines are the first lines of a text that fit into so many characters,
// none where not even a table's head and a row do.
func wholeLines(text string, most int) string {
	lines := strings.Split(text, "\n")
	n := 0
	for i, line := range lines {
		if n += utf8.RuneCountInString(line) + 1; n > most {
			if i < 3 {
				return ""
			}
			return strings.Join(lines[:i], "\n")
		}
	}
	return text
}

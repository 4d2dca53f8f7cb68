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
	discordEmbeds      = 10
	discordFiles       = 10
)

func (discord) send(ctx context.Context, c *Client, to Target, d Delivery) error {
	u, err := secretURL(to, "Discord's webhooks")
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("wait", "true") // it then answers whether the message is there
	u.RawQuery = q.Encode()
	var message any
	var files []formFile
	if len(d.Message.Sections) > 0 {
		message, files = discordReport(d)
	} else {
		message = discordMessage(d.Message, d.Picture)
		if d.Picture != nil {
			files = []formFile{{"files[0]", d.Picture}}
		}
	}
	raw, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	var r *reply
	if files == nil {
		r, err = c.post(ctx, u, "Discord", "application/json", raw)
	} else {
		var mediaType string
		var body []byte
		if mediaType, body, err = form([][2]string{{"payload_json", string(raw)}}, files...); err == nil {
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

// discordRoom is how many characters a message may still have.
type discordRoom int

// take is a text without markup, at most so many characters of it.
func (left *discordRoom) take(text string, most int) string {
	most = min(most, int(*left))
	out := discordText.Replace(text)
	for n := most; utf8.RuneCountInString(out) > most && n > 0; n -= n/10 + 1 {
		out = discordText.Replace(models.Clip(text, n))
	}
	*left -= discordRoom(utf8.RuneCountInString(out))
	return out
}

func discordMessage(m models.Message, picture *File) any {
	room := discordRoom(discordTotal)
	take := room.take
	embed := map[string]any{"title": take(icon(m.Severity)+" "+oneLine(m.Title), discordTitle), "color": colour(m.Severity)}
	if m.Link != "" {
		embed["url"] = m.Link
	}
	var fields []any
	for _, f := range m.Facts[:min(len(m.Facts), discordFields)] {
		if room < 500 {
			break
		}
		fields = append(fields, map[string]any{"name": orDash(take(oneLine(f.Name), discordName)), "value": orDash(take(f.Value, discordValue)), "inline": len(f.Value) < 30})
	}
	if fields != nil {
		embed["fields"] = fields
	}
	description := take(m.Text, min(discordDescription/2, int(room)))
	if t := table(m.Columns, m.Rows, 56); t != "" {
		most := min(discordDescription-utf8.RuneCountInString(description), int(room)) - 60
		if shown := wholeLines(strings.ReplaceAll(t, "```", "'''"), most); shown != "" {
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

// discordReport is an embed for each section, as far as they fit, with their
// pictures and the files of the report.
func discordReport(d Delivery) (message any, files []formFile) {
	m := d.Message
	w, room, left := wordsOf(m), discordRoom(discordTotal-200), maxFiles
	attach := func(f File) string {
		if left < len(f.Content) || len(files) == discordFiles {
			return ""
		}
		left -= len(f.Content)
		files = append(files, formFile{fmt.Sprintf("files[%d]", len(files)), &f})
		return "attachment://" + safeName(f.Name)
	}
	for _, f := range d.Files { // the report in one file goes before its pictures
		attach(f)
	}
	pictures := map[int]string{}
	for _, p := range d.pictures(discordEmbeds, left) {
		f := *p.file
		f.Name = fmt.Sprintf("section-%d.png", p.section+1) // of two with one name the first would be shown twice
		pictures[p.section] = attach(f)
	}
	head := map[string]any{"title": room.take(oneLine(m.Title), discordTitle), "color": colour(m.Severity)}
	if m.Link != "" {
		head["url"] = m.Link
	}
	if text := room.take(m.Text, 1000); text != "" {
		head["description"] = text
	}
	embeds := []map[string]any{head}
	shown := min(len(m.Sections), discordEmbeds-1)
	for i, s := range m.Sections[:shown] {
		// What a section leaves of its share is of those that follow.
		share := min(int(room)/(shown-i), discordDescription)
		text, rows := w.brief(s, 56)
		embed := map[string]any{"color": colour(m.Severity)}
		if title := room.take(oneLine(s.Title), min(discordTitle, share/3)); title != "" {
			embed["title"] = title
			share -= utf8.RuneCountInString(title)
		}
		description := room.take(text, share)
		rows = wholeLines(strings.ReplaceAll(rows, "```", "'''"), share-utf8.RuneCountInString(description)-10)
		if rows != "" {
			rows = "\n```\n" + rows + "\n```"
			room -= discordRoom(utf8.RuneCountInString(rows))
		}
		if description = strings.TrimPrefix(description+rows, "\n"); description != "" {
			embed["description"] = description
		}
		if pictures[i] != "" {
			embed["image"] = map[string]any{"url": pictures[i]}
		}
		if len(embed) > 1 {
			embeds = append(embeds, embed)
		}
	}
	if more := w.sections(m.MoreSections + len(m.Sections) - shown); more != "" {
		embeds[len(embeds)-1]["footer"] = map[string]any{"text": more}
	}
	return map[string]any{"embeds": embeds, "allowed_mentions": map[string]any{"parse": []string{}}}, files
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

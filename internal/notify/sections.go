package notify

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

// What a chat shows of a section of a report: all of it is behind the link, and
// in the file where there is one.
const (
	briefRows    = 5
	briefChanges = 4
	briefText    = 280
)

// words are those around a report's own.
type words struct {
	changed, unchanged, more, moreRows, moreRow, moreSection, moreSections, sent string
}

var reportWords = map[string]words{
	"en": {"What has changed since %s:", "Nothing has changed since %s.", "… and %d more", "… and %d more rows", "… and 1 more row",
		"1 more section is in the report.", "%d more sections are in the report.", "Sent by DataMind"},
	"de": {"Was sich seit %s geändert hat:", "Seit %s hat sich nichts geändert.", "… und %d weitere", "… und %d weitere Zeilen", "… und 1 weitere Zeile",
		"1 weiterer Abschnitt ist im Bericht.", "%d weitere Abschnitte sind im Bericht.", "Gesendet von DataMind"},
}

func wordsOf(m models.Message) words {
	if w, ok := reportWords[m.Locale]; ok {
		return w
	}
	return reportWords["en"]
}

func (w words) rows(n int) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return w.moreRow
	}
	return fmt.Sprintf(w.moreRows, n)
}

func (w words) sections(n int) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return w.moreSection
	}
	return fmt.Sprintf(w.moreSections, n)
}

// changes are what has changed in a section, at most so many sentences, and the
// words above them; "" where there is no earlier report.
func (w words) changes(s models.MessageSection, most int) (above string, sentences []string) {
	switch {
	case s.Since == "":
		return "", nil
	case len(s.Changes) == 0:
		return fmt.Sprintf(w.unchanged, s.Since), nil
	}
	sentences = s.Changes
	if more := len(sentences) - most; more > 0 {
		sentences = append(sentences[:most:most], fmt.Sprintf(w.more, more))
	}
	return fmt.Sprintf(w.changed, s.Since), sentences
}

// brief is what a chat says of a section, and its first rows as a table of a
// width; either may be "".
func (w words) brief(s models.MessageSection, width int) (text, rows string) {
	var lines []string
	if said := models.Clip(oneLine(s.Text), briefText); said != "" {
		lines = append(lines, said)
	}
	if s.Failed != "" {
		lines = append(lines, "⚠ "+oneLine(s.Failed))
	}
	above, sentences := w.changes(s, briefChanges)
	if above != "" {
		lines = append(lines, above)
	}
	for _, sentence := range sentences {
		lines = append(lines, "• "+oneLine(sentence))
	}
	shown := s.Rows[:min(len(s.Rows), briefRows)]
	if rows = table(s.Columns, shown, width); rows != "" {
		if more := w.rows(s.More + len(s.Rows) - len(shown)); more != "" {
			rows += "\n" + more
		}
	}
	return strings.Join(lines, "\n"), rows
}

// sectionsText are the sections of a report as plain text, at most so many
// characters: whole sections, and how many there are beside them.
func sectionsText(m models.Message, most int) string {
	w := wordsOf(m)
	var b strings.Builder
	left, shown := most, 0
	for _, s := range m.Sections {
		part := w.sectionText(s)
		if left -= utf8.RuneCountInString(part); left < 0 {
			break
		}
		b.WriteString(part)
		shown++
	}
	if more := w.sections(m.MoreSections + len(m.Sections) - shown); more != "" {
		b.WriteString("\n" + more + "\n")
	}
	return b.String()
}

func (w words) sectionText(s models.MessageSection) string {
	var b strings.Builder
	add := func(text string) {
		if text != "" {
			b.WriteString(text + "\n")
		}
	}
	b.WriteString("\n")
	if title := oneLine(s.Title); title != "" {
		add(title)
		add(strings.Repeat("─", min(columns(title), 72)))
	}
	add(s.Text)
	add(s.Failed)
	above, sentences := w.changes(s, len(s.Changes))
	add(above)
	for _, sentence := range sentences {
		add("• " + oneLine(sentence))
	}
	if t := table(s.Columns, s.Rows, 100); t != "" {
		add(t)
		add(w.rows(s.More))
	}
	return b.String()
}

// shownPicture is a picture of a report, and of which of its sections.
type shownPicture struct {
	section int
	title   string
	file    *File
}

// pictures are those of a report's sections in order, at most so many, and so
// many bytes of them.
func (d *Delivery) pictures(most, size int) (out []shownPicture) {
	for i, s := range d.Message.Sections {
		f := d.Pictures[s.PictureID]
		if f == nil || len(out) == most {
			continue
		}
		if size -= len(f.Content); size < 0 {
			break
		}
		out = append(out, shownPicture{i, oneLine(s.Title), f})
	}
	return out
}

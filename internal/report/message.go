package report

import (
	"strings"

	"github.com/datamind/datamind/models"
)

// messageRows bounds the rows of a section of a message: the first ones. All of
// them are in the PDF, and behind the link.
const messageRows = 10

// Message is what is told of a document, before a channel gives it its form.
// pictures are ids of artifacts, one for each section, "" for none.
func Message(d Document, pictures []string) models.Message {
	w := wordsOf(d.Locale)
	m := models.Message{Title: stored(d.Title), Severity: models.SeverityInfo, Link: stored(d.Link), LinkText: stored(d.LinkText), Footer: stored(d.Footer), Locale: "en", Sections: []models.MessageSection{}}
	if w.german {
		m.Locale = "de"
	}
	if m.Text = stored(d.Subtitle); m.Text != "" {
		m.Text += "\n"
	}
	m.Text += w.stamp(d.At, d.zone())
	for i := range d.Sections {
		s := &d.Sections[i]
		out := models.MessageSection{Title: stored(s.Title), Text: stored(plain(s.Text)), Failed: stored(s.Failed)}
		if i < len(pictures) {
			out.PictureID = pictures[i]
		}
		if m.PictureID == "" {
			m.PictureID = out.PictureID // for services that show one
		}
		if !s.Since.IsZero() {
			out.Since = w.stamp(s.Since, d.zone())
			for _, c := range s.Changes {
				out.Changes = append(out.Changes, stored(c.Text))
			}
		}
		if s.Rows != nil && s.Failed == "" {
			out.Columns, out.Rows, out.More = s.messageRows(w)
		}
		m.Sections = append(m.Sections, out)
	}
	return m.Bounded()
}

func (s *Section) messageRows(w *words) (columns []string, rows [][]string, more int) {
	show := formatsOf(w, s.Rows)
	for _, c := range s.Rows.Columns {
		columns = append(columns, stored(c.Name))
	}
	for _, row := range s.Rows.Rows[:min(len(s.Rows.Rows), messageRows)] {
		cells := make([]string, len(show))
		for c := range show {
			if c < len(row) {
				cells[c] = stored(show[c](row[c]))
			}
		}
		rows = append(rows, cells)
	}
	return columns, rows, s.hidden(len(rows))
}

// stored is a text that the ledger can keep: jsonb takes no NUL.
func stored(text string) string { return strings.ReplaceAll(text, "\x00", "") }

package notify

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"github.com/datamind/datamind/models"
)

//go:embed mailreport.html
var reportPage string

var reportTemplate = template.Must(template.New("report").Parse(reportPage))

const (
	// reportBytes bounds the page: one that is larger is cut by widely used
	// readers at 102 KB.
	reportBytes   = 95 << 10
	reportRows    = 10
	reportColumns = 8
	reportCell    = 80
)

// mailSection is a section as it is shown.
type mailSection struct {
	Title      string
	Paragraphs [][]string
	Failed     string
	Above      string
	Changes    []string
	Picture    template.URL
	Head       []mailCell
	Rows       [][]mailCell
	More       string
}

// reportHTML writes a report as the page of a mail: its sections one below the
// other, with their pictures (content ids by section) or their rows. All that it
// holds is text there; nothing is loaded from anywhere. Rows go first where the
// page would become too large.
func reportHTML(m models.Message, pictures map[int]string) (string, error) {
	shown, texts := reportRows, 0
	m.Sections = slices.Clone(m.Sections)
	for {
		page, err := reportOnce(m, pictures, shown)
		if err != nil || len(page) <= reportBytes {
			return page, err
		}
		switch {
		case shown > 0:
			shown /= 2
		case texts == 0:
			texts = 600
			for i := range m.Sections {
				m.Sections[i].Text = models.Clip(m.Sections[i].Text, texts)
			}
		case len(m.Sections) > 1:
			m.Sections, m.MoreSections = m.Sections[:len(m.Sections)-1], m.MoreSections+1
		default:
			return page, nil
		}
	}
}

func reportOnce(m models.Message, pictures map[int]string, rows int) (string, error) {
	w := wordsOf(m)
	view := struct {
		M              models.Message
		Lang           string
		Colour         template.CSS
		Paragraphs     [][]string
		Sections       []mailSection
		More           string
		Link, LinkText string
		Footer         []string
		Sent           string
	}{M: m, Lang: m.Locale, Colour: template.CSS(fmt.Sprintf("#%06x", colour(m.Severity))), Paragraphs: paragraphs(m.Text), More: w.sections(m.MoreSections),
		LinkText: linkText(m), Sent: w.sent}
	if view.Lang == "" {
		view.Lang = "en"
	}
	if u, err := url.Parse(m.Link); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		view.Link = m.Link
	}
	if m.Footer != "" {
		view.Footer = strings.Split(strings.TrimSpace(m.Footer), "\n")
	}
	for i, s := range m.Sections {
		out := mailSection{Title: s.Title, Paragraphs: paragraphs(s.Text), Failed: s.Failed}
		out.Above, out.Changes = w.changes(s, len(s.Changes))
		if pictures[i] != "" {
			out.Picture = template.URL("cid:" + pictures[i]) // a key and a domain
		} else if len(s.Rows) > 0 {
			out.table(s, rows)
			out.More = w.rows(s.More + len(s.Rows) - len(out.Rows))
		}
		view.Sections = append(view.Sections, out)
	}
	var b strings.Builder
	if err := reportTemplate.Execute(&b, view); err != nil {
		return "", fmt.Errorf("write the mail: %w", err)
	}
	return b.String(), nil
}

// paragraphs are a text's, each in its lines.
func paragraphs(text string) (out [][]string) {
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if part != "" {
			out = append(out, strings.Split(part, "\n"))
		}
	}
	return out
}

// table shows the first rows; numbers are to the right.
func (s *mailSection) table(from models.MessageSection, rows int) {
	columns := from.Columns[:min(len(from.Columns), reportColumns)]
	align := make([]string, len(columns))
	for c, name := range columns {
		align[c] = "right"
		for _, row := range from.Rows {
			if text := cell(row, c); text != "" && text != null && !number(text) {
				align[c] = "left"
			}
		}
		s.Head = append(s.Head, mailCell{models.Clip(oneLine(name), reportCell), align[c]})
	}
	for _, row := range from.Rows[:min(len(from.Rows), rows)] {
		var cells []mailCell
		for c := range columns {
			cells = append(cells, mailCell{models.Clip(cell(row, c), reportCell), align[c]})
		}
		s.Rows = append(s.Rows, cells)
	}
}

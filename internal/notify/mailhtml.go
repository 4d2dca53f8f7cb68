package notify

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"github.com/datamind/datamind/models"
)

//go:embed mail.html
var mailPage string

var mailTemplate = template.Must(template.New("mail").Parse(mailPage))

type mailCell struct{ Text, Align string }

// mailHTML writes a message as the page of a mail. All that a message holds is
// text there; nothing is loaded from anywhere.
func mailHTML(m models.Message, picture string) (string, error) {
	view := struct {
		M          models.Message
		Label      string
		Colour     template.CSS
		Paragraphs [][]string
		Picture    template.URL
		Head       []mailCell
		Rows       [][]mailCell
		More       string
		Link       string
		LinkText   string
	}{M: m, Label: map[string]string{models.SeverityCritical: "Critical", models.SeverityWarning: "Warning", models.SeverityResolved: "Resolved"}[m.Severity],
		Colour: template.CSS(fmt.Sprintf("#%06x", colour(m.Severity))), LinkText: linkText(m), Paragraphs: paragraphs(m.Text)}
	if picture != "" {
		view.Picture = template.URL("cid:" + picture) // a key and a domain
	}
	if u, err := url.Parse(m.Link); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		view.Link = m.Link
	}
	if len(m.Columns) > 0 {
		align := make([]string, len(m.Columns))
		for c := range align {
			align[c] = "right"
			for _, row := range m.Rows {
				if text := cell(row, c); text != "" && !number(text) {
					align[c] = "left"
				}
			}
			view.Head = append(view.Head, mailCell{m.Columns[c], align[c]})
		}
		for _, row := range m.Rows {
			var cells []mailCell
			for c := range align {
				cells = append(cells, mailCell{cell(row, c), align[c]})
			}
			view.Rows = append(view.Rows, cells)
		}
		if m.More > 0 {
			view.More = more(m.More)
		}
	}
	var out strings.Builder
	if err := mailTemplate.Execute(&out, view); err != nil {
		return "", fmt.Errorf("write the mail: %w", err)
	}
	return out.String(), nil
}

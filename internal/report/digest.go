package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// digested is what of a section a digest is of.
type digested struct {
	Title   string
	Text    string      `json:",omitempty"`
	Chart   string      `json:",omitempty"`
	Columns [][2]string `json:",omitempty"` // name and type
	Rows    []string    `json:",omitempty"` // as they are written, sorted
	Total   int
	Failed  bool `json:",omitempty"`
}

// Digest is of what a document says, not of when, nor in which language: two
// documents with the same digest say the same, as their readers see it. The order
// of rows does not count, and the words around rows do not: a model words the same
// result in many ways.
func Digest(d Document) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for i := range d.Sections {
		_ = enc.Encode(d.Sections[i].digested()) // strings and numbers into a hash do not fail
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (s *Section) digested() digested {
	out := digested{Title: s.Title, Failed: s.Failed != ""}
	if s.Chart != nil {
		out.Chart = string(s.Chart.Type)
	}
	if s.Failed != "" {
		return out // in which words it failed may be different each time
	}
	if s.Rows == nil {
		out.Text = s.Text
		return out
	}
	out.Total = max(s.Total, len(s.Rows.Rows))
	show := formatsOf(&english, s.Rows)
	for _, c := range s.Rows.Columns {
		out.Columns = append(out.Columns, [2]string{c.Name, c.Type})
	}
	for _, row := range s.Rows.Rows {
		cells := make([]string, len(show))
		for c := range show {
			if c < len(row) {
				cells[c] = show[c](row[c])
				if numeric(s.Rows.Columns[c]) {
					cells[c] = shortest(cells[c])
				}
			}
		}
		out.Rows = append(out.Rows, joined(cells))
	}
	slices.Sort(out.Rows)
	return out
}

// shortest is a written number without the places that other rows need.
func shortest(number string) string {
	if !strings.Contains(number, ".") || strings.Contains(number, "e") {
		return number
	}
	return strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
}

// joined is cells as one text that no other cells have.
func joined(cells []string) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(c, `\`, `\\`), "\x00", `\0`))
		b.WriteByte(0)
	}
	return b.String()
}

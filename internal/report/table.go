package report

import (
	"fmt"
	"strings"

	"github.com/datamind/datamind/models"
)

// The forms of tables, in points.
const (
	cellSize   = 8.
	cellPad    = 4.
	rowHeight  = 14.
	narrowest  = 60. // a column that is cut
	widest     = 170.
	sampled    = 200 // rows that a column's width is made for
	maxColumns = 60
	maxHeading = 120 // characters of a column's name
	maxShown   = 240 // characters of a cell
)

// column is a column as it is drawn.
type column struct {
	name  string
	show  format
	width float64
	right bool
}

// table draws the first rows, as many columns as fit, and says what is left out.
// The head is repeated on each page.
func (p *paper) table(s *Section, most int) {
	rows := s.Rows.Rows[:min(len(s.Rows.Rows), most)]
	if len(s.Rows.Columns) == 0 {
		return
	}
	if len(s.Rows.Rows) == 0 {
		p.paragraph([]span{{text: p.words.noRows}}, side, room, 9.5, dimmed, 1)
		return
	}
	columns := p.columns(s.Rows, rows)
	p.y += 3
	if !p.need(3*rowHeight + 4) {
		return
	}
	shown := 0
	p.tableHead(columns)
	for _, row := range rows {
		before := p.pages
		if !p.need(rowHeight) {
			break
		}
		if p.pages != before {
			p.tableHead(columns)
		}
		p.tableRow(columns, row)
		shown++
	}
	p.rows -= shown
	var notes []string
	if more := p.words.more(s.hidden(shown)); more != "" {
		notes = append(notes, more)
	}
	if s.Truncated {
		notes = append(notes, p.words.truncated)
	}
	switch more := len(s.Rows.Columns) - len(columns); {
	case more == 1:
		notes = append(notes, p.words.moreColumn)
	case more > 1:
		notes = append(notes, fmt.Sprintf(p.words.moreColumns, more))
	}
	p.y += 3
	if len(notes) > 0 {
		p.paragraph([]span{{text: strings.Join(notes, " · ")}}, side, room, 8, dimmed, 2)
	}
}

// columns are those that fit, each as wide as it needs to be, the widest cut.
func (p *paper) columns(t *models.Rows, rows [][]any) []column {
	formats := formatsOf(p.words, t)
	var all []column
	for i, c := range t.Columns[:min(len(t.Columns), maxColumns)] {
		col := column{name: p.clean(models.Clip(c.Name, maxHeading)), show: formats[i], right: numeric(c)}
		col.width = p.fonts.bold.measure(col.name, cellSize)
		for _, row := range rows[:min(len(rows), sampled)] {
			if i < len(row) {
				col.width = max(col.width, p.fonts.regular.measure(p.cell(col.show, row[i]), cellSize))
			}
		}
		col.width = min(col.width, widest) + 2*cellPad
		all = append(all, col)
	}
	for len(all) > 1 && narrow(all) > room {
		all = all[:len(all)-1]
	}
	spread(all)
	return all
}

// narrow is the least width of columns.
func narrow(columns []column) (sum float64) {
	for _, c := range columns {
		sum += min(c.width, narrowest)
	}
	return sum
}

// spread makes columns as wide as the page: the widest are cut until they fit, or
// all get something of the room that is left.
func spread(columns []column) {
	sum := 0.
	for _, c := range columns {
		sum += c.width
	}
	if sum <= room {
		for i := range columns {
			// A table of few narrow columns is not torn apart.
			columns[i].width += min((room-sum)/float64(len(columns)), columns[i].width)
		}
		return
	}
	low, high := narrowest, room // the width that none is wider than
	for range 40 {
		middle := (low + high) / 2
		sum = 0
		for _, c := range columns {
			sum += min(c.width, middle)
		}
		if sum > room {
			high = middle
		} else {
			low = middle
		}
	}
	for i := range columns {
		columns[i].width = min(columns[i].width, low)
	}
}

// cell is a cell's text in one line.
func (p *paper) cell(show format, cell any) string {
	return strings.TrimSpace(p.clean(models.Clip(show(cell), maxShown)))
}

func (p *paper) tableHead(columns []column) {
	total := 0.
	for _, c := range columns {
		total += c.width
	}
	p.box(side, p.y, total, rowHeight+1, shaded)
	p.tableLine(columns, func(i int) (string, *face, colour) { return columns[i].name, &p.fonts.bold, ink })
	p.y += 1
}

func (p *paper) tableRow(columns []column, row []any) {
	p.tableLine(columns, func(i int) (string, *face, colour) {
		switch {
		case i >= len(row):
			return "", &p.fonts.regular, ink
		case row[i] == nil:
			return null, &p.fonts.regular, dimmed
		}
		return p.cell(columns[i].show, row[i]), &p.fonts.regular, ink
	})
}

func (p *paper) tableLine(columns []column, cell func(i int) (string, *face, colour)) {
	x := side
	for i, c := range columns {
		text, f, paint := cell(i)
		text = f.fit(text, cellSize, c.width-2*cellPad)
		at := x + cellPad
		if c.right {
			at = x + c.width - cellPad - f.measure(text, cellSize)
		}
		p.text(at, p.y+rowHeight-4, text, f, cellSize, paint)
		x += c.width
	}
	p.y += rowHeight
	p.pdf.SetLineWidth(.4)
	p.pdf.SetStrokeColor(faint[0], faint[1], faint[2])
	p.pdf.Line(side, p.y, x, p.y)
}

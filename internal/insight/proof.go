package insight

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

type span struct{ start, end, row, col int }

type proof struct {
	rows  *models.Rows
	facts []models.Fact
	extra []float64
	spans []span // where texts of cells and column names with digits stand in the text
}

func newProof(text string, rows *models.Rows, facts []models.Fact, extra []float64) *proof {
	p := &proof{rows: rows, facts: facts, extra: extra}
	seen := map[string]bool{}
	add := func(s string, row, col int) {
		if s == "" || len(s) > len(text) || seen[s] || !strings.ContainsAny(s, "0123456789") {
			return
		}
		seen[s] = true
		for from := 0; ; {
			i := strings.Index(text[from:], s)
			if i < 0 {
				return
			}
			i += from
			if bounded(text, i, i+len(s)) {
				p.spans = append(p.spans, span{i, i + len(s), row, col})
			}
			from = i + 1
		}
	}
	for r, row := range rows.Rows {
		for c, v := range row {
			if s, ok := v.(string); ok {
				add(s, r, c)
			}
		}
	}
	for _, c := range rows.Columns {
		add(c.Name, -1, -1)
		add(words(c.Name), -1, -1)
		add(title(words(c.Name)), -1, -1)
	}
	return p
}

func bounded(text string, i, j int) bool {
	a, _ := utf8.DecodeLastRuneInString(text[:i])
	b, _ := utf8.DecodeRuneInString(text[j:])
	wordy := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !wordy(a) && !wordy(b)
}

func (p *proof) prove(t token, c *models.NumberCheck) {
	for _, s := range p.spans {
		if s.start <= t.start && t.end <= s.end {
			p.cite(c, s.row, s.col)
			return
		}
	}
	if t.date != nil {
		p.proveDate(t, c)
		return
	}
	for r, row := range p.rows.Rows {
		for i, v := range row {
			if p.cellIs(t, v) {
				p.cite(c, r, i)
				return
			}
		}
	}
	if i := p.fact(t); i >= 0 {
		c.Row, c.Column = p.facts[i].Row, p.facts[i].Column
		p.citeFact(c, i)
		return
	}
	if !t.percent && t.decimals == 0 && t.value == float64(len(p.rows.Rows)) {
		p.citeFact(c, slices.IndexFunc(p.facts, func(f models.Fact) bool { return f.Kind == "count" }))
		return
	}
	for _, v := range p.extra {
		if t.is(v) {
			c.Proven, c.Source = true, models.FromQuestion
			return
		}
	}
}

// fact is the place of the fact that a number states, -1 for none: one of the
// number's own unit before others, so that 30% is not the change by 30.
func (p *proof) fact(t token) int {
	found := -1
	for i, f := range p.facts {
		v := f.Value
		states := t.is(v) && (!t.percent || f.Unit == "%" || math.Abs(v) <= 100) || t.percent && f.Unit != "%" && t.is(100*v) ||
			strings.HasPrefix(f.Kind, "change") && t.is(-v) && t.percent == (f.Unit == "%")
		if states && t.percent == (f.Unit == "%") {
			return i
		}
		if states && found < 0 {
			found = i
		}
	}
	return found
}

func (p *proof) cellIs(t token, v any) bool {
	if n, ok := number(v); ok {
		return t.is(n) || t.percent && math.Abs(n) <= 1 && t.is(100*n)
	}
	if d, ok := date(v); ok && !t.percent && t.decimals == 0 && t.scale == 1 {
		return t.value == float64(d.Year()) && t.value >= 1000
	}
	return false
}

func (p *proof) proveDate(t token, c *models.NumberCheck) {
	for r, row := range p.rows.Rows {
		for i, v := range row {
			d, ok := date(v)
			if ok && d.Year() == t.date.Year() && d.Month() == t.date.Month() && (!t.day || d.Day() == t.date.Day()) {
				p.cite(c, r, i)
				return
			}
		}
	}
	if !t.day {
		for _, v := range p.extra {
			if v == float64(t.date.Year()) {
				c.Proven, c.Source = true, models.FromQuestion
				return
			}
		}
	}
}

func (p *proof) cite(c *models.NumberCheck, row, col int) {
	c.Proven, c.Source = true, models.FromName
	if row >= 0 {
		c.Source, c.Row = models.FromCell, &row
		c.Column = p.rows.Columns[col].Name
	}
}

// citeFact cites the fact at a place of the list; -1 is the count of the rows
// where the list does not say it.
func (p *proof) citeFact(c *models.NumberCheck, place int) {
	c.Proven, c.Source, c.Fact = true, models.FromFact, "count"
	if place >= 0 {
		c.Fact, c.FactIndex = p.facts[place].ID, &place
	}
}

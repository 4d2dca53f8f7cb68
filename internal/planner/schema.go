package planner

import (
	"slices"
	"strings"

	"github.com/datamind/datamind/models"
)

type column struct {
	tab                   *table
	name                  string
	words                 []string
	short                 []string // words without those of the table
	comment               string
	values                []string
	typ                   string
	num, text, date, flag bool
	key                   bool // part of the primary key, or of a foreign key
	nullable              bool
	aliases               [][]string     // stems of what people call it
	metric                *models.Metric // a figure with a name, no column of the database
}

type table struct {
	t     *models.Table
	at    int
	words []string
	cols  []*column
	pk    []*column
	label *column // the column that names a row
	last  *column // the last name, where label is only the first
	edges []*edge

	aliases [][]string // stems of what people call it
}

// edge leads from the many side to the one side.
type edge struct {
	from, to   *table
	fcol, tcol []*column
}

type valueRef struct {
	col *column
	val string
}

type schema struct {
	tables   []*table
	search   map[string]bool // schemas whose tables need no prefix
	values   map[string][]valueRef
	byWord   map[string][]*column
	tabWord  map[string][]*table
	allWords map[string]bool
	terms    []term
	inferred bool // the edges come from names, no key is declared
}

func newSchema(cat *models.Catalog) *schema {
	s := &schema{values: map[string][]valueRef{}, byWord: map[string][]*column{}, tabWord: map[string][]*table{}, allWords: map[string]bool{}, search: map[string]bool{}}
	prefix := commonPrefix(cat)
	var names []string
	for _, t := range cat.Tables {
		names = append(names, strings.ToLower(t.Name))
	}
	raw := rawPrefix(names)
	cut := func(name string) string {
		if raw != "" && strings.HasPrefix(strings.ToLower(name), raw) && len(name) > len(raw)+1 {
			return name[len(raw):]
		}
		return name
	}
	for i := range cat.Tables {
		t := &cat.Tables[i]
		tb := &table{t: t, at: i, words: trimPrefix(split(cut(t.Name)), prefix)}
		for _, c := range t.Columns {
			if !c.Masked {
				tb.cols = append(tb.cols, newColumn(tb, c, prefix, cut(c.Name)))
			}
		}
		if len(tb.cols) == 0 {
			continue
		}
		for _, p := range t.PrimaryKey {
			if c := tb.col(p); c != nil {
				c.key = true
				tb.pk = append(tb.pk, c)
			}
		}
		s.tables = append(s.tables, tb)
	}
	s.link()
	for _, tb := range s.tables {
		tb.label = labelOf(tb)
		tb.last = lastName(tb)
		s.index(tb)
	}
	return s
}

func commonPrefix(cat *models.Catalog) string {
	if len(cat.Tables) < 4 {
		return ""
	}
	p := ""
	for i, t := range cat.Tables {
		w := split(t.Name)
		if len(w) < 2 || i > 0 && w[0] != p {
			return ""
		}
		p = w[0]
	}
	return p
}

func trimPrefix(w []string, p string) []string {
	if p != "" && len(w) > 1 && w[0] == p {
		return w[1:]
	}
	return w
}

func newColumn(tb *table, c models.CatalogColumn, prefix, spoken string) *column {
	col := &column{tab: tb, name: c.Name, comment: strings.ToLower(c.Comment), values: c.Values, nullable: c.Nullable, words: trimPrefix(split(spoken), prefix)}
	t := strings.ToLower(c.Type)
	col.typ = t
	switch {
	case strings.HasSuffix(t, "[]"):
	case strings.HasPrefix(t, "int") && !strings.HasPrefix(t, "interval"), strings.HasPrefix(t, "smallint"), strings.HasPrefix(t, "bigint"), strings.HasPrefix(t, "numeric"), strings.HasPrefix(t, "double"), strings.HasPrefix(t, "real"), t == "money":
		col.num = true
	case strings.HasPrefix(t, "timestamp"), t == "date":
		col.date = true
	case t == "boolean":
		col.flag = true
	case strings.HasPrefix(t, "char"), strings.HasPrefix(t, "text"), strings.HasPrefix(t, "bpchar"), c.TypeKind == "enum", t == "citext", strings.HasSuffix(t, ".citext"):
		col.text = true
	}
	for _, w := range col.words {
		if !slices.Contains(tb.words, w) {
			col.short = append(col.short, w)
		}
	}
	return col
}

func (t *table) col(name string) *column {
	for _, c := range t.cols {
		if c.name == name {
			return c
		}
	}
	return nil
}

// position orders a table's keys as its columns are ordered.
func (t *table) position(fk models.ForeignKey) int {
	for i, c := range t.t.Columns {
		if len(fk.Columns) > 0 && c.Name == fk.Columns[0] {
			return i
		}
	}
	return len(t.t.Columns)
}

func (s *schema) link() {
	declared := false
	for _, t := range s.tables {
		keys := slices.Clone(t.t.ForeignKeys)
		slices.SortStableFunc(keys, func(a, b models.ForeignKey) int { return t.position(a) - t.position(b) })
		for _, fk := range keys {
			for _, to := range s.tables {
				if to.t.Name != fk.RefTable || to.t.Schema != fk.RefSchema {
					continue
				}
				e := &edge{from: t, to: to}
				for i := range fk.Columns {
					if i >= len(fk.RefColumns) {
						break
					}
					a, b := t.col(fk.Columns[i]), to.col(fk.RefColumns[i])
					if a != nil && b != nil {
						e.fcol, e.tcol = append(e.fcol, a), append(e.tcol, b)
					}
				}
				if len(e.fcol) == len(fk.Columns) && len(e.fcol) > 0 {
					s.addEdge(e)
					declared = true
				}
			}
		}
	}
	if s.inferred = !declared; s.inferred {
		s.infer()
		s.inferShared()
	}
}

func (s *schema) addEdge(e *edge) {
	for _, c := range e.fcol {
		c.key = true
	}
	e.from.edges = append(e.from.edges, e)
	if e.to != e.from {
		e.to.edges = append(e.to.edges, e)
	}
}

// infer links tables by names where the database declares no keys: a column
// that is called like another table's key, or <table>_id.
func (s *schema) infer() {
	for _, to := range s.tables {
		key := keyOf(to)
		if key == nil {
			continue
		}
		if len(to.pk) == 0 {
			to.pk = []*column{key}
		}
		for _, from := range s.tables {
			if from == to {
				continue
			}
			for _, c := range from.cols {
				if refers(c, to, key) && keyOf(from) != c {
					s.addEdge(&edge{from: from, to: to, fcol: []*column{c}, tcol: []*column{key}})
					break
				}
			}
		}
	}
}

// inferShared links tables that still stand alone by a column both have.
func (s *schema) inferShared() {
	for _, a := range s.tables {
		for _, b := range s.tables {
			if a.at >= b.at || connected(a, b) {
				continue
			}
			if e := shared(a, b); e != nil {
				s.addEdge(e)
			}
		}
	}
}

var linking = []string{"id", "code", "number", "name", "key", "symbol"}

func shared(a, b *table) *edge {
	for _, ca := range a.cols {
		for _, cb := range b.cols {
			if ca.num != cb.num || ca.text != cb.text || !(ca.num || ca.text) || len(ca.words) < 2 {
				continue
			}
			if !same(ca.words, cb.words) || !slices.Contains(linking, ca.words[len(ca.words)-1]) {
				continue
			}
			if keyOf(a) == ca || a.cols[0] == ca && b.cols[0] != cb {
				return &edge{from: b, to: a, fcol: []*column{cb}, tcol: []*column{ca}}
			}
			return &edge{from: a, to: b, fcol: []*column{ca}, tcol: []*column{cb}}
		}
	}
	return nil
}

func refers(c *column, to *table, key *column) bool {
	if c.num != key.num || c.text != key.text {
		return false
	}
	if strings.EqualFold(c.name, key.name) && !strings.EqualFold(c.name, "id") && !strings.EqualFold(c.name, "name") {
		return true
	}
	n := len(c.words)
	if k := len(key.words); k >= 2 && n > k && same(c.words[n-k:], key.words) {
		return true
	}
	if n >= 2 && (c.words[n-1] == "id" || c.words[n-1] == "code" || c.words[n-1] == "number") && key.words[len(key.words)-1] == c.words[n-1] {
		return strings.HasSuffix(" "+strings.Join(c.words[:n-1], " "), " "+strings.Join(to.words, " "))
	}
	return false
}

// keyOf guesses a table's single-column key.
func keyOf(t *table) *column {
	if len(t.pk) == 1 {
		return t.pk[0]
	}
	if len(t.pk) > 1 {
		return nil
	}
	for _, c := range t.cols {
		w := strings.Join(c.words, " ")
		if w == "id" || w == strings.Join(t.words, " ")+" id" || strings.EqualFold(c.name, strings.Join(t.words, "")+"id") {
			return c
		}
	}
	c := t.cols[0]
	if p, ok := strings.CutSuffix(strings.ToLower(c.name), "id"); ok && strings.HasPrefix(strings.Join(t.words, ""), strings.TrimRight(p, "_")) {
		return c
	}
	if n := len(c.words); n > 1 && c.words[n-1] == "id" && same(c.words[:n-1], t.words) {
		return c
	}
	return nil
}

func lastName(t *table) *column {
	if t.label == nil || !same(t.label.words, []string{"first", "name"}) {
		return nil
	}
	for _, c := range t.cols {
		if c.text && same(c.words, []string{"last", "name"}) {
			return c
		}
	}
	return nil
}

func labelOf(t *table) *column {
	best, score := (*column)(nil), 0
	for i, c := range t.cols {
		if !c.text {
			continue
		}
		n := 0
		last := c.words[len(c.words)-1]
		switch {
		case same(c.words, []string{"first", "name"}):
			n = 65
		case last == "name" && (len(c.short) <= 1):
			n = 100
		case last == "title":
			n = 90
		case last == "name" && c.words[0] != "first" && c.words[0] != "last":
			n = 80
		case last == "name":
			n = 60
		case last == strings.Join(t.words, ""):
			n = 70
		case strings.HasSuffix(strings.ToLower(c.name), "name"):
			n = 75
		case last == "description":
			n = 50
		case !c.key:
			n = 5
		}
		if n*100-i > score {
			best, score = c, n*100-i
		}
	}
	if score < 4000 {
		return nil
	}
	return best
}

func (s *schema) index(t *table) {
	seen := map[string]bool{}
	for _, w := range t.words {
		if !seen[w] {
			s.tabWord[w] = append(s.tabWord[w], t)
		}
		seen[w], s.allWords[w] = true, true
	}
	if l := stem(strings.ToLower(t.t.Name)); !seen[l] {
		s.tabWord[l] = append(s.tabWord[l], t)
	}
	for _, c := range t.cols {
		seen := map[string]bool{}
		for _, w := range c.words {
			if !seen[w] {
				s.byWord[w] = append(s.byWord[w], c)
			}
			seen[w], s.allWords[w] = true, true
		}
		if l := stem(strings.ToLower(c.name)); !seen[l] {
			s.byWord[l] = append(s.byWord[l], c)
		}
		if !c.text {
			continue
		}
		for _, v := range c.values {
			l := strings.ToLower(strings.TrimSpace(v))
			if l != "" && len(l) < 100 {
				s.values[l] = append(s.values[l], valueRef{c, v})
			}
		}
	}
}

package planner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// reading is a question while it is being understood.
type reading struct {
	s      *schema
	toks   []tok
	ms     []*mention
	at     []*mention // token -> mention
	now    time.Time
	period *period

	q          query
	tables     []*table // mentioned, in order
	counted    *table   // how many <table>
	measure    *expr    // what is added up, averaged or ranked
	entity     *table   // whose rows are ranked
	sup        *superlative
	limit      int
	desc       bool
	ordered    bool
	single     *table // a row of it is ranked and its entity shown
	sorted     bool   // an order is said without a column
	bucket     string
	dims       []expr
	selects    []expr
	notes      []string
	dimOf      map[expr]*mention // which words a dimension came from
	conditions []cond            // of terms that the question uses
	unknown    string            // a word that nothing in the schema explains
}

func read(s *schema, question string, now time.Time) *reading {
	r := &reading{s: s, now: now}
	lower := strings.ToLower(question)
	if len(lower) != len(question) {
		question = lower
	}
	var rest string
	r.period, rest = findPeriod(lower, now)
	b := []byte(question)
	for i := range b {
		if rest[i] == ' ' {
			b[i] = ' '
		}
	}
	r.toks = tokenize(rephrase(string(b)))
	r.readTerms()
	for i := range r.toks {
		if r.toks[i].low == "order" && (sortWord[r.low(i-1)] || r.low(i+1) == "by") || (r.low(i) == "first" || r.low(i) == "last") && r.low(i+1) != "name" && r.low(i+1) != "names" {
			r.toks[i].used = true
		}
	}
	r.ms = s.mentions(r.toks)
	r.at = make([]*mention, len(r.toks)+1)
	for _, m := range r.ms {
		for k := m.i; k < m.j; k++ {
			r.at[k] = m
		}
	}
	for _, m := range r.ms {
		if m.tab != nil && m.tscore >= m.best()-0.05 && !slices.Contains(r.tables, m.tab) {
			r.tables = append(r.tables, m.tab)
		}
		if m.best() > 1 && !slices.Contains(r.tables, m.cols[0].col.tab) {
			r.tables = append(r.tables, m.cols[0].col.tab)
		}
	}
	for _, m := range r.ms {
		r.choose(m)
	}
	known := r.tables
	r.tables = nil
	for _, m := range r.ms {
		if m.tab != nil && slices.Contains(known, m.tab) && !slices.Contains(r.tables, m.tab) {
			r.tables = append(r.tables, m.tab)
		}
	}
	for _, t := range known {
		if !slices.Contains(r.tables, t) {
			r.tables = append(r.tables, t)
		}
	}
	return r
}

var sortWord = set("descending ascending alphabetical increasing decreasing chronological lexicographical reverse")

// rephrase says a few phrases the way the passes read them.
func rephrase(q string) string {
	for _, p := range phrases {
		q = p.re.ReplaceAllString(q, p.to)
	}
	return q
}

var phrases = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`(?i)\bfirst(?: names?)? and last names?\b`), "first name and last name"},
	{regexp.MustCompile(`(?i)\bmore expensive than\b`), "price more than"},
	{regexp.MustCompile(`(?i)\b(?:less expensive|cheaper) than\b`), "price less than"},
}

// choose settles which of several columns is meant: one of a table that the
// question names, near its name, rather than of any other.
func (r *reading) choose(m *mention) {
	best := 0.0
	for _, c := range m.cols {
		sc := c.score
		if k := slices.Index(r.tables, c.col.tab); k >= 0 {
			sc += 0.3 - 0.02*float64(min(k, 5))
		} else if len(r.tables) > 0 {
			sc -= 0.06 * float64(min(distance(r.tables[0], c.col.tab), 5))
		}
		if r.tableNear(m, c.col.tab) {
			sc += 0.2
		}
		if c.col.tab.t.Kind == "view" {
			sc -= 0.05
		}
		if c.said {
			sc++
		}
		if sc > best+1e-9 {
			best, m.col = sc, c.col
		}
	}
	if m.col != nil && m.said() && (m.tab == nil || m.tscore < 1.1) {
		m.tab, m.vals = nil, nil
		return
	}
	if len(m.vals) > 0 && (m.col != nil || m.tab != nil) {
		if !r.valueMeant(m) {
			m.vals = nil
		} else {
			m.col, m.tab = nil, nil
			return
		}
	}
	if m.col != nil && m.col.flag && m.faint() {
		m.col, m.cols = nil, nil
		if m.tab == nil {
			m.used = true
			return
		}
	}
	if m.j == m.i+1 && r.toks[m.i].stem == "id" {
		if k := r.keyNear(m); k != nil {
			m.col, m.tab = k, nil
			return
		}
	}
	if m.tab != nil && m.col != nil && m.tscore >= 0.6 && r.toks[m.j-1].low != r.toks[m.j-1].stem && len(m.col.words) > 1 && slices.Contains([]string{"id", "code", "number"}, m.col.words[len(m.col.words)-1]) {
		m.col = nil
		if !slices.Contains(r.tables, m.tab) {
			r.tables = append(r.tables, m.tab)
		}
		return
	}
	if m.tab != nil && m.col != nil && m.tscore >= m.best()-0.05 {
		// "by department": a column of a mentioned table beats a table only when it says as much.
		if !(r.isGroupCue(m.i) && m.col.tab != m.tab && m.best() >= 0.95 && len(r.tables) > 0 && m.col.tab == r.tables[0]) {
			m.col = nil
		}
	}
	if m.col != nil {
		m.tab = nil
		r.reference(m)
	}
}

// faint mentions share a word with the column's name, no more.
func (m *mention) faint() bool { return m.best() < 0.7 }

// valueMeant decides between a value and a column or table of the same name:
// "cancelled subscriptions" is a value, "subscriptions by status" is not.
func (r *reading) valueMeant(m *mention) bool {
	if r.isGroupCue(m.i) {
		return false
	}
	for _, k := range []int{m.j, m.i - 1} {
		if k < 0 || k >= len(r.toks) || r.at[k] == nil || r.at[k].tab == nil {
			continue
		}
		for _, v := range m.vals {
			if v.col.tab == r.at[k].tab && v.col != v.col.tab.label {
				return true
			}
		}
	}
	if strings.HasSuffix(r.toks[m.i].low, "ed") && m.best() < 0.9 && m.tscore < 0.6 {
		return true
	}
	return m.tscore < 0.6 && m.best() < 0.6 || isUpper(r.toks[m.i].raw, m.i)
}

// reference turns "student", found only as student_id, into the table it leads to.
func (r *reading) reference(m *mention) {
	w := m.col.words
	if len(w) < 2 || w[len(w)-1] != "id" || r.toks[m.j-1].stem == "id" || r.toks[m.j-1].stem == w[len(w)-1] || strings.EqualFold(r.toks[m.i].raw, m.col.name) {
		return
	}
	for _, e := range m.col.tab.edges {
		if e.from == m.col.tab && len(e.fcol) == 1 && e.fcol[0] == m.col {
			m.tab, m.col = e.to, nil
			if !slices.Contains(r.tables, m.tab) {
				r.tables = append(r.tables, m.tab)
			}
			return
		}
	}
}

// keyNear is the key of the table that "id" or "ids" belongs to, when no column of it is called so.
func (r *reading) keyNear(m *mention) *column {
	var t *table
	if o := r.at[max(0, m.i-1)]; o != nil && o != m {
		t = o.tab
	}
	for k := m.j; t == nil && k < len(r.toks); k++ {
		if o := r.at[k]; o != nil {
			t = o.tab
		}
	}
	if t == nil {
		t = r.main()
	}
	if t == nil || m.col != nil && (m.col.tab == t && (len(t.pk) == 0 || m.col == t.pk[0])) {
		return m.col
	}
	return keyOf(t)
}

func (r *reading) tableNear(m *mention, t *table) bool {
	for k := m.j; k < min(m.j+4, len(r.toks)); k++ {
		if o := r.at[k]; o != nil && o != m && o.tab == t && k > m.j-1 {
			if k == m.j || r.toks[m.j].low == "of" || r.toks[m.j].low == "for" {
				return true
			}
		}
	}
	return m.i > 0 && r.at[m.i-1] != nil && r.at[m.i-1].tab == t
}

func (r *reading) low(i int) string {
	if i < 0 || i >= len(r.toks) {
		return ""
	}
	return r.toks[i].low
}

func (r *reading) phrase(i int, ps ...string) (n int) {
	for _, p := range ps {
		ws := strings.Fields(p)
		ok := true
		for k, w := range ws {
			if r.low(i+k) != w {
				ok = false
				break
			}
		}
		if ok && len(ws) > n {
			n = len(ws)
		}
	}
	return n
}

var articles = set("value values the a an of all each every different distinct unique any its their our my for in is are was has have had with new total")

// next returns the mention at i or after words that carry no meaning.
func (r *reading) next(i int, skip map[string]bool) *mention {
	for k := i; k < min(i+5, len(r.toks)); k++ {
		if r.at[k] != nil {
			return r.at[k]
		}
		if !skip[r.low(k)] {
			return nil
		}
	}
	return nil
}

func (r *reading) isGroupCue(i int) bool {
	for k := i - 1; k >= max(0, i-3); k-- {
		switch r.low(k) {
		case "by":
			return r.low(k-1) != "order" && r.low(k-1) != "ordered" && r.low(k-1) != "sorted" && r.low(k-1) != "sort"
		case "per", "each", "every", "across":
			return true
		case "the", "a", "different", "of":
			continue
		}
		return false
	}
	return false
}

func (r *reading) main() *table {
	if len(r.tables) > 0 {
		return r.tables[0]
	}
	for _, m := range r.ms {
		if m.col != nil {
			return m.col.tab
		}
	}
	for _, m := range r.ms {
		if len(m.vals) > 0 {
			return m.vals[0].col.tab
		}
	}
	return nil
}

func (r *reading) note(format string, a ...any) { r.notes = append(r.notes, fmt.Sprintf(format, a...)) }

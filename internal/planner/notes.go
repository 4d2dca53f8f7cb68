package planner

import (
	"slices"
	"strings"

	"github.com/datamind/datamind/models"
)

// term is a word of the organisation and the rows that it means.
type term struct {
	stems []string
	tab   *table
	cond  cond
}

// annotate adds what people say of the data: other words for tables and columns,
// metrics as columns that are sums already, and terms that mean some rows. What
// is not in the catalog any more is left out.
func (s *schema) annotate(notes *models.Notes) {
	if notes == nil {
		return
	}
	for _, n := range notes.Notes {
		t := s.table(n.SchemaName, n.TableName)
		for _, word := range n.Synonyms {
			stems := split(word)
			if t == nil || len(stems) == 0 {
				continue
			}
			if n.ColumnName == "" {
				t.aliases = append(t.aliases, stems)
				s.tabWord[stems[0]] = append(s.tabWord[stems[0]], t)
			} else if c := t.col(n.ColumnName); c != nil {
				c.aliases = append(c.aliases, stems)
				s.byWord[stems[0]] = append(s.byWord[stems[0]], c)
			} else {
				continue
			}
			for _, w := range stems {
				s.allWords[w] = true
			}
		}
	}
	for i := range notes.Metrics {
		m := &notes.Metrics[i]
		stems := split(m.Name)
		if t := s.table(m.SchemaName, m.TableName); t != nil && len(stems) > 0 && m.Qualified != "" {
			c := &column{tab: t, name: m.Name, words: stems, num: true, metric: m, aliases: [][]string{stems}}
			s.byWord[stems[0]] = append(s.byWord[stems[0]], c)
			for _, w := range stems {
				s.allWords[w] = true
			}
		}
	}
	for _, g := range notes.Terms {
		t, stems := s.table(g.SchemaName, g.TableName), split(g.Term)
		if t != nil && len(stems) > 0 && g.Qualified != "" {
			s.terms = append(s.terms, term{stems: stems, tab: t, cond: condition(t, g.Term, g.Qualified)})
		}
	}
	slices.SortStableFunc(s.terms, func(a, b term) int { return len(b.stems) - len(a.stems) })
}

// condition is a filter that a person wrote, on a table's rows.
func condition(t *table, words, sql string) cond {
	return cond{e: expr{col: &column{tab: t, name: words}}, text: sql, words: words}
}

func (s *schema) table(schema, name string) *table {
	for _, t := range s.tables {
		if t.t.Schema == schema && t.t.Name == name {
			return t
		}
	}
	return nil
}

// called reports whether people gave it this name.
func called(aliases [][]string, stems []string) bool {
	return slices.ContainsFunc(aliases, func(a []string) bool { return same(a, stems) })
}

// readTerms takes the glossary's terms out of a question. Words of the table that
// a term is on stay, and where nothing else names that table, its name takes
// the term's place.
func (r *reading) readTerms() {
	for _, g := range r.s.terms {
		i := r.findStems(g.stems)
		if i < 0 {
			continue
		}
		r.conditions = append(r.conditions, g.cond)
		var kept []tok
		for _, t := range r.toks[i : i+len(g.stems)] {
			if slices.Contains(g.tab.words, t.stem) || called(g.tab.aliases, []string{t.stem}) {
				kept = append(kept, t)
			}
		}
		rest := slices.Concat(r.toks[:i:i], kept, r.toks[i+len(g.stems):])
		if len(kept) == 0 && !r.s.mentioned(rest, g.tab) {
			rest = slices.Insert(rest, i, tokenize(strings.ReplaceAll(g.tab.t.Name, "_", " "))...)
		}
		r.toks = rest
	}
}

func (r *reading) findStems(stems []string) int {
	for i := 0; i+len(stems) <= len(r.toks); i++ {
		found := true
		for k, w := range stems {
			found = found && !r.toks[i+k].quoted && r.toks[i+k].stem == w
		}
		if found {
			return i
		}
	}
	return -1
}

// mentioned reports whether the words name the table or a column of it.
func (s *schema) mentioned(toks []tok, t *table) bool {
	return slices.ContainsFunc(s.mentions(toks), func(m *mention) bool {
		return m.tab == t && m.tscore >= 0.6 || slices.ContainsFunc(m.cols, func(c scored) bool { return c.col.tab == t && c.score >= 0.95 })
	})
}

// metrics measures by a metric that the question names, or by a number that it
// calls by another name where something is to be told apart by it.
func (r *reading) metrics() {
	for _, m := range r.ms {
		if m.col == nil || m.used || r.measure != nil || len(r.q.sel) > 0 {
			continue
		}
		apart := r.bucket != "" || len(r.dims) > 0 || r.sup != nil
		switch {
		case m.col.metric != nil:
			r.measure = &expr{col: m.col, agg: "sum"}
		case apart && m.said() && m.col.num && !m.col.key:
			r.measure = &expr{col: m.col}
		default:
			continue
		}
		m.used = true
	}
}

// said reports whether the chosen column was called by a name that people gave it.
func (m *mention) said() bool {
	return slices.ContainsFunc(m.cols, func(c scored) bool { return c.col == m.col && c.said })
}

// filters that people wrote: those of terms, and of the metrics that are used.
func (r *reading) written() {
	q := &r.q
	q.where = append(q.where, r.conditions...)
	for _, e := range q.sel {
		if e.col != nil && e.col.metric != nil && e.col.metric.QualifiedFilter != "" {
			q.where = append(q.where, condition(e.col.tab, "what counts for "+e.col.name, e.col.metric.QualifiedFilter))
		}
	}
}

// summed reports whether a metric is used where it cannot be: to filter single
// rows, over rows that a join repeats, or under another name of its table.
func (r *renderer) summed() bool {
	for _, c := range r.q.where {
		if c.e.col != nil && c.e.col.metric != nil {
			return true
		}
	}
	for _, e := range r.q.sel {
		if e.col != nil && e.col.metric != nil && (r.fanout || r.alias(e.col.tab) != ident(e.col.tab.t.Name)) {
			return true
		}
	}
	return false
}

package planner

import (
	"slices"
	"sort"
	"strings"
)

type scored struct {
	col   *column
	score float64
	said  bool // by a name that people gave it
}

// mention is a span of tokens [i, j) that names a table, columns or a value.
type mention struct {
	i, j   int
	tab    *table
	tscore float64
	cols   []scored
	vals   []valueRef
	col    *column // chosen among cols
	used   bool
}

func (m *mention) best() float64 {
	if len(m.cols) > 0 {
		return m.cols[0].score
	}
	return 0
}

const maxSpan = 5

// link finds what the words name: at each place the longest span wins.
func (s *schema) mentions(toks []tok) []*mention {
	var out []*mention
	for i := 0; i < len(toks); {
		m := s.mentionAt(toks, i)
		if m == nil {
			i++
			continue
		}
		out = append(out, m)
		i = m.j
	}
	return out
}

func (s *schema) mentionAt(toks []tok, i int) *mention {
	if toks[i].quoted {
		if v := s.values[toks[i].low]; len(v) > 0 {
			return &mention{i: i, j: i + 1, vals: v}
		}
		return nil
	}
	for n := min(maxSpan, len(toks)-i); n >= 1; n-- {
		stems, raw, ok := span(toks[i : i+n])
		if !ok {
			continue
		}
		m := &mention{i: i, j: i + n}
		if n == 1 && (stop[toks[i].low] && !(aggWord[toks[i].low] && asColumn(toks, i)) || toks[i].num != nil && len(toks[i].raw) < 4) {
			continue
		}
		m.vals = s.values[raw]
		edge := stop[toks[i].low] && !aggWord[toks[i].low] || stop[toks[i+n-1].low] && toks[i+n-1].low != "total" && toks[i+n-1].low != "count" && toks[i+n-1].low != "number"
		if !edge {
			m.tab, m.tscore = s.bestTable(stems)
			m.cols = s.bestColumns(stems)
			if n > 1 && m.tscore < 0.9 {
				m.tab = nil
			}
			if n > 1 && m.best() < 0.7 {
				m.cols = nil
			}
		}
		if n > 1 && len(m.cols) == 0 && m.tab == nil && stems[len(stems)-1] == "name" && !edge {
			for _, c := range s.bestColumns(stems[:len(stems)-1]) {
				if c.col.text && c.score >= 0.7 {
					m.cols = append(m.cols, c)
				}
			}
		}
		if len(m.vals) > 0 && n > 1 {
			m.tab, m.cols = nil, nil
		}
		if len(m.vals) > 0 || m.tab != nil || len(m.cols) > 0 {
			return m
		}
	}
	return nil
}

// asColumn reports whether a word such as "total" stands for a column here: what follows compares it or ends the phrase.
func asColumn(toks []tok, i int) bool {
	if i+1 >= len(toks) {
		return true
	}
	switch toks[i+1].low {
	case "over", "above", "more", "less", "under", "below", "between", "greater", "is", ">", "<", ">=", "<=", "=", "?", ",", "higher", "lower", "at":
		return true
	}
	return false
}

func isUpper(raw string, i int) bool { return i > 0 && raw != "" && raw[0] >= 'A' && raw[0] <= 'Z' }

func span(ts []tok) (stems []string, raw string, ok bool) {
	var low []string
	for _, t := range ts {
		if t.quoted || t.used || len(t.low) > 80 || strings.ContainsAny(t.low, "<>=,?;") {
			return nil, "", false
		}
		low = append(low, t.low)
		stems = append(stems, split(t.raw)...)
	}
	return stems, strings.Join(low, " "), len(stems) > 0
}

func (s *schema) bestTable(stems []string) (*table, float64) {
	var best *table
	score := 0.0
	seen := map[*table]bool{}
	try := func(w string, penalty float64) {
		for _, t := range s.tabWord[w] {
			if seen[t] && penalty > 0 {
				continue
			}
			seen[t] = true
			sc := 0.0
			switch {
			case called(t.aliases, stems):
				sc = 1.2
			case same(t.words, stems), len(stems) == 1 && stem(strings.ToLower(t.t.Name)) == w:
				sc = 1
			case len(stems) == 1 && t.words[len(t.words)-1] == w:
				sc = 0.62
			case len(stems) > 1 && len(t.words) > len(stems) && same(t.words[len(t.words)-len(stems):], stems):
				sc = 0.92
			case len(stems) == 1:
				sc = 0.4
			}
			sc -= penalty + 0.01*float64(len(t.words)) - 0.002*float64(min(len(t.edges), 8))
			if t.t.Kind == "view" {
				sc -= 0.1
			}
			if sc > score {
				best, score = t, sc
			}
		}
	}
	try(stems[0], 0)
	if len(stems) > 1 {
		try(strings.Join(stems, ""), 0)
	}
	if len(stems) == 1 {
		for w := range synonyms[stems[0]] {
			try(w, 0.25)
		}
	}
	if score < 0.35 {
		return nil, 0
	}
	return best, score
}

func same(a, b []string) bool { return slices.Equal(a, b) }

func (s *schema) bestColumns(stems []string) []scored {
	got := map[*column]float64{}
	firsts := []string{stems[0]}
	for w := range synonyms[stems[0]] {
		firsts = append(firsts, w)
	}
	if len(stems) > 1 {
		firsts = append(firsts, strings.Join(stems, ""), stems[len(stems)-1])
	}
	for _, w := range firsts {
		for _, c := range s.byWord[w] {
			if _, ok := got[c]; !ok {
				got[c] = columnScore(c, stems)
			}
		}
	}
	var out []scored
	for c, sc := range got {
		if sc >= 0.4 {
			out = append(out, scored{c, sc, called(c.aliases, stems)})
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].score != out[j].score {
			return out[i].score > out[j].score
		}
		if out[i].col.tab.at != out[j].col.tab.at {
			return out[i].col.tab.at < out[j].col.tab.at
		}
		return out[i].col.name < out[j].col.name
	})
	if len(out) > 400 {
		out = out[:400]
	}
	return out
}

func columnScore(c *column, stems []string) float64 {
	joined := strings.Join(stems, "")
	lower := strings.ToLower(c.name)
	switch {
	case called(c.aliases, stems):
		return 1
	case c.metric != nil: // its whole name or nothing
		return 0
	case same(c.words, stems), joined == lower:
		return 1
	case len(c.short) > 0 && same(c.short, stems):
		return 0.95
	case len(stems) > len(c.tab.words) && same(stems[:len(c.tab.words)], c.tab.words) && (same(stems[len(c.tab.words):], c.short) || same(stems[len(c.tab.words):], c.words)):
		return 1.05
	}
	hit, syn := 0, 0
	lead := true
	for _, w := range stems {
		if !slices.Contains(c.tab.words, w) {
			lead = false
		}
		switch {
		case slices.Contains(c.words, w):
			hit++
		case slices.ContainsFunc(c.words, func(x string) bool { return synonyms[w][x] }):
			hit++
			syn++
		case lead && len(stems) > 1:
			hit++
		}
	}
	if hit < len(stems) {
		return 0
	}
	n := float64(len(stems)) / float64(max(len(c.words), len(stems)))
	sc := 0.45 + 0.4*n - 0.15*float64(syn)
	if len(c.words) > 1 && c.words[len(c.words)-1] == "id" && stems[len(stems)-1] != "id" {
		sc -= 0.25
	}
	if len(c.words) > 1 && slices.Contains(filler, c.words[len(c.words)-1]) && len(c.words) == len(stems)+1 {
		sc += 0.1
	}
	return sc
}

var filler = []string{"at", "on", "name", "date", "in", "amount", "code", "gram", "second", "day", "sqm"}

var aggWord = set("total average number count mean sum min max minimum maximum first last")

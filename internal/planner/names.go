package planner

import (
	"slices"
	"strings"
)

var placeWords = []string{"city", "country", "state", "region", "location", "continent", "nationality"}

// properNames filters by capitalised words that nothing else explains: names
// too rare to be among the common values.
func (r *reading) properNames() {
	for i := 1; i < len(r.toks); i++ {
		if r.low(i-1) == "the" && r.toks[i].raw == strings.ToUpper(r.toks[i].raw) {
			continue
		}
		if !r.nameLike(i) || r.low(i-1) == "?" || r.low(i-1) == ";" {
			continue
		}
		j := i + 1
		for j < len(r.toks) && r.nameLike(j) {
			j++
		}
		var parts []string
		for k := i; k < j; k++ {
			parts = append(parts, r.toks[k].raw)
		}
		if c, m := r.nameColumn(i); c != nil && !r.filtered(c) {
			op := "like"
			if r.negated(i) {
				op = "not like"
			}
			r.where(cond{e: expr{col: c}, op: op, vals: []string{"%" + escapeLike(strings.Join(parts, " ")) + "%"}}, m)
		}
		r.use(i, j)
		i = j
	}
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}

func (r *reading) nameLike(i int) bool {
	t := r.toks[i]
	return r.at[i] == nil && !t.used && !t.quoted && t.num == nil && len(t.raw) > 1 && t.raw[0] >= 'A' && t.raw[0] <= 'Z' && !stop[t.low] &&
		!r.s.allWords[t.stem] && aggWords[t.low] == "" && !isSuperlative(t.low) && bucketWords[t.low] == "" && !revenueWords[t.stem]
}

func (r *reading) nameColumn(i int) (*column, *mention) {
	for k := i - 1; k >= max(0, i-3); k-- {
		if m := r.at[k]; m != nil && m.col != nil && m.col.text {
			return m.col, m
		}
	}
	t := r.main()
	if t == nil {
		return nil, nil
	}
	if p := r.low(i - 1); p == "in" || p == "from" || p == "at" || p == "near" {
		for _, x := range append([]*table{t}, r.s.tables...) {
			if !connected(t, x) || distance(t, x) > 2 {
				continue
			}
			for _, c := range x.cols {
				if c.text && slices.ContainsFunc(placeWords, func(w string) bool { return slices.Contains(c.words, w) }) {
					return c, nil
				}
			}
		}
	}
	for k := i - 1; k >= 0; k-- {
		if m := r.at[k]; m != nil && m.tab != nil && m.tab.label != nil {
			return m.tab.label, nil
		}
	}
	return t.label, nil
}

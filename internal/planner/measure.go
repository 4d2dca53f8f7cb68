package planner

import (
	"slices"
	"strings"
)

// money chooses the column for revenue: of those that look like money taken,
// the one whose rows can be grouped and filtered by tabs without counting any
// row twice.
func (r *reading) money(tabs []*table) *expr {
	var best *expr
	score := 0.0
	for _, t := range r.s.tables {
		sc := tableMoney(t)
		for _, c := range t.cols {
			if !c.num || c.key {
				continue
			}
			n := columnMoney(c)
			if n == 0 {
				continue
			}
			total := n + sc + r.reachScore(t, tabs)
			if strings.Contains(c.comment, "revenue") {
				total += 0.6
			}
			if best == nil || total > score {
				best, score = &expr{col: c, agg: "sum"}, total
			}
		}
		if q, p := named(t, "quantity"), priceOf(t); q != nil && p != nil {
			if total := 0.6 + sc + r.reachScore(t, tabs); best == nil || total > score {
				best, score = &expr{col: q, times: p, agg: "sum"}, total
			}
		}
	}
	if score <= 0 {
		return nil
	}
	return best
}

func (r *reading) reachScore(t *table, tabs []*table) float64 {
	sc := 0.0
	for _, d := range tabs {
		switch {
		case d == t:
		case !connected(t, d):
			sc -= 3
		case !upward(t, d):
			sc -= 1.5
		default:
			sc -= 0.08 * float64(distance(t, d))
		}
	}
	return sc
}

func columnMoney(c *column) float64 {
	w := strings.Join(c.words, " ")
	for i, m := range moneyColumns {
		if w == m || strings.Join(c.short, " ") == m {
			return 1 - 0.03*float64(i)
		}
	}
	last := c.words[len(c.words)-1]
	if slices.Contains([]string{"revenue", "sale", "total", "amount"}, last) {
		return 0.5
	}
	return 0
}

func tableMoney(t *table) float64 {
	for _, w := range t.words {
		switch w {
		case "item", "line", "detail":
			return 0.1
		}
	}
	for _, w := range t.words {
		switch w {
		case "order", "sale", "invoice", "transaction":
			return 0.3
		case "purchase", "booking":
			return 0.15
		case "payment":
			return -0.1
		case "refund", "return", "budget", "campaign", "product", "inventory", "price", "view":
			return -0.8
		}
	}
	return 0
}

func named(t *table, w string) *column {
	for _, c := range t.cols {
		if c.num && slices.Contains(c.words, w) {
			return c
		}
	}
	return nil
}

func priceOf(t *table) *column {
	for _, c := range t.cols {
		if c.num && (same(c.words, []string{"unit", "price"}) || same(c.words, []string{"price"})) {
			return c
		}
	}
	return nil
}

// hinted finds the column that one of the hints names, near t.
func (r *reading) hinted(hints []string, t *table) *expr {
	for _, h := range hints {
		switch h {
		case "@date":
			if d := r.dateOf(t); d != nil {
				return &expr{col: d}
			}
		case "@count":
			return nil
		case "@sold":
			return r.units(t)
		case "revenue":
			if e := r.money([]*table{t}); e != nil {
				return e
			}
		}
		for _, c := range t.cols {
			if c.num && !c.key && (slices.Contains(c.words, h)) {
				return &expr{col: c}
			}
		}
	}
	return nil
}

func (r *reading) units(t *table) *expr {
	var best *expr
	score := -1.0
	for _, x := range r.s.tables {
		if q := named(x, "quantity"); q != nil && (t == nil || connected(x, t)) {
			sc := tableMoney(x)
			if t != nil {
				sc += r.reachScore(x, []*table{t})
			}
			if strings.Contains(q.comment, "sold") {
				sc++
			}
			if best == nil || sc > score {
				best, score = &expr{col: q, agg: "sum"}, sc
			}
		}
	}
	return best
}

// dateOf picks the date that a question over t is about: one whose name is
// said in the question, else the first that is always set.
func (r *reading) dateOf(t *table) *column {
	if t == nil {
		return nil
	}
	if c := r.ownDate(t); c != nil {
		return c
	}
	var best *column
	near := 99
	for _, o := range r.s.tables {
		if o != t && upward(t, o) {
			if d := distance(t, o); d < near {
				if c := r.ownDate(o); c != nil {
					best, near = c, d
				}
			}
		}
	}
	return best
}

func (r *reading) ownDate(t *table) *column {
	var best *column
	score := -1.0
	for i, c := range t.cols {
		if !c.date {
			continue
		}
		sc := 1 - 0.01*float64(i)
		if c.nullable {
			sc -= 0.5
		}
		w := strings.Join(c.words, " ")
		if strings.Contains(w, "update") || strings.Contains(w, "modif") || strings.Contains(w, "birth") {
			sc -= 0.4
		}
		for _, k := range r.toks {
			if stop[k.low] || len(k.low) < 4 {
				continue
			}
			for _, x := range c.words {
				if len(x) >= 4 && len(k.stem) >= 4 && x[:4] == k.stem[:4] && !slices.Contains(t.words, k.stem) && x != "date" {
					sc += 1.5
				}
			}
		}
		if sc > score {
			best, score = c, sc
		}
	}
	return best
}

// rate finds the yes-or-no column of "return rate", "share of converted sessions".
func (r *reading) rate(i int) *expr {
	w := r.toks[i].stem
	if len(w) < 4 {
		return nil
	}
	for pass := range 2 {
		for _, t := range r.s.tables {
			for _, c := range t.cols {
				if !c.flag {
					continue
				}
				if pass == 0 && strings.Contains(c.comment, w+" rate") || pass == 1 && slices.ContainsFunc(c.words, func(x string) bool {
					return len(x) >= 5 && x[:5] == (w + "    ")[:5] || x == w || x == w+"ed" || x == w+"d"
				}) {
					return &expr{col: c, agg: "rate"}
				}
			}
		}
	}
	return nil
}

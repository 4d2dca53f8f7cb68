package planner

import (
	"regexp"
	"slices"
	"strings"
)

type comparator struct {
	words string
	op    string
}

var comparators = []comparator{
	{"more than or equal to", ">="}, {"greater than or equal to", ">="}, {"less than or equal to", "<="}, {"no less than", ">="}, {"no more than", "<="}, {"not more than", "<="},
	{"more than", ">"}, {"greater than", ">"}, {"higher than", ">"}, {"larger than", ">"}, {"bigger than", ">"}, {"longer than", ">"}, {"older than", ">"}, {"taller than", ">"}, {"heavier than", ">"}, {"above", ">"}, {"over", ">"}, {"exceeding", ">"}, {"exceeds", ">"}, {"exceed", ">"}, {"later than", ">"},
	{"less than", "<"}, {"fewer than", "<"}, {"lower than", "<"}, {"smaller than", "<"}, {"shorter than", "<"}, {"younger than", "<"}, {"cheaper than", "<"}, {"lighter than", "<"}, {"below", "<"}, {"under", "<"}, {"earlier than", "<"},
	{"at least", ">="}, {"minimum of", ">="}, {"at most", "<="}, {"up to", "<="}, {"exactly", "="}, {"equal to", "="}, {"equals", "="},
	{">=", ">="}, {"<=", "<="}, {">", ">"}, {"<", "<"}, {"=", "="}, {"after", ">"}, {"before", "<"}, {"since", ">="},
}

var comparatives = map[string][]string{"older": {"age"}, "younger": {"age"}, "longer": {"length", "duration"}, "shorter": {"length", "duration", "height"}, "taller": {"height"}, "heavier": {"weight"}, "lighter": {"weight"}, "cheaper": {"price", "cost"}}

// comparisons reads "price over 100", "more than 5 orders", "between 1 and 3".
func (r *reading) comparisons() {
	for i := 0; i < len(r.toks); i++ {
		if n := r.phrase(i, "between"); n > 0 && i+3 < len(r.toks) && r.toks[i+1].num != nil && r.low(i+2) == "and" && r.toks[i+3].num != nil {
			if m := r.numericNear(i, i+4); m != nil {
				r.where(cond{e: expr{col: m.col}, op: "between", raw: true, vals: []string{numberSQL(*r.toks[i+1].num), numberSQL(*r.toks[i+3].num)}}, m)
				r.use(i, i+4)
			}
			continue
		}
		for _, c := range comparators {
			n := r.phrase(i, c.words)
			if n == 0 || r.toks[i].used || i+n >= len(r.toks) {
				continue
			}
			if m := r.at[i+n]; m != nil && m.col != nil && m.j < len(r.toks) && r.toks[m.j].num != nil && r.toks[i+n].num == nil {
				r.where(cond{e: expr{col: m.col}, op: c.op, raw: true, vals: []string{numberSQL(*r.toks[m.j].num)}}, m)
				r.use(i, m.j+1)
				break
			}
			if r.toks[i+n].num == nil {
				if r.averageAt(i, i+n, c.op) {
					break
				}
				continue
			}
			r.compare(i, i+n, c.op)
			break
		}
	}
	r.equalNumbers()
}

// averageAt reads "above the average price".
func (r *reading) averageAt(i, k int, op string) bool {
	j := k
	for j < len(r.toks) && (r.low(j) == "the" || r.low(j) == "that" || r.low(j) == "of") {
		j++
	}
	w := r.low(j)
	if w != "average" && w != "avg" && w != "mean" {
		return false
	}
	var e *column
	m := r.next(j+1, articles)
	if m != nil && m.col != nil && m.col.num {
		e = m.col
		m.used = true
	} else if p := r.numericNear(i, len(r.toks)); p != nil {
		e = p.col
		p.used = true
	} else if h, ok := adjectives[r.low(i+1)]; ok && r.main() != nil {
		if x := r.hinted(h, r.main()); x != nil {
			e = x.col
		}
	}
	if e == nil {
		return false
	}
	if m != nil && m.tab != nil && m.tab == e.tab {
		m.used = true
	}
	r.q.where = append(r.q.where, cond{e: expr{col: e}, op: op, raw: true, vals: []string{"(SELECT avg(" + ident(e.name) + ") FROM " + ident(e.tab.t.Schema) + "." + ident(e.tab.t.Name) + ")"}, words: "the average"})
	if p := r.numericNear(i, len(r.toks)); p != nil && p.col == e {
		p.used = true
	}
	r.use(i, j+1)
	r.dropAverage(e)
	return true
}

func (r *reading) dropAverage(c *column) {
	kept := r.q.sel[:0]
	for _, e := range r.q.sel {
		if e.col != c || e.agg != "avg" {
			kept = append(kept, e)
		}
	}
	r.q.sel = kept
}

func (r *reading) compare(i, k int, op string) {
	v := []string{numberSQL(*r.toks[k].num)}
	after := r.next(k+1, set("of"))
	if after != nil && after.tab != nil {
		r.q.having = append(r.q.having, cond{e: expr{agg: "count", tab: after.tab}, op: op, raw: true, vals: v})
		after.used = true
		r.use(i, k+1)
		return
	}
	if hints := comparatives[r.low(i)]; hints != nil && r.main() != nil {
		if p := r.numericNear(i, len(r.toks)); p != nil {
			r.where(cond{e: expr{col: p.col}, op: op, raw: true, vals: v}, p)
			r.use(i, k+1)
			return
		}
		if e := r.hinted(hints, r.main()); e != nil {
			r.where(cond{e: *e, op: op, raw: true, vals: v}, nil)
			r.use(i, k+1)
			return
		}
	}
	if m := r.numericNear(i, k+1); m != nil {
		r.where(cond{e: expr{col: m.col}, op: op, raw: true, vals: v}, m)
		r.use(i, k+1)
	}
}

// numericNear is the column a comparison is about: the one before it, else the one after.
func (r *reading) numericNear(i, j int) *mention {
	for k := i - 1; k >= max(0, i-6); k-- {
		if m := r.at[k]; m != nil && m.col != nil && (m.col.num || m.col.date) {
			return m
		}
	}
	if m := r.next(j, articles); m != nil && m.col != nil && m.col.num {
		return m
	}
	return nil
}

// equalNumbers reads "year 1997", "id is 5".
func (r *reading) equalNumbers() {
	for i := 1; i < len(r.toks); i++ {
		if r.toks[i].num == nil || r.toks[i].used || r.at[i] != nil && r.at[i].col != nil {
			continue
		}
		if r.toks[i].low != r.toks[i].raw && numberWords[r.low(i)] != 0 {
			continue
		}
		k := i - 1
		for k > 0 && (r.low(k) == "is" || r.low(k) == "of" || r.low(k) == "=" || r.low(k) == "was" || r.low(k) == "equal" || r.low(k) == "to") {
			k--
		}
		m := r.at[k]
		if m != nil && m.tab != nil && k == i-1 && r.toks[k].low == r.toks[k].stem && len(m.tab.pk) == 1 && m.tab.pk[0].num && numberWords[r.low(i)] == 0 && r.at[i+1] == nil {
			r.where(cond{e: expr{col: m.tab.pk[0]}, op: "=", raw: true, vals: []string{numberSQL(*r.toks[i].num)}}, nil)
			r.use(i, i+1)
			continue
		}
		if m != nil && m.col != nil && m.col.num && numberWords[r.low(i)] == 0 {
			vals := []string{numberSQL(*r.toks[i].num)}
			j := i + 1
			for j+1 < len(r.toks) && (r.low(j) == "or" || r.low(j) == "and" || r.low(j) == ",") && r.toks[j+1].num != nil {
				vals = append(vals, numberSQL(*r.toks[j+1].num))
				j += 2
			}
			op := "="
			if len(vals) > 1 {
				op = "in"
			}
			r.where(cond{e: expr{col: m.col}, op: op, raw: true, vals: vals}, m)
			r.use(i, j)
		} else if a := r.next(i+1, nil); a != nil && a.col != nil && a.col.num && i > 0 && (r.low(i-1) == "with" || r.low(i-1) == "has" || r.low(i-1) == "have") && r.limit == 0 {
			r.where(cond{e: expr{col: a.col}, op: "=", raw: true, vals: []string{numberSQL(*r.toks[i].num)}}, a)
			r.use(i, i+1)
		}
	}
}

func (r *reading) use(i, j int) {
	for k := i; k < j && k < len(r.toks); k++ {
		r.toks[k].used = true
	}
}

func (r *reading) where(c cond, m *mention) {
	r.q.where = append(r.q.where, c)
	if m != nil {
		m.used = true
	}
}

var coded = regexp.MustCompile(`(\d+) = ([a-z][a-z ]{2,40})`)

// codedValues reads what a column's comment says a number means: "0 = out of stock".
func (r *reading) codedValues() {
	text := ""
	for _, t := range r.toks {
		text += " " + t.low
	}
	for _, t := range r.s.tables {
		for _, c := range t.cols {
			if !c.num || !strings.Contains(c.comment, " = ") {
				continue
			}
			for _, m := range coded.FindAllStringSubmatch(c.comment, 5) {
				if strings.Contains(text+" ", " "+strings.TrimSpace(m[2])+" ") {
					r.where(cond{e: expr{col: c}, op: "=", raw: true, vals: []string{m[1]}}, nil)
					r.explain(strings.Fields(m[2]))
				}
			}
		}
	}
}

// explain marks the mentions of words that a filter already stands for.
func (r *reading) explain(words []string) {
	for _, m := range r.ms {
		if slices.Contains(words, r.toks[m.i].low) {
			m.used = true
		}
	}
}

// negated reports whether the value at i is excluded.
func (r *reading) negated(i int) bool {
	for k := i - 1; k >= max(0, i-5); k-- {
		switch r.low(k) {
		case "not", "non", "except", "excluding", "outside", "without", "never", "no":
			return true
		case "than":
			return r.low(k-1) == "other"
		case "and", "but", "or", ",", "with", "who", "which", "that":
			return false
		}
	}
	return false
}

// values filters by the common values that the question names.
func (r *reading) values() {
	byCol := map[*column]int{}
	for _, m := range r.ms {
		if len(m.vals) == 0 || m.used {
			continue
		}
		v := r.chooseValue(m)
		neg := r.negated(m.i)
		m.used = true
		for k := m.i - 1; k >= max(0, m.i-3); k-- {
			if o := r.at[k]; o != nil && o.col == v.col && !r.isGroupCue(o.i) {
				o.used = true
			}
		}
		if o := r.at[min(m.j, len(r.toks))]; o != nil && o.col == v.col {
			o.used = true
		}
		both := r.both(m.i)
		if k, ok := byCol[v.col]; ok && !neg && !both {
			c := &r.q.where[k]
			if c.op == "=" {
				c.op = "in"
			}
			if c.op == "in" {
				c.vals = append(c.vals, v.val)
				continue
			}
		}
		op := "="
		if neg {
			op = "<>"
		}
		byCol[v.col] = len(r.q.where)
		r.where(cond{e: expr{col: v.col}, op: op, vals: []string{v.val}, apart: both || neg}, m)
	}
}

// both reports whether two values must hold of the same thing.
func (r *reading) both(i int) bool {
	for k := max(0, i-8); k < i; k++ {
		if r.low(k) == "both" {
			return true
		}
	}
	return false
}

func (r *reading) chooseValue(m *mention) valueRef {
	best, score := m.vals[0], -100.0
	for i, v := range m.vals {
		sc := -0.01 * float64(i)
		if k := slices.Index(r.tables, v.col.tab); k >= 0 {
			sc += 2 - 0.1*float64(k)
		} else if t := r.main(); t != nil {
			sc -= 0.3 * float64(min(distance(t, v.col.tab), 9))
		}
		for k := max(0, m.i-4); k < min(m.j+3, len(r.toks)); k++ {
			if o := r.at[k]; o != nil && o.col == v.col {
				sc += 3
			}
		}
		if v.col == v.col.tab.label {
			sc += 0.2
		}
		if sc > score {
			best, score = v, sc
		}
	}
	return best
}

// strings filters by quoted texts that are not known values.
func (r *reading) quotes() {
	for i, t := range r.toks {
		if !t.quoted || r.at[i] != nil || t.used || strings.TrimSpace(t.raw) == "" {
			continue
		}
		col, m := r.textNear(i)
		if col == nil {
			continue
		}
		c := cond{e: expr{col: col}, op: "=", vals: []string{t.raw}}
		for k := max(0, i-4); k < i; k++ {
			switch r.low(k) {
			case "contain", "contains", "containing", "substring", "includes", "like", "letter", "word":
				c.op, c.vals = "like", []string{"%" + t.raw + "%"}
			case "start", "starts", "starting", "begins", "begin", "beginning":
				c.op, c.vals = "like", []string{t.raw + "%"}
			case "end", "ends", "ending":
				c.op, c.vals = "like", []string{"%" + t.raw}
			}
		}
		if r.negated(i) && c.op == "=" {
			c.op = "<>"
		}
		r.where(c, m)
	}
}

func (r *reading) textNear(i int) (*column, *mention) {
	for k := i - 1; k >= max(0, i-6); k-- {
		m := r.at[k]
		if m == nil {
			continue
		}
		if m.col != nil && m.col.text {
			return m.col, m
		}
		if m.tab != nil && m.tab.label != nil {
			return m.tab.label, nil
		}
	}
	if i+1 < len(r.toks) {
		if m := r.at[i+1]; m != nil && m.tab != nil && m.tab.label != nil {
			return m.tab.label, nil
		} else if m != nil && m.col != nil && m.col.text {
			return m.col, m
		}
	}
	if t := r.main(); t != nil {
		return t.label, nil
	}
	return nil, nil
}

// absences reads "without orders", "that have no orders", "never ordered".
func (r *reading) absences() {
	for i := range r.toks {
		if r.low(i) != "without" && r.low(i) != "no" && r.low(i) != "never" && r.low(i) != "not" {
			continue
		}
		for k := i + 1; k < min(i+6, len(r.toks)); k++ {
			m := r.at[k]
			if m == nil {
				continue
			}
			if m.tab != nil && !m.used && len(r.tables) > 1 && m.tab != r.tables[0] && connected(r.tables[0], m.tab) {
				r.q.where = append(r.q.where, cond{anti: m.tab})
				m.used = true
			} else if m.col != nil && !m.used && m.col.nullable && (r.low(i) == "without" || r.low(i) == "no") {
				r.where(cond{e: expr{col: m.col}, op: "is null"}, m)
			}
			break
		}
	}
}

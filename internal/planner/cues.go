package planner

import (
	"slices"
	"strings"
)

// tops reads "top 5", "bottom ten", "the 3 most".
func (r *reading) tops() {
	for i := range r.toks {
		var n int
		switch w := r.low(i); {
		case w == "top" || w == "bottom" || (w == "first" || w == "last") && i+1 < len(r.toks) && r.toks[i+1].num != nil:
			r.limit, r.desc, r.ordered = 10, w == "top", true
			if w == "bottom" || w == "top" {
				r.sup = &superlative{desc: w == "top", pos: i, top: true}
			}
			n = i + 1
		case r.toks[i].num != nil && i < 3 && r.at[i] == nil && r.at[min(i+1, len(r.toks))] != nil && r.superlativeAfter(i):
			n = i
		case r.toks[i].num != nil && i+1 < len(r.toks) && isSuperlative(r.low(i+1)):
			n = i
		case isSuperlative(w) && r.low(i-1) != "at" && i+1 < len(r.toks) && r.toks[i+1].num != nil:
			n = i + 1
		default:
			continue
		}
		if n < len(r.toks) && r.toks[n].num != nil {
			if v := *r.toks[n].num; v >= 1 && v <= 10000 && v == float64(int(v)) {
				r.limit = int(v)
			}
			r.use(n, n+1)
		}
		return
	}
}

// superlativeAfter is true of "which five products have the highest price".
func (r *reading) superlativeAfter(i int) bool {
	for k := i + 1; k < len(r.toks); k++ {
		if isSuperlative(r.low(k)) && r.low(k-1) != "at" {
			return true
		}
	}
	return false
}

func isSuperlative(w string) bool { _, ok := superlatives[w]; return ok }

var bucketWords = map[string]string{"day": "day", "daily": "day", "week": "week", "weekly": "week", "month": "month", "monthly": "month", "quarter": "quarter", "quarterly": "quarter", "year": "year", "yearly": "year", "annual": "year", "annually": "year"}

// groups reads "by country", "per month", "for each customer and year".
func (r *reading) groups() {
	for i := range r.toks {
		if b, ok := bucketWords[r.low(i)]; ok && (strings.HasSuffix(r.low(i), "ly") || r.low(i) == "annual") && r.toks[i].stem != "" {
			r.setBucket(b, i)
		}
		if n := r.phrase(i, "over time", "month over month", "trend"); n > 0 && r.bucket == "" && r.dateOf(r.factTable()) != nil {
			r.setBucket("month", i)
		}
		cue := r.low(i) == "by" || r.low(i) == "per" || r.low(i) == "each" || r.low(i) == "every" || r.low(i) == "across"
		if !cue || r.low(i-1) == "order" || r.low(i-1) == "ordered" || r.low(i-1) == "sorted" || r.low(i-1) == "sort" {
			continue
		}
		if r.low(i) == "across" && r.low(i+1) == "all" {
			continue
		}
		if r.low(i) == "by" && (r.low(i+1) == "each" || r.low(i+1) == "every") {
			continue
		}
		r.groupList(i)
	}
	for i := range r.toks {
		if (r.low(i) == "which" || r.low(i) == "what" || r.low(i) == "in") && bucketWords[r.low(i+1)] != "" && r.at[i+1] == nil {
			r.setBucket(bucketWords[r.low(i+1)], i+1)
		}
	}
}

func (r *reading) setBucket(b string, i int) {
	if r.bucket == "" {
		r.bucket = b
		r.use(i, i+1)
	}
}

// groupList takes the things after a cue, joined by "and" or commas.
func (r *reading) groupList(i int) {
	ranked := r.sup != nil && r.low(i) == "by"
	for k := i + 1; k < len(r.toks); {
		for k < len(r.toks) && articles[r.low(k)] && r.at[k] == nil {
			k++
		}
		if k >= len(r.toks) {
			return
		}
		m := r.at[k]
		if b, ok := bucketWords[r.low(k)]; ok && (m == nil || m.col == nil || r.low(k) != "year") && !(r.toks[k].used && r.bucket != "") {
			if m != nil {
				m.used = true
			}
			r.setBucket(b, k)
			k++
		} else if m != nil && !m.used && (m.tab != nil || m.col != nil) {
			if ranked && r.rankBy(m, k) {
				return
			}
			if revenueWords[r.toks[k].stem] && r.low(i) == "by" && m.col == nil {
				return
			}
			d := r.dimension(m)
			r.dims = append(r.dims, d)
			if r.dimOf == nil {
				r.dimOf = map[expr]*mention{}
			}
			r.dimOf[d] = m
			m.used = true
			k = m.j
		} else {
			return
		}
		if r.low(k) == "and" || r.low(k) == "," {
			k++
			continue
		}
		return
	}
}

// rankBy takes "top 5 customers by <measure>".
func (r *reading) rankBy(m *mention, k int) bool {
	if m.col != nil && m.col.num && !m.col.key {
		r.measure = &expr{col: m.col}
		if m.col.metric != nil {
			r.measure.agg = "sum"
		}
		m.used = true
		return true
	}
	if m.tab != nil && len(r.tables) > 0 && m.tab != r.tables[0] && (r.low(k-1) == "of" || !upward(m.tab, m.tab)) {
		r.measure = &expr{agg: "count", tab: m.tab}
		m.used = true
		return true
	}
	return false
}

// dimension groups by a column, or by what names a table's rows.
func (r *reading) dimension(m *mention) expr {
	if m.col != nil {
		return expr{col: m.col}
	}
	return r.nameOf(m.tab)
}

func (r *reading) nameOf(t *table) expr {
	if t.label != nil {
		return expr{col: t.label}
	}
	if len(t.pk) > 0 {
		return expr{col: t.pk[0]}
	}
	return expr{col: t.cols[0]}
}

var aggWords = map[string]string{"total": "sum", "sum": "sum", "average": "avg", "avg": "avg", "mean": "avg", "maximum": "max", "max": "max", "minimum": "min", "min": "min"}

// aggregates reads "how many", "number of", "average price", "return rate".
func (r *reading) aggregates() {
	for i := range r.toks {
		if n := r.phrase(i, "how many", "number of", "count of", "count the", "count all", "count", "amount of", "how often", "total number of"); n > 0 && !r.toks[i].used && r.phrase(i+n, "number of", "the number of", "total number of") == 0 {
			r.count(i, n)
			continue
		}
		if w := r.low(i + 1); (w == "rate" || w == "rates" || w == "percentage") && r.at[i+1] == nil || r.low(i+1) == "rate" {
			if e := r.rate(i); e != nil {
				r.q.sel = append(r.q.sel, *e)
				if m := r.at[i]; m != nil {
					m.used = true
					r.dropTable(m.tab)
				}
				r.use(i, i+2)
				continue
			}
		}
		if a, ok := aggWords[r.low(i)]; ok && !r.toks[i].used && (r.at[i] == nil || r.at[i].i == i && r.at[i].col == nil) {
			r.aggregate(a, i)
		}
	}
	if r.measure == nil && len(r.q.sel) == 0 {
		r.moneyWords()
	}
}

func (r *reading) dropTable(t *table) {
	if t == nil || len(r.tables) < 2 {
		return
	}
	if k := slices.Index(r.tables, t); k >= 0 {
		r.tables = slices.Delete(r.tables, k, k+1)
	}
}

func (r *reading) count(i, n int) {
	k := i + n
	distinct := false
	for k < len(r.toks) && r.at[k] == nil && r.toks[k].low != "?" && (articles[r.low(k)] || r.low(k) == "," || !stop[r.low(k)] && r.toks[k].num == nil && k < i+n+2) {
		distinct = distinct || r.low(k) == "different" || r.low(k) == "distinct" || r.low(k) == "unique"
		k++
	}
	if k >= len(r.toks) || r.at[k] == nil {
		if w := r.toks[min(i+n, len(r.toks)-1)].stem; w == "unit" || w == "piece" {
			if e := r.units(r.main()); e != nil {
				r.q.sel = append(r.q.sel, *e)
			}
			return
		}
		if t := r.main(); t != nil && (n > 1 || i == 0) {
			r.q.sel = append(r.q.sel, expr{agg: "count", tab: t})
			r.counted = t
		}
		return
	}
	m := r.at[k]
	if len(m.vals) > 0 {
		for j := m.j; j < len(r.toks); j++ {
			if o := r.at[j]; o != nil && o.tab != nil {
				m = o
				break
			}
		}
		if m.tab == nil {
			r.q.sel = append(r.q.sel, expr{agg: "count", tab: r.chooseValue(m).col.tab})
			r.counted = r.q.sel[len(r.q.sel)-1].tab
			return
		}
	}
	m.used = true
	r.use(i, i+n)
	switch {
	case m.tab != nil:
		// "number of product categories": what follows a table may be what is counted.
		r.q.sel = append(r.q.sel, expr{agg: "count", tab: m.tab})
		r.counted = m.tab
	case m.col.num && !m.col.key && !distinct && !strings.HasSuffix(m.col.name, "year"):
		r.q.sel = append(r.q.sel, expr{agg: "sum", col: m.col})
	case m.col.key && len(m.col.tab.pk) == 1 && m.col.tab.pk[0] == m.col:
		r.q.sel = append(r.q.sel, expr{agg: "count", tab: m.col.tab})
		r.counted = m.col.tab
	default:
		r.q.sel = append(r.q.sel, expr{agg: "count_distinct", col: m.col})
	}
}

func (r *reading) aggregate(a string, i int) {
	if n := r.phrase(i+1, "number of"); n > 0 {
		return
	}
	list := []string{a}
	k := i + 1
	for k+1 < len(r.toks) && (r.low(k) == "and" || r.low(k) == "," || r.low(k) == "or") {
		j := k + 1
		if r.low(j) == "and" || r.low(j) == "the" {
			j++
		}
		b, ok := aggWords[r.low(j)]
		if !ok {
			break
		}
		list = append(list, b)
		r.use(j, j+1)
		k = j + 1
	}
	var e *expr
	m := r.next(k, articles)
	switch {
	case m != nil && m.col != nil && m.col.num:
		e = &expr{col: m.col}
		m.used = true
	case m != nil && m.tab != nil && !revenueWords[r.toks[m.i].stem]:
		e = r.measureOf(m, k, a)
	}
	if e == nil {
		for j := k; j < min(k+4, len(r.toks)); j++ {
			if revenueWords[r.toks[j].stem] {
				e = r.money(r.context())
				break
			}
			if u := r.toks[j].stem; u == "unit" || u == "quantity" {
				e = r.units(r.firstOf(r.context()))
				break
			}
		}
	}
	if e == nil {
		return
	}
	r.use(i, i+1)
	for _, b := range list {
		x := *e
		x.agg = b
		if x.col != nil || b != "" {
			r.q.sel = append(r.q.sel, x)
		}
	}
}

// measureOf reads "average order value", "total orders", "average product price".
func (r *reading) measureOf(m *mention, k int, a string) *expr {
	if nx := r.next(m.j, articles); nx != nil && nx.col != nil && nx.col.num && !nx.col.key && nx.i <= m.j+1 {
		nx.used = true
		return &expr{col: nx.col}
	}
	if w := r.toks[min(m.j, len(r.toks)-1)].stem; revenueWords[w] || w == "size" || w == "total" || w == "amount" {
		m.used = true
		for _, c := range m.tab.cols {
			if c.num && !c.key && columnMoney(c) > 0.6 {
				return &expr{col: c}
			}
		}
		return r.money([]*table{m.tab})
	}
	if a == "sum" {
		m.used = true
		r.q.sel = append(r.q.sel, expr{agg: "count", tab: m.tab})
		r.counted = m.tab
	}
	return nil
}

func (r *reading) firstOf(ts []*table) *table {
	if len(ts) > 0 {
		return ts[0]
	}
	return nil
}

// context is the tables that a measure must be able to reach.
func (r *reading) context() []*table {
	var out []*table
	add := func(t *table) {
		if t != nil && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, d := range r.dims {
		add(d.col.tab)
	}
	for _, m := range r.ms {
		if m.tab != nil && !revenueWords[r.toks[m.i].stem] {
			add(m.tab)
		}
		if len(m.vals) > 0 {
			add(r.chooseValue(m).col.tab)
		}
	}
	return out
}

// moneyWords reads a bare "revenue" or "spent".
func (r *reading) moneyWords() {
	for i, t := range r.toks {
		if m := r.at[i]; m != nil && (m.col != nil && t.stem != "unit" || m.used) {
			continue
		}
		switch {
		case t.stem == "unit" || t.stem == "sold" && r.low(i-1) != "revenue":
			if e := r.units(r.firstOf(r.context())); e != nil {
				r.measure = e
				if m := r.at[i]; m != nil {
					m.used = true
				}
			}
		case revenueWords[t.stem]:
			if e := r.money(r.context()); e != nil {
				r.measure = e
				if m := r.at[i]; m != nil {
					m.used = true
				}
			}
		default:
			continue
		}
		if r.measure != nil {
			return
		}
	}
}

func (r *reading) factTable() *table {
	if r.measure != nil {
		return r.measure.owner()
	}
	for _, e := range r.q.sel {
		if e.agg != "" {
			return e.owner()
		}
	}
	return r.main()
}

package planner

import (
	"slices"
	"strings"
)

// understand runs the passes in their order and builds the query. ok is false
// when the question names nothing that is in the catalog.
func (r *reading) understand() bool {
	if r.main() == nil && !r.anyMoney() {
		return false
	}
	r.tops()
	r.absences()
	r.groups()
	r.metrics()
	r.aggregates()
	r.superlative()
	r.codedValues()
	r.comparisons()
	r.values()
	r.quotes()
	r.properNames()
	r.flags()
	r.ordering()
	r.selected()
	return r.assemble()
}

func (r *reading) anyMoney() bool {
	for _, t := range r.toks {
		if revenueWords[t.stem] || t.stem == "unit" {
			return true
		}
	}
	return false
}

// flags reads "active products" and "discontinued" from yes-or-no columns.
func (r *reading) flags() {
	for _, m := range r.ms {
		if m.used || m.col == nil || !m.col.flag || r.isGroupCue(m.i) || m.faint() {
			continue
		}
		op := "true"
		if r.negated(m.i) || strings.HasPrefix(r.low(m.i-1), "in") && r.low(m.i-1) == "inactive" {
			op = "false"
		}
		r.where(cond{e: expr{col: m.col}, op: op}, m)
	}
}

// selected are the columns that are asked for and serve nothing else.
func (r *reading) selected() {
	for _, m := range r.ms {
		if m.used || m.col == nil {
			continue
		}
		e := expr{col: m.col}
		if r.equalled(m.col) && len(r.q.sel) > 0 {
			continue
		}
		if r.filtered(m.col) && m.i > r.firstTable() || r.relative(m.i) {
			continue
		}
		if !slices.Contains(r.selects, e) {
			r.selects = append(r.selects, e)
		}
	}
}

// equalled reports whether c has one value only, which need not be shown or grouped by.
func (r *reading) equalled(c *column) bool {
	return slices.ContainsFunc(r.q.where, func(x cond) bool { return x.e.col == c && x.op == "=" })
}

func (r *reading) firstTable() int {
	for _, m := range r.ms {
		if m.tab != nil {
			return m.i
		}
	}
	return 0
}

func (r *reading) filtered(c *column) bool {
	return slices.ContainsFunc(r.q.where, func(x cond) bool { return x.e.col == c })
}

// relative reports whether the word at i belongs to a clause about what is
// asked for ("whose budget …"), not to what is asked for.
func (r *reading) relative(i int) bool {
	for k := i - 1; k > max(0, i-8); k-- {
		switch r.low(k) {
		case "whose", "where":
			return len(r.selects) > 0 || len(r.q.sel) > 0 || len(r.tables) > 0
		case "return", "list", "show", "give", "?", "along", "together":
			return false
		}
	}
	return false
}

func (r *reading) assemble() bool {
	q := &r.q
	r.ownDims()
	if r.bucket != "" {
		if d := r.dateOf(r.factTable()); d != nil {
			r.dims = append([]expr{{col: d, bucket: r.bucket}}, r.dims...)
		} else if r.measure != nil || len(q.sel) > 0 {
			if c := r.calendarColumn(); c != nil {
				r.dims = append([]expr{{col: c}}, r.dims...)
			}
		}
	}
	if r.sup != nil && r.measure != nil {
		r.rank()
	} else {
		r.plain()
	}
	if q.base == nil || len(q.sel) == 0 {
		return false
	}
	r.havings()
	r.when()
	r.finish()
	return true
}

// ownDims groups by the measured table's own column where several tables have one of that name.
func (r *reading) ownDims() {
	t := r.factTable()
	if t == nil {
		return
	}
	for i, d := range r.dims {
		m := r.dimOf[d]
		if m == nil || d.col.tab == t || r.tableNear(m, d.col.tab) {
			continue
		}
		for _, c := range m.cols {
			if c.col.tab == t && c.score >= m.best()-0.06 {
				r.dims[i] = expr{col: c.col}
			}
		}
	}
}

var neutral = set("new existing placed made done taken there were been received sold ordered recorded registered created overall really currently now happened breakdown distribution split chart plot graph table trend over time compare comparison stats statistics report overview")

// unexplained is the first word before "by" or "per" that nothing in the schema explains.
func (r *reading) unexplained() string {
	for i, t := range r.toks {
		if t.low == "by" || t.low == "per" || t.low == "each" {
			return ""
		}
		if r.at[i] == nil && !t.used && !stop[t.low] && !neutral[t.low] && t.num == nil && !t.quoted && len(t.low) > 2 && bucketWords[t.low] == "" && !isSuperlative(t.low) {
			return t.raw
		}
	}
	return ""
}

func (r *reading) calendarColumn() *column {
	t := r.factTable()
	if t == nil {
		return nil
	}
	for _, c := range t.cols {
		if c.words[len(c.words)-1] == r.bucket {
			return c
		}
	}
	return nil
}

func (r *reading) plain() {
	q := &r.q
	if r.measure != nil {
		m := *r.measure
		if m.agg == "" {
			m.agg = "sum"
		}
		q.sel = append(q.sel, m)
	}
	if len(q.sel) > 0 {
		q.base = q.sel[0].owner()
		for _, s := range r.selects {
			if !slices.Contains(r.dims, s) {
				r.dims = append(r.dims, s)
			}
		}
		if len(r.dims) > 0 {
			q.group = r.identified(r.dims)
			q.sel = append(append([]expr{}, r.dims...), q.sel...)
		}
		return
	}
	if len(r.dims) > 0 && len(r.selects) == 0 && len(r.tables) > 0 {
		if r.unknown = r.unexplained(); r.unknown != "" {
			return
		}
		q.base = r.tables[0]
		q.group = r.identified(r.dims)
		q.sel = append(append([]expr{}, r.dims...), expr{agg: "count", tab: q.base})
		return
	}
	q.base = r.main()
	for _, d := range r.dims {
		r.selects = append(r.selects, d)
	}
	q.sel = r.selects
	if len(q.sel) > 0 && !slices.ContainsFunc(q.sel, func(e expr) bool { return e.col.tab == q.base }) {
		q.base = q.sel[0].col.tab
	}
	if len(q.sel) == 0 && q.base != nil {
		q.sel = r.listing(q.base)
	}
	if r.distinctWanted() {
		q.distinct = true
	}
	if r.limit > 0 {
		q.limit = r.limit
	}
}

func (r *reading) distinctWanted() bool {
	for _, t := range r.toks {
		if t.low == "distinct" || t.low == "different" || t.low == "unique" {
			return true
		}
	}
	return false
}

// listing shows a table's rows: its name where people ask who or which, else its leading columns.
func (r *reading) listing(t *table) []expr {
	switch r.low(0) {
	case "list", "show", "display", "give":
		var out []expr
		if len(t.pk) == 1 {
			out = append(out, expr{col: t.pk[0]})
		}
		if t.label != nil {
			out = append(out, expr{col: t.label})
		}
		for _, c := range t.cols {
			if e := (expr{col: c}); len(out) < 5 && !c.key && !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
		return out
	}
	return []expr{r.nameOf(t)}
}

// havings groups by what is asked for when rows are chosen by a count.
func (r *reading) havings() {
	q := &r.q
	if len(q.having) == 0 {
		return
	}
	t := q.having[0].e.tab
	if len(q.group) == 0 {
		for _, e := range q.sel {
			if e.agg != "" {
				q.having = nil
				return
			}
		}
		if q.base == t && len(q.sel) > 0 {
			q.base = q.sel[0].owner()
		}
		q.group = r.identified(q.sel)
		if len(q.base.pk) == 1 && !slices.Contains(q.group, expr{col: q.base.pk[0]}) && slices.ContainsFunc(q.sel, func(e expr) bool { return e.col == q.base.label }) {
			q.group = append(q.group, expr{col: q.base.pk[0]})
		}
		q.base = t
	}
}

// when filters by the period that was said.
func (r *reading) when() {
	q := &r.q
	if r.period == nil {
		return
	}
	if d := r.dateOf(q.base); d != nil {
		q.where = append(q.where, cond{e: expr{col: d}, period: r.period})
		return
	}
	y := r.period.from
	for _, t := range append([]*table{q.base}, r.tables...) {
		for _, c := range t.cols {
			if c.num && slices.Contains(c.words, "year") {
				op, v := "=", y.Year()
				if r.period.to.IsZero() {
					op = ">="
				} else if y.IsZero() {
					op, v = "<", r.period.to.Year()
				} else if last := r.period.to.AddDate(0, 0, -1).Year(); last != v {
					q.where = append(q.where, cond{e: expr{col: c}, op: "<=", raw: true, vals: []string{numberSQL(float64(last))}})
					op = ">="
				}
				q.where = append(q.where, cond{e: expr{col: c}, op: op, raw: true, vals: []string{numberSQL(float64(v))}})
				return
			}
		}
	}
	r.note("no date to filter by")
}

// whole adds the last name beside a first name that stands for a person, and
// every column where everything is asked for.
func (r *reading) whole() {
	q := &r.q
	for i := 0; i < len(q.sel); i++ {
		e := q.sel[i]
		if e.agg != "" || e.col == nil || e.col != e.col.tab.label || e.col.tab.last == nil {
			continue
		}
		l := expr{col: e.col.tab.last}
		if containsExpr(q.sel, l) || r.says("first") {
			continue
		}
		q.sel = slices.Insert(q.sel, i+1, l)
		if containsExpr(q.group, e) {
			q.group = append(q.group, l)
		}
	}
	if (r.says("info") || r.says("information") || r.says("details")) && len(q.group) == 0 && len(r.selects) == 0 && !q.aggregates() {
		q.sel = nil
		for _, c := range q.base.cols {
			if len(q.sel) < 40 {
				q.sel = append(q.sel, expr{col: c})
			}
		}
	}
}

func (r *reading) says(w string) bool {
	return slices.ContainsFunc(r.toks, func(t tok) bool { return t.low == w })
}

func (r *reading) finish() {
	q := &r.q
	r.exists()
	r.whole()
	r.leaveCancelledOut()
	r.written()
	for i, o := range q.order {
		if o.e.col == nil && o.e.agg == "" {
			q.order[i].e = q.sel[0]
		}
	}
	if r.sorted && len(q.order) == 0 {
		q.order = []order{{q.sel[len(q.sel)-1], r.desc}}
	}
	if r.sorted && len(q.order) == 1 && r.sup == nil {
		q.order[0].desc = r.desc
	}
	if len(q.order) == 0 && len(q.group) > 0 {
		last := q.sel[len(q.sel)-1]
		if g := q.group[0]; g.bucket != "" {
			for _, d := range q.group {
				q.order = append(q.order, order{e: d})
			}
		} else if last.agg != "" {
			q.order = []order{{last, true}}
		}
	}
	if q.limit == 0 && r.limit > 0 && len(q.group) > 0 {
		q.limit = r.limit
	}
}

// leaveCancelledOut applies what the schema's own comment says of revenue.
func (r *reading) leaveCancelledOut() {
	q := &r.q
	money := false
	for _, e := range q.sel {
		money = money || e.agg == "sum" && e.col != nil && (columnMoney(e.col) > 0.5 || e.times != nil)
	}
	if !money || q.base == nil {
		return
	}
	for _, t := range r.s.tables {
		c := strings.ToLower(t.t.Comment)
		if !strings.Contains(c, "revenue") || !strings.Contains(c, "cancel") || !upward(q.base, t) {
			continue
		}
		if q.base != t && tableMoney(q.base) < 0.05 {
			continue
		}
		for _, col := range t.cols {
			for _, v := range col.values {
				if (v == "cancelled" || v == "canceled") && !slices.ContainsFunc(q.where, func(x cond) bool { return x.e.col == col }) {
					q.where = append(q.where, cond{e: expr{col: col}, op: "<>", vals: []string{v}})
					return
				}
			}
		}
	}
}

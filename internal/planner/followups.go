package planner

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// Next is a question that follows from an answer.
type Next struct {
	Question string `json:"question"`
	Kind     string `json:"kind" enum:"drill,compare,dimension,period,other" doc:"Into the top value, the period before, by another dimension, by time, or on the same tables"`
}

// Answered is a question with its answer, for FollowUps.
type Answered struct {
	Question string
	History  []models.Turn // earlier questions of the conversation
	SQL      string
	Rows     *models.Rows // the first rows are enough
	Now      time.Time
}

// maxNext is how many follow-ups are offered.
const maxNext = 3

// FollowUps returns up to three questions that fit an answer: into its top
// value, the same for the period before, by another dimension, by time. Each is
// whole, so that it means the same in any conversation, and one that the
// built-in planner answers with SQL of the kind that it promises.
func FollowUps(cat *models.Catalog, a Answered) []Next {
	if cat == nil || len(cat.Tables) == 0 {
		return nil
	}
	s, now := newSchema(cat), a.Now.UTC()
	whole := withHistory(s, cap4000(a.Question), a.History, now)
	f := following{s: s, now: now, base: strings.TrimRight(strings.TrimSpace(cap4000(whole)), "?.! ")}
	var plan models.Plan
	if f.r, plan = understood(s, f.base, now); plan.Status != models.PlanSQL {
		return f.onTables(cat, a.SQL)
	}
	f.seen = []string{plan.SQL}
	f.drill(a.Rows)
	f.compare()
	f.dimensions()
	f.overTime()
	return f.out[:min(len(f.out), maxNext)]
}

// understood reads a question as Plan does.
func understood(s *schema, question string, now time.Time) (*reading, models.Plan) {
	r := read(s, question, now)
	return r, r.plan(false)
}

// following gathers follow-ups of a question that was read as r.
type following struct {
	s    *schema
	now  time.Time
	base string
	r    *reading
	seen []string // SQL that is offered already
	out  []Next
}

// offer adds the first of the questions that is answered with SQL of its own
// and, as fits says, in the way that is meant.
func (f *following) offer(kind string, fits func(*reading) bool, questions ...string) bool {
	for _, q := range questions {
		r, plan := understood(f.s, q, f.now)
		if plan.Status != models.PlanSQL || slices.Contains(f.seen, plan.SQL) || !fits(r) {
			continue
		}
		f.seen = append(f.seen, plan.SQL)
		f.out = append(f.out, Next{sentence(q), kind})
		return true
	}
	return false
}

func sentence(q string) string {
	q = strings.Join(strings.Fields(q), " ")
	return strings.ToUpper(q[:1]) + q[1:] + "?"
}

// measure says what the question counts or adds up, without its groups.
func (f *following) measure() (subjects []string) {
	plain := withoutGroups(f.base)
	whole := strings.Contains(strings.ToLower(plain), " by ") // its groups could not be told from its order
	if !f.ranks() && !whole {
		subjects = append(subjects, plain)
	}
	for _, e := range append(f.aggregates(), f.ordered()...) {
		when := ""
		if f.r.period != nil {
			when = " " + f.r.period.words
		}
		switch {
		case e.agg == "count":
			subjects = append(subjects, "number of "+spoken(e.tab.t.Name)+when)
		case e.agg == "sum" && columnMoney(e.col) > 0:
			subjects = append(subjects, "revenue"+when, "total "+spoken(e.col.name)+" of "+spoken(e.col.tab.t.Name)+when)
		case e.agg == "sum" || e.agg == "avg":
			word := map[string]string{"sum": "total ", "avg": "average "}[e.agg]
			subjects = append(subjects, word+spoken(e.col.name)+" of "+spoken(e.col.tab.t.Name)+when, word+spoken(e.col.tab.t.Name)+" "+spoken(e.col.name)+when)
		}
	}
	if !f.ranks() && whole {
		subjects = append(subjects, plain)
	}
	return subjects
}

// step is the unit of time that shows how the question's period went: the next
// coarser one where it is shown in one already.
func (f *following) step() string {
	short := f.r.period != nil && !f.r.period.to.IsZero() && f.r.period.to.Before(f.r.period.from.AddDate(0, 1, 1))
	switch {
	case short:
		return "day"
	case f.r.bucket == "month":
		return "quarter"
	case f.r.bucket == "quarter":
		return "year"
	}
	return "month"
}

func spoken(name string) string { return strings.ReplaceAll(name, "_", " ") }

func (f *following) aggregates() (out []expr) {
	for _, e := range f.r.q.sel {
		if e.agg != "" {
			out = append(out, e)
		}
	}
	return out
}

func (f *following) ordered() (out []expr) {
	for _, o := range f.r.q.order {
		if o.e.agg != "" && !containsExpr(f.r.q.sel, o.e) {
			out = append(out, o.e)
		}
	}
	return out
}

// ranks says that the question asks for the first few of an order.
func (f *following) ranks() bool { return f.r.q.limit > 0 || f.r.sup != nil }

// same says that a reading measures what the question does, whatever it groups by.
func (f *following) same(r *reading) bool {
	mine := append(f.aggregates(), f.ordered()...)
	if len(mine) == 0 {
		return true
	}
	return slices.ContainsFunc(r.q.sel, func(e expr) bool { return containsExpr(mine, e) || alike(mine[0], e) })
}

// alike are aggregates of the same kind: revenue can be read of orders as well
// as of their lines, depending on what it is grouped by.
func alike(a, b expr) bool {
	return a.agg == b.agg && a.col != nil && b.col != nil && columnMoney(a.col) > 0 && columnMoney(b.col) > 0
}

// filtered says that a reading keeps each of the question's filters.
func (f *following) filtered(r *reading) bool {
	for _, c := range f.r.q.where {
		if c.period == nil && !slices.ContainsFunc(r.q.where, func(x cond) bool { return x.say() == c.say() }) {
			return false
		}
	}
	return true
}

// drill looks into the row that stands out.
func (f *following) drill(rows *models.Rows) {
	value := top(rows)
	if value == "" || len(f.r.q.group) == 0 {
		return
	}
	dims := slices.DeleteFunc(slices.Clone(f.r.q.group), func(e expr) bool { return e.col == nil || e.bucket != "" || !e.col.text })
	if len(dims) == 0 {
		return
	}
	fits := func(r *reading) bool {
		within := slices.ContainsFunc(r.q.where, func(c cond) bool {
			return c.e.col == dims[0].col && slices.ContainsFunc(c.vals, func(v string) bool { return strings.Trim(v, "%") == escapeLike(value) || v == value })
		})
		return within && r.bucket != "" && f.same(r) && f.filtered(r)
	}
	var qs []string
	column, quoted, step := spoken(dims[0].col.name), `"`+value+`"`, "month"
	if f.r.bucket == "" {
		step = f.step()
	}
	for _, m := range f.measure() {
		qs = append(qs, fmt.Sprintf("%s for %s by %s", m, value, step), fmt.Sprintf("%s where %s is %s by %s", m, column, value, step),
			fmt.Sprintf("%s for %s %s by %s", m, column, quoted, step), fmt.Sprintf("%s for %s %s by %s", m, spoken(dims[0].col.tab.t.Name), quoted, step))
	}
	f.offer("drill", fits, qs...)
}

// top is the text of the row with the highest first number, "" for none.
func top(rows *models.Rows) string {
	if rows == nil || len(rows.Rows) < 2 {
		return ""
	}
	best, value := 0.0, ""
	for _, row := range rows.Rows {
		label, n, ok := "", 0.0, false
		for _, cell := range row {
			if text, is := cell.(string); is && label == "" {
				label = text
			} else if v, is := numeric(cell); is && !ok {
				n, ok = v, true
			}
		}
		if ok && label != "" && (value == "" || n > best) {
			best, value = n, label
		}
	}
	if len(value) > 60 || strings.ContainsAny(value, "\"\n?") {
		return ""
	}
	return value
}

func numeric(cell any) (float64, bool) {
	switch v := cell.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// compare asks for the period before the one that the question names.
func (f *following) compare() {
	p := f.r.period
	if p == nil || p.from.IsZero() || p.to.IsZero() {
		return
	}
	before := earlierWords(p)
	if before == "" {
		return
	}
	fits := func(r *reading) bool {
		return r.period != nil && r.period.from.Before(p.from) && f.same(r) && f.filtered(r)
	}
	f.offer("compare", fits, withoutPeriod(f.base, f.now)+" "+before)
}

// earlierWords names the span before a whole year, quarter or month; "" for others.
func earlierWords(p *period) string {
	switch {
	case p.to.Equal(p.from.AddDate(1, 0, 0)) || p.words == "this year so far":
		return fmt.Sprintf("in %d", p.from.Year()-1)
	case p.to.Equal(p.from.AddDate(0, 3, 0)) && p.from.Day() == 1:
		b := p.from.AddDate(0, -3, 0)
		return fmt.Sprintf("in Q%d %d", (int(b.Month())+2)/3, b.Year())
	case p.to.Equal(p.from.AddDate(0, 1, 0)) && p.from.Day() == 1:
		return "in " + p.from.AddDate(0, -1, 0).Format("January 2006")
	}
	return ""
}

// dimensions groups by another column: one of few values, of the tables that
// the question is about or that those belong to.
func (f *following) dimensions() {
	for _, c := range f.candidates() {
		e := expr{col: c}
		if containsExpr(f.r.q.group, e) || f.pinned(c) {
			continue
		}
		fits := func(r *reading) bool {
			return len(r.q.group) == 1 && containsExpr(r.q.group, e) && f.same(r) && f.filtered(r)
		}
		var qs []string
		for _, m := range f.measure() {
			qs = append(qs, m+" by "+spoken(c.name), m+" by "+spoken(c.tab.t.Name)+" "+spoken(c.name))
			if c == c.tab.label {
				qs = append(qs, m+" by "+spoken(c.tab.t.Name))
			}
		}
		if f.offer("dimension", fits, qs...) {
			return
		}
	}
}

// pinned columns have one value by a filter: grouping by them says nothing.
func (f *following) pinned(c *column) bool {
	return slices.ContainsFunc(f.r.q.where, func(w cond) bool { return w.e.col == c && w.op == "=" })
}

// candidates are columns to group by, the nearest and those of fewest values first.
func (f *following) candidates() (out []*column) {
	fact := f.r.factTable()
	if fact == nil {
		return nil
	}
	tables := []*table{fact}
	for _, e := range fact.edges {
		if e.from == fact && !slices.Contains(tables, e.to) {
			tables = append(tables, e.to)
		}
	}
	for _, t := range tables {
		for _, c := range t.cols {
			if c.text && !c.key && len(c.values) > 1 && len(c.values) <= 40 && (c != t.label || t != fact) {
				out = append(out, c)
			}
		}
	}
	return out
}

// overTime shows how it went by month, or in coarser steps where it does already.
func (f *following) overTime() {
	bucket := f.step()
	fits := func(r *reading) bool { return r.bucket == bucket && len(r.q.group) == 1 && f.same(r) && f.filtered(r) }
	var qs []string
	for _, m := range f.measure() {
		qs = append(qs, m+" by "+bucket)
	}
	if f.r.period == nil && f.r.bucket == "" {
		for _, m := range f.measure() {
			qs = append(qs, m+" by "+bucket+" in the last 12 months")
		}
	}
	f.offer("period", fits, qs...)
}

// onTables suggests questions on the tables that SQL reads, where the question
// itself was not understood here.
func (f *following) onTables(cat *models.Catalog, sql string) []Next {
	only := *cat
	only.Tables = nil
	words := strings.FieldsFunc(strings.ToLower(sql), func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
	for _, t := range cat.Tables {
		if slices.Contains(words, strings.ToLower(t.Name)) {
			only.Tables = append(only.Tables, t)
		}
	}
	for _, q := range Suggest(&only) {
		f.offer("other", func(*reading) bool { return true }, strings.TrimSuffix(q, "?"))
	}
	return f.out
}

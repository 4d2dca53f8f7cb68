package planner

import (
	"fmt"
	"regexp"
	"strings"
)

var plainIdent = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

func ident(s string) string {
	if plainIdent.MatchString(s) && !reserved[s] {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

var reserved = set("all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character check coalesce collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join json lateral leading least left like limit localtime localtimestamp national natural nchar none not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real references returning right row select session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes")

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// renderer writes one SELECT; aliases are t0, t1, … only when names clash, else the table's own name.
type renderer struct {
	q      *query
	joined []*table
	from   strings.Builder
	fanout bool
}

func (r *renderer) tableName(t *table) string {
	return ident(t.t.Schema) + "." + ident(t.t.Name)
}

func (r *renderer) alias(t *table) string {
	for _, j := range r.joined {
		if j != t && j.t.Name == t.t.Name {
			return ident(t.t.Schema + "_" + t.t.Name)
		}
	}
	return ident(t.t.Name)
}

func (r *renderer) col(c *column) string {
	if len(r.joined) == 1 {
		return ident(c.name)
	}
	return r.alias(c.tab) + "." + ident(c.name)
}

func (r *renderer) has(t *table) bool {
	for _, j := range r.joined {
		if j == t {
			return true
		}
	}
	return false
}

// join adds t along the shortest path; it reports whether there is one.
func (r *renderer) join(t *table) bool {
	if r.has(t) {
		return true
	}
	start := map[*table]bool{}
	for _, j := range r.joined {
		start[j] = true
	}
	p := pathFrom(start, r.joined, t)
	if p == nil {
		return false
	}
	for _, h := range p {
		r.joined = append(r.joined, h.to)
		if !h.up {
			r.fanout = true
		}
		var on []string
		for i := range h.e.fcol {
			on = append(on, fmt.Sprintf("%s.%s = %s.%s", r.alias(h.e.from), ident(h.e.fcol[i].name), r.alias(h.e.to), ident(h.e.tcol[i].name)))
		}
		fmt.Fprintf(&r.from, "\nJOIN %s ON %s", r.as(h.to), strings.Join(on, " AND "))
	}
	return true
}

func (r *renderer) as(t *table) string {
	if a := r.alias(t); a != ident(t.t.Name) {
		return r.tableName(t) + " AS " + a
	}
	return r.tableName(t)
}

// render writes the query as PostgreSQL; ok is false when tables cannot be joined.
func render(q *query) (sql string, ok bool) {
	r := &renderer{q: q, joined: []*table{q.base}}
	for _, t := range q.tables() {
		if !r.join(t) {
			return "", false
		}
	}
	var inner []cond
	var nested []cond
	for _, c := range q.where {
		switch {
		case c.anti != nil || c.some != nil:
			nested = append(nested, c)
		case c.e.col == nil:
		case c.apart && c.e.col.tab != q.base && !upward(q.base, c.e.col.tab) && len(q.base.pk) == 1:
			nested = append(nested, c)
		case r.has(c.e.col.tab):
			inner = append(inner, c)
		case q.aggregates() && !upward(q.base, c.e.col.tab) && len(q.base.pk) == 1:
			nested = append(nested, c)
		default:
			if !r.join(c.e.col.tab) {
				return "", false
			}
			inner = append(inner, c)
		}
	}
	if r.summed() {
		return "", false
	}
	if r.fanout && !q.aggregates() {
		q.distinct = true
	}
	return r.write(inner, nested), true
}

func (q *query) aggregates() bool {
	for _, e := range q.sel {
		if e.agg != "" {
			return true
		}
	}
	return len(q.group) > 0 || len(q.having) > 0
}

func (r *renderer) write(inner, nested []cond) string {
	q := r.q
	var sel, group []string
	inGroup := map[string]bool{}
	names := map[string]int{}
	for _, e := range q.sel {
		sql := r.expr(e)
		a := aliasOf(e)
		names[a]++
		if names[a] > 1 {
			a = fmt.Sprintf("%s_%s", ident(e.owner().t.Name), strings.Trim(a, `"`))
			names[a]++
			if names[a] > 1 {
				a = fmt.Sprintf("%s_%d", strings.Trim(a, `"`), names[a])
			}
			a = ident(strings.Trim(a, `"`))
		}
		if e.agg == "" && e.bucket == "" && a == ident(e.col.name) {
			sel = append(sel, sql)
		} else {
			sel = append(sel, sql+" AS "+a)
		}
	}
	for _, e := range q.group {
		g := r.expr(e)
		if !inGroup[g] {
			group = append(group, g)
		}
		inGroup[g] = true
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	if q.distinct {
		b.WriteString("DISTINCT ")
	}
	b.WriteString(strings.Join(sel, ", "))
	b.WriteString("\nFROM " + r.as(q.base) + r.from.String())
	var where []string
	for _, c := range inner {
		where = append(where, r.cond(c))
	}
	for _, c := range nested {
		if s := r.nested(c); s != "" {
			where = append(where, s)
		}
	}
	if len(where) > 0 {
		b.WriteString("\nWHERE " + strings.Join(where, "\n  AND "))
	}
	if len(group) > 0 {
		b.WriteString("\nGROUP BY " + strings.Join(group, ", "))
	}
	var having []string
	for _, c := range q.having {
		having = append(having, r.cond(c))
	}
	if len(having) > 0 {
		b.WriteString("\nHAVING " + strings.Join(having, " AND "))
	}
	var ord []string
	for _, o := range q.order {
		s := r.expr(o.e)
		if q.distinct && !containsExpr(q.sel, o.e) || len(q.group) > 0 && o.e.agg == "" && !containsExpr(q.group, o.e) {
			continue
		}
		if o.desc {
			s += " DESC NULLS LAST"
		}
		ord = append(ord, s)
	}
	if len(ord) > 0 {
		b.WriteString("\nORDER BY " + strings.Join(ord, ", "))
	}
	if q.limit > 0 {
		fmt.Fprintf(&b, "\nLIMIT %d", q.limit)
	}
	return b.String()
}

func containsExpr(es []expr, e expr) bool {
	for _, x := range es {
		if x == e {
			return true
		}
	}
	return false
}

func (e expr) owner() *table {
	if e.col != nil {
		return e.col.tab
	}
	return e.tab
}

func aliasOf(e expr) string {
	var n string
	if e.col != nil && e.col.metric != nil {
		return ident(strings.ToLower(strings.ReplaceAll(e.col.name, " ", "_")))
	}
	switch e.agg {
	case "":
		if e.bucket != "" {
			return e.bucket
		}
		return ident(e.col.name)
	case "count":
		n = "number_of_" + strings.ToLower(e.tab.t.Name)
	case "count_distinct":
		n = "number_of_" + e.col.name
	case "rate":
		n = e.col.name + "_rate_percent"
	case "sum":
		n = "total_" + strings.TrimPrefix(e.col.name, "total_")
		if e.times != nil {
			n = "total_value"
		} else if e.col.name == "total" {
			n = "total"
		}
	case "avg":
		n = "average_" + e.col.name
	default:
		n = e.agg + "_" + e.col.name
	}
	if len(n) > 60 {
		n = n[:60]
	}
	return ident(strings.ToLower(n))
}

func (r *renderer) expr(e expr) string {
	if e.col != nil && e.col.metric != nil {
		return e.col.metric.Qualified
	}
	if e.agg == "count" {
		if r.fanout && len(e.tab.pk) == 1 {
			return "count(DISTINCT " + r.col(e.tab.pk[0]) + ")"
		}
		return "count(*)"
	}
	c := r.col(e.col)
	if e.times != nil {
		c = c + " * " + r.col(e.times)
	}
	switch e.bucket {
	case "year":
		c = "extract(year FROM " + c + ")::int"
	case "day":
		c = c + "::date"
	case "":
	default:
		c = "date_trunc('" + e.bucket + "', " + c + ")::date"
	}
	switch e.agg {
	case "":
		return c
	case "count_distinct":
		return "count(DISTINCT " + c + ")"
	case "rate":
		return "round(100.0 * avg(" + c + "::int), 2)"
	}
	return e.agg + "(" + c + ")"
}

func (r *renderer) cond(c cond) string {
	if c.text != "" {
		return "(" + c.text + ")"
	}
	l := r.expr(c.e)
	if c.period != nil {
		return c.period.sql(l)
	}
	vals := make([]string, len(c.vals))
	for i, v := range c.vals {
		vals[i] = v
		if !c.raw {
			vals[i] = literal(v)
		}
	}
	switch c.op {
	case "is null", "is not null":
		return l + " " + strings.ToUpper(c.op)
	case "in", "not in":
		return l + " " + strings.ToUpper(c.op) + " (" + strings.Join(vals, ", ") + ")"
	case "between":
		return l + " BETWEEN " + vals[0] + " AND " + vals[1]
	case "like":
		return l + " ILIKE " + vals[0]
	case "not like":
		return l + " NOT ILIKE " + vals[0]
	case "true":
		return l
	case "false":
		return "NOT " + l
	}
	return l + " " + c.op + " " + vals[0]
}

// nested keeps a filter on a to-many table from multiplying rows.
func (r *renderer) nested(c cond) string {
	b := r.q.base
	if len(b.pk) != 1 {
		return ""
	}
	in := "IN"
	t := c.anti
	if c.op == "<>" {
		in, c.op = "NOT IN", "="
	}
	if c.some != nil {
		t = c.some
	} else if t != nil {
		in = "NOT IN"
	} else {
		t = c.e.col.tab
	}
	sub := &renderer{q: &query{base: b}, joined: []*table{b}}
	if !sub.join(t) {
		return ""
	}
	for _, i := range c.inner {
		if i.e.col == nil || !sub.join(i.e.col.tab) {
			return ""
		}
	}
	s := fmt.Sprintf("%s %s (SELECT %s FROM %s%s", r.col(b.pk[0]), in, sub.col(b.pk[0]), sub.as(b), strings.ReplaceAll(sub.from.String(), "\n", " "))
	var where []string
	if c.e.col != nil {
		where = append(where, sub.cond(c))
	}
	for _, i := range c.inner {
		where = append(where, sub.cond(i))
	}
	if len(where) > 0 {
		s += " WHERE " + strings.Join(where, " AND ")
	}
	return s + ")"
}

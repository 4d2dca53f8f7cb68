package planner

import "strings"

func (e expr) say() string {
	name := func(c *column) string { return strings.ReplaceAll(c.name, "_", " ") }
	if e.col != nil && e.col.metric != nil {
		return e.col.name
	}
	switch e.agg {
	case "count":
		return "number of " + strings.ReplaceAll(e.tab.t.Name, "_", " ")
	case "count_distinct":
		return "number of different " + name(e.col)
	case "rate":
		return "share of rows where " + name(e.col) + " is true, in percent"
	}
	s := name(e.col)
	if e.times != nil {
		s += " × " + name(e.times)
	}
	s += " of " + strings.ReplaceAll(e.col.tab.t.Name, "_", " ")
	if e.bucket != "" {
		return e.bucket + " of " + s
	}
	words := map[string]string{"sum": "sum of ", "avg": "average ", "min": "lowest ", "max": "highest "}
	return words[e.agg] + s
}

func (c cond) say() string {
	switch {
	case c.text != "":
		return c.words
	case c.anti != nil || c.some != nil:
		s, t := "without ", c.anti
		if t == nil {
			s, t = "with ", c.some
		}
		s += strings.ReplaceAll(t.t.Name, "_", " ")
		for i, x := range c.inner {
			s += []string{" where ", " and "}[min(i, 1)] + x.say()
		}
		return s
	case c.period != nil:
		return c.period.words + " (" + c.e.say() + ")"
	case c.op == "true" || c.op == "false":
		return c.e.say() + " is " + c.op
	}
	if c.words != "" {
		return c.e.say() + " " + c.op + " " + c.words
	}
	return strings.TrimSpace(c.e.say() + " " + c.op + " " + strings.Join(c.vals, " or "))
}

// say describes the query in words.
func (q *query) say() string {
	var sel, by, where []string
	for _, e := range q.sel {
		if !containsExpr(q.group, e) {
			sel = append(sel, e.say())
		}
	}
	for _, e := range q.group {
		if containsExpr(q.sel, e) {
			by = append(by, e.say())
		}
	}
	if len(sel) == 0 {
		sel, by = by, nil
	}
	for _, c := range q.where {
		where = append(where, c.say())
	}
	for _, c := range q.having {
		where = append(where, c.say())
	}
	s := strings.Join(sel, ", ")
	if len(by) > 0 {
		s += ", by " + strings.Join(by, " and ")
	}
	if len(where) > 0 {
		s += "; only " + strings.Join(where, " and ")
	}
	if q.limit > 0 && len(q.order) > 0 {
		dir := "lowest"
		if q.order[0].desc {
			dir = "highest"
		}
		s += "; the " + numberSQL(float64(q.limit)) + " with the " + dir + " " + q.order[0].e.say()
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

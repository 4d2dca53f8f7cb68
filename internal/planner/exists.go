package planner

import "slices"

// exists settles which tables of the question only restrict: "students who
// have pets" keeps students that some pet belongs to, and "customers without
// orders in 2024" puts the filter on the orders inside the "without".
func (r *reading) exists() {
	q := &r.q
	r.foldAnti()
	if len(q.base.pk) != 1 {
		return
	}
	used := append(q.tables(), q.base)
	for _, c := range q.where {
		if c.e.col != nil {
			used = append(used, c.e.col.tab)
		}
		if c.anti != nil {
			used = append(used, c.anti)
		}
		for _, i := range c.inner {
			used = append(used, i.e.col.tab)
		}
	}
	for _, m := range r.ms {
		if m.tab == nil || m.used || m.tscore < 0.6 || slices.Contains(used, m.tab) || !slices.Contains(r.tables, m.tab) {
			continue
		}
		if upward(q.base, m.tab) || !connected(q.base, m.tab) || distance(q.base, m.tab) > 2 {
			continue
		}
		q.where = append(q.where, cond{some: m.tab})
		used = append(used, m.tab)
	}
}

// foldAnti moves filters on what must not exist into the condition itself.
func (r *reading) foldAnti() {
	q := &r.q
	for i := range q.where {
		a := q.where[i].anti
		if a == nil {
			continue
		}
		var keep []cond
		var inner []cond
		for k, c := range q.where {
			if k != i && c.e.col != nil && c.anti == nil && c.e.col.tab != q.base && (c.e.col.tab == a || upward(a, c.e.col.tab) && !upward(q.base, c.e.col.tab)) {
				if c.op == "<>" {
					c.op = "="
				}
				c.apart = false
				inner = append(inner, c)
				continue
			}
			keep = append(keep, c)
		}
		for k := range keep {
			if keep[k].anti == a {
				keep[k].inner = append(keep[k].inner, inner...)
			}
		}
		q.where = keep
		return
	}
}

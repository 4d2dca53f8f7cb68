package planner

// rank builds "the N <entities> with the most <measure>".
func (r *reading) rank() {
	q := &r.q
	m := *r.measure
	own := m.agg == "" && m.col != nil && (r.entity == nil || m.col.tab == r.entity || upward(r.entity, m.col.tab))
	lim := r.limit
	if lim == 0 {
		lim = 1
	}
	aggs := q.sel
	q.sel = nil
	if r.single != nil {
		q.base, q.limit = r.single, lim
		q.sel = r.selects
		if len(q.sel) == 0 {
			q.sel = []expr{r.nameOf(r.entity)}
		}
		q.order = []order{{m, r.desc}}
		return
	}
	switch {
	case own && len(r.dims) > 0:
		m.agg = "min"
		if r.desc {
			m.agg = "max"
		}
		q.sel = append(append(q.sel, r.dims...), m)
		q.group = r.dims
		q.base = m.col.tab
		return
	case own && len(r.selects) == 0 && (r.entity == nil || !r.asksEntity()):
		m.agg = "min"
		if r.desc {
			m.agg = "max"
		}
		q.sel = append(q.sel, m)
		q.base = m.col.tab
		return
	case own:
		q.base = m.col.tab
		if r.entity != nil {
			q.base = r.entity
		}
		q.sel = append(q.sel, r.selects...)
		if len(q.sel) == 0 {
			q.sel = append(q.sel, r.nameOf(q.base))
			if r.limit > 1 {
				q.sel = append(q.sel, m)
			}
		}
		q.order = append([]order{{m, r.desc}}, q.order...)
		q.limit = lim
		return
	}
	if m.agg == "" {
		m.agg = "sum"
		if !m.col.num {
			m.agg = "max"
		}
		for _, a := range aggs {
			if a.col == m.col {
				m.agg = a.agg
			}
		}
	}
	q.base = m.owner()
	dims := append([]expr{}, r.dims...)
	dims = append(dims, r.selects...)
	if len(dims) == 0 && r.entity != nil && r.entity != m.owner() {
		dims = []expr{r.nameOf(r.entity)}
	} else if len(dims) == 0 && r.entity != nil {
		dims = []expr{r.nameOf(r.entity)}
	}
	if len(dims) == 0 {
		q.sel = []expr{m}
		return
	}
	q.group = r.identified(dims)
	q.sel = append(append([]expr{}, dims...), m)
	for _, a := range aggs {
		if a.agg != "" && a != m {
			q.sel = append(q.sel, a)
		}
	}
	q.order = append([]order{{m, r.desc}}, q.order...)
	q.limit = lim
}

// identified adds keys, so that two rows of the same name stay two.
func (r *reading) identified(dims []expr) []expr {
	out := append([]expr{}, dims...)
	for _, d := range dims {
		t := d.col.tab
		if d.col == t.label && len(t.pk) == 1 && t.pk[0] != d.col && d.bucket == "" {
			out = append(out, expr{col: t.pk[0]})
		}
	}
	return out
}

// asksEntity reports whether the rows themselves are asked for, rather than the extreme value.
func (r *reading) asksEntity() bool {
	first := r.low(0)
	if r.limit > 0 || first == "which" || first == "who" || first == "whose" {
		return true
	}
	for k := 0; k < r.sup.pos; k++ {
		if m := r.at[k]; m != nil && m.tab == r.entity {
			return true
		}
	}
	for k := r.sup.pos + 1; k < min(len(r.toks), r.sup.pos+4); k++ {
		if m := r.at[k]; m != nil && m.tab == r.entity {
			return true
		}
		if m := r.at[k]; m != nil && m.col != nil {
			return false
		}
	}
	return false
}

package planner

// superlative reads "which customer has the most orders", "oldest employee",
// "highest salary".
func (r *reading) superlative() {
	if r.sup == nil {
		for i := range r.toks {
			if s, ok := superlatives[r.low(i)]; ok && !r.toks[i].used && r.low(i-1) != "at" && r.at[i] == nil && !r.fromTo(i) {
				s.pos = i
				r.sup = &s
				break
			}
		}
	}
	if r.sup == nil {
		return
	}
	s := r.sup
	if s.top {
		for i := s.pos + 1; i < len(r.toks); i++ {
			if x, ok := superlatives[r.low(i)]; ok && !r.fromTo(i) && r.at[i] == nil {
				x.pos, x.desc, s.pos = i, x.desc || s.desc && !x.fewer, i
				s.desc, s.hints, s.fewer = superlatives[r.low(i)].desc, x.hints, x.fewer
				break
			}
		}
	}
	r.desc, r.ordered = s.desc, true
	hints := s.hints
	if h, ok := adjectives[r.low(s.pos+1)]; ok && (r.at[s.pos+1] == nil || h[0] == "revenue") {
		hints = h
	}
	target := r.next(s.pos+1, articles)
	r.entity = r.rankedTable(target)
	if r.measure != nil {
		return
	}
	if len(r.q.sel) > 0 && (r.counted == nil && !s.fewer || s.top && r.by()) {
		e := r.q.sel[0]
		r.measure, r.q.sel = &e, r.q.sel[1:]
		return
	}
	switch {
	case target != nil && target.col != nil && target.col.num && !target.col.key:
		r.measure = &expr{col: target.col}
		target.used = true
	case target != nil && target.col != nil && target.col.date:
		r.measure = &expr{col: target.col}
	case s.fewer && target != nil && target.tab != nil && target.tab != r.entity && len(hints) == 0:
		r.measure = &expr{agg: "count", tab: target.tab}
		target.used = true
	case r.phrase(s.pos+1, "number of") > 0:
		r.countMeasure(s.pos + 3)
	}
	if r.measure == nil && len(hints) > 0 {
		t := r.entity
		if t == nil {
			t = r.main()
		}
		if target != nil && target.tab != nil && target.tab != t {
			if e := r.hinted(hints, target.tab); e != nil && e.agg == "" {
				r.measure, r.single = e, target.tab
				return
			}
		}
		if t != nil {
			r.measure = r.hinted(hints, t)
			if r.measure == nil && hints[0] == "@count" {
				r.countRelated(t)
			}
		}
	}
}

func (r *reading) countMeasure(k int) {
	if m := r.next(k, articles); m != nil {
		m.used = true
		if m.tab != nil {
			r.measure = &expr{agg: "count", tab: m.tab}
		} else if m.col != nil && m.col.num {
			r.measure = &expr{col: m.col}
		}
		kept := r.q.sel[:0]
		for _, e := range r.q.sel {
			if r.measure == nil || e != *r.measure {
				kept = append(kept, e)
			}
		}
		r.q.sel = kept
	}
}

func (r *reading) countRelated(t *table) {
	for _, m := range r.ms {
		if m.col != nil && !m.col.num && !m.used {
			r.dims = append(r.dims, expr{col: m.col})
			r.measure = &expr{agg: "count", tab: m.col.tab}
			m.used = true
			return
		}
	}
	for _, o := range r.tables {
		if o != t && connected(o, t) {
			r.measure = &expr{agg: "count", tab: o}
			return
		}
	}
	for _, e := range t.edges {
		if e.to == t && e.from != t {
			r.measure = &expr{agg: "count", tab: e.from}
			return
		}
	}
}

// by reports whether the ranking says by what.
func (r *reading) by() bool {
	for i := r.sup.pos; i < len(r.toks); i++ {
		if r.low(i) == "by" {
			return true
		}
	}
	return false
}

// fromTo reports an order said as "from highest to lowest" and notes it.
func (r *reading) fromTo(i int) bool {
	for _, k := range []int{i - 1, i - 2} {
		if r.low(k) != "from" && r.low(k) != "to" || k == i-2 && r.low(i-1) != "the" && r.low(i-1) != "most" && r.low(i-1) != "least" {
			continue
		}
		if r.low(k) == "from" && !r.ordered {
			r.desc, r.ordered, r.sorted = superlatives[r.low(i)].desc, true, true
		}
		return true
	}
	return false
}

// rankedTable is the table whose rows are ranked: the one asked for before
// the superlative, else the one after it.
func (r *reading) rankedTable(target *mention) *table {
	for k := r.sup.pos - 1; k >= 0; k-- {
		if m := r.at[k]; m != nil && m.tab != nil {
			for j := k - 1; j >= 0; j-- {
				if o := r.at[j]; o != nil && o.tab != nil && o.tab != m.tab && !o.used {
					return o.tab
				}
			}
			return m.tab
		}
	}
	if target != nil && target.tab != nil {
		return target.tab
	}
	if len(r.tables) > 0 {
		return r.tables[0]
	}
	return nil
}

// ordering reads "ordered by price descending", "in alphabetical order of name".
func (r *reading) ordering() {
	for i := range r.toks {
		n := r.phrase(i, "order by", "ordered by", "sorted by", "sort by", "sort them by", "order of", "order them by", "ranked by", "in descending order of", "in ascending order of")
		if n == 0 {
			continue
		}
		desc := false
		for k := max(0, i-3); k < min(len(r.toks), i+n+6); k++ {
			switch r.low(k) {
			case "descending", "desc", "decreasing":
				desc = true
			}
		}
		if r.phrase(i+n, "number of", "count of", "the number of") > 0 {
			for _, e := range r.q.sel {
				if e.agg != "" {
					r.q.order = append(r.q.order, order{e, desc})
				}
			}
			continue
		}
		m := r.next(i+n, articles)
		if m != nil && m.col != nil {
			r.q.order = append(r.q.order, order{expr{col: m.col}, desc})
			if !m.used {
				m.used = true
			}
		}
	}
	for i := range r.toks {
		if r.sup == nil && len(r.q.order) == 0 && r.phrase(i, "descending order", "decreasing order", "ascending order", "increasing order") > 0 {
			r.sorted, r.desc = true, r.low(i)[0] == 'd'
		}
	}
	if len(r.q.order) == 0 {
		for i := range r.toks {
			if r.low(i) == "alphabetically" || r.phrase(i, "alphabetical order") > 0 {
				r.q.order = []order{{e: expr{}, desc: false}}
			}
		}
	}
}

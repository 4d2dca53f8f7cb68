package planner

// expr is one thing that can be selected, grouped, filtered or ordered by.
type expr struct {
	col    *column
	agg    string  // "", count, count_distinct, sum, avg, min, max, rate
	bucket string  // "", day, week, month, quarter, year
	times  *column // col * times, where only price and quantity exist
	tab    *table  // count of its rows
}

// cond is one filter. With anti or via set it is on rows of another table.
type cond struct {
	e      expr
	op     string // = <> > >= < <= in not in like is null, is not null, between
	vals   []string
	raw    bool // vals are SQL literals already
	period *period
	anti   *table // no row of this table belongs to it
	some   *table // at least one row of this table belongs to it
	inner  []cond // what the rows of anti or some must match
	words  string
	text   string // SQL that a person wrote
	apart  bool   // checked on its own: some other row of the same thing may match it
}

// query is a question's meaning before any SQL.
type query struct {
	base     *table
	sel      []expr
	group    []expr
	where    []cond
	having   []cond
	order    []order
	limit    int
	distinct bool
}

type order struct {
	e    expr
	desc bool
}

func (q *query) tables() []*table {
	var out []*table
	add := func(e expr) {
		t := e.tab
		if e.col != nil {
			t = e.col.tab
		}
		if t == nil {
			return
		}
		for _, x := range out {
			if x == t {
				return
			}
		}
		out = append(out, t)
	}
	for _, e := range q.group {
		add(e)
	}
	for _, e := range q.sel {
		add(e)
	}
	for _, o := range q.order {
		add(o.e)
	}
	for _, h := range q.having {
		add(h.e)
	}
	return out
}

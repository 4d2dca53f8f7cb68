package planner

// hop is one step of a join path; up says that it goes from many to one.
type hop struct {
	e  *edge
	to *table
	up bool
}

// path finds the shortest join path between tables, preferring many-to-one
// steps among equally short ones; nil when there is none.
func path(from, to *table) []hop {
	return pathFrom(map[*table]bool{from: true}, []*table{from}, to)
}

type reach struct {
	prev *table
	hop  hop
	cost int
}

func pathFrom(start map[*table]bool, order []*table, to *table) []hop {
	best := map[*table]reach{}
	for t := range start {
		best[t] = reach{}
	}
	queue := append([]*table{}, order...)
	for len(queue) > 0 {
		k := 0
		for i, q := range queue {
			if best[q].cost < best[queue[k]].cost {
				k = i
			}
		}
		t := queue[k]
		queue = append(queue[:k:k], queue[k+1:]...)
		for _, e := range t.edges {
			h := hop{e: e, to: e.to, up: true}
			if e.to == t && e.from != t {
				h = hop{e: e, to: e.from}
			}
			c := best[t].cost + 10
			if !h.up {
				c += 3
			}
			if b, ok := best[h.to]; ok && b.cost <= c || start[h.to] {
				continue
			}
			best[h.to] = reach{t, h, c}
			queue = append(queue, h.to)
		}
	}
	b, ok := best[to]
	if !ok || start[to] {
		return nil
	}
	var out []hop
	for t := to; !start[t]; b = best[t] {
		out = append([]hop{b.hop}, out...)
		t = b.prev
	}
	return out
}

// upward reports whether every row of from has at most one row of to.
func upward(from, to *table) bool {
	if from == to {
		return true
	}
	p := path(from, to)
	for _, h := range p {
		if !h.up {
			return false
		}
	}
	return len(p) > 0
}

func connected(a, b *table) bool { return a == b || len(path(a, b)) > 0 }

func distance(a, b *table) int {
	if a == b {
		return 0
	}
	if p := path(a, b); len(p) > 0 {
		return len(p)
	}
	return 99
}

package insight

import (
	"slices"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

// parts says that the values of the first measure add up to a whole; positive
// asks that each is above nothing, so that each can be seen.
func (c *charting) parts(positive bool) bool {
	m := c.shape.measures[0]
	for _, p := range points(c.rows, m) {
		if p.v < 0 || positive && p.v == 0 {
			return false
		}
	}
	return !averaged(c.name(m))
}

// funnels says that the rows are stages, each no larger than the one before.
func (c *charting) funnels(x int) bool {
	ps := points(c.rows, c.shape.measures[0])
	if n := len(c.rows.Rows); n < 3 || n > maxStages || len(ps) < n || len(c.shape.measures) > 1 || !c.parts(true) {
		return false
	}
	for i := 1; i < len(ps); i++ {
		if ps[i].v > ps[i-1].v {
			return false
		}
	}
	return stageName.MatchString(c.name(x)) || funnelled.MatchString(c.question)
}

func (c *charting) measureNames() (ys []string) {
	for _, m := range c.shape.measures {
		ys = append(ys, c.name(m))
	}
	return ys
}

// format says how the measures of a chart are written, where they agree.
func (c *charting) format(ys []string) string {
	all := func(fits func(string) bool) bool {
		return !slices.ContainsFunc(ys, func(y string) bool { return !fits(y) })
	}
	switch {
	case all(percentName.MatchString):
		return models.FormatPercent
	case all(func(y string) bool { return ratioName.MatchString(y) && c.below1(y) }):
		return models.FormatRatio
	}
	return models.FormatNumber
}

func (c *charting) below1(y string) bool {
	col := slices.IndexFunc(c.rows.Columns, func(col models.Column) bool { return col.Name == y })
	for _, p := range points(c.rows, col) {
		if p.v < -1 || p.v > 1 {
			return false
		}
	}
	return true
}

// sameScale keeps the measures that can share an axis with the first one.
func sameScale(r *models.Rows, s shape, ys []string) []string {
	top := func(c int) float64 {
		m := 0.0
		for _, p := range points(r, c) {
			m = max(m, max(p.v, -p.v))
		}
		return m
	}
	first := top(s.measures[0])
	out := ys[:1:1]
	for i := 1; i < len(ys); i++ {
		if t := top(s.measures[i]); t <= first*20 && first <= t*20 && averaged(ys[i]) == averaged(ys[0]) {
			out = append(out, ys[i])
		}
	}
	return out
}

func (c *charting) distinct(col int) int { return distinct(c.rows, col) }

func hasRepeat(r *models.Rows, a, b int) bool {
	m := map[[2]any]bool{}
	for _, row := range r.Rows {
		k := [2]any{row[a], row[b]}
		if m[k] {
			return true
		}
		m[k] = true
	}
	return false
}

func longest(r *models.Rows, c int) int {
	n := 0
	for _, row := range r.Rows {
		if s, ok := row[c].(string); ok {
			n = max(n, utf8.RuneCountInString(s))
		}
	}
	return n
}

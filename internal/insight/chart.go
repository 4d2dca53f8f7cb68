package insight

import (
	"regexp"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

var (
	shareWord   = regexp.MustCompile(`(?i)\b(share|proportion|percentage of|breakdown|split|pie)\b`)
	scatterWord = regexp.MustCompile(`(?i)\b(versus|vs|against|correlat\w*|relationship|scatter)\b`)
)

const (
	maxCategories = 40
	maxSeries     = 12
	longLabel     = 14
)

// ChooseChart picks the chart that suits a result by its columns' roles; nil
// when a table says it better or a chart would mislead.
func ChooseChart(question string, rows *models.Rows) *models.Chart {
	if rows == nil || len(rows.Rows) == 0 {
		return nil
	}
	s := shapeOf(rows)
	n := len(rows.Rows)
	if len(s.measures) == 0 || len(s.measures) > 6 {
		return nil
	}
	var ys []string
	for _, c := range s.measures {
		ys = append(ys, rows.Columns[c].Name)
	}
	fm := "number"
	if n == 1 {
		if len(s.measures) == 1 && len(rows.Columns) <= 2 {
			return &models.Chart{Type: "single_value", Y: ys, Format: fm}
		}
		return nil
	}
	if len(s.times) > 0 {
		return timeChart(rows, s, ys, fm)
	}
	if len(s.labels) == 0 {
		if len(ys) == 2 && n >= 3 {
			return &models.Chart{Type: "scatter", X: ys[0], Y: ys[1:], XType: "number", Format: fm}
		}
		return nil
	}
	if len(ys) >= 2 && scatterWord.MatchString(question) && n >= 3 {
		return &models.Chart{Type: "scatter", X: ys[0], Y: ys[1:2], XType: "number", Format: fm}
	}
	return categoryChart(question, rows, s, ys, fm)
}

func timeChart(r *models.Rows, s shape, ys []string, fm string) *models.Chart {
	x := s.times[0]
	ch := &models.Chart{Type: "line", X: r.Columns[x].Name, Y: ys, XType: "time", Format: fm}
	if _, ok := date(r.Rows[0][x]); !ok {
		ch.XType = "number"
	}
	switch len(s.labels) {
	case 0:
		if timeOrder(r, s) == nil {
			return nil
		}
		ch.Y = sameScale(r, s, ys)
	case 1:
		if distinct(r, s.labels[0]) > maxSeries || hasRepeat(r, x, s.labels[0]) {
			return nil
		}
		ch.Series, ch.Y = r.Columns[s.labels[0]].Name, ys[:1]
	default:
		return nil
	}
	return ch
}

func categoryChart(question string, r *models.Rows, s shape, ys []string, fm string) *models.Chart {
	n := len(r.Rows)
	// The finest label: names beat ids when both are there.
	x, best := s.labels[0], 0
	for _, c := range s.labels {
		if _, isText := r.Rows[0][c].(string); isText && distinct(r, c) > best {
			x, best = c, distinct(r, c)
		}
	}
	if distinct(r, x) == n {
		if n > maxCategories || len(s.labels) > 3 {
			return nil
		}
		if shareWord.MatchString(question) && n <= 6 && len(ys) == 1 && allPositive(r, s.measures[0]) && !averaged(ys[0]) {
			return &models.Chart{Type: "pie", X: r.Columns[x].Name, Y: ys, XType: "category", Format: fm}
		}
		ys = sameScale(r, s, ys)
		typ := "bar"
		if len(ys) > 1 {
			typ = "grouped_bar"
		}
		return &models.Chart{Type: typ, X: r.Columns[x].Name, Y: ys, XType: "category", Horizontal: longest(r, x) > longLabel, Format: fm}
	}
	if len(s.labels) != 2 || len(ys) != 1 {
		return nil
	}
	a, b := s.labels[0], s.labels[1]
	if distinct(r, b) > distinct(r, a) {
		a, b = b, a
	}
	if hasRepeat(r, a, b) || distinct(r, a) > maxCategories {
		return nil
	}
	typ := "grouped_bar"
	if distinct(r, b) > 4 {
		typ = "heatmap"
	}
	return &models.Chart{Type: typ, X: r.Columns[a].Name, Series: r.Columns[b].Name, Y: ys, XType: "category", Format: fm}
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

func distinct(r *models.Rows, c int) int {
	m := map[any]bool{}
	for _, row := range r.Rows {
		m[row[c]] = true
	}
	return len(m)
}

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

func allPositive(r *models.Rows, c int) bool {
	for _, p := range points(r, c) {
		if p.v <= 0 {
			return false
		}
	}
	return true
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

package picture

import (
	"math"
	"slices"

	"github.com/go-analyze/charts"

	"github.com/datamind/datamind/models"
)

// lines draws values over time, or over another order. Moments stand where they
// belong, however far apart they are; a gap in the data is a gap in the line.
func (d *data) lines() ([]byte, error) {
	g, err := d.table(maxPoints)
	if err != nil {
		return nil, err
	}
	places := g.order()
	area := d.spec.Type == models.ChartArea
	stacked := area && len(g.series) > 1
	low, high := d.options.ends(g.ends(stacked))
	s := d.sheet(Height, g.series)
	p := &plot{sheet: s, left: margin, right: s.p.Width() - margin, top: s.top + 10*Scale, bottom: s.p.Height() - 40*Scale}
	var step float64
	p.low, p.high, step = scale(low, high, area || low >= 0 && low < high/2)
	p.roomForNumbers(step, d.short)
	p.right -= 8 * Scale
	p.grid(step, d.short)
	x := func(c int) int { return p.left + int(places[c]*float64(p.right-p.left)) }
	base := make([]float64, len(g.keys))
	for n := range g.series {
		colour := palette[n%len(palette)]
		var run []charts.Point
		var below []charts.Point
		draw := func() {
			if area && len(run) > 1 {
				slices.Reverse(below)
				p.p.FillArea(append(slices.Clone(run), append(below, run[0])...), pale(colour, 90))
			}
			if len(run) > 1 {
				p.p.LineStroke(run, colour, 2.25*Scale)
			}
			if len(run) == 1 || len(g.keys) <= 31 {
				p.p.Dots(run, white, colour, 1.75*Scale, 3*Scale)
			}
			run, below = nil, nil
		}
		for c := range g.keys {
			v := g.values[n][c]
			if math.IsNaN(v) {
				draw()
				continue
			}
			from := max(p.low, 0)
			if stacked {
				from = base[c]
				v += from
				base[c] = v
			}
			point := charts.Point{X: x(c), Y: p.at(v)}
			if c == g.partial && len(run) > 0 { // what is not over yet is not to be taken for a fall
				last := run[len(run)-1]
				draw()
				p.p.DashedLineStroke([]charts.Point{last, point}, colour, 2*Scale, []float64{5 * Scale, 4 * Scale})
				p.p.Dots([]charts.Point{point}, white, colour, 1.75*Scale, 3*Scale)
				continue
			}
			run, below = append(run, point), append(below, charts.Point{X: point.X, Y: p.at(from)})
		}
		draw()
	}
	slot := float64(p.right-p.left) / float64(max(len(g.keys)-1, 1))
	d.under(p, g, x, slot)
	p.limit(d.options, d.short)
	return s.bytes()
}

// order sorts the categories of a grid that are moments or numbers, and returns
// where each stands, from 0 to 1.
func (g *grid) order() []float64 {
	at := make([]float64, len(g.keys))
	placed := true
	for i, key := range g.keys {
		switch v := key.(type) {
		case float64:
			at[i] = v
		case int64:
			at[i] = float64(v)
		default:
			t, ok := moment(key)
			at[i], placed = float64(t.Unix()), placed && ok
		}
		placed = placed && !math.IsNaN(at[i]) && !math.IsInf(at[i], 0)
	}
	n := len(at)
	if placed {
		index := make([]int, n)
		for i := range index {
			index[i] = i
		}
		slices.SortStableFunc(index, func(a, b int) int {
			switch {
			case at[a] < at[b]:
				return -1
			case at[a] > at[b]:
				return 1
			}
			return 0
		})
		g.permute(index)
		sorted := make([]float64, n)
		for i, from := range index {
			sorted[i] = at[from]
		}
		at = sorted
	}
	if !placed || n < 2 || at[n-1] == at[0] {
		for i := range at {
			at[i] = float64(i) / float64(max(n-1, 1))
		}
		if n == 1 {
			at[0] = .5
		}
		return at
	}
	first, span := at[0], at[n-1]/2-at[0]/2
	for i := range at {
		at[i] = (at[i]/2 - first/2) / span
	}
	return at
}

func (g *grid) permute(index []int) {
	keys, categories := make([]any, len(index)), make([]string, len(index))
	for i, from := range index {
		keys[i], categories[i] = g.keys[from], g.categories[from]
	}
	g.keys, g.categories = keys, categories
	for s, line := range g.values {
		moved := make([]float64, len(index))
		for i, from := range index {
			moved[i] = line[from]
		}
		g.values[s] = moved
	}
	g.partial = slices.Index(index, g.partial)
}

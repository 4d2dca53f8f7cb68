package picture

import (
	"math"
	"slices"

	"github.com/go-analyze/charts"

	"github.com/datamind/datamind/models"
)

// bars draws a bar for each category, beside each other or stacked, upright or
// lying where labels are long.
func (d *data) bars() ([]byte, error) {
	g, err := d.table(maxCategories)
	if err != nil {
		return nil, err
	}
	stacked := d.spec.Type == models.ChartStacked && len(g.series) > 1
	low, high := d.options.ends(g.ends(stacked))
	if d.spec.Horizontal {
		return d.lying(g, stacked, low, high)
	}
	s := d.sheet(Height, g.series)
	p := &plot{sheet: s, left: margin, right: s.p.Width() - margin, top: s.top + 14*Scale, bottom: s.p.Height() - 40*Scale}
	var step float64
	p.low, p.high, step = scale(low, high, true)
	p.roomForNumbers(step, d.short)
	p.grid(step, d.short)
	slot := float64(p.right-p.left) / float64(len(g.keys))
	bar := slot * 0.7
	if !stacked {
		bar /= float64(len(g.series))
	}
	bar = min(bar, 56*Scale)
	for c := range g.keys {
		middle := float64(p.left) + slot*(float64(c)+.5)
		start := middle - bar/2
		if !stacked {
			start = middle - bar*float64(len(g.series))/2
		}
		g.each(c, stacked, func(n int, from, to float64) {
			x := start
			if !stacked {
				x += bar * float64(n)
			}
			y1, y2 := p.at(from), p.at(to)
			p.rect(int(x), min(y1, y2), int(x+bar)-gap(bar), max(y1, y2), d.fill(g, n, c))
			if len(g.series) == 1 && len(g.keys) <= 16 {
				p.above(d.mark(to-from), int(x+bar/2), min(y1, y2), int(slot))
			}
		})
	}
	d.under(p, g, func(c int) int { return p.left + int(slot*(float64(c)+.5)) }, slot)
	p.limit(d.options, d.short)
	return s.bytes()
}

// gap keeps bars that stand side by side apart, where there is room for that.
func gap(bar float64) int {
	if bar > 6*Scale {
		return Scale
	}
	return 0
}

// fill is a bar's colour; that of a period that is not over yet is paler.
func (d *data) fill(g grid, series, category int) charts.Color {
	colour := palette[series%len(palette)]
	if category == g.partial {
		return pale(colour, 115)
	}
	return colour
}

// each calls f with the ends of the bars of a category.
func (g grid) each(c int, stacked bool, f func(series int, from, to float64)) {
	up, down := 0., 0.
	for n := range g.series {
		v := g.values[n][c]
		if math.IsNaN(v) {
			continue
		}
		switch {
		case !stacked:
			f(n, 0, v)
		case v < 0:
			f(n, down, down+v)
			down += v
		default:
			f(n, up, up+v)
			up += v
		}
	}
}

func (p *plot) rect(x1, y1, x2, y2 int, colour charts.Color) {
	if y1 == y2 || x1 >= x2 { // what is nothing is drawn as a line that can be seen
		y1, x2 = y1-1, max(x2, x1+1)
	}
	p.p.FilledRect(x1, y1, x2, y2, colour, colour, 0)
}

// above writes a value above a bar, where it fits.
func (p *plot) above(text string, x, y, room int) {
	if width := p.p.MeasureText(text, 0, valueFont).Width(); width <= room {
		p.p.Text(text, x-width/2, max(y-5*Scale, p.top-2*Scale), 0, valueFont)
	}
}

// roomForNumbers moves the field's left side so that the axis' numbers fit.
func (p *plot) roomForNumbers(step float64, show func(float64) string) {
	widest := 0
	for i := 0; i <= 12 && step > 0; i++ {
		v := p.low + float64(i)*step
		if v > p.high+step/100 {
			break
		}
		widest = max(widest, p.p.MeasureText(show(v), 0, labelFont).Width())
	}
	p.left = margin + widest + 8*Scale
}

// under writes categories below the field. Where they do not fit, moments are
// left out between others, since they go without saying; other names are cut.
func (d *data) under(p *plot, g grid, at func(int) int, slot float64) {
	last, free := len(g.categories)-1, 0
	ordered := !slices.ContainsFunc(g.keys, func(key any) bool { _, ok := moment(key); return !ok })
	place := func(c int) (name string, left, right int) {
		name = g.categories[c]
		if !ordered {
			name = clip(p.p, name, max(int(slot)-6*Scale, 40*Scale), labelFont)
		}
		width := p.p.MeasureText(name, 0, labelFont).Width()
		left = min(max(at(c)-width/2, 4*Scale), p.p.Width()-width-4*Scale)
		return name, left, left + width
	}
	_, end, _ := place(last)
	for c := range g.categories {
		name, left, right := place(c)
		if left < free || c != last && right+10*Scale > end && ordered {
			continue
		}
		p.p.Text(name, left, p.bottom+18*Scale, 0, labelFont)
		free = right + 6*Scale
		if ordered {
			free += 8 * Scale
		}
	}
	if g.partial >= 0 {
		note := clip(p.p, g.categories[g.partial]+d.language.notOver, (p.right-p.left)/2, labelFont)
		p.p.Text(note, p.right-p.p.MeasureText(note, 0, labelFont).Width(), p.bottom+34*Scale, 0, labelFont)
	}
	d.note(p, p.bottom+34*Scale)
}

// note says of numbers that stand for names what they are.
func (d *data) note(p *plot, y int) {
	if d.lost {
		p.p.Text(d.language.lost, margin, y, 0, labelFont)
	}
}

// mark writes a value beside its bar: in full where that is short.
func (d *data) mark(v float64) string {
	if math.Abs(v) < 100_000 {
		return d.show(v)
	}
	return d.short(v)
}

// lying draws bars from left to right, the first on top.
func (d *data) lying(g grid, stacked bool, low, high float64) ([]byte, error) {
	lines := len(g.keys)
	if !stacked {
		lines *= len(g.series)
	}
	s := d.sheet(max(Height/2, min(100+lines*26, maxHeight)), g.series)
	p := &plot{sheet: s, along: true, top: s.top + 8*Scale, right: s.p.Width() - margin - 44*Scale, bottom: s.p.Height() - 32*Scale}
	widest := 0
	for _, name := range g.categories {
		widest = max(widest, p.p.MeasureText(name, 0, labelFont).Width())
	}
	widest = min(widest, 200*Scale)
	p.left = margin + widest + 10*Scale
	if d.options.Limit != nil {
		p.top += 14 * Scale
	}
	var step float64
	p.low, p.high, step = scale(low, high, true)
	p.grid(step, d.short)
	slot := float64(p.bottom-p.top) / float64(len(g.keys))
	bar := min(slot*0.72, 40*Scale)
	if !stacked {
		bar = min(slot*0.78, 40*Scale*float64(len(g.series))) / float64(len(g.series))
	}
	for c := range g.keys {
		middle := float64(p.top) + slot*(float64(c)+.5)
		start := middle - bar/2
		if !stacked {
			start = middle - bar*float64(len(g.series))/2
		}
		g.each(c, stacked, func(n int, from, to float64) {
			y := start
			if !stacked {
				y += bar * float64(n)
			}
			x1, x2 := p.at(from), p.at(to)
			p.rect(min(x1, x2), int(y), max(x1, x2, min(x1, x2)+1), int(y+bar)-gap(bar), d.fill(g, n, c))
			if !stacked && bar >= 11*Scale {
				value := d.mark(to - from)
				x := max(x1, x2) + 5*Scale
				if to < 0 {
					x = max(min(x1, x2)-p.p.MeasureText(value, 0, valueFont).Width()-5*Scale, 4*Scale)
				}
				p.p.Text(value, x, int(y+bar/2)+4*Scale, 0, valueFont)
			}
		})
		if slot >= 11*Scale || c%int(math.Ceil(11*Scale/slot)) == 0 {
			name := clip(p.p, g.categories[c], widest, labelFont)
			p.p.Text(name, p.left-10*Scale-p.p.MeasureText(name, 0, labelFont).Width(), int(middle)+4*Scale, 0, labelFont)
		}
	}
	p.limit(d.options, d.short)
	d.note(p, p.bottom+30*Scale)
	return s.bytes()
}

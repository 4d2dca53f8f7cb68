package picture

import (
	"math"
	"slices"
	"strings"

	"github.com/go-analyze/charts"
)

// single writes one number large, and how it has changed.
func (d *data) single() ([]byte, error) {
	if d.spec.Value == nil {
		return nil, ErrNone
	}
	column := func(name string) int {
		if i, ok := d.others[name]; ok {
			return i
		}
		return -1
	}
	value := d.value(d.spec.Value.Row, column(d.spec.Value.Column))
	if math.IsNaN(value) {
		return nil, ErrNone
	}
	s := d.sheet(170, nil)
	large := charts.FontStyle{FontSize: points(44), FontColor: ink, Font: bold}
	small := charts.FontStyle{FontSize: points(14), FontColor: dimmed, Font: regular}
	name := d.label(strings.ReplaceAll(d.spec.Value.Column, "_", " "), 0)
	s.p.Text(clip(s.p, name, s.p.Width()-2*margin, small), margin, s.top+18*Scale, 0, small)
	s.p.Text(clip(s.p, d.show(value), s.p.Width()-2*margin, large), margin, s.top+70*Scale, 0, large)
	line := ""
	if d.spec.Previous != nil {
		if before := d.value(d.spec.Previous.Row, column(d.spec.Previous.Column)); !math.IsNaN(before) {
			line = d.language.before + d.show(before)
			if change := (value - before) / math.Abs(before) * 100; before != 0 && !math.IsInf(change, 0) {
				sign := "+"
				if change < 0 {
					sign = "−"
				}
				line = sign + d.language.write(places(math.Abs(change), 1)+"%") + "   " + line
			}
		}
	}
	if d.options.Limit != nil && d.options.LimitName != "" {
		line = strings.TrimSpace(line + "   " + d.write(d.options.LimitName))
	}
	s.p.Text(clip(s.p, line, s.p.Width()-2*margin, small), margin, s.top+98*Scale, 0, small)
	return s.bytes()
}

// pie draws parts of a whole as a ring, with a list that names them.
func (d *data) pie() ([]byte, error) {
	g, err := d.table(maxCategories)
	if err != nil {
		return nil, err
	}
	total := 0.
	for _, v := range g.values[0] {
		if v < 0 {
			return d.bars() // there are no negative parts
		}
		if !math.IsNaN(v) {
			total += v
		}
	}
	if total == 0 || len(g.keys) > 12 {
		d.spec.Horizontal = true
		return d.bars()
	}
	s := d.sheet(max(Height*3/4, 90+len(g.keys)*24), nil)
	room := s.p.Height() - s.top - 20*Scale
	radius := float64(min(room, 220*Scale)) / 2
	centre := charts.Point{X: margin + int(radius) + 30*Scale, Y: s.top + 6*Scale + room/2}
	angle := -math.Pi / 2
	for i, v := range g.values[0] {
		if math.IsNaN(v) || v == 0 {
			continue
		}
		turn := v / total * 2 * math.Pi
		s.ring(centre, radius, radius*.6, angle, angle+turn, palette[i%len(palette)])
		angle += turn
	}
	x := centre.X + int(radius) + 40*Scale
	y := centre.Y - (len(g.keys)*24*Scale)/2 + 16*Scale
	for i, v := range g.values[0] {
		share := d.show(v)
		if math.IsNaN(v) {
			share = "–"
		} else {
			share += "  (" + d.language.write(places(v/total*100, 1)+"%") + ")"
		}
		width := s.p.MeasureText(share, 0, valueFont).Width()
		s.p.FilledRect(x, y-9*Scale, x+10*Scale, y+Scale, palette[i%len(palette)], palette[i%len(palette)], 0)
		s.p.Text(clip(s.p, g.categories[i], s.p.Width()-margin-x-width-30*Scale, labelFont), x+18*Scale, y, 0, labelFont)
		s.p.Text(share, s.p.Width()-margin-width, y, 0, valueFont)
		y += 24 * Scale
	}
	return s.bytes()
}

// ring fills a part of a ring, with a thin gap to the next.
func (s *sheet) ring(centre charts.Point, outer, inner, from, to float64, colour charts.Color) {
	var edge []charts.Point
	steps := max(int((to-from)*48), 2)
	point := func(radius, angle float64) charts.Point {
		return charts.Point{X: centre.X + int(math.Round(radius*math.Cos(angle))), Y: centre.Y + int(math.Round(radius*math.Sin(angle)))}
	}
	for i := 0; i <= steps; i++ {
		edge = append(edge, point(outer, from+(to-from)*float64(i)/float64(steps)))
	}
	for i := steps; i >= 0; i-- {
		edge = append(edge, point(inner, from+(to-from)*float64(i)/float64(steps)))
	}
	s.p.FillArea(append(edge, edge[0]), colour)
	if to-from < 2*math.Pi-.001 {
		s.p.LineStroke([]charts.Point{point(inner-2, from), point(outer+2, from)}, white, 1.5*Scale)
		s.p.LineStroke([]charts.Point{point(inner-2, to), point(outer+2, to)}, white, 1.5*Scale)
	}
}

// scatter draws two measures against each other.
func (d *data) scatter() ([]byte, error) {
	var xs, ys []float64
	for row := range d.rows[:min(len(d.rows), maxPoints)] {
		if x, y := d.value(row, d.x), d.value(row, d.ys[0]); !math.IsNaN(x) && !math.IsNaN(y) {
			xs, ys = append(xs, x), append(ys, y)
		}
	}
	if len(xs) == 0 {
		return nil, ErrNone
	}
	s := d.sheet(Height, nil)
	s.top += 16 * Scale
	s.p.Text(clip(s.p, "↑ "+d.names[0], 300*Scale, labelFont), margin, s.top, 0, labelFont)
	p := &plot{sheet: s, left: margin, right: s.p.Width() - margin, top: s.top + 12*Scale, bottom: s.p.Height() - 44*Scale}
	var step float64
	low, high := d.options.ends(slices.Min(ys), slices.Max(ys))
	p.low, p.high, step = scale(low, high, false)
	p.roomForNumbers(step, d.short)
	p.grid(step, d.short)
	across := *p
	across.along = true
	across.low, across.high, step = scale(slices.Min(xs), slices.Max(xs), false)
	across.grid(step, d.language.numbers(compact))
	name := clip(s.p, d.label(strings.ReplaceAll(d.spec.X, "_", " "), 0)+" →", 300*Scale, labelFont)
	s.p.Text(name, p.right-s.p.MeasureText(name, 0, labelFont).Width(), p.bottom+36*Scale, 0, labelFont)
	for i := range xs {
		s.p.Circle(4*Scale, across.at(xs[i]), p.at(ys[i]), pale(palette[0], 190), white, Scale)
	}
	p.limit(d.options, d.short)
	return s.bytes()
}

// heatmap draws a measure of two categories as shades.
func (d *data) heatmap() ([]byte, error) {
	if d.by < 0 {
		return d.bars()
	}
	g, err := d.table(60)
	if err != nil {
		return nil, err
	}
	low, high := g.ends(false)
	s := d.sheet(max(Height*2/3, min(96+len(g.series)*30, maxHeight)), nil)
	p := &plot{sheet: s, right: s.p.Width() - margin, top: s.top + 8*Scale, bottom: s.p.Height() - 40*Scale}
	widest := 0
	for _, name := range g.series {
		widest = max(widest, p.p.MeasureText(name, 0, labelFont).Width())
	}
	widest = min(widest, 180*Scale)
	p.left = margin + widest + 8*Scale
	width, height := float64(p.right-p.left)/float64(len(g.keys)), float64(p.bottom-p.top)/float64(len(g.series))
	for n, name := range g.series {
		y := float64(p.top) + height*float64(n)
		name = clip(p.p, name, widest, labelFont)
		p.p.Text(name, p.left-8*Scale-p.p.MeasureText(name, 0, labelFont).Width(), int(y+height/2)+4*Scale, 0, labelFont)
		for c, v := range g.values[n] {
			if math.IsNaN(v) {
				continue
			}
			share := 1.
			if high > low {
				share = (v/2 - low/2) / (high/2 - low/2)
			}
			colour := shade(share)
			x := float64(p.left) + width*float64(c)
			p.p.FilledRect(int(x)+Scale/2, int(y)+Scale/2, int(x+width)-Scale/2, int(y+height)-Scale/2, colour, colour, 0)
			font := valueFont
			if dark(colour) {
				font.FontColor = white
			}
			value := d.short(v)
			if w := p.p.MeasureText(value, 0, font).Width(); float64(w) < width-6*Scale && height >= 16*Scale {
				p.p.Text(value, int(x+width/2)-w/2, int(y+height/2)+4*Scale, 0, font)
			}
		}
	}
	d.under(p, g, func(c int) int { return p.left + int(width*(float64(c)+.5)) }, width)
	return s.bytes()
}

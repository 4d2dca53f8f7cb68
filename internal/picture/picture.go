// Package picture draws charts as PNG, for messages: the charts that the page
// draws, in its colours, light, at twice the size at which they are shown.
package picture

import (
	"errors"
	"fmt"
	"math"

	"github.com/go-analyze/charts"

	"github.com/datamind/datamind/models"
)

// Scale is how many pixels there are to a pixel of the page.
const Scale = 2

// The size at which a picture is shown.
const (
	Width     = 640
	Height    = 340
	maxHeight = 720
)

// ErrNone says that there is nothing to draw, or nothing that would say more
// than the rows do.
var ErrNone = errors.New("picture: no chart")

// Options are what a chart gets beside its rows.
type Options struct {
	// Title stands above the chart.
	Title string
	// Limit is a value to hold the chart's against: the condition of an alert.
	Limit     *float64
	LimitName string
	// Locale is the language of numbers, months and words: "de", or English.
	Locale string
}

// Bounds of what is drawn: more could not be read.
const (
	maxPoints     = 2000
	maxSeries     = 12
	maxCategories = 40
)

// Chart draws a chart of rows as PNG. What cannot be drawn is ErrNone or
// another error, never a panic: labels and numbers come from customers' data.
func Chart(spec models.ChartSpec, rows *models.Rows, o Options) (png []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			png, err = nil, fmt.Errorf("picture: draw a chart of type %s: %v", spec.Type, r)
		}
	}()
	return draw(spec, rows, o)
}

func draw(spec models.ChartSpec, rows *models.Rows, o Options) ([]byte, error) {
	if rows == nil || len(rows.Rows) == 0 {
		return nil, ErrNone
	}
	d, err := read(spec, rows, languageOf(o.Locale))
	if err != nil {
		return nil, err
	}
	d.options = o
	switch spec.Type {
	case models.ChartSingle:
		return d.single()
	case models.ChartPie:
		return d.pie()
	case models.ChartScatter:
		return d.scatter()
	case models.ChartHeatmap:
		return d.heatmap()
	case models.ChartLine, models.ChartArea:
		return d.lines()
	case models.ChartMap, models.ChartFunnel: // ranked bars say the same without a map
		d.spec.Horizontal = true
	}
	return d.bars()
}

// sheet is a picture being drawn: a head with title and legend, and room below.
type sheet struct {
	p   *charts.Painter
	top int // of the room, in pixels
}

func (d *data) sheet(height int, legend []string) *sheet {
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputPNG, Width: Width * Scale, Height: min(height, maxHeight) * Scale},
		charts.PainterThemeOption(theme), charts.PainterFontOption(regular))
	p.FilledRect(0, 0, p.Width(), p.Height(), white, white, 0)
	s := &sheet{p: p, top: 16 * Scale}
	if title := d.write(d.options.Title); title != "" {
		s.top += 16 * Scale
		p.Text(clip(p, title, p.Width()-2*margin, titleFont), margin, s.top, 0, titleFont)
		s.top += 10 * Scale
	}
	if len(legend) > 1 {
		s.legend(legend)
	}
	return s
}

const margin = 20 * Scale

// legend names the series in one line or more.
func (s *sheet) legend(names []string) {
	x, y := margin, s.top+12*Scale
	for i, name := range names {
		name = clip(s.p, name, 180*Scale, labelFont)
		width := s.p.MeasureText(name, 0, labelFont).Width() + 34*Scale
		if x+width > s.p.Width()-margin && x > margin {
			x, y = margin, y+20*Scale
		}
		s.p.FilledRect(x, y-9*Scale, x+10*Scale, y+1*Scale, palette[i%len(palette)], palette[i%len(palette)], 0)
		s.p.Text(name, x+16*Scale, y, 0, labelFont)
		x += width
	}
	s.top = y + 12*Scale
}

func (s *sheet) bytes() ([]byte, error) {
	out, err := s.p.Bytes()
	if err != nil {
		return nil, fmt.Errorf("picture: write PNG: %w", err)
	}
	return out, nil
}

// plot is a field with a value axis.
type plot struct {
	*sheet
	left, right, top, bottom int // of the field
	low, high                float64
	along                    bool // values run from left to right
}

// scale chooses the ends of a value axis and its steps: round numbers, and
// nothing where lengths are compared.
func scale(low, high float64, fromNothing bool) (from, to, step float64) {
	if fromNothing {
		low, high = math.Min(low, 0), math.Max(high, 0)
	}
	if low == high {
		low, high = low-math.Max(math.Abs(low)*.1, 1), high+math.Max(math.Abs(high)*.1, 1)
		if fromNothing && low < 0 && high > 0 && math.Abs(low) <= 1 {
			low = 0
		}
	}
	span := high/2 - low/2 // the whole of it may be too much for a number
	raw := span / 2.5
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step = m * power; step >= raw {
			break
		}
	}
	from, to = math.Floor(low/step)*step, math.Ceil(high/step)*step
	if math.IsInf(from, 0) || math.IsInf(to, 0) || math.IsNaN(from) || math.IsNaN(to) || !(step > 0) {
		return low, high, 0
	}
	return from, to, step
}

// at is where a value is along its axis.
func (p *plot) at(v float64) int {
	share := (v/2 - p.low/2) / (p.high/2 - p.low/2)
	if math.IsNaN(share) {
		share = 0
	}
	share = min(max(share, -0.05), 1.05)
	if p.along {
		return p.left + int(share*float64(p.right-p.left))
	}
	return p.bottom - int(share*float64(p.bottom-p.top))
}

// grid draws the lines of the value axis with their numbers.
func (p *plot) grid(step float64, show func(float64) string) {
	if step <= 0 {
		return
	}
	for i := 0; i <= 12; i++ {
		v := p.low + float64(i)*step
		if v > p.high+step/100 {
			break
		}
		if math.Abs(v) < step/1e6 {
			v = 0
		}
		text, at := show(v), p.at(v)
		colour := gridColour
		if v == 0 {
			colour = axisColour
		}
		box := p.p.MeasureText(text, 0, labelFont)
		if p.along {
			p.p.LineStroke([]charts.Point{{X: at, Y: p.top}, {X: at, Y: p.bottom}}, colour, Scale)
			p.p.Text(text, at-box.Width()/2, p.bottom+18*Scale, 0, labelFont)
		} else {
			p.p.LineStroke([]charts.Point{{X: p.left, Y: at}, {X: p.right, Y: at}}, colour, Scale)
			p.p.Text(text, p.left-box.Width()-8*Scale, at+4*Scale, 0, labelFont)
		}
	}
}

// limit draws the value that the chart is held against.
func (p *plot) limit(o Options, show func(float64) string) {
	if o.Limit == nil || math.IsNaN(*o.Limit) || math.IsInf(*o.Limit, 0) {
		return
	}
	at, name := p.at(*o.Limit), o.LimitName
	if name == "" {
		name = show(*o.Limit)
	}
	font := labelFont
	font.FontColor = limitColour
	box := p.p.MeasureText(name, 0, font)
	dash := []float64{6 * Scale, 4 * Scale}
	if p.along {
		p.p.DashedLineStroke([]charts.Point{{X: at, Y: p.top}, {X: at, Y: p.bottom}}, limitColour, 1.5*Scale, dash)
		p.p.Text(name, min(max(at-box.Width()/2, p.left), p.right-box.Width()), p.top-4*Scale, 0, font)
		return
	}
	p.p.DashedLineStroke([]charts.Point{{X: p.left, Y: at}, {X: p.right, Y: at}}, limitColour, 1.5*Scale, dash)
	background := pale(white, 215)
	p.p.FilledRect(p.left+2*Scale, at-18*Scale, p.left+box.Width()+10*Scale, at-3*Scale, background, background, 0)
	p.p.Text(name, p.left+6*Scale, at-6*Scale, 0, font)
}

// ends widens a scale so that it holds the value that the chart is held against.
func (o Options) ends(low, high float64) (float64, float64) {
	if o.Limit == nil || math.IsNaN(*o.Limit) || math.IsInf(*o.Limit, 0) {
		return low, high
	}
	return math.Min(low, *o.Limit), math.Max(high, *o.Limit)
}

// clip cuts a text to a width.
func clip(p *charts.Painter, text string, width int, font charts.FontStyle) string {
	if p.MeasureText(text, 0, font).Width() <= width {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes)
	for low < high { // the longest that fits
		middle := (low + high + 1) / 2
		if p.MeasureText(string(runes[:middle])+"…", 0, font).Width() <= width {
			low = middle
		} else {
			high = middle - 1
		}
	}
	if low == 0 {
		return ""
	}
	return string(runes[:low]) + "…"
}

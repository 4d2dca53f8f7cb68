package picture

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// data are the columns of a chart, read.
type data struct {
	spec     models.ChartSpec
	rows     [][]any
	x, by    int   // columns; -1 for none
	ys       []int // measures
	names    []string
	others   map[string]int // columns by name
	options  Options
	language language
	lost     bool                 // a name had to be replaced by its number
	show     func(float64) string // a value in full
	short    func(float64) string // and in few characters
}

// none is a value that is not there.
var none = math.NaN()

func read(spec models.ChartSpec, rows *models.Rows, language language) (*data, error) {
	column := func(name string) int {
		if name == "" {
			return -1
		}
		return slices.IndexFunc(rows.Columns, func(c models.Column) bool { return c.Name == name })
	}
	d := &data{spec: spec, rows: rows.Rows[:min(len(rows.Rows), maxPoints*maxSeries)], x: column(spec.X), by: column(spec.Series), show: grouped, short: compact, others: map[string]int{}, language: language}
	for i, c := range rows.Columns {
		d.others[c.Name] = i
	}
	for _, y := range spec.Y[:min(len(spec.Y), maxSeries)] {
		if i := column(y); i >= 0 {
			d.ys, d.names = append(d.ys, i), append(d.names, d.label(strings.ReplaceAll(y, "_", " "), len(d.names)))
		}
	}
	if spec.Type != models.ChartSingle && (len(d.ys) == 0 || d.x < 0) {
		return nil, ErrNone
	}
	switch spec.Format {
	case models.FormatPercent:
		d.show, d.short = suffix(grouped, "%"), suffix(compact, "%")
	case models.FormatRatio:
		d.show, d.short = suffix(hundredfold(grouped), "%"), suffix(hundredfold(compact), "%")
	}
	d.show, d.short = language.numbers(d.show), language.numbers(d.short)
	return d, nil
}

func suffix(f func(float64) string, end string) func(float64) string {
	return func(v float64) string { return f(v) + end }
}

func hundredfold(f func(float64) string) func(float64) string {
	return func(v float64) string { return f(v * 100) }
}

// cell is a cell of a row, nil where a row is too short.
func (d *data) cell(row, column int) any {
	if row < 0 || row >= len(d.rows) || column < 0 || column >= len(d.rows[row]) {
		return nil
	}
	return d.rows[row][column]
}

// value is a cell's number, none where it has none that can be drawn.
func (d *data) value(row, column int) float64 {
	v := none
	switch x := d.cell(row, column).(type) {
	case float64:
		v = x
	case int64:
		v = float64(x)
	case int:
		v = float64(x)
	case json.Number:
		if f, err := x.Float64(); err == nil {
			v = f
		}
	case string:
		if f, err := strconv.ParseFloat(x, 64); err == nil {
			v = f
		}
	}
	if math.IsInf(v, 0) || math.Abs(v) > 1e300 {
		return none
	}
	return v
}

// write is what of a text can be drawn.
func (d *data) write(text string) string { return written(models.Clip(text, 120)) }

// label is write for what must have some name.
func (d *data) label(text string, place int) string {
	if out := d.write(text); out != "" {
		return out
	}
	d.lost = true
	return "#" + strconv.Itoa(place+1)
}

// text is a cell as it is.
func text(v any) string {
	switch x := v.(type) {
	case nil:
		return "–"
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02"}

func moment(v any) (time.Time, bool) {
	s, ok := v.(string)
	if !ok || len(s) < 10 || len(s) > 40 {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// grid is the values of a chart by category and series; none where there is none.
type grid struct {
	categories []string // as they are written
	keys       []any    // and as they are
	series     []string
	values     [][]float64 // by series, then by category
	partial    int         // the category that is not over yet; -1
}

// table arranges the rows by category, and by series where a column splits them.
func (d *data) table(most int) (g grid, err error) {
	g.partial = -1
	at, ofSeries := map[string]int{}, map[string]int{}
	var rows [][2]int // category and series of each row
	for row := range d.rows {
		key := text(d.cell(row, d.x))
		c, known := at[key]
		if !known {
			c = len(g.keys)
			at[key] = c
			g.keys = append(g.keys, d.cell(row, d.x))
		}
		s := 0
		if d.by >= 0 {
			name := text(d.cell(row, d.by))
			if s, known = ofSeries[name]; !known {
				s = len(g.series)
				ofSeries[name] = s
				g.series = append(g.series, d.label(name, s))
			}
		}
		if d.spec.Partial != nil && *d.spec.Partial == row {
			g.partial = c
		}
		rows = append(rows, [2]int{c, s})
	}
	if d.by < 0 {
		g.series = d.names
	}
	if len(g.series) > maxSeries || len(g.keys) > most {
		return g, ErrNone
	}
	g.values = make([][]float64, len(g.series))
	for s := range g.values {
		g.values[s] = make([]float64, len(g.keys))
		for c := range g.values[s] {
			g.values[s][c] = none
		}
	}
	for row, place := range rows {
		if d.by >= 0 {
			g.values[place[1]][place[0]] = d.value(row, d.ys[0])
			continue
		}
		for s, y := range d.ys {
			g.values[s][place[0]] = d.value(row, y)
		}
	}
	g.categories = d.categories(g.keys)
	for _, line := range g.values {
		if slices.ContainsFunc(line, func(v float64) bool { return !math.IsNaN(v) }) {
			return g, nil
		}
	}
	return g, ErrNone
}

// categories writes the names of categories: whole months as months, whole days as days.
func (d *data) categories(keys []any) []string {
	layout, times := layoutMonth, true
	for _, key := range keys {
		t, ok := moment(key)
		switch {
		case !ok:
			times = false
		case t.Hour() != 0 || t.Minute() != 0 || t.Second() != 0:
			layout = layoutTime
		case t.Day() != 1 && layout == layoutMonth:
			layout = layoutDay
		}
	}
	if len(keys) == 1 && layout == layoutMonth {
		layout = layoutDay
	}
	out := make([]string, len(keys))
	for i, key := range keys {
		if t, ok := moment(key); ok && times {
			out[i] = d.language.moment(t, layout)
			continue
		}
		out[i] = d.label(text(key), i)
	}
	return out
}

// ends are the lowest and the highest value, of stacks where they are stacked.
func (g grid) ends(stacked bool) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	see := func(v float64) {
		if !math.IsNaN(v) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	for c := range g.keys {
		up, down := 0., 0.
		for s := range g.series {
			v := g.values[s][c]
			see(v)
			if v > 0 {
				up += v
			} else if v < 0 {
				down += v
			}
		}
		if stacked {
			see(up)
			see(down)
		}
	}
	return low, high
}

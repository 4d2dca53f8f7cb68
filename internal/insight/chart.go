package insight

import (
	"regexp"
	"slices"
	"time"

	"github.com/datamind/datamind/models"
)

// Bounds of what a chart can show and still be read.
const (
	maxCategories = 40
	maxSeries     = 12
	maxStacked    = 8 // parts of a whole that are still told apart
	maxSlices     = 6
	maxPeriods    = 60 // of a heat map
	maxStages     = 10
	maxMeasures   = 6
	longLabel     = 14
)

var (
	scattered = word(`scatter|versus|vs|against|correlat\w*|relationship`)
	funnelled = word(`funnel|conversion|drop-?off`)
)

// asked are the words of a question that ask for a kind of chart, the most
// telling first. A word counts where such a chart is honest for the rows.
var asked = []struct {
	words *regexp.Regexp
	types []models.ChartType
}{
	{word(`pie`), types(models.ChartPie)},
	{word(`heat ?map`), types(models.ChartHeatmap)},
	{word(`stacked`), types(models.ChartStacked, models.ChartArea)},
	{scattered, types(models.ChartScatter)},
	{funnelled, types(models.ChartFunnel)},
	{word(`map|where|geograph\w*`), types(models.ChartMap)},
	{word(`area|cumulative|running total`), types(models.ChartArea)},
	{word(`shares?|proportions?|percentage of|breakdown|break down|split|composition|mix`), types(models.ChartPie, models.ChartStacked, models.ChartArea)},
	{word(`compared?|change|growth|grown|grew|than last|than the previous`), types(models.ChartSingle)},
	{word(`bars?`), types(models.ChartBar, models.ChartGrouped)},
	{word(`lines?|trend`), types(models.ChartLine)},
}

func word(words string) *regexp.Regexp                 { return regexp.MustCompile(`(?i)\b(?:` + words + `)\b`) }
func types(all ...models.ChartType) []models.ChartType { return all }

// ranked questions show a part of all there is, which has no shares, and in an order.
var ranked = word(`top|bottom|most|least|highest|lowest|best|worst|largest|smallest|first|last \d+`)

// ChooseChart picks the chart that suits a result by its columns' roles, their
// numbers of values and the words of the question, and names the other honest
// ones. It is nil when a table says it better or every chart would mislead: of
// a result that was cut, of periods or pairs that occur twice, of more
// categories than can be told apart.
func ChooseChart(question string, rows *models.Rows, now time.Time) *models.Chart {
	if rows == nil || len(rows.Rows) == 0 || rows.Truncated {
		return nil
	}
	s := shapeOf(rows)
	if len(s.measures) == 0 || len(s.measures) > maxMeasures {
		return nil
	}
	c := charting{rows: rows, shape: s, question: question, now: now}
	all := c.honest()
	if len(all) == 0 {
		return nil
	}
	if i := preferred(question, all); i > 0 {
		best := all[i]
		all = slices.Insert(slices.Delete(all, i, i+1), 0, best)
	}
	for i := range all {
		all[i].Format = c.format(all[i].Y)
	}
	return &models.Chart{ChartSpec: all[0], Alternatives: all[1:]}
}

// preferred is the place of the chart that the question asks for, else 0.
func preferred(question string, all []models.ChartSpec) int {
	for _, a := range asked {
		if !a.words.MatchString(question) {
			continue
		}
		for _, t := range a.types {
			if i := slices.IndexFunc(all, func(c models.ChartSpec) bool { return c.Type == t }); i >= 0 {
				return i
			}
		}
	}
	return 0
}

// charting looks for the honest charts of a result.
type charting struct {
	rows     *models.Rows
	shape    shape
	question string
	now      time.Time
}

// honest are the charts that say nothing wrong, the usual one first.
func (c *charting) honest() []models.ChartSpec {
	s := c.shape
	switch {
	case len(c.rows.Rows) == 1:
		return c.single()
	case len(s.times) > 0:
		return c.overTime()
	case len(s.labels) == 0:
		return c.numbers()
	case len(s.labels) == 2 && c.distinct(c.category()) < len(c.rows.Rows):
		return c.pairs(s.labels[0], s.labels[1])
	}
	return c.byCategory()
}

func (c *charting) name(col int) string { return c.rows.Columns[col].Name }

// spec is a chart of a measure.
func (c *charting) spec(t models.ChartType, x int, xType string, ys ...string) models.ChartSpec {
	spec := models.ChartSpec{Type: t, XType: xType, Y: ys}
	if len(ys) == 0 {
		spec.Y = []string{c.name(c.shape.measures[0])}
	}
	if x >= 0 {
		spec.X = c.name(x)
	}
	return spec
}

var earlier = word(`prev|previous|prior|before|earlier|last`)

// single shows one number, with the earlier one that stands beside it.
func (c *charting) single() []models.ChartSpec {
	ms := c.shape.measures
	now, before := -1, -1
	for _, m := range ms {
		if earlier.MatchString(words(c.name(m))) {
			before = m
		} else {
			now = m
		}
	}
	spec := c.spec(models.ChartSingle, -1, "", c.name(ms[0]))
	switch {
	case len(ms) == 1 && len(c.rows.Columns) <= 2:
		spec.Value = &models.Cell{Column: c.name(ms[0])}
	case len(ms) == 2 && now >= 0 && before >= 0:
		spec.Y = []string{c.name(now)}
		spec.Value, spec.Previous = &models.Cell{Column: c.name(now)}, &models.Cell{Column: c.name(before)}
	default:
		return nil
	}
	return []models.ChartSpec{spec}
}

// numbers draws results without labels: measures against each other.
func (c *charting) numbers() []models.ChartSpec {
	ms := c.shape.measures
	if len(ms) != 2 || len(c.rows.Rows) < 3 {
		return nil
	}
	scatter := c.spec(models.ChartScatter, ms[0], models.AxisNumber, c.name(ms[1]))
	if n := len(c.rows.Rows); n > maxCategories || c.distinct(ms[0]) < n || !c.whole(ms[0]) {
		return []models.ChartSpec{scatter}
	}
	// Each whole number once, with what belongs to it: a distribution.
	return []models.ChartSpec{c.spec(models.ChartBar, ms[0], models.AxisCategory, c.name(ms[1])), scatter}
}

func (c *charting) whole(col int) bool {
	for _, p := range points(c.rows, col) {
		if p.v != float64(int64(p.v)) {
			return false
		}
	}
	return true
}

// category is the label column that tells the rows apart best: names beat ids.
func (c *charting) category() int {
	x, best := c.shape.labels[0], 0
	for _, l := range c.shape.labels {
		if _, isText := c.rows.Rows[0][l].(string); isText && c.distinct(l) > best {
			x, best = l, c.distinct(l)
		}
	}
	return x
}

// byCategory draws a row for each category.
func (c *charting) byCategory() []models.ChartSpec {
	r, s, x, n := c.rows, c.shape, c.category(), len(c.rows.Rows)
	if c.distinct(x) < n || len(s.labels) > 3 {
		return nil
	}
	var out []models.ChartSpec
	ys := sameScale(r, s, c.measureNames())
	if n <= maxCategories {
		bar := c.spec(models.ChartBar, x, models.AxisCategory, ys...)
		if len(ys) > 1 {
			bar.Type = models.ChartGrouped
		}
		bar.Horizontal = longest(r, x) > longLabel
		out = append(out, bar)
	}
	first := c.name(s.measures[0])
	if region := c.region(x); region != "" {
		spec := c.spec(models.ChartMap, x, models.AxisCategory, first)
		spec.Region = region
		if n >= 5 && !ranked.MatchString(c.question) {
			out = slices.Insert(out, 0, spec)
		} else {
			out = append(out, spec)
		}
	}
	if c.funnels(x) {
		out = append(out, c.spec(models.ChartFunnel, x, models.AxisCategory, first))
	}
	if n <= maxSlices && len(s.measures) == 1 && c.parts(true) && !ranked.MatchString(c.question) {
		out = append(out, c.spec(models.ChartPie, x, models.AxisCategory, first))
	}
	scatters := scattered.MatchString(c.question) || len(s.measures) == 2 && n <= maxCategories
	if scatters && len(s.measures) >= 2 && n >= 3 {
		scatter := c.spec(models.ChartScatter, s.measures[0], models.AxisNumber, c.name(s.measures[1]))
		scatter.Label = c.name(x)
		out = append(out, scatter)
	}
	return out
}

// pairs draws a measure of two categories, each pair once.
func (c *charting) pairs(a, b int) []models.ChartSpec {
	if len(c.shape.measures) != 1 {
		return nil
	}
	if c.distinct(b) > c.distinct(a) {
		a, b = b, a
	}
	if hasRepeat(c.rows, a, b) || c.distinct(a) > maxCategories {
		return nil
	}
	series := func(t models.ChartType) models.ChartSpec {
		spec := c.spec(t, a, models.AxisCategory)
		spec.Series = c.name(b)
		return spec
	}
	var out []models.ChartSpec
	split := c.distinct(b)
	if split <= 4 {
		out = append(out, series(models.ChartGrouped))
	}
	out = append(out, series(models.ChartHeatmap))
	if split <= maxStacked && c.parts(false) {
		out = append(out, series(models.ChartStacked))
	}
	return out
}

// overTime draws measures that run over time.
func (c *charting) overTime() []models.ChartSpec {
	s := c.shape
	x := s.times[0]
	if len(s.times) == 2 && len(s.labels) == 0 { // year and month: one runs, the other splits
		split := s.times[1]
		if c.distinct(split) > c.distinct(x) {
			x, split = split, x
		}
		return c.seriesOverTime(x, split)
	}
	switch {
	case len(s.times) == 1 && len(s.labels) == 0:
		return c.moments(x)
	case len(s.times) == 1 && len(s.labels) == 1:
		return c.seriesOverTime(x, s.labels[0])
	}
	return nil
}

// axis is the type of a time column: dates, or numbers of years and months.
func (c *charting) axis(x int) string {
	if _, ok := date(c.rows.Rows[0][x]); ok {
		return models.AxisTime
	}
	return models.AxisNumber
}

// moments draws a row for each moment.
func (c *charting) moments(x int) []models.ChartSpec {
	order := timeOrder(c.rows, c.shape)
	if order == nil {
		return nil
	}
	ys := sameScale(c.rows, c.shape, c.measureNames())
	line, bar := c.spec(models.ChartLine, x, c.axis(x), ys...), c.spec(models.ChartBar, x, c.axis(x), ys...)
	if len(ys) > 1 {
		bar.Type = models.ChartGrouped
	}
	if unfinished(c.rows, c.shape, order, c.now) {
		last := order[len(order)-1]
		line.Partial, bar.Partial = &last, &last
	}
	out := []models.ChartSpec{line}
	if len(order) <= maxCategories {
		out = append(out, bar)
		if skips(c.rows, c.shape, order) { // a line would claim values for periods that have none
			out = []models.ChartSpec{bar}
		}
	}
	if out[0].Type == models.ChartLine && len(ys) == 1 && c.parts(false) {
		area := line
		area.Type = models.ChartArea
		out = append(out, area)
	}
	if first, last := order[0], order[len(order)-1]; len(order) == 2 && len(ys) == 1 && line.Partial == nil {
		single := c.spec(models.ChartSingle, -1, "", ys[0])
		single.Value, single.Previous = &models.Cell{Row: last, Column: ys[0]}, &models.Cell{Row: first, Column: ys[0]}
		out = append(out, single)
	}
	return out
}

// seriesOverTime draws a measure over time for each value of another column.
func (c *charting) seriesOverTime(x, by int) []models.ChartSpec {
	if hasRepeat(c.rows, x, by) || len(c.shape.measures) > 1 && len(c.shape.labels) == 0 {
		return nil
	}
	series := func(t models.ChartType) models.ChartSpec {
		spec := c.spec(t, x, c.axis(x))
		spec.Series = c.name(by)
		return spec
	}
	var out []models.ChartSpec
	split, periods := c.distinct(by), c.distinct(x)
	if split <= maxSeries {
		out = append(out, series(models.ChartLine))
	}
	if split <= maxStacked && c.parts(false) {
		if periods <= maxCategories {
			out = append(out, series(models.ChartStacked))
		}
		if len(c.rows.Rows) == split*periods { // an area would slope over what is missing
			out = append(out, series(models.ChartArea))
		}
	}
	if split <= maxCategories && periods <= maxPeriods && split > 1 {
		heat := series(models.ChartHeatmap)
		heat.XType = models.AxisCategory
		out = append(out, heat)
	}
	return out
}

var stageName = regexp.MustCompile(`(?i)stage|step|funnel`)

var (
	percentName = regexp.MustCompile(`(?i)pct|percent`)
	ratioName   = regexp.MustCompile(`(?i)(^|_)(rate|ratio|share)s?($|_)`)
)

func distinct(r *models.Rows, c int) int {
	m := map[any]bool{}
	for _, row := range r.Rows {
		m[row[c]] = true
	}
	return len(m)
}

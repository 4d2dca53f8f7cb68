package insight

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/datamind/datamind/models"
)

// maxFactColumns bounds the measures facts are made of: a wide result would bury the reader.
const maxFactColumns = 4

// Facts computes what can be said of a result: counts, totals, extremes,
// change over time, shares and outliers. Each fact has a stable ID. A period
// that is not over at now is told apart and not compared with whole ones.
func Facts(rows *models.Rows, now time.Time) []models.Fact {
	if rows == nil {
		return nil
	}
	n := len(rows.Rows)
	out := []models.Fact{{ID: "count", Kind: "count", Label: "rows", Value: float64(n), Of: models.OfAll, Text: fmt.Sprintf("The result has %s.", plural(n, "row"))}}
	if n == 0 {
		return out
	}
	s := shapeOf(rows)
	order := timeOrder(rows, s)
	open := order != nil && unfinished(rows, s, order, now)
	for k, c := range s.measures {
		if k >= maxFactColumns {
			break
		}
		out = append(out, columnFacts(rows, s, c)...)
		if order != nil {
			out = append(out, timeFacts(rows, s, c, order, open)...)
		}
		out = append(out, outliers(rows, s, c)...)
	}
	return out
}

type point struct {
	row int
	v   float64
}

func points(r *models.Rows, c int) []point {
	var ps []point
	for i, row := range r.Rows {
		if v, ok := number(row[c]); ok {
			ps = append(ps, point{i, v})
		}
	}
	return ps
}

func columnFacts(r *models.Rows, s shape, c int) []models.Fact {
	ps := points(r, c)
	if len(ps) < 2 {
		return nil
	}
	name := r.Columns[c].Name
	mk := func(kind, label string, v float64, row *int, unit, text string) models.Fact {
		return models.Fact{ID: kind + ":" + name, Kind: kind, Label: label + " " + words(name), Value: v, Unit: unit, Column: name, Row: row, Of: models.OfAll, Text: text}
	}
	sum, lo, hi, positive := 0.0, ps[0], ps[0], true
	for _, p := range ps {
		sum += p.v
		positive = positive && p.v >= 0
		if p.v < lo.v {
			lo = p
		}
		if p.v > hi.v {
			hi = p
		}
	}
	w := words(name)
	out := []models.Fact{
		mk("total", "total of", sum, nil, "", fmt.Sprintf("The %s values add up to %s.", w, format(sum, name))),
		mk("mean", "mean of", sum/float64(len(ps)), nil, "", fmt.Sprintf("The mean of %s is %s.", w, format(sum/float64(len(ps)), name))),
		mk("min", "lowest", lo.v, &lo.row, "", fmt.Sprintf("The lowest %s is %s%s.", w, format(lo.v, name), forLabel(s.label(r, lo.row)))),
		mk("max", "highest", hi.v, &hi.row, "", fmt.Sprintf("The highest %s is %s%s.", w, format(hi.v, name), forLabel(s.label(r, hi.row)))),
	}
	if positive && sum > 0 && !averaged(name) {
		share := 100 * hi.v / sum
		out = append(out, mk("share", "share of the top", share, &hi.row, "%", fmt.Sprintf("The highest is %s%% of the total.", format1(share))))
	}
	return out
}

// timeOrder returns row numbers in time order when each row is one moment, nil otherwise.
func timeOrder(r *models.Rows, s shape) []int {
	if len(s.times) == 0 || len(s.labels) > 0 || len(r.Rows) < 2 {
		return nil
	}
	c := s.times[0]
	keys := make([]float64, len(r.Rows))
	order := make([]int, len(r.Rows))
	seen := map[float64]bool{}
	for i, row := range r.Rows {
		order[i] = i
		if d, ok := date(row[c]); ok {
			keys[i] = float64(d.Unix())
		} else if v, ok := number(row[c]); ok {
			keys[i] = v
		} else {
			return nil
		}
		if seen[keys[i]] {
			return nil
		}
		seen[keys[i]] = true
	}
	sort.SliceStable(order, func(a, b int) bool { return keys[order[a]] < keys[order[b]] })
	return order
}

// timeFacts compares the periods in order; open says that the last is not over.
func timeFacts(r *models.Rows, s shape, c int, order []int, open bool) []models.Fact {
	name := r.Columns[c].Name
	var ps []point
	for _, i := range order {
		if v, ok := number(r.Rows[i][c]); ok {
			ps = append(ps, point{i, v})
		}
	}
	if len(ps) < 2 {
		return nil
	}
	w := words(name)
	mk := func(kind string, v float64, row *int, unit, text string, of ...int) models.Fact {
		return models.Fact{ID: kind + ":" + name, Kind: kind, Label: kind + " of " + w, Value: v, Unit: unit, Column: name, Row: row, Of: models.OfRows, Rows: of, Text: text}
	}
	var partial []models.Fact
	if newest := ps[len(ps)-1]; open && len(ps) > 2 && newest.row == order[len(order)-1] {
		ps = ps[:len(ps)-1]
		partial = append(partial, mk("partial", newest.v, &newest.row, "", fmt.Sprintf("%s is not over yet: %s so far.", s.label(r, newest.row), format(newest.v, name)), newest.row))
	}
	first, last := ps[0], ps[len(ps)-1]
	diff := last.v - first.v
	out := []models.Fact{
		mk("first", first.v, &first.row, "", fmt.Sprintf("It starts at %s%s.", format(first.v, name), inLabel(s.label(r, first.row))), first.row),
		mk("last", last.v, &last.row, "", fmt.Sprintf("It ends at %s%s.", format(last.v, name), inLabel(s.label(r, last.row))), last.row),
		mk("change", diff, nil, "", fmt.Sprintf("From first to last it changed by %s.", format(diff, name)), first.row, last.row),
	}
	if first.v > 0 {
		pct := 100 * diff / first.v
		out = append(out, mk("change_pct", pct, nil, "%", fmt.Sprintf("From first to last it changed by %s%%.", format1(pct)), first.row, last.row))
	}
	if len(ps) >= 4 {
		slope := theilSen(ps)
		trend := mk("trend", slope, nil, "", fmt.Sprintf("The typical step from one period to the next is %s.", format(slope, name)))
		trend.Of = models.OfAll
		out = append(out, trend)
	}
	return append(out, partial...)
}

// theilSen is the median of pairwise slopes (Sen 1968): one odd period does not tilt it.
func theilSen(ps []point) float64 {
	if len(ps) > 300 {
		ps = ps[len(ps)-300:]
	}
	var slopes []float64
	for i := range ps {
		for j := i + 1; j < len(ps); j++ {
			slopes = append(slopes, (ps[j].v-ps[i].v)/float64(j-i))
		}
	}
	return median(slopes)
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	n := len(v)
	if n == 0 {
		return 0
	}
	if n%2 == 1 {
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}

// outliers marks values whose modified z-score 0.6745·(x−median)/MAD passes
// 3.5 (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993).
func outliers(r *models.Rows, s shape, c int) []models.Fact {
	ps := points(r, c)
	if len(ps) < 8 {
		return nil
	}
	vals := make([]float64, len(ps))
	for i, p := range ps {
		vals[i] = p.v
	}
	m := median(vals)
	dev := make([]float64, len(ps))
	for i, v := range vals {
		dev[i] = math.Abs(v - m)
	}
	mad := median(dev)
	if mad == 0 {
		return nil
	}
	var far []point
	for _, p := range ps {
		if 0.6745*math.Abs(p.v-m)/mad > 3.5 {
			far = append(far, p)
		}
	}
	if len(far) == 0 || len(far) > 3 {
		return nil
	}
	name := r.Columns[c].Name
	var out []models.Fact
	for i, p := range far {
		row := p.row
		out = append(out, models.Fact{ID: fmt.Sprintf("outlier%d:%s", i+1, name), Kind: "outlier", Label: "unusual " + words(name), Value: p.v, Column: name, Row: &row, Of: models.OfAll,
			Text: fmt.Sprintf("Unusual: %s%s, far from the rest.", format(p.v, name), forLabel(s.label(r, row)))})
	}
	return out
}

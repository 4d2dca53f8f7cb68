package insight

import (
	"time"

	"github.com/datamind/datamind/models"
)

// grains are calendar periods from the coarsest to the finest: whether a
// moment begins one, and when it ends.
var grains = []struct {
	begins func(time.Time) bool
	end    func(time.Time) time.Time
}{
	{func(t time.Time) bool { return t.YearDay() == 1 && midnight(t) }, func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{func(t time.Time) bool { return t.Day() == 1 && t.Month()%3 == 1 && midnight(t) }, func(t time.Time) time.Time { return t.AddDate(0, 3, 0) }},
	{func(t time.Time) bool { return t.Day() == 1 && midnight(t) }, func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{func(t time.Time) bool { return t.Weekday() == time.Monday && midnight(t) }, func(t time.Time) time.Time { return t.AddDate(0, 0, 7) }},
	{midnight, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
}

func midnight(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

// grainOf returns the moments of the rows in time order and the place of their
// grain, the coarsest that all of them begin; -1 where they have none.
func grainOf(r *models.Rows, s shape, order []int) (moments []time.Time, grain int) {
	moments = make([]time.Time, len(order))
	for i, row := range order {
		t, ok := date(r.Rows[row][s.times[0]])
		if !ok {
			return nil, -1
		}
		moments[i] = t
	}
	for i, grain := range grains {
		all := true
		for _, t := range moments {
			all = all && grain.begins(t)
		}
		if all {
			return moments, i
		}
	}
	return moments, -1
}

// unfinished reports whether the last of the periods that the rows stand for
// is not over at now: comparing it with whole ones would mislead. order are
// the rows in time order.
func unfinished(r *models.Rows, s shape, order []int, now time.Time) bool {
	if len(order) < 3 {
		return false // too few to tell a grain, and to compare what remains
	}
	moments, grain := grainOf(r, s, order)
	if grain < 0 {
		return false
	}
	last := moments[len(moments)-1]
	return !last.After(now) && grains[grain].end(last).After(now)
}

// skips reports that years, quarters or months between the rows are missing.
// Of weeks and days some often are, and a line over them misleads nobody.
func skips(r *models.Rows, s shape, order []int) bool {
	const months = 2 // the place of months among the grains
	moments, grain := grainOf(r, s, order)
	if grain < 0 || grain > months {
		return false
	}
	for i := 1; i < len(moments); i++ {
		if moments[i].After(grains[grain].end(moments[i-1])) {
			return true
		}
	}
	return false
}

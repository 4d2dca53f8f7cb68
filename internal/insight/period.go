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

// unfinished reports whether the last of the periods that the rows stand for
// is not over at now: comparing it with whole ones would mislead. order are
// the rows in time order; the grain is the coarsest that all of them begin.
func unfinished(r *models.Rows, s shape, order []int, now time.Time) bool {
	if len(order) < 3 {
		return false // too few to tell a grain, and to compare what remains
	}
	moments := make([]time.Time, len(order))
	for i, row := range order {
		t, ok := date(r.Rows[row][s.times[0]])
		if !ok {
			return false
		}
		moments[i] = t
	}
	for _, grain := range grains {
		all := true
		for _, t := range moments {
			all = all && grain.begins(t)
		}
		if all {
			last := moments[len(moments)-1]
			return !last.After(now) && grain.end(last).After(now)
		}
	}
	return false
}

package alert

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// judge holds a value against the condition.
func (e *evaluation) judge(got cell, key string, series []point) Reading {
	if !got.known {
		return Reading{AlertValue: models.AlertValue{Key: key, Text: got.why}}
	}
	var r Reading
	switch e.c.Kind {
	case models.ConditionChange:
		r = e.change(got.value, key, series)
	case models.ConditionBand:
		r = e.band(got.value, key, series)
	default:
		r = limited(e.c, cmpOp(e.c.Op), got.value, e.c.Limit)
	}
	r.Key = key
	if r.Value == nil {
		r.Value = finite(got.value)
	}
	return r
}

// finite is a value as it can be stored; an infinite one is as large as numbers get.
func finite(v float64) *float64 {
	v = min(max(v, -math.MaxFloat64), math.MaxFloat64)
	return &v
}

func cmpOp(op string) string {
	if op == "" || op == models.OpEither {
		return models.OpAbove
	}
	return op
}

func compare(op string, v, limit float64) bool {
	switch op {
	case models.OpAbove:
		return v > limit
	case models.OpAtLeast:
		return v >= limit
	case models.OpBelow:
		return v < limit
	case models.OpAtMost:
		return v <= limit
	case models.OpEqual:
		return v == limit
	}
	return v != limit
}

// limited holds a value against a limit, and against the one at which it is over.
func limited(c *models.AlertCondition, op string, v, limit float64) Reading {
	r := Reading{AlertValue: models.AlertValue{Value: finite(v), Breach: compare(op, v, limit)}}
	clear := limit
	if c.Clear != nil {
		clear = *c.Clear
	}
	r.Clear = !r.Breach && !compare(op, v, clear)
	if op == models.OpBelow || op == models.OpAtMost {
		r.Low = finite(limit)
	} else {
		r.High = finite(limit)
	}
	return r
}

// point is a value of a time.
type point struct {
	at    time.Time
	value float64
}

// past are the earlier values of a key, oldest first, and when the value at hand
// is of. A result that is a series brings its own.
func (e *evaluation) past(key string, series []point) ([]point, time.Time) {
	if n := len(series); n > 0 {
		return series[:n-1], series[n-1].at
	}
	var out []point
	for _, s := range e.Past[max(0, len(e.Past)-models.MaxAlertSample):] {
		for _, v := range s.Values {
			if v.Key == key && v.Value != nil && s.At.Before(e.At) {
				out = append(out, point{s.At, *v.Value})
			}
		}
	}
	return out, e.At
}

// change holds a value against an earlier one.
func (e *evaluation) change(v float64, key string, series []point) Reading {
	past, at := e.past(key, series)
	before, words := e.reference(past, at)
	if before == nil {
		return Reading{AlertValue: models.AlertValue{Value: finite(v), Text: "no value of " + words + " yet"}}
	}
	size := e.c.Limit
	if e.c.Percent {
		size = e.c.Limit / 100 * math.Abs(*before)
		if *before == 0 && v != 0 { // from nothing to something is more than any percentage
			size = 0
		}
	}
	back := size
	if e.c.Clear != nil {
		if back = *e.c.Clear; e.c.Percent {
			back = *e.c.Clear / 100 * math.Abs(*before)
		}
	}
	return around(e.c, v, *before, size, back)
}

// around holds a value against what is around an expectation.
func around(c *models.AlertCondition, v, middle, width, back float64) Reading {
	r := Reading{AlertValue: models.AlertValue{Value: finite(v)}}
	out := func(width float64) bool {
		switch c.Op {
		case models.OpBelow, models.OpAtMost:
			return v < middle-width
		case models.OpEither:
			return math.Abs(v-middle) > width
		}
		return v > middle+width
	}
	r.Breach = out(width)
	r.Clear = !r.Breach && !out(min(back, width))
	if c.Op == models.OpBelow || c.Op == models.OpAtMost || c.Op == models.OpEither {
		r.Low = finite(middle - width)
	}
	if c.Op != models.OpBelow && c.Op != models.OpAtMost {
		r.High = finite(middle + width)
	}
	return r
}

// reference is the earlier value that a change is against.
func (e *evaluation) reference(past []point, at time.Time) (*float64, string) {
	local := at.In(e.Zone)
	var want time.Time
	words, near := "the run before", time.Duration(0)
	switch e.c.Against {
	case models.AgainstWeekday:
		want, near, words = local.AddDate(0, 0, -7), 12*time.Hour, "a week before"
	case models.AgainstMonthYear:
		words = "the same month of the year before"
		for _, p := range slices.Backward(past) {
			t := p.at.In(e.Zone)
			if t.Year() == local.Year()-1 && t.Month() == local.Month() {
				// The last one of the month up to the same day, or else the month's first.
				if t.Day() <= local.Day() {
					return &p.value, words
				}
				want = t
			}
		}
		if want.IsZero() {
			return nil, words
		}
		near = time.Second
	default:
		if len(past) == 0 {
			return nil, words
		}
		return &past[len(past)-1].value, words
	}
	var best *float64
	closest := near + 1
	for _, p := range past {
		if off := p.at.Sub(want).Abs(); off < closest {
			best, closest = &p.value, off
		}
	}
	return best, words
}

// listed names the first of many.
func listed(names []string) string {
	const most = 5
	slices.Sort(names)
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

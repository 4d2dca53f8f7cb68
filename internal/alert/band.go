package alert

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/datamind/datamind/models"
)

// Defaults and bounds of bands.
const (
	defaultRuns  = 14
	defaultWidth = 4.0
	// perSlot is how many values of the same day of the week there must be.
	perSlot = 3
	// toSigma makes the median of absolute deviations comparable to a standard
	// deviation: 1 / Φ⁻¹(3/4).
	toSigma = 1.4826
	// leastWidth keeps a band from being a line where values never differ: a part
	// of the expectation.
	leastWidth = 0.005
)

// Band is what is usual at a time.
type Band struct {
	Middle, Sigma float64
	// Have and Need count values; the band is unknown while Have is less.
	Have, Need int
	// Weekday says that what is missing are values of the same day of the week.
	Weekday bool
}

// Known says that there were enough values.
func (b Band) Known() bool { return b.Have >= b.Need }

// slot is a time's place in the week: the day, and the hour where values come
// more often than once a day.
// and seldom says that values come less often than once a week: then there is
// only one place.
func slot(t time.Time, hourly, seldom bool) int {
	n := int(t.Weekday()) * 24
	switch {
	case seldom:
		return 0
	case hourly:
		n += t.Hour()
	}
	return n
}

// usual is the band of a time from earlier values: the median of the same place
// of the week, and around it the median of how far values are from the medians
// of their own places. Both stand a large part of wild values (up to a half of a
// place, or of all).
func usual(past []point, at time.Time, zone *time.Location, need int) Band {
	if need <= 0 {
		need = defaultRuns
	}
	b := Band{Have: len(past), Need: need}
	if b.Have < need {
		return b
	}
	apart := past[len(past)-1].at.Sub(past[0].at) / time.Duration(max(len(past)-1, 1))
	hourly, seldom := apart < 20*time.Hour, apart > 8*24*time.Hour
	places := map[int][]float64{}
	for _, p := range past {
		place := slot(p.at.In(zone), hourly, seldom)
		places[place] = append(places[place], p.value)
	}
	mine := places[slot(at.In(zone), hourly, seldom)]
	if len(mine) < perSlot {
		return Band{Have: len(mine), Need: perSlot, Weekday: true}
	}
	b.Middle = median(mine)
	var off []float64
	for _, values := range places {
		if len(values) < perSlot {
			continue
		}
		middle := median(values)
		for _, v := range values {
			off = append(off, math.Abs(v-middle))
		}
	}
	b.Sigma = max(toSigma*median(off), leastWidth*math.Abs(b.Middle), 1e-9)
	return b
}

// median changes the order of no values.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2
}

func (e *evaluation) band(v float64, key string, series []point) Reading {
	past, at := e.past(key, series)
	b := usual(past, at, e.Zone, e.c.Runs)
	if !b.Known() {
		what := "values"
		if b.Weekday {
			what = "values of the same day of the week"
		}
		return Reading{AlertValue: models.AlertValue{Value: finite(v), Text: fmt.Sprintf("learns what is usual: %d of %d %s", b.Have, b.Need, what)}}
	}
	width := e.c.Limit
	if width <= 0 {
		width = defaultWidth
	}
	back := width
	if e.c.Clear != nil {
		back = *e.c.Clear
	}
	c := *e.c
	if c.Op == "" {
		c.Op = models.OpEither
	}
	return around(&c, v, b.Middle, width*b.Sigma, back*b.Sigma)
}

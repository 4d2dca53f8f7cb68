package sample

import (
	"fmt"
	"math"
	"time"
)

const oneDay = 24 * time.Hour

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func midnight(t time.Time) time.Time {
	t = t.UTC()
	return date(t.Year(), t.Month(), t.Day())
}

// stories are the things there are to find in the data. They hang on the last
// day of the first load, so a later refresh does not move them.
type stories struct {
	// Orders of the faulty tent between these days come back soon after:
	// the returns fall into June.
	faultyFrom, faultyTo time.Time
	// The store loses customers from this day, when a competitor opened.
	competitorFrom time.Time
	// Orders on the web fail in one region from the first to the last day.
	bugFrom, bugTo time.Time
	// The plan costs more from this day, and more members leave.
	priceRise time.Time
}

const (
	faultyProduct   = "Ridgeline 2P Tent"
	competitorStore = "Boulder"
	bugRegion       = "Midwest"
	raisedPlan      = "Plus"
)

func newStories(anchor time.Time) stories {
	year := anchor.Year()
	if anchor.Before(date(year, time.July, 31)) {
		year--
	}
	bug := anchor.AddDate(0, 0, -110)
	for bug.Weekday() != time.Monday {
		bug = bug.Add(-oneDay)
	}
	firstOfMonth := date(anchor.Year(), anchor.Month(), 1)
	return stories{
		faultyFrom: date(year, time.May, 20), faultyTo: date(year, time.June, 15),
		competitorFrom: firstOfMonth.AddDate(0, -9, 0),
		bugFrom:        bug, bugTo: bug.AddDate(0, 0, 20),
		priceRise: firstOfMonth.AddDate(0, -6, 0),
	}
}

func within(day, from, to time.Time) bool { return !day.Before(from) && !day.After(to) }

// at returns the demand of a season on a day: each value holds in the middle
// of its month, between them it changes evenly.
func (s season) at(day time.Time) float64 {
	position := float64(day.Month()-1) + (float64(day.Day())-15)/30
	low := math.Floor(position)
	part := position - low
	a, b := s[(int(low)+12)%12], s[(int(low)+13)%12]
	return a + (b-a)*part
}

var weekdayWeb = [7]float64{1.15, 1.10, 1.00, .98, 1.00, .92, .95} // Sunday first
var weekdayStore = [7]float64{1.10, .75, .78, .85, .95, 1.20, 1.65}

// thanksgiving is the fourth Thursday of November.
func thanksgiving(year int) time.Time {
	first := date(year, time.November, 1)
	return first.AddDate(0, 0, (int(time.Thursday-first.Weekday())+7)%7+21)
}

// holidays returns how much more is ordered on the web and in stores than on
// an ordinary day: 1, 1 on most.
func holidays(day time.Time) (web, store float64) {
	turkey := thanksgiving(day.Year())
	switch days := int(day.Sub(turkey) / oneDay); {
	case days == 0:
		return 1.8, 0
	case days == 1: // Black Friday
		return 5.5, 3.2
	case days == 2, days == 3:
		return 2.6, 1.9
	case days == 4: // Cyber Monday
		return 4.5, 1.1
	}
	switch month, d := day.Month(), day.Day(); {
	case month == time.December && d >= 10 && d <= 20:
		return 1.45, 1.4
	case month == time.December && d > 20 && d < 24:
		return .7, 1.8
	case month == time.December && d == 25:
		return .5, 0
	case month == time.January && d == 1:
		return .7, 0
	}
	return 1, 1
}

// growth is the yearly growth of the business, before its stories.
const growth = 1.16

func trend(start, day time.Time) float64 {
	return math.Pow(growth, day.Sub(start).Hours()/24/365.25)
}

// campaignPlans come back every year.
func campaignPlans(year int) []campaign {
	turkey := thanksgiving(year)
	named := func(name string) string { return fmt.Sprintf("%s %d", name, year) }
	return []campaign{
		{name: named("Winter Clearance"), channel: "email", percent: 20, budget: 9_000_00, from: date(year, time.January, 15), to: date(year, time.February, 5)},
		{name: named("Spring Trail Days"), channel: "social", percent: 10, budget: 12_000_00, from: date(year, time.March, 20), to: date(year, time.April, 9)},
		{name: named("Camping Season Opening"), channel: "paid search", percent: 10, budget: 15_000_00, from: date(year, time.May, 8), to: date(year, time.May, 28)},
		{name: named("Summer Sale"), channel: "email", percent: 15, budget: 11_000_00, from: date(year, time.July, 10), to: date(year, time.July, 31)},
		{name: named("Autumn Layers"), channel: "social", percent: 10, budget: 8_000_00, from: date(year, time.September, 18), to: date(year, time.October, 4)},
		{name: named("Black Friday"), channel: "all channels", percent: 25, budget: 30_000_00, from: turkey, to: turkey.AddDate(0, 0, 4)},
		{name: named("Holiday Gifts"), channel: "paid search", percent: 5, budget: 18_000_00, from: date(year, time.December, 6), to: date(year, time.December, 20)},
	}
}

package alert

import (
	"strconv"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// Spec is a cron expression in a time zone. It means what Temporal's schedules
// mean by it: a time that the clocks jump over does not occur, and one that they
// pass twice may occur twice.
type Spec struct {
	minutes, hours, days, months, weekdays uint64
	zone                                   *time.Location
}

// field is one of the five parts of an expression.
type field struct {
	name     string
	min, max int
	words    []string // for min, min+1, …
}

var fields = []field{
	{"minute", 0, 59, nil}, {"hour", 0, 23, nil}, {"day of the month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of the week", 0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// ParseSpec reads a cron expression. Its errors have the code CodeSchedule.
func ParseSpec(cron, zone string) (*Spec, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return nil, models.Errorf(models.CodeSchedule, "There is no time zone of this name. Use one such as Europe/Berlin or UTC.")
	}
	parts := strings.Fields(cron)
	if len(parts) != len(fields) {
		return nil, models.Errorf(models.CodeSchedule, "A schedule has five parts: minute, hour, day of the month, month, day of the week; for example 0 8 * * 1-5.")
	}
	sets := make([]uint64, len(fields))
	for i, f := range fields {
		if sets[i], err = f.parse(strings.ToLower(parts[i])); err != nil {
			return nil, err
		}
	}
	if parts[2] != "*" && parts[4] != "*" {
		return nil, models.Errorf(models.CodeSchedule, "Say either days of the month or days of the week, and * for the other.")
	}
	s := &Spec{sets[0], sets[1], sets[2], sets[3], sets[4], loc}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, models.Errorf(models.CodeSchedule, "This day never comes.")
	}
	return s, nil
}

func (f field) parse(text string) (set uint64, err error) {
	bad := models.Errorf(models.CodeSchedule, "The %s %q cannot be read: use *, numbers from %d to %d, ranges such as 1-5, lists such as 1,3 and steps such as */15.",
		f.name, clip(text, 40), f.min, f.max)
	for part := range strings.SplitSeq(text, ",") {
		span, by, stepped := strings.Cut(part, "/")
		from, to, step := f.min, f.max, 1
		if stepped {
			if step, err = strconv.Atoi(by); err != nil || step < 1 || step > f.max {
				return 0, bad
			}
		}
		if span != "*" {
			low, high, ranged := strings.Cut(span, "-")
			var ok bool
			if from, ok = f.number(low); !ok {
				return 0, bad
			}
			switch {
			case ranged:
				if to, ok = f.number(high); !ok {
					return 0, bad
				}
				if f.max == 6 && to == 0 { // to Sunday
					to = 7
				}
			case !stepped:
				to = from
			}
			if from > to {
				return 0, bad
			}
		}
		for n := from; n <= to; n += step {
			set |= 1 << (n % (f.max + 1))
		}
	}
	return set, nil
}

func (f field) number(text string) (int, bool) {
	for i, word := range f.words {
		if text == word {
			return f.min + i, true
		}
	}
	n, err := strconv.Atoi(text)
	if f.max == 6 && n == 7 {
		n = 0
	}
	return n, err == nil && len(text) <= 2 && text[0] != '+' && n >= f.min && n <= f.max
}

func has(set uint64, n int) bool { return set&(1<<n) != 0 }

// Next returns the first time after t, zero when there is none within nine
// years. It goes through calendars as Temporal's server does (compiledCalendar in
// its scheduler), so that both mean the same at changes of the clocks.
func (s *Spec) Next(t time.Time) time.Time {
	t = t.In(s.zone)
	y, mo, d := t.Date()
	h, m, _ := t.Clock()
	var repeated time.Duration // added in the second copy of an hour that comes twice
	if t.Add(-time.Hour).Hour() == h {
		repeated = time.Hour
	}
	last := y + 9
	for m++; ; {
		if m >= 60 {
			before := time.Date(y, mo, d, h, 0, 0, 0, s.zone)
			h, m = h+1, 0
			if after := time.Date(y, mo, d, h, 0, 0, 0, s.zone); repeated == 0 && after.Sub(before) > time.Hour {
				h, repeated = h-1, time.Hour
			} else {
				repeated = 0
			}
		}
		if h >= 24 {
			d, h = d+1, 0
		}
		if d > daysIn(y, mo) {
			mo, d = mo+1, 1
		}
		if mo > time.December {
			y, mo = y+1, time.January
		}
		switch {
		case y > last:
			return time.Time{}
		case !has(s.months, int(mo)):
			mo, d, h, m, repeated = mo+1, 1, 0, 0, 0
		case !has(s.days, d) || !has(s.weekdays, int(time.Date(y, mo, d, h, m, 0, 0, s.zone).Weekday())):
			d, h, m, repeated = d+1, 0, 0, 0
		case !has(s.hours, h):
			h, m, repeated = h+1, 0, 0
		case !has(s.minutes, m):
			m++
		default:
			at := time.Date(y, mo, d, h, m, 0, 0, s.zone)
			if at.Hour() == h {
				return at.Add(repeated)
			}
			h, m = h+1, 0 // jumped over
		}
	}
}

func daysIn(y int, m time.Month) int { return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// Between returns the times after from and up to to, the last ones if there are
// more than most.
func (s *Spec) Between(from, to time.Time, most int) (times []time.Time) {
	for at := s.Next(from); !at.IsZero() && !at.After(to); at = s.Next(at) {
		times = append(times, at)
		if len(times) > 2*most {
			times = append(times[:0], times[len(times)-most:]...)
		}
	}
	return times[max(0, len(times)-most):]
}

// Interval is how far apart two runs are, about: the shortest of the next ones.
func (s *Spec) Interval(from time.Time) time.Duration {
	shortest := 366 * 24 * time.Hour
	last := s.Next(from)
	for range 10 {
		next := s.Next(last)
		if next.IsZero() {
			break
		}
		shortest, last = min(shortest, next.Sub(last)), next
	}
	return shortest
}

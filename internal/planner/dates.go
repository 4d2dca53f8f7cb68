package planner

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// period is a half-open span of time [from, to); a zero end is open.
type period struct {
	from, to time.Time
	words    string
}

func (p *period) sql(col string) string {
	f, t := "'"+p.from.Format("2006-01-02")+"'", "'"+p.to.Format("2006-01-02")+"'"
	switch {
	case p.from.IsZero():
		return col + " < " + t
	case p.to.IsZero():
		return col + " >= " + f
	}
	return col + " >= " + f + " AND " + col + " < " + t
}

const monthNames = `january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec`

var (
	reRelative = regexp.MustCompile(`\b(?:(?:in|during|for|over|within|from)\s+)?(?:the\s+)?(this|current|last|previous|past|next)\s+(\d+\s+|one\s+|two\s+|three\s+|six\s+|twelve\s+)?(day|week|month|quarter|year)s?\b`)
	reDay      = regexp.MustCompile(`\b(today|yesterday)\b`)
	reISO      = regexp.MustCompile(`\b(since|after|before|until|from|on|by|starting)?\s*(?:the\s+)?\b(\d{4})-(\d{2})-(\d{2})\b`)
	reMonth    = regexp.MustCompile(`\b(?:(since|after|before|until|from|in|during|of|for)\s+)(` + monthNames + `)\b(?:\s*,?\s*(\d{4}))?|\b(` + monthNames + `)\s+(\d{4})\b`)
	reQuarter  = regexp.MustCompile(`\b(?:in\s+|during\s+|for\s+)?q([1-4])(?:\s+(?:of\s+)?(\d{4}))?\b`)
	reNthQ     = regexp.MustCompile(`\b(?:in\s+|during\s+|for\s+)?(?:the\s+)?(first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter(?:\s+(?:of\s+)?(\d{4}))?\b`)
	reYears    = regexp.MustCompile(`\b(?:between|from)\s+(19\d\d|20\d\d)\s+(?:and|to|until|-)\s+(19\d\d|20\d\d)\b`)
	reYear     = regexp.MustCompile(`\b(since|after|before|until|in|during|of|for|from)\s+(?:the\s+)?(?:year\s+)?(19\d\d|20\d\d)\b`)
	reYTD      = regexp.MustCompile(`\b(year to date|ytd|so far this year)\b`)
)

// findPeriod takes the first span of time out of a lower-cased question and
// returns what is left of it, blanked to the same length.
func findPeriod(q string, now time.Time) (*period, string) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	cut := func(m []int) string { return q[:m[0]] + strings.Repeat(" ", m[1]-m[0]) + q[m[1]:] }
	get := func(m []int, i int) string {
		if 2*i+1 >= len(m) || m[2*i] < 0 {
			return ""
		}
		return q[m[2*i]:m[2*i+1]]
	}
	if m := reYTD.FindStringIndex(q); m != nil {
		return &period{time.Date(now.Year(), 1, 1, 0, 0, 0, 0, time.UTC), today.AddDate(0, 0, 1), "this year so far"}, cut(m)
	}
	if m := reRelative.FindStringSubmatchIndex(q); m != nil {
		return relative(get(m, 1), strings.TrimSpace(get(m, 2)), get(m, 3), today), cut(m)
	}
	if m := reDay.FindStringSubmatchIndex(q); m != nil {
		d := today
		if get(m, 1) == "yesterday" {
			d = d.AddDate(0, 0, -1)
		}
		return &period{d, d.AddDate(0, 0, 1), get(m, 1)}, cut(m)
	}
	if m := reYears.FindStringSubmatchIndex(q); m != nil {
		a, b := atoi(get(m, 1)), atoi(get(m, 2))
		return &period{day(a, 1, 1), day(b+1, 1, 1), fmt.Sprintf("from %d to %d", a, b)}, cut(m)
	}
	if m := reISO.FindStringSubmatchIndex(q); m != nil {
		d, err := time.Parse("2006-01-02", get(m, 2)+"-"+get(m, 3)+"-"+get(m, 4))
		if err == nil {
			return bounded(get(m, 1), d, d.AddDate(0, 0, 1), d.Format("2006-01-02")), cut(m)
		}
	}
	if m := reMonth.FindStringSubmatchIndex(q); m != nil {
		name, year := get(m, 2), get(m, 3)
		if name == "" {
			name, year = get(m, 4), get(m, 5)
		}
		y := atoi(year)
		mon := monthOf(name)
		if y == 0 {
			y = now.Year()
			if mon > now.Month() {
				y--
			}
		}
		d := day(y, mon, 1)
		return bounded(get(m, 1), d, d.AddDate(0, 1, 0), d.Format("January 2006")), cut(m)
	}
	if m := reNthQ.FindStringSubmatchIndex(q); m != nil {
		y, n := atoi(get(m, 2)), map[byte]int{'f': 1, '1': 1, 's': 2, '2': 2, 't': 3, '3': 3, '4': 4}[get(m, 1)[0]]
		if get(m, 1) == "fourth" {
			n = 4
		}
		if y == 0 {
			y = now.Year()
		}
		d := day(y, time.Month(3*n-2), 1)
		return &period{d, d.AddDate(0, 3, 0), fmt.Sprintf("in Q%d %d", n, y)}, cut(m)
	}
	if m := reQuarter.FindStringSubmatchIndex(q); m != nil {
		y := atoi(get(m, 2))
		if y == 0 {
			y = now.Year()
		}
		d := day(y, time.Month(3*atoi(get(m, 1))-2), 1)
		return &period{d, d.AddDate(0, 3, 0), fmt.Sprintf("Q%s %d", get(m, 1), y)}, cut(m)
	}
	if m := reYear.FindStringSubmatchIndex(q); m != nil {
		y := atoi(get(m, 2))
		return bounded(get(m, 1), day(y, 1, 1), day(y+1, 1, 1), strconv.Itoa(y)), cut(m)
	}
	return nil, q
}

func atoi(s string) int { n, _ := strconv.Atoi(s); return n }

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func monthOf(s string) time.Month {
	t, err := time.Parse("Jan", strings.ToUpper(s[:1])+s[1:3])
	if err != nil {
		return time.January
	}
	return t.Month()
}

func bounded(cue string, from, to time.Time, words string) *period {
	switch cue {
	case "since", "from", "starting":
		return &period{from: from, words: "since " + words}
	case "after":
		return &period{from: to, words: "after " + words}
	case "before":
		return &period{to: from, words: "before " + words}
	case "until":
		return &period{to: to, words: "until " + words}
	}
	return &period{from, to, "in " + words}
}

func relative(which, count, unit string, today time.Time) *period {
	n := atoi(count)
	if n == 0 && count != "" {
		n = int(numberWords[count])
	}
	n = min(n, 5000)
	start := today
	step := func(t time.Time, k int) time.Time {
		switch unit {
		case "day":
			return t.AddDate(0, 0, k)
		case "week":
			return t.AddDate(0, 0, 7*k)
		case "month":
			return t.AddDate(0, k, 0)
		case "quarter":
			return t.AddDate(0, 3*k, 0)
		}
		return t.AddDate(k, 0, 0)
	}
	if n > 0 && which != "next" && which != "this" {
		if unit == "month" || unit == "year" || unit == "quarter" {
			return &period{step(today, -n), today.AddDate(0, 0, 1), fmt.Sprintf("in the last %d %ss", n, unit)}
		}
		return &period{step(today, -n), today.AddDate(0, 0, 1), fmt.Sprintf("in the last %d %ss", n, unit)}
	}
	switch unit {
	case "week":
		start = today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	case "month":
		start = day(today.Year(), today.Month(), 1)
	case "quarter":
		start = day(today.Year(), (today.Month()-1)/3*3+1, 1)
	case "year":
		start = day(today.Year(), 1, 1)
	}
	switch which {
	case "this", "current":
		return &period{start, step(start, 1), "this " + unit}
	case "next":
		return &period{step(start, 1), step(start, 2), "next " + unit}
	}
	return &period{step(start, -1), start, "last " + unit}
}

package planner

import (
	"fmt"
	"strings"
	"time"
)

// Moving is SQL for a question whose period moves on, such as "last month", with
// that period in place of the dates that it has today, so that the SQL goes on
// answering the question. SQL whose dates are not those of the period stays.
func Moving(question, sql string, now time.Time) string {
	if !Stale(question, sql, now) {
		return sql
	}
	low := strings.ToLower(cap4000(question))
	p, _ := findPeriod(low, now.UTC())
	from, to := movingSpan(low)
	if p == nil || from == "" {
		return sql
	}
	return strings.NewReplacer("'"+p.from.Format(time.DateOnly)+"'", from, "'"+p.to.Format(time.DateOnly)+"'", to).Replace(sql)
}

// movingSpan writes the period that findPeriod finds as SQL; "" where it does not move.
func movingSpan(q string) (from, to string) {
	const tomorrow = "CURRENT_DATE + 1"
	if reYTD.MatchString(q) {
		return truncated("year", 0), tomorrow
	}
	if m := reRelative.FindStringSubmatch(q); m != nil {
		which, count, unit := m[1], strings.TrimSpace(m[2]), m[3]
		n := atoi(count)
		if n == 0 && count != "" {
			n = int(numberWords[count])
		}
		n = min(n, 5000)
		switch {
		case n > 0 && which != "next" && which != "this":
			return fmt.Sprintf("(CURRENT_DATE - INTERVAL '%s')::date", interval(n, unit)), tomorrow
		case which == "this" || which == "current":
			return truncated(unit, 0), truncated(unit, 1)
		case which == "next":
			return truncated(unit, 1), truncated(unit, 2)
		}
		return truncated(unit, -1), truncated(unit, 0)
	}
	switch reDay.FindString(q) {
	case "today":
		return "CURRENT_DATE", tomorrow
	case "yesterday":
		return "CURRENT_DATE - 1", "CURRENT_DATE"
	}
	return "", ""
}

// truncated is the beginning of a unit of time, so many units from this one.
func truncated(unit string, by int) string {
	if by == 0 {
		return fmt.Sprintf("date_trunc('%s', CURRENT_DATE)::date", unit)
	}
	sign := "+"
	if by < 0 {
		sign, by = "-", -by
	}
	return fmt.Sprintf("(date_trunc('%s', CURRENT_DATE) %s INTERVAL '%s')::date", unit, sign, interval(by, unit))
}

// interval writes so many units as an interval, which has no quarters.
func interval(n int, unit string) string {
	if unit == "quarter" {
		n, unit = 3*n, "month"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

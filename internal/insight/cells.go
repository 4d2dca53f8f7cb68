// Package insight turns a query's result into facts, a chart choice and a
// short text, and checks that each number of a text is in the rows or follows
// from them. It never asks a model and never touches a database.
package insight

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// number returns a cell's value when it is a finite number.
func number(v any) (float64, bool) {
	var f float64
	switch x := v.(type) {
	case int64:
		f = float64(x)
	case int:
		f = float64(x)
	case float64:
		f = x
	case json.Number:
		var err error
		if f, err = x.Float64(); err != nil {
			return 0, false
		}
	default:
		return 0, false
	}
	return f, !math.IsNaN(f) && !math.IsInf(f, 0)
}

var dateLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02"}

// date returns a cell's value when it is a date or a timestamp.
func date(v any) (time.Time, bool) {
	s, ok := v.(string)
	if !ok || len(s) < 10 || len(s) > 40 || s[4] != '-' {
		return time.Time{}, false
	}
	for _, l := range dateLayouts {
		if t, err := time.Parse(l, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// shape is what the columns of a result are for.
type shape struct {
	measures []int
	times    []int
	labels   []int
}

var calendarNames = map[string]bool{"year": true, "month": true, "quarter": true, "week": true, "day": true, "date": true}

func shapeOf(r *models.Rows) shape {
	var s shape
	for i, c := range r.Columns {
		name := strings.ToLower(c.Name)
		var nums, dates, filled int
		for _, row := range r.Rows {
			if i >= len(row) || row[i] == nil {
				continue
			}
			filled++
			if _, ok := number(row[i]); ok {
				nums++
			} else if _, ok := date(row[i]); ok {
				dates++
			}
		}
		switch {
		case filled == 0:
		case dates == filled:
			s.times = append(s.times, i)
		case nums == filled && calendarNames[name] && len(r.Columns) > 1:
			s.times = append(s.times, i)
		case nums == filled && (name == "id" || strings.HasSuffix(name, "_id") || name == "zip" || name == "phone"):
			if len(r.Columns) == 1 {
				continue
			}
			s.labels = append(s.labels, i)
		case nums == filled:
			s.measures = append(s.measures, i)
		default:
			s.labels = append(s.labels, i)
		}
	}
	return s
}

func words(name string) string {
	return strings.TrimSpace(strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == ' ' }), " "))
}

// label names a row by its first label or time column, "" when it has none.
func (s shape) label(r *models.Rows, row int) string {
	for _, c := range append(append([]int{}, s.labels...), s.times...) {
		switch v := r.Rows[row][c].(type) {
		case string:
			if _, ok := date(v); ok {
				return dateLabel(r, c, v)
			}
			if v != "" && len(v) <= 80 {
				return v
			}
		default:
			if n, ok := number(v); ok {
				return plain(n)
			}
		}
	}
	return ""
}

// dateLabel writes a date as coarsely as its column allows.
func dateLabel(r *models.Rows, col int, s string) string {
	t, ok := date(s)
	if !ok {
		return s
	}
	yearly, monthly, daily := true, true, true
	for _, row := range r.Rows {
		if d, ok := date(row[col]); ok {
			yearly = yearly && d.YearDay() == 1 && midnight(d)
			monthly = monthly && d.Day() == 1 && d.Hour() == 0 && d.Minute() == 0
			daily = daily && d.Hour() == 0 && d.Minute() == 0 && d.Second() == 0
		}
	}
	switch {
	case yearly && len(r.Rows) > 2:
		return t.Format("2006")
	case monthly && len(r.Rows) > 1:
		return t.Format("January 2006")
	case daily:
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04")
}

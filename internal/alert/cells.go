package alert

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// cell is what a condition makes of a value of a result.
type cell struct {
	value float64
	known bool
	// why says why there is no value: NULL, NaN.
	why string
}

// numberOf reads a cell. NULL and NaN are no value and say so; infinities
// compare as such; text that is written as a number is one. Anything else is not
// a number, which is a mistake in the alert and not a state of the data.
func numberOf(v any) (cell, bool) {
	var f float64
	switch x := v.(type) {
	case nil:
		return cell{why: "NULL"}, true
	case int64:
		f = float64(x)
	case int:
		f = float64(x)
	case float64:
		f = x
	case bool:
		if x {
			f = 1
		}
	case json.Number:
		return numberOf(x.String())
	case string:
		var err error
		if f, err = strconv.ParseFloat(strings.TrimSpace(x), 64); err != nil && !math.IsInf(f, 0) || strings.ContainsAny(x, "xX_") {
			return cell{}, false
		}
	default:
		return cell{}, false
	}
	if math.IsNaN(f) {
		return cell{why: "NaN"}, true
	}
	return cell{value: f, known: true}, true
}

var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", time.DateOnly}

// timeOf reads a cell that is a date or a time; one without an offset is UTC.
func timeOf(v any) (time.Time, bool) {
	s, ok := v.(string)
	if !ok || len(s) < 10 || s[4] != '-' {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// maxKey bounds a key's text.
const maxKey = 200

// keyOf names a row by columns.
func keyOf(row []any, columns []int) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		switch v := row[c].(type) {
		case nil:
			parts[i] = "NULL"
		case string:
			parts[i] = v
		default:
			parts[i] = fmt.Sprint(v)
		}
	}
	return clip(strings.ReplaceAll(strings.Join(parts, " · "), "\x00", ""), maxKey)
}

// shape is which columns of a result a condition looks at.
type shape struct {
	value int
	keys  []int
	time  int // of a series, -1 for none
}

func isNumber(c models.Column) bool { return c.Type == "number" || c.Type == "integer" }

func isTime(c models.Column) bool { return c.Type == "date" || c.Type == "timestamp" }

// shapeOf finds the columns. Its errors say what is missing.
func shapeOf(c *models.AlertCondition, rows *models.Rows) (shape, error) {
	s := shape{value: -1, time: -1}
	at := func(name string) (int, error) {
		for i, col := range rows.Columns {
			if col.Name == name {
				return i, nil
			}
		}
		return 0, models.Errorf(models.CodeColumnMissing, "The result has no column %q any more. Change the alert or its query.", clip(name, 100))
	}
	var err error
	if c.Column != "" {
		if s.value, err = at(c.Column); err != nil {
			return s, err
		}
	}
	for i, col := range rows.Columns {
		wanted := isNumber(col) && !strings.HasSuffix(col.Name, "_id") && col.Name != "id"
		if c.Kind == models.ConditionFreshness {
			wanted = isTime(col)
		}
		if s.value < 0 && wanted {
			s.value = i
		}
		if s.time < 0 && isTime(col) && i != s.value {
			s.time = i
		}
	}
	if s.value < 0 { // a number among ids, or text that is written as one
		for i, col := range rows.Columns {
			if isNumber(col) || len(rows.Columns) == 1 {
				s.value = i
				break
			}
		}
	}
	for _, name := range c.Keys {
		i, err := at(name)
		if err != nil {
			return s, err
		}
		s.keys = append(s.keys, i)
	}
	if len(s.keys) == 0 {
		for i, col := range rows.Columns {
			if i != s.value && (!isNumber(col) || col.Name == "id" || strings.HasSuffix(col.Name, "_id")) {
				s.keys = append(s.keys, i)
			}
		}
	}
	needsValue := c.Kind != models.ConditionFailure && c.Kind != models.ConditionRows && c.Rows != models.RowsCount
	if needsValue && s.value < 0 {
		what := "numbers"
		if c.Kind == models.ConditionFreshness {
			what = "times"
		}
		return s, models.Errorf(models.CodeNotNumber, "The result has no column with %s for the condition to look at.", what)
	}
	if !needsValue && len(s.keys) == 0 {
		s.keys = []int{0}
		if len(rows.Columns) == 0 {
			s.keys = nil
		}
	}
	return s, nil
}

// number writes a value for people: few digits, none that mean nothing.
func number(v float64) string {
	var text string
	switch size := math.Abs(v); {
	case size >= 1e15 || math.IsInf(v, 0) || size > 0 && size < 1e-4:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case v == math.Trunc(v):
		text = strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 1:
		text = strconv.FormatFloat(v, 'f', 2, 64)
	default:
		text = strconv.FormatFloat(v, 'g', 3, 64)
	}
	whole, fraction, broken := strings.Cut(text, ".")
	digits := strings.TrimPrefix(whole, "-")
	grouped := whole[:len(whole)-len(digits)]
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			grouped += ","
		}
		grouped += string(d)
	}
	if broken {
		return grouped + "." + fraction
	}
	return grouped
}

// clip cuts a text to so many characters.
func clip(text string, most int) string {
	runes := []rune(strings.ToValidUTF8(text, "�"))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "…"
}

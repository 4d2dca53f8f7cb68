package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// null is how a cell that is NULL is written, as on the page.
const null = "null"

// maxCell bounds a cell's text in bytes before anything is done with it.
const maxCell = 2000

// How the page writes cells (web/src/parts/format.ts), in Go.
var (
	keyName    = regexp.MustCompile(`(?i)(^|_)(id|year|zip|postcode|postal_code|phone|code)$`)
	plainDigit = regexp.MustCompile(`^-?\d{1,60}(\.\d{1,60})?$`)
	dateForm   = regexp.MustCompile(`^\d{4}-\d\d-\d\d(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z?))?$`)
)

func numeric(c models.Column) bool { return c.Type == "integer" || c.Type == "number" }

func isKey(c models.Column) bool { return keyName.MatchString(c.Name) }

// format writes a cell for people.
type format func(cell any) string

// formats are how the columns of tables with the same columns are written: alike
// in all of their rows. at says where a table has each of the columns.
func formats(w *words, columns []models.Column, tables []*models.Rows, at func(table, column int) int) []format {
	out := make([]format, len(columns))
	for c, column := range columns {
		var cells []any
		for n, t := range tables {
			for _, row := range t.Rows {
				if i := at(n, c); i < len(row) && row[i] != nil {
					cells = append(cells, row[i])
				}
			}
		}
		show := exact
		switch {
		case numeric(column) && !isKey(column):
			show = w.numbers(cells)
		case column.Type == "date" || column.Type == "timestamp":
			show = w.dates(cells)
		}
		out[c] = func(cell any) string {
			if cell == nil {
				return null
			}
			return show(cell)
		}
	}
	return out
}

// formatsOf are the formats of one table.
func formatsOf(w *words, t *models.Rows) []format {
	return formats(w, t.Columns, []*models.Rows{t}, func(_, column int) int { return column })
}

// exact is a cell as it is.
func exact(cell any) string {
	switch x := cell.(type) {
	case nil:
		return null
	case string:
		return cut(x)
	case json.Number:
		return cut(x.String())
	case float64:
		if a := math.Abs(x); a >= 1e15 || a < 1e-6 && a > 0 {
			return strconv.FormatFloat(x, 'g', -1, 64)
		}
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return cut(fmt.Sprint(cell))
}

// cut bounds a text, at a whole character.
func cut(text string) string {
	if len(text) <= maxCell {
		return text
	}
	return strings.ToValidUTF8(text[:maxCell], "") + "…"
}

// numberOf is a cell's finite number.
func numberOf(cell any) (float64, bool) {
	var f float64
	switch x := cell.(type) {
	case int64:
		f = float64(x)
	case int:
		f = float64(x)
	case float64:
		f = x
	case json.Number:
		return parse(x.String())
	case string:
		return parse(x)
	default:
		return 0, false
	}
	return f, finite(f)
}

func parse(text string) (float64, bool) {
	if len(text) == 0 || len(text) > 400 || strings.ContainsAny(text, "xX_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && finite(f)
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// maxPlaces bounds what a number's exponent can do to its text.
const maxPlaces = 1e15

// numbers writes numbers: fractions have as many places as the column needs, two
// mostly.
func (w *words) numbers(cells []any) format {
	needed, largest := 0, 0.
	for _, cell := range cells {
		if v, ok := numberOf(cell); ok {
			needed, largest = max(needed, decimals(v)), max(largest, math.Abs(v))
		}
	}
	digits := 4
	if largest >= 1 || largest == 0 {
		digits = 2
	}
	digits = min(digits, needed)
	return func(cell any) string { return w.number(cell, digits) }
}

func (w *words) number(cell any, digits int) string {
	v, ok := numberOf(cell)
	if !ok {
		return exact(cell)
	}
	a := math.Abs(v)
	switch text := digitsOf(cell); {
	case a != 0 && a < 0.5*math.Pow10(-digits):
		return w.point(strconv.FormatFloat(v, 'g', 3, 64))
	case text != "": // written out, it may hold more than a double
		r, _ := new(big.Rat).SetString(text)
		return w.group(unsigned(r.FloatString(digits)))
	case a >= maxPlaces:
		return w.point(strconv.FormatFloat(v, 'g', 6, 64))
	}
	return w.group(unsigned(strconv.FormatFloat(v, 'f', digits, 64)))
}

// digitsOf is a number that came as digits; "" for one that did not.
func digitsOf(cell any) string {
	text := ""
	switch x := cell.(type) {
	case json.Number:
		text = x.String()
	case string:
		text = x
	}
	if plainDigit.MatchString(text) {
		return text
	}
	return ""
}

// decimals is how many places a number has behind its point.
func decimals(v float64) int {
	mantissa, power, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	exponent, _ := strconv.Atoi(power) // of FormatFloat's
	return max(len(fraction)-exponent, 0)
}

// unsigned takes the sign from a nothing.
func unsigned(text string) string {
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

// group writes a number of digits, a sign and a point with its thousands apart.
func (w *words) group(text string) string {
	digits, fraction, broken := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	var b strings.Builder
	if strings.HasPrefix(text, "-") {
		b.WriteString("-")
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(w.thousands)
		}
		b.WriteRune(d)
	}
	if broken {
		b.WriteString(w.decimal + fraction)
	}
	return b.String()
}

func (w *words) point(text string) string { return strings.Replace(text, ".", w.decimal, 1) }

// dates writes whole months as months and whole days as days; times in UTC, as
// the database gave them.
func (w *words) dates(cells []any) format {
	whole, months, seen := true, true, 0
	for _, cell := range cells {
		t, timed, _, ok := momentOf(cell)
		if !ok {
			continue
		}
		seen++
		whole = whole && (!timed || t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0)
		months = months && t.Day() == 1
	}
	layout := w.moment
	switch {
	case whole && months && seen > 1:
		layout = w.month
	case whole:
		layout = w.day
	}
	return func(cell any) string {
		t, _, utc, ok := momentOf(cell)
		if !ok {
			return exact(cell)
		}
		text := w.time(t, layout)
		if utc && !whole {
			text += " UTC"
		}
		return text
	}
}

var momentLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly}

// momentOf reads a date or a time; timed says that it has a time of day, utc that
// it says so.
func momentOf(cell any) (t time.Time, timed, utc, ok bool) {
	text, isText := cell.(string)
	if !isText || len(text) > 40 {
		return t, false, false, false
	}
	m := dateForm.FindStringSubmatch(text)
	if m == nil {
		return t, false, false, false
	}
	for _, layout := range momentLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, m[1] != "", m[2] != "", true
		}
	}
	return t, false, false, false
}

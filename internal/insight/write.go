package insight

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/datamind/datamind/models"
)

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return group(strconv.Itoa(n)) + " " + word + "s"
}

func format1(v float64) string { return group(strconv.FormatFloat(v, 'f', 1, 64)) }

func forLabel(l string) string {
	if l == "" {
		return ""
	}
	return " (" + l + ")"
}

func inLabel(l string) string { return forLabel(l) }

var rateWord = regexp.MustCompile(`(?i)avg|average|mean|rate|ratio|pct|percent|share|median|price|age|min|max|year|score|rating`)

// averaged says that adding the column's values up would mean nothing.
func averaged(column string) bool { return rateWord.MatchString(column) }

// Write answers in a few sentences made of the rows and facts only, so that
// CheckNumbers proves each number in it.
func Write(question, understanding string, rows *models.Rows, facts []models.Fact) string {
	if rows == nil || len(rows.Rows) == 0 {
		return "No rows match this question."
	}
	s := shapeOf(rows)
	if len(rows.Rows) == 1 {
		return single(rows)
	}
	by := map[string]models.Fact{}
	for _, f := range facts {
		by[f.ID] = f
	}
	var out []string
	switch {
	case len(s.measures) == 0:
		out = listing(rows, s)
	case timeOrder(rows, s) != nil:
		out = overTime(rows, s, by)
	default:
		out = ranking(rows, s, by)
	}
	if rows.Truncated {
		out = append(out, "The result was cut at the row limit, so totals cover only the rows shown.")
	}
	return strings.Join(out, " ")
}

func cellText(r *models.Rows, row, c int) string {
	v := r.Rows[row][c]
	if n, ok := number(v); ok {
		name := strings.ToLower(r.Columns[c].Name)
		if calendarNames[name] || name == "id" || strings.HasSuffix(name, "_id") {
			return plain(n)
		}
		return format(n, name)
	}
	switch x := v.(type) {
	case nil:
		return "empty"
	case bool:
		if x {
			return "yes"
		}
		return "no"
	case string:
		if _, ok := date(x); ok {
			return dateLabel(r, c, x)
		}
		if len(x) <= 200 {
			return x
		}
	}
	return "a long value"
}

func single(r *models.Rows) string {
	if len(r.Columns) == 1 {
		return fmt.Sprintf("%s: %s.", title(words(r.Columns[0].Name)), cellText(r, 0, 0))
	}
	var parts []string
	for c := range r.Columns {
		if c >= 6 {
			break
		}
		parts = append(parts, words(r.Columns[c].Name)+" "+cellText(r, 0, c))
	}
	return title(strings.Join(parts, ", ")) + "."
}

func title(s string) string {
	if s == "" {
		return "Value"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func listing(r *models.Rows, s shape) []string {
	out := []string{fmt.Sprintf("There are %s.", plural(len(r.Rows), "row"))}
	var names []string
	for i := range r.Rows {
		if l := s.label(r, i); l != "" && len(names) < 3 {
			names = append(names, l)
		}
	}
	if len(names) > 0 {
		out = append(out, "They begin with "+strings.Join(names, ", ")+".")
	}
	return out
}

func ranking(r *models.Rows, s shape, by map[string]models.Fact) []string {
	name := r.Columns[s.measures[0]].Name
	hi, okHi := by["max:"+name]
	lo, okLo := by["min:"+name]
	if !okHi || !okLo || hi.Row == nil || lo.Row == nil {
		return listing(r, s)
	}
	w := words(name)
	hiL, loL := s.label(r, *hi.Row), s.label(r, *lo.Row)
	var out []string
	if hi.Value == lo.Value {
		return []string{fmt.Sprintf("All %s have the same %s, %s.", plural(len(r.Rows), "row"), w, format(hi.Value, name))}
	}
	if hiL != "" {
		out = append(out, fmt.Sprintf("%s has the highest %s, %s; %s has the lowest, %s.", hiL, w, format(hi.Value, name), orRow(loL), format(lo.Value, name)))
	} else {
		out = append(out, fmt.Sprintf("The %s ranges from %s to %s.", w, format(lo.Value, name), format(hi.Value, name)))
	}
	if t, ok := by["total:"+name]; ok && !averaged(name) {
		line := fmt.Sprintf("The %s add up to %s", plural(len(r.Rows), "row"), format(t.Value, name))
		if sh, ok := by["share:"+name]; ok && hiL != "" && len(r.Rows) > 2 {
			line += fmt.Sprintf(", of which %s is %s%%", hiL, format1(sh.Value))
		}
		out = append(out, line+".")
	} else if m, ok := by["mean:"+name]; ok {
		out = append(out, fmt.Sprintf("Across %s the mean is %s.", plural(len(r.Rows), "row"), format(m.Value, name)))
	}
	if f, ok := by["outlier1:"+name]; ok && f.Row != nil && *f.Row != *hi.Row {
		out = append(out, f.Text)
	}
	return out
}

func orRow(l string) string {
	if l == "" {
		return "another row"
	}
	return l
}

func overTime(r *models.Rows, s shape, by map[string]models.Fact) []string {
	name := r.Columns[s.measures[0]].Name
	first, ok1 := by["first:"+name]
	last, ok2 := by["last:"+name]
	if !ok1 || !ok2 {
		return listing(r, s)
	}
	w := title(words(name))
	verb := "stayed at"
	if last.Value > first.Value {
		verb = "rose from"
	} else if last.Value < first.Value {
		verb = "fell from"
	}
	line := fmt.Sprintf("%s %s %s%s", w, verb, format(first.Value, name), forLabel(s.label(r, *first.Row)))
	if first.Value != last.Value {
		line += fmt.Sprintf(" to %s%s", format(last.Value, name), forLabel(s.label(r, *last.Row)))
		if p, ok := by["change_pct:"+name]; ok {
			line += fmt.Sprintf(", a change of %s%%", format1(p.Value))
		}
	}
	out := []string{line + "."}
	if open, ok := by["partial:"+name]; ok {
		out = append(out, open.Text)
	}
	if hi, ok := by["max:"+name]; ok && hi.Row != nil && hi.Value != last.Value && hi.Value != first.Value {
		out = append(out, fmt.Sprintf("The highest value was %s%s.", format(hi.Value, name), forLabel(s.label(r, *hi.Row))))
	}
	if t, ok := by["total:"+name]; ok && !averaged(name) {
		out = append(out, fmt.Sprintf("Over %s it adds up to %s.", plural(len(r.Rows), "period"), format(t.Value, name)))
	}
	return out
}

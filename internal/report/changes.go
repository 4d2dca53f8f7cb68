package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/datamind/datamind/models"
)

// Bounds of what is said of changes.
const (
	maxSaid     = 8  // sentences
	maxNamed    = 5  // rows that are new, or gone
	maxName     = 80 // characters of a row's name, and of a text that has changed
	maxKeyWidth = 4  // columns of a key
)

// Changes says what has changed between two results of the same question, the
// largest relative changes first, none where nothing that a reader sees has
// changed. The order of rows does not count.
//
// Rows are told apart by a key: the first column that has no measures and is
// unique in both, or the first columns that together are. Two results of one row
// each are compared with each other, and rows without a key as a whole.
func Changes(before, after *models.Rows, locale string) []Change {
	if before == nil || after == nil {
		return nil
	}
	c := comparing{words: wordsOf(locale), before: before, after: after}
	for i, column := range after.Columns {
		j := slices.IndexFunc(before.Columns, func(b models.Column) bool { return b.Name == column.Name })
		if j < 0 || slices.ContainsFunc(c.columns, func(known models.Column) bool { return known.Name == column.Name }) {
			continue
		}
		c.columns, c.places = append(c.columns, column), append(c.places, [2]int{j, i})
	}
	if len(c.columns) == 0 {
		if len(before.Columns)+len(after.Columns) == 0 {
			return nil
		}
		return []Change{{ChangeRows, c.words.columnsChanged + "."}}
	}
	c.show = formats(c.words, c.columns, []*models.Rows{before, after}, func(table, column int) int { return c.places[column][table] })
	c.old, c.now = c.written(before, 0), c.written(after, 1)
	single := len(c.old) == 1 && len(c.now) == 1
	if key := c.key(); key != nil && !(single && c.onlyTimes(key)) {
		return c.byKey(key)
	}
	if single {
		return c.say(c.values(nil, c.old[0], c.now[0]))
	}
	return c.asWhole()
}

// comparing is two tables by the columns that both have.
type comparing struct {
	words         *words
	before, after *models.Rows
	columns       []models.Column
	places        [][2]int // where each column is, before and after
	show          []format
	old, now      []line
}

// line is a row: its cells, and how they are written.
type line struct {
	cells []any
	texts []string
}

func (c *comparing) written(t *models.Rows, table int) []line {
	out := make([]line, len(t.Rows))
	for n, row := range t.Rows {
		l := line{make([]any, len(c.columns)), make([]string, len(c.columns))}
		for i := range c.columns {
			if at := c.places[i][table]; at < len(row) {
				l.cells[i] = row[at]
			}
			l.texts[i] = c.show[i](l.cells[i])
		}
		out[n] = l
	}
	return out
}

// measure says that a column holds amounts, which are no names.
func (c *comparing) measure(column int) bool {
	of := c.columns[column]
	if numeric(of) {
		return !isKey(of)
	}
	if of.Type != "" && of.Type != "other" {
		return false
	}
	seen := false
	for _, lines := range [][]line{c.old, c.now} {
		for _, l := range lines {
			if _, ok := numberOf(l.cells[column]); ok {
				seen = true
			} else if l.cells[column] != nil {
				return false
			}
		}
	}
	return seen && !isKey(of)
}

// key finds the columns that name rows; nil where there are none.
func (c *comparing) key() []int {
	var names []int
	for i := range c.columns {
		if !c.measure(i) {
			names = append(names, i)
		}
	}
	for _, i := range names {
		if c.unique([]int{i}) {
			return []int{i}
		}
	}
	for n := 2; n <= min(len(names), maxKeyWidth); n++ {
		if c.unique(names[:n]) {
			return names[:n]
		}
	}
	if len(names) > maxKeyWidth && c.unique(names) {
		return names
	}
	return nil
}

func (c *comparing) unique(columns []int) bool {
	for _, lines := range [][]line{c.old, c.now} {
		seen := make(map[string]bool, len(lines))
		for _, l := range lines {
			name := joined(pick(l.texts, columns))
			if seen[name] {
				return false
			}
			seen[name] = true
		}
	}
	return true
}

// onlyTimes says that a key is nothing but a date: that of the only row there is
// says when the value was, not what it is of.
func (c *comparing) onlyTimes(key []int) bool {
	for _, i := range key {
		if t := c.columns[i].Type; t != "date" && t != "timestamp" && t != "time" {
			return false
		}
	}
	return true
}

func pick[T any](from []T, columns []int) []T {
	out := make([]T, len(columns))
	for n, i := range columns {
		out[n] = from[i]
	}
	return out
}

// sentence is something to say, and how much of a change it is.
type sentence struct {
	text     string
	relative float64 // +Inf for what was nothing, or is no number
	absolute float64
}

func (c *comparing) byKey(key []int) []Change {
	was := make(map[string]line, len(c.old))
	for _, l := range c.old {
		was[joined(pick(l.texts, key))] = l
	}
	var fresh, gone []line
	var said []sentence
	for _, l := range c.now {
		name := joined(pick(l.texts, key))
		before, known := was[name]
		if !known {
			fresh = append(fresh, l)
			continue
		}
		delete(was, name)
		said = append(said, c.values(key, before, l)...)
	}
	for _, l := range c.old {
		if _, left := was[joined(pick(l.texts, key))]; left {
			gone = append(gone, l)
		}
	}
	if c.partly() { // rows may only have moved behind the end of what was read
		fresh, gone = nil, nil
	}
	var out []Change
	if len(fresh) > 0 {
		out = append(out, Change{ChangeRowNew, c.words.isNew + c.named(key, fresh)})
	}
	if len(gone) > 0 {
		out = append(out, Change{ChangeRowGone, c.words.isGone + c.named(key, gone)})
	}
	return append(out, c.say(said)...)
}

// named lists rows by their names, the first measure with each: those with the
// largest first, since the order of rows does not count.
func (c *comparing) named(key []int, lines []line) string {
	measure := -1
	for i := range c.columns {
		if measure < 0 && !slices.Contains(key, i) && c.measure(i) {
			measure = i
		}
	}
	size := func(l line) float64 {
		if measure >= 0 {
			if v, ok := numberOf(l.cells[measure]); ok {
				return v
			}
		}
		return math.Inf(-1)
	}
	lines = slices.Clone(lines)
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(size(b), size(a)), slices.Compare(a.texts, b.texts))
	})
	var names []string
	for _, l := range lines[:min(len(lines), maxNamed)] {
		name := c.name(key, l)
		if measure >= 0 && l.cells[measure] != nil {
			name += " (" + clip(l.texts[measure]) + ")"
		}
		names = append(names, name)
	}
	text := strings.Join(names, ", ")
	if more := len(lines) - len(names); more > 0 {
		text += " " + fmt.Sprintf(c.words.andMore, more)
	}
	return text
}

func (c *comparing) name(key []int, l line) string {
	names := pick(l.texts, key)
	for i, name := range names {
		if names[i] = clip(name); names[i] == "" {
			names[i] = c.words.empty
		}
	}
	return strings.Join(names, " · ")
}

func clip(text string) string {
	return models.Clip(strings.Join(strings.Fields(models.Clip(text, 4*maxName)), " "), maxName)
}

// values says which cells of a row have changed, its key apart.
func (c *comparing) values(key []int, before, after line) (out []sentence) {
	others := 0 // columns beside the key; of one alone the name goes without saying
	for i := range c.columns {
		if !slices.Contains(key, i) {
			others++
		}
	}
	for i, column := range c.columns {
		if slices.Contains(key, i) || before.texts[i] == after.texts[i] {
			continue
		}
		label := clip(strings.ReplaceAll(column.Name, "_", " "))
		if key != nil {
			label = c.name(key, after)
			if others > 1 {
				label += ", " + clip(strings.ReplaceAll(column.Name, "_", " "))
			}
		}
		s := sentence{relative: math.Inf(1)}
		change := ""
		was, hasWas := numberOf(before.cells[i])
		is, hasIs := numberOf(after.cells[i])
		if c.measure(i) && hasWas && hasIs {
			s.absolute = math.Abs(is - was)
			if relative := (is - was) / math.Abs(was); was != 0 && finite(relative) {
				s.relative = math.Abs(relative)
				change = " (" + c.percent(relative) + ")"
			}
		}
		s.text = label + ": " + c.shown(before, i) + " → " + c.shown(after, i) + change
		out = append(out, s)
	}
	return out
}

func (c *comparing) shown(l line, column int) string {
	if text := clip(l.texts[column]); text != "" {
		return text
	}
	return c.words.empty
}

// percent writes a relative change: "+14.4 %".
func (c *comparing) percent(relative float64) string {
	sign, share := "+", math.Abs(relative)*100
	if relative < 0 {
		sign = "−"
	}
	digits := 1
	switch {
	case share >= 1000:
		digits = 0
	case share < 0.1:
		digits = 2
	}
	if share < 0.005 {
		return sign + "<" + c.words.number(0.01, 2) + " %"
	}
	return sign + c.words.number(share, digits) + " %"
}

// say puts sentences in order and bounds them.
func (c *comparing) say(said []sentence) (out []Change) {
	slices.SortFunc(said, func(a, b sentence) int {
		return cmp.Or(cmp.Compare(b.relative, a.relative), cmp.Compare(b.absolute, a.absolute), cmp.Compare(a.text, b.text))
	})
	for _, s := range said[:min(len(said), maxSaid)] {
		out = append(out, Change{ChangeValue, s.text})
	}
	if more := len(said) - maxSaid; more > 0 {
		out = append(out, Change{ChangeRows, fmt.Sprintf(c.words.andMore, more)})
	}
	return out
}

// partly says that a result has more rows than are here.
func (c *comparing) partly() bool { return c.before.Truncated || c.after.Truncated }

// asWhole compares rows that nothing tells apart: how many are not as they were.
func (c *comparing) asWhole() []Change {
	left := map[string]int{}
	for _, l := range c.old {
		left[joined(l.texts)]++
	}
	changed := 0
	for _, l := range c.now {
		if row := joined(l.texts); left[row] > 0 {
			left[row]--
		} else {
			changed++
		}
	}
	if changed > 0 && c.partly() {
		return []Change{{ChangeRows, fmt.Sprintf(c.words.firstChanged, c.words.group(fmt.Sprint(changed)), c.words.group(fmt.Sprint(len(c.now))))}}
	}
	var out []Change
	if was, is := len(c.old), len(c.now); was != is && !c.partly() {
		out = append(out, Change{ChangeRows, fmt.Sprintf(c.words.rowsBefore, c.words.group(fmt.Sprint(was)), c.words.group(fmt.Sprint(is)))})
		changed -= max(is-was, 0)
	}
	switch {
	case changed == 1:
		out = append(out, Change{ChangeRows, c.words.rowChanged})
	case changed > 1:
		out = append(out, Change{ChangeRows, fmt.Sprintf(c.words.rowsChanged, c.words.group(fmt.Sprint(changed)))})
	}
	return out
}

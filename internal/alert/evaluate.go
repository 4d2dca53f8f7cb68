// Package alert decides when an alert fires and what it tells: conditions over
// results, bands of what is usual, the states from one run to the next. All of it
// is pure: the same input gives the same output, and nothing is read or sent.
package alert

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/datamind/datamind/models"
)

// Sample is what an earlier run saw.
type Sample struct {
	At     time.Time
	Values []models.AlertValue
}

// Reading is what a condition says of a key.
type Reading struct {
	models.AlertValue
	// Clear says that the value is back where it should be. A value that neither
	// breaks the condition nor is clear leaves a firing key firing.
	Clear bool
}

// Known says that there was something to judge.
func (r Reading) Known() bool { return r.Breach || r.Clear || r.Value != nil && r.Text == "" }

// Observation is what a run saw.
type Observation struct {
	Readings []Reading
	// More counts keys beyond those that are watched.
	More int
	// Code and Text say that the query failed, or its result could not be judged.
	Code models.Code
	Text string
	// Tick marks an observation of the time alone.
	Tick bool
	// Seen are the keys of rows to remember; nil where that is not asked for.
	Seen map[string]int
}

// Failed makes the observation of a query that failed.
func Failed(err error) Observation {
	return Observation{Code: models.ErrorCode(err), Text: models.ErrorMessage(err)}
}

// View is all that an evaluation looks at beside the condition.
type View struct {
	Rows *models.Rows
	// Past are earlier runs, oldest first; at most models.MaxAlertSample count.
	Past  []Sample
	State *models.AlertState
	At    time.Time // when the run was due
	Zone  *time.Location
}

// Needs reports how far back a condition looks; 0 for not at all.
func Needs(c *models.AlertCondition) time.Duration {
	const day = 24 * time.Hour
	switch c.Kind {
	case models.ConditionChange:
		switch c.Against {
		case models.AgainstWeekday:
			return 9 * day
		case models.AgainstMonthYear:
			return 400 * day
		}
		return 400 * day // the run before may be long ago
	case models.ConditionBand:
		return 400 * day
	}
	return 0
}

// lookback is how many earlier runs of a band are made up for.
const lookback = 60

// Lookback are the times of earlier runs that a condition looks at, oldest first.
func Lookback(c *models.AlertCondition, spec *Spec, now time.Time) []time.Time {
	switch {
	case c.Kind == models.ConditionBand:
		return spec.Between(now.AddDate(0, -6, 0), now, lookback)
	case c.Kind != models.ConditionChange:
		return nil
	case c.Against == models.AgainstWeekday:
		return spec.Between(now.AddDate(0, 0, -8), now, 2*lookback)
	case c.Against == models.AgainstMonthYear:
		return spec.Between(now.AddDate(-1, 0, -1), now.AddDate(-1, 1, 0), 2*lookback)
	}
	return spec.Between(now.AddDate(-1, 0, 0), now, 1)
}

// Evaluate judges a result.
func Evaluate(c *models.AlertCondition, v View) Observation {
	if c.Kind == models.ConditionFailure {
		return Observation{Readings: []Reading{{Clear: true}}}
	}
	if len(v.Rows.Rows) == 0 && c.Rows != models.RowsCount && c.Kind != models.ConditionRows {
		return empty(c)
	}
	s, err := shapeOf(c, v.Rows)
	if err != nil {
		return Failed(err)
	}
	e := evaluation{c, v, s}
	var out Observation
	switch {
	case c.Kind == models.ConditionRows:
		return e.membership()
	case c.Kind == models.ConditionFreshness:
		out, err = e.freshness()
	case c.Rows == models.RowsCount:
		out = e.single(cell{value: float64(len(v.Rows.Rows)), known: true}, "", nil)
	case c.Rows == models.RowsEach:
		out, err = e.each()
	case c.Rows == models.RowsAny || c.Rows == models.RowsAll:
		out, err = e.quantified()
	default:
		out, err = e.one()
	}
	if err != nil {
		return Failed(err)
	}
	return out
}

type evaluation struct {
	c *models.AlertCondition
	View
	s shape
}

func empty(c *models.AlertCondition) Observation {
	meaning := c.Empty
	if meaning == "" && c.Rows == models.RowsAny {
		meaning = models.EmptyOK
	}
	if c.Rows == models.RowsEach && meaning != models.EmptyBreach {
		return Observation{Readings: []Reading{}} // each key is absent
	}
	r := Reading{AlertValue: models.AlertValue{Text: "no rows", Breach: meaning == models.EmptyBreach}, Clear: meaning == models.EmptyOK}
	return Observation{Readings: []Reading{r}}
}

func (e *evaluation) notNumber(row int) error {
	return models.Errorf(models.CodeNotNumber, "Column %q of row %d is not a number. Choose another column, or have the query make it one.",
		clip(e.Rows.Columns[e.s.value].Name, 100), row+1)
}

// one judges the first or the last row.
func (e *evaluation) one() (Observation, error) {
	at := 0
	if e.c.Rows == models.RowsLast {
		at = e.latest()
	}
	got, ok := numberOf(e.Rows.Rows[at][e.s.value])
	if !ok {
		return Observation{}, e.notNumber(at)
	}
	return e.single(got, "", e.series(at)), nil
}

// latest is the row of the latest time, or the last one where rows have none.
func (e *evaluation) latest() int {
	at, newest := len(e.Rows.Rows)-1, time.Time{}
	if e.s.time >= 0 {
		for i, row := range e.Rows.Rows {
			if t, ok := timeOf(row[e.s.time]); ok && !t.Before(newest) {
				at, newest = i, t
			}
		}
	}
	return at
}

func (e *evaluation) single(got cell, key string, series []point) Observation {
	return Observation{Readings: []Reading{e.judge(got, key, series)}}
}

// series are the earlier rows of a result that is a series of its own: one row
// for each time.
func (e *evaluation) series(last int) (out []point) {
	if e.s.time < 0 || e.c.Rows != models.RowsLast {
		return nil
	}
	now, ok := timeOf(e.Rows.Rows[last][e.s.time])
	if !ok {
		return nil
	}
	for _, row := range e.Rows.Rows {
		at, ok := timeOf(row[e.s.time])
		got, isNumber := numberOf(row[e.s.value])
		if ok && isNumber && got.known && at.Before(now) {
			out = append(out, point{at, got.value})
		}
	}
	slices.SortFunc(out, func(a, b point) int { return a.at.Compare(b.at) })
	return append(out, point{now, math.NaN()}) // the last says when the value is of
}

// each judges every key on its own, up to MaxAlertKeys; keys that have a state
// stay watched before new ones.
func (e *evaluation) each() (out Observation, err error) {
	last := map[string]int{}
	var order []string
	for i, row := range e.Rows.Rows {
		key := keyOf(row, e.s.keys)
		if _, twice := last[key]; !twice {
			order = append(order, key)
		}
		last[key] = i // of a key with several rows the last one counts
	}
	room := models.MaxAlertKeys
	if e.State != nil {
		for _, key := range order {
			if e.State.Keys[key] != nil {
				room--
			}
		}
	}
	out.Readings = []Reading{}
	for _, key := range order {
		if e.State == nil || e.State.Keys[key] == nil {
			if room <= 0 {
				out.More++
				continue
			}
			room--
		}
		got, ok := numberOf(e.Rows.Rows[last[key]][e.s.value])
		if !ok {
			return out, e.notNumber(last[key])
		}
		out.Readings = append(out.Readings, e.judge(got, key, nil))
	}
	return out, nil
}

// quantified judges all rows together. Rows without a value do not count; when
// none has one, nothing is known.
func (e *evaluation) quantified() (Observation, error) {
	var worst, best *Reading
	var worstRow, known, breaches, clears int
	for i, row := range e.Rows.Rows {
		got, ok := numberOf(row[e.s.value])
		if !ok {
			return Observation{}, e.notNumber(i)
		}
		if !got.known {
			continue
		}
		known++
		r := e.judge(got, "", nil)
		if r.Breach {
			breaches++
			if worst == nil || further(e.c.Op, *r.Value, *worst.Value) {
				worst, worstRow = &r, i
			}
		} else if best == nil || further(e.c.Op, *r.Value, *best.Value) {
			best = &r
		}
		if r.Clear {
			clears++
		}
	}
	if known == 0 {
		return Observation{Readings: []Reading{{AlertValue: models.AlertValue{Text: "no row has a value"}}}}, nil
	}
	r := best
	if worst != nil {
		r = worst
		if len(e.Rows.Rows) > 1 && len(e.s.keys) > 0 {
			r.Text = keyOf(e.Rows.Rows[worstRow], e.s.keys)
			if breaches > 1 {
				r.Text = fmt.Sprintf("%s and %d more", r.Text, breaches-1)
			}
		}
	}
	if e.c.Rows == models.RowsAll {
		r.Breach, r.Clear = breaches == known, clears > 0
		if !r.Breach {
			r.Text = ""
		}
	} else {
		r.Breach, r.Clear = breaches > 0, clears == known
	}
	return Observation{Readings: []Reading{*r}}, nil
}

// further says that a is further in the direction of a comparison than b.
func further(op string, a, b float64) bool {
	if op == models.OpBelow || op == models.OpAtMost {
		return a < b
	}
	return a > b
}

func (e *evaluation) freshness() (Observation, error) {
	var newest time.Time
	for i, row := range e.Rows.Rows {
		if row[e.s.value] == nil {
			continue
		}
		t, ok := timeOf(row[e.s.value])
		if !ok {
			return Observation{}, models.Errorf(models.CodeNotNumber, "Column %q of row %d is no date or time.", clip(e.Rows.Columns[e.s.value].Name, 100), i+1)
		}
		if t.After(newest) {
			newest = t
		}
	}
	if newest.IsZero() {
		return empty(e.c), nil
	}
	age := max(e.At.Sub(newest).Seconds(), 0)
	r := limited(e.c, models.OpAbove, age, e.c.Limit)
	r.Text = "newest " + newest.UTC().Format("2006-01-02 15:04:05")
	return Observation{Readings: []Reading{r}}, nil
}

// forgetAfter is after how many runs without it a row's key is forgotten.
const forgetAfter = 30

// membership compares the rows' keys with those that were there before. The
// first run learns them.
func (e *evaluation) membership() Observation {
	seen, learnt := map[string]int{}, false
	if e.State != nil {
		learnt = e.State.Learnt
		for key, away := range e.State.Seen {
			seen[key] = away + 1
		}
	}
	out := Observation{}
	var fresh []string
	for _, row := range e.Rows.Rows {
		key := keyOf(row, e.s.keys)
		if _, known := seen[key]; !known {
			if len(seen) >= models.MaxAlertSeen {
				out.More++
				continue
			}
			fresh = append(fresh, key)
		}
		seen[key] = 0
	}
	var gone []string
	for key, away := range seen {
		switch {
		case away > forgetAfter:
			delete(seen, key)
		case away > 0:
			gone = append(gone, key)
		}
	}
	out.Seen = seen
	if !learnt {
		out.Readings = []Reading{{AlertValue: models.AlertValue{Text: fmt.Sprintf("learnt %d rows", len(seen))}}}
		return out
	}
	which := fresh
	if e.c.Change == models.RowsMissing {
		which = gone
	}
	count := float64(len(which))
	r := Reading{AlertValue: models.AlertValue{Value: &count, Breach: count > 0}, Clear: count == 0}
	r.Text = listed(which)
	out.Readings = []Reading{r}
	return out
}

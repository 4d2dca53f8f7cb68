package alert

import (
	"math"

	"github.com/datamind/datamind/models"
)

// Propose is a condition that suits the shape of an answer, for a person to
// change: a series is held against what is usual of it, rows with names each
// against a limit, a single value against one, and rows without numbers are counted.
func Propose(rows *models.Rows) models.AlertCondition {
	any := models.AlertCondition{Kind: models.ConditionThreshold, Rows: models.RowsCount, Op: models.OpAbove}
	if len(rows.Rows) == 0 {
		return any
	}
	c := models.AlertCondition{Kind: models.ConditionThreshold}
	s, err := shapeOf(&c, rows)
	if err != nil {
		any.Limit = float64(len(rows.Rows))
		return any
	}
	c.Column, c.Op = rows.Columns[s.value].Name, models.OpAbove
	var most float64
	for _, row := range rows.Rows {
		if got, ok := numberOf(row[s.value]); ok && got.known {
			most = max(most, got.value)
		}
	}
	c.Limit = nice(most * 1.2)
	switch {
	case s.time >= 0 && len(s.keys) == 1:
		c.Rows, c.Op, c.Limit = models.RowsLast, models.OpEither, defaultWidth
		if c.Kind = models.ConditionBand; len(rows.Rows) <= 3*7 {
			c.Kind, c.Against, c.Percent, c.Limit = models.ConditionChange, models.AgainstPrevious, true, 30
		}
	case len(rows.Rows) > 1 && len(s.keys) > 0:
		c.Rows = models.RowsEach
		for _, k := range s.keys {
			if !isTime(rows.Columns[k]) && len(c.Keys) < 5 {
				c.Keys = append(c.Keys, rows.Columns[k].Name)
			}
		}
		if len(rows.Rows) > models.MaxAlertKeys {
			c.Rows, c.Keys = models.RowsAny, nil
		}
	default:
		c.Rows = models.RowsFirst
	}
	return c
}

// nice is a number with two digits, not below v.
func nice(v float64) float64 {
	if v <= 0 || math.IsInf(v, 0) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	n := math.Ceil(v/unit - 1e-9)
	if unit < 1 {
		return n / math.Round(1/unit)
	}
	return n * unit
}

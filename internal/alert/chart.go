package alert

import (
	"time"

	"github.com/datamind/datamind/models"
)

// Bounds of charts: more could not be read.
const (
	chartKeys   = 12
	chartPoints = 90
)

// Chart is what an alert saw, to be drawn.
type Chart struct {
	Spec models.ChartSpec
	Rows *models.Rows
	// Limit is what the last value was held against, nil for nothing.
	Limit     *float64
	LimitName string
}

// ChartOf is the chart that goes with what an alert tells: its values over time
// against what the last one was held against, or its keys side by side. It is
// not ok where there are too few values to show more than the message says.
func ChartOf(a *models.Alert, v View, values []models.AlertValue) (chart Chart, ok bool) {
	c := &a.Condition
	if c.Kind == models.ConditionRows || c.Kind == models.ConditionFreshness || c.Kind == models.ConditionFailure || len(values) == 0 {
		return chart, false
	}
	if len(values) > 1 || values[0].Key != "" {
		return keysChart(c, values)
	}
	chart.Spec = models.ChartSpec{Type: models.ChartLine, X: "time", Y: []string{"value"}, XType: "time"}
	chart.Rows = &models.Rows{Columns: []models.Column{{Name: "time"}, {Name: "value"}}}
	add := func(at time.Time, value any) {
		chart.Rows.Rows = append(chart.Rows.Rows, []any{at.Format("2006-01-02T15:04:05"), value})
	}
	if series := Series(c, v.Rows); series != nil {
		all := series[len(series)-1].Rows.Rows // dates of the result, as they are
		for _, row := range all[max(0, len(all)-chartPoints):] {
			if at, is := timeOf(row[0]); is {
				add(at, row[1])
			}
		}
	} else {
		for _, s := range v.Past[max(0, len(v.Past)-chartPoints+1):] {
			if len(s.Values) == 1 && s.Values[0].Value != nil && s.At.Before(v.At) {
				add(s.At.In(v.Zone), *s.Values[0].Value)
			}
		}
		if values[0].Value != nil {
			add(v.At.In(v.Zone), *values[0].Value)
		}
	}
	chart.hold(c, values[0])
	return chart, len(chart.Rows.Rows) > 1
}

// keysChart shows the keys that break the condition before the others.
func keysChart(c *models.AlertCondition, values []models.AlertValue) (chart Chart, ok bool) {
	chart.Spec = models.ChartSpec{Type: models.ChartBar, X: "key", Y: []string{"value"}, Horizontal: true}
	chart.Rows = &models.Rows{Columns: []models.Column{{Name: "key"}, {Name: "value"}}}
	for _, breach := range []bool{true, false} {
		for _, v := range values {
			if v.Breach == breach && v.Value != nil && len(chart.Rows.Rows) < chartKeys {
				chart.Rows.Rows = append(chart.Rows.Rows, []any{v.Key, *v.Value})
			}
		}
	}
	if c.Kind == models.ConditionThreshold { // the others have a limit for each key
		chart.hold(c, values[0])
	}
	return chart, len(chart.Rows.Rows) > 1
}

// hold adds the limit that a value was held against: of two the one that it broke.
func (c *Chart) hold(of *models.AlertCondition, v models.AlertValue) {
	name := ""
	switch {
	case v.High != nil && (v.Low == nil || v.Value != nil && *v.Value > *v.High):
		c.Limit, name = v.High, "at most "
	case v.Low != nil:
		c.Limit, name = v.Low, "at least "
	default:
		return
	}
	if of.Kind == models.ConditionThreshold {
		name = "limit "
	}
	c.LimitName = name + Value(of, *c.Limit)
}

package alert

import (
	"time"

	"github.com/datamind/datamind/models"
)

// Past is what a query brought, or would have brought, at a time.
type Past struct {
	At   time.Time
	Rows *models.Rows
	// Values stand for the rows where a run has been recorded.
	Values []models.AlertValue
	Code   models.Code
	Text   string
}

// Replayed is what an alert would have done.
type Replayed struct {
	Runs     int       `json:"runs" doc:"How many moments it was tried on"`
	Unknown  int       `json:"unknown" doc:"How many of them could not be judged"`
	Failed   int       `json:"failed" doc:"How many of them failed"`
	Fired    int       `json:"fired" doc:"How often it would have fired"`
	Told     int       `json:"told" doc:"How many messages each channel would have got"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Episodes []Span    `json:"episodes" doc:"The last of them"`
	Points   []Point   `json:"points" doc:"The values, for a chart"`
}

// Span is the time of an episode; To is zero for one that goes on.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
	Keys []string  `json:"keys,omitempty"`
}

// Point is the worst value of a moment with what it was held against.
type Point struct {
	At time.Time `json:"at"`
	models.AlertValue
	Firing bool `json:"firing,omitempty"`
}

// maxSpans bounds what a dry run shows.
const maxSpans = 50

// DryRun lets an alert run over the past, oldest first: the same judgement and
// the same steps, and nothing told.
func DryRun(a *models.Alert, zone *time.Location, past []Past) Replayed {
	var out Replayed
	var state models.AlertState
	var seen []Sample
	out.Episodes, out.Points = []Span{}, []Point{}
	for i, p := range past {
		if i == 0 {
			out.From = p.At
		}
		out.To = p.At
		out.Runs++
		o := Observation{Code: p.Code, Text: p.Text}
		if p.Code == "" {
			o = again(&a.Condition, p, View{Rows: p.Rows, Past: seen, State: &state, At: p.At, Zone: zone})
		}
		switch {
		case o.Code != "":
			out.Failed++
		case len(o.Readings) > 0 && !o.Readings[0].Breach && !o.Readings[0].Clear && o.Readings[0].Text != "":
			out.Unknown++
		}
		var effects []Effect
		state, effects = Step(Input{Rule: a.Rule, Zone: zone, Now: p.At, EpisodeID: p.At.Format(time.RFC3339)}, state, o)
		out.note(p.At, effects)
		seen = append(seen, Sample{p.At, ValuesOf(o)})
		if v := worst(o.Readings); v != nil {
			out.Points = append(out.Points, Point{At: p.At, AlertValue: *v, Firing: Status(&state) == string(models.KeyFiring)})
		}
	}
	out.Episodes = out.Episodes[max(0, len(out.Episodes)-maxSpans):]
	return out
}

func (out *Replayed) note(at time.Time, effects []Effect) {
	for _, e := range effects {
		switch {
		case e.Tell:
			out.Told++
		case e.Kind == Opened:
			out.Fired++
			out.Episodes = append(out.Episodes, Span{From: at, Keys: e.Keys[:min(len(e.Keys), shownKeys)]})
		case e.Kind == Closed && len(out.Episodes) > 0:
			out.Episodes[len(out.Episodes)-1].To = at
		}
	}
}

// ValuesOf are the values of an observation, as they are stored.
func ValuesOf(o Observation) []models.AlertValue {
	values := make([]models.AlertValue, 0, len(o.Readings))
	for _, r := range o.Readings {
		values = append(values, r.AlertValue)
	}
	return values
}

func worst(readings []Reading) *models.AlertValue {
	for _, r := range readings {
		if r.Breach && r.Value != nil {
			return &r.AlertValue
		}
	}
	for _, r := range readings {
		if r.Value != nil {
			return &r.AlertValue
		}
	}
	return nil
}

// again judges what a run brought, or the values that it left where its rows are gone.
func again(c *models.AlertCondition, p Past, v View) (o Observation) {
	switch {
	case p.Rows != nil:
		return Evaluate(c, v)
	case c.Kind == models.ConditionFreshness || c.Kind == models.ConditionRows || c.Rows == models.RowsCount:
		for _, was := range p.Values {
			r := Reading{AlertValue: was}
			switch {
			case was.Value == nil:
			case c.Kind == models.ConditionRows:
				r.Breach, r.Clear = *was.Value > 0, *was.Value == 0
			case c.Kind == models.ConditionFreshness:
				r = limited(c, models.OpAbove, *was.Value, c.Limit)
			default:
				r = (&evaluation{c: c, View: v}).judge(cell{value: *was.Value, known: true}, "", nil)
			}
			o.Readings = append(o.Readings, r)
		}
		return o
	}
	keyed := *c
	keyed.Column, keyed.Keys = "value", nil
	v.Rows = &models.Rows{Columns: []models.Column{{Name: "value", Type: "number"}}}
	if c.Rows == models.RowsEach {
		keyed.Keys = []string{"key"}
		v.Rows.Columns = append(v.Rows.Columns, models.Column{Name: "key", Type: "text"})
	}
	for _, was := range p.Values {
		var value any
		if was.Value != nil {
			value = *was.Value
		}
		v.Rows.Rows = append(v.Rows.Rows, []any{value, was.Key}[:len(v.Rows.Columns)])
	}
	return Evaluate(&keyed, v)
}

// Series cuts a result that is a series into what each of its times would have
// seen, oldest first; nil where it is none.
func Series(c *models.AlertCondition, rows *models.Rows) (past []Past) {
	if c.Rows != models.RowsLast || len(rows.Rows) < 2 {
		return nil
	}
	s, err := shapeOf(c, rows)
	if err != nil || s.time < 0 {
		return nil
	}
	e := evaluation{c: c, View: View{Rows: rows}, s: s}
	points := e.series(e.latest())
	if len(points) < 2 {
		return nil
	}
	last, _ := numberOf(rows.Rows[e.latest()][s.value])
	points[len(points)-1].value = last.value
	columns := []models.Column{rows.Columns[s.time], rows.Columns[s.value]}
	all := make([][]any, len(points))
	for i, p := range points {
		all[i] = []any{p.at.Format(time.RFC3339Nano), p.value}
		past = append(past, Past{At: p.at, Rows: &models.Rows{Columns: columns, Rows: all[:i+1]}})
	}
	return past
}

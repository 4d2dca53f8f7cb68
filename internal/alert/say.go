package alert

import (
	"fmt"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// Value writes a value with its unit.
func Value(c *models.AlertCondition, v float64) string {
	if c.Kind == models.ConditionFreshness {
		return age(v)
	}
	text := number(v)
	switch {
	case c.Unit == "%":
		return text + " %"
	case c.Unit != "":
		return text + " " + c.Unit
	}
	return text
}

func age(seconds float64) string {
	switch {
	case seconds < 120:
		return number(seconds) + " s"
	case seconds < 2*3600:
		return number(seconds/60) + " min"
	case seconds < 48*3600:
		return number(seconds/3600) + " h"
	}
	return number(seconds/86400) + " days"
}

// Describe says a condition in words: what is watched, and when it fires.
func Describe(c *models.AlertCondition) string {
	what := strings.ReplaceAll(c.Column, "_", " ")
	if what == "" {
		what = "the value"
	}
	ops := map[string]string{"": "is above", models.OpAbove: "is above", models.OpAtLeast: "is at least", models.OpBelow: "is below",
		models.OpAtMost: "is at most", models.OpEqual: "is", models.OpNotEqual: "is not"}
	switch c.Rows {
	case models.RowsAny:
		what += " of any row"
	case models.RowsAll:
		what += " of every row"
	case models.RowsEach:
		what += " of one of " + names(c.Keys)
	case models.RowsLast:
		what = "the latest " + strings.TrimPrefix(what, "the ")
	case models.RowsCount:
		what = "the number of rows"
	}
	switch c.Kind {
	case models.ConditionThreshold:
		return what + " " + ops[c.Op] + " " + Value(c, c.Limit)
	case models.ConditionChange:
		against := map[string]string{"": "the run before", models.AgainstPrevious: "the run before", models.AgainstWeekday: "a week before",
			models.AgainstMonthYear: "the same month of the year before"}[c.Against]
		how := map[string]string{models.OpBelow: "falls", models.OpEither: "changes"}[c.Op]
		if how == "" {
			how = "rises"
		}
		size := Value(c, c.Limit)
		if c.Percent {
			size = number(c.Limit) + " %"
		}
		return fmt.Sprintf("%s %s by more than %s against %s", what, how, size, against)
	case models.ConditionBand:
		side := map[string]string{models.OpAbove: "above", models.OpBelow: "below"}[c.Op]
		if side == "" {
			side = "outside of"
		}
		return what + " is " + side + " what is usual for its day of the week"
	case models.ConditionRows:
		if c.Change == models.RowsMissing {
			return "rows go missing"
		}
		return "there are new rows"
	case models.ConditionFreshness:
		return "the newest " + strings.TrimPrefix(what, "the ") + " is older than " + age(c.Limit)
	}
	return "the query fails"
}

func names(keys []string) string {
	if len(keys) == 0 {
		return "its rows"
	}
	return strings.ReplaceAll(strings.Join(keys, " and "), "_", " ")
}

// shownKeys bounds the rows of a message.
const shownKeys = 10

// Told is what a message is made of.
type Told struct {
	Alert  *models.Alert
	State  *models.AlertState
	Effect Effect
	Values []models.AlertValue // of the run, none for a tick
	At     time.Time
	Zone   *time.Location
	Link   string
}

// Message says an effect to people.
func Message(t Told) models.Message {
	c := &t.Alert.Condition
	m := models.Message{Severity: t.Alert.Rule.Severity, Link: t.Link, LinkText: "Open the alert"}
	if m.Severity == "" {
		m.Severity = models.SeverityWarning
	}
	value := t.value()
	switch t.Effect.Kind {
	case Alarm:
		m.Title = t.Alert.Name + value
	case Also:
		m.Title = t.Alert.Name + ": also " + listed(t.Effect.Keys)
	case Reminder:
		m.Title = "Still: " + t.Alert.Name + value
	case Escalation:
		m.Title = "Nobody has acknowledged: " + t.Alert.Name + value
		m.Severity = models.SeverityCritical
	case Recovered:
		m.Title, m.Severity = t.Alert.Name+": over for "+listed(t.Effect.Keys), models.SeverityInfo
	case Resolved:
		m.Title, m.Severity = "Over: "+t.Alert.Name, models.SeverityResolved
	case Failing:
		m.Title = t.Alert.Name + ": the query fails"
		m.Text = t.Effect.Text
		m.Facts = append(m.Facts, models.MessageFact{Name: "Failures in a row", Value: number(float64(t.State.Failures))})
	case Working:
		m.Title, m.Severity = t.Alert.Name+": the query works again", models.SeverityResolved
	}
	if t.Effect.Kind != Failing && t.Effect.Kind != Working {
		m.Facts = append(m.Facts, models.MessageFact{Name: "Condition", Value: Describe(c)})
		t.rows(&m)
	}
	m.Facts = append(m.Facts, models.MessageFact{Name: "Time", Value: t.At.In(t.Zone).Format("2006-01-02 15:04 MST")})
	if t.Effect.EpisodeID != "" && !t.State.EpisodeAt.IsZero() && t.Effect.EpisodeID == t.State.EpisodeID && t.Effect.Kind != Alarm {
		m.Facts = append(m.Facts, models.MessageFact{Name: "Since", Value: t.State.EpisodeAt.In(t.Zone).Format("2006-01-02 15:04 MST")})
	}
	if t.Alert.Question != "" {
		m.Facts = append(m.Facts, models.MessageFact{Name: "Question", Value: question(t.Alert)})
	}
	return m
}

func question(a *models.Alert) string {
	if a.Of != "" {
		return a.Question + ", in percent of " + a.Of
	}
	return a.Question
}

// value is the value of a single key, for the title.
func (t Told) value() string {
	if len(t.Effect.Keys) > 1 {
		return fmt.Sprintf(": %d of %s", len(t.Effect.Keys), names(t.Alert.Condition.Keys))
	}
	for _, name := range t.Effect.Keys {
		k := t.State.Keys[name]
		switch {
		case k == nil || k.Value == nil:
		case name != "":
			return ": " + name + " " + Value(&t.Alert.Condition, *k.Value)
		default:
			return ": " + Value(&t.Alert.Condition, *k.Value)
		}
	}
	if len(t.Effect.Keys) == 1 && t.Effect.Keys[0] != "" {
		return ": " + t.Effect.Keys[0]
	}
	return ""
}

// rows shows the keys that it is about with their values.
func (t Told) rows(m *models.Message) {
	bounds := map[string]models.AlertValue{}
	for _, v := range t.Values {
		bounds[v.Key] = v
	}
	keys := t.Effect.Keys
	if t.Effect.Kind == Resolved {
		for name := range t.State.Keys {
			if name == "" {
				keys = []string{""}
			}
		}
	}
	if len(keys) == 1 && keys[0] == "" {
		k := t.State.Keys[""]
		if k == nil {
			return
		}
		if k.Value != nil {
			m.Facts = append(m.Facts, models.MessageFact{Name: "Value", Value: Value(&t.Alert.Condition, *k.Value)})
		}
		if k.Text != "" {
			m.Facts = append(m.Facts, models.MessageFact{Name: "Which", Value: k.Text})
		}
		if v := bounds[""]; t.Alert.Condition.Kind != models.ConditionThreshold {
			if usual := span(&t.Alert.Condition, v); usual != "" {
				m.Facts = append(m.Facts, models.MessageFact{Name: "Would be usual", Value: usual})
			}
		}
		return
	}
	m.Columns = []string{names(t.Alert.Condition.Keys), "value"}
	for i, name := range keys {
		k := t.State.Keys[name]
		if i >= shownKeys {
			m.More++
			continue
		}
		row := []string{name, "–"}
		if k != nil && k.Value != nil {
			row[1] = Value(&t.Alert.Condition, *k.Value)
		}
		m.Rows = append(m.Rows, row)
	}
	if len(m.Rows) == 0 {
		m.Columns = nil
	}
}

func span(c *models.AlertCondition, v models.AlertValue) string {
	switch {
	case v.Low != nil && v.High != nil:
		return Value(c, *v.Low) + " to " + Value(c, *v.High)
	case v.Low != nil:
		return "at least " + Value(c, *v.Low)
	case v.High != nil:
		return "at most " + Value(c, *v.High)
	}
	return ""
}

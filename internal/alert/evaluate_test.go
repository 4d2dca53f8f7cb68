package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func number1(values ...any) *models.Rows {
	r := &models.Rows{Columns: []models.Column{{Name: "v", Type: "number"}}}
	for _, v := range values {
		r.Rows = append(r.Rows, []any{v})
	}
	return r
}

func shops(pairs ...any) *models.Rows {
	r := &models.Rows{Columns: []models.Column{{Name: "shop", Type: "text"}, {Name: "v", Type: "number"}}}
	for i := 0; i < len(pairs); i += 2 {
		r.Rows = append(r.Rows, []any{pairs[i], pairs[i+1]})
	}
	return r
}

// verdict of a single reading: breach, clear, between, unknown, or an error's code.
func verdict(o Observation) string {
	if o.Code != "" {
		return string(o.Code)
	}
	if len(o.Readings) != 1 {
		return fmt.Sprint(len(o.Readings), " readings")
	}
	switch r := o.Readings[0]; {
	case r.Breach:
		return "breach"
	case r.Clear:
		return "clear"
	case r.Known():
		return "between"
	}
	return "unknown"
}

func TestEveryKindOfCellHasADefinedOutcome(t *testing.T) {
	t.Parallel()
	c := models.AlertCondition{Kind: models.ConditionThreshold, Op: models.OpAbove, Limit: 10}
	for _, test := range []struct {
		cell any
		want string
	}{
		{int64(11), "breach"}, {10.0, "clear"}, {json.Number("10.000000000000001"), "breach"}, {json.Number("1e400"), "breach"},
		{nil, "unknown"}, {math.NaN(), "unknown"}, {json.Number("NaN"), "unknown"}, {math.Inf(1), "breach"}, {math.Inf(-1), "clear"},
		{"Infinity", "breach"}, {" 12.5 ", "breach"}, {"many", "alert_not_a_number"}, {"0x20", "alert_not_a_number"}, {"", "alert_not_a_number"},
		{true, "clear"}, {[]any{1}, "alert_not_a_number"},
	} {
		o := Evaluate(&c, View{Rows: number1(test.cell), At: monday, Zone: time.UTC})
		require.Equal(t, test.want, verdict(o), "%#v", test.cell)
		_, err := json.Marshal(ValuesOf(o))
		require.NoError(t, err, "what was seen can be stored")
	}
}

func TestEmptyResults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		c    models.AlertCondition
		want string
	}{
		{models.AlertCondition{}, "unknown"}, {models.AlertCondition{Empty: "breach"}, "breach"}, {models.AlertCondition{Empty: "ok"}, "clear"},
		{models.AlertCondition{Rows: models.RowsAny}, "clear"}, {models.AlertCondition{Rows: models.RowsAny, Empty: "unknown"}, "unknown"},
		{models.AlertCondition{Rows: models.RowsAll}, "unknown"}, {models.AlertCondition{Rows: models.RowsEach}, "0 readings"},
		{models.AlertCondition{Rows: models.RowsCount, Op: models.OpBelow, Limit: 1}, "breach"}, {models.AlertCondition{Rows: models.RowsCount}, "clear"},
		{models.AlertCondition{Kind: models.ConditionFreshness, Limit: 5}, "unknown"}, {models.AlertCondition{Kind: models.ConditionFailure}, "clear"},
	} {
		if test.c.Kind == "" {
			test.c.Kind = models.ConditionThreshold
		}
		require.Equal(t, test.want, verdict(Evaluate(&test.c, View{Rows: number1(), At: monday, Zone: time.UTC})), "%+v", test.c)
	}
}

func TestAnyAllAndCount(t *testing.T) {
	t.Parallel()
	rows := shops("A", 5.0, "B", nil, "C", 12.0, "D", 20.0)
	for _, test := range []struct {
		rows models.RowChoice
		op   string
		want string
		text string
	}{
		{models.RowsAny, models.OpAbove, "breach", "D and 1 more"}, {models.RowsAll, models.OpAbove, "clear", ""},
		{models.RowsAll, models.OpBelow, "clear", ""}, {models.RowsAny, models.OpBelow, "breach", "A"},
		{models.RowsAny, models.OpEqual, "clear", ""}, {models.RowsCount, models.OpAbove, "clear", ""},
	} {
		c := models.AlertCondition{Kind: models.ConditionThreshold, Rows: test.rows, Op: test.op, Limit: 10}
		o := Evaluate(&c, View{Rows: rows, At: monday, Zone: time.UTC})
		require.Equal(t, test.want, verdict(o), "%s %s", test.rows, test.op)
		require.Equal(t, test.text, o.Readings[0].Text)
	}
	c := models.AlertCondition{Kind: models.ConditionThreshold, Rows: models.RowsAll, Limit: 1}
	require.Equal(t, "unknown", verdict(Evaluate(&c, View{Rows: shops("A", nil), At: monday, Zone: time.UTC})))
}

func TestColumnsThatAreNotThere(t *testing.T) {
	t.Parallel()
	for _, c := range []models.AlertCondition{{Kind: models.ConditionThreshold, Column: "gone"}, {Kind: models.ConditionThreshold, Rows: models.RowsEach, Keys: []string{"gone"}}} {
		require.Equal(t, "alert_column_missing", verdict(Evaluate(&c, View{Rows: shops("A", 1.0), At: monday, Zone: time.UTC})))
	}
	c := models.AlertCondition{Kind: models.ConditionFreshness, Limit: 5}
	require.Equal(t, "alert_not_a_number", verdict(Evaluate(&c, View{Rows: shops("A", 1.0), At: monday, Zone: time.UTC})))
}

func TestKeysAreBoundedAndThoseWithAStateStay(t *testing.T) {
	t.Parallel()
	rows := shops()
	for i := range models.MaxAlertKeys + 50 {
		rows.Rows = append(rows.Rows, []any{fmt.Sprint("shop ", i), float64(i)})
	}
	state := models.AlertState{Keys: map[string]*models.KeyState{fmt.Sprint("shop ", models.MaxAlertKeys+49): {Status: models.KeyFiring}}}
	c := models.AlertCondition{Kind: models.ConditionThreshold, Rows: models.RowsEach, Limit: 1e9}
	o := Evaluate(&c, View{Rows: rows, State: &state, At: monday, Zone: time.UTC})
	require.Len(t, o.Readings, models.MaxAlertKeys)
	require.Equal(t, 50, o.More)
	next, _ := Step(Input{Now: monday, Zone: time.UTC}, state, o)
	require.Len(t, next.Keys, models.MaxAlertKeys)
	require.Equal(t, models.KeyOK, next.Keys[fmt.Sprint("shop ", models.MaxAlertKeys+49)].Status)
}

func daily(days int, value func(day int, at time.Time) float64) (past []Sample) {
	for i := range days {
		at := monday.AddDate(0, 0, i-days)
		v := value(i, at)
		past = append(past, Sample{at, []models.AlertValue{{Value: &v}}})
	}
	return past
}

func TestChanges(t *testing.T) {
	t.Parallel()
	past := daily(400, func(_ int, at time.Time) float64 {
		if at.Year() == 2025 && at.Month() == time.March {
			return 50
		}
		if at.Weekday() == time.Monday {
			return 200
		}
		return 100
	})
	for _, test := range []struct {
		c    models.AlertCondition
		now  float64
		want string
	}{
		{models.AlertCondition{Limit: 10, Percent: true}, 111, "breach"},
		{models.AlertCondition{Limit: 10, Percent: true}, 110, "clear"},
		{models.AlertCondition{Limit: 10, Percent: true, Op: models.OpBelow}, 89, "breach"},
		{models.AlertCondition{Limit: 10, Percent: true, Clear: ptr(5.0)}, 108, "between"},
		{models.AlertCondition{Limit: 10, Op: models.OpEither}, 85, "breach"},
		{models.AlertCondition{Limit: 10, Percent: true, Against: models.AgainstWeekday}, 210, "clear"},
		{models.AlertCondition{Limit: 10, Percent: true, Against: models.AgainstWeekday, Op: models.OpBelow}, 100, "breach"},
		{models.AlertCondition{Limit: 10, Percent: true, Against: models.AgainstMonthYear}, 56, "breach"},
	} {
		test.c.Kind = models.ConditionChange
		o := Evaluate(&test.c, View{Rows: number1(test.now), Past: past, At: monday, Zone: time.UTC})
		require.Equal(t, test.want, verdict(o), "%+v %v", test.c, test.now)
	}
	c := models.AlertCondition{Kind: models.ConditionChange, Limit: 10, Percent: true}
	require.Equal(t, "unknown", verdict(Evaluate(&c, View{Rows: number1(1.0), At: monday, Zone: time.UTC})), "the first run has nothing to compare with")
	zero := daily(1, func(int, time.Time) float64 { return 0 })
	require.Equal(t, "breach", verdict(Evaluate(&c, View{Rows: number1(1.0), Past: zero, At: monday, Zone: time.UTC})))
	require.Equal(t, "clear", verdict(Evaluate(&c, View{Rows: number1(0.0), Past: zero, At: monday, Zone: time.UTC})))
}

func TestBandsKnowTheDayOfTheWeekAndStandWildValues(t *testing.T) {
	t.Parallel()
	c := models.AlertCondition{Kind: models.ConditionBand, Op: models.OpEither, Limit: 4}
	see := func(past []Sample, v float64) string {
		return verdict(Evaluate(&c, View{Rows: number1(v), Past: past, At: monday, Zone: time.UTC}))
	}
	for seed := range uint64(50) {
		dice := rand.New(rand.NewPCG(seed, 1))
		past := daily(70, func(i int, at time.Time) float64 {
			v := 1000 + dice.NormFloat64()*20
			if at.Weekday() == time.Monday {
				v = 3000 + dice.NormFloat64()*20
			}
			if i%7 == 3 { // one in seven is nonsense
				v = dice.Float64() * 1e6
			}
			return v
		})
		require.Equal(t, "clear", see(past, 3010), "seed %d: a usual Monday", seed)
		require.Equal(t, "breach", see(past, 1000), "seed %d: a Monday like other days", seed)
		require.Equal(t, "breach", see(past, 9000), "seed %d", seed)
	}
	o := Evaluate(&c, View{Rows: number1(1.0), Past: daily(9, func(int, time.Time) float64 { return 1 }), At: monday, Zone: time.UTC})
	require.Equal(t, "unknown", verdict(o))
	require.Equal(t, "learns what is usual: 9 of 14 values", o.Readings[0].Text)
	o = Evaluate(&c, View{Rows: number1(1.0), Past: daily(15, func(int, time.Time) float64 { return 1 }), At: monday, Zone: time.UTC})
	require.Equal(t, "learns what is usual: 2 of 3 values of the same day of the week", o.Readings[0].Text)
	flat := daily(60, func(int, time.Time) float64 { return 100 })
	require.Equal(t, "clear", see(flat, 101), "values that never differed leave some room")
	require.Equal(t, "breach", see(flat, 103))
}

func TestASeriesBringsItsOwnPast(t *testing.T) {
	t.Parallel()
	rows := &models.Rows{Columns: []models.Column{{Name: "day", Type: "date"}, {Name: "revenue", Type: "number"}}}
	for i := range 90 { // newest first, as lists often are
		rows.Rows = append(rows.Rows, []any{monday.AddDate(0, 0, -i).Format(time.DateOnly), float64(100 + i%3)})
	}
	rows.Rows[0][1] = 500.0
	c := Propose(rows)
	require.Equal(t, models.AlertCondition{Kind: models.ConditionBand, Column: "revenue", Rows: models.RowsLast, Op: models.OpEither, Limit: 4}, c)
	require.Equal(t, "breach", verdict(Evaluate(&c, View{Rows: rows, At: monday, Zone: time.UTC})))
	got := DryRun(&models.Alert{Condition: c}, time.UTC, Series(&c, rows))
	require.Equal(t, 90, got.Runs)
	require.Equal(t, 1, got.Fired)
	require.Equal(t, 1, got.Told)
	require.Greater(t, got.Unknown, 13)
	require.Len(t, got.Points, 90)
}

func TestNewAndMissingRows(t *testing.T) {
	t.Parallel()
	names := func(of ...any) *models.Rows {
		r := &models.Rows{Columns: []models.Column{{Name: "name", Type: "text"}}}
		for _, n := range of {
			r.Rows = append(r.Rows, []any{n})
		}
		return r
	}
	for change, want := range map[string][]string{models.RowsNew: {"unknown", "clear", "breach", "clear", "clear"}, models.RowsMissing: {"unknown", "clear", "clear", "breach", "clear"}} {
		c := models.AlertCondition{Kind: models.ConditionRows, Change: change}
		var state models.AlertState
		for i, rows := range []*models.Rows{names("a", "b"), names("b", "a"), names("a", "b", "c"), names("a", "c"), names("a", "b", "c")} {
			o := Evaluate(&c, View{Rows: rows, State: &state, At: monday, Zone: time.UTC})
			require.Equal(t, want[i], verdict(o), "%s, run %d", change, i)
			state, _ = Step(Input{Now: monday, Zone: time.UTC, EpisodeID: "e"}, state, o)
		}
	}
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	rows := &models.Rows{Columns: []models.Column{{Name: "at", Type: "timestamp"}}, Rows: [][]any{{nil}, {"2026-03-02T07:00:00Z"}, {"2026-03-01T07:00:00Z"}}}
	c := models.AlertCondition{Kind: models.ConditionFreshness, Limit: 3599}
	o := Evaluate(&c, View{Rows: rows, At: monday, Zone: time.UTC})
	require.Equal(t, "breach", verdict(o))
	require.InDelta(t, 3600, *o.Readings[0].Value, 0)
	c.Limit = 3600
	require.Equal(t, "clear", verdict(Evaluate(&c, View{Rows: rows, At: monday, Zone: time.UTC})))
	rows.Rows = [][]any{{nil}}
	require.Equal(t, "unknown", verdict(Evaluate(&c, View{Rows: rows, At: monday, Zone: time.UTC})))
}

func TestProposals(t *testing.T) {
	t.Parallel()
	require.Equal(t, models.AlertCondition{Kind: "threshold", Column: "v", Rows: "first", Op: "above", Limit: 1500}, Propose(number1(int64(1234))))
	require.Equal(t, models.AlertCondition{Kind: "threshold", Column: "v", Keys: []string{"shop"}, Rows: "each", Op: "above", Limit: 24}, Propose(shops("A", 1.0, "B", 20.0)))
	require.Equal(t, models.AlertCondition{Kind: "threshold", Rows: "count", Op: "above"}, Propose(number1()))
}

// A dry run over what was recorded says what happened.
func TestADryRunIsWhatHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		dice := rand.New(rand.NewPCG(seed, 3))
		a := models.Alert{Condition: models.AlertCondition{Kind: models.ConditionThreshold, Limit: 10, Clear: ptr(7.0), Rows: models.RowsEach, Keys: []string{"shop"}},
			Rule: models.AlertRule{ForRuns: 1 + dice.IntN(2), Recovery: true, CooldownMinutes: dice.IntN(2) * 90}}
		var state models.AlertState
		var past []Past
		fired, told := 0, 0
		for i := range 80 {
			at := monday.Add(time.Duration(i) * time.Hour)
			var o Observation
			if dice.IntN(10) == 0 {
				o = Failed(errors.New("down"))
			} else {
				o = Evaluate(&a.Condition, View{Rows: shops("A", float64(dice.IntN(15)), "B", float64(dice.IntN(12)), "C", nil), State: &state, At: at, Zone: time.UTC})
			}
			var effects []Effect
			state, effects = Step(Input{Rule: a.Rule, Zone: time.UTC, Now: at, EpisodeID: fmt.Sprint(i)}, state, o)
			for _, e := range effects {
				if e.Kind == Opened {
					fired++
				}
				if e.Tell {
					told++
				}
			}
			past = append(past, Past{At: at, Values: ValuesOf(o), Code: o.Code, Text: o.Text})
		}
		got := DryRun(&a, time.UTC, past)
		require.Equal(t, fired, got.Fired, "seed %d", seed)
		require.Equal(t, told, got.Told, "seed %d", seed)
	}
}

func TestCheckRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for _, c := range []models.AlertCondition{
		{}, {Kind: "other"}, {Kind: "threshold", Op: "either"}, {Kind: "threshold", Limit: math.NaN()}, {Kind: "threshold", Limit: 5, Clear: ptr(6.0)},
		{Kind: "threshold", Op: "equal", Limit: 5, Clear: ptr(6.0)}, {Kind: "change"}, {Kind: "change", Limit: 5, Op: "equal"}, {Kind: "change", Limit: 5, Against: "x"},
		{Kind: "band", Rows: "any"}, {Kind: "freshness"}, {Kind: "threshold", Rows: "x"}, {Kind: "threshold", Empty: "x"},
	} {
		require.Equal(t, models.CodeCondition, models.ErrorCode(Check(&c, &models.AlertRule{})), "%+v", c)
	}
	ok := models.AlertCondition{Kind: "threshold", Op: "below", Limit: 5, Clear: ptr(6.0)}
	require.NoError(t, Check(&ok, &models.AlertRule{}))
	for _, w := range []models.MuteWindow{{From: "25:00", To: "01:00"}, {From: "1", To: "02:00"}, {Days: []int{7}, From: "01:00", To: "02:00"}} {
		require.Equal(t, models.CodeCondition, models.ErrorCode(Check(&ok, &models.AlertRule{Mute: []models.MuteWindow{w}})))
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	a := &models.Alert{Name: "Refunds", Question: "refunds", Of: "revenue", Condition: models.AlertCondition{Kind: "threshold", Column: "percent", Limit: 3, Unit: "%"}}
	state := &models.AlertState{Keys: map[string]*models.KeyState{"": {Status: models.KeyFiring, Value: ptr(3.456)}}, EpisodeID: "e", EpisodeAt: monday}
	m := Message(Told{Alert: a, State: state, Effect: Effect{Kind: Alarm, Keys: []string{""}, EpisodeID: "e"}, At: monday, Zone: time.UTC, Link: "/alerts/1"})
	require.Equal(t, "Refunds: 3.46 %", m.Title)
	require.Equal(t, models.SeverityWarning, m.Severity)
	require.Contains(t, m.Facts, models.MessageFact{Name: "Condition", Value: "percent is above 3 %"})
	a.Condition = models.AlertCondition{Kind: "threshold", Rows: "each", Keys: []string{"shop"}, Limit: 3}
	state.Keys = map[string]*models.KeyState{}
	var keys []string
	for i := range 15 {
		keys = append(keys, fmt.Sprint("s", i))
		state.Keys[keys[i]] = &models.KeyState{Status: models.KeyFiring, Value: ptr(float64(i) * 1000)}
	}
	m = Message(Told{Alert: a, State: state, Effect: Effect{Kind: Alarm, Keys: keys}, At: monday, Zone: time.UTC})
	require.Equal(t, "Refunds: 15 of shop", m.Title)
	require.Len(t, m.Rows, 10)
	require.Equal(t, 5, m.More)
	require.Equal(t, []string{"s2", "2,000"}, m.Rows[2])
	for kind, want := range map[string]string{Also: "Refunds: also s1", Reminder: "Still: Refunds: s1 1,000", Escalation: "Nobody has acknowledged: Refunds: s1 1,000", Resolved: "Over: Refunds",
		Failing: "Refunds: the query fails", Working: "Refunds: the query works again", Recovered: "Refunds: over for s1"} {
		require.Equal(t, want, Message(Told{Alert: a, State: state, Effect: Effect{Kind: kind, Keys: []string{"s1"}}, At: monday, Zone: time.UTC}).Title)
	}
}

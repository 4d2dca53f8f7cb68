package alert

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

var monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// watched is an alert under test: it takes values and tells what was said.
type watched struct {
	t     *testing.T
	rule  models.AlertRule
	state models.AlertState
	now   time.Time
	n     int
}

func watch(t *testing.T, rule models.AlertRule) *watched {
	return &watched{t: t, rule: rule, now: monday}
}

func (w *watched) step(o Observation) (told []string) {
	w.n++
	before := Clone(w.state)
	next, effects := Step(Input{Rule: w.rule, Zone: time.UTC, Now: w.now, EpisodeID: fmt.Sprint("e", w.n)}, w.state, o)
	require.Equal(w.t, before, Clone(w.state), "a step changes nothing of what it is given")
	w.state = next
	for _, e := range effects {
		if e.Tell {
			text := e.Kind
			for _, k := range e.Keys {
				if k != "" {
					text += " " + k
				}
			}
			told = append(told, text)
		}
	}
	return told
}

// sees lets a minute pass and gives each key a value above or below its limit.
func (w *watched) sees(after time.Duration, values ...float64) []string {
	w.now = w.now.Add(after)
	c := models.AlertCondition{Kind: models.ConditionThreshold, Limit: 10, Clear: ptr(8.0), Rows: models.RowsEach}
	rows := &models.Rows{Columns: []models.Column{{Name: "shop", Type: "text"}, {Name: "v", Type: "number"}}}
	for i, v := range values {
		rows.Rows = append(rows.Rows, []any{string(rune('A' + i)), v})
	}
	return w.step(Evaluate(&c, View{Rows: rows, State: &w.state, At: w.now, Zone: time.UTC}))
}

func (w *watched) fails(after time.Duration) []string {
	w.now = w.now.Add(after)
	return w.step(Failed(models.Errorf(models.CodeSQLError, "no such table")))
}

func (w *watched) ticks(after time.Duration) []string {
	w.now = w.now.Add(after)
	return w.step(Observation{Tick: true})
}

func ptr[T any](v T) *T { return &v }

const minute = time.Minute

func TestFiresAfterRunsAndMinutesAndIsOverBelowItsClearValue(t *testing.T) {
	t.Parallel()
	w := watch(t, models.AlertRule{ForRuns: 2, ForMinutes: 3, Recovery: true})
	require.Empty(t, w.sees(minute, 5))
	require.Empty(t, w.sees(minute, 11))
	require.Equal(t, models.KeyPending, w.state.Keys["A"].Status)
	require.Empty(t, w.sees(minute, 11), "two runs, but not three minutes")
	require.Empty(t, w.sees(minute, 9), "no longer broken: it begins anew")
	require.Equal(t, models.KeyOK, w.state.Keys["A"].Status)
	require.Empty(t, w.sees(minute, 11))
	require.Equal(t, []string{"alarm A"}, w.sees(3*minute, 12))
	require.Empty(t, w.sees(minute, 9), "between the limits it stays")
	require.Equal(t, "firing", Status(&w.state))
	require.Equal(t, []string{"resolved"}, w.sees(minute, 8))
	require.Equal(t, "ok", Status(&w.state))
}

func TestKeysHaveTheirOwnStatesInOneEpisode(t *testing.T) {
	t.Parallel()
	w := watch(t, models.AlertRule{Recovery: true})
	require.Equal(t, []string{"alarm A"}, w.sees(minute, 11, 1, 1))
	require.Equal(t, []string{"also B C"}, w.sees(minute, 11, 11, 11))
	require.Equal(t, []string{"recovered A"}, w.sees(minute, 1, 11, 11))
	require.Empty(t, w.sees(minute, 1, 11, 11))
	require.Equal(t, []string{"resolved"}, w.sees(minute, 1, 1, 1))
}

func TestAKeyWithoutARowStaysAndIsOverAfterThreeRuns(t *testing.T) {
	t.Parallel()
	w := watch(t, models.AlertRule{Recovery: true})
	require.Equal(t, []string{"alarm B"}, w.sees(minute, 1, 11))
	require.Empty(t, w.sees(minute, 1))
	require.Empty(t, w.sees(minute, 1))
	require.Equal(t, []string{"resolved"}, w.sees(minute, 1))
}

func TestItTellsSeldomerThanItChecks(t *testing.T) {
	t.Parallel()
	w := watch(t, models.AlertRule{CooldownMinutes: 60, Recovery: true})
	require.Equal(t, []string{"alarm A"}, w.sees(minute, 11))
	require.Equal(t, []string{"resolved"}, w.sees(minute, 1))
	require.Empty(t, w.sees(minute, 11), "it cools down")
	require.Empty(t, w.sees(minute, 1), "nobody was told that it fired, so nobody is told that it is over")
	require.Empty(t, w.sees(minute, 11))
	wake := Wake(w.rule, &w.state, time.UTC, w.now)
	require.Equal(t, monday.Add(61*minute), wake)
	require.Equal(t, []string{"alarm A"}, w.ticks(wake.Sub(w.now)), "what still holds is told without a run")
}

func TestRemindersAndEscalationUntilSomebodyAcknowledges(t *testing.T) {
	t.Parallel()
	w := watch(t, models.AlertRule{RemindMinutes: 30, EscalateMinutes: 45, Recovery: true})
	require.Equal(t, []string{"alarm A"}, w.sees(0, 11))
	require.Equal(t, w.now.Add(30*minute), Wake(w.rule, &w.state, time.UTC, w.now))
	require.Empty(t, w.ticks(29*minute))
	require.Equal(t, []string{"reminder A"}, w.ticks(minute))
	require.Equal(t, []string{"escalation A"}, w.ticks(15*minute))
	require.Empty(t, w.ticks(minute))
	require.True(t, Acknowledge(&w.state, "ann", w.now))
	require.True(t, Wake(w.rule, &w.state, time.UTC, w.now).IsZero())
	require.Empty(t, w.ticks(24*time.Hour))
	require.Equal(t, []string{"also B"}, w.sees(minute, 11, 11), "nobody has acknowledged this one")
	require.Equal(t, []string{"reminder A B"}, w.ticks(30*minute))
	require.Equal(t, []string{"resolved"}, w.sees(minute, 1, 1))
	require.False(t, Acknowledge(&w.state, "ann", w.now))
}

func TestNothingIsToldInAMuteWindowAndWhatHoldsAfterwards(t *testing.T) {
	t.Parallel()
	w := watch(t, models.AlertRule{Recovery: true, Mute: []models.MuteWindow{{From: "22:00", To: "06:00"}}})
	w.now = time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC)
	require.Empty(t, w.sees(0, 11))
	require.Equal(t, "firing", Status(&w.state))
	wake := Wake(w.rule, &w.state, time.UTC, w.now)
	require.Equal(t, time.Date(2026, 3, 3, 6, 0, 0, 0, time.UTC), wake)
	require.Equal(t, []string{"alarm A"}, w.ticks(wake.Sub(w.now)))
	w.now = time.Date(2026, 3, 3, 22, 30, 0, 0, time.UTC)
	require.Empty(t, w.sees(0, 1))
	require.Equal(t, []string{"resolved"}, w.ticks(8*time.Hour), "the end is owed to those who were told of the beginning")
	w.state.SnoozedUntil = w.now.Add(2 * time.Hour)
	require.Empty(t, w.sees(time.Hour, 11))
	require.Equal(t, w.state.SnoozedUntil, Wake(w.rule, &w.state, time.UTC, w.now))
}

func TestMuteWindowsAreOfTheirZoneAndDays(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	weekend := models.AlertRule{Mute: []models.MuteWindow{{Days: []int{6}, From: "20:00", To: "08:00"}, {Days: []int{0}, From: "00:00", To: "00:00"}}}
	for at, quiet := range map[string]bool{"2026-03-28T18:59:00Z": false, "2026-03-28T19:00:00Z": true, "2026-03-29T05:59:00Z": true,
		"2026-03-29T12:00:00Z": true, "2026-03-29T21:59:00Z": true, "2026-03-29T22:00:00Z": false, "2026-03-30T05:00:00Z": false} {
		now, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.Equal(t, quiet, Quiet(weekend, &models.AlertState{}, berlin, now), at)
	}
	always := models.AlertRule{RemindMinutes: 1, Mute: []models.MuteWindow{{From: "00:00", To: "00:00"}}}
	state := models.AlertState{EpisodeID: "e", EpisodeTold: true}
	require.True(t, Wake(always, &state, berlin, monday).IsZero(), "there is no time to tell at")
}

func TestAFailingQueryIsToldOnce(t *testing.T) {
	t.Parallel()
	w := watch(t, models.AlertRule{FailAfter: 2, Recovery: true})
	require.Equal(t, []string{"alarm A"}, w.sees(minute, 11))
	require.Empty(t, w.fails(minute))
	require.Equal(t, []string{"failing"}, w.fails(minute))
	require.Empty(t, w.fails(minute))
	require.Equal(t, "firing", Status(&w.state), "what fired before still does, as far as is known")
	require.Equal(t, []string{"working"}, w.sees(minute, 11))
	require.Empty(t, w.fails(minute))
	require.Equal(t, []string{"resolved"}, w.sees(minute, 1))
}

// Whatever happens, in whatever order: an alarm is told at most once for each
// episode, an end only of what was told, reminders and escalations only of an
// open and unacknowledged alarm, and nothing at a quiet time.
func TestWhatIsToldIsTrueWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		dice := rand.New(rand.NewPCG(seed, 7))
		rule := models.AlertRule{ForRuns: dice.IntN(3), ForMinutes: dice.IntN(4), CooldownMinutes: dice.IntN(3) * 10, RemindMinutes: dice.IntN(2) * 7,
			EscalateMinutes: dice.IntN(2) * 11, Recovery: dice.IntN(4) > 0, FailAfter: 1 + dice.IntN(3)}
		if dice.IntN(2) == 0 {
			rule.Mute = []models.MuteWindow{{From: "08:30", To: "09:10"}}
		}
		w := watch(t, rule)
		open, acked, escalated := "", false, false
		alarms := map[string]int{}
		ended := map[string]int{}
		lastAlarm := time.Time{}
		for range 150 {
			w.now = w.now.Add(time.Duration(1+dice.IntN(5)) * minute)
			var o Observation
			switch dice.IntN(6) {
			case 0:
				o = Observation{Tick: true}
			case 1:
				o = Failed(models.Errorf(models.CodeTimeout, "late"))
			case 2:
				if Acknowledge(&w.state, "ann", w.now) {
					acked = true
				}
				o = Observation{Tick: true}
			default:
				for _, key := range []string{"A", "B", "C"} {
					if dice.IntN(5) > 0 {
						r := Reading{AlertValue: models.AlertValue{Key: key, Value: ptr(1.0), Breach: dice.IntN(3) == 0}}
						r.Clear = !r.Breach && dice.IntN(2) == 0
						o.Readings = append(o.Readings, r)
					}
				}
				if o.Readings == nil {
					o.Readings = []Reading{}
				}
			}
			w.n++
			next, effects := Step(Input{Rule: rule, Zone: time.UTC, Now: w.now, EpisodeID: fmt.Sprint("e", w.n)}, w.state, o)
			again, same := Step(Input{Rule: rule, Zone: time.UTC, Now: w.now, EpisodeID: fmt.Sprint("e", w.n)}, w.state, o)
			require.Equal(t, next, again)
			require.Equal(t, effects, same)
			w.state = next
			for _, e := range effects {
				if !e.Tell {
					continue
				}
				require.False(t, Quiet(rule, &w.state, time.UTC, w.now), "seed %d: %s at a quiet time", seed, e.Kind)
				switch e.Kind {
				case Alarm:
					alarms[e.EpisodeID]++
					require.Equal(t, 1, alarms[e.EpisodeID], "seed %d", seed)
					open, acked, escalated = e.EpisodeID, false, false
				case Also:
					require.Equal(t, open, e.EpisodeID)
					acked = false
				case Reminder, Escalation:
					require.Equal(t, open, e.EpisodeID, "seed %d: %s of what was not told", seed, e.Kind)
					require.False(t, acked, "seed %d: %s of what was acknowledged", seed, e.Kind)
					if e.Kind == Escalation {
						require.False(t, escalated)
						escalated = true
					}
				case Resolved:
					require.True(t, rule.Recovery)
					require.Equal(t, 1, alarms[e.EpisodeID], "seed %d: the end of what was not told", seed)
					ended[e.EpisodeID]++
					require.Equal(t, 1, ended[e.EpisodeID], "seed %d", seed)
				}
				if e.Kind == Alarm || e.Kind == Also {
					require.False(t, w.now.Before(lastAlarm.Add(minutes(rule.CooldownMinutes))), "seed %d: told too soon", seed)
					lastAlarm = w.now
				}
			}
			if wake := Wake(rule, &w.state, time.UTC, w.now); !wake.IsZero() {
				require.False(t, wake.Before(w.now))
				late, told := Step(Input{Rule: rule, Zone: time.UTC, Now: wake, EpisodeID: "x"}, w.state, Observation{Tick: true})
				if wake.After(w.now) {
					require.NotEmpty(t, told, "seed %d: woken for nothing: %+v", seed, late)
				}
			}
		}
	}
}

package alert

import (
	"maps"
	"slices"
	"time"

	"github.com/datamind/datamind/models"
)

// The kinds of effects. The first ones are history only; the others are told.
const (
	KeyPending = "pending" // the condition holds, not yet for long enough
	KeyFired   = "fired"
	KeyOver    = "over"
	Opened     = "opened" // an episode begins
	Closed     = "closed"
	Alarm      = "alarm"
	Also       = "also"      // more keys fire in an episode that was told
	Recovered  = "recovered" // some keys are over, others still fire
	Resolved   = "resolved"
	Reminder   = "reminder"
	Escalation = "escalation"
	Failing    = "failing"
	Working    = "working" // the query works again
)

// Effect is what a step brings about beside the new state.
type Effect struct {
	Kind      string
	Keys      []string
	EpisodeID string
	// Tell says that people are told; Escalated that the second channels are, too,
	// or for an escalation alone.
	Tell      bool
	Escalated bool
	Text      string
}

// Input is what a step knows beside the state and the observation.
type Input struct {
	Rule models.AlertRule
	Zone *time.Location
	Now  time.Time
	// EpisodeID is the id of the episode that the step may begin.
	EpisodeID string
}

const (
	defaultFailAfter = 3
	// absentRuns is after how many runs without a row of it a key is over,
	// forgetKey after how many it is forgotten.
	absentRuns = 3
	forgetKey  = 30
)

// Step takes a state and what was seen to the next state. It changes neither of
// its arguments.
func Step(in Input, before models.AlertState, o Observation) (models.AlertState, []Effect) {
	s := &step{Input: in, AlertState: Clone(before)}
	switch {
	case o.Tick:
	case o.Code != "":
		s.failed(o)
	default:
		s.worked()
		s.read(o)
	}
	s.episode()
	if !Quiet(in.Rule, &s.AlertState, in.Zone, in.Now) {
		s.tell()
	}
	return s.AlertState, s.effects
}

// Clone copies a state with all that it holds.
func Clone(a models.AlertState) models.AlertState {
	keys := make(map[string]*models.KeyState, len(a.Keys))
	for k, v := range a.Keys {
		copied := *v
		keys[k] = &copied
	}
	a.Keys, a.Seen = keys, maps.Clone(a.Seen)
	return a
}

type step struct {
	Input
	models.AlertState
	effects   []Effect
	recovered []string // keys that are over and were told
}

func (s *step) add(e Effect) { s.effects = append(s.effects, e) }

func (s *step) failed(o Observation) {
	if s.Failures == 0 {
		s.FailSince = s.Now
	}
	s.Failures++
	s.FailCode, s.FailText = o.Code, clip(o.Text, 500)
	after := s.Rule.FailAfter
	if after <= 0 {
		after = defaultFailAfter
	}
	if !s.AlertState.Failing && s.Failures >= after {
		s.AlertState.Failing = true
		s.add(Effect{Kind: Failing, Text: s.FailText})
	}
}

func (s *step) worked() {
	if s.AlertState.Failing {
		s.add(Effect{Kind: Working})
		s.FailingTold = s.FailingTold && s.Rule.Recovery
	}
	s.AlertState.Failing, s.Failures, s.FailCode, s.FailText, s.FailSince = false, 0, "", "", time.Time{}
}

// read takes each key to its next status.
func (s *step) read(o Observation) {
	if o.Seen != nil {
		s.Seen, s.Learnt = o.Seen, true
	}
	there := map[string]bool{}
	for _, r := range o.Readings {
		there[r.Key] = true
		k := s.Keys[r.Key]
		if k == nil {
			if len(s.Keys) >= models.MaxAlertKeys {
				continue
			}
			k = &models.KeyState{Status: models.KeyOK, Since: s.Now}
			s.Keys[r.Key] = k
		}
		k.Value, k.Text, k.Absent = r.Value, r.Text, 0
		s.key(k, r)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Keys)) {
		k := s.Keys[name]
		if there[name] {
			continue
		}
		k.Absent++
		switch {
		case k.Absent >= forgetKey:
			s.over(name, k, "no row of it any more")
			delete(s.Keys, name)
		case k.Absent >= absentRuns || name == "" && len(o.Readings) > 0: // the condition has keys now
			s.over(name, k, "no row of it any more")
		}
	}
}

func (s *step) key(k *models.KeyState, r Reading) {
	switch {
	case r.Breach:
		if k.Breach == 0 {
			k.BreachT = s.Now
		}
		k.Breach++
		if k.Status == models.KeyFiring {
			return
		}
		long := s.Now.Sub(k.BreachT) >= time.Duration(s.Rule.ForMinutes)*time.Minute
		switch {
		case k.Breach >= max(s.Rule.ForRuns, 1) && long:
			k.Status, k.Since, k.Told = models.KeyFiring, s.Now, false
			s.add(Effect{Kind: KeyFired, Keys: []string{r.Key}, Text: r.Text})
		case k.Status != models.KeyPending:
			k.Status, k.Since = models.KeyPending, s.Now
			s.add(Effect{Kind: KeyPending, Keys: []string{r.Key}})
		}
	case r.Clear:
		s.over(r.Key, k, "")
	case r.Known() && k.Status == models.KeyPending: // neither broken nor clear
		s.over(r.Key, k, "")
	}
	// Nothing known: the status stays.
}

func (s *step) over(name string, k *models.KeyState, why string) {
	if k.Status == models.KeyFiring {
		s.add(Effect{Kind: KeyOver, Keys: []string{name}, Text: why})
		if k.Told {
			s.recovered = append(s.recovered, name)
		}
	}
	if k.Status != models.KeyOK {
		k.Status, k.Since = models.KeyOK, s.Now
	}
	k.Breach, k.BreachT, k.Told = 0, time.Time{}, false
}

func firing(a *models.AlertState) (names []string) {
	for name, k := range a.Keys {
		if k.Status == models.KeyFiring {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// episode opens one with the first key that fires, and closes it with the last.
func (s *step) episode() {
	burning := firing(&s.AlertState)
	switch {
	case len(burning) > 0 && s.AlertState.EpisodeID == "":
		s.AlertState.EpisodeID, s.EpisodeAt = s.Input.EpisodeID, s.Now
		s.add(Effect{Kind: Opened, EpisodeID: s.AlertState.EpisodeID, Keys: burning})
	case len(burning) == 0 && s.AlertState.EpisodeID != "":
		s.add(Effect{Kind: Closed, EpisodeID: s.AlertState.EpisodeID, Escalated: s.Escalated})
		if s.EpisodeTold && s.Rule.Recovery {
			s.OwesRecovery, s.OwedEpisode, s.OwedEscalated = true, s.AlertState.EpisodeID, s.Escalated
		}
		s.AlertState.EpisodeID, s.EpisodeAt, s.EpisodeTold, s.FirstToldAt, s.Reminders = "", time.Time{}, false, time.Time{}, 0
		s.Escalated, s.AckedAt, s.AckedBy = false, time.Time{}, ""
		s.recovered = nil
	}
}

// tell says what is to be said now.
func (s *step) tell() {
	switch {
	case s.AlertState.Failing && !s.FailingTold:
		s.FailingTold = true
		s.say(Effect{Kind: Failing, Text: s.FailText})
	case !s.AlertState.Failing && s.FailingTold:
		s.FailingTold = false
		s.say(Effect{Kind: Working})
	}
	if s.OwesRecovery {
		s.say(Effect{Kind: Resolved, EpisodeID: s.OwedEpisode, Escalated: s.OwedEscalated})
		s.OwesRecovery, s.OwedEpisode, s.OwedEscalated = false, "", false
	}
	if s.AlertState.EpisodeID == "" {
		return
	}
	if s.Rule.Recovery && s.EpisodeTold && len(s.recovered) > 0 {
		s.say(Effect{Kind: Recovered, Keys: s.recovered, EpisodeID: s.AlertState.EpisodeID, Escalated: s.Escalated})
	}
	if s.cooled() {
		s.alarm()
	}
	if !s.EpisodeTold || !s.AckedAt.IsZero() {
		return
	}
	if s.Rule.EscalateMinutes > 0 && !s.Escalated && !s.Now.Before(s.FirstToldAt.Add(minutes(s.Rule.EscalateMinutes))) {
		s.Escalated = true
		s.say(Effect{Kind: Escalation, Keys: firing(&s.AlertState), EpisodeID: s.AlertState.EpisodeID, Escalated: true})
	}
	if s.Rule.RemindMinutes > 0 && !s.Now.Before(s.ToldAt.Add(minutes(s.Rule.RemindMinutes))) {
		s.Reminders++
		s.ToldAt = s.Now
		s.say(Effect{Kind: Reminder, Keys: firing(&s.AlertState), EpisodeID: s.AlertState.EpisodeID, Escalated: s.Escalated})
	}
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func (s *step) cooled() bool {
	return s.AlarmAt.IsZero() || !s.Now.Before(s.AlarmAt.Add(minutes(s.Rule.CooldownMinutes)))
}

// alarm tells of the keys that fire and were not told.
func (s *step) alarm() {
	var news []string
	for _, name := range firing(&s.AlertState) {
		if !s.Keys[name].Told {
			news = append(news, name)
		}
	}
	if len(news) == 0 {
		return
	}
	kind := Also
	if !s.EpisodeTold {
		kind, s.EpisodeTold, s.FirstToldAt = Alarm, true, s.Now
	}
	for _, name := range news {
		s.Keys[name].Told = true
	}
	s.ToldAt, s.AlarmAt = s.Now, s.Now
	s.AckedAt, s.AckedBy = time.Time{}, "" // nobody has seen these
	s.say(Effect{Kind: kind, Keys: news, EpisodeID: s.AlertState.EpisodeID, Escalated: s.Escalated})
}

func (s *step) say(e Effect) {
	e.Tell = true
	s.add(e)
}

// Status is where an alert stands as a whole.
func Status(a *models.AlertState) string {
	status := string(models.KeyOK)
	known := false
	for _, k := range a.Keys {
		switch k.Status {
		case models.KeyFiring:
			return string(models.KeyFiring)
		case models.KeyPending:
			status = string(models.KeyPending)
		}
		known = known || k.Value != nil || k.Text != ""
	}
	switch {
	case a.Failing:
		return Failing
	case status == string(models.KeyOK) && !known && a.LastAt.IsZero():
		return models.EmptyUnknown
	}
	return status
}

// Acknowledge notes that somebody has seen what fires: no reminders and no
// escalation any more, and no alarm where none was told yet. It reports whether
// there is an episode to acknowledge.
func Acknowledge(a *models.AlertState, by string, now time.Time) bool {
	if a.EpisodeID == "" {
		return false
	}
	a.AckedAt, a.AckedBy = now, by
	for _, name := range firing(a) {
		a.Keys[name].Told = true
	}
	return true
}

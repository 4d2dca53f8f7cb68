package activities

import (
	"context"
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Alerts keeps the books of alerts: short calls on the platform's own database,
// run as local activities on the ask queue.
type Alerts struct {
	Store *store.Store
	// BaseURL is the page's address, for links.
	BaseURL string
}

// DueInput asks for a page of the alerts that a schedule runs.
type DueInput struct {
	Scope      models.Scope
	ScheduleID string
	At         time.Time
	After      store.DueAlert
	Limit      int
}

// DueResult is a page of alerts, in groups that one activity checks.
type DueResult struct {
	Groups [][]string
	// Next is where the next page begins; its ID is "" after the last one.
	Next store.DueAlert
}

// groupSize is how many alerts are checked one after the other, and stored
// together.
const groupSize = 50

// DueAlerts finds the alerts of a schedule that have not run at its time. Each
// group is of one connection, whose session and guard serve all of it.
func (a *Alerts) DueAlerts(ctx context.Context, in DueInput) (out DueResult, err error) {
	due, err := a.Store.DueAlerts(ctx, in.Scope, in.ScheduleID, in.At, in.After, in.Limit)
	for i, d := range due {
		last := len(out.Groups) - 1
		if i == 0 || len(out.Groups[last]) == groupSize || due[i-1].ConnectionID != d.ConnectionID {
			out.Groups = append(out.Groups, nil)
			last++
		}
		out.Groups[last] = append(out.Groups[last], d.ID)
	}
	if len(due) == in.Limit {
		out.Next = due[len(due)-1]
	}
	return out, toTemporal(ctx, err)
}

// AlertCheck names alerts that are checked together.
type AlertCheck struct {
	Scope models.Scope
	IDs   []string
	At    time.Time // when they were due
	Kind  models.RunKind
}

// AlertsChecked is what came of it.
type AlertsChecked struct {
	// Left are alerts that are still to be checked: others have had to wait for
	// long enough.
	Left []string
	// Deliveries are to be sent.
	Deliveries []string
	// Fired are episodes that began and were told.
	Fired []FiredEpisode
}

// FiredEpisode is an episode to look into.
type FiredEpisode struct {
	AlertID, EpisodeID string
	At                 time.Time
}

// TickAlerts lets time pass for alerts: what is to be told without a run is
// queued. Repeated, it finds it told.
func (a *Alerts) TickAlerts(ctx context.Context, in AlertCheck) (out AlertsChecked, err error) {
	b := &bookkeeper{in: in, baseURL: a.BaseURL} // nothing is drawn: no run, no rows
	out.Deliveries, err = a.Store.StepAlerts(ctx, in.Scope, in.IDs, in.At, b.tick)
	out.Fired = b.fired
	return out, toTemporal(ctx, err)
}

// bookkeeper turns what was seen of alerts into what is stored of them. It does
// so inside of a transaction that may be tried again.
type bookkeeper struct {
	in      AlertCheck
	baseURL string
	seen    map[string]*fetchedAlert
	fired   []FiredEpisode
	checked []string // statuses after the runs
	// pictures are kept by alert: drawing takes longer than all else of a step,
	// which may be tried again.
	pictures map[string]*models.Artifact
}

// fetchedAlert is what the query of an alert brought.
type fetchedAlert struct {
	loaded  store.LoadedAlert
	rows    *models.Rows
	failure error
	past    []alert.Sample
	began   time.Time
	// pause says why the alert must not run any more.
	pause     models.Code
	pauseText string
}

func zoneOf(a *models.Alert) *time.Location {
	if zone, err := time.LoadLocation(a.TimeZone); err == nil {
		return zone
	}
	return time.UTC // its name was known when it was stored
}

func (b *bookkeeper) tick(a *models.Alert, row *models.AlertStateRow) *store.AlertStep {
	if a.Status != models.AlertActive {
		return nil
	}
	return b.step(a, row, alert.Observation{Tick: true}, nil)
}

// run is the step of a run.
func (b *bookkeeper) run(a *models.Alert, row *models.AlertStateRow) *store.AlertStep {
	f := b.seen[a.ID]
	if f == nil || a.Status != models.AlertActive && b.in.Kind == models.RunScheduled || a.SQL != f.loaded.SQL || a.Replan != f.loaded.Replan {
		return nil // paused or changed meanwhile
	}
	run := &models.AlertRun{AlertID: a.ID, At: b.in.At, OrgID: a.OrgID, Kind: b.in.Kind, StartedAt: f.began, FinishedAt: time.Now()}
	if f.pause != "" {
		run.Status, run.ErrorCode, run.ErrorText, run.Values = models.EmptyUnknown, f.pause, f.pauseText, []models.AlertValue{}
		row.UpdatedAt = run.FinishedAt
		return &store.AlertStep{Run: run, State: row, Pause: f.pause, PauseText: f.pauseText, Deliveries: b.paused(a, f)}
	}
	o := alert.Failed(f.failure)
	if f.failure == nil {
		o = alert.Evaluate(&a.Condition, alert.View{Rows: f.rows, Past: f.past, State: &row.State, At: b.in.At, Zone: zoneOf(a)})
	}
	run.Values, run.More, run.ErrorCode, run.ErrorText = alert.ValuesOf(o), o.More, o.Code, models.Clip(o.Text, 1000)
	if b.in.Kind == models.RunBackfill || b.in.At.Before(row.State.LastAt) { // news of the past change no state
		run.Status = models.EmptyUnknown
		row.UpdatedAt = run.FinishedAt
		return &store.AlertStep{Run: run, State: row}
	}
	return b.step(a, row, o, run)
}

func (b *bookkeeper) step(a *models.Alert, row *models.AlertStateRow, o alert.Observation, run *models.AlertRun) *store.AlertStep {
	now, zone := time.Now().Truncate(time.Microsecond), zoneOf(a)
	before := row.State.EpisodeID
	state, effects := alert.Step(alert.Input{Rule: a.Rule, Zone: zone, Now: now, EpisodeID: store.NewID()}, row.State, o)
	if run != nil {
		state.LastAt = run.At
		run.Status = alert.Status(&state)
		b.checked = append(b.checked, run.Status)
	}
	row.State, row.UpdatedAt, row.WakeAt = state, now, nil
	if wake := alert.Wake(a.Rule, &state, zone, now); !wake.IsZero() {
		row.WakeAt = &wake
	}
	step := &store.AlertStep{Run: run, State: row}
	for _, e := range effects {
		switch {
		case e.Tell:
			told := alert.Told{Alert: a, State: &state, Effect: e, At: now, Zone: zone, Link: b.baseURL + "/alerts/" + a.ID}
			if run != nil {
				told.Values = run.Values
			}
			step.Deliveries = append(step.Deliveries, deliveriesOf(told, &state)...)
			if len(step.Deliveries) > 0 && run != nil && e.Kind != alert.Failing {
				step.Picture = b.picture(a, run)
			}
			if e.Kind == alert.Alarm {
				b.fired = append(b.fired, FiredEpisode{AlertID: a.ID, EpisodeID: e.EpisodeID, At: b.in.At})
			}
		case e.Kind == alert.Opened:
			step.Opened = &models.AlertEpisode{ID: e.EpisodeID, OrgID: a.OrgID, AlertID: a.ID, StartedAt: now, Keys: e.Keys, Value: state.Keys[e.Keys[0]].Value}
		case e.Kind == alert.Closed:
			step.Closed = e.EpisodeID
		case e.Kind == alert.KeyFired && before != "":
			step.Joined, step.EpisodeID = append(step.Joined, e.Keys...), before
		}
		if !e.Tell || len(a.Channels)+len(a.EscalateTo) > 0 { // without a channel nobody is told
			step.Events = append(step.Events, eventOf(e, now))
		}
	}
	return step
}

// picture draws what a run saw, once.
func (b *bookkeeper) picture(a *models.Alert, run *models.AlertRun) *models.Artifact {
	if _, drawnBefore := b.pictures[a.ID]; !drawnBefore {
		b.pictures[a.ID] = drawn(a, b.seen[a.ID], run.Values, run.At)
	}
	return b.pictures[a.ID]
}

// eventOf is an effect's line in the history.
func eventOf(e alert.Effect, now time.Time) models.AlertEvent {
	one := models.AlertEvent{At: now, Kind: e.Kind, EpisodeID: e.EpisodeID, Text: e.Text}
	if e.Tell {
		one.Kind = "told_" + e.Kind
	}
	if len(e.Keys) == 1 {
		one.Key = e.Keys[0]
	}
	return one
}

// deliveriesOf are the messages of an effect, one for each channel. Their keys
// are the same whenever they are made.
func deliveriesOf(t alert.Told, state *models.AlertState) (out []models.Delivery) {
	e := t.Effect
	channels := t.Alert.Channels
	switch {
	case e.Kind == alert.Escalation:
		channels = t.Alert.EscalateTo
	case e.Escalated:
		channels = append(append([]string(nil), channels...), t.Alert.EscalateTo...)
	}
	incident, stamp := e.EpisodeID, t.At.UTC().Format("20060102T150405.000")
	name := e.Kind
	switch e.Kind {
	case alert.Failing, alert.Working:
		incident, name = t.Alert.ID+"-query", e.Kind+"-"+stamp
	case alert.Also, alert.Recovered, alert.Reminder:
		name += "-" + stamp
	}
	message := alert.Message(t)
	done := map[string]bool{}
	for _, id := range channels {
		if !done[id] {
			out = append(out, models.Delivery{Subject: "alert/" + t.Alert.ID, Episode: incident + "/" + name, ChannelID: id, Message: message})
			done[id] = true
		}
	}
	return out
}

// paused tells that an alert has stopped by itself.
func (b *bookkeeper) paused(a *models.Alert, f *fetchedAlert) (out []models.Delivery) {
	for _, id := range a.Channels {
		out = append(out, models.Delivery{Subject: "alert/" + a.ID, Episode: a.ID + "-paused/" + b.in.At.UTC().Format("20060102T150405"), ChannelID: id,
			Message: models.Message{Title: a.Name + " is paused", Text: f.pauseText, Severity: models.SeverityInfo, Link: b.baseURL + "/alerts/" + a.ID, LinkText: "Open the alert"}})
	}
	return out
}

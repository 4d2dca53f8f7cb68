package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// AlertRun is one evaluation of an alert.
type AlertRun struct {
	At         time.Time           `json:"at" doc:"When it was due"`
	Kind       models.RunKind      `json:"kind" enum:"scheduled,backfill,now"`
	Status     string              `json:"status" enum:"ok,pending,firing,failing,unknown" doc:"Where the alert stood after it"`
	Values     []models.AlertValue `json:"values"`
	More       int                 `json:"more" doc:"Keys beyond those that are watched"`
	Code       models.Code         `json:"code,omitempty" doc:"Why it failed"`
	Text       string              `json:"text,omitempty"`
	StartedAt  time.Time           `json:"started_at"`
	FinishedAt time.Time           `json:"finished_at"`
}

// AlertRuns are runs of a time.
type AlertRuns struct {
	Runs   []AlertRun  `json:"runs" doc:"Oldest first; the last ones if there are more than the limit"`
	Missed []time.Time `json:"missed" doc:"Times at which it was due and did not run; the last 100"`
}

// AlertEvent is a change of an alert's state, or something that was told.
type AlertEvent struct {
	ID        string    `json:"id" format:"uuid"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind" doc:"pending, fired, over, opened, closed, failing, working, acknowledged, snoozed, unsnoozed, paused, resumed; told_… for what was told"`
	Key       string    `json:"key,omitempty"`
	EpisodeID string    `json:"episode_id,omitempty"`
	UserID    string    `json:"user_id,omitempty" doc:"Who did it; nobody for what happened by itself"`
	Text      string    `json:"text,omitempty"`
}

// AlertEpisode is the time from the first key that fires until none does.
type AlertEpisode struct {
	ID        string               `json:"id" format:"uuid"`
	StartedAt time.Time            `json:"started_at"`
	EndedAt   *time.Time           `json:"ended_at,omitempty"`
	Keys      []string             `json:"keys" doc:"That fired"`
	Value     *float64             `json:"value,omitempty" doc:"Of the first of them"`
	AckedAt   *time.Time           `json:"acked_at,omitempty"`
	AckedBy   string               `json:"acked_by,omitempty"`
	Finding   *models.AlertFinding `json:"finding,omitempty" doc:"What was found when it was looked into why"`
}

// AlertDelivery is a message of an alert.
type AlertDelivery struct {
	ID          string                `json:"id" format:"uuid"`
	Episode     string                `json:"episode"`
	ChannelName string                `json:"channel_name"`
	ChannelKind models.ChannelKind    `json:"channel_kind" enum:"email,slack,teams,discord,pagerduty,telegram,webhook"`
	Recipient   string                `json:"recipient,omitempty"`
	Title       string                `json:"title"`
	Status      models.DeliveryStatus `json:"status" enum:"queued,sending,sent,failed,skipped,late"`
	Reason      string                `json:"reason,omitempty"`
	Tries       int                   `json:"tries"`
	CreatedAt   time.Time             `json:"created_at"`
	SentAt      *time.Time            `json:"sent_at,omitempty"`
}

type (
	alertRunsIn struct {
		IDParam
		From  time.Time `query:"from" doc:"Default: 90 days ago"`
		Until time.Time `query:"until"`
		Limit int       `query:"limit" minimum:"1" maximum:"2000" default:"500"`
	}
	alertRunsOut struct{ Body AlertRuns }
	alertPageIn  struct {
		IDParam
		PageParams
	}
	alertSnoozeIn struct {
		IDParam
		Body struct {
			Minutes int `json:"minutes" minimum:"1" maximum:"525600" doc:"For how long nothing is told"`
		}
	}
	alertBackfillIn struct {
		IDParam
		Body struct {
			Times []time.Time `json:"times" minItems:"1" maxItems:"50" doc:"Missed times"`
		}
	}
)

func (s *Server) alertActionRoutes() {
	register(s, operation(http.MethodGet, "/alerts/{id}/runs", "list-alert-runs", "Runs of an alert, and those that were missed", 200), auth.ReadAlerts, s.listAlertRuns)
	register(s, operation(http.MethodGet, "/alerts/{id}/events", "list-alert-events", "What happened to an alert, newest first", 200), auth.ReadAlerts, s.listAlertEvents)
	register(s, operation(http.MethodGet, "/alerts/{id}/episodes", "list-alert-episodes", "When an alert fired, newest first", 200), auth.ReadAlerts, s.listAlertEpisodes)
	register(s, operation(http.MethodGet, "/alerts/{id}/deliveries", "list-alert-deliveries", "What an alert told, newest first", 200), auth.ReadAlerts, s.listAlertDeliveries)
	register(s, operation(http.MethodPost, "/alerts/{id}/acknowledge", "acknowledge-alert", "Say that you have seen what fires: no reminders and no escalation", 200), auth.WriteAlerts, s.acknowledgeAlert)
	register(s, operation(http.MethodPost, "/alerts/{id}/snooze", "snooze-alert", "Have nothing told for a time; what holds then is told", 200), auth.WriteAlerts, s.snoozeAlert)
	register(s, operation(http.MethodDelete, "/alerts/{id}/snooze", "unsnooze-alert", "Have an alert tell again", 200), auth.WriteAlerts, s.unsnoozeAlert)
	register(s, operation(http.MethodPost, "/alerts/{id}/pause", "pause-alert", "Pause an alert", 200), auth.WriteAlerts, s.pauseAlert)
	register(s, operation(http.MethodPost, "/alerts/{id}/resume", "resume-alert", "Let a paused alert run again", 200), auth.WriteAlerts, s.resumeAlert)
	register(s, operation(http.MethodPost, "/alerts/{id}/run", "run-alert", "Run an alert of your own now", 202), auth.WriteAlerts, s.runAlert)
	register(s, operation(http.MethodPost, "/alerts/{id}/backfill", "backfill-alert", "Make up for missed runs of your own alert: their values enter its history, and change no state", 202), auth.WriteAlerts, s.backfillAlert)
}

// missedShown bounds the missed times, missedGrace is how late a run may be
// before it counts as missed.
const (
	missedShown = 100
	missedGrace = 5 * time.Minute
)

func (s *Server) listAlertRuns(ctx context.Context, in *alertRunsIn) (*alertRunsOut, error) {
	now := time.Now()
	if in.Until.IsZero() {
		in.Until = now.Add(time.Minute)
	}
	if in.From.IsZero() {
		in.From = now.AddDate(0, 0, -90)
	}
	a, err := s.deps.Store.GetAlert(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := s.deps.Store.AlertRuns(ctx, scopeOf(ctx), in.ID, in.From, in.Until, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &alertRunsOut{Body: AlertRuns{Runs: []AlertRun{}, Missed: s.missed(&a.Alert, rows, in, now)}}
	for _, r := range rows {
		out.Body.Runs = append(out.Body.Runs, AlertRun{At: r.At, Kind: r.Kind, Status: r.Status, Values: list(r.Values), More: r.More, Code: r.ErrorCode, Text: r.ErrorText,
			StartedAt: r.StartedAt, FinishedAt: r.FinishedAt})
	}
	return out, nil
}

// missed are times at which an alert was due and did not run.
func (s *Server) missed(a *models.Alert, rows []models.AlertRun, in *alertRunsIn, now time.Time) []time.Time {
	out := []time.Time{}
	spec, err := alert.ParseSpec(a.Cron, a.TimeZone)
	if err != nil || a.Status != models.AlertActive {
		return out
	}
	from, until := in.From, in.Until
	if from.Before(a.ActiveSince) {
		from = a.ActiveSince
	}
	if len(rows) == in.Limit && rows[0].At.After(from) { // of before that the runs were not read
		from = rows[0].At
	}
	if latest := now.Add(-missedGrace - time.Duration(a.JitterSeconds)*time.Second); until.After(latest) {
		until = latest
	}
	ran := map[int64]bool{}
	for _, r := range rows {
		ran[r.At.Unix()] = true
	}
	for _, at := range spec.Between(from, until, 5000) {
		if !ran[at.Unix()] {
			out = append(out, at)
		}
	}
	return out[max(0, len(out)-missedShown):]
}

func (s *Server) listAlertEvents(ctx context.Context, in *alertPageIn) (*pageOut[AlertEvent], error) {
	rows, next, err := s.deps.Store.AlertEvents(ctx, scopeOf(ctx), in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(e *models.AlertEvent) AlertEvent {
		return AlertEvent{ID: e.ID, At: e.At, Kind: e.Kind, Key: e.Key, EpisodeID: e.EpisodeID, UserID: e.UserID, Text: e.Text}
	}), next), nil
}

func (s *Server) listAlertEpisodes(ctx context.Context, in *alertPageIn) (*pageOut[AlertEpisode], error) {
	rows, next, err := s.deps.Store.AlertEpisodes(ctx, scopeOf(ctx), in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(e *models.AlertEpisode) AlertEpisode {
		return AlertEpisode{ID: e.ID, StartedAt: e.StartedAt, EndedAt: e.EndedAt, Keys: list(e.Keys), Value: e.Value, AckedAt: e.AckedAt, AckedBy: e.AckedBy, Finding: e.Finding}
	}), next), nil
}

func (s *Server) listAlertDeliveries(ctx context.Context, in *alertPageIn) (*pageOut[AlertDelivery], error) {
	if _, err := s.deps.Store.GetAlert(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	rows, next, err := s.deps.Store.ListDeliveries(ctx, scopeOf(ctx), store.DeliveryFilter{Subject: "alert/" + in.ID}, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(d *models.Delivery) AlertDelivery {
		return AlertDelivery{ID: d.ID, Episode: d.Episode, ChannelName: d.ChannelName, ChannelKind: d.ChannelKind, Recipient: d.Recipient, Title: d.Message.Title,
			Status: d.Status, Reason: d.Reason, Tries: d.Tries, CreatedAt: d.CreatedAt, SentAt: d.SentAt}
	}), next), nil
}

// changeAlert changes what an alert remembers, and when it is to be woken.
func (s *Server) changeAlert(ctx context.Context, id, kind, text string, change func(*models.AlertState) error) error {
	return s.deps.Store.ChangeState(ctx, scopeOf(ctx), id, models.AlertEvent{Kind: kind, Text: text}, func(a *models.Alert, state *models.AlertState) (*time.Time, error) {
		if err := change(state); err != nil {
			return nil, err
		}
		zone, err := time.LoadLocation(a.TimeZone)
		if err != nil {
			zone = time.UTC
		}
		return set0(alert.Wake(a.Rule, state, zone, time.Now())), nil
	})
}

func (s *Server) acknowledgeAlert(ctx context.Context, in *IDParam) (*alertOut, error) {
	err := s.changeAlert(ctx, in.ID, "acknowledged", "", func(state *models.AlertState) error {
		if !alert.Acknowledge(state, scopeOf(ctx).UserID, time.Now()) {
			return models.Errorf(models.CodeConflict, "Nothing fires just now.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "alert.acknowledge", in.ID, nil)
	return s.getAlert(ctx, in)
}

func (s *Server) snoozeAlert(ctx context.Context, in *alertSnoozeIn) (*alertOut, error) {
	until := time.Now().Add(time.Duration(in.Body.Minutes) * time.Minute).Truncate(time.Second)
	err := s.changeAlert(ctx, in.ID, "snoozed", until.UTC().Format(time.RFC3339), func(state *models.AlertState) error {
		state.SnoozedUntil = until
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "alert.snooze", in.ID, map[string]any{"minutes": in.Body.Minutes})
	return s.getAlert(ctx, &in.IDParam)
}

func (s *Server) unsnoozeAlert(ctx context.Context, in *IDParam) (*alertOut, error) {
	err := s.changeAlert(ctx, in.ID, "unsnoozed", "", func(state *models.AlertState) error {
		state.SnoozedUntil = time.Time{}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "alert.snooze", in.ID, map[string]any{"minutes": 0})
	return s.getAlert(ctx, in)
}

// ownAlert returns an alert that the caller may change.
func (s *Server) ownAlert(ctx context.Context, id string) (*store.AlertWithState, error) {
	a, err := s.deps.Store.GetAlert(ctx, scopeOf(ctx), id)
	if err == nil && a.UserID != scopeOf(ctx).UserID {
		err = errNotOwner
	}
	return a, err
}

// pauseAlert pauses one's own alert, or as an administrator a shared one.
func (s *Server) pauseAlert(ctx context.Context, in *IDParam) (*alertOut, error) {
	out, err := s.setAlert(ctx, in, models.AlertPaused)
	if err == nil {
		s.audit(ctx, "alert.pause", in.ID, nil)
	}
	return out, err
}

func (s *Server) resumeAlert(ctx context.Context, in *IDParam) (*alertOut, error) {
	out, err := s.setAlert(ctx, in, models.AlertActive)
	if err == nil {
		s.audit(ctx, "alert.resume", in.ID, nil)
	}
	return out, err
}

func (s *Server) setAlert(ctx context.Context, in *IDParam, status models.AlertStatus) (*alertOut, error) {
	scope := scopeOf(ctx)
	a, err := s.deps.Store.GetAlert(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if a.UserID != scope.UserID && !slices.Contains([]models.Role{models.RoleOwner, models.RoleAdmin}, scope.Role) {
		return nil, errNotOwner
	}
	var code models.Code
	if status == models.AlertPaused {
		code = models.PausedByPerson
	}
	if err := s.deps.Store.SetAlertStatus(ctx, scope, in.ID, status, code, ""); err != nil {
		return nil, err
	}
	return s.getAlert(ctx, in)
}

func (s *Server) runAlert(ctx context.Context, in *IDParam) (*alertOut, error) {
	a, err := s.ownAlert(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.limitAsk(ctx, scopeOf(ctx)); err != nil {
		return nil, err
	}
	if err := s.deps.Runs.RunAlert(ctx, scopeOf(ctx), in.ID, []time.Time{time.Now().Truncate(time.Millisecond)}, models.RunNow); err != nil {
		return nil, err
	}
	s.audit(ctx, "alert.run", in.ID, nil)
	return &alertOut{Body: alertView(scopeOf(ctx), a)}, nil
}

func (s *Server) backfillAlert(ctx context.Context, in *alertBackfillIn) (*alertOut, error) {
	a, err := s.ownAlert(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	spec, err := alert.ParseSpec(a.Cron, a.TimeZone)
	if err != nil {
		return nil, err
	}
	for _, at := range in.Body.Times {
		if !spec.Next(at.Add(-time.Second)).Equal(at) || at.Before(a.ActiveSince) || at.After(time.Now()) {
			return nil, models.Errorf(models.CodeInvalid, "One of the times is none at which the alert was due.")
		}
	}
	if err := s.limitAsk(ctx, scopeOf(ctx)); err != nil {
		return nil, err
	}
	if err := s.deps.Runs.RunAlert(ctx, scopeOf(ctx), in.ID, in.Body.Times, models.RunBackfill); err != nil {
		return nil, err
	}
	s.audit(ctx, "alert.backfill", in.ID, map[string]any{"runs": len(in.Body.Times)})
	return &alertOut{Body: alertView(scopeOf(ctx), a)}, nil
}

package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// AlertPatch changes the fields that are given. What is watched stays.
type AlertPatch struct {
	Name       *string                `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Condition  *models.AlertCondition `json:"condition,omitempty"`
	Rule       *models.AlertRule      `json:"rule,omitempty"`
	Timing     *models.Timing         `json:"timing,omitempty"`
	Channels   *[]string              `json:"channels,omitempty" maxItems:"20"`
	EscalateTo *[]string              `json:"escalate_to,omitempty" maxItems:"20"`
	Shared     *bool                  `json:"shared,omitempty"`
}

type (
	alertOut      struct{ Body Alert }
	alertCreateIn struct{ Body AlertInput }
	alertPatchIn  struct {
		IDParam
		Body AlertPatch
	}
	alertTryIn      struct{ Body AlertTry }
	alertPreviewOut struct{ Body AlertPreview }
	alertTimingIn   struct {
		Cron     string `query:"cron" maxLength:"100" required:"true"`
		TimeZone string `query:"time_zone" maxLength:"60" default:"UTC"`
	}
	alertTimingOut struct {
		Body struct {
			Next []time.Time `json:"next" doc:"The next five runs"`
		}
	}
)

func (s *Server) alertRoutes() {
	const wait = 90 * time.Second // as words may be read by a model
	register(s, operation(http.MethodGet, "/alerts", "list-alerts", "Your alerts and those that others share, changed last first", 200), auth.ReadAlerts, s.listAlerts)
	register(s, slow(operation(http.MethodPost, "/alerts", "create-alert", "Make an alert of an answer, a saved query, a tile of a dashboard, words, or SQL", 201), wait), auth.WriteAlerts, s.createAlert)
	register(s, slow(operation(http.MethodPost, "/alerts/preview", "preview-alert", "What an alert would see now, and would have done", 200), wait), auth.WriteAlerts, s.previewAlert)
	register(s, operation(http.MethodGet, "/alerts/schedule", "read-alert-schedule", "The next runs of a schedule", 200), auth.ReadAlerts, s.readSchedule)
	register(s, operation(http.MethodGet, "/alerts/{id}", "get-alert", "One alert", 200), auth.ReadAlerts, s.getAlert)
	register(s, operation(http.MethodPatch, "/alerts/{id}", "update-alert", "Change an alert of your own", 200), auth.WriteAlerts, s.updateAlert)
	register(s, operation(http.MethodDelete, "/alerts/{id}", "delete-alert", "Delete an alert of your own, with its history", 204), auth.WriteAlerts, s.deleteAlert)
	s.alertActionRoutes()
}

func (s *Server) listAlerts(ctx context.Context, in *PageParams) (*pageOut[Alert], error) {
	scope := scopeOf(ctx)
	rows, next, err := s.deps.Store.ListAlerts(ctx, scope, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(a *store.AlertWithState) Alert { return alertView(scope, a) }), next), nil
}

func (s *Server) getAlert(ctx context.Context, in *IDParam) (*alertOut, error) {
	a, err := s.deps.Store.GetAlert(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &alertOut{Body: alertView(scopeOf(ctx), a)}, nil
}

func (s *Server) readSchedule(_ context.Context, in *alertTimingIn) (*alertTimingOut, error) {
	if _, err := alert.ParseSpec(in.Cron, in.TimeZone); err != nil {
		return nil, err
	}
	out := &alertTimingOut{}
	out.Body.Next = nextRuns(models.Timing{Cron: in.Cron, TimeZone: in.TimeZone}, 5)
	return out, nil
}

func (s *Server) createAlert(ctx context.Context, in *alertCreateIn) (*alertOut, error) {
	scope := scopeOf(ctx)
	try, err := s.draft(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	got, err := s.tryAlert(ctx, try)
	if err != nil {
		return nil, err
	}
	if got.Code != "" && got.Code != models.CodeQueryTimeout {
		return nil, models.Errorf(codeAlertFails, "The alert was not made, as it would fail: %s", got.Text)
	}
	a := got.Alert
	a.ID = newID()
	if err := s.checkAlert(ctx, &a, false); err != nil {
		return nil, err
	}
	if err := s.deps.Store.CreateAlert(ctx, scope, &a); err != nil {
		return nil, err
	}
	s.audit(ctx, "alert.create", a.ID, map[string]any{"name": a.Name, "shared": a.Shared})
	s.learn(ctx, scope, &a)
	return &alertOut{Body: alertView(scope, &store.AlertWithState{Alert: a})}, nil
}

// tryAlert has an alert tried. Words that nobody could read are the caller's to change.
func (s *Server) tryAlert(ctx context.Context, try alert.PreviewInput) (alert.Preview, error) {
	got, err := s.deps.Runs.PreviewAlert(ctx, try)
	if err == nil && try.Words != "" && try.Alert.Question == "" && got.Alert.SQL == "" {
		why := ""
		if got.Text != "" {
			why = " " + got.Text
		}
		err = models.Errorf(models.CodeNotAnswerable, "These words could not be read as an alert.%s Say it like “tell me when refunds exceed 3 %% of revenue in a week”, “tell me when orders today are below 100”, or “tell me when revenue is unusual”.", why)
	}
	if got.Alert.Name == "" {
		got.Alert.Name = titleOf(capital(got.Alert.Question))
	}
	return got, err
}

// learn has an alert asked as of the times that its condition looks back to, so
// that it knows from the first run on what is usual. That is worth nothing where
// the question has no period that moves on.
func (s *Server) learn(ctx context.Context, scope models.Scope, a *models.Alert) {
	spec, err := alert.ParseSpec(a.Cron, a.TimeZone)
	if err != nil || !a.Replan {
		return
	}
	times := alert.Lookback(&a.Condition, spec, time.Now())
	if len(times) == 0 {
		return
	}
	if err := s.deps.Runs.RunAlert(ctx, scope, a.ID, times, models.RunBackfill); err != nil {
		s.log(ctx).Warn("an alert does not learn from the past", slog.String("alert_id", a.ID), slog.Any("error", err))
	}
}

func (s *Server) previewAlert(ctx context.Context, in *alertTryIn) (*alertPreviewOut, error) {
	b := &in.Body
	var try alert.PreviewInput
	var err error
	if b.AlertID != "" {
		try, err = s.draftOfAlert(ctx, b)
	} else {
		try, err = s.draft(ctx, &b.AlertInput)
	}
	if err != nil {
		return nil, err
	}
	try.DryRun = b.DryRun
	got, err := s.tryAlert(ctx, try)
	if err != nil {
		return nil, err
	}
	a := &got.Alert
	if got.Status != string(models.KeyFiring) && got.Status != models.EmptyUnknown && got.Status != "" {
		got.Status = string(models.KeyOK)
	}
	return &alertPreviewOut{Body: AlertPreview{Name: a.Name, Question: a.Question, Of: a.Of, SQL: models.InlineArguments(a.SQL, a.Arguments), Replan: a.Replan, Condition: a.Condition,
		Described: alert.Describe(&a.Condition), ByModel: got.ByModel, Timing: a.Timing, Code: got.Code, Text: got.Text, Status: got.Status, Values: list(got.Values), Keys: got.Keys, More: got.More,
		Columns: list(got.Columns), Warning: got.Warning, Past: got.Past, PastOf: got.PastOf}}, nil
}

func (s *Server) updateAlert(ctx context.Context, in *alertPatchIn) (*alertOut, error) {
	scope := scopeOf(ctx)
	a, err := s.deps.Store.GetAlert(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if a.UserID != scope.UserID {
		return nil, errNotOwner
	}
	before, p := a.Condition, in.Body
	set(&a.Name, p.Name)
	set(&a.Condition, p.Condition)
	set(&a.Rule, p.Rule)
	set(&a.Timing, p.Timing)
	set(&a.Channels, p.Channels)
	set(&a.EscalateTo, p.EscalateTo)
	set(&a.Shared, p.Shared)
	if a.Name = strings.TrimSpace(a.Name); a.Name == "" {
		return nil, invalidField("body.name", "must not be blank")
	}
	if err := s.checkAlert(ctx, &a.Alert, false); err != nil {
		return nil, err
	}
	c := a.Condition
	reset := before.Kind != c.Kind || before.Column != c.Column || before.Rows != c.Rows || before.Change != c.Change || !slices.Equal(before.Keys, c.Keys)
	if err := s.deps.Store.UpdateAlert(ctx, scope, &a.Alert, reset); err != nil {
		return nil, err
	}
	s.audit(ctx, "alert.update", a.ID, map[string]any{"name": a.Name, "shared": a.Shared})
	return s.getAlert(ctx, &in.IDParam)
}

func (s *Server) deleteAlert(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.DeleteAlert(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "alert.delete", in.ID, nil)
	return nil, nil
}

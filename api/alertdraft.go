package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/models"
)

// AlertSource is what an alert watches: one of an answer, a saved query, a tile of
// a dashboard, words, or SQL.
type AlertSource struct {
	QuestionID   string         `json:"question_id,omitempty" format:"uuid" maxLength:"36" doc:"An answer"`
	SavedQueryID string         `json:"saved_query_id,omitempty" format:"uuid" maxLength:"36"`
	Parameters   map[string]any `json:"parameters,omitempty" maxProperties:"30" doc:"Values of the saved query's parameters; those left out have their defaults"`
	DashboardID  string         `json:"dashboard_id,omitempty" format:"uuid" maxLength:"36" doc:"With tile_id: a tile of a dashboard"`
	TileID       string         `json:"tile_id,omitempty" format:"uuid" maxLength:"36"`
	Values       FilterValues   `json:"values,omitempty" maxProperties:"30" doc:"Of the dashboard's filters, by name; those left out have their defaults, null is none"`
	Words        string         `json:"words,omitempty" maxLength:"1000" doc:"Such as: tell me when refunds exceed 3 % of revenue in a week"`
	SQL          string         `json:"sql,omitempty" maxLength:"20000" doc:"SQL of your own, or that a model wrote for words"`
	Question     string         `json:"question,omitempty" maxLength:"1000" doc:"What the SQL watches, in words"`
	ConnectionID string         `json:"connection_id,omitempty" format:"uuid" maxLength:"36" doc:"The database that words or SQL are about"`
}

// AlertInput describes an alert to make.
type AlertInput struct {
	AlertSource
	Name      string                 `json:"name,omitempty" maxLength:"200" doc:"Default: what is watched"`
	Condition *models.AlertCondition `json:"condition,omitempty" doc:"Default: what suits the answer's shape, or what the words say"`
	Rule      *models.AlertRule      `json:"rule,omitempty"`
	TimingInput
	Channels   []string `json:"channels,omitempty" maxItems:"20" doc:"Ids of channels"`
	EscalateTo []string `json:"escalate_to,omitempty" maxItems:"20" doc:"Ids of the second channels"`
	Shared     bool     `json:"shared,omitempty"`
}

// AlertTry is an alert to try.
type AlertTry struct {
	AlertInput
	AlertID string `json:"alert_id,omitempty" format:"uuid" maxLength:"36" doc:"An alert that is stored, instead of a source; its history counts"`
	DryRun  bool   `json:"dry_run,omitempty" doc:"Try the last 90 days as well"`
}

// draft makes an alert of what somebody asked for, as far as that needs no worker.
func (s *Server) draft(ctx context.Context, b *AlertInput) (try alert.PreviewInput, err error) {
	scope := scopeOf(ctx)
	try = alert.PreviewInput{Scope: scope, Propose: b.Condition == nil}
	a := &try.Alert
	a.Name, a.Shared, a.Timing, a.Channels, a.EscalateTo = strings.TrimSpace(b.Name), b.Shared, models.Timing(b.TimingInput), b.Channels, b.EscalateTo
	sources := 0
	for _, given := range []string{b.QuestionID, b.SavedQueryID, b.DashboardID, strings.TrimSpace(b.Words), strings.TrimSpace(b.SQL)} {
		if given != "" {
			sources++
		}
	}
	if sources != 1 {
		return try, models.Errorf(models.CodeInvalid, "Say what to watch: an answer, a saved query, a tile of a dashboard, words, or SQL; one of them.")
	}
	switch {
	case b.QuestionID != "":
		err = s.draftOfQuestion(ctx, scope, b, &try)
	case b.SavedQueryID != "":
		err = s.draftOfSaved(ctx, scope, b, a)
	case b.DashboardID != "":
		err = s.draftOfTile(ctx, scope, b, &try)
	case strings.TrimSpace(b.SQL) != "":
		err = s.draftOfSQL(ctx, scope, b, a)
	default:
		err = s.draftOfWords(ctx, scope, b, &try)
	}
	if err != nil {
		return try, err
	}
	if b.Condition != nil {
		a.Condition = *b.Condition
	}
	a.Rule = models.AlertRule{Recovery: true}
	if b.Rule != nil {
		a.Rule = *b.Rule
	}
	if a.Cron == "" {
		a.Cron = defaultCron
	}
	return try, s.checkAlert(ctx, a, try.Propose)
}

func (s *Server) draftOfQuestion(ctx context.Context, scope models.Scope, b *AlertInput, try *alert.PreviewInput) error {
	q, err := s.deps.Store.ReadQuestion(ctx, scope, canonical(b.QuestionID))
	if err != nil {
		return err
	}
	if q.Status != models.StatusAnswered || q.SQL == "" {
		return models.Errorf(codeNotFinished, "Only an answer can be watched; this question has none.")
	}
	a := &try.Alert
	a.QuestionID, a.ConnectionID, a.Question, a.SQL, a.Arguments = &q.ID, q.ConnectionID, q.Text, q.SQL, q.Arguments
	switch q.Planner {
	case models.PlannerPerson:
		if a.Name == "" {
			a.Name = titleOf(q.Text)
		}
		a.Question = ""
	case models.ModelBuiltin:
		try.AskedAt = q.CreatedAt
	}
	return nil
}

func (s *Server) draftOfSaved(ctx context.Context, scope models.Scope, b *AlertInput, a *models.Alert) error {
	q, err := s.deps.Store.GetSavedQuery(ctx, scope, canonical(b.SavedQueryID))
	if err != nil {
		return err
	}
	if a.Arguments, err = models.BindParameters(q.Parameters, b.Parameters); err != nil {
		return err
	}
	a.SavedQueryID, a.ConnectionID, a.SQL = &q.ID, q.ConnectionID, q.SQL
	if a.Name == "" {
		a.Name = q.Name
	}
	return nil
}

// draftOfTile takes what a tile shows with values of the filters, bound as they are
// when the tile is read.
func (s *Server) draftOfTile(ctx context.Context, scope models.Scope, b *AlertInput, try *alert.PreviewInput) error {
	d, err := s.deps.Store.GetDashboard(ctx, scope, canonical(b.DashboardID))
	if err != nil {
		return err
	}
	p, err := s.planOf(ctx, scope, &d.Spec, canonical(b.TileID), b.Values)
	if err != nil {
		return err
	}
	a := &try.Alert
	if a.SQL, err = s.sqlOf(ctx, p); err != nil {
		return err
	}
	a.ConnectionID, a.Arguments = p.run.ConnectionID, p.run.Arguments
	title := cmp.Or(p.tile.Title, d.Name)
	if a.Name == "" {
		a.Name = titleOf(title)
	}
	if len(p.run.Arguments) == 0 { // a question that the built-in planner reads as the tile's SQL has a past
		a.Question, try.AskedAt = title, time.Now()
	}
	return nil
}

func (s *Server) draftOfSQL(ctx context.Context, scope models.Scope, b *AlertInput, a *models.Alert) error {
	conn, err := s.connectionToAsk(ctx, scope, b.ConnectionID)
	if err != nil {
		return err
	}
	a.ConnectionID, a.SQL, a.Question = conn.ID, strings.TrimSpace(b.SQL), strings.TrimSpace(b.Question)
	if a.Name == "" {
		a.Name = titleOf(capital(cmp.Or(a.Question, a.SQL)))
	}
	return nil
}

// draftOfWords reads words. Those that are not understood here, or not planned by
// the built-in planner, a model may read.
func (s *Server) draftOfWords(ctx context.Context, scope models.Scope, b *AlertInput, try *alert.PreviewInput) error {
	conn, err := s.connectionToAsk(ctx, scope, b.ConnectionID)
	if err != nil {
		return err
	}
	a := &try.Alert
	a.ConnectionID = conn.ID
	try.Words, try.DefaultCron, try.DefaultCondition, try.Propose = strings.TrimSpace(b.Words), a.Cron == "", b.Condition == nil, false
	wish, ok := alert.Understand(b.Words)
	if !ok || wish.Question == "" {
		a.Condition.Kind = models.ConditionThreshold // until it is read
		return nil
	}
	a.Question, a.Of, a.Condition, try.Plan = wish.Question, wish.Of, wish.Condition, true
	if a.Cron == "" {
		a.Cron = wish.Cron
	}
	if a.Name == "" {
		a.Name = titleOf(capital(cmp.Or(wish.Title, wish.Question)))
	}
	return nil
}

// capital is a text that begins like a sentence.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// checkAlert checks what of an alert can be checked here, and fills in defaults.
func (s *Server) checkAlert(ctx context.Context, a *models.Alert, proposed bool) error {
	if err := checkTiming(&a.Timing); err != nil {
		return err
	}
	if !proposed {
		if err := alert.Check(&a.Condition, &a.Rule); err != nil {
			return err
		}
	}
	a.Channels, a.EscalateTo = list(a.Channels), list(a.EscalateTo)
	if _, err := s.knownChannels(ctx, slices.Concat(a.Channels, a.EscalateTo)); err != nil {
		return err
	}
	if a.Name == "" {
		a.Name = titleOf(a.Question)
	}
	return nil
}

func (s *Server) draftOfAlert(ctx context.Context, b *AlertTry) (alert.PreviewInput, error) {
	scope := scopeOf(ctx)
	a, err := s.deps.Store.GetAlert(ctx, scope, canonical(b.AlertID))
	if err != nil {
		return alert.PreviewInput{}, err
	}
	if a.UserID != scope.UserID {
		return alert.PreviewInput{}, errNotOwner
	}
	if b.Condition != nil {
		a.Condition = *b.Condition
	}
	if b.Rule != nil {
		a.Rule = *b.Rule
	}
	if b.Cron != "" {
		a.Timing = models.Timing(b.TimingInput)
	}
	return alert.PreviewInput{Scope: scope, Alert: a.Alert}, s.checkAlert(ctx, &a.Alert, false)
}

var errNotOwner = &models.Error{Code: models.CodeForbidden, Message: "Only its owner may change an alert. Make one of your own."}

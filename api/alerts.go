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

// Alert watches the result of a query.
type Alert struct {
	ID           string                `json:"id" format:"uuid"`
	Name         string                `json:"name"`
	UserID       string                `json:"user_id" format:"uuid" doc:"The owner, by whose rights it runs and who alone may change it"`
	Mine         bool                  `json:"mine"`
	ConnectionID string                `json:"connection_id" format:"uuid"`
	QuestionID   string                `json:"question_id,omitempty" doc:"The answer that it was made from"`
	SavedQueryID string                `json:"saved_query_id,omitempty"`
	Question     string                `json:"question" doc:"What is watched, in words; empty for SQL of a person"`
	Of           string                `json:"of,omitempty" doc:"The question of whose answer it is a percentage"`
	Replan       bool                  `json:"replan" doc:"The question is read anew at each run, as its period moves on"`
	SQL          string                `json:"sql"`
	Condition    models.AlertCondition `json:"condition"`
	Described    string                `json:"described" doc:"The condition in words"`
	Rule         models.AlertRule      `json:"rule"`
	models.Timing
	Next       []time.Time  `json:"next" doc:"The next five runs; none while it is paused"`
	Channels   []string     `json:"channels"`
	EscalateTo []string     `json:"escalate_to"`
	Shared     bool         `json:"shared" doc:"The organisation sees it, acknowledges and snoozes it"`
	Status     string       `json:"status" enum:"ok,pending,firing,failing,unknown,paused"`
	PauseCode  models.Code  `json:"pause_code,omitempty"`
	PauseText  string       `json:"pause_text,omitempty"`
	Keys       []AlertKey   `json:"keys" doc:"Where each key stands, those that fire first; an alert without keys has one with an empty name"`
	FailText   string       `json:"fail_text,omitempty" doc:"Why its query failed the last time"`
	EpisodeID  string       `json:"episode_id,omitempty" doc:"Of the episode that is open"`
	AckedAt    *time.Time   `json:"acked_at,omitempty"`
	AckedBy    string       `json:"acked_by,omitempty" doc:"Who has acknowledged it, by id"`
	Snoozed    *time.Time   `json:"snoozed_until,omitempty"`
	LastRun    *time.Time   `json:"last_run,omitempty"`
	Recent     []AlertPoint `json:"recent" doc:"The last runs, oldest first: one value of each"`
	CreatedAt  time.Time    `json:"created_at"`
	UpdatedAt  time.Time    `json:"updated_at"`
}

// AlertKey is where a key of an alert stands.
type AlertKey struct {
	Key    string           `json:"key"`
	Status models.KeyStatus `json:"status" enum:"ok,pending,firing"`
	Since  time.Time        `json:"since"`
	Value  *float64         `json:"value,omitempty"`
	Text   string           `json:"text,omitempty" doc:"Why there is no value, or what it stands for"`
}

// AlertPoint is a run with one value, the most telling one.
type AlertPoint struct {
	At     time.Time `json:"at"`
	Value  *float64  `json:"value,omitempty"`
	Status string    `json:"status"`
}

// keysShown bounds the keys of an alert in an answer.
const keysShown = 200

func alertView(scope models.Scope, a *store.AlertWithState) Alert {
	v := Alert{ID: a.ID, Name: a.Name, UserID: a.UserID, Mine: a.UserID == scope.UserID, ConnectionID: a.ConnectionID, Question: a.Question, Of: a.Of,
		Replan: a.Replan, SQL: models.InlineArguments(a.SQL, a.Arguments), Condition: a.Condition, Described: alert.Describe(&a.Condition), Rule: a.Rule,
		Timing: a.Timing, Next: []time.Time{}, Channels: list(a.Channels), EscalateTo: list(a.EscalateTo), Shared: a.Shared, Status: alert.Status(&a.State),
		PauseCode: a.PauseCode, PauseText: a.PauseText, Keys: []AlertKey{}, FailText: a.State.FailText, EpisodeID: a.State.EpisodeID, AckedBy: a.State.AckedBy,
		AckedAt: set0(a.State.AckedAt), Snoozed: set0(a.State.SnoozedUntil), LastRun: set0(a.State.LastAt), Recent: []AlertPoint{}, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}
	if a.QuestionID != nil {
		v.QuestionID = *a.QuestionID
	}
	if a.SavedQueryID != nil {
		v.SavedQueryID = *a.SavedQueryID
	}
	if v.Snoozed != nil && v.Snoozed.Before(time.Now()) {
		v.Snoozed = nil
	}
	if a.Alert.Status == models.AlertActive {
		v.Next = nextRuns(a.Timing, 5)
	} else {
		v.Status = string(models.AlertPaused)
	}
	for name, k := range a.State.Keys {
		v.Keys = append(v.Keys, AlertKey{Key: name, Status: k.Status, Since: k.Since, Value: k.Value, Text: k.Text})
	}
	order := []models.KeyStatus{models.KeyFiring, models.KeyPending, models.KeyOK}
	slices.SortFunc(v.Keys, func(a, b AlertKey) int {
		if d := slices.Index(order, a.Status) - slices.Index(order, b.Status); d != 0 {
			return d
		}
		return strings.Compare(a.Key, b.Key)
	})
	v.Keys = v.Keys[:min(len(v.Keys), keysShown)]
	for i := range a.Recent {
		v.Recent = append(v.Recent, pointOf(&a.Recent[i]))
	}
	return v
}

// pointOf takes the value of a run that breaks the condition, or else the first.
func pointOf(r *models.AlertRun) AlertPoint {
	p := AlertPoint{At: r.At, Status: r.Status}
	for _, v := range r.Values {
		if v.Value != nil && (p.Value == nil || v.Breach) {
			p.Value = v.Value
			if v.Breach {
				break
			}
		}
	}
	return p
}

// set0 is a time, nil for none.
func set0(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// AlertSource is what an alert watches: one of an answer, a saved query, or words.
type AlertSource struct {
	QuestionID   string         `json:"question_id,omitempty" format:"uuid" maxLength:"36" doc:"An answer"`
	SavedQueryID string         `json:"saved_query_id,omitempty" format:"uuid" maxLength:"36"`
	Parameters   map[string]any `json:"parameters,omitempty" maxProperties:"30" doc:"Values of the saved query's parameters; those left out have their defaults"`
	Words        string         `json:"words,omitempty" maxLength:"1000" doc:"Such as: tell me when refunds exceed 3 % of revenue in a week"`
	ConnectionID string         `json:"connection_id,omitempty" format:"uuid" maxLength:"36" doc:"The database that words are about"`
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

// AlertTry is an alert to try.
type AlertTry struct {
	AlertInput
	AlertID string `json:"alert_id,omitempty" format:"uuid" maxLength:"36" doc:"An alert that is stored, instead of a source; its history counts"`
	DryRun  bool   `json:"dry_run,omitempty" doc:"Try the last 90 days as well"`
}

// AlertPreview is what an alert would see and do now.
type AlertPreview struct {
	Name      string                `json:"name" doc:"A name that suits it"`
	Question  string                `json:"question"`
	Of        string                `json:"of,omitempty"`
	SQL       string                `json:"sql"`
	Replan    bool                  `json:"replan"`
	Condition models.AlertCondition `json:"condition"`
	Described string                `json:"described"`
	models.Timing
	Code    models.Code         `json:"code,omitempty" doc:"Why nothing could be seen"`
	Text    string              `json:"text,omitempty"`
	Status  string              `json:"status,omitempty" doc:"Where it would stand now" enum:"ok,firing,unknown"`
	Values  []models.AlertValue `json:"values"`
	Keys    int                 `json:"keys" doc:"How many keys it would watch"`
	More    int                 `json:"more" doc:"Keys beyond those that are watched"`
	Columns []models.Column     `json:"columns"`
	Warning string              `json:"warning,omitempty" enum:"fixed_dates" doc:"fixed_dates: the question names a period that moves on, and the SQL dates that do not"`
	Past    *alert.Replayed     `json:"past,omitempty" doc:"What it would have done"`
	PastOf  string              `json:"past_of,omitempty" enum:"series,question,runs" doc:"Where the past is from: the rows of a series, the question asked as of then, or runs of the alert"`
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
	const wait = 40 * time.Second
	register(s, operation(http.MethodGet, "/alerts", "list-alerts", "Your alerts and those that others share, changed last first", 200), auth.ReadAlerts, s.listAlerts)
	register(s, slow(operation(http.MethodPost, "/alerts", "create-alert", "Make an alert of an answer, a saved query, or words", 201), wait), auth.WriteAlerts, s.createAlert)
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

// draft makes an alert of what somebody asked for, as far as that needs no worker.
func (s *Server) draft(ctx context.Context, b *AlertInput) (try alert.PreviewInput, err error) {
	scope := scopeOf(ctx)
	try = alert.PreviewInput{Scope: scope, Propose: b.Condition == nil}
	a := &try.Alert
	a.Name, a.Shared, a.Timing, a.Channels, a.EscalateTo = strings.TrimSpace(b.Name), b.Shared, models.Timing(b.TimingInput), b.Channels, b.EscalateTo
	sources := 0
	for _, given := range []string{b.QuestionID, b.SavedQueryID, strings.TrimSpace(b.Words)} {
		if given != "" {
			sources++
		}
	}
	if sources != 1 {
		return try, models.Errorf(models.CodeInvalid, "Say what to watch: an answer, a saved query, or words; one of them.")
	}
	switch {
	case b.QuestionID != "":
		err = s.draftOfQuestion(ctx, scope, b, &try)
	case b.SavedQueryID != "":
		err = s.draftOfSaved(ctx, scope, b, a)
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
		a.Cron = "0 8 * * *"
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

func (s *Server) draftOfWords(ctx context.Context, scope models.Scope, b *AlertInput, try *alert.PreviewInput) error {
	conn, err := s.connectionToAsk(ctx, scope, b.ConnectionID)
	if err != nil {
		return err
	}
	wish, ok := alert.Understand(b.Words)
	if !ok || wish.Question == "" {
		return models.Errorf(models.CodeNotAnswerable, "These words could not be read as an alert. Say it like “tell me when refunds exceed 3 %% of revenue in a week”, “tell me when orders today are below 100”, or “tell me when revenue is unusual”.")
	}
	a := &try.Alert
	a.ConnectionID, a.Question, a.Of, a.Condition = conn.ID, wish.Question, wish.Of, wish.Condition
	try.Plan, try.Propose = true, false
	if a.Cron == "" {
		a.Cron = wish.Cron
	}
	if a.Name == "" {
		a.Name = titleOf(strings.ToUpper(wish.Question[:1]) + wish.Question[1:])
	}
	return nil
}

// checkAlert checks what of an alert can be checked here, and fills in defaults.
func (s *Server) checkAlert(ctx context.Context, a *models.Alert, proposed bool) error {
	if a.TimeZone == "" {
		a.TimeZone = "UTC"
	}
	a.Cron = strings.Join(strings.Fields(a.Cron), " ")
	if _, err := alert.ParseSpec(a.Cron, a.TimeZone); err != nil {
		return err
	}
	if !proposed {
		if err := alert.Check(&a.Condition, &a.Rule); err != nil {
			return err
		}
	}
	a.Channels, a.EscalateTo = list(a.Channels), list(a.EscalateTo)
	if len(a.Channels)+len(a.EscalateTo) > 0 {
		known, err := s.deps.Store.ListChannels(ctx, scopeOf(ctx))
		if err != nil {
			return err
		}
		for _, id := range slices.Concat(a.Channels, a.EscalateTo) {
			if !slices.ContainsFunc(known, func(c models.Channel) bool { return c.ID == canonical(id) }) {
				return models.Errorf(models.CodeInvalid, "One of the channels does not exist any more. Choose again.")
			}
		}
	}
	if a.Name == "" {
		a.Name = titleOf(a.Question)
	}
	return nil
}

func (s *Server) createAlert(ctx context.Context, in *alertCreateIn) (*alertOut, error) {
	scope := scopeOf(ctx)
	try, err := s.draft(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	got, err := s.deps.Runs.PreviewAlert(ctx, try)
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
	got, err := s.deps.Runs.PreviewAlert(ctx, try)
	if err != nil {
		return nil, err
	}
	a := &got.Alert
	if got.Status != string(models.KeyFiring) && got.Status != models.EmptyUnknown && got.Status != "" {
		got.Status = string(models.KeyOK)
	}
	return &alertPreviewOut{Body: AlertPreview{Name: a.Name, Question: a.Question, Of: a.Of, SQL: models.InlineArguments(a.SQL, a.Arguments), Replan: a.Replan, Condition: a.Condition,
		Described: alert.Describe(&a.Condition), Timing: a.Timing, Code: got.Code, Text: got.Text, Status: got.Status, Values: list(got.Values), Keys: got.Keys, More: got.More,
		Columns: list(got.Columns), Warning: got.Warning, Past: got.Past, PastOf: got.PastOf}}, nil
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

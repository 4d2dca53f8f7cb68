package api

import (
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/alert"
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
	v.QuestionID, v.SavedQueryID = orEmpty(a.QuestionID), orEmpty(a.SavedQueryID)
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

// AlertPreview is what an alert would see and do now.
type AlertPreview struct {
	Name      string                `json:"name" doc:"A name that suits it"`
	Question  string                `json:"question"`
	Of        string                `json:"of,omitempty"`
	SQL       string                `json:"sql"`
	Replan    bool                  `json:"replan"`
	Condition models.AlertCondition `json:"condition"`
	Described string                `json:"described"`
	ByModel   bool                  `json:"by_model,omitempty" doc:"A model has read the words and written the SQL; make the alert of this SQL, as it may read them otherwise the next time"`
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

package api

import (
	"encoding/json"
	"time"

	"github.com/datamind/datamind/models"
)

// Question is a question as clients see it.
type Question struct {
	ID             string                `json:"id" format:"uuid"`
	ConversationID string                `json:"conversation_id" format:"uuid"`
	ConnectionID   string                `json:"connection_id" format:"uuid"`
	UserID         string                `json:"user_id" format:"uuid"`
	Question       string                `json:"question"`
	Status         models.QuestionStatus `json:"status" enum:"queued,running,clarify,approve,answered,refused,failed,cancelled,budget_exhausted"`
	WorkflowID     string                `json:"workflow_id" doc:"Name of the run in Temporal"`
	RunID          string                `json:"run_id"`
	Run            int                   `json:"run" doc:"1, and one more for each edit of the SQL"`
	Planner        string                `json:"planner" doc:"builtin, person for SQL that somebody wrote, or the model's name"`
	Model          string                `json:"model,omitempty" doc:"Which model was asked for: an id, or builtin"`
	SQL            string                `json:"sql"`
	Arguments      []models.Argument     `json:"arguments,omitempty" doc:"Values of the parameters {{name}} in the SQL"`
	Understanding  string                `json:"understanding" doc:"How the question was read, in words"`
	Text           string                `json:"text" doc:"The answer"`
	Numbers        []models.NumberCheck  `json:"numbers" doc:"Each number of the text and where it comes from; byte offsets"`
	Facts          []models.Fact         `json:"facts"`
	Chart          *models.Chart         `json:"chart,omitempty"`
	HasResult      bool                  `json:"has_result"`
	Corrects       string                `json:"corrects,omitempty" doc:"The question that is asked again here because its answer was wrong"`
	Verified       *models.Verification  `json:"verified,omitempty" doc:"Set when the SQL is that of a verified question"`
	Feedback       *Feedback             `json:"feedback,omitempty" doc:"What you said of the answer; absent in lists"`
	Prompt         *models.Prompt        `json:"prompt,omitempty" doc:"What the person is asked while the status is clarify or approve"`
	ErrorCode      models.Code           `json:"error_code,omitempty"`
	Error          string                `json:"error,omitempty"`
	Ms             int64                 `json:"ms" doc:"Time spent working, waits for a person not counted"`
	CreatedAt      time.Time             `json:"created_at"`
	UpdatedAt      time.Time             `json:"updated_at"`
	EndedAt        *time.Time            `json:"ended_at,omitempty"`
	Steps          []Step                `json:"steps" doc:"Empty in lists"`
}

// Step is one step of a question.
type Step struct {
	Run           int               `json:"run"`
	Kind          models.StepKind   `json:"kind" enum:"discover,plan,guard,query,analyse"`
	Attempt       int               `json:"attempt"`
	Status        models.StepStatus `json:"status" enum:"running,done,failed,cancelled,waiting"`
	Tries         int               `json:"tries"`
	Summary       string            `json:"summary"`
	Output        json.RawMessage   `json:"output,omitempty"`
	Model         string            `json:"model,omitempty"`
	PromptVersion string            `json:"prompt_version,omitempty"`
	InputTokens   int               `json:"input_tokens"`
	OutputTokens  int               `json:"output_tokens"`
	ErrorCode     models.Code       `json:"error_code,omitempty"`
	Error         string            `json:"error,omitempty" doc:"Why the last try that has ended failed"`
	Ms            int64             `json:"ms"`
	StartedAt     time.Time         `json:"started_at"`
	EndedAt       *time.Time        `json:"ended_at,omitempty"`
}

func questionView(q *models.Question, steps []models.QuestionStep) Question {
	v := Question{ID: q.ID, ConversationID: q.ConversationID, ConnectionID: q.ConnectionID, UserID: q.UserID,
		Question: q.Text, Status: q.Status, WorkflowID: "ask/" + q.ID, RunID: q.RunID, Run: q.Run, Planner: q.Planner, Model: q.Model,
		SQL: q.SQL, Arguments: q.Arguments, Understanding: q.Understanding, Text: q.Answer, Numbers: list(q.Numbers), Facts: list(q.Facts),
		Chart: q.Chart, HasResult: q.ResultID != nil, Prompt: q.Prompt, ErrorCode: q.ErrorCode, Error: q.ErrorText,
		Ms: q.ActiveMs, CreatedAt: q.CreatedAt, UpdatedAt: q.UpdatedAt, EndedAt: q.EndedAt, Steps: []Step{}}
	v.Verified = q.Verified
	if q.Corrects != nil {
		v.Corrects = *q.Corrects
	}
	if v.Chart != nil {
		chart := *v.Chart
		chart.Y = list(chart.Y)
		v.Chart = &chart
	}
	for i := range steps {
		v.Steps = append(v.Steps, stepView(&steps[i]))
	}
	return v
}

func stepView(s *models.QuestionStep) Step {
	return Step{Run: s.Run, Kind: s.Kind, Attempt: s.Attempt, Status: s.Status, Tries: s.Tries, Summary: s.Summary,
		Output: s.Output, Model: s.Model, PromptVersion: s.PromptVersion, InputTokens: s.InputTokens,
		OutputTokens: s.OutputTokens, ErrorCode: s.ErrorCode, Error: s.ErrorText, Ms: s.Ms,
		StartedAt: s.StartedAt, EndedAt: s.EndedAt}
}

// list makes an empty list out of none, so that clients never meet null.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// Page is one page of a list.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor" doc:"Pass it as cursor for the next page; empty on the last"`
}

type pageOut[T any] struct{ Body Page[T] }

func page[T any](items []T, next string) *pageOut[T] {
	return &pageOut[T]{Body: Page[T]{Items: list(items), NextCursor: next}}
}

// PageParams are the parameters of every list.
type PageParams struct {
	Cursor string `query:"cursor" maxLength:"300" pattern:"^[A-Za-z0-9_=-]*$" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Items on a page"`
}

// IDParam is the id in a path. One that is not a UUID answers like one that does not exist.
type IDParam struct {
	ID string `path:"id" pattern:"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" doc:"The id"`
}

// empty is the answer without a body.
type empty struct{}

// orEmpty is a text that may be none.
func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

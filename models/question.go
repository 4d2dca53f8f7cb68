package models

import (
	"encoding/json"
	"strings"
	"time"
)

// QuestionStatus is where a question stands.
type QuestionStatus string

// The statuses. The last six are endings.
const (
	StatusQueued    QuestionStatus = "queued"
	StatusRunning   QuestionStatus = "running"
	StatusClarify   QuestionStatus = "clarify" // waits for the person's reply
	StatusApprove   QuestionStatus = "approve" // waits for the person's yes to a costly query
	StatusAnswered  QuestionStatus = "answered"
	StatusRefused   QuestionStatus = "refused" // cannot be answered from this data, or may not be
	StatusFailed    QuestionStatus = "failed"
	StatusCancelled QuestionStatus = "cancelled"
	StatusBudget    QuestionStatus = "budget_exhausted"
)

// Final reports whether nothing more happens by itself.
func (s QuestionStatus) Final() bool {
	switch s {
	case StatusAnswered, StatusRefused, StatusFailed, StatusCancelled, StatusBudget:
		return true
	}
	return false
}

// EditedUnderstanding stands where the planner says how it understood the
// question, when a person wrote the SQL.
const EditedUnderstanding = "SQL written by a person"

// Conversation is a thread of questions about one connection.
type Conversation struct {
	ID           string `gorm:"type:uuid;primaryKey" json:"id"`
	OrgID        string `gorm:"type:uuid;not null;index:conversations_list,priority:1;index:conversations_shared,priority:1,where:shared" json:"-"`
	UserID       string `gorm:"type:uuid;not null;index:conversations_list,priority:2" json:"user_id"`
	ConnectionID string `gorm:"type:uuid;not null" json:"connection_id"`
	Title        string `gorm:"not null" json:"title"`
	// Shared conversations can be read by all members of the organisation.
	Shared     bool       `gorm:"not null;default:false" json:"shared"`
	ArchivedAt *time.Time `json:"archived_at,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `gorm:"index:conversations_list,priority:3,sort:desc;index:conversations_shared,priority:2,sort:desc" json:"updated_at"`
}

// Question is one question and its answer. The row is the truth; the
// workflow "ask/<id>" moves it.
type Question struct {
	ID             string         `gorm:"type:uuid;primaryKey" json:"id"`
	OrgID          string         `gorm:"type:uuid;not null;uniqueIndex:questions_idempotency,priority:1" json:"-"`
	ConversationID string         `gorm:"type:uuid;not null;index:questions_list,priority:1" json:"conversation_id"`
	ConnectionID   string         `gorm:"type:uuid;not null;index:questions_recent,priority:1" json:"connection_id"`
	UserID         string         `gorm:"type:uuid;not null" json:"user_id"`
	Text           string         `gorm:"not null" json:"question"`
	Status         QuestionStatus `gorm:"not null;index:questions_open,where:status in ('queued'\\,'running'\\,'clarify'\\,'approve')" json:"status"`
	// IdempotencyKey is the client's header, or the question's own id: unique per organisation.
	IdempotencyKey string `gorm:"not null;uniqueIndex:questions_idempotency,priority:2" json:"-"`
	// EditKey is the client's header of the last edit of the SQL: sent again, it starts no run.
	EditKey string `gorm:"not null;default:''" json:"-"`
	// Run counts runs of the question: 1, and one more for each edit of its SQL.
	Run     int    `gorm:"not null;default:1" json:"run"`
	RunID   string `gorm:"not null;default:''" json:"run_id"`  // Temporal run
	Planner string `gorm:"not null;default:''" json:"planner"` // "builtin", PlannerPerson or the model's name
	// Model is what the person wants asked: a model's id, ModelBuiltin, or "" for the organisation's first.
	Model string `gorm:"not null;default:''" json:"model,omitempty"`
	SQL   string `gorm:"not null;default:''" json:"sql"`
	// Arguments are the values of the placeholders in SQL that a person wrote.
	Arguments []Argument `gorm:"serializer:json;type:jsonb" json:"arguments,omitempty"`
	// Explain asks the model for the answer's text although a person wrote the SQL.
	Explain bool `gorm:"not null;default:false" json:"-"`
	// Understanding says in words how the question was read.
	Understanding string        `gorm:"not null;default:''" json:"understanding"`
	Answer        string        `gorm:"column:answer;not null;default:''" json:"text"`
	Numbers       []NumberCheck `gorm:"serializer:json;type:jsonb" json:"numbers"` // each number of the text and where it comes from
	Chart         *Chart        `gorm:"serializer:json;type:jsonb" json:"chart"`
	Facts         []Fact        `gorm:"serializer:json;type:jsonb" json:"facts"`
	ResultID      *string       `gorm:"type:uuid" json:"-"`
	// Corrects is the question whose answer was said to be wrong, of which this one is asked again.
	Corrects *string `gorm:"type:uuid" json:"corrects,omitempty"`
	// Verified is set when the SQL is that of a verified question.
	Verified *Verification `gorm:"serializer:json;type:jsonb" json:"verified,omitempty"`
	// Prompt is what the person is asked while the status is clarify or approve.
	Prompt    *Prompt `gorm:"serializer:json;type:jsonb" json:"prompt,omitempty"`
	ErrorCode Code    `gorm:"not null;default:''" json:"error_code,omitempty"`
	ErrorText string  `gorm:"not null;default:''" json:"error,omitempty"`
	// ActiveMs is wall time spent working, waits for a person not counted.
	ActiveMs  int64      `gorm:"not null;default:0" json:"ms"`
	CreatedAt time.Time  `gorm:"index:questions_list,priority:2;index:questions_recent,priority:2,sort:desc" json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

// Prompt is a question back to the person.
type Prompt struct {
	Kind    string   `json:"kind"` // clarify, approve
	Text    string   `json:"text"`
	Choices []string `json:"choices,omitempty"`
}

// StepKind names a step of a question.
type StepKind string

// The steps, in the order in which they usually happen.
const (
	StepDiscover StepKind = "discover"
	StepPlan     StepKind = "plan"
	StepGuard    StepKind = "guard"
	StepQuery    StepKind = "query"
	StepAnalyse  StepKind = "analyse"
)

// StepStatus is where a step stands.
type StepStatus string

// Statuses of a step.
const (
	StepRunning   StepStatus = "running"
	StepWaiting   StepStatus = "waiting" // for a person's yes; it begins again after it
	StepDone      StepStatus = "done"
	StepFailed    StepStatus = "failed"
	StepCancelled StepStatus = "cancelled"
)

// QuestionStep records one step of one run of a question. (QuestionID, Run,
// Kind, Attempt) is unique and is the step's idempotency key: a step that is
// done is not done again, its Output is read instead.
type QuestionStep struct {
	ID         string     `gorm:"type:uuid;primaryKey" json:"id"`
	OrgID      string     `gorm:"type:uuid;not null" json:"-"`
	QuestionID string     `gorm:"type:uuid;not null;uniqueIndex:question_steps_key,priority:1" json:"-"`
	Run        int        `gorm:"not null;uniqueIndex:question_steps_key,priority:2" json:"run"`
	Kind       StepKind   `gorm:"not null;uniqueIndex:question_steps_key,priority:3" json:"kind"`
	Attempt    int        `gorm:"not null;uniqueIndex:question_steps_key,priority:4" json:"attempt"` // repair attempt, from 1
	Status     StepStatus `gorm:"not null" json:"status"`
	// Tries counts executions of the activity, retries after crashes included.
	Tries       int             `gorm:"not null;default:1" json:"tries"`
	Summary     string          `gorm:"not null;default:''" json:"summary"` // one line for a person
	InputDigest string          `gorm:"not null;default:''" json:"input_digest,omitempty"`
	Output      json.RawMessage `gorm:"type:jsonb" json:"output,omitempty"`
	// Trace is what the step saw and produced; lists leave it out.
	Trace         *StepTrace `gorm:"serializer:json;type:jsonb" json:"-"`
	PromptVersion string     `gorm:"not null;default:''" json:"prompt_version,omitempty"`
	Model         string     `gorm:"not null;default:''" json:"model,omitempty"`
	InputTokens   int        `gorm:"not null;default:0" json:"input_tokens,omitempty"`
	OutputTokens  int        `gorm:"not null;default:0" json:"output_tokens,omitempty"`
	ErrorCode     Code       `gorm:"not null;default:''" json:"error_code,omitempty"`
	ErrorText     string     `gorm:"not null;default:''" json:"error,omitempty"`
	Ms            int64      `gorm:"not null;default:0" json:"ms"`
	StartedAt     time.Time  `gorm:"not null" json:"started_at"`
	EndedAt       *time.Time `json:"ended_at,omitempty"`
}

// StepTrace is what a step saw and produced, for those who may inspect it.
type StepTrace struct {
	SQL   string      `json:"sql,omitempty"` // that was checked or run
	Calls []ModelCall `json:"calls,omitempty"`
}

// ModelCall is one call of a model: what it was sent, and what it said.
type ModelCall struct {
	Try          int       `json:"try" doc:"Execution of the step, from 1"`
	Model        string    `json:"model"`
	System       string    `json:"system" doc:"The instructions, as sent"`
	Prompt       string    `json:"prompt" doc:"The data and the question, as sent"`
	Reply        string    `json:"reply" doc:"What the model said, before it was read"`
	Cut          bool      `json:"cut,omitempty" doc:"Some of the texts were too long to keep whole"`
	ErrorCode    Code      `json:"error_code,omitempty"`
	Error        string    `json:"error,omitempty"`
	InputTokens  int       `json:"input_tokens"`
	OutputTokens int       `json:"output_tokens"`
	Ms           int64     `json:"ms"`
	StartedAt    time.Time `json:"started_at"`
}

// How much of the calls of a step is kept.
const (
	maxCalls    = 4
	maxCallText = 64 << 10
)

// Add keeps a call, bounded, with the last ones before it.
func (t *StepTrace) Add(call ModelCall) {
	for _, text := range []*string{&call.System, &call.Prompt, &call.Reply} {
		clean := strings.ReplaceAll(strings.ToValidUTF8(*text, "\uFFFD"), "\x00", "") // PostgreSQL stores neither
		if len(clean) > maxCallText {
			clean, call.Cut = strings.ToValidUTF8(clean[:maxCallText], ""), true
		}
		*text = clean
	}
	t.Calls = append(t.Calls, call)
	t.Calls = t.Calls[max(0, len(t.Calls)-maxCalls):]
}

// Column is a column of a result.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // number, integer, text, boolean, date, timestamp, time, json, other
}

// Rows is a result in memory. Cells are nil, bool, int64, float64, string
// (dates and times in RFC 3339 forms) or json.Number for exact decimals and
// for integers past 2^53.
type Rows struct {
	Columns   []Column `json:"columns"`
	Rows      [][]any  `json:"rows"`
	Truncated bool     `json:"truncated"` // a row or byte cap was reached
}

// Result is the stored outcome of a query.
type Result struct {
	ID         string   `gorm:"type:uuid;primaryKey"`
	OrgID      string   `gorm:"type:uuid;not null"`
	QuestionID string   `gorm:"type:uuid;not null;uniqueIndex:results_key,priority:1"`
	Run        int      `gorm:"not null;uniqueIndex:results_key,priority:2"`
	Attempt    int      `gorm:"not null;uniqueIndex:results_key,priority:3"`
	Columns    []Column `gorm:"serializer:json;type:jsonb;not null"`
	// Rows are blocks of BlockRows rows, each zstd-compressed JSON of [][]any;
	// BlockEnds are where they end in the bytes. BlockRows 0 is one block of all.
	Rows      []byte `gorm:"not null"`
	BlockRows int    `gorm:"not null;default:0"`
	BlockEnds []int  `gorm:"serializer:json;type:jsonb"`
	RowCount  int    `gorm:"not null"`
	Truncated bool   `gorm:"not null;default:false"`
	QueryMs   int64  `gorm:"not null"`
	CreatedAt time.Time
}

// TokenUsage is the ledger of model tokens: a reservation before each call,
// settled after it. Key is the step's idempotency key.
type TokenUsage struct {
	ID         string    `gorm:"type:uuid;primaryKey"`
	OrgID      string    `gorm:"type:uuid;not null;index:token_usages_month,priority:1;uniqueIndex:token_usages_key,priority:1"`
	UserID     string    `gorm:"type:uuid;not null"`
	QuestionID string    `gorm:"type:uuid;not null;index"`
	Key        string    `gorm:"not null;uniqueIndex:token_usages_key,priority:2"`
	State      string    `gorm:"not null"` // reserved, settled, released
	Reserved   int64     `gorm:"not null"`
	Used       int64     `gorm:"not null;default:0"`
	Model      string    `gorm:"not null;default:''"`
	CreatedAt  time.Time `gorm:"index:token_usages_month,priority:2"`
	UpdatedAt  time.Time
}

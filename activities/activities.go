// Package activities holds the side effects of the workflows: one struct per
// set of dependencies, so that a worker registers only what its machine may do.
//
// Every activity is idempotent by the step key in its input: (question, run,
// kind, attempt). A step that is done is read back, not done again.
package activities

import (
	"time"

	"github.com/datamind/datamind/models"
)

// StepRef names one step of one run on behalf of somebody. Its key is
// "ask/<question>/<run>/<kind>/<attempt>".
type StepRef struct {
	Scope        models.Scope
	QuestionID   string
	ConnectionID string
	Run          int
	Attempt      int
}

// BeginInput starts the record of a run.
type BeginInput struct {
	StepRef
	RunID   string
	Planner string
}

// BeginResult is what a run finds when it begins.
type BeginResult struct {
	// SnapshotID of a catalog that is fresh enough; "" asks for a discovery.
	SnapshotID string
	// Ended is set when the question has ended already (stopped while queued).
	Ended models.QuestionStatus
}

// First is part of the input of a run's first step, which begins the run.
type First struct {
	// RunID of the run; "" for a run that has begun.
	RunID string `json:",omitempty"`
}

// Begun is part of the result of a run's first step. Where one of its fields is
// set, there was nothing to do yet, or any more.
type Begun struct {
	// Undiscovered asks for a discovery: no catalog is fresh enough.
	Undiscovered bool `json:",omitempty"`
	// Ended is set when the question has ended already (stopped while queued).
	Ended models.QuestionStatus `json:",omitempty"`
}

// DiscoverResult names the snapshot that was stored.
type DiscoverResult struct {
	SnapshotID string
	Tables     int
}

// PlanInput asks for a plan. What earlier attempts brought, and what the person
// replied, travel in it.
type PlanInput struct {
	StepRef
	First
	Planner string
	// Models are the ids of the organisation's own models, in order; none for the configured one.
	Models         []string
	Attempts       []models.Attempt
	Clarifications [][2]string
}

// PlanResult is the planner's verdict.
type PlanResult struct {
	Begun
	Status  models.PlanStatus
	SQL     string
	Text    string
	Choices []string
}

// QueryInput asks to check and run SQL.
type QueryInput struct {
	StepRef
	First
	SQL string
	// Planner of the run, for its begin.
	Planner string `json:",omitempty"`
	// Edited marks SQL that a person wrote.
	Edited bool
	// ApproveCost is the planner cost above which a person must say yes; 0 never.
	ApproveCost float64
	Approved    bool
}

// QueryResult says how the query went. Exactly one of the three cases holds:
// rows are stored (Code ""), it needs a person's yes (NeedsApproval), or it
// failed in a way that other SQL may cure (Code set); but for a first step that
// had nothing to do.
type QueryResult struct {
	Begun
	RowCount      int
	Truncated     bool
	NeedsApproval bool
	Prompt        string
	Code          models.Code
	Error         string
}

// AnalyseInput asks for facts, a chart and a text.
type AnalyseInput struct {
	StepRef
	QueryAttempt int
	Planner      string
	Models       []string // as in PlanInput
	// Unproven numbers of the attempt before, for the model to leave out.
	Unproven []string
	// Last says that the text is the answer whatever is unproven in it.
	Last bool
	// Since is when the run began, moved on by the time it waited for people.
	Since time.Time
}

// AnalyseResult tells the numbers that could not be proven, and how the question
// ended when it has been ended with the answer.
type AnalyseResult struct {
	Unproven []string
	Ended    *FinishResult
}

// WaitInput records that a person is asked.
type WaitInput struct {
	StepRef
	Status models.QuestionStatus
	Prompt models.Prompt
}

// FinishInput records the end of a run.
type FinishInput struct {
	StepRef
	Status    models.QuestionStatus
	ErrorCode models.Code
	ErrorText string
	ActiveMs  int64
}

// FinishResult is the ending that the question has: an earlier one stays.
type FinishResult struct {
	Status    models.QuestionStatus
	ErrorCode models.Code
	ActiveMs  int64
	Earlier   bool
}

// TestInput is a connection to try. It is not stored; its password is sealed.
type TestInput struct {
	Scope      models.Scope
	Connection models.Connection
	// Sealed is the sealed password: the model's own field does not serialise.
	Sealed []byte
}

// TestModelInput is a model to try: a stored one by its id, or one that is not,
// its key sealed.
type TestModelInput struct {
	Scope      models.Scope
	EndpointID string
	Unsaved    *models.ModelEndpoint
	// SealedKey belongs to Unsaved: the model's own field does not serialise.
	SealedKey []byte
}

// SyncInput names the connection whose schema is read.
type SyncInput struct {
	Scope        models.Scope
	ConnectionID string
}

// CheckInput is SQL to check against a connection's catalog.
type CheckInput struct {
	Scope        models.Scope
	ConnectionID string
	SQL          string
}

// CheckResult says why SQL may not run; Code "" says that it may.
type CheckResult struct {
	Code  models.Code
	Error string
}

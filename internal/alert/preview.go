package alert

import (
	"time"

	"github.com/datamind/datamind/models"
)

// PreviewInput is an alert to try. It need not be stored.
type PreviewInput struct {
	Scope models.Scope
	Alert models.Alert
	// Plan has the questions planned first; Propose a condition proposed that
	// suits what they bring; DryRun the past tried as well.
	Plan    bool
	Propose bool
	DryRun  bool
	// Words are what somebody wished for, where a model may read them: those that
	// have no question yet, and those whose question the built-in planner cannot read.
	Words string
	// DefaultCron and DefaultCondition say that nobody has chosen these: they are
	// what the words say.
	DefaultCron      bool
	DefaultCondition bool
	// ByModel says that a model has read the words and written the SQL.
	ByModel bool
	// AskedAt is when a question was planned whose SQL the alert has: where the
	// planner still reads it in that way, it is read anew at each run.
	AskedAt time.Time
}

// Preview is what an alert would see and do now.
type Preview struct {
	// Alert is the one that was tried, with what was planned and proposed.
	Alert models.Alert
	// ByModel says that a model has read the words and written the SQL.
	ByModel bool
	// Code and Text say why nothing was seen.
	Code models.Code
	Text string
	// Values are the first of them.
	Values  []models.AlertValue
	Keys    int
	More    int
	Status  string
	Columns []models.Column
	// Warning is what should be known of the alert.
	Warning string
	Past    *Replayed
	// PastOf says where the past is from: runs, series or question.
	PastOf string
}

// Wished makes the alert the one that a model has read of words.
func (in *PreviewInput) Wished(question, sql string, condition models.AlertCondition, cron string) {
	a := &in.Alert
	a.Question, a.Of, a.SQL, a.Arguments = question, "", sql, nil
	if in.DefaultCondition {
		a.Condition = condition
	}
	if in.DefaultCron {
		a.Cron = cron
	}
	in.Plan, in.Propose, in.ByModel = false, false, true
}

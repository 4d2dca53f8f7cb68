package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// Search attributes of every run, for operators to filter by.
var (
	attrOrg        = temporal.NewSearchAttributeKeyKeyword("OrgID")
	attrUser       = temporal.NewSearchAttributeKeyKeyword("UserID")
	attrConnection = temporal.NewSearchAttributeKeyKeyword("ConnectionID")
)

// SearchAttributes are the attributes that runs carry; the namespace must know them.
var SearchAttributes = []string{attrOrg.GetName(), attrUser.GetName(), attrConnection.GetName(), outcome.GetName()}

// callTimeout bounds each call to Temporal: a person waits for it. A message to
// a run whose worker has just died takes some seconds.
const callTimeout = 8 * time.Second

// Priorities: lower runs first. What people wait for comes first, then what they
// look at, then what runs by itself; exports come last.
const (
	priorityQuestion  = 2
	priorityDashboard = 3
	priorityDeliver   = 3 // of messages that a person sends again, or that the relay found
	priorityAlert     = 4
	priorityWhy       = 5 // of looking into an alert that was told
	priorityReport    = 5
)

// Settings are resolved from the configuration before the start of a run.
type Settings struct {
	Planner     string // "builtin" or "model"
	MaxAttempts int
	ApproveCost float64
}

// Client starts runs and sends them messages.
type Client struct {
	Temporal client.Client
	Settings Settings
	// Models names, by their ids and in order, the organisation's own models that a
	// question is asked of; nil where there are none but the configured one.
	Models func(context.Context, models.Scope, *models.Question) ([]string, error)
}

// AskID is the workflow id of a question.
func AskID(questionID string) string { return "ask/" + questionID }

// StartAsk starts the run q.Run of a question; one that was started before is
// left alone, so calling it again is safe. Runs after the first, and those whose
// planner is a person, begin with the SQL that a person wrote, q.SQL.
func (c *Client) StartAsk(ctx context.Context, scope models.Scope, q *models.Question) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in, err := c.askInput(ctx, scope, q)
	if err != nil {
		return err
	}
	_, err = c.Temporal.ExecuteWorkflow(ctx, c.askOptions(scope, q), Ask, in)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &started) {
		return nil
	}
	return unavailable(err, "start the question's run")
}

func (c *Client) askInput(ctx context.Context, scope models.Scope, q *models.Question) (AskInput, error) {
	in := AskInput{Scope: scope, QuestionID: q.ID, ConnectionID: q.ConnectionID, Run: q.Run,
		Planner: c.Settings.Planner, MaxAttempts: c.Settings.MaxAttempts, ApproveCost: c.Settings.ApproveCost, BeginsWithStep: true}
	if q.Run > 1 || q.Planner == models.PlannerPerson {
		in.EditedSQL = q.SQL
	}
	var err error
	if c.Models != nil {
		in.Models, err = c.Models(ctx, scope, q)
	}
	switch {
	case q.Planner == models.PlannerPerson:
		in.Planner, in.Explain = models.PlannerPerson, q.Explain
	case q.Model == models.ModelBuiltin:
		in.Planner = models.ModelBuiltin
	case len(in.Models) > 0:
		in.Planner = "model"
	}
	return in, err
}

func (c *Client) askOptions(scope models.Scope, q *models.Question) client.StartWorkflowOptions {
	reuse := enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	if q.Run > 1 { // the runs before it have ended; a second start of it finds its row moved on
		reuse = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	}
	return client.StartWorkflowOptions{
		WorkflowIDReusePolicy: reuse,
		ID:                    AskID(q.ID),
		TaskQueue:             QueueAsk,
		StaticSummary:         summary(q.Text), // encrypted like all payloads
		TypedSearchAttributes: temporal.NewSearchAttributes(attrOrg.ValueSet(scope.OrgID),
			attrUser.ValueSet(scope.UserID), attrConnection.ValueSet(q.ConnectionID)),
		Priority:                                 temporal.Priority{PriorityKey: priorityQuestion, FairnessKey: scope.OrgID},
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
}

// summary is the question in one line, short enough for a list of runs.
func summary(text string) string {
	const most = 160
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) > most {
		return string(line[:most-1]) + "…"
	}
	return string(line)
}

// Stop cancels the run, if there is one.
func (c *Client) Stop(ctx context.Context, questionID string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := c.Temporal.CancelWorkflow(ctx, AskID(questionID), "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return nil
	}
	return unavailable(err, "stop the question's run")
}

// Clarify delivers a person's reply. The same key is delivered once.
func (c *Client) Clarify(ctx context.Context, questionID, reply, key string) error {
	return c.update(ctx, questionID, UpdateClarify, key, reply)
}

// Approve delivers a person's decision on a costly query.
func (c *Client) Approve(ctx context.Context, questionID string, yes bool) error {
	return c.update(ctx, questionID, UpdateApprove, "", yes)
}

func (c *Client) update(ctx context.Context, questionID, name, key string, arg any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	handle, err := c.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: AskID(questionID),
		UpdateID: key, UpdateName: name, Args: []any{arg}, WaitForStage: client.WorkflowUpdateStageCompleted})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	return refused(err)
}

// EditSQL gives a run that waits for a person the SQL that they wrote. The same
// key is delivered once.
func (c *Client) EditSQL(ctx context.Context, questionID, sql, key string) error {
	return c.update(ctx, questionID, UpdateEditSQL, key, sql)
}

// TestConnection tries a connection and waits for the report.
func (c *Client) TestConnection(ctx context.Context, in activities.TestInput) (models.ConnectionReport, error) {
	var report models.ConnectionReport
	return report, c.test(ctx, in.Scope, "connection", QueueQuery, TestConnection, in, &report)
}

// TestModel tries a model and waits for the report.
func (c *Client) TestModel(ctx context.Context, in activities.TestModelInput) (models.ModelReport, error) {
	var report models.ModelReport
	return report, c.test(ctx, in.Scope, "model", QueueModel, TestModel, in, &report)
}

// TestChannel tries a channel and waits for the report.
func (c *Client) TestChannel(ctx context.Context, in activities.TestChannelInput) (models.ChannelReport, error) {
	var report models.ChannelReport
	return report, c.test(ctx, in.Scope, "channel", QueueAlert, TestChannel, in, &report)
}

// Deliver starts sending a delivery of the ledger that no run sends; where one
// does, that is enough.
func (c *Client) Deliver(ctx context.Context, scope models.Scope, deliveryID string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "deliver/" + deliveryID,
		TaskQueue: QueueAsk, WorkflowExecutionTimeout: runLimit,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    temporal.NewSearchAttributes(attrOrg.ValueSet(scope.OrgID)),
		Priority:                 temporal.Priority{PriorityKey: priorityDeliver, FairnessKey: scope.OrgID}},
		Deliver, DeliverInput{Scope: scope, IDs: []string{deliveryID}})
	return unavailable(err, "send the message")
}

// test runs a workflow that somebody waits for.
func (c *Client) test(ctx context.Context, scope models.Scope, what, queue string, workflow, in, report any) error {
	return c.tested(ctx, scope, what, testWait, queue, workflow, in, report)
}

// A person at a form waits so long for a test, and for one that asks a model first.
const (
	testWait  = 35 * time.Second
	modelWait = 85 * time.Second
)

func (c *Client) tested(ctx context.Context, scope models.Scope, what string, wait time.Duration, queue string, workflow, in, report any) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	run, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "test-" + what + "/" + uuid.NewString(),
		TaskQueue: QueueAsk, WorkflowExecutionTimeout: runLimit,
		Priority: temporal.Priority{PriorityKey: priorityQuestion, FairnessKey: scope.OrgID}}, workflow, in)
	if err == nil {
		err = run.Get(ctx, report)
	}
	var app *temporal.ApplicationError
	var late *temporal.TimeoutError
	switch {
	case errors.As(err, &app):
		return models.Wrap(err, models.Code(app.Type()), "%s", app.Message())
	case errors.As(err, &late) || errors.Is(err, context.DeadlineExceeded):
		return models.Wrap(err, models.CodeUnavailable, "No worker of the queue %q has tried the %s in time. Is one running?", queue, what)
	}
	return unavailable(err, "test the "+what)
}

// CheckSQL has SQL checked against a connection's catalog and waits for the
// verdict: an error coded as the guard's refusal, nil for SQL that may run.
func (c *Client) CheckSQL(ctx context.Context, scope models.Scope, connectionID, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, 35*time.Second)
	defer cancel()
	var got activities.CheckResult
	run, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "check-sql/" + uuid.NewString(),
		TaskQueue: QueueAsk, WorkflowExecutionTimeout: runLimit,
		Priority: temporal.Priority{PriorityKey: priorityQuestion, FairnessKey: scope.OrgID}}, CheckSQL,
		activities.CheckInput{Scope: scope, ConnectionID: connectionID, SQL: sql})
	if err == nil {
		err = run.Get(ctx, &got)
	}
	var app *temporal.ApplicationError
	switch {
	case errors.As(err, &app):
		return models.Wrap(err, models.CodeUnavailable, "The SQL could not be checked: %s", app.Message())
	case err != nil:
		return unavailable(err, "check the SQL")
	case got.Code != "":
		return models.Errorf(got.Code, "%s", got.Error)
	}
	return nil
}

// SyncCatalog starts reading a connection's schema. One that runs already is
// ended: it may have read what has changed since.
func (c *Client) SyncCatalog(ctx context.Context, scope models.Scope, connectionID string) error {
	return c.syncCatalog(ctx, scope, connectionID, enums.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING)
}

// RefreshCatalog starts reading a connection's schema again, unless that runs
// already.
func (c *Client) RefreshCatalog(ctx context.Context, scope models.Scope, connectionID string) error {
	return c.syncCatalog(ctx, scope, connectionID, enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
}

func (c *Client) syncCatalog(ctx context.Context, scope models.Scope, connectionID string, running enums.WorkflowIdConflictPolicy) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "sync-catalog/" + connectionID,
		TaskQueue: QueueAsk, WorkflowExecutionTimeout: runLimit,
		WorkflowIDConflictPolicy: running,
		Priority:                 temporal.Priority{FairnessKey: scope.OrgID}},
		SyncCatalog, activities.SyncInput{Scope: scope, ConnectionID: connectionID})
	return unavailable(err, "read the schema")
}

// RefreshDashboard starts the reading of results that were asked for since a
// time; all of them were asked for by this caller only.
func (c *Client) RefreshDashboard(ctx context.Context, scope models.Scope, dashboardID string, results []string, since time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "refresh-dashboard/" + uuid.NewString(),
		TaskQueue: QueueAsk, WorkflowExecutionTimeout: runLimit,
		TypedSearchAttributes: temporal.NewSearchAttributes(attrOrg.ValueSet(scope.OrgID), attrUser.ValueSet(scope.UserID)),
		Priority:              temporal.Priority{PriorityKey: priorityDashboard, FairnessKey: scope.OrgID}},
		RefreshDashboard, RefreshInput{Scope: scope, DashboardID: dashboardID, Results: results, Since: since})
	return unavailable(err, "read the tiles")
}

// ProposeTiles has the model, where there is one, propose tiles for a dashboard
// about something and waits for those that ran; none without a model.
func (c *Client) ProposeTiles(ctx context.Context, scope models.Scope, connectionID, about string) (ran []models.ProposedTile, err error) {
	if has, err := c.hasModel(ctx, scope); err != nil || !has {
		return nil, err
	}
	err = c.tested(ctx, scope, "proposal", modelWait, QueueQuery, ProposeTiles, activities.ModelInput{Scope: scope, ConnectionID: connectionID, Text: about}, &ran)
	return ran, err
}

// Ready reports whether Temporal answers.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return unavailable(err, "reach Temporal")
}

// refused translates what an update answered: a validator's "no" keeps its
// code and sentence, a run that is gone is a conflict.
func refused(err error) error {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		code := models.CodeConflict
		if app.Type() == string(models.CodeInvalid) {
			code = models.CodeInvalid
		}
		return models.Wrap(err, code, "%s", app.Message())
	}
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return models.Wrap(err, models.CodeConflict, "The question does not wait for this any more. Reload to see where it stands.")
	}
	return unavailable(err, "reach the question's run")
}

func unavailable(err error, action string) error {
	if err == nil {
		return nil
	}
	return models.Wrap(fmt.Errorf("%s: %w", action, err), models.CodeUnavailable,
		"The workflow service does not answer just now. Try again in a moment; what was accepted is kept.")
}

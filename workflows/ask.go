// Package workflows holds deterministic code only: no clock, randomness,
// configuration or map order. Settings are resolved before the start and
// travel in the input.
package workflows

import (
	"errors"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// maxClarifications bounds how often one run asks back.
const maxClarifications = 5

// askTimeout bounds how long a run waits for a person.
const askTimeout = 30 * 24 * time.Hour

// outcome is the search attribute that operators filter runs by.
var outcome = temporal.NewSearchAttributeKeyKeyword("Outcome")

// AskInput starts a run of a question.
type AskInput struct {
	Scope        models.Scope
	QuestionID   string
	ConnectionID string
	Run          int
	Planner      string // "builtin", "model" or models.PlannerPerson
	// Models are ids of the organisation's own models, in the order in which they
	// are tried; none for the configured one.
	Models []string
	// Explain has the model write the answer to SQL that a person wrote.
	Explain     bool
	MaxAttempts int // plans per run, at least 1
	ApproveCost float64
	// BeginsWithStep says that the first step begins the run. Runs that were
	// started before there was this begin with a step of its own.
	BeginsWithStep bool
	// EditedSQL is set when a person wrote the SQL, or changed that of a finished
	// run: the run then begins at the guard.
	EditedSQL string
}

// AskResult is how the run ended.
type AskResult struct {
	Status models.QuestionStatus
	Code   models.Code
}

// Progress answers the query "progress".
type Progress struct {
	Status  models.QuestionStatus
	Step    string
	Attempt int
	Prompt  *models.Prompt
}

// Ask takes a question to one of its endings.
func Ask(ctx workflow.Context, in AskInput) (AskResult, error) {
	a := &ask{in: in, began: workflow.Now(ctx), progress: Progress{Status: models.StatusRunning}}
	if err := a.handle(ctx); err != nil {
		return AskResult{}, err
	}
	end := a.work(ctx)
	return a.finish(ctx, end)
}

// ending is why a run stops.
type ending struct {
	status models.QuestionStatus
	code   models.Code
	text   string
	// had is how an activity has ended the question already, nil for not yet.
	had *activities.FinishResult
}

type ask struct {
	in       AskInput
	progress Progress
	began    time.Time
	waited   time.Duration

	unbegun        bool // the next step begins the run
	orphaned       bool // a query may run on without a worker
	clarifications [][2]string
	attempts       []models.Attempt

	// Set by updates, consumed by the waits.
	reply  *string
	yes    *bool
	edited *string
}

func (a *ask) ref(attempt int) activities.StepRef {
	return activities.StepRef{Scope: a.in.Scope, QuestionID: a.in.QuestionID,
		ConnectionID: a.in.ConnectionID, Run: a.in.Run, Attempt: attempt}
}

// work runs the steps until there is an ending.
func (a *ask) work(ctx workflow.Context) ending {
	if a.unbegun = a.in.BeginsWithStep; !a.unbegun {
		if end := a.begin(ctx); end != nil {
			return *end
		}
	}
	attempt, end := a.answerable(ctx)
	if end != nil {
		return *end
	}
	return a.analyse(ctx, attempt)
}

// begin begins a run that does not begin with its first step.
func (a *ask) begin(ctx workflow.Context) *ending {
	var q *activities.Questions
	var begun activities.BeginResult
	err := workflow.ExecuteLocalActivity(record(ctx, "begin"), q.BeginQuestion, activities.BeginInput{
		StepRef: a.ref(1), RunID: workflow.GetInfo(ctx).WorkflowExecution.RunID, Planner: a.in.Planner}).Get(ctx, &begun)
	switch {
	case err != nil:
		return ptr(endOf(ctx, err))
	case begun.Ended != "":
		return &ending{status: begun.Ended}
	case begun.SnapshotID == "":
		return a.discover(ctx)
	}
	return nil
}

// first is what the next step begins, if it begins the run.
func (a *ask) first(ctx workflow.Context) (first activities.First) {
	if a.unbegun {
		first.RunID = workflow.GetInfo(ctx).WorkflowExecution.RunID
	}
	a.unbegun = false
	return first
}

// begun does what a step that has begun the run asks for before it; again says
// that the step is then to be done.
func (a *ask) begun(ctx workflow.Context, b activities.Begun) (again bool, end *ending) {
	switch {
	case b.Ended != "":
		return false, &ending{status: b.Ended}
	case b.Undiscovered:
		return true, a.discover(ctx)
	}
	return false, nil
}

func (a *ask) discover(ctx workflow.Context) *ending {
	a.step(ctx, "reading the schema", 1)
	var q *activities.Query
	var found activities.DiscoverResult
	if err := workflow.ExecuteActivity(query(ctx, "read the schema"), q.DiscoverSchema, a.ref(1)).Get(ctx, &found); err != nil {
		return ptr(endOf(ctx, err))
	}
	return nil
}

// answerable plans and runs, repairing at most MaxAttempts times, until rows
// are stored. It returns the attempt that brought them.
func (a *ask) answerable(ctx workflow.Context) (int, *ending) {
	sql, edited := a.in.EditedSQL, a.in.EditedSQL != ""
	for attempt := 1; ; attempt++ {
		if sql == "" {
			var end *ending
			if sql, edited, end = a.plan(ctx, &attempt); end != nil {
				return 0, end
			}
		}
		got, end := a.query(ctx, attempt, sql, edited)
		if end != nil {
			return 0, end
		}
		if a.edited != nil { // a person changed the SQL while it waited for a yes
			sql, edited, a.edited = *a.edited, true, nil
			continue
		}
		if got.Code == "" {
			return attempt, nil
		}
		// A person's own SQL is not rewritten behind their back; the built-in
		// planner has no second idea.
		if edited || attempt >= a.in.MaxAttempts || a.in.Planner == "builtin" {
			return 0, &ending{status: statusOf(got.Code), code: got.Code, text: got.Error}
		}
		a.attempts = append(a.attempts, models.Attempt{SQL: sql, Code: got.Code, Error: got.Error})
		sql = ""
	}
}

// plan asks the planner, and the person as often as the planner needs to. It
// returns the SQL and whether a person wrote it.
func (a *ask) plan(ctx workflow.Context, attempt *int) (sql string, edited bool, end *ending) {
	var m *activities.Model
	for {
		a.step(ctx, "planning", *attempt)
		var plan activities.PlanResult
		err := workflow.ExecuteActivity(model(ctx, "plan the SQL"), m.PlanQuestion, activities.PlanInput{
			StepRef: a.ref(*attempt), First: a.first(ctx), Planner: a.in.Planner, Models: a.in.Models,
			Attempts: a.attempts, Clarifications: a.clarifications}).Get(ctx, &plan)
		if err != nil {
			end := endOf(ctx, err)
			if end.code == models.CodeModelReply && *attempt < a.in.MaxAttempts {
				a.attempts = append(a.attempts, models.Attempt{Code: end.code, Error: end.text})
				*attempt++
				continue
			}
			return "", false, &end
		}
		if again, end := a.begun(ctx, plan.Begun); end != nil {
			return "", false, end
		} else if again {
			continue
		}
		switch plan.Status {
		case models.PlanSQL:
			return plan.SQL, false, nil
		case models.PlanRefused:
			return "", false, &ending{status: models.StatusRefused, code: models.CodeNotAnswerable, text: plan.Text}
		}
		if len(a.clarifications) == maxClarifications {
			return "", false, &ending{status: models.StatusRefused, code: models.CodeNotAnswerable,
				text: "This is still unclear after several replies. Ask again, naming the tables and columns you mean."}
		}
		if end := a.clarify(ctx, plan); end != nil {
			return "", false, end
		}
		if a.edited != nil {
			sql, a.edited = *a.edited, nil
			return sql, true, nil
		}
		*attempt++ // its own step and idempotency key
		a.in.MaxAttempts++
	}
}

func (a *ask) clarify(ctx workflow.Context, plan activities.PlanResult) *ending {
	prompt := models.Prompt{Kind: "clarify", Text: plan.Text, Choices: plan.Choices}
	end := a.wait(ctx, models.StatusClarify, prompt, func() bool { return a.reply != nil || a.edited != nil })
	if end == nil && a.reply != nil {
		a.clarifications = append(a.clarifications, [2]string{plan.Text, *a.reply})
		a.reply = nil
	}
	return end
}

// query guards and runs, and waits for a yes where the cost asks for one.
func (a *ask) query(ctx workflow.Context, attempt int, sql string, edited bool) (activities.QueryResult, *ending) {
	var q *activities.Query
	in := activities.QueryInput{StepRef: a.ref(attempt), SQL: sql, Planner: a.in.Planner, Edited: edited, ApproveCost: a.in.ApproveCost}
	for {
		a.step(ctx, "running the query", attempt)
		in.First = a.first(ctx)
		var got activities.QueryResult
		if err := workflow.ExecuteActivity(query(ctx, "check and run the SQL"), q.RunQuery, in).Get(ctx, &got); err != nil {
			a.orphaned = a.orphaned || mayRunOn(err)
			return got, ptr(endOf(ctx, err))
		}
		if again, end := a.begun(ctx, got.Begun); end != nil {
			return got, end
		} else if again {
			continue
		}
		if !got.NeedsApproval {
			return got, nil
		}
		prompt := models.Prompt{Kind: "approve", Text: got.Prompt}
		if end := a.wait(ctx, models.StatusApprove, prompt, func() bool { return a.yes != nil || a.edited != nil }); end != nil {
			return got, end
		}
		if a.edited != nil {
			return got, nil
		}
		if !*a.yes {
			return got, &ending{status: models.StatusCancelled, text: "The costly query was not approved."}
		}
		a.yes, in.Approved = nil, true
	}
}

// mayRunOn says whether a query may still run after this error of its activity:
// its worker died, or Stop came before another attempt could end what that left.
func mayRunOn(err error) bool {
	var timeout *temporal.TimeoutError
	var canceled *temporal.CanceledError
	if errors.As(err, &timeout) {
		return timeout.TimeoutType() != enums.TIMEOUT_TYPE_SCHEDULE_TO_START
	}
	var by string
	return errors.As(err, &canceled) && (canceled.Details(&by) != nil || by != activities.Stopped)
}

// endOrphan ends the query of a worker that died, when the person knows already
// that it is over. The database's own time limit bounds it if nobody can.
func (a *ask) endOrphan(ctx workflow.Context) {
	if !a.orphaned || workflow.GetVersion(ctx, "end-orphan", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return
	}
	var q *activities.Query
	if err := workflow.ExecuteActivity(orphan(ctx, QueueQuery, "end the query of a worker that died"), q.EndQuery, a.ref(1)).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("a query may still run on the customer's database", "error", err)
	}
}

// plannerModel is the planner of runs that a model plans and writes.
const plannerModel = "model"

// writer is who writes the answer.
func (a *ask) writer() string {
	if a.in.Planner == models.PlannerPerson && a.in.Explain {
		return plannerModel
	}
	return a.in.Planner
}

// analyse writes the answer; a text with unproven numbers gets one more try.
func (a *ask) analyse(ctx workflow.Context, queryAttempt int) ending {
	var m *activities.Model
	var unproven []string
	for attempt := 1; ; attempt++ {
		a.step(ctx, "writing the answer", attempt)
		var got activities.AnalyseResult
		writer := a.writer()
		last := attempt == 2 || writer != plannerModel
		err := workflow.ExecuteActivity(model(ctx, "write the answer"), m.AnalyseResult, activities.AnalyseInput{
			StepRef: a.ref(attempt), QueryAttempt: queryAttempt, Planner: writer, Models: a.in.Models, Unproven: unproven,
			Last: last, Since: a.began.Add(a.waited)}).Get(ctx, &got)
		if err != nil {
			return endOf(ctx, err)
		}
		if unproven = got.Unproven; last || len(unproven) == 0 {
			return ending{status: models.StatusAnswered, had: got.Ended}
		}
	}
}

// wait asks the person and waits, durably, until ready or cancelled.
func (a *ask) wait(ctx workflow.Context, status models.QuestionStatus, prompt models.Prompt, ready func() bool) *ending {
	var q *activities.Questions
	a.reply, a.yes, a.edited = nil, nil, nil // what came too late for an earlier wait is not an answer to this one
	a.progress = Progress{Status: status, Step: "waiting for a person", Prompt: &prompt}
	in := activities.WaitInput{StepRef: a.ref(1), Status: status, Prompt: prompt}
	if err := workflow.ExecuteLocalActivity(record(ctx, "ask the person"), q.AskPerson, in).Get(ctx, nil); err != nil {
		return ptr(endOf(ctx, err))
	}
	since := workflow.Now(ctx)
	ok, err := workflow.AwaitWithTimeout(ctx, askTimeout, ready)
	a.waited += workflow.Now(ctx).Sub(since)
	if err != nil {
		return ptr(endOf(ctx, err))
	}
	if !ok {
		return &ending{status: models.StatusCancelled, text: "Nobody replied for 30 days."}
	}
	a.progress = Progress{Status: models.StatusRunning}
	if err := keep(ctx); err != nil {
		return ptr(endOf(ctx, err))
	}
	in.Status, in.Prompt = models.StatusRunning, models.Prompt{}
	if err := workflow.ExecuteLocalActivity(record(ctx, "go on"), q.AskPerson, in).Get(ctx, nil); err != nil {
		return ptr(endOf(ctx, err))
	}
	return nil
}

// keep has what the person said written into the history before the row says
// that nobody waits for it any more: an update is kept at the end of its workflow
// task, and a worker that dies in a local activity before that would lose it, while
// the API would refuse it when it is sent again. A timer ends the task.
func keep(ctx workflow.Context) error {
	if workflow.GetVersion(ctx, "keep-message", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return nil
	}
	return workflow.Sleep(ctx, time.Millisecond)
}

func (a *ask) step(ctx workflow.Context, name string, attempt int) {
	a.progress.Step, a.progress.Attempt = name, attempt
	workflow.SetCurrentDetails(ctx, name)
}

func ptr[T any](v T) *T { return &v }

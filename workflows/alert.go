package workflows

import (
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

const (
	// duePage is how many alerts are looked up at once, checksAtOnce how many
	// groups of one run are checked at the same time.
	duePage      = 500
	checksAtOnce = 4
	// looksAtOnce bounds how many episodes of a run are looked into.
	looksAtOnce = 10
	// longHistory is after how many events a run goes on as a new one.
	longHistory = 8000
)

// AlertRunInput starts a run of alerts: of all that a schedule runs, or of some.
type AlertRunInput struct {
	Scope      models.Scope
	ScheduleID string
	AlertIDs   []string
	// At is when the run was due; zero for what the schedule says. Times are those
	// of several runs, one after the other.
	At    time.Time
	Times []time.Time
	Kind  models.RunKind
	// Tick lets time pass only: nothing is queried.
	Tick bool
	// After is where a run that goes on begins.
	After activities.DueInput
}

// AlertRunResult counts what was done.
type AlertRunResult struct {
	Groups, Messages int
}

// AlertRun checks alerts that are due. The state of each is in the platform's
// database and moves in one transaction with the messages that it causes; this
// run only brings them there, however often it is tried.
func AlertRun(ctx workflow.Context, in AlertRunInput) (AlertRunResult, error) {
	if in.At.IsZero() {
		in.At = dueTime(ctx)
	}
	r := &alertRun{in: in, room: workflow.NewSemaphore(ctx, checksAtOnce), all: workflow.NewWaitGroup(ctx)}
	if in.Tick {
		return r.tick(ctx)
	}
	if len(in.Times) > 0 {
		for _, r.in.At = range in.Times {
			r.check(ctx, in.AlertIDs)
			r.all.Wait(ctx)
		}
	} else if len(in.AlertIDs) > 0 {
		r.check(ctx, in.AlertIDs)
	} else if err := r.due(ctx); err != nil {
		return r.result, err
	}
	r.all.Wait(ctx)
	return r.result, r.err
}

type alertRun struct {
	in     AlertRunInput
	room   workflow.Semaphore
	all    workflow.WaitGroup
	result AlertRunResult
	looks  int
	err    error // the last one of a group: the others have run
}

func (r *alertRun) tick(ctx workflow.Context) (AlertRunResult, error) {
	var a *activities.Alerts
	var got activities.AlertsChecked
	err := workflow.ExecuteLocalActivity(record(ctx, "let time pass"), a.TickAlerts,
		activities.AlertCheck{Scope: r.in.Scope, IDs: r.in.AlertIDs, At: r.in.At}).Get(ctx, &got)
	if err == nil {
		r.follow(ctx, got)
	}
	return r.result, err
}

// due checks all alerts of the schedule, page by page.
func (r *alertRun) due(ctx workflow.Context) error {
	var a *activities.Alerts
	page := r.in.After
	page.Scope, page.ScheduleID, page.At, page.Limit = r.in.Scope, r.in.ScheduleID, r.in.At, duePage
	for {
		var found activities.DueResult
		if err := workflow.ExecuteLocalActivity(record(ctx, "find the alerts that are due"), a.DueAlerts, page).Get(ctx, &found); err != nil {
			return err
		}
		for _, group := range found.Groups {
			r.check(ctx, group)
		}
		if found.Next.ID == "" {
			return nil
		}
		page.After = found.Next
		if workflow.GetInfo(ctx).GetCurrentHistoryLength() > longHistory {
			r.all.Wait(ctx)
			next := r.in
			next.After = page
			return workflow.NewContinueAsNewError(ctx, AlertRun, next)
		}
	}
}

// check has a group checked, as soon as there is room for it.
func (r *alertRun) check(ctx workflow.Context, ids []string) {
	if r.room.Acquire(ctx, 1) != nil {
		return // cancelled
	}
	r.all.Add(1)
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer r.all.Done()
		defer r.room.Release(1)
		var q *activities.Query
		for len(ids) > 0 {
			var got activities.AlertsChecked
			in := activities.AlertCheck{Scope: r.in.Scope, IDs: ids, At: r.in.At, Kind: r.in.Kind}
			if err := workflow.ExecuteActivity(check(ctx, "check alerts"), q.CheckAlerts, in).Get(ctx, &got); err != nil {
				r.err = err
				return
			}
			r.result.Groups++
			r.follow(ctx, got)
			ids = got.Left
		}
	})
}

// follow starts what follows from a step; none of it is waited for. What is lost
// here, such as with a worker, the relay finds in the ledger.
func (r *alertRun) follow(ctx workflow.Context, got activities.AlertsChecked) {
	if n := len(got.Deliveries); n > 0 {
		r.result.Messages += n
		r.leave(ctx, "deliver/"+got.Deliveries[0], priorityDeliver, Deliver, DeliverInput{Scope: r.in.Scope, IDs: got.Deliveries})
	}
	for _, f := range got.Fired {
		if r.looks++; r.looks > looksAtOnce {
			return
		}
		r.leave(ctx, "alert-why/"+f.EpisodeID, priorityWhy, AlertWhy, AlertWhyInput{Scope: r.in.Scope, AlertID: f.AlertID, EpisodeID: f.EpisodeID, At: f.At})
	}
}

func (r *alertRun) leave(ctx workflow.Context, id string, priority int, run, in any) {
	leave(ctx, r.in.Scope.OrgID, id, priority, run, in)
}

// leave starts a run that goes on by itself.
func leave(ctx workflow.Context, orgID, id string, priority int, run, in any) {
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: id, ParentClosePolicy: enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowExecutionTimeout: runLimit, Priority: temporal.Priority{PriorityKey: priority, FairnessKey: orgID}})
	// One that runs already does what this one was to do.
	if err := workflow.ExecuteChildWorkflow(child, run, in).GetChildWorkflowExecution().Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Info("runs already", "WorkflowID", id)
	}
}

// AlertWhyInput starts looking into an episode.
type AlertWhyInput struct {
	Scope     models.Scope
	AlertID   string
	EpisodeID string
	At        time.Time
}

// AlertWhy looks into why an alert fired. The alarm has been told by then; the
// finding is added to the episode, put into words by a model where there is one,
// and told where the alert says so.
func AlertWhy(ctx workflow.Context, in AlertWhyInput) error {
	var q *activities.Query
	var m *activities.Model
	var a *activities.Alerts
	episode := activities.ExplainInput{Scope: in.Scope, AlertID: in.AlertID, EpisodeID: in.EpisodeID, At: in.At}
	if workflow.GetVersion(ctx, "tell-finding", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return workflow.ExecuteActivity(look(ctx, "look into why"), q.ExplainAlert, episode).Get(ctx, nil)
	}
	episode.Later = true
	var got activities.Explained
	if err := workflow.ExecuteActivity(look(ctx, "look into why"), q.ExplainAlert, episode).Get(ctx, &got); err != nil || !got.Found {
		return err
	}
	if err := workflow.ExecuteActivity(words(ctx, "put it into words"), m.WriteFinding, episode).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Info("the built-in words of a finding stand", "error", err)
	}
	var ids []string
	if err := workflow.ExecuteLocalActivity(record(ctx, "tell what was found"), a.TellFinding, episode).Get(ctx, &ids); err != nil || len(ids) == 0 {
		return err
	}
	_, err := deliver(ctx, in.Scope, ids)
	return err
}

// PreviewAlert tries an alert for a person who waits. Words that the built-in
// reader or planner has no reading of are read by a model, where the input says
// that one may; SQL of it that does not run gives it one more try.
func PreviewAlert(ctx workflow.Context, in activities.PreviewInput) (activities.Preview, error) {
	var q *activities.Query
	var got activities.Preview
	try := func() error {
		return workflow.ExecuteActivity(probe(ctx, QueueQuery, "try the alert"), q.PreviewAlert, in).Get(ctx, &got)
	}
	if in.Words == "" || in.Alert.Question != "" {
		if err := try(); err != nil || in.Words == "" || got.Code != models.CodeNotAnswerable {
			return got, err
		}
	}
	var m *activities.Model
	var attempts []models.Attempt
	for {
		var wish activities.WishRead
		err := workflow.ExecuteActivity(thought(ctx, "read the wish"), m.ReadWish, activities.ModelInput{Scope: in.Scope, ConnectionID: in.Alert.ConnectionID,
			Text: in.Words, Attempts: attempts}).Get(ctx, &wish)
		if err != nil { // a model that does not answer is no reason to fail: the words are not understood
			workflow.GetLogger(ctx).Info("no model has read the wish", "error", err)
			wish = activities.WishRead{}
		}
		if wish.SQL == "" {
			return unread(in, got, wish.Text), nil
		}
		in.Wished(wish.Question, wish.SQL, wish.Condition, wish.Cron)
		if err := try(); err != nil || len(attempts) > 0 || got.Code != models.CodeGuardRefused && got.Code != models.CodeSQLError {
			return got, err
		}
		attempts = append(attempts, models.Attempt{SQL: wish.SQL, Code: got.Code, Error: got.Text})
	}
}

// unread is the preview of words that nobody has a reading of: with what the
// built-in planner said of them, if it was asked.
func unread(in activities.PreviewInput, got activities.Preview, text string) activities.Preview {
	if got.Code == "" {
		got.Alert, got.Code = in.Alert, models.CodeNotAnswerable
	}
	if text != "" {
		got.Text = text
	}
	return got
}

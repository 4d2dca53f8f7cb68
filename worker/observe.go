package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

// Observer is told what workers do.
type Observer struct {
	interceptor.InterceptorBase
	Metrics  *telemetry.Metrics
	Reporter *telemetry.Reporter
	Log      *slog.Logger
}

// observe adds what the observer, if there is one, is to see of a client and of
// the workers on it.
func (o *Observer) observe(options *client.Options, logger *slog.Logger) (err error) {
	if o == nil {
		o = &Observer{}
	}
	options.Logger = sdklog.NewStructuredLogger(slog.New(sdkLog{logger.Handler(), o.Reporter}))
	trace, err := telemetry.TraceTemporal()
	if err != nil {
		return err
	}
	if trace != nil { // before the observer: its log lines and reports come from within the span
		options.Interceptors = append(options.Interceptors, trace)
	}
	if o.Metrics != nil {
		options.Interceptors = append(options.Interceptors, o)
		options.MetricsHandler, err = o.Metrics.Temporal()
	}
	return err
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (o *Observer) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &observedActivity{interceptor.ActivityInboundInterceptorBase{Next: next}, o}
}

type observedActivity struct {
	interceptor.ActivityInboundInterceptorBase
	*Observer
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (a *observedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (result any, err error) {
	begun, info := time.Now(), activity.GetInfo(ctx)
	ref := refOf(in.Args)
	fault := telemetry.Fault{Where: info.ActivityType.Name, OrgID: ref.Scope.OrgID, QuestionID: ref.QuestionID,
		WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID}
	log := a.Log.With("activity", info.ActivityType.Name, "attempt", info.Attempt, "org_id", ref.Scope.OrgID, "question_id", ref.QuestionID,
		"connection_id", ref.ConnectionID, "WorkflowID", info.WorkflowExecution.ID, "RunID", info.WorkflowExecution.RunID)
	defer func() {
		if value := recover(); value != nil {
			a.Metrics.ActivityTried(info.ActivityType.Name, "panic", time.Since(begun), triedAgain(info))
			a.Reporter.Panic(value, fault)
			log.Error("step panicked", "cause", telemetry.PanicCause(value))
			panic(value) // the SDK fails the try with it
		}
	}()
	result, err = a.Next.ExecuteActivity(ctx, in)
	outcome, retry := judge(result, err, info)
	a.Metrics.ActivityTried(info.ActivityType.Name, outcome, time.Since(begun), retry)
	if err == nil {
		a.ended(ref, result, log)
	} else if outcome != cancelled {
		log.Warn("step failed", "code", outcome, "reason", sayable(err), "cause", telemetry.Cause(err), "again", retry)
	}
	if outcome == string(models.CodeInternal) && worthReporting(info.Attempt) {
		a.Reporter.Error(err, fault)
	}
	return result, err
}

// ended counts and logs the end of a run, once it is recorded.
func (a *observedActivity) ended(ref activities.StepRef, result any, log *slog.Logger) {
	var end activities.FinishResult
	switch result := result.(type) {
	case activities.FinishResult:
		end = result
	case activities.AnalyseResult:
		if result.Ended != nil {
			end = *result.Ended
		}
	}
	if end.Status == "" || end.Earlier {
		return
	}
	a.Metrics.QuestionEnded(end.Status, end.ErrorCode, time.Duration(end.ActiveMs)*time.Millisecond)
	log.Info("question ended", "status", end.Status, "code", end.ErrorCode, "run", ref.Run, "ms", end.ActiveMs)
}

const cancelled = "cancelled"

// judge names the outcome of a try and says whether another one follows.
func judge(result any, err error, info activity.Info) (outcome string, retry bool) {
	if err == nil {
		if got, ok := result.(activities.QueryResult); ok && got.Code != "" {
			return string(got.Code), false // other SQL may cure it
		}
		return "ok", false
	}
	if temporal.IsCanceledError(err) || errors.Is(err, context.Canceled) {
		return cancelled, false
	}
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		return string(models.ErrorCode(err)), triedAgain(info)
	}
	return app.Type(), !app.NonRetryable() && triedAgain(info)
}

// triedAgain reports whether the policy allows one more try.
func triedAgain(info activity.Info) bool {
	p := info.RetryPolicy
	return p == nil || p.MaximumAttempts <= 0 || info.Attempt < p.MaximumAttempts
}

// worthReporting keeps a defect that is tried again for a day from being
// reported a thousand times.
func worthReporting(attempt int32) bool { return attempt <= 2 || attempt&(attempt-1) == 0 }

// quoting are codes whose messages may hold SQL, names or values of a
// customer's data.
var quoting = map[models.Code]bool{models.CodeSQLError: true, models.CodeGuardRefused: true, models.CodeNotAnswerable: true,
	models.CodeInvalid: true, models.CodeModelReply: true, models.CodeConnection: true}

// sayable is what a person is told of an error, where that quotes nothing.
func sayable(err error) string {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || quoting[models.Code(app.Type())] {
		return ""
	}
	return app.Message()
}

// refOf finds the step that an activity is about; of others the organisation.
func refOf(args []any) activities.StepRef {
	for _, arg := range args {
		switch in := arg.(type) {
		case interface{ Ref() activities.StepRef }:
			return in.Ref()
		case activities.TestInput:
			return activities.StepRef{Scope: in.Scope, ConnectionID: in.Connection.ID}
		case activities.SyncInput:
			return activities.StepRef{Scope: in.Scope, ConnectionID: in.ConnectionID}
		}
	}
	return activities.StepRef{}
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (o *Observer) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &observedWorkflow{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, Observer: o}
}

type observedWorkflow struct {
	interceptor.WorkflowInboundInterceptorBase
	*Observer
	org string
}

// ExecuteWorkflow implements interceptor.WorkflowInboundInterceptor.
func (w *observedWorkflow) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (result any, err error) {
	for _, arg := range in.Args {
		if ask, ok := arg.(workflows.AskInput); ok {
			w.org = ask.Scope.OrgID
		}
	}
	if w.org == "" {
		w.org = refOf(in.Args).Scope.OrgID
	}
	defer w.panicked(ctx)
	result, err = w.Next.ExecuteWorkflow(ctx, in)
	var app *temporal.ApplicationError
	if err != nil && !temporal.IsCanceledError(err) && (!errors.As(err, &app) || app.Type() == string(models.CodeInternal)) && !workflow.IsReplaying(ctx) {
		w.Reporter.Error(err, w.fault(ctx))
	}
	return result, err
}

// ExecuteUpdate implements interceptor.WorkflowInboundInterceptor.
func (w *observedWorkflow) ExecuteUpdate(ctx workflow.Context, in *interceptor.UpdateInput) (any, error) {
	defer w.panicked(ctx)
	return w.Next.ExecuteUpdate(ctx, in)
}

func (w *observedWorkflow) fault(ctx workflow.Context) telemetry.Fault {
	info := workflow.GetInfo(ctx)
	return telemetry.Fault{Where: info.WorkflowType.Name, OrgID: w.org, Workflow: info.WorkflowType.Name,
		WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID}
}

// panicked reports a panic and lets it go on: the SDK fails the task, which is
// tried again until a build without the defect takes it. A run that leaves the
// cache unwinds without one.
func (w *observedWorkflow) panicked(ctx workflow.Context) {
	if value := recover(); value != nil {
		if !workflow.IsReplaying(ctx) {
			w.Reporter.Panic(value, w.fault(ctx))
		}
		panic(value)
	}
}

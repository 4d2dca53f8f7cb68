package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// The task queues. Workers of each kind scale on their own.
const (
	QueueAsk    = "ask"    // workflows and bookkeeping
	QueueModel  = "model"  // planning and writing
	QueueQuery  = "query"  // with export the only ones that reach customers' databases
	QueueAlert  = "alert"  // messages and their bookkeeping: the only ones that reach channels
	QueueExport = "export" // whole results into files, which takes long
)

// QueueCheck is for the checks of alerts, which are very many at once and wait for
// each other. The workers of query serve it too; questions find their places free.
const QueueCheck = "check"

// Queues are all task queues that workers are started for. A build must serve each of them to take questions.
var Queues = []string{QueueAsk, QueueModel, QueueQuery, QueueAlert, QueueExport}

// HeartbeatTimeout is how long an activity of model or query may be silent
// before its worker counts as dead and another takes over.
const HeartbeatTimeout = 5 * time.Second

// A worker ends an activity by its own clock at the time at which Temporal's
// wanted it closed. The limits of activities from their scheduling to their
// close leave room for clocks that are hours apart; what bounds the work are
// attempts, the time of each, and the time until a worker must begin. Temporal
// cuts the limits of activities to that of their run, which is therefore longer.
const (
	beginLimit = time.Hour
	closeLimit = 24 * time.Hour
	runLimit   = closeLimit + beginLimit
)

// record is for bookkeeping in the platform's own database: cheap and safe to
// repeat, so it retries until the database is back.
func record(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    10 * time.Second,
		ScheduleToCloseTimeout: 24 * time.Hour,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 2,
			MaximumInterval: 10 * time.Second},
	})
}

// model is for calls that cost tokens: bounded attempts; a busy endpoint
// (429, 5xx) says itself when to come back, and later attempts use the next
// model. In an outage the attempts of a question on its own are calls and last
// for 18 minutes. Those of many find the model left alone most of the time, for
// 15 s after five failures in a row, wait for that and last for ten.
func model(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueModel,
		StartToCloseTimeout:    5 * time.Minute,
		ScheduleToStartTimeout: beginLimit,
		ScheduleToCloseTimeout: closeLimit,
		HeartbeatTimeout:       HeartbeatTimeout,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2,
			MaximumInterval: 30 * time.Second, MaximumAttempts: 40},
	})
}

// query is for work on a customer's database. Cancellation is waited for, so
// that "stopped" means stopped in the database too.
func query(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueQuery,
		StartToCloseTimeout:    15 * time.Minute,
		ScheduleToStartTimeout: beginLimit,
		ScheduleToCloseTimeout: closeLimit,
		HeartbeatTimeout:       HeartbeatTimeout,
		WaitForCancellation:    true,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2,
			MaximumInterval: 30 * time.Second, MaximumAttempts: 10},
	})
}

// check is query for alerts.
func check(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithTaskQueue(query(ctx, summary), QueueCheck)
}

// tile is query for a part of a page that somebody looks at, or will: what does
// not come soon is that tile's error, with the rows from before.
func tile(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueQuery,
		StartToCloseTimeout:    11 * time.Minute,
		ScheduleToStartTimeout: beginLimit,
		ScheduleToCloseTimeout: closeLimit,
		HeartbeatTimeout:       HeartbeatTimeout,
		WaitForCancellation:    true,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2,
			MaximumInterval: 10 * time.Second, MaximumAttempts: 5},
	})
}

// export is for the writing of a whole result, which waits for its turn as long
// as it takes. Each attempt goes on where the one before was, as far as it can:
// they bound how often workers may die, not how long the export may take.
func export(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           QueueExport,
		StartToCloseTimeout: closeLimit,
		HeartbeatTimeout:    HeartbeatTimeout,
		WaitForCancellation: true,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2,
			MaximumInterval: 30 * time.Second, MaximumAttempts: 100},
	})
}

// copying is for bringing a finished file to where it is wanted, which may be
// away for some hours.
func copying(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueExport,
		StartToCloseTimeout:    closeLimit,
		ScheduleToCloseTimeout: closeLimit,
		HeartbeatTimeout:       HeartbeatTimeout,
		WaitForCancellation:    true,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2,
			MaximumInterval: 10 * time.Minute, MaximumAttempts: 25},
	})
}

// orphan is for what a dead worker left on a queue's database, and for clearing
// up. Nobody waits for it.
func orphan(ctx workflow.Context, queue, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		StartToCloseTimeout:    25 * time.Second,
		ScheduleToStartTimeout: beginLimit,
		ScheduleToCloseTimeout: closeLimit,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2,
			MaximumInterval: 30 * time.Second, MaximumAttempts: 20},
	})
}

// look is for what is worth a little, and late is worth nothing.
func look(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueQuery,
		StartToCloseTimeout:    3 * time.Minute,
		ScheduleToStartTimeout: beginLimit,
		ScheduleToCloseTimeout: closeLimit,
		HeartbeatTimeout:       HeartbeatTimeout,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 5 * time.Second, BackoffCoefficient: 2,
			MaximumInterval: 30 * time.Second, MaximumAttempts: 3},
	})
}

// thought is for a person who waits for what a model makes of their words: one
// attempt, about a minute.
func thought(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueModel,
		StartToCloseTimeout:    55 * time.Second,
		ScheduleToStartTimeout: 30 * time.Second,
		ScheduleToCloseTimeout: closeLimit,
		HeartbeatTimeout:       HeartbeatTimeout,
		Summary:                summary,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// words is for putting something into words that has words already: what does not
// come soon is not waited for.
func words(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueModel,
		StartToCloseTimeout:    time.Minute,
		ScheduleToStartTimeout: time.Minute,
		ScheduleToCloseTimeout: closeLimit,
		HeartbeatTimeout:       HeartbeatTimeout,
		Summary:                summary,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 2},
	})
}

// send is for one delivery. How often it is tried is counted in the ledger,
// which a retry by hand continues; the activity says itself when to come back.
func send(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueAlert,
		StartToCloseTimeout:    2 * time.Minute,
		ScheduleToCloseTimeout: closeLimit,
		HeartbeatTimeout:       HeartbeatTimeout,
		WaitForCancellation:    true,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2,
			MaximumInterval: time.Minute},
	})
}

// ledger is for the books of messages, where they are kept: cheap and safe to repeat.
func ledger(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueAlert,
		StartToCloseTimeout:    25 * time.Second,
		ScheduleToCloseTimeout: closeLimit,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2,
			MaximumInterval: 30 * time.Second},
	})
}

// probe is for a person who waits at a form: one attempt on a queue, about half
// a minute.
func probe(ctx workflow.Context, queue, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		StartToCloseTimeout:    25 * time.Second,
		ScheduleToStartTimeout: 30 * time.Second,
		ScheduleToCloseTimeout: closeLimit,
		Summary:                summary,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

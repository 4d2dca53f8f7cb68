package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Move is what became of the open runs of a build.
type Move struct {
	Moved, Ended int
	// Kept are those that the other build's workflow code cannot go on with.
	Kept []Kept
}

// Kept is a run that was not moved.
type Kept struct {
	WorkflowID string
	Reason     error
}

// Move moves the open runs of one build to another, at most limit of them. The
// program that calls it must be the other build: each history is replayed with
// its workflow code first, and what does not lead through the same commands
// stays where it is.
func (d Deployments) Move(ctx context.Context, from, to string, limit int, codec converter.PayloadCodec) (Move, error) {
	var done Move
	runs, err := d.open(ctx, from, limit)
	if err != nil {
		return done, err
	}
	for _, run := range runs {
		if err := d.replay(ctx, run, codec); err != nil {
			if ctx.Err() != nil {
				return done, ctx.Err()
			}
			done.Kept = append(done.Kept, Kept{run.ID, err})
			continue
		}
		_, err := d.Temporal.UpdateWorkflowExecutionOptions(ctx, client.UpdateWorkflowExecutionOptionsRequest{WorkflowId: run.ID, RunId: run.RunID,
			WorkflowExecutionOptionsChanges: client.WorkflowExecutionOptionsChanges{VersioningOverride: &client.VersioningOverrideChange{
				// Once: the run then is the other build's like those that it began.
				Value: &client.OneTimeVersioningOverride{TargetVersion: version(to)}}}})
		var ended *serviceerror.NotFound
		switch {
		case errors.As(err, &ended):
			done.Ended++
		case err != nil:
			return done, fmt.Errorf("move the run %s: %w", run.ID, err)
		default:
			done.Moved++
		}
	}
	return done, nil
}

// open lists open runs of a build.
func (d Deployments) open(ctx context.Context, build string, limit int) (runs []workflow.Execution, err error) {
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: openRuns(build)}
	for {
		page, err := d.Temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, fmt.Errorf("list the open runs of a build: %w", err)
		}
		for _, run := range page.GetExecutions() {
			if len(runs) == limit {
				return runs, nil
			}
			runs = append(runs, workflow.Execution{ID: run.GetExecution().GetWorkflowId(), RunID: run.GetExecution().GetRunId()})
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return runs, nil
		}
	}
}

// quiet is for replays, whose errors are returned: by itself one prints a stack.
var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// replay leads a run's history through this program's workflow code.
func (d Deployments) replay(ctx context.Context, run workflow.Execution, codec converter.PayloadCodec) error {
	replayer, err := sdk.NewWorkflowReplayerWithOptions(sdk.WorkflowReplayerOptions{DataConverter: dataConverter(codec),
		FailureConverter: failureConverter(codec), DisableRegistrationAliasing: true})
	if err != nil {
		return err
	}
	registerWorkflows(replayer)
	return replayer.ReplayWorkflowExecution(ctx, d.Temporal.WorkflowService(), quiet, d.Namespace, run)
}

package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/datamind/datamind/internal/llm"
	"github.com/datamind/datamind/models"
)

// retryable are the codes that time may cure. Uncoded errors are retried as
// well: they are outages of our own stores, or defects that a deploy cures.
var retryable = map[models.Code]bool{
	models.CodeInternal:       true,
	models.CodeUnavailable:    true,
	models.CodeConnection:     true,
	models.CodeHostUnknown:    true,
	models.CodeRefused:        true,
	models.CodeTimeout:        true,
	models.CodeModelBusy:      true,
	models.CodeStructureMoved: true, // twice while one query was to run
}

// Stopped is the detail of a cancellation that the activity itself has seen and
// passed on: nothing of it runs any more. Temporal cancels an activity between
// two attempts with a detail of its own, and what the last one left runs on.
const Stopped = "stopped"

// toTemporal translates an error for the workflow: its code becomes the
// error's type, and decides whether the activity runs again. A busy model says
// itself when.
func toTemporal(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	cause := context.Cause(ctx)
	if temporal.IsCanceledError(cause) || errors.Is(cause, context.Canceled) {
		return temporal.NewCanceledError(Stopped)
	}
	if errors.Is(cause, worker.ErrWorkerShutdown) { // another worker goes on
		err = models.Wrap(err, models.CodeUnavailable, "The worker of this step was shut down.")
	}
	code := models.ErrorCode(err)
	options := temporal.ApplicationErrorOptions{NonRetryable: !retryable[code], Cause: err}
	if code == models.CodeModelBusy {
		options.NextRetryDelay = llm.RetryAfter(err)
	}
	return temporal.NewApplicationErrorWithOptions(models.ErrorMessage(err), string(code), options)
}

package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"

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

// toTemporal translates an error for the workflow: its code becomes the
// error's type, and decides whether the activity runs again. A busy model says
// itself when.
func toTemporal(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return temporal.NewCanceledError()
	}
	code := models.ErrorCode(err)
	options := temporal.ApplicationErrorOptions{NonRetryable: !retryable[code], Cause: err}
	if code == models.CodeModelBusy {
		options.NextRetryDelay = llm.RetryAfter(err)
	}
	return temporal.NewApplicationErrorWithOptions(models.ErrorMessage(err), string(code), options)
}

package llm

import (
	"context"

	"github.com/datamind/datamind/models"
)

type recordKey struct{}

// Record has the next call under this context write into call what it sends and
// what the model says. There is no secret in it: the key travels in a header.
func Record(ctx context.Context, call *models.ModelCall) context.Context {
	return context.WithValue(ctx, recordKey{}, call)
}

// recorded is where a call is written to; one that nobody records goes nowhere.
func recorded(ctx context.Context, p prompt) *models.ModelCall {
	call, ok := ctx.Value(recordKey{}).(*models.ModelCall)
	if !ok {
		call = &models.ModelCall{}
	}
	call.System, call.Prompt, call.Reply = p.system, p.user, ""
	return call
}

package workflows

import (
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/models"
)

// Names of the messages that a run of Ask takes.
const (
	QueryProgress = "progress"
	UpdateClarify = "clarify"
	UpdateApprove = "approve"
	UpdateEditSQL = "edit-sql"
)

// handle sets the handlers, before any work. Each update is refused unless
// the run waits for it, so a message delivered twice takes effect once.
func (a *ask) handle(ctx workflow.Context) error {
	if err := workflow.SetQueryHandler(ctx, QueryProgress, func() (Progress, error) { return a.progress, nil }); err != nil {
		return err
	}
	err := workflow.SetUpdateHandlerWithOptions(ctx, UpdateClarify, func(ctx workflow.Context, reply string) error {
		a.reply = &reply
		return nil
	}, workflow.UpdateHandlerOptions{Validator: func(reply string) error {
		if strings.TrimSpace(reply) == "" {
			return refuse(models.CodeInvalid, "The reply is empty. Pick a choice or write a few words.")
		}
		return a.waits(models.StatusClarify, a.reply == nil)
	}})
	if err != nil {
		return err
	}
	err = workflow.SetUpdateHandlerWithOptions(ctx, UpdateApprove, func(ctx workflow.Context, yes bool) error {
		a.yes = &yes
		return nil
	}, workflow.UpdateHandlerOptions{Validator: func(bool) error {
		return a.waits(models.StatusApprove, a.yes == nil)
	}})
	if err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateEditSQL, func(ctx workflow.Context, sql string) error {
		a.edited = &sql
		return nil
	}, workflow.UpdateHandlerOptions{Validator: func(sql string) error {
		if a.progress.Status != models.StatusClarify && a.progress.Status != models.StatusApprove {
			return refuse(models.CodeConflict, "The question is still being worked on. Stop it first, or wait for its end.")
		}
		return nil
	}})
}

func (a *ask) waits(status models.QuestionStatus, free bool) error {
	if a.progress.Status != status || !free {
		return refuse(models.CodeConflict, "The question does not wait for this any more. Reload to see where it stands.")
	}
	return nil
}

func refuse(code models.Code, text string) error {
	return temporal.NewNonRetryableApplicationError(text, string(code), nil)
}

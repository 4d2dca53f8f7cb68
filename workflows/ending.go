package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// finish records the end on a context that cancellation does not reach.
func (a *ask) finish(ctx workflow.Context, end ending) (AskResult, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if end.had == nil {
		var q *activities.Questions
		active := workflow.Now(ctx).Sub(a.began) - a.waited
		end.had = &activities.FinishResult{Status: end.status, ErrorCode: end.code} // what an older worker does not say
		err := workflow.ExecuteLocalActivity(record(ctx, "record the end"), q.FinishQuestion, activities.FinishInput{
			StepRef: a.ref(1), Status: end.status, ErrorCode: end.code, ErrorText: end.text, ActiveMs: active.Milliseconds()}).Get(ctx, end.had)
		if err != nil {
			return AskResult{}, err
		}
	}
	had := *end.had // Stop can come after the answer
	a.progress = Progress{Status: had.Status}
	workflow.SetCurrentDetails(ctx, string(had.Status))
	if err := workflow.UpsertTypedSearchAttributes(ctx, outcome.ValueSet(string(had.Status))); err != nil {
		return AskResult{}, err
	}
	a.endOrphan(ctx)
	err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
	return AskResult{Status: had.Status, Code: had.ErrorCode}, err
}

// endOf translates an activity's error into an ending.
func endOf(ctx workflow.Context, err error) ending {
	var timeout *temporal.TimeoutError
	if temporal.IsCanceledError(err) || ctx.Err() != nil { // a step that was to stop may fail of something else first
		return ending{status: models.StatusCancelled}
	}
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		code := models.Code(app.Type())
		text := app.Message()
		if !app.NonRetryable() {
			text += " It was tried again and again for some time. Ask again when this is put right."
		}
		return ending{status: statusOf(code), code: code, text: text}
	}
	if errors.As(err, &timeout) {
		return ending{status: models.StatusFailed, code: models.CodeUnavailable,
			text: "No worker finished this step in time. An operator can see in the run's history which one."}
	}
	return ending{status: models.StatusFailed, code: models.CodeInternal, text: models.ErrorMessage(err)}
}

func statusOf(code models.Code) models.QuestionStatus {
	switch code {
	case models.CodeBudget:
		return models.StatusBudget
	case models.CodeGuardRefused, models.CodeNotAnswerable:
		return models.StatusRefused
	}
	return models.StatusFailed
}

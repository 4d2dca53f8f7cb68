package activities

import (
	"context"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// verifiedSeen is how many verified questions are looked through for examples.
const verifiedSeen = 500

// known finds the verified question that this one repeats: its SQL is then the
// plan, checked by the guard and with the rights of whoever asks, like any. To
// a question that is new it adds what a planner can learn from: verified
// questions that are like it, and what was wrong with an earlier answer.
func (a *Model) known(ctx context.Context, tx *store.Store, in PlanInput, q *models.Question, req *models.PlanRequest) (*models.VerifiedQuestion, error) {
	if q.Corrects != nil {
		return nil, correct(ctx, tx, in.Scope, *q.Corrects, req)
	}
	inContext := planner.IsFollowUp(q.Text) && len(req.History) > 0 // the same words mean something else elsewhere
	if len(in.Attempts) == 0 && len(in.Clarifications) == 0 && !inContext {
		if v, err := tx.VerifiedLike(ctx, in.Scope, in.ConnectionID, q.Text); err != nil || v != nil {
			return v, err
		}
	}
	if a.builtin(in.Planner, in.Models) {
		return nil, nil
	}
	verified, err := tx.VerifiedOf(ctx, in.Scope, in.ConnectionID, verifiedSeen)
	req.Examples = planner.Near(q.Text, verified)
	return nil, err
}

// correct tells the planner of the answer that a person found wrong.
func correct(ctx context.Context, tx *store.Store, scope models.Scope, questionID string, req *models.PlanRequest) error {
	wrong, err := tx.GetQuestion(ctx, scope, questionID)
	if models.ErrorCode(err) == models.CodeNotFound { // deleted since
		return nil
	}
	if err != nil {
		return err
	}
	req.Correction = &models.Correction{Question: wrong.Text, SQL: wrong.SQL}
	feedback, err := tx.GetFeedback(ctx, scope, questionID)
	if feedback != nil {
		req.Correction.Wrong = feedback.Comment
	}
	return err
}

// verifiedPlan is the plan of a question that somebody verified.
func verifiedPlan(v *models.VerifiedQuestion) models.Plan {
	plan := models.Plan{Status: models.PlanSQL, SQL: v.SQL, Understanding: v.Understanding, Verified: v.Verification()}
	if plan.Understanding == "" {
		plan.Understanding = v.Question
	}
	return plan
}

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// StepKey identifies a step; it is the step's idempotency key.
type StepKey struct {
	QuestionID string
	Run        int
	Kind       models.StepKind
	Attempt    int
}

// BeginStep opens a step, or finds it. done is true when it has been done
// already: its output is in the row and the work must not be repeated. A step
// that failed, or that a crash left open, counts one more try, and until that
// ends the row says why the one before failed. A run that has ended meanwhile
// gets no more steps, which nobody would close: its end waits for this
// transaction, or this one sees it.
func (s *Store) BeginStep(ctx context.Context, scope models.Scope, key StepKey, digest string) (step *models.QuestionStep, done bool, err error) {
	step = &models.QuestionStep{}
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		var open []string
		err := tx.Model(&models.Question{}).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Where("org_id = ? AND id = ? AND run = ? AND status IN ?", scope.OrgID, key.QuestionID, key.Run, openStatuses).
			Pluck("id", &open).Error
		if err != nil {
			return err
		}
		if len(open) == 0 {
			return models.Errorf(models.CodeConflict, "The question has ended.")
		}
		fresh := models.QuestionStep{ID: NewID(), OrgID: scope.OrgID, QuestionID: key.QuestionID, Run: key.Run, Kind: key.Kind, Attempt: key.Attempt,
			Status: models.StepRunning, Tries: 1, InputDigest: digest, StartedAt: time.Now()}
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh)
		if res.Error != nil || res.RowsAffected == 1 {
			*step = fresh
			return res.Error
		}
		err = tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(step, "org_id = ? AND question_id = ? AND run = ? AND kind = ? AND attempt = ?",
			scope.OrgID, key.QuestionID, key.Run, key.Kind, key.Attempt).Error
		if err != nil {
			return err
		}
		if done = step.Status == models.StepDone; done {
			return nil
		}
		step.Tries, step.Status, step.StartedAt, step.EndedAt = step.Tries+1, models.StepRunning, time.Now(), nil
		return tx.Save(step).Error
	})
	return step, done, err
}

// FinishStep closes a step with the status and output that it carries, and
// reports whether it did. A step that another try has done already stays done;
// one that a later try has begun can be done, but not failed, by an earlier one.
func (s *Store) FinishStep(ctx context.Context, scope models.Scope, step *models.QuestionStep) (closed bool, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		closed, err = finishStep(tx, scope, step)
		return err
	})
	return closed, err
}

// HoldQuestion keeps others from changing a question until the transaction ends.
// It is the first row that a transaction on a question and its steps locks, in
// the order question, step, tokens: else two could wait for each other.
func (s *Store) HoldQuestion(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var ids []string
		return tx.Model(&models.Question{}).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Where("org_id = ? AND id = ?", scope.OrgID, id).Pluck("id", &ids).Error
	})
}

func finishStep(tx *gorm.DB, scope models.Scope, step *models.QuestionStep) (closed bool, err error) {
	now := time.Now()
	step.EndedAt = &now
	if step.Status != models.StepFailed { // why an earlier try failed matters no more
		step.ErrorCode, step.ErrorText = "", ""
	}
	res := tx.Model(&models.QuestionStep{}).Where("org_id = ? AND id = ? AND status <> ?", scope.OrgID, step.ID, models.StepDone)
	if step.Status != models.StepDone {
		res = res.Where("tries = ?", step.Tries)
	}
	res = res.Select("Status", "Summary", "Output", "Trace", "PromptVersion", "Model", "InputTokens", "OutputTokens", "ErrorCode", "ErrorText", "Ms", "EndedAt").Updates(step)
	return res.RowsAffected > 0, res.Error
}

// workOrder is that in which a question's steps are done. Ids and times are no
// order: they come from clocks of several machines.
const workOrder = "run, kind = 'analyse', attempt, array_position(ARRAY['discover', 'plan', 'guard', 'query'], kind), id"

// GetStep returns a step with its trace, of a question that the scope's user may read.
func (s *Store) GetStep(ctx context.Context, scope models.Scope, key StepKey) (*models.QuestionStep, error) {
	var step models.QuestionStep
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Where("org_id = ? AND question_id IN (?)", scope.OrgID, readableQuestions(tx.Session(&gorm.Session{NewDB: true}), scope).Model(&models.Question{}).Select("id").Where("id = ?", key.QuestionID)).
			First(&step, "run = ? AND kind = ? AND attempt = ?", key.Run, key.Kind, key.Attempt).Error
	})
	return &step, err
}

// ListSteps returns the steps of a question that the scope's user may read, in
// order and without their traces.
func (s *Store) ListSteps(ctx context.Context, scope models.Scope, questionID string) (rows []models.QuestionStep, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Where("org_id = ? AND question_id IN (?)", scope.OrgID, readableQuestions(tx.Session(&gorm.Session{NewDB: true}), scope).Model(&models.Question{}).Select("id").Where("id = ?", questionID)).
			Omit("trace").Order(workOrder).Limit(500).Find(&rows).Error
	})
	return rows, err
}

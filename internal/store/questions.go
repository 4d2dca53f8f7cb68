package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// openStatuses are those from which a question still moves by itself.
var openStatuses = []models.QuestionStatus{models.StatusQueued, models.StatusRunning, models.StatusClarify, models.StatusApprove}

// CreateQuestion stores a question, and its conversation where that is new.
// A question with the same idempotency key is returned instead, created false.
func (s *Store) CreateQuestion(ctx context.Context, scope models.Scope, c *models.Conversation, q *models.Question) (stored *models.Question, created bool, err error) {
	err = s.createQuestion(ctx, scope, c, q)
	if models.ErrorCode(err) == models.CodeConflict { // the same request came before
		if stored, keyErr := s.questionByKey(ctx, scope, q.IdempotencyKey); keyErr == nil {
			return stored, false, nil
		}
	}
	return q, err == nil, err
}

func (s *Store) createQuestion(ctx context.Context, scope models.Scope, c *models.Conversation, q *models.Question) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		c.OrgID, c.UserID = scope.OrgID, scope.UserID
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(c).Error; err != nil {
			return err
		}
		res := mine(tx, scope).Model(&models.Conversation{}).Where("id = ?", c.ID).Update("updated_at", time.Now())
		if res.Error != nil || res.RowsAffected == 0 {
			return errors.Join(res.Error, notFound("conversation"))
		}
		q.OrgID, q.UserID, q.ConversationID = scope.OrgID, scope.UserID, c.ID
		return tx.Create(q).Error
	})
}

func (s *Store) questionByKey(ctx context.Context, scope models.Scope, key string) (*models.Question, error) {
	var q models.Question
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return mine(tx, scope).First(&q, "idempotency_key = ?", key).Error })
	return &q, err
}

// GetQuestion returns a question of the scope's user, who may change it.
func (s *Store) GetQuestion(ctx context.Context, scope models.Scope, id string) (*models.Question, error) {
	var q models.Question
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return mine(tx, scope).First(&q, "id = ?", id).Error })
	return &q, err
}

// ListQuestions lists a conversation's questions, oldest first.
func (s *Store) ListQuestions(ctx context.Context, scope models.Scope, conversationID, after string, limit int) (rows []models.Question, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		var c models.Conversation
		if err := readable(tx, scope).First(&c, "id = ?", conversationID).Error; err != nil {
			return err
		}
		rows, next, err = pageBy(tx.Where("org_id = ? AND conversation_id = ?", scope.OrgID, conversationID), "created_at", "ASC", after, limit,
			func(r models.Question) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// History returns the answered questions before one of the same conversation,
// oldest first, at most limit.
func (s *Store) History(ctx context.Context, scope models.Scope, conversationID, beforeID string, limit int) ([]models.Turn, error) {
	var rows []models.Question
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return readableQuestions(tx, scope).Where("conversation_id = ? AND id < ? AND status = ?", conversationID, beforeID, models.StatusAnswered).
			Order("id DESC").Limit(limit).Find(&rows).Error
	})
	turns := make([]models.Turn, len(rows))
	for i, q := range rows {
		turns[len(rows)-1-i] = models.Turn{Question: q.Text, SQL: models.InlineArguments(q.SQL, q.Arguments), Answer: q.Answer}
	}
	return turns, err
}

// change applies changes to a question that still is in the given run and in
// one of the statuses, and reports whether it was.
func (s *Store) change(ctx context.Context, scope models.Scope, id string, run int, from []models.QuestionStatus, fields any, names ...string) (changed bool, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		q := mine(tx, scope).Model(&models.Question{}).Where("id = ? AND run = ? AND status IN ?", id, run, from)
		if len(names) > 0 {
			q = q.Select(names)
		}
		res := q.Updates(fields)
		changed = res.RowsAffected > 0
		return res.Error
	})
	return changed, err
}

// MarkRunning begins a run. A question that has ended meanwhile is returned as it is.
func (s *Store) MarkRunning(ctx context.Context, scope models.Scope, id string, run int, runID, planner string) (*models.Question, error) {
	var q models.Question
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := mine(tx, scope).Model(&q).Clauses(clause.Returning{}).Where("id = ? AND run = ? AND status IN ?", id, run, openStatuses).
			Updates(map[string]any{"status": models.StatusRunning, "run_id": runID, "planner": planner})
		if res.Error != nil || res.RowsAffected == 1 {
			return res.Error
		}
		return mine(tx, scope).First(&q, "id = ?", id).Error
	})
	return &q, err
}

// SetWaiting moves a run between working and waiting for a person.
func (s *Store) SetWaiting(ctx context.Context, scope models.Scope, id string, run int, status models.QuestionStatus, prompt *models.Prompt) error {
	_, err := s.change(ctx, scope, id, run, openStatuses, &models.Question{Status: status, Prompt: prompt}, "Status", "Prompt")
	return err
}

// SetPlan stores the SQL of a run and how the question was understood. Nobody
// has verified it; SetVerified says otherwise.
func (s *Store) SetPlan(ctx context.Context, scope models.Scope, id string, run int, sql, understanding, model string) error {
	fields, names := &models.Question{SQL: sql, Understanding: understanding, Planner: model}, []string{"SQL", "Understanding", "Verified"}
	if model != "" {
		names = append(names, "Planner")
	}
	_, err := s.change(ctx, scope, id, run, openStatuses, fields, names...)
	return err
}

// SetVerified says that the SQL of a run is that of a verified question.
func (s *Store) SetVerified(ctx context.Context, scope models.Scope, id string, run int, by *models.Verification) error {
	_, err := s.change(ctx, scope, id, run, openStatuses, &models.Question{Verified: by}, "Verified")
	return err
}

// Answer is what the analysis of a result says.
type Answer struct {
	Text    string
	Numbers []models.NumberCheck
	Facts   []models.Fact
	Chart   *models.Chart
}

// SetAnswer stores the answer of a run.
func (s *Store) SetAnswer(ctx context.Context, scope models.Scope, id string, run int, a Answer) error {
	_, err := s.change(ctx, scope, id, run, openStatuses,
		&models.Question{Answer: a.Text, Numbers: a.Numbers, Facts: a.Facts, Chart: a.Chart}, "Answer", "Numbers", "Facts", "Chart")
	return err
}

// Ending is how a run ends.
type Ending struct {
	Status    models.QuestionStatus
	ErrorCode models.Code
	ErrorText string
	ActiveMs  int64
	// Earlier is set by Finish when the question had this ending before.
	Earlier bool
}

// Finish ends a run, closes its open steps and releases its reservations. A
// question that has ended already keeps its ending, which is returned.
func (s *Store) Finish(ctx context.Context, scope models.Scope, id string, run int, end Ending) (Ending, error) {
	now := time.Now()
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := mine(tx, scope).Model(&models.Question{}).Where("id = ? AND run = ? AND status IN ?", id, run, openStatuses).
			Select("Status", "ErrorCode", "ErrorText", "ActiveMs", "EndedAt", "Prompt").
			Updates(&models.Question{Status: end.Status, ErrorCode: end.ErrorCode, ErrorText: end.ErrorText, ActiveMs: end.ActiveMs, EndedAt: &now})
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			var q models.Question
			found := mine(tx, scope).Where("id = ? AND run = ?", id, run).Limit(1).Find(&q)
			if found.Error != nil {
				return found.Error
			}
			if found.RowsAffected == 1 {
				end = Ending{Status: q.Status, ErrorCode: q.ErrorCode, ErrorText: q.ErrorText, ActiveMs: q.ActiveMs, Earlier: true}
			}
		}
		err := tx.Model(&models.QuestionStep{}).Where("org_id = ? AND question_id = ? AND run = ? AND status IN ?", scope.OrgID, id, run, []models.StepStatus{models.StepRunning, models.StepWaiting}).
			Updates(map[string]any{"status": models.StepCancelled, "ended_at": now, "error_code": "", "error_text": ""}).Error
		if err != nil {
			return err
		}
		return tx.Model(&models.TokenUsage{}).Where("org_id = ? AND question_id = ? AND state = ?", scope.OrgID, id, tokenReserved).
			Updates(map[string]any{"state": tokenReleased}).Error
	})
	return end, err
}

// StartRun raises the run of a question that has ended, for SQL that a person
// changed; the earlier run's steps stay. key names the request, "" does not: one
// that raised a run before is answered with the question as it is, raised false.
func (s *Store) StartRun(ctx context.Context, scope models.Scope, id, sql, key string) (stored *models.Question, raised bool, err error) {
	var q models.Question
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := mine(tx, scope).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).First(&q, "id = ?", id).Error; err != nil {
			return err
		}
		if key != "" && key == q.EditKey {
			return nil
		}
		if !q.Status.Final() {
			return models.Errorf(models.CodeConflict, "The question is still being worked on. Stop it first, or wait for its end.")
		}
		q.Run, q.Status, q.EndedAt, q.ErrorCode, q.ErrorText, q.Prompt = q.Run+1, models.StatusQueued, nil, "", "", nil
		q.SQL, q.EditKey, q.Understanding = sql, key, models.EditedUnderstanding
		q.Answer, q.Numbers, q.Facts, q.Chart, q.ResultID, q.Verified = "", nil, nil, nil, nil, nil
		raised = true
		return tx.Save(&q).Error
	})
	return &q, raised && err == nil, err
}

// SetEdit stores the SQL that a person gave to a run that waited for them.
func (s *Store) SetEdit(ctx context.Context, scope models.Scope, id string, run int, sql, key string) error {
	_, err := s.change(ctx, scope, id, run, openStatuses,
		&models.Question{SQL: sql, EditKey: key, Understanding: models.EditedUnderstanding}, "SQL", "EditKey", "Understanding", "Verified")
	return err
}

// Touch notes that an open question has been looked at.
func (s *Store) Touch(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return mine(tx, scope).Model(&models.Question{}).Where("id = ? AND status IN ?", id, openStatuses).Update("updated_at", time.Now()).Error
	})
}

// CancelQueued ends a question whose run has not begun; others stay as they are.
func (s *Store) CancelQueued(ctx context.Context, scope models.Scope, id string) (*models.Question, error) {
	q, err := s.GetQuestion(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	_, err = s.change(ctx, scope, id, q.Run, []models.QuestionStatus{models.StatusQueued},
		map[string]any{"status": models.StatusCancelled, "ended_at": now})
	if err != nil {
		return nil, err
	}
	return s.GetQuestion(ctx, scope, id)
}

// clockError is how far the clocks of two machines may be apart.
const clockError = time.Minute

// SystemOpen returns questions in the given statuses that have not moved for
// longer than age, oldest first: queued ones whose start was lost, and others
// whose run may be gone. One that moved in the future, by a clock that was put
// right since, has not moved either.
func (s *Store) SystemOpen(ctx context.Context, age time.Duration, limit int, statuses ...models.QuestionStatus) (rows []models.Question, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Where("status IN ? AND updated_at NOT BETWEEN now() - make_interval(secs => ?) AND now() + make_interval(secs => ?)", statuses, age.Seconds(), clockError.Seconds()).Order("updated_at").Limit(limit).Find(&rows).Error
	})
	return rows, err
}

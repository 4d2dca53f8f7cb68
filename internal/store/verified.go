package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// SetFeedback stores what the scope's user says of an answer, in place of what
// they said before.
func (s *Store) SetFeedback(ctx context.Context, scope models.Scope, f *models.Feedback) error {
	f.OrgID, f.UserID = scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "question_id"}, {Name: "user_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"vote", "comment", "updated_at"})}).Create(f).Error
	})
}

// GetFeedback returns what the scope's user said of an answer, nil for nothing.
func (s *Store) GetFeedback(ctx context.Context, scope models.Scope, questionID string) (*models.Feedback, error) {
	var f models.Feedback
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return mine(tx, scope).First(&f, "question_id = ?", questionID).Error })
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, nil
	}
	return &f, err
}

// CreateVerified stores a proposed question. CodeConflict when the connection
// has one of that text.
func (s *Store) CreateVerified(ctx context.Context, scope models.Scope, v *models.VerifiedQuestion) error {
	v.ID, v.OrgID, v.ProposedBy, v.Status, v.Normal = NewID(), scope.OrgID, scope.UserID, models.VerifiedProposed, models.NormalQuestion(v.Question)
	return sameText(s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.Create(v).Error }))
}

func sameText(err error) error {
	if models.ErrorCode(err) == models.CodeConflict {
		return models.Wrap(err, models.CodeConflict, "There is a verified or proposed question with this text on this connection already. Change that one.")
	}
	return err
}

// TakeBack removes what the scope's user proposed from a question, unless it
// has been verified since.
func (s *Store) TakeBack(ctx context.Context, scope models.Scope, questionID string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Where("org_id = ? AND question_id = ? AND proposed_by = ? AND status = ?", scope.OrgID, questionID, scope.UserID, models.VerifiedProposed).
			Delete(&models.VerifiedQuestion{}).Error
	})
}

// GetVerified returns a verified or proposed question of the organisation.
func (s *Store) GetVerified(ctx context.Context, scope models.Scope, id string) (*models.VerifiedQuestion, error) {
	var v models.VerifiedQuestion
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&v, "org_id = ? AND id = ?", scope.OrgID, id).Error })
	return &v, err
}

// ListVerified lists the organisation's, newest first; of one connection and
// one status where these are not "".
func (s *Store) ListVerified(ctx context.Context, scope models.Scope, connectionID string, status models.VerifiedStatus, after string, limit int) (rows []models.VerifiedQuestion, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		list := tx.Where("org_id = ?", scope.OrgID)
		if connectionID != "" {
			list = list.Where("connection_id = ?", connectionID)
		}
		if status != "" {
			list = list.Where("status = ?", status)
		}
		rows, next, err = page(list, "created_at", after, limit, func(r models.VerifiedQuestion) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// EditVerified changes the text, the SQL or both; "" stays. What was verified
// is proposed again: it was the earlier text and SQL that somebody checked.
func (s *Store) EditVerified(ctx context.Context, scope models.Scope, id, question, sql string) (*models.VerifiedQuestion, error) {
	var v models.VerifiedQuestion
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&v, "org_id = ? AND id = ?", scope.OrgID, id).Error; err != nil {
			return err
		}
		if question != "" {
			v.Question, v.Normal = question, models.NormalQuestion(question)
		}
		if sql != "" && sql != v.SQL {
			v.SQL, v.Understanding = sql, ""
		}
		v.Status, v.VerifiedBy, v.VerifiedByName, v.VerifiedAt = models.VerifiedProposed, nil, "", nil
		return tx.Save(&v).Error
	})
	return &v, sameText(err)
}

// MarkVerified records that the scope's user stands for a question's SQL as it
// was seen. CodeConflict when it has been changed since.
func (s *Store) MarkVerified(ctx context.Context, scope models.Scope, seen *models.VerifiedQuestion) (*models.VerifiedQuestion, error) {
	var v models.VerifiedQuestion
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&v, "org_id = ? AND id = ?", scope.OrgID, seen.ID).Error; err != nil {
			return err
		}
		if v.SQL != seen.SQL || v.Question != seen.Question {
			return models.Errorf(models.CodeConflict, "Somebody changed this question while its SQL was checked. Look at it again, then verify it.")
		}
		var user models.User
		if err := tx.First(&user, "id = ?", scope.UserID).Error; err != nil {
			return err
		}
		now := time.Now()
		v.Status, v.VerifiedBy, v.VerifiedByName, v.VerifiedAt = models.VerifiedVerified, &scope.UserID, user.Name, &now
		return tx.Save(&v).Error
	})
	return &v, err
}

// DeleteVerified removes a verified or proposed question.
func (s *Store) DeleteVerified(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := tx.Where("org_id = ? AND id = ?", scope.OrgID, id).Delete(&models.VerifiedQuestion{})
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("verified question")
		}
		return res.Error
	})
}

// VerifiedLike returns the verified question of a text, nil for none.
func (s *Store) VerifiedLike(ctx context.Context, scope models.Scope, connectionID, text string) (*models.VerifiedQuestion, error) {
	var v models.VerifiedQuestion
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.First(&v, "org_id = ? AND connection_id = ? AND normal = ? AND status = ?", scope.OrgID, connectionID, models.NormalQuestion(text), models.VerifiedVerified).Error
	})
	if models.ErrorCode(err) == models.CodeNotFound || errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	return &v, err
}

// VerifiedOf returns the questions that were verified last of a connection.
func (s *Store) VerifiedOf(ctx context.Context, scope models.Scope, connectionID string, limit int) (rows []models.VerifiedQuestion, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Where("org_id = ? AND connection_id = ? AND status = ?", scope.OrgID, connectionID, models.VerifiedVerified).Order("verified_at DESC").Limit(limit).Find(&rows).Error
	})
	return rows, err
}

package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// Arguments returns the values of the placeholders in a question's SQL.
func (s *Store) Arguments(ctx context.Context, scope models.Scope, questionID string) ([]models.Argument, error) {
	var q models.Question
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return mine(tx, scope).Select("arguments").First(&q, "id = ?", questionID).Error
	})
	return q.Arguments, err
}

// SetTables notes which tables a question's SQL reads, in place of those that
// its SQL read before.
func (s *Store) SetTables(ctx context.Context, scope models.Scope, questionID, connectionID string, reads []models.TableUse) error {
	rows := make([]models.QuestionTable, len(reads))
	now := time.Now()
	for i, t := range reads {
		rows[i] = models.QuestionTable{QuestionID: questionID, SchemaName: t.Schema, TableName: t.Name,
			OrgID: scope.OrgID, ConnectionID: connectionID, UserID: scope.UserID, CreatedAt: now}
	}
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		err := tx.Where("org_id = ? AND question_id = ?", scope.OrgID, questionID).Delete(&models.QuestionTable{}).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error
	})
}

// TableUse is who reads a table: questions of the scope's user, newest first, how
// many questions of how many people there were since a time, and the saved
// queries that the user may see.
type TableUse struct {
	Questions []models.Question
	Asked     int64
	People    int64
	Saved     []models.SavedQuery
}

// usesShown bounds what is shown of each kind.
const usesShown = 20

// TableUses returns who reads a table. Other people's questions are counted only.
func (s *Store) TableUses(ctx context.Context, scope models.Scope, connectionID, schema, table string, since time.Time) (uses TableUse, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		reads := func() *gorm.DB {
			return tx.Model(&models.QuestionTable{}).Where("org_id = ? AND connection_id = ? AND schema_name = ? AND table_name = ?", scope.OrgID, connectionID, schema, table)
		}
		err := reads().Where("created_at >= ?", since).Select("count(*) AS asked, count(DISTINCT user_id) AS people").Row().Scan(&uses.Asked, &uses.People)
		if err != nil {
			return err
		}
		var ids []string
		if err := reads().Where("user_id = ?", scope.UserID).Order("created_at DESC").Limit(usesShown).Pluck("question_id", &ids).Error; err != nil {
			return err
		}
		if err := mine(tx, scope).Where("id IN ?", ids).Order("created_at DESC").Find(&uses.Questions).Error; err != nil {
			return err
		}
		var saved []models.SavedQuery
		if err := visible(tx, scope).Where("connection_id = ?", connectionID).Order("updated_at DESC").Limit(1000).Find(&saved).Error; err != nil {
			return err
		}
		for _, q := range saved {
			if len(uses.Saved) < usesShown && slices.Contains(q.Tables, models.RelationName{Schema: schema, Name: table}) {
				uses.Saved = append(uses.Saved, q)
			}
		}
		return nil
	})
	return uses, err
}

// visible are the saved queries that the scope's user owns or that are shared.
func visible(tx *gorm.DB, scope models.Scope) *gorm.DB {
	return tx.Where("org_id = ? AND (user_id = ? OR shared)", scope.OrgID, scope.UserID)
}

// CreateSavedQuery stores a query of the scope's user.
func (s *Store) CreateSavedQuery(ctx context.Context, scope models.Scope, q *models.SavedQuery) error {
	q.ID, q.OrgID, q.UserID = NewID(), scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.Create(q).Error })
}

// GetSavedQuery returns a saved query that the scope's user may see.
func (s *Store) GetSavedQuery(ctx context.Context, scope models.Scope, id string) (*models.SavedQuery, error) {
	var q models.SavedQuery
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return visible(tx, scope).First(&q, "id = ?", id).Error })
	return &q, err
}

// ListSavedQueries lists the saved queries that the scope's user may see, those
// changed last first; connectionID "" means of all connections.
func (s *Store) ListSavedQueries(ctx context.Context, scope models.Scope, connectionID, after string, limit int) (rows []models.SavedQuery, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		q := visible(tx, scope)
		if connectionID != "" {
			q = q.Where("connection_id = ?", connectionID)
		}
		rows, next, err = page(q, "updated_at", after, limit, func(r models.SavedQuery) (time.Time, string) { return r.UpdatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// UpdateSavedQuery stores all that can change of a query that the scope's user
// owns; others' are not found.
func (s *Store) UpdateSavedQuery(ctx context.Context, scope models.Scope, q *models.SavedQuery) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := mine(tx, scope).Model(&models.SavedQuery{}).Where("id = ?", q.ID).
			Select("Name", "Description", "SQL", "Parameters", "Tables", "Shared", "UpdatedAt").Updates(q)
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("saved query")
		}
		return res.Error
	})
}

// DeleteSavedQuery removes a query that the scope's user owns.
func (s *Store) DeleteSavedQuery(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := mine(tx, scope).Where("id = ?", id).Delete(&models.SavedQuery{})
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("saved query")
		}
		return res.Error
	})
}

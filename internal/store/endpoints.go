package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// maxEndpoints bounds the models of an organisation: each is tried in its turn.
const maxEndpoints = 20

// ListModelEndpoints lists the organisation's models in the order in which they are tried.
func (s *Store) ListModelEndpoints(ctx context.Context, scope models.Scope) (rows []models.ModelEndpoint, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error { return endpoints(tx, scope).Find(&rows).Error })
	return rows, err
}

func endpoints(tx *gorm.DB, scope models.Scope) *gorm.DB {
	return tx.Where("org_id = ?", scope.OrgID).Order("position, id")
}

// GetModelEndpoint returns a model of the scope's organisation.
func (s *Store) GetModelEndpoint(ctx context.Context, scope models.Scope, id string) (*models.ModelEndpoint, error) {
	var m models.ModelEndpoint
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&m, "org_id = ? AND id = ?", scope.OrgID, id).Error })
	return &m, err
}

// CreateModelEndpoint stores a model behind the others, or at its position if it has one.
func (s *Store) CreateModelEndpoint(ctx context.Context, scope models.Scope, m *models.ModelEndpoint) error {
	m.OrgID, m.CreatedBy = scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		others, err := lockEndpoints(tx, scope)
		if err != nil {
			return err
		}
		if len(others) >= maxEndpoints {
			return models.Errorf(models.CodeConflict, "An organisation can have %d models. Delete one first.", maxEndpoints)
		}
		if m.Position == 0 {
			m.Position = len(others) + 1
		}
		if err := tx.Create(m).Error; err != nil {
			return err
		}
		return arrange(tx, scope, others, m)
	})
}

// UpdateModelEndpoint stores all that can change of a model, its place among the others included.
func (s *Store) UpdateModelEndpoint(ctx context.Context, scope models.Scope, m *models.ModelEndpoint) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		all, err := lockEndpoints(tx, scope)
		if err != nil {
			return err
		}
		m.UpdatedAt = time.Now()
		res := tx.Model(&models.ModelEndpoint{}).Where("org_id = ? AND id = ?", scope.OrgID, m.ID).
			Select("Name", "Preset", "BaseURL", "Model", "SealedKey", "APIVersion", "Enabled", "UpdatedAt").Updates(m)
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("model")
		}
		if res.Error != nil {
			return res.Error
		}
		return arrange(tx, scope, slices.DeleteFunc(all, func(o models.ModelEndpoint) bool { return o.ID == m.ID }), m)
	})
}

// DeleteModelEndpoint removes a model. Runs that were going to use it go on with the others.
func (s *Store) DeleteModelEndpoint(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := tx.Where("org_id = ? AND id = ?", scope.OrgID, id).Delete(&models.ModelEndpoint{})
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("model")
		}
		return res.Error
	})
}

// lockEndpoints returns the organisation's models, whose order nobody else
// changes until the transaction ends. Its own row stands for those to come.
func lockEndpoints(tx *gorm.DB, scope models.Scope) (rows []models.ModelEndpoint, err error) {
	var org models.Org
	if err := tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).First(&org, "id = ?", scope.OrgID).Error; err != nil {
		return nil, err
	}
	return rows, endpoints(tx, scope).Find(&rows).Error
}

// arrange puts a model at its position among the others, and counts from 1.
func arrange(tx *gorm.DB, scope models.Scope, others []models.ModelEndpoint, m *models.ModelEndpoint) error {
	at := min(max(m.Position, 1), len(others)+1) - 1
	for i, one := range slices.Insert(others, at, *m) {
		err := tx.Model(&models.ModelEndpoint{}).Where("org_id = ? AND id = ?", scope.OrgID, one.ID).UpdateColumn("position", i+1).Error
		if err != nil {
			return err
		}
	}
	m.Position = at + 1
	return nil
}

// ModelsFor returns the ids of the models that a question is asked of, in their
// order: the one that the person wants, or else those that the organisation has
// switched on. None leaves it to the configuration.
func (s *Store) ModelsFor(ctx context.Context, scope models.Scope, q *models.Question) (ids []string, err error) {
	switch q.Model {
	case "":
		err = s.tx(ctx, scope, func(tx *gorm.DB) error {
			return endpoints(tx, scope).Model(&models.ModelEndpoint{}).Where("enabled").Pluck("id", &ids).Error
		})
		return ids, err
	case models.ModelBuiltin:
		return nil, nil
	}
	return []string{q.Model}, nil
}

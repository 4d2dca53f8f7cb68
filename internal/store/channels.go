package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/datamind/datamind/models"
)

// maxChannels bounds the channels of an organisation.
const maxChannels = 200

// ListChannels lists the organisation's channels by their names.
func (s *Store) ListChannels(ctx context.Context, scope models.Scope) (rows []models.Channel, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Where("org_id = ?", scope.OrgID).Order("lower(name), id").Limit(maxChannels).Find(&rows).Error
	})
	return rows, err
}

// GetChannel returns a channel of the scope's organisation.
func (s *Store) GetChannel(ctx context.Context, scope models.Scope, id string) (*models.Channel, error) {
	var c models.Channel
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&c, "org_id = ? AND id = ?", scope.OrgID, id).Error })
	return &c, err
}

// CreateChannel stores a channel.
func (s *Store) CreateChannel(ctx context.Context, scope models.Scope, c *models.Channel) error {
	c.OrgID, c.CreatedBy = scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var n int64
		if err := tx.Model(&models.Channel{}).Where("org_id = ?", scope.OrgID).Count(&n).Error; err != nil {
			return err
		}
		if n >= maxChannels {
			return models.Errorf(models.CodeConflict, "An organisation can have %d channels. Delete one first.", maxChannels)
		}
		return tx.Create(c).Error
	})
}

// UpdateChannel stores all that can change of a channel.
func (s *Store) UpdateChannel(ctx context.Context, scope models.Scope, c *models.Channel) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		c.UpdatedAt = time.Now()
		res := tx.Model(&models.Channel{}).Where("org_id = ? AND id = ?", scope.OrgID, c.ID).
			Select("Name", "Settings", "SealedSecret", "Enabled", "UpdatedAt").Updates(c)
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("channel")
		}
		return res.Error
	})
}

// DeleteChannel removes a channel. What was to go over it is skipped; what went stays in the ledger.
func (s *Store) DeleteChannel(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := tx.Where("org_id = ? AND id = ?", scope.OrgID, id).Delete(&models.Channel{})
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("channel")
		}
		return res.Error
	})
}

// PutArtifact stores a picture or a file that goes with messages.
func (s *Store) PutArtifact(ctx context.Context, scope models.Scope, a *models.Artifact) error {
	if len(a.Content) > models.MaxArtifact {
		return models.Errorf(models.CodeInvalid, "%q has %d bytes; with a message go at most %d.", a.Name, len(a.Content), models.MaxArtifact)
	}
	a.ID, a.OrgID = NewID(), scope.OrgID
	return s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.Create(a).Error })
}

// GetArtifact returns an artifact that has not expired.
func (s *Store) GetArtifact(ctx context.Context, scope models.Scope, id string) (*models.Artifact, error) {
	var a models.Artifact
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.First(&a, "org_id = ? AND id = ? AND expires_at > now()", scope.OrgID, id).Error
	})
	return &a, err
}

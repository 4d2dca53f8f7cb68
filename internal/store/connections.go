package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// Shared coders: both are safe for concurrent EncodeAll and DecodeAll.
var (
	zstdEncoder, _ = zstd.NewWriter(nil) // without options it cannot fail
	zstdDecoder, _ = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(1<<30))
)

// CreateConnection stores a connection of the scope's organisation.
func (s *Store) CreateConnection(ctx context.Context, scope models.Scope, c *models.Connection) error {
	c.OrgID, c.CreatedBy = scope.OrgID, scope.UserID
	if c.ID == "" {
		c.ID = NewID()
	}
	return s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.Create(c).Error })
}

// GetConnection returns a connection of the scope's organisation.
func (s *Store) GetConnection(ctx context.Context, scope models.Scope, id string) (*models.Connection, error) {
	var c models.Connection
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&c, "org_id = ? AND id = ?", scope.OrgID, id).Error })
	return &c, err
}

// UpdateConnection stores all that can change of a connection. Where it leads
// elsewhere than before, what was read of its structure goes: no SQL may be
// checked against it any more.
func (s *Store) UpdateConnection(ctx context.Context, scope models.Scope, c *models.Connection) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var before models.Connection
		if err := tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).First(&before, "org_id = ? AND id = ?", scope.OrgID, c.ID).Error; err != nil {
			return err
		}
		if before.Host != c.Host || before.Port != c.Port || before.Database != c.Database || before.Username != c.Username || !slices.Equal(before.Schemas, c.Schemas) {
			if err := tx.Where("org_id = ? AND connection_id = ?", scope.OrgID, c.ID).Delete(&models.CatalogSnapshot{}).Error; err != nil {
				return err
			}
		}
		res := tx.Model(&models.Connection{}).Where("org_id = ? AND id = ?", scope.OrgID, c.ID).
			Select("Name", "Host", "Port", "Database", "Username", "SealedPassword", "TLSMode", "TLSCA", "Schemas", "TimeoutSeconds", "MaxRows").Updates(c)
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("connection")
		}
		return res.Error
	})
}

// DeleteConnection removes a connection with its catalogs. One that questions
// were asked of stays, so that their answers keep their source, unless the
// conversations of the whole organisation about it are to go as well. It
// returns the ids of questions that were still open, for their runs to be stopped.
func (s *Store) DeleteConnection(ctx context.Context, scope models.Scope, id string, conversations bool) (open []string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		if conversations {
			err := tx.Model(&models.Question{}).Where("org_id = ? AND connection_id = ? AND status IN ?", scope.OrgID, id, openStatuses).Pluck("id", &open).Error
			if err != nil {
				return err
			}
			if err := tx.Where("org_id = ? AND connection_id = ?", scope.OrgID, id).Delete(&models.Conversation{}).Error; err != nil {
				return err
			}
		}
		res := tx.Where("org_id = ? AND id = ?", scope.OrgID, id).Delete(&models.Connection{})
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("connection")
		}
		return res.Error
	})
	if models.ErrorCode(err) == models.CodeConflict {
		err = models.Wrap(err, models.CodeConflict, "Conversations use this connection. Delete them first, or with it.")
	}
	return open, err
}

// ListConnections lists the organisation's connections, newest first.
func (s *Store) ListConnections(ctx context.Context, scope models.Scope, after string, limit int) (rows []models.Connection, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		rows, next, err = page(tx.Where("org_id = ?", scope.OrgID), "created_at", after, limit,
			func(r models.Connection) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// SystemConnections returns every connection, for health checks and first syncs.
func (s *Store) SystemConnections(ctx context.Context) (rows []models.Connection, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error { return tx.Order("created_at").Limit(1000).Find(&rows).Error })
	return rows, err
}

// keptSnapshots of a connection stay: runs in flight still refer to them.
const keptSnapshots = 20

// SaveCatalog stores a snapshot of what c led to. One with the fingerprint of
// the latest only refreshes that one, statistics included. CodeUnavailable when
// the connection has been changed since c was read.
func (s *Store) SaveCatalog(ctx context.Context, scope models.Scope, c *models.Connection, catalog *models.Catalog) (*models.CatalogSnapshot, error) {
	connectionID := c.ID
	raw, err := json.Marshal(catalog)
	if err != nil {
		return nil, fmt.Errorf("encode catalog: %w", err)
	}
	snapshot := models.CatalogSnapshot{ID: NewID(), OrgID: scope.OrgID, ConnectionID: connectionID, Fingerprint: catalog.Fingerprint,
		Catalog: zstdEncoder.EncodeAll(raw, nil), TableCount: len(catalog.Tables), TakenAt: catalog.TakenAt}
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		var now models.Connection
		if err := tx.Clauses(clause.Locking{Strength: "SHARE"}).First(&now, "org_id = ? AND id = ?", scope.OrgID, connectionID).Error; err != nil {
			return err
		}
		if !now.UpdatedAt.Equal(c.UpdatedAt) {
			return models.Errorf(models.CodeUnavailable, "The connection was changed while its structure was read. It is read again.")
		}
		var latest models.CatalogSnapshot
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Omit("catalog").Where("org_id = ? AND connection_id = ?", scope.OrgID, connectionID).
			Order("taken_at DESC").First(&latest).Error
		if err == nil && latest.Fingerprint == snapshot.Fingerprint {
			snapshot.ID, snapshot.CreatedAt = latest.ID, latest.CreatedAt
			return tx.Save(&snapshot).Error
		}
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return err
		}
		if err := tx.Create(&snapshot).Error; err != nil {
			return err
		}
		return tx.Where("org_id = ? AND connection_id = ? AND id NOT IN (SELECT id FROM catalog_snapshots WHERE connection_id = ? ORDER BY taken_at DESC LIMIT ?)",
			scope.OrgID, connectionID, connectionID, keptSnapshots).Delete(&models.CatalogSnapshot{}).Error
	})
	return &snapshot, err
}

// LatestSnapshot returns the newest snapshot of a connection without its catalog.
func (s *Store) LatestSnapshot(ctx context.Context, scope models.Scope, connectionID string) (*models.CatalogSnapshot, error) {
	var snapshot models.CatalogSnapshot
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Omit("catalog").Where("org_id = ? AND connection_id = ?", scope.OrgID, connectionID).Order("taken_at DESC").First(&snapshot).Error
	})
	return &snapshot, err
}

// LatestCatalog returns the newest catalog of a connection.
func (s *Store) LatestCatalog(ctx context.Context, scope models.Scope, connectionID string) (*models.Catalog, error) {
	var snapshot models.CatalogSnapshot
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Where("org_id = ? AND connection_id = ?", scope.OrgID, connectionID).Order("taken_at DESC").First(&snapshot).Error
	})
	if err != nil {
		return nil, err
	}
	return decodeCatalog(&snapshot)
}

// CatalogByID returns the catalog of a snapshot.
func (s *Store) CatalogByID(ctx context.Context, scope models.Scope, id string) (*models.Catalog, error) {
	var snapshot models.CatalogSnapshot
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&snapshot, "org_id = ? AND id = ?", scope.OrgID, id).Error })
	if err != nil {
		return nil, err
	}
	return decodeCatalog(&snapshot)
}

func decodeCatalog(snapshot *models.CatalogSnapshot) (*models.Catalog, error) {
	raw, err := zstdDecoder.DecodeAll(snapshot.Catalog, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress catalog %s: %w", snapshot.ID, err)
	}
	var catalog models.Catalog
	if err := json.Unmarshal(raw, &catalog); err != nil {
		return nil, fmt.Errorf("decode catalog %s: %w", snapshot.ID, err)
	}
	return &catalog, nil
}

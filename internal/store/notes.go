package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// Notes returns all that people say of a connection's data, by name.
func (s *Store) Notes(ctx context.Context, scope models.Scope, connectionID string) (*models.Notes, error) {
	var all models.Notes
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		of := func(order string) *gorm.DB {
			return tx.Where("org_id = ? AND connection_id = ?", scope.OrgID, connectionID).Order(order)
		}
		return errors.Join(of("schema_name, table_name, column_name").Find(&all.Notes).Error, of("term").Find(&all.Terms).Error, of("name").Find(&all.Metrics).Error)
	})
	return &all, err
}

// PutNote stores a note in place of the one on the same name. One that says
// nothing removes it.
func (s *Store) PutNote(ctx context.Context, scope models.Scope, n *models.CatalogNote) error {
	n.ID, n.OrgID, n.UpdatedBy = NewID(), scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		if n.Description == "" && len(n.Synonyms) == 0 {
			return tx.Where("org_id = ? AND connection_id = ? AND schema_name = ? AND table_name = ? AND column_name = ?",
				scope.OrgID, n.ConnectionID, n.SchemaName, n.TableName, n.ColumnName).Delete(&models.CatalogNote{}).Error
		}
		return tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "connection_id"}, {Name: "schema_name"}, {Name: "table_name"}, {Name: "column_name"}},
			DoUpdates: clause.AssignmentColumns([]string{"description", "synonyms", "updated_by", "updated_at"})},
			clause.Returning{}).Create(n).Error
	})
}

// maxNamed bounds the terms, and the metrics, of a connection: all are read for
// each question, and each is checked.
const maxNamed = 500

// room wants a connection to have fewer than maxNamed of a kind. It is locked, so
// that two that are added at the same moment do not both take the last place.
func room(tx *gorm.DB, scope models.Scope, connectionID, what string, kind any) error {
	var conn models.Connection
	if err := tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Select("id").First(&conn, "org_id = ? AND id = ?", scope.OrgID, connectionID).Error; err != nil {
		return err
	}
	var n int64
	if err := tx.Model(kind).Where("org_id = ? AND connection_id = ?", scope.OrgID, connectionID).Count(&n).Error; err != nil {
		return err
	}
	if n >= maxNamed {
		return models.Errorf(models.CodeConflict, "A database can have %d %s. Delete one first.", maxNamed, what)
	}
	return nil
}

// SaveTerm stores a glossary term: a new one without an ID, else in place of it.
func (s *Store) SaveTerm(ctx context.Context, scope models.Scope, t *models.GlossaryTerm) error {
	t.OrgID, t.UpdatedBy = scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		if t.ID == "" {
			if err := room(tx, scope, t.ConnectionID, "terms", &models.GlossaryTerm{}); err != nil {
				return err
			}
			t.ID = NewID()
			return tx.Create(t).Error
		}
		return one(tx.Model(&models.GlossaryTerm{}).Where("org_id = ? AND id = ?", scope.OrgID, t.ID).
			Select("Term", "Meaning", "SchemaName", "TableName", "Condition", "Qualified", "UpdatedBy", "UpdatedAt").Updates(t), "term")
	})
}

// GetTerm returns a glossary term.
func (s *Store) GetTerm(ctx context.Context, scope models.Scope, id string) (*models.GlossaryTerm, error) {
	var t models.GlossaryTerm
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&t, "org_id = ? AND id = ?", scope.OrgID, id).Error })
	return &t, err
}

// DeleteTerm removes a glossary term.
func (s *Store) DeleteTerm(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return one(tx.Where("org_id = ? AND id = ?", scope.OrgID, id).Delete(&models.GlossaryTerm{}), "term")
	})
}

// SaveMetric stores a metric: a new one without an ID, else in place of it.
func (s *Store) SaveMetric(ctx context.Context, scope models.Scope, m *models.Metric) error {
	m.OrgID, m.UpdatedBy = scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		if m.ID == "" {
			if err := room(tx, scope, m.ConnectionID, "metrics", &models.Metric{}); err != nil {
				return err
			}
			m.ID = NewID()
			return tx.Create(m).Error
		}
		return one(tx.Model(&models.Metric{}).Where("org_id = ? AND id = ?", scope.OrgID, m.ID).
			Select("Name", "Description", "SchemaName", "TableName", "Expression", "Filter", "Qualified", "QualifiedFilter", "UpdatedBy", "UpdatedAt").Updates(m), "metric")
	})
}

// GetMetric returns a metric.
func (s *Store) GetMetric(ctx context.Context, scope models.Scope, id string) (*models.Metric, error) {
	var m models.Metric
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&m, "org_id = ? AND id = ?", scope.OrgID, id).Error })
	return &m, err
}

// DeleteMetric removes a metric.
func (s *Store) DeleteMetric(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return one(tx.Where("org_id = ? AND id = ?", scope.OrgID, id).Delete(&models.Metric{}), "metric")
	})
}

// one wants a change to have met a row.
func one(res *gorm.DB, what string) error {
	if res.Error == nil && res.RowsAffected == 0 {
		return notFound(what)
	}
	return res.Error
}

// SetSync notes how the reading of a connection's structure goes. One that
// begins keeps the count of the tables that were read before.
func (s *Store) SetSync(ctx context.Context, scope models.Scope, sync *models.CatalogSync) error {
	sync.OrgID, sync.UpdatedAt = scope.OrgID, time.Now()
	columns := []string{"status", "error_code", "error_text", "updated_at"}
	if sync.Status == models.SyncReading {
		sync.StartedAt = sync.UpdatedAt
		columns = append(columns, "started_at")
	} else if sync.StartedAt.IsZero() {
		sync.StartedAt = sync.UpdatedAt // of a row that is not there yet
	}
	if sync.Status == models.SyncReady {
		columns = append(columns, "tables")
	}
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "connection_id"}}, DoUpdates: clause.AssignmentColumns(columns)}).Create(sync).Error
	})
}

// GetSync returns how the last reading of a connection's structure went.
func (s *Store) GetSync(ctx context.Context, scope models.Scope, connectionID string) (*models.CatalogSync, error) {
	var sync models.CatalogSync
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.First(&sync, "org_id = ? AND connection_id = ?", scope.OrgID, connectionID).Error
	})
	return &sync, err
}

// StaleCatalog is a connection in use whose structure is to be read again.
type StaleCatalog struct{ OrgID, ConnectionID, UserID string }

// SystemStaleCatalogs returns connections whose newest structure is older than
// age, that were asked since it was read, and whose reading was not begun within
// pause. UserID is who asked last.
func (s *Store) SystemStaleCatalogs(ctx context.Context, age, pause time.Duration, limit int) (rows []StaleCatalog, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT c.org_id, c.id AS connection_id, q.user_id FROM connections c
			JOIN LATERAL (SELECT taken_at FROM catalog_snapshots s WHERE s.connection_id = c.id ORDER BY taken_at DESC LIMIT 1) s ON true
			JOIN LATERAL (SELECT user_id FROM questions q WHERE q.connection_id = c.id AND q.created_at > s.taken_at ORDER BY q.created_at DESC LIMIT 1) q ON true
			WHERE s.taken_at < now() - make_interval(secs => ?)
			AND NOT EXISTS (SELECT FROM catalog_syncs y WHERE y.connection_id = c.id AND y.started_at > now() - make_interval(secs => ?))
			ORDER BY s.taken_at LIMIT ?`, age.Seconds(), pause.Seconds(), limit).Scan(&rows).Error
	})
	return rows, err
}

package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// openExports are the statuses of exports that are not at their end.
var openExports = []models.ExportStatus{models.ExportQueued, models.ExportRunning, models.ExportPaused}

// maxOpenExports bounds the exports of one person that are not at their end.
const maxOpenExports = 20

// ErrNotClaimed says that another execution writes the export by now, or that
// it has ended: what this one wrote does not count.
var ErrNotClaimed = errors.New("store: the export is not this execution's any more")

// CreateExport stores an export. One with the same idempotency key is returned
// instead, created false.
func (s *Store) CreateExport(ctx context.Context, scope models.Scope, e *models.Export) (stored *models.Export, created bool, err error) {
	e.OrgID, e.UserID = scope.OrgID, scope.UserID
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		var open int64
		if err := mine(tx, scope).Model(&models.Export{}).Where("status IN ? AND schedule_id IS NULL", openExports).Count(&open).Error; err != nil {
			return err
		}
		if open >= maxOpenExports {
			return models.Errorf(models.CodeRateLimited, "You have %d exports that are not finished. Wait for some of them, or cancel them.", open)
		}
		return tx.Create(e).Error
	})
	if code := models.ErrorCode(err); code == models.CodeConflict || code == models.CodeRateLimited { // the same request may have come before
		var earlier models.Export
		keyErr := s.tx(ctx, scope, func(tx *gorm.DB) error {
			return mine(tx, scope).First(&earlier, "idempotency_key = ?", e.IdempotencyKey).Error
		})
		if keyErr == nil {
			return &earlier, false, nil
		}
	}
	return e, err == nil, err
}

// GetExport returns an export of the scope's user.
func (s *Store) GetExport(ctx context.Context, scope models.Scope, id string) (*models.Export, error) {
	var e models.Export
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return mine(tx, scope).Where("NOT removed").First(&e, "id = ?", id).Error
	})
	return &e, err
}

// ListExports lists the exports of the scope's user, newest first.
func (s *Store) ListExports(ctx context.Context, scope models.Scope, after string, limit int) (rows []models.Export, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		rows, next, err = page(mine(tx, scope).Where("NOT removed"), "created_at", after, limit,
			func(r models.Export) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// ExportParts returns the finished parts of an export of the scope's user, in order.
func (s *Store) ExportParts(ctx context.Context, scope models.Scope, id string) (parts []models.ExportPart, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Where("org_id = ? AND export_id = ?", scope.OrgID, id).Order("number").Find(&parts).Error
	})
	return parts, err
}

// RemoveExport hides an export that is at its end, for its files and then its
// row to be deleted.
func (s *Store) RemoveExport(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var e models.Export
		if err := mine(tx, scope).Clauses(clause.Locking{Strength: "UPDATE"}).Where("NOT removed").First(&e, "id = ?", id).Error; err != nil {
			return err
		}
		if !e.Status.Final() {
			return models.Errorf(models.CodeConflict, "The export is still being written. Cancel it first.")
		}
		return tx.Model(&e).Updates(map[string]any{"removed": true}).Error
	})
}

// claimed is the row of an export as the execution that has claimed it may change it.
func claimed(tx *gorm.DB, scope models.Scope, id string, claim int) *gorm.DB {
	return mine(tx, scope).Model(&models.Export{}).Where("id = ? AND claim = ? AND status = ?", id, claim, models.ExportRunning)
}

// ClaimExport begins an execution: from here on only it may write. It returns
// ErrNotClaimed for an export that is paused or at its end.
func (s *Store) ClaimExport(ctx context.Context, scope models.Scope, id string) (*models.Export, error) {
	var e models.Export
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		now := time.Now()
		res := mine(tx, scope).Model(&models.Export{}).Where("id = ? AND status IN ? AND NOT removed", id, []models.ExportStatus{models.ExportQueued, models.ExportRunning}).
			Updates(map[string]any{"claim": gorm.Expr("claim + 1"), "status": models.ExportRunning, "stored": true,
				"started_at": gorm.Expr("coalesce(started_at, ?)", now), "live_rows": gorm.Expr("rows"), "live_bytes": gorm.Expr("bytes"), "updated_at": now})
		if res.Error != nil {
			return res.Error
		}
		if err := mine(tx, scope).First(&e, "id = ?", id).Error; err != nil {
			return err
		}
		if res.RowsAffected == 0 {
			return ErrNotClaimed
		}
		return nil
	})
	return &e, err
}

// PlanExport stores how an export is written, as its columns and key columns
// say. Where it begins anew, the parts that there are do not count any more.
func (s *Store) PlanExport(ctx context.Context, scope models.Scope, e *models.Export, anew bool) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		names := []any{"Continues", "KeyColumns", "Columns", "Estimate", "UpdatedAt"}
		if anew {
			e.Rows, e.Bytes, e.Parts, e.LiveRows, e.LiveBytes, e.Snapshots, e.Cut = 0, 0, 0, 0, 0, 0, 0
			names = append(names, "Rows", "Bytes", "Parts", "LiveRows", "LiveBytes", "Snapshots", "Cut")
		}
		res := claimed(tx, scope, e.ID, e.Claim).Select(names[0], names[1:]...).Updates(e)
		if err := counted(res); err != nil || !anew {
			return err
		}
		return tx.Where("org_id = ? AND export_id = ?", scope.OrgID, e.ID).Delete(&models.ExportPart{}).Error
	})
}

// counted is ErrNotClaimed where nothing was changed.
func counted(res *gorm.DB) error {
	if res.Error == nil && res.RowsAffected == 0 {
		return ErrNotClaimed
	}
	return res.Error
}

// ExportProgress stores how far the unfinished part is.
func (s *Store) ExportProgress(ctx context.Context, scope models.Scope, e *models.Export, rows, bytes int64) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return counted(claimed(tx, scope, e.ID, e.Claim).Updates(map[string]any{"live_rows": rows, "live_bytes": bytes, "updated_at": time.Now()}))
	})
}

// AddExportPart stores a finished part, and with the last one that the export is
// done: together or not at all. digest is the whole file's, for the last part.
func (s *Store) AddExportPart(ctx context.Context, scope models.Scope, e *models.Export, part *models.ExportPart, cut int64, digest string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		part.ExportID, part.OrgID, part.Claim, part.CreatedAt = e.ID, scope.OrgID, e.Claim, time.Now()
		changes := map[string]any{"rows": gorm.Expr("rows + ?", part.Rows), "bytes": gorm.Expr("bytes + ?", part.Bytes), "parts": gorm.Expr("parts + 1"), "cut": gorm.Expr("cut + ?", cut),
			"live_rows": gorm.Expr("rows + ?", part.Rows), "live_bytes": gorm.Expr("bytes + ?", part.Bytes), "updated_at": part.CreatedAt}
		if digest != "" {
			changes["status"], changes["sha256"], changes["ended_at"] = models.ExportDone, digest, part.CreatedAt
			changes["expires_at"] = part.CreatedAt.Add(time.Duration(e.KeepHours) * time.Hour)
		}
		if err := counted(claimed(tx, scope, e.ID, e.Claim).Where("parts = ?", part.Number-1).Updates(changes)); err != nil {
			return err
		}
		if err := tx.Create(part).Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE exports SET snapshots = (SELECT count(DISTINCT claim) FROM export_parts WHERE export_id = ?) WHERE id = ? AND org_id = ?",
			e.ID, e.ID, scope.OrgID).Error
	})
}

// ExportEnding is how an export ends that is not done.
type ExportEnding struct {
	Status    models.ExportStatus
	ErrorCode models.Code
	ErrorText string
}

// EndExport ends an export, unless it has ended, and returns the status that it has.
func (s *Store) EndExport(ctx context.Context, scope models.Scope, id string, end ExportEnding) (models.ExportStatus, error) {
	return s.moveExport(ctx, scope, id, openExports, map[string]any{"status": end.Status, "error_code": end.ErrorCode, "error_text": end.ErrorText, "ended_at": time.Now()})
}

// PauseExport marks an export as paused, or as queued again, and returns the
// status that it has.
func (s *Store) PauseExport(ctx context.Context, scope models.Scope, id string, paused bool) (models.ExportStatus, error) {
	from, to := []models.ExportStatus{models.ExportPaused}, models.ExportQueued
	if paused {
		from, to = []models.ExportStatus{models.ExportQueued, models.ExportRunning}, models.ExportPaused
	}
	return s.moveExport(ctx, scope, id, from, map[string]any{"status": to, "live_rows": gorm.Expr("rows"), "live_bytes": gorm.Expr("bytes")})
}

func (s *Store) moveExport(ctx context.Context, scope models.Scope, id string, from []models.ExportStatus, changes map[string]any) (status models.ExportStatus, err error) {
	changes["updated_at"] = time.Now()
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := mine(tx, scope).Model(&models.Export{}).Where("id = ? AND status IN ?", id, from).Updates(changes).Error; err != nil {
			return err
		}
		var e models.Export
		if err := mine(tx, scope).Select("status").First(&e, "id = ?", id).Error; err != nil {
			return err
		}
		status = e.Status
		return nil
	})
	return status, err
}

// ExportGone stores that the files of an export are deleted: one that its owner
// deleted goes with them, one that was done has expired.
func (s *Store) ExportGone(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := mine(tx, scope).Where("id = ? AND removed", id).Delete(&models.Export{}).Error; err != nil {
			return err
		}
		if err := tx.Where("org_id = ? AND export_id = ?", scope.OrgID, id).Delete(&models.ExportPart{}).Error; err != nil {
			return err
		}
		return mine(tx, scope).Model(&models.Export{}).Where("id = ?", id).Updates(map[string]any{"stored": false, "updated_at": time.Now(),
			"status": gorm.Expr("CASE status WHEN ? THEN ? ELSE status END", models.ExportDone, models.ExportExpired)}).Error
	})
}

// ExportToDelete reads an export whose files are due to be deleted now; nil for
// one that is not.
func (s *Store) ExportToDelete(ctx context.Context, scope models.Scope, id string) (*models.Export, error) {
	var rows []models.Export
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return due(mine(tx, scope).Where("id = ?", id), time.Now()).Find(&rows).Error
	})
	if len(rows) == 0 {
		return nil, err
	}
	return &rows[0], err
}

// due are exports whose files, or whose rows, are to be deleted.
func due(tx *gorm.DB, now time.Time) *gorm.DB {
	return tx.Where("(stored OR removed) AND (removed OR status IN ? OR status = ? AND expires_at < ?)",
		[]models.ExportStatus{models.ExportFailed, models.ExportCancelled}, models.ExportDone, now)
}

// SystemDueExports returns exports of all organisations whose files are to be deleted.
func (s *Store) SystemDueExports(ctx context.Context, limit int) (rows []models.Export, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return due(tx, time.Now()).Order("updated_at").Limit(limit).Find(&rows).Error
	})
	return rows, err
}

// SystemOpenExports returns exports of all organisations with one of the
// statuses whose rows have not changed for some time, the longest first.
func (s *Store) SystemOpenExports(ctx context.Context, age time.Duration, limit int, statuses ...models.ExportStatus) (rows []models.Export, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Where("status IN ? AND updated_at < ?", statuses, time.Now().Add(-age)).Order("updated_at").Limit(limit).Find(&rows).Error
	})
	return rows, err
}

// TouchExport notes that an export was looked at.
func (s *Store) TouchExport(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return mine(tx, scope).Model(&models.Export{}).Where("id = ?", id).Update("updated_at", time.Now()).Error
	})
}

// ExportSettings are the organisation's rules for exports.
func (s *Store) ExportSettings(ctx context.Context, scope models.Scope) (models.ExportSettings, error) {
	org, err := s.GetOrg(ctx, scope)
	if err != nil || org.Exports == nil {
		return models.ExportSettings{}, err
	}
	return *org.Exports, nil
}

// SetExportSettings changes the organisation's rules for exports.
func (s *Store) SetExportSettings(ctx context.Context, scope models.Scope, settings models.ExportSettings) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.Org{ID: scope.OrgID}).Select("Exports").Updates(&models.Org{Exports: &settings}).Error
	})
}

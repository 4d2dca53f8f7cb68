package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// ExportScheduleRow is a scheduled export with its last export, nil before the first.
type ExportScheduleRow struct {
	models.ExportSchedule
	Last *models.Export
}

// CreateExportSchedule stores a scheduled export of the scope's user, and asks for
// its schedule.
func (s *Store) CreateExportSchedule(ctx context.Context, scope models.Scope, e *models.ExportSchedule) error {
	e.OrgID, e.UserID, e.TargetPath = scope.OrgID, scope.UserID, e.PathInTarget()
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		var n int64
		if err := tx.Model(&models.ExportSchedule{}).Where("org_id = ?", scope.OrgID).Count(&n).Error; err != nil {
			return err
		}
		if n >= models.MaxOrgExportSchedules {
			return models.Errorf(models.CodeScheduleLimit, "The organisation has %d scheduled exports, which is the limit. Delete some that nobody needs.", n)
		}
		if err := tx.Create(e).Error; err != nil {
			return err
		}
		return wantSchedule(tx, scope, models.ScheduleExport, e.ID, e.Timing)
	})
	return targetTaken(err)
}

// targetTaken names what is taken: a scheduled export has nothing else that may
// be there only once.
func targetTaken(err error) error {
	if models.ErrorCode(err) == models.CodeConflict {
		return models.Wrap(err, models.CodeConflict, "Another scheduled export puts files of this name into this folder. Choose another name or folder.")
	}
	return err
}

// GetExportSchedule returns a scheduled export of the scope's user.
func (s *Store) GetExportSchedule(ctx context.Context, scope models.Scope, id string) (*ExportScheduleRow, error) {
	row := &ExportScheduleRow{}
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := mine(tx, scope).First(&row.ExportSchedule, "id = ?", id).Error; err != nil {
			return err
		}
		rows := []ExportScheduleRow{*row}
		err := lastExports(tx, scope, rows)
		row.Last = rows[0].Last
		return err
	})
	return row, err
}

// ListExportSchedules lists the scheduled exports of the scope's user, newest first.
func (s *Store) ListExportSchedules(ctx context.Context, scope models.Scope, after string, limit int) (rows []ExportScheduleRow, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		found, more, err := page(mine(tx, scope), "created_at", after, limit, func(e models.ExportSchedule) (time.Time, string) { return e.CreatedAt, e.ID })
		if err != nil {
			return err
		}
		next = more
		for _, e := range found {
			rows = append(rows, ExportScheduleRow{ExportSchedule: e})
		}
		return lastExports(tx, scope, rows)
	})
	return rows, next, err
}

func lastExports(tx *gorm.DB, scope models.Scope, rows []ExportScheduleRow) error {
	if len(rows) == 0 {
		return nil
	}
	ids, at := make([]string, len(rows)), map[string]int{}
	for i, r := range rows {
		ids[i], at[r.ID] = r.ID, i
	}
	var last []models.Export
	err := tx.Raw(`SELECT e.* FROM unnest(?::uuid[]) AS s (id), LATERAL
		(SELECT * FROM exports WHERE schedule_id = s.id AND org_id = ? AND NOT removed ORDER BY created_at DESC LIMIT 1) e`, uuidArray(ids), scope.OrgID).Scan(&last).Error
	for i := range last {
		rows[at[*last[i].ScheduleID]].Last = &last[i]
	}
	return err
}

// exportScheduleFields are what of a scheduled export can change.
var exportScheduleFields = []string{"Name", "Format", "Compression", "Cron", "TimeZone", "JitterSeconds", "CatchUp", "Channels", "Attach", "Target", "Folder", "TargetPath", "UpdatedAt"}

// UpdateExportSchedule stores all that can change of a scheduled export of the
// scope's user.
func (s *Store) UpdateExportSchedule(ctx context.Context, scope models.Scope, e *models.ExportSchedule) error {
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		before, err := lockExportSchedule(mine(tx, scope), e.ID)
		if err != nil {
			return err
		}
		e.UpdatedAt, e.TargetPath = time.Now(), e.PathInTarget()
		if err := mine(tx, scope).Model(&models.ExportSchedule{}).Where("id = ?", e.ID).Select(exportScheduleFields).Updates(e).Error; err != nil {
			return err
		}
		if before.Timing == e.Timing {
			return nil
		}
		if err := wantSchedule(tx, scope, models.ScheduleExport, e.ID, before.Timing); err != nil {
			return err
		}
		return wantSchedule(tx, scope, models.ScheduleExport, e.ID, e.Timing)
	})
	return targetTaken(err)
}

func lockExportSchedule(tx *gorm.DB, id string) (*models.ExportSchedule, error) {
	var e models.ExportSchedule
	err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&e, "id = ?", id).Error
	return &e, err
}

// PauseExportSchedule pauses a scheduled export of the scope's user, or has it go on.
func (s *Store) PauseExportSchedule(ctx context.Context, scope models.Scope, id string, paused bool) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		e, err := lockExportSchedule(mine(tx, scope), id)
		if err != nil || e.Paused == paused {
			return err
		}
		code := models.PausedByPerson
		if !paused {
			code = ""
		}
		return setExportSchedulePaused(tx, scope, e, paused, code, "")
	})
}

func setExportSchedulePaused(tx *gorm.DB, scope models.Scope, e *models.ExportSchedule, paused bool, code models.Code, text string) error {
	err := tx.Model(&models.ExportSchedule{}).Where("org_id = ? AND id = ?", scope.OrgID, e.ID).
		Updates(map[string]any{"paused": paused, "pause_code": code, "pause_text": text, "updated_at": time.Now()}).Error
	if err != nil {
		return err
	}
	return wantSchedule(tx, scope, models.ScheduleExport, e.ID, e.Timing)
}

// DeleteExportSchedule removes a scheduled export of the scope's user. The exports
// that it made stay until they expire.
func (s *Store) DeleteExportSchedule(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		e, err := lockExportSchedule(mine(tx, scope), id)
		if err != nil {
			return err
		}
		if err := tx.Where("org_id = ?", scope.OrgID).Delete(&models.ExportSchedule{}, "id = ?", id).Error; err != nil {
			return err
		}
		return wantSchedule(tx, scope, models.ScheduleExport, id, e.Timing)
	})
}

// ScheduledExports lists the exports that a schedule of the scope's user made,
// newest first.
func (s *Store) ScheduledExports(ctx context.Context, scope models.Scope, id, after string, limit int) (rows []models.Export, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		if err := mine(tx, scope).Select("id").First(&models.ExportSchedule{}, "id = ?", id).Error; err != nil {
			return err
		}
		rows, next, err = page(mine(tx, scope).Where("schedule_id = ? AND NOT removed", id), "created_at", after, limit,
			func(r models.Export) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// ExportMessages are the messages about exports of a schedule, by the exports' ids.
func (s *Store) ExportMessages(ctx context.Context, scope models.Scope, scheduleID string, exports []models.Export) (told map[string][]models.Delivery, err error) {
	episodes := make([]string, 0, 2*len(exports))
	for i := range exports {
		episodes = append(episodes, exports[i].ID+"/ready", exports[i].ID+"/failed")
	}
	var rows []models.Delivery
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Where("org_id = ? AND subject = ? AND episode IN ?", scope.OrgID, "export/"+scheduleID, episodes).Order("created_at, id").Find(&rows).Error
	})
	told = map[string][]models.Delivery{}
	for _, d := range rows {
		id, _, _ := strings.Cut(d.Episode, "/")
		told[id] = append(told[id], d)
	}
	return told, err
}

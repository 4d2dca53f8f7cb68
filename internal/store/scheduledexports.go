package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/datamind/datamind/models"
)

// ScheduledRun is a scheduled export as it is before a run, with what it depends on.
type ScheduledRun struct {
	models.ExportSchedule
	Role      models.Role // of its owner, "" for no member any more
	Connected bool        // its connection is there
	Settings  models.ExportSettings
	// Earlier is the export that an earlier try of the same run has made; nil for none.
	Earlier *models.Export
	// Busy says that another export of it is not at its end.
	Busy bool
}

// ScheduledStep is what a run makes of it: an export, or a pause that is told.
type ScheduledStep struct {
	Export     *models.Export
	Pause      models.Code
	PauseText  string
	Deliveries []models.Delivery
}

// BeginScheduledExport begins the run of a time of a scheduled export, whoever
// owns it: f says what it makes of it. Two runs of it do not begin at once, and the
// same run, tried again, finds what it has made. It returns what is to be sent.
func (s *Store) BeginScheduledExport(ctx context.Context, scope models.Scope, id string, at time.Time, f func(*ScheduledRun) ScheduledStep) (deliveries []string, err error) {
	err = s.Together(ctx, scope, func(one *Store) error {
		tx := one.joined
		e, err := lockExportSchedule(tx.Where("org_id = ?", scope.OrgID), id)
		if err != nil {
			return err
		}
		run := &ScheduledRun{ExportSchedule: *e}
		if err := one.loadScheduledRun(ctx, scope, run, at); err != nil {
			return err
		}
		step := f(run)
		if step.Export != nil {
			if err := tx.Create(step.Export).Error; err != nil {
				return err
			}
		}
		if step.Pause != "" {
			if err := setExportSchedulePaused(tx, scope, e, true, step.Pause, step.PauseText); err != nil {
				return err
			}
		}
		deliveries, err = one.Queue(ctx, scope, step.Deliveries)
		return err
	})
	return deliveries, err
}

func (s *Store) loadScheduledRun(ctx context.Context, scope models.Scope, run *ScheduledRun, at time.Time) error {
	tx := s.joined
	var members []models.Membership
	if err := tx.Limit(1).Find(&members, "org_id = ? AND user_id = ?", scope.OrgID, run.UserID).Error; err != nil {
		return err
	}
	for _, m := range members {
		run.Role = m.Role
	}
	var connections, open int64
	if err := tx.Model(&models.Connection{}).Where("org_id = ? AND id = ?", scope.OrgID, run.ConnectionID).Count(&connections).Error; err != nil {
		return err
	}
	run.Connected = connections > 0
	var earlier []models.Export
	if err := tx.Limit(1).Find(&earlier, "org_id = ? AND idempotency_key = ?", scope.OrgID, run.RunKey(at)).Error; err != nil {
		return err
	}
	if len(earlier) > 0 {
		run.Earlier = &earlier[0]
	}
	if err := tx.Model(&models.Export{}).Where("org_id = ? AND schedule_id = ? AND status IN ?", scope.OrgID, run.ID, openExports).Count(&open).Error; err != nil {
		return err
	}
	run.Busy = open > 0
	var err error
	run.Settings, err = s.ExportSettings(ctx, scope)
	return err
}

// FindScheduledExport returns an export that a schedule made, with the schedule;
// nil for one that is deleted meanwhile.
func (s *Store) FindScheduledExport(ctx context.Context, scope models.Scope, id string) (e *models.Export, schedule *models.ExportSchedule, err error) {
	e = &models.Export{}
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := tx.First(e, "org_id = ? AND id = ? AND schedule_id IS NOT NULL", scope.OrgID, id).Error; err != nil {
			return err
		}
		var found []models.ExportSchedule
		if err := tx.Limit(1).Find(&found, "org_id = ? AND id = ?", scope.OrgID, *e.ScheduleID).Error; err != nil {
			return err
		}
		if len(found) > 0 {
			schedule = &found[0]
		}
		return nil
	})
	return e, schedule, err
}

// TellExport stores what became of a scheduled export's copy, and queues what is
// told of its end: together, and once. It returns what is still to be sent.
func (s *Store) TellExport(ctx context.Context, scope models.Scope, e *models.Export, told []models.Delivery) (deliveries []string, err error) {
	err = s.Together(ctx, scope, func(one *Store) error {
		set := map[string]any{"copied_to": e.CopiedTo, "copy_error": e.CopyError, "told_at": gorm.Expr("coalesce(told_at, now())")}
		if err := one.joined.Model(&models.Export{}).Where("org_id = ? AND id = ?", scope.OrgID, e.ID).UpdateColumns(set).Error; err != nil {
			return err
		}
		deliveries, err = one.Queue(ctx, scope, told)
		return err
	})
	return deliveries, err
}

// SystemUntoldExports returns exports of schedules that are at their end for so
// long and of which nobody was told: their run was lost. Those that ended before
// since are no news any more. Others do not get the same for that time.
func (s *Store) SystemUntoldExports(ctx context.Context, since time.Time, age time.Duration, limit int) (rows []models.Export, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`UPDATE exports SET updated_at = now() WHERE id IN (
				SELECT e.id FROM exports e JOIN export_schedules s ON s.id = e.schedule_id AND s.org_id = e.org_id
				WHERE e.told_at IS NULL AND e.ended_at > ? AND e.ended_at < now() - make_interval(secs => ?) AND e.updated_at < now() - make_interval(secs => ?)
				ORDER BY e.ended_at LIMIT ? FOR UPDATE OF e SKIP LOCKED)
			RETURNING *`, since, age.Seconds(), age.Seconds(), limit).Scan(&rows).Error
	})
	return rows, err
}

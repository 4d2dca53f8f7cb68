package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// sameTiming compares the timing of a table, or its alias, with that of the
// schedule s.
func sameTiming(table string) string {
	return "(" + table + ".cron, " + table + ".time_zone, " + table + ".jitter_seconds, " + table + ".catch_up_minutes) = (s.cron, s.time_zone, s.jitter_seconds, s.catch_up_minutes)"
}

// wanted says, for each kind, of the schedule s whether something that is not
// paused has its timing.
var wanted = map[models.ScheduleKind]string{
	models.ScheduleAlerts: "SELECT FROM alerts o WHERE o.org_id = s.org_id AND " + sameTiming("o") + " AND o.status = 'active'",
	models.ScheduleExport: "SELECT FROM export_schedules o WHERE o.org_id = s.org_id AND o.id::text = s.object_id AND " + sameTiming("o") + " AND NOT o.paused",
	models.ScheduleReport: "SELECT FROM reports o WHERE o.org_id = s.org_id AND o.id::text = s.object_id AND " + sameTiming("o") + " AND o.status = 'active'",
}

// Kinds that another build has are left to it.
var scheduleKinds, scheduleWanted = func() ([]models.ScheduleKind, string) {
	kinds, sql := slices.Sorted(maps.Keys(wanted)), "CASE s.kind"
	for _, kind := range kinds {
		sql += fmt.Sprintf(" WHEN '%s' THEN EXISTS (%s)", kind, wanted[kind])
	}
	return kinds, sql + " END"
}()

// wantSchedule notes that something about what has a timing has changed; the
// relay brings Temporal to it. objectID is "" for alerts.
func wantSchedule(tx *gorm.DB, scope models.Scope, kind models.ScheduleKind, objectID string, timing models.Timing) error {
	row := models.Schedule{ID: NewID(), OrgID: scope.OrgID, Kind: kind, ObjectID: objectID, Timing: timing, Version: 1}
	return tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "org_id"}, {Name: "kind"}, {Name: "object_id"}, {Name: "cron"}, {Name: "time_zone"}, {Name: "jitter_seconds"},
			{Name: "catch_up_minutes"}},
		DoUpdates: clause.Set{{Column: clause.Column{Name: "version"}, Value: gorm.Expr("schedules.version + 1")}},
	}).Create(&row).Error
}

// PendingSchedule is a schedule that Temporal does not have as it should be.
type PendingSchedule struct {
	models.Schedule
	// Wanted says that something that is not paused has the timing.
	Wanted bool
}

// SystemPendingSchedules returns schedules that changed, and those that nobody
// has compared with Temporal for so long. They count as compared from now on.
func (s *Store) SystemPendingSchedules(ctx context.Context, pause, every time.Duration, limit int) (rows []PendingSchedule, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`UPDATE schedules s SET checked_at = now() WHERE id IN (
				SELECT id FROM schedules WHERE (version <> applied AND checked_at < now() - make_interval(secs => ?) OR checked_at < now() - make_interval(secs => ?)) AND kind IN ?
				ORDER BY version = applied, checked_at LIMIT ? FOR UPDATE SKIP LOCKED)
			RETURNING s.*, `+scheduleWanted+` AS wanted`,
			pause.Seconds(), every.Seconds(), scheduleKinds, limit).Scan(&rows).Error
	})
	return rows, err
}

// ScheduleApplied notes that Temporal has a schedule as it was at a version; one
// that was not wanted is forgotten, unless it has changed since.
func (s *Store) ScheduleApplied(ctx context.Context, scope models.Scope, p *PendingSchedule) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		q := tx.Where("org_id = ? AND id = ? AND version = ?", scope.OrgID, p.ID, p.Version)
		if !p.Wanted {
			return q.Delete(&models.Schedule{}).Error
		}
		return q.Model(&models.Schedule{}).Update("applied", p.Version).Error
	})
}

// FindSchedule returns the schedule of a timing, if there is one. objectID is ""
// for alerts.
func (s *Store) FindSchedule(ctx context.Context, scope models.Scope, kind models.ScheduleKind, objectID string, timing models.Timing) (row models.Schedule, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Limit(1).Find(&row, "org_id = ? AND kind = ? AND object_id = ? AND cron = ? AND time_zone = ? AND jitter_seconds = ? AND catch_up_minutes = ?",
			scope.OrgID, kind, objectID, timing.Cron, timing.TimeZone, timing.JitterSeconds, timing.CatchUp).Error
	})
	return row, err
}

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// seenAlerts are the alerts that the scope's user owns or that are shared.
func seenAlerts(tx *gorm.DB, scope models.Scope) *gorm.DB {
	return tx.Where("org_id = ? AND (user_id = ? OR shared)", scope.OrgID, scope.UserID)
}

// AlertWithState is an alert with where it stands.
type AlertWithState struct {
	models.Alert
	State models.AlertState
	// Recent are the last runs, oldest first.
	Recent []models.AlertRun
}

// CreateAlert stores an alert of the scope's user, and asks for its schedule.
func (s *Store) CreateAlert(ctx context.Context, scope models.Scope, a *models.Alert) error {
	if a.ID == "" {
		a.ID = NewID()
	}
	a.OrgID, a.UserID, a.Status, a.ActiveSince = scope.OrgID, scope.UserID, models.AlertActive, time.Now()
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var n int64
		if err := tx.Model(&models.Alert{}).Where("org_id = ?", scope.OrgID).Count(&n).Error; err != nil {
			return err
		}
		if n >= models.MaxOrgAlerts {
			return models.Errorf(models.CodeAlertLimit, "The organisation has %d alerts, which is the limit. Delete some that nobody needs.", n)
		}
		if err := tx.Create(a).Error; err != nil {
			return err
		}
		if err := tx.Create(&models.AlertStateRow{AlertID: a.ID, OrgID: a.OrgID}).Error; err != nil {
			return err
		}
		return wantSchedule(tx, scope, models.ScheduleAlerts, "", a.Timing)
	})
}

// GetAlert returns an alert that the scope's user may see.
func (s *Store) GetAlert(ctx context.Context, scope models.Scope, id string) (*AlertWithState, error) {
	var a AlertWithState
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := seenAlerts(tx, scope).First(&a.Alert, "id = ?", id).Error; err != nil {
			return err
		}
		var row models.AlertStateRow
		err := tx.First(&row, "alert_id = ? AND org_id = ?", id, scope.OrgID).Error
		a.State = row.State
		return err
	})
	return &a, err
}

// recentRuns is how many runs lists show.
const recentRuns = 30

// ListAlerts lists the alerts that the scope's user may see, changed last first,
// with where they stand and their last runs.
func (s *Store) ListAlerts(ctx context.Context, scope models.Scope, after string, limit int) (rows []AlertWithState, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		alerts, more, err := page(seenAlerts(tx, scope), "updated_at", after, limit, func(a models.Alert) (time.Time, string) { return a.UpdatedAt, a.ID })
		if err != nil {
			return err
		}
		next = more
		ids := make([]string, len(alerts))
		at := map[string]int{}
		for i := range alerts {
			ids[i] = alerts[i].ID
			at[alerts[i].ID] = i
			rows = append(rows, AlertWithState{Alert: alerts[i]})
		}
		if len(ids) == 0 {
			return nil
		}
		var states []models.AlertStateRow
		if err := tx.Find(&states, "org_id = ? AND alert_id IN ?", scope.OrgID, ids).Error; err != nil {
			return err
		}
		for _, st := range states {
			rows[at[st.AlertID]].State = st.State
		}
		var runs []models.AlertRun
		err = tx.Raw(`SELECT r.* FROM unnest(?::uuid[]) WITH ORDINALITY AS a (id, n), LATERAL
			(SELECT * FROM alert_runs WHERE alert_id = a.id AND org_id = ? ORDER BY at DESC LIMIT ?) r ORDER BY r.alert_id, r.at`, uuidArray(ids), scope.OrgID, recentRuns).Scan(&runs).Error
		for _, r := range runs {
			rows[at[r.AlertID]].Recent = append(rows[at[r.AlertID]].Recent, r)
		}
		return err
	})
	return rows, next, err
}

// uuidArray writes ids as PostgreSQL reads an array of them.
func uuidArray(ids []string) string {
	text := "{"
	for i, id := range ids {
		if i > 0 {
			text += ","
		}
		text += id
	}
	return text + "}"
}

// alertFields are what of an alert can change.
var alertFields = []string{"Name", "Question", "Of", "Replan", "SQL", "Arguments", "Condition", "Rule", "Cron", "TimeZone", "JitterSeconds", "CatchUp",
	"Channels", "EscalateTo", "Shared", "UpdatedAt"}

// UpdateAlert stores all that can change of an alert that the scope's user owns.
// reset forgets what it remembers, as it does when it watches something else.
func (s *Store) UpdateAlert(ctx context.Context, scope models.Scope, a *models.Alert, reset bool) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var before models.Alert
		if err := mine(tx, scope).Clauses(clause.Locking{Strength: "UPDATE"}).First(&before, "id = ?", a.ID).Error; err != nil {
			return err
		}
		a.UpdatedAt = time.Now()
		if err := mine(tx, scope).Model(&models.Alert{}).Where("id = ?", a.ID).Select(alertFields).Updates(a).Error; err != nil {
			return err
		}
		if reset {
			if err := forget(tx, scope, a.ID); err != nil {
				return err
			}
		}
		if before.Timing == a.Timing {
			return nil
		}
		if err := tx.Model(&models.Alert{}).Where("org_id = ? AND id = ?", scope.OrgID, a.ID).Update("active_since", a.UpdatedAt).Error; err != nil {
			return err
		}
		if err := wantSchedule(tx, scope, models.ScheduleAlerts, "", before.Timing); err != nil {
			return err
		}
		return wantSchedule(tx, scope, models.ScheduleAlerts, "", a.Timing)
	})
}

// forget closes what an alert has open and empties its memory, but for snoozes.
func forget(tx *gorm.DB, scope models.Scope, id string) error {
	var row models.AlertStateRow
	if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&row, "alert_id = ? AND org_id = ?", id, scope.OrgID).Error; err != nil {
		return err
	}
	now := time.Now()
	err := tx.Model(&models.AlertEpisode{}).Where("org_id = ? AND alert_id = ? AND ended_at IS NULL", scope.OrgID, id).Update("ended_at", now).Error
	if err != nil {
		return err
	}
	row.State = models.AlertState{SnoozedUntil: row.State.SnoozedUntil, LastAt: row.State.LastAt}
	row.WakeAt, row.UpdatedAt = nil, now
	return tx.Save(&row).Error
}

// SetAlertStatus pauses or resumes an alert that f allows: with resume it forgets
// what it remembers, as nobody looked meanwhile.
func (s *Store) SetAlertStatus(ctx context.Context, scope models.Scope, id string, status models.AlertStatus, code models.Code, text string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var a models.Alert
		if err := seenAlerts(tx, scope).Clauses(clause.Locking{Strength: "UPDATE"}).First(&a, "id = ?", id).Error; err != nil {
			return err
		}
		if a.Status == status {
			return nil
		}
		return setStatus(tx, scope, &a, status, code, text)
	})
}

func setStatus(tx *gorm.DB, scope models.Scope, a *models.Alert, status models.AlertStatus, code models.Code, text string) error {
	now := time.Now()
	err := tx.Model(&models.Alert{}).Where("org_id = ? AND id = ?", scope.OrgID, a.ID).
		Updates(map[string]any{"status": status, "pause_code": code, "pause_text": text, "active_since": now, "updated_at": now}).Error
	if err != nil {
		return err
	}
	kind := "paused"
	if status == models.AlertActive {
		kind = "resumed"
	}
	if err := forget(tx, scope, a.ID); err != nil {
		return err
	}
	e := models.AlertEvent{ID: NewID(), OrgID: scope.OrgID, AlertID: a.ID, At: now, Kind: kind, UserID: scope.UserID, Text: text}
	if err := tx.Create(&e).Error; err != nil {
		return err
	}
	return wantSchedule(tx, scope, models.ScheduleAlerts, "", a.Timing)
}

// DeleteAlert removes an alert that the scope's user owns, with its history. What
// it told stays in the ledger.
func (s *Store) DeleteAlert(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var a models.Alert
		if err := mine(tx, scope).First(&a, "id = ?", id).Error; err != nil {
			return err
		}
		if err := tx.Where("org_id = ?", scope.OrgID).Delete(&models.Alert{}, "id = ?", id).Error; err != nil {
			return err
		}
		return wantSchedule(tx, scope, models.ScheduleAlerts, "", a.Timing)
	})
}

// ChangeState changes what an alert remembers, for those who may see it, and
// notes it as an event.
func (s *Store) ChangeState(ctx context.Context, scope models.Scope, id string, e models.AlertEvent, change func(*models.Alert, *models.AlertState) (wake *time.Time, err error)) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var a models.Alert
		if err := seenAlerts(tx, scope).First(&a, "id = ?", id).Error; err != nil {
			return err
		}
		var row models.AlertStateRow
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&row, "alert_id = ? AND org_id = ?", id, scope.OrgID).Error; err != nil {
			return err
		}
		var err error
		if row.WakeAt, err = change(&a, &row.State); err != nil {
			return err
		}
		if !row.State.AckedAt.IsZero() && row.State.EpisodeID != "" {
			err := tx.Model(&models.AlertEpisode{}).Where("org_id = ? AND id = ?", scope.OrgID, row.State.EpisodeID).
				Updates(map[string]any{"acked_at": row.State.AckedAt, "acked_by": row.State.AckedBy}).Error
			if err != nil {
				return err
			}
		}
		if err := tx.Save(&row).Error; err != nil {
			return err
		}
		e.ID, e.OrgID, e.AlertID, e.At, e.UserID = NewID(), scope.OrgID, id, time.Now(), scope.UserID
		return tx.Create(&e).Error
	})
}

// AlertEvents lists an alert's events, newest first.
func (s *Store) AlertEvents(ctx context.Context, scope models.Scope, id, after string, limit int) (rows []models.AlertEvent, next string, err error) {
	err = s.ofAlert(ctx, scope, id, func(tx *gorm.DB) (err error) {
		rows, next, err = page(tx, "at", after, limit, func(e models.AlertEvent) (time.Time, string) { return e.At, e.ID })
		return err
	})
	return rows, next, err
}

// AlertEpisodes lists an alert's episodes, newest first.
func (s *Store) AlertEpisodes(ctx context.Context, scope models.Scope, id, after string, limit int) (rows []models.AlertEpisode, next string, err error) {
	err = s.ofAlert(ctx, scope, id, func(tx *gorm.DB) (err error) {
		rows, next, err = page(tx, "started_at", after, limit, func(e models.AlertEpisode) (time.Time, string) { return e.StartedAt, e.ID })
		return err
	})
	return rows, next, err
}

// AlertRuns returns an alert's last runs of a time, oldest first.
func (s *Store) AlertRuns(ctx context.Context, scope models.Scope, id string, from, until time.Time, limit int) (rows []models.AlertRun, err error) {
	err = s.ofAlert(ctx, scope, id, func(tx *gorm.DB) error {
		return tx.Where("at >= ? AND at < ?", from, until).Order("at DESC").Limit(limit).Find(&rows).Error
	})
	for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
		rows[i], rows[j] = rows[j], rows[i]
	}
	return rows, err
}

// ofAlert reads rows of an alert that the scope's user may see.
func (s *Store) ofAlert(ctx context.Context, scope models.Scope, id string, f func(tx *gorm.DB) error) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var a models.Alert
		if err := seenAlerts(tx, scope).Select("id").First(&a, "id = ?", id).Error; err != nil {
			return err
		}
		return f(tx.Where("org_id = ? AND alert_id = ?", scope.OrgID, id))
	})
}

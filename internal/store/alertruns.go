package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// DueAlert names an alert that is to be run.
type DueAlert struct{ ID, ConnectionID string }

// DueAlerts returns active alerts of a schedule, by connection and id, those
// behind after. Ones that have a run of that time already are left out.
func (s *Store) DueAlerts(ctx context.Context, scope models.Scope, scheduleID string, at time.Time, after DueAlert, limit int) (rows []DueAlert, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		q := tx.Table("alerts a").Select("a.id, a.connection_id").
			Joins("JOIN schedules s ON s.org_id = a.org_id AND s.kind = ? AND "+sameTiming("a"), models.ScheduleAlerts).
			Where("s.id = ? AND a.org_id = ? AND a.status = 'active' AND a.active_since <= ?", scheduleID, scope.OrgID, at).
			Where("NOT EXISTS (SELECT FROM alert_runs r WHERE r.alert_id = a.id AND r.at = ?)", at)
		if after.ID != "" {
			q = q.Where("(a.connection_id, a.id) > (?, ?)", after.ConnectionID, after.ID)
		}
		return q.Order("a.connection_id, a.id").Limit(limit).Scan(&rows).Error
	})
	return rows, err
}

// LoadedAlert is an alert as it is before a run, with what its owner is now.
type LoadedAlert struct {
	models.Alert
	Role  models.Role // of the owner, "" for no member any more
	State models.AlertState
}

// LoadAlerts returns alerts of an organisation by their ids, in any order; those
// that are gone or have a run of that time are left out.
func (s *Store) LoadAlerts(ctx context.Context, scope models.Scope, ids []string, at time.Time) (rows []LoadedAlert, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		var alerts []models.Alert
		err := tx.Where("org_id = ? AND id IN ?", scope.OrgID, ids).
			Where("NOT EXISTS (SELECT FROM alert_runs r WHERE r.alert_id = alerts.id AND r.at = ?)", at).Order("id").Find(&alerts).Error
		if err != nil || len(alerts) == 0 {
			return err
		}
		var members []models.Membership
		owners := make([]string, len(alerts))
		for i := range alerts {
			owners[i] = alerts[i].UserID
		}
		slices.Sort(owners)
		if err := tx.Where("org_id = ? AND user_id IN ?", scope.OrgID, slices.Compact(owners)).Find(&members).Error; err != nil {
			return err
		}
		roles := map[string]models.Role{}
		for _, m := range members {
			roles[m.UserID] = m.Role
		}
		var states []models.AlertStateRow
		if err := tx.Where("org_id = ? AND alert_id IN ?", scope.OrgID, ids).Find(&states).Error; err != nil {
			return err
		}
		held := map[string]models.AlertState{}
		for _, st := range states {
			held[st.AlertID] = st.State
		}
		for _, a := range alerts {
			rows = append(rows, LoadedAlert{Alert: a, Role: roles[a.UserID], State: held[a.ID]})
		}
		return nil
	})
	return rows, err
}

// PastRuns returns the last runs of an alert since a time that have values,
// oldest first, with their times and values only.
func (s *Store) PastRuns(ctx context.Context, scope models.Scope, id string, since time.Time, limit int) (rows []models.AlertRun, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Select("at", `"values"`, "error_code", "error_text").Where("org_id = ? AND alert_id = ? AND at >= ?", scope.OrgID, id, since).
			Order("at DESC").Limit(limit).Find(&rows).Error
	})
	slices.Reverse(rows)
	return rows, err
}

// AlertStep is all that a run, or the passing of time, changes of an alert.
type AlertStep struct {
	Run    *models.AlertRun // nil where only time has passed
	State  *models.AlertStateRow
	Events []models.AlertEvent
	// Opened begins an episode; Keys are added to the one that is open; Closed ends one.
	Opened     *models.AlertEpisode
	Joined     []string
	EpisodeID  string // of Joined
	Closed     string
	Deliveries []models.Delivery
	// Picture goes with the deliveries, nil for none.
	Picture *models.Artifact
	// Pause stops the alert, with the reason in words.
	Pause     models.Code
	PauseText string
}

// StepAlerts steps alerts in one transaction: their states are locked, f says
// what changes of each, and it takes effect together with the messages that it
// causes. Alerts that are gone, or have a run of the time already, are left out,
// so that a repeated step changes nothing. It returns the deliveries to be sent.
func (s *Store) StepAlerts(ctx context.Context, scope models.Scope, ids []string, at time.Time, f func(*models.Alert, *models.AlertStateRow) *AlertStep) (deliveries []string, err error) {
	err = s.Together(ctx, scope, func(one *Store) error {
		tx := one.joined
		var states []models.AlertStateRow
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("org_id = ? AND alert_id IN ?", scope.OrgID, ids).Order("alert_id").Find(&states).Error
		if err != nil || len(states) == 0 {
			return err
		}
		var alerts []models.Alert
		if err := tx.Where("org_id = ? AND id IN ?", scope.OrgID, ids).Find(&alerts).Error; err != nil {
			return err
		}
		byID := map[string]*models.Alert{}
		for i := range alerts {
			byID[alerts[i].ID] = &alerts[i]
		}
		var done []string
		if err := tx.Model(&models.AlertRun{}).Where("org_id = ? AND alert_id IN ? AND at = ?", scope.OrgID, ids, at).Pluck("alert_id", &done).Error; err != nil {
			return err
		}
		var steps []*AlertStep
		for i := range states {
			if a := byID[states[i].AlertID]; a != nil && !slices.Contains(done, a.ID) {
				if step := f(a, &states[i]); step != nil {
					steps = append(steps, step)
				}
			}
		}
		deliveries, err = one.writeSteps(ctx, scope, byID, steps)
		return err
	})
	return deliveries, err
}

func (s *Store) writeSteps(ctx context.Context, scope models.Scope, alerts map[string]*models.Alert, steps []*AlertStep) ([]string, error) {
	tx := s.joined
	var runs []models.AlertRun
	var states []models.AlertStateRow
	var events []models.AlertEvent
	var opened []models.AlertEpisode
	var deliveries []models.Delivery
	for _, step := range steps {
		if step.Run != nil {
			runs = append(runs, *step.Run)
		}
		states = append(states, *step.State)
		for _, e := range step.Events {
			e.ID, e.OrgID, e.AlertID = NewID(), scope.OrgID, step.State.AlertID
			events = append(events, e)
		}
		if step.Opened != nil {
			opened = append(opened, *step.Opened)
		}
		if step.Picture != nil {
			if err := s.PutArtifact(ctx, scope, step.Picture); err != nil {
				return nil, err
			}
			for i := range step.Deliveries {
				step.Deliveries[i].Message.PictureID = step.Picture.ID
			}
		}
		deliveries = append(deliveries, step.Deliveries...)
	}
	if len(runs) > 0 {
		if err := tx.Create(&runs).Error; err != nil {
			return nil, err
		}
	}
	if len(states) > 0 {
		now := clause.AssignmentColumns([]string{"state", "wake_at", "updated_at"})
		if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "alert_id"}}, DoUpdates: now}).Create(&states).Error; err != nil {
			return nil, err
		}
	}
	if len(events) > 0 {
		if err := tx.Create(&events).Error; err != nil {
			return nil, err
		}
	}
	if len(opened) > 0 {
		if err := tx.Create(&opened).Error; err != nil {
			return nil, err
		}
	}
	for _, step := range steps {
		if err := s.writeRest(scope, alerts[step.State.AlertID], step); err != nil {
			return nil, err
		}
	}
	return s.Queue(ctx, scope, deliveries)
}

// writeRest writes what few steps have.
func (s *Store) writeRest(scope models.Scope, a *models.Alert, step *AlertStep) error {
	if len(step.Joined) > 0 {
		var e models.AlertEpisode
		if err := s.joined.First(&e, "org_id = ? AND id = ?", scope.OrgID, step.EpisodeID).Error; err != nil {
			return err
		}
		for _, key := range step.Joined {
			if !slices.Contains(e.Keys, key) && len(e.Keys) < models.MaxAlertKeys {
				e.Keys = append(e.Keys, key)
			}
		}
		if err := s.joined.Model(&e).Where("org_id = ?", scope.OrgID).Select("Keys").Updates(&e).Error; err != nil {
			return err
		}
	}
	if step.Closed != "" {
		err := s.joined.Model(&models.AlertEpisode{}).Where("org_id = ? AND id = ?", scope.OrgID, step.Closed).Update("ended_at", step.State.UpdatedAt).Error
		if err != nil {
			return err
		}
	}
	if step.Pause != "" {
		return setStatus(s.joined, models.Scope{OrgID: scope.OrgID}, a, models.AlertPaused, step.Pause, step.PauseText)
	}
	return nil
}

// SetFinding stores what was found about an episode.
func (s *Store) SetFinding(ctx context.Context, scope models.Scope, episodeID string, f *models.AlertFinding) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.AlertEpisode{}).Where("org_id = ? AND id = ?", scope.OrgID, episodeID).Select("Finding").Updates(&models.AlertEpisode{Finding: f}).Error
	})
}

// GetEpisode returns an episode of an alert, whoever owns it.
func (s *Store) GetEpisode(ctx context.Context, scope models.Scope, id string) (*models.AlertEpisode, error) {
	var e models.AlertEpisode
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&e, "org_id = ? AND id = ?", scope.OrgID, id).Error })
	return &e, err
}

// WakingAlert is an alert of which something is to be told without a run.
type WakingAlert struct {
	OrgID, AlertID string
	WakeAt         time.Time
}

// SystemWaking returns alerts of which something is to be told by now, and keeps
// others from getting the same for half a minute.
func (s *Store) SystemWaking(ctx context.Context, limit int) (rows []WakingAlert, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`UPDATE alert_states SET wake_at = now() + interval '30 seconds' WHERE alert_id IN (
				SELECT s.alert_id FROM alert_states s JOIN alerts a ON a.id = s.alert_id
				WHERE s.wake_at <= now() AND a.status = 'active' ORDER BY s.wake_at LIMIT ? FOR UPDATE OF s SKIP LOCKED)
			RETURNING org_id, alert_id, wake_at`, limit).Scan(&rows).Error
	})
	return rows, err
}

// SystemPruneAlerts deletes runs and events of before a time.
func (s *Store) SystemPruneAlerts(ctx context.Context, before time.Time) error {
	return s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("DELETE FROM alert_runs WHERE at < ?", before).Error; err != nil {
			return err
		}
		return tx.Exec("DELETE FROM alert_events WHERE at < ?", before).Error
	})
}

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// LoadedReport is a report as it is at a run, with what its people are now.
type LoadedReport struct {
	models.Report
	Run models.ReportRun
	// People are the owner and those of the recipients who are members, by their ids.
	People map[string]MemberRow
	// Dashboard is the one that it shows, whoever may see that; nil for none.
	Dashboard *models.Dashboard
	// Before is how the last run before this one ended that was for all; "" for none.
	Before models.ReportRunStatus
	// Mail is the channel over which members are mailed, nil for none.
	Mail *models.Channel
}

// ReportBegin names a run of a report that begins.
type ReportBegin struct {
	ReportID string
	At       time.Time
	Kind     models.ReportRunKind
	Only     string // who alone gets it, "" for all
	// WorkflowID and RunID are the run's in Temporal.
	WorkflowID, RunID string
}

// BeginReport begins a run of a report, or finds the one that has begun. f is
// asked within its transaction how it ends where it ends at once; it is not asked
// about a run that has ended. There is no run, its status is "", where the report
// does not want one any more. Deliveries are to be sent.
func (s *Store) BeginReport(ctx context.Context, scope models.Scope, in ReportBegin, f func(*LoadedReport) *ReportEnding) (l *LoadedReport, deliveries []string, err error) {
	err = s.Together(ctx, scope, func(one *Store) error {
		tx := one.joined
		if l, err = one.loadReport(scope, in.ReportID); err != nil {
			return err
		}
		now := time.Now()
		if in.Kind == models.ReportScheduled && (l.Status != models.ReportActive || l.ActiveSince.After(in.At)) {
			return nil // paused meanwhile, or its times were changed: this is none of them any more
		}
		run := models.ReportRun{ID: NewID(), OrgID: scope.OrgID, ReportID: in.ReportID, At: in.At, Kind: in.Kind, Status: models.ReportRunning, WorkflowID: in.WorkflowID, TemporalRunID: in.RunID, StartedAt: now}
		if in.Only != "" {
			run.OnlyFor = &in.Only
		}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&run).Error; err != nil {
			return err
		}
		if err := findRun(tx, scope, in.ReportID, in.At, &l.Run); err != nil || l.Run.Status != models.ReportRunning {
			return err
		}
		if end := f(l); end != nil {
			deliveries, err = one.endReport(ctx, scope, l, nil, end)
		}
		return err
	})
	return l, deliveries, err
}

func findRun(tx *gorm.DB, scope models.Scope, reportID string, at time.Time, run *models.ReportRun) error {
	return tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(run, "org_id = ? AND report_id = ? AND at = ?", scope.OrgID, reportID, at).Error
}

// loadReport reads a report, whoever owns it, and locks it: runs and changes come
// one after the other.
func (s *Store) loadReport(scope models.Scope, id string) (*LoadedReport, error) {
	tx := s.joined
	l := &LoadedReport{People: map[string]MemberRow{}}
	if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&l.Report, "org_id = ? AND id = ?", scope.OrgID, id).Error; err != nil {
		return nil, err
	}
	ids := []string{l.UserID}
	for _, to := range l.Recipients {
		if to.UserID != "" {
			ids = append(ids, to.UserID)
		}
	}
	var people []MemberRow
	err := tx.Raw(`SELECT m.user_id AS id, u.name, u.email, m.role, m.created_at FROM memberships m JOIN users u ON u.id = m.user_id
		WHERE m.org_id = ? AND m.user_id = ANY(?::uuid[])`, scope.OrgID, uuidArray(ids)).Scan(&people).Error
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		l.People[p.ID] = p
	}
	if l.DashboardID != nil {
		var d models.Dashboard
		if err := tx.Select("dashboards.*").First(&d, "org_id = ? AND id = ?", scope.OrgID, *l.DashboardID).Error; err != nil {
			return nil, err
		}
		l.Dashboard = &d
	}
	l.Mail, err = mailChannel(tx, scope, l.MailChannelID)
	return l, err
}

// mailChannel is the channel that was chosen for mail, or the organisation's
// first; nil for none.
func mailChannel(tx *gorm.DB, scope models.Scope, chosen *string) (*models.Channel, error) {
	q := tx.Where("org_id = ? AND kind = ?", scope.OrgID, models.ChannelEmail)
	if chosen != nil {
		q = q.Where("id = ?", *chosen)
	} else {
		q = q.Where("enabled")
	}
	var found []models.Channel
	if err := q.Order("created_at, id").Limit(1).Find(&found).Error; err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// LoadReport returns a report of the organisation, whoever owns it.
func (s *Store) LoadReport(ctx context.Context, scope models.Scope, id string) (l *LoadedReport, err error) {
	err = s.Together(ctx, scope, func(one *Store) error {
		l, err = one.loadReport(scope, id)
		return err
	})
	return l, err
}

// ReportRunAt returns the run of a report at a time.
func (s *Store) ReportRunAt(ctx context.Context, scope models.Scope, reportID string, at time.Time) (run models.ReportRun, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.First(&run, "org_id = ? AND report_id = ? AND at = ?", scope.OrgID, reportID, at).Error
	})
	return run, err
}

// KeepPart stores what a run shows to those with the same rights, with its files,
// once: a part that is there already stays. It returns false for that.
func (s *Store) KeepPart(ctx context.Context, scope models.Scope, part *models.ReportPart, sections []models.ReportSection, files func(*Store) error) (kept bool, err error) {
	err = s.Together(ctx, scope, func(one *Store) error {
		if err := files(one); err != nil {
			return err
		}
		part.OrgID = scope.OrgID
		if part.Sections, err = encodeSections(sections); err != nil {
			return err
		}
		made := one.joined.Clauses(clause.OnConflict{DoNothing: true}).Create(part)
		if kept = made.RowsAffected > 0; made.Error == nil && !kept {
			return errKept // with what was made for it
		}
		return made.Error
	})
	if models.ErrorCode(err) == errKept.Code {
		err = nil
	}
	return kept, err
}

// errKept says that a part is there already.
var errKept = &models.Error{Code: "report_part_kept", Message: "That is there already."}

// ReportParts returns what a run shows, by rights.
func (s *Store) ReportParts(ctx context.Context, scope models.Scope, runID string) (parts []models.ReportPart, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Omit("message", "sections").Order("rights").Find(&parts, "org_id = ? AND run_id = ?", scope.OrgID, runID).Error
	})
	return parts, err
}

// Memory returns what those with some rights were told last of a report, nil for nothing.
func (s *Store) Memory(ctx context.Context, scope models.Scope, reportID, rights string) (m *models.ReportMemory, sections []models.ReportSection, err error) {
	var rows []models.ReportMemory
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Find(&rows, "org_id = ? AND report_id = ? AND rights = ?", scope.OrgID, reportID, rights).Error
	})
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	sections, err = decodeSections(rows[0].Sections)
	return &rows[0], sections, err
}

func encodeSections(sections []models.ReportSection) ([]byte, error) {
	raw, err := json.Marshal(sections)
	if err != nil {
		return nil, fmt.Errorf("encode a report's rows: %w", err)
	}
	return zstdEncoder.EncodeAll(raw, nil), nil
}

// ReportEnding is how a run of a report ends.
type ReportEnding struct {
	Status     models.ReportRunStatus
	ErrorCode  models.Code
	ErrorText  string
	Told       int // recipients with a message
	Skipped    int
	Deliveries []models.Delivery
	// Remember are the rights whose parts are what was told last.
	Remember []string
	// Pause stops the report, with the reason in words.
	Pause     models.Code
	PauseText string
}

// EndReport ends a run of a report, unless it has ended: what it tells, what is
// remembered of that and its own row take effect together. f says how, from the
// people and their rights as they are now. It returns the deliveries that are to
// be sent, also of a run that has ended before.
func (s *Store) EndReport(ctx context.Context, scope models.Scope, reportID string, at time.Time, f func(*LoadedReport, []models.ReportPart) *ReportEnding) (run models.ReportRun, deliveries []string, err error) {
	err = s.Together(ctx, scope, func(one *Store) error {
		tx := one.joined
		l, err := one.loadReport(scope, reportID)
		if err != nil {
			return err
		}
		if err := findRun(tx, scope, reportID, at, &l.Run); err != nil {
			return err
		}
		if l.Run.Status != models.ReportRunning {
			run = l.Run
			return tx.Model(&models.Delivery{}).Where("org_id = ? AND subject = ? AND episode LIKE ? AND status = ?", scope.OrgID, ReportSubject(reportID), likePrefix(ReportEpisode(at)), models.DeliveryQueued).
				Order("id").Pluck("id", &deliveries).Error
		}
		var before []models.ReportRunStatus
		err = tx.Model(&models.ReportRun{}).Where("org_id = ? AND report_id = ? AND at < ? AND only_for IS NULL", scope.OrgID, reportID, at).Order("at DESC").Limit(1).Pluck("status", &before).Error
		if err != nil {
			return err
		}
		if len(before) > 0 {
			l.Before = before[0]
		}
		var parts []models.ReportPart
		if err := tx.Order("rights").Find(&parts, "org_id = ? AND run_id = ?", scope.OrgID, l.Run.ID).Error; err != nil {
			return err
		}
		deliveries, err = one.endReport(ctx, scope, l, parts, f(l, parts))
		run = l.Run
		return err
	})
	return run, deliveries, err
}

// ReportSubject is the subject of a report's deliveries.
func ReportSubject(reportID string) string { return "report/" + reportID }

// episodeTime is how the episodes of a run's deliveries begin.
const episodeTime = "20060102T150405.000000"

// ReportEpisode is the beginning of the episodes of a run's deliveries.
func ReportEpisode(at time.Time) string { return at.UTC().Format(episodeTime) + "/" }

// ReportEpisodeAt is the time of the run that a delivery's episode is of.
func ReportEpisodeAt(episode string) (time.Time, error) {
	stamp, _, _ := strings.Cut(episode, "/")
	return time.Parse(episodeTime, stamp)
}

func (s *Store) endReport(ctx context.Context, scope models.Scope, l *LoadedReport, parts []models.ReportPart, end *ReportEnding) ([]string, error) {
	tx, now := s.joined, time.Now()
	l.Run.Status, l.Run.ErrorCode, l.Run.ErrorText, l.Run.Told, l.Run.Skipped = end.Status, end.ErrorCode, end.ErrorText, end.Told, end.Skipped
	l.Run.FinishedAt = &now
	if err := tx.Model(&models.ReportRun{}).Where("org_id = ? AND id = ?", scope.OrgID, l.Run.ID).
		Select("Status", "ErrorCode", "ErrorText", "Told", "Skipped", "FinishedAt", "UpdatedAt").Updates(&l.Run).Error; err != nil {
		return nil, err
	}
	for _, rights := range end.Remember {
		for _, p := range parts {
			if p.Rights != rights {
				continue
			}
			m := models.ReportMemory{ReportID: l.ID, Rights: rights, OrgID: scope.OrgID, At: l.Run.At, Digest: p.Digest, Sections: p.Sections}
			if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "report_id"}, {Name: "rights"}},
				DoUpdates: clause.AssignmentColumns([]string{"at", "digest", "sections", "updated_at"})}).Create(&m).Error; err != nil {
				return nil, err
			}
		}
	}
	if err := tx.Model(&models.ReportPart{}).Where("org_id = ? AND run_id = ?", scope.OrgID, l.Run.ID).Updates(map[string]any{"message": nil, "sections": nil}).Error; err != nil {
		return nil, err
	}
	if end.Pause != "" {
		if err := setReport(tx, scope, &l.Report, models.ReportPaused, end.Pause, end.PauseText); err != nil {
			return nil, err
		}
	}
	return s.Queue(ctx, scope, end.Deliveries)
}

package store

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// seenReports are the reports that the scope's user owns or gets.
func seenReports(tx *gorm.DB, scope models.Scope) *gorm.DB {
	me, _ := json.Marshal([]models.ReportRecipient{{UserID: scope.UserID}}) // strings can always be encoded
	return tx.Where("org_id = ? AND (user_id = ? OR recipients @> ?::jsonb)", scope.OrgID, scope.UserID, string(me))
}

// ReportInfo is a report with what is shown beside it.
type ReportInfo struct {
	models.Report
	// Last is the last run that was for all, nil for none.
	Last *models.ReportRun
	// Dashboard is the one that it shows, with who may see it only; nil for none.
	Dashboard *models.Dashboard
	// Names are those of people and channels that it names, by their ids.
	Names map[string]string
}

// CreateReport stores a report of the scope's user, and asks for its schedule.
func (s *Store) CreateReport(ctx context.Context, scope models.Scope, r *models.Report) error {
	if r.ID == "" {
		r.ID = NewID()
	}
	r.OrgID, r.UserID, r.Status, r.ActiveSince = scope.OrgID, scope.UserID, models.ReportActive, time.Now()
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var n int64
		if err := tx.Model(&models.Report{}).Where("org_id = ?", scope.OrgID).Count(&n).Error; err != nil {
			return err
		}
		if n >= models.MaxOrgReports {
			return models.Errorf(models.CodeReportLimit, "The organisation has %d reports, which is the limit. Delete some that nobody needs.", n)
		}
		if err := tx.Create(r).Error; err != nil {
			return err
		}
		return wantSchedule(tx, scope, models.ScheduleReport, r.ID, r.Timing)
	})
}

// GetReport returns a report that the scope's user owns or gets.
func (s *Store) GetReport(ctx context.Context, scope models.Scope, id string) (*ReportInfo, error) {
	var rows []ReportInfo
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		var r models.Report
		if err := seenReports(tx, scope).First(&r, "id = ?", id).Error; err != nil {
			return err
		}
		var err error
		rows, err = withRuns(tx, scope, []models.Report{r})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &rows[0], nil
}

// ListReports lists the reports that the scope's user owns or gets, changed last first.
func (s *Store) ListReports(ctx context.Context, scope models.Scope, after string, limit int) (rows []ReportInfo, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		reports, more, err := page(seenReports(tx, scope), "updated_at", after, limit, func(r models.Report) (time.Time, string) { return r.UpdatedAt, r.ID })
		if err != nil {
			return err
		}
		next = more
		rows, err = withRuns(tx, scope, reports)
		return err
	})
	return rows, next, err
}

// withRuns adds to reports what is shown beside them.
func withRuns(tx *gorm.DB, scope models.Scope, reports []models.Report) ([]ReportInfo, error) {
	if len(reports) == 0 {
		return nil, nil
	}
	rows, at := make([]ReportInfo, len(reports)), map[string]int{}
	ids, named, shown := make([]string, len(reports)), []string{}, []string{}
	for i, r := range reports {
		rows[i], at[r.ID], ids[i] = ReportInfo{Report: r, Names: map[string]string{}}, i, r.ID
		named = append(named, r.UserID)
		if r.DashboardID != nil {
			shown = append(shown, *r.DashboardID)
		}
		for _, to := range r.Recipients {
			named = append(named, to.UserID+to.ChannelID)
		}
	}
	var runs []models.ReportRun
	err := tx.Raw(`SELECT r.* FROM unnest(?::uuid[]) AS a (id), LATERAL
		(SELECT * FROM report_runs WHERE report_id = a.id AND org_id = ? AND only_for IS NULL ORDER BY at DESC LIMIT 1) r`, uuidArray(ids), scope.OrgID).Scan(&runs).Error
	if err != nil {
		return nil, err
	}
	for i := range runs {
		rows[at[runs[i].ReportID]].Last = &runs[i]
	}
	var dashboards []models.Dashboard
	if err := tx.Select("id", "name", "sharing", "user_id").Find(&dashboards, "org_id = ? AND id IN ?", scope.OrgID, shown).Error; err != nil {
		return nil, err
	}
	var names []struct{ ID, Name string }
	list := uuidArray(named)
	err = tx.Raw(`SELECT u.id, u.name FROM users u JOIN memberships m ON m.user_id = u.id WHERE m.org_id = ? AND u.id = ANY(?::uuid[])
		UNION ALL SELECT id, name FROM channels WHERE org_id = ? AND id = ANY(?::uuid[])`, scope.OrgID, list, scope.OrgID, list).Scan(&names).Error
	for i := range rows {
		for _, n := range names {
			rows[i].Names[n.ID] = n.Name
		}
		for j := range dashboards {
			if id := rows[i].DashboardID; id != nil && *id == dashboards[j].ID {
				rows[i].Dashboard = &dashboards[j]
			}
		}
	}
	return rows, err
}

// reportFields are what of a report can change.
var reportFields = []string{"Name", "Kind", "DashboardID", "Values", "Questions", "ConversationID", "Cron", "TimeZone", "JitterSeconds", "CatchUp", "Recipients",
	"MailChannelID", "SkipUnchanged", "PDF", "Locale", "UpdatedAt"}

// UpdateReport stores all that can change of a report that the scope's user owns.
func (s *Store) UpdateReport(ctx context.Context, scope models.Scope, r *models.Report) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var before models.Report
		if err := mine(tx, scope).Clauses(clause.Locking{Strength: "UPDATE"}).First(&before, "id = ?", r.ID).Error; err != nil {
			return err
		}
		r.UpdatedAt = time.Now()
		if err := mine(tx, scope).Model(&models.Report{}).Where("id = ?", r.ID).Select(reportFields).Updates(r).Error; err != nil {
			return err
		}
		if before.Timing == r.Timing {
			return nil
		}
		if err := tx.Model(&models.Report{}).Where("org_id = ? AND id = ?", scope.OrgID, r.ID).Update("active_since", r.UpdatedAt).Error; err != nil {
			return err
		}
		if err := wantSchedule(tx, scope, models.ScheduleReport, r.ID, before.Timing); err != nil {
			return err
		}
		return wantSchedule(tx, scope, models.ScheduleReport, r.ID, r.Timing)
	})
}

// LeaveReport takes the scope's user from the recipients of a report.
func (s *Store) LeaveReport(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var r models.Report
		if err := seenReports(tx, scope).Clauses(clause.Locking{Strength: "UPDATE"}).First(&r, "id = ?", id).Error; err != nil {
			return err
		}
		left := []models.ReportRecipient{}
		for _, to := range r.Recipients {
			if to.UserID != scope.UserID {
				left = append(left, to)
			}
		}
		r.Recipients, r.UpdatedAt = left, time.Now()
		return tx.Model(&models.Report{}).Where("org_id = ? AND id = ?", scope.OrgID, id).Select("Recipients", "UpdatedAt").Updates(&r).Error
	})
}

// SetReportStatus pauses or resumes a report that the scope's user owns.
func (s *Store) SetReportStatus(ctx context.Context, scope models.Scope, id string, status models.ReportStatus, code models.Code, text string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var r models.Report
		if err := mine(tx, scope).Clauses(clause.Locking{Strength: "UPDATE"}).First(&r, "id = ?", id).Error; err != nil {
			return err
		}
		if r.Status == status {
			return nil
		}
		return setReport(tx, scope, &r, status, code, text)
	})
}

func setReport(tx *gorm.DB, scope models.Scope, r *models.Report, status models.ReportStatus, code models.Code, text string) error {
	now := time.Now()
	err := tx.Model(&models.Report{}).Where("org_id = ? AND id = ?", scope.OrgID, r.ID).
		Updates(map[string]any{"status": status, "pause_code": code, "pause_text": text, "active_since": now, "updated_at": now}).Error
	if err != nil {
		return err
	}
	return wantSchedule(tx, scope, models.ScheduleReport, r.ID, r.Timing)
}

// DeleteReport removes a report that the scope's user owns, with its runs. What it
// told stays in the ledger.
func (s *Store) DeleteReport(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var r models.Report
		if err := mine(tx, scope).First(&r, "id = ?", id).Error; err != nil {
			return err
		}
		if err := tx.Where("org_id = ?", scope.OrgID).Delete(&models.Report{}, "id = ?", id).Error; err != nil {
			return err
		}
		return wantSchedule(tx, scope, models.ScheduleReport, r.ID, r.Timing)
	})
}

// People lists the people of the scope's organisation by their names.
func (s *Store) People(ctx context.Context, scope models.Scope, limit int) (rows []MemberRow, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT m.user_id AS id, u.name, u.email, m.role, m.created_at FROM memberships m JOIN users u ON u.id = m.user_id
			WHERE m.org_id = ? ORDER BY lower(u.name), u.id LIMIT ?`, scope.OrgID, limit).Scan(&rows).Error
	})
	return rows, err
}

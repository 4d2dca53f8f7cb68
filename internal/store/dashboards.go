package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// versionsKept bounds how many versions of a dashboard are kept.
const versionsKept = 100

// seenDashboards are the dashboards that the scope's user owns or that are shared.
func seenDashboards(tx *gorm.DB, scope models.Scope) *gorm.DB {
	return tx.Where("dashboards.org_id = ? AND (dashboards.user_id = ? OR dashboards.sharing <> ?)", scope.OrgID, scope.UserID, models.SharePrivate)
}

// CreateDashboard stores a dashboard of the scope's user and its first version.
func (s *Store) CreateDashboard(ctx context.Context, scope models.Scope, d *models.Dashboard, note string) error {
	d.ID, d.OrgID, d.UserID, d.UpdatedBy, d.Version, d.Name = NewID(), scope.OrgID, scope.UserID, scope.UserID, 1, d.Spec.Name
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := tx.Create(d).Error; err != nil {
			return err
		}
		return keepVersion(tx, scope, d, note)
	})
}

func keepVersion(tx *gorm.DB, scope models.Scope, d *models.Dashboard, note string) error {
	var user models.User
	if err := tx.Select("name").Where("id = ?", scope.UserID).Limit(1).Find(&user).Error; err != nil {
		return err
	}
	v := models.DashboardVersion{ID: NewID(), OrgID: scope.OrgID, DashboardID: d.ID, Version: d.Version, Spec: d.Spec, UserID: scope.UserID, UserName: user.Name, Note: note}
	if err := tx.Create(&v).Error; err != nil {
		return err
	}
	return tx.Where("org_id = ? AND dashboard_id = ? AND version <= ?", scope.OrgID, d.ID, d.Version-versionsKept).Delete(&models.DashboardVersion{}).Error
}

// GetDashboard returns a dashboard that the scope's user may see.
func (s *Store) GetDashboard(ctx context.Context, scope models.Scope, id string) (*models.Dashboard, error) {
	var d models.Dashboard
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return seenDashboards(tx, scope).Select(withPeople, scope.UserID).First(&d, "id = ?", id).Error
	})
	return &d, err
}

// withPeople selects who owns a dashboard and when somebody looked at it.
const withPeople = `dashboards.*, (SELECT u.name FROM users u WHERE u.id = dashboards.user_id) AS owner_name,
	(SELECT v.viewed_at FROM dashboard_views v WHERE v.dashboard_id = dashboards.id AND v.user_id = ?) AS viewed_at`

// ViewDashboard notes that the scope's user looks at a dashboard.
func (s *Store) ViewDashboard(ctx context.Context, scope models.Scope, id string) error {
	view := models.DashboardView{DashboardID: id, UserID: scope.UserID, OrgID: scope.OrgID, ViewedAt: time.Now()}
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "dashboard_id"}, {Name: "user_id"}}, DoUpdates: clause.AssignmentColumns([]string{"viewed_at"})}).Create(&view).Error
	})
}

// DashboardFilter says which dashboards a list holds.
type DashboardFilter struct {
	Query string // words of the name or the description
	Mine  bool   // those that the scope's user owns
}

// ListDashboards lists the dashboards that the scope's user may see, those
// changed last first, with when the user looked at each.
func (s *Store) ListDashboards(ctx context.Context, scope models.Scope, filter DashboardFilter, after string, limit int) (rows []models.Dashboard, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		list := seenDashboards(tx, scope).Select(withPeople, scope.UserID)
		if filter.Mine {
			list = list.Where("user_id = ?", scope.UserID)
		}
		if words := searchWords(filter.Query); words != "" {
			list = list.Where(`NOT EXISTS (SELECT FROM jsonb_array_elements_text(?::jsonb) w WHERE strpos(lower(name || ' ' || coalesce(spec->>'description', '')), lower(w)) = 0)`, words)
		}
		rows, next, err = page(list, "updated_at", after, limit, func(r models.Dashboard) (time.Time, string) { return r.UpdatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// UpdateDashboard stores what change makes of a dashboard that the scope's user
// may see, as a new version. change returns an error for one that the user may
// not change, or that has moved on; nothing is stored then.
func (s *Store) UpdateDashboard(ctx context.Context, scope models.Scope, id, note string, change func(*models.Dashboard) error) (*models.Dashboard, error) {
	var d models.Dashboard
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := seenDashboards(tx, scope).Clauses(clause.Locking{Strength: "UPDATE"}).First(&d, "id = ?", id).Error; err != nil {
			return err
		}
		if err := change(&d); err != nil {
			return err
		}
		d.Version, d.UpdatedBy, d.Name = d.Version+1, scope.UserID, d.Spec.Name
		if err := tx.Model(&d).Select("Name", "Sharing", "Version", "Spec", "UpdatedBy", "UpdatedAt").Updates(&d).Error; err != nil {
			return err
		}
		return keepVersion(tx, scope, &d, note)
	})
	return &d, err
}

// DeleteDashboard removes a dashboard that the scope's user may see, unless may
// says no.
func (s *Store) DeleteDashboard(ctx context.Context, scope models.Scope, id string, may func(*models.Dashboard) error) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var d models.Dashboard
		if err := seenDashboards(tx, scope).Clauses(clause.Locking{Strength: "UPDATE"}).First(&d, "id = ?", id).Error; err != nil {
			return err
		}
		if err := may(&d); err != nil {
			return err
		}
		return tx.Where("org_id = ?", scope.OrgID).Delete(&d).Error
	})
}

// ListDashboardVersions lists a dashboard's versions, newest first, without what
// they show. The caller has read the dashboard in the same scope.
func (s *Store) ListDashboardVersions(ctx context.Context, scope models.Scope, id string) (rows []models.DashboardVersion, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Omit("spec").Where("org_id = ? AND dashboard_id = ?", scope.OrgID, id).Order("version DESC").Limit(versionsKept).Find(&rows).Error
	})
	return rows, err
}

// GetDashboardVersion returns a version of a dashboard. The caller has read the
// dashboard in the same scope.
func (s *Store) GetDashboardVersion(ctx context.Context, scope models.Scope, id string, version int) (*models.DashboardVersion, error) {
	var v models.DashboardVersion
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.First(&v, "org_id = ? AND dashboard_id = ? AND version = ?", scope.OrgID, id, version).Error
	})
	return &v, err
}

// CreatePublicLink stores a link to a dashboard. The caller has read the
// dashboard in the same scope.
func (s *Store) CreatePublicLink(ctx context.Context, scope models.Scope, l *models.PublicLink) error {
	l.ID, l.OrgID, l.CreatedBy = NewID(), scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.Create(l).Error })
}

// ListPublicLinks lists the links to a dashboard that still open it, newest first.
func (s *Store) ListPublicLinks(ctx context.Context, scope models.Scope, dashboardID string) (rows []models.PublicLink, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Where("org_id = ? AND dashboard_id = ? AND revoked_at IS NULL AND expires_at > now()", scope.OrgID, dashboardID).Order("id DESC").Limit(200).Find(&rows).Error
	})
	return rows, err
}

// RevokePublicLink ends a link to a dashboard.
func (s *Store) RevokePublicLink(ctx context.Context, scope models.Scope, dashboardID, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := tx.Model(&models.PublicLink{}).Where("org_id = ? AND dashboard_id = ? AND id = ? AND revoked_at IS NULL", scope.OrgID, dashboardID, id).Update("revoked_at", time.Now())
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("link")
		}
		return res.Error
	})
}

// SystemPublicLink returns the link with a token's hash, as long as it has not
// ended, and on whose behalf it reads: who made it, with the role that they have now.
func (s *Store) SystemPublicLink(ctx context.Context, hash []byte) (*models.PublicLink, models.Scope, error) {
	var l models.PublicLink
	var m models.Membership
	err := s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.First(&l, "token_hash = ? AND revoked_at IS NULL AND expires_at > now()", hash).Error; err != nil {
			return err
		}
		return tx.First(&m, "org_id = ? AND user_id = ?", l.OrgID, l.CreatedBy).Error
	})
	return &l, models.Scope{OrgID: m.OrgID, UserID: m.UserID, Role: m.Role}, err
}

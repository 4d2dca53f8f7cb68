package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// MemberRow is a person of an organisation; ID is the user's.
type MemberRow struct {
	ID        string
	Name      string
	Email     string
	Role      models.Role
	CreatedAt time.Time // of the membership
}

// ListMembers lists the people of the scope's organisation, newest first.
func (s *Store) ListMembers(ctx context.Context, scope models.Scope, after string, limit int) (rows []MemberRow, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		members := tx.Table("(SELECT m.user_id AS id, u.name, u.email, m.role, m.created_at FROM memberships m "+
			"JOIN users u ON u.id = m.user_id WHERE m.org_id = ?) AS members", scope.OrgID)
		rows, next, err = page(members, "created_at", after, limit,
			func(r MemberRow) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// OrgRole is an organisation with a person's role in it.
type OrgRole struct {
	ID   string
	Name string
	Role models.Role
}

// SystemOrganisations lists the organisations that a user belongs to, by name.
func (s *Store) SystemOrganisations(ctx context.Context, userID string) (rows []OrgRole, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT o.id, o.name, m.role FROM memberships m JOIN orgs o ON o.id = m.org_id WHERE m.user_id = ? ORDER BY o.name, o.id", userID).Scan(&rows).Error
	})
	return rows, err
}

// SystemOperates reports whether an organisation is the one that was set up
// first. Its administrators operate this installation: what is of no single
// organisation, such as the contents of runs in the Temporal UI, is theirs.
func (s *Store) SystemOperates(ctx context.Context, orgID string) (first bool, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT id = ? FROM orgs ORDER BY created_at NULLS LAST, id LIMIT 1", orgID).Scan(&first).Error
	})
	return first, err
}

// GetMember returns a person of the scope's organisation.
func (s *Store) GetMember(ctx context.Context, scope models.Scope, id string) (*MemberRow, error) {
	var row MemberRow
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		found := tx.Raw("SELECT m.user_id AS id, u.name, u.email, m.role, m.created_at FROM memberships m JOIN users u ON u.id = m.user_id "+
			"WHERE m.org_id = ? AND m.user_id = ?", scope.OrgID, id).Scan(&row)
		if found.Error == nil && found.RowsAffected == 0 {
			return notFound("member")
		}
		return found.Error
	})
	return &row, err
}

// SetRole gives a member another role and returns the one before. Only owners
// make and change owners, of whom one always stays. What was handed out under the
// role before ends: invitations and sign-in links, and with a wider role the member's
// sessions that began with a link, whose ids are returned.
func (s *Store) SetRole(ctx context.Context, scope models.Scope, id string, role models.Role) (before models.Role, ended []string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		if before, err = changeable(tx, scope, id, role); err != nil || before == role {
			return err
		}
		if err := tx.Model(&models.Membership{}).Where("org_id = ? AND user_id = ?", scope.OrgID, id).Update("role", role).Error; err != nil {
			return err
		}
		if err := takeBack(tx, scope, id); err != nil || !role.WiderThan(before) {
			return err
		}
		// Whoever made the link may be behind it, and is not to get the new role with it.
		ended, err = revokeSessions(tx.Where("by_link"), models.Scope{OrgID: scope.OrgID, UserID: id})
		return err
	})
	return before, ended, err
}

// takeBack ends what a member handed out by the right of their role, and what
// others hold that lets in as them: invitations and sign-in links. Who made a
// link is not stored, so all of the organisation's end.
func takeBack(tx *gorm.DB, scope models.Scope, id string) error {
	if err := revokeInvitations(tx, scope, "invited_by = ?", id); err != nil {
		return err
	}
	return tx.Model(&models.SignInLink{}).Where("org_id = ? AND used_at IS NULL", scope.OrgID).Update("used_at", time.Now()).Error
}

// RemoveMember ends a membership, and with it at once the sessions, links, API
// keys and invitations that came of it. It returns the ids of the person's
// questions that were still open, for their runs to be stopped.
func (s *Store) RemoveMember(ctx context.Context, scope models.Scope, id string) (open []string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		if _, err := changeable(tx, scope, id, ""); err != nil {
			return err
		}
		err := tx.Model(&models.Question{}).Where("org_id = ? AND user_id = ? AND status IN ?", scope.OrgID, id, openStatuses).Pluck("id", &open).Error
		if err != nil {
			return err
		}
		if err := takeBack(tx, scope, id); err != nil {
			return err
		}
		return tx.Where("org_id = ? AND user_id = ?", scope.OrgID, id).Delete(&models.Membership{}).Error
	})
	return open, err
}

// changeable locks a membership, and those of all owners, and says whether it
// may get another role, "" for none. Whether the scope's user is an owner is read
// again: another owner may just have changed that.
func changeable(tx *gorm.DB, scope models.Scope, id string, role models.Role) (before models.Role, err error) {
	var rows []models.Membership
	err = tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("org_id = ? AND (user_id = ? OR role = ?)", scope.OrgID, id, models.RoleOwner).Order("user_id").Find(&rows).Error
	if err != nil {
		return "", err
	}
	owners, byOwner := 0, false
	for _, m := range rows {
		if m.UserID == id {
			before = m.Role
		}
		if m.Role == models.RoleOwner {
			owners++
			byOwner = byOwner || m.UserID == scope.UserID
		}
	}
	switch {
	case before == "":
		return "", notFound("member")
	case !byOwner && (before == models.RoleOwner || role == models.RoleOwner):
		return "", models.Errorf(models.CodeForbidden, "Only an owner can make somebody an owner, or change or remove one.")
	case before == models.RoleOwner && role != models.RoleOwner && owners == 1:
		return "", models.Errorf(models.CodeConflict, "This is the organisation's last owner. Make somebody else an owner first.")
	}
	return before, nil
}

// RenameOrg gives the scope's organisation another name.
func (s *Store) RenameOrg(ctx context.Context, scope models.Scope, name string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.Org{}).Where("id = ?", scope.OrgID).Update("name", name).Error
	})
}

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// CreateInvitation stores an invitation. Earlier open ones for the same address
// end; somebody who is a member already is a conflict.
func (s *Store) CreateInvitation(ctx context.Context, scope models.Scope, inv *models.Invitation) error {
	inv.ID, inv.OrgID, inv.InvitedBy = NewID(), scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var member bool
		err := tx.Raw("SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.org_id = ? AND u.email = ?)", scope.OrgID, inv.Email).Scan(&member).Error
		if err != nil {
			return err
		}
		if member {
			return models.Errorf(models.CodeConflict, "Somebody with this e-mail address is a member already.")
		}
		if err := revokeInvitations(tx, scope, "email = ?", inv.Email); err != nil {
			return err
		}
		return tx.Create(inv).Error
	})
}

// openInvitations are those that can still be accepted, or could until they were too old.
func openInvitations(tx *gorm.DB, scope models.Scope) *gorm.DB {
	return tx.Where("org_id = ? AND used_at IS NULL AND revoked_at IS NULL", scope.OrgID)
}

func revokeInvitations(tx *gorm.DB, scope models.Scope, which string, arg any) error {
	return openInvitations(tx, scope).Model(&models.Invitation{}).Where(which, arg).Update("revoked_at", time.Now()).Error
}

// ListInvitations lists the organisation's open invitations, newest first.
func (s *Store) ListInvitations(ctx context.Context, scope models.Scope, after string, limit int) (rows []models.Invitation, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		rows, next, err = page(openInvitations(tx, scope), "created_at", after, limit, func(r models.Invitation) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// RevokeInvitation ends an open invitation.
func (s *Store) RevokeInvitation(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := openInvitations(tx, scope).Model(&models.Invitation{}).Where("id = ?", id).Update("revoked_at", time.Now())
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("invitation")
		}
		return res.Error
	})
}

// Invited is an invitation that can be accepted, and who has its address.
type Invited struct {
	models.Invitation
	OrgName string
	// User is who has an account with the address, nil for nobody; Memberships
	// counts the organisations they belong to.
	User        *models.User
	Memberships int64
}

// acceptable says which invitation a token can be used for.
const acceptable = "token_hash = ? AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()"

// SystemInvitation returns the invitation that a token can be used for.
func (s *Store) SystemInvitation(ctx context.Context, hash []byte) (*Invited, error) {
	var inv Invited
	err := s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.First(&inv.Invitation, acceptable, hash).Error; err != nil {
			return err
		}
		var org models.Org
		if err := tx.First(&org, "id = ?", inv.OrgID).Error; err != nil {
			return err
		}
		inv.OrgName = org.Name
		var user models.User
		found := tx.Where("email = ?", inv.Email).Limit(1).Find(&user)
		if found.Error != nil || found.RowsAffected == 0 {
			return found.Error
		}
		inv.User = &user
		return tx.Model(&models.Membership{}).Where("user_id = ?", user.ID).Count(&inv.Memberships).Error
	})
	return &inv, err
}

// SystemAcceptInvitation uses an invitation up, once, and makes the user a
// member. A user that is not stored yet, or that has no password, is stored.
// CodeForbidden when the password has been changed since the user was read.
func (s *Store) SystemAcceptInvitation(ctx context.Context, hash []byte, user *models.User) (models.Scope, error) {
	var inv models.Invitation
	membership := models.Membership{}
	err := s.system(ctx, func(tx *gorm.DB) error {
		res := tx.Model(&inv).Clauses(clause.Returning{}).Where(acceptable, hash).Update("used_at", time.Now())
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return notFound("invitation")
		}
		if err := accept(tx, user); err != nil {
			return err
		}
		membership = models.Membership{OrgID: inv.OrgID, UserID: user.ID, Role: inv.Role}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&membership).Error; err != nil {
			return err
		}
		return tx.First(&membership, "org_id = ? AND user_id = ?", inv.OrgID, user.ID).Error
	})
	return models.Scope{OrgID: membership.OrgID, UserID: membership.UserID, Role: membership.Role}, err
}

// accept stores a user who is new, and the name and first password of one that
// had none. One whose password was asked for stays as it is: the password must
// not have been changed since, nor set by another invitation.
func accept(tx *gorm.DB, user *models.User) error {
	var stored models.User
	found := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", user.ID).Limit(1).Find(&stored)
	switch {
	case found.Error != nil:
		return found.Error
	case found.RowsAffected == 0:
		return tx.Create(user).Error
	case stored.PasswordHash == user.PasswordHash:
		return nil
	case stored.PasswordHash != "":
		return errPasswordChanged
	}
	return tx.Model(&stored).Select("Name", "PasswordHash").Updates(user).Error
}

// SystemMemberships counts the organisations that a user belongs to.
func (s *Store) SystemMemberships(ctx context.Context, userID string) (n int64, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Model(&models.Membership{}).Where("user_id = ?", userID).Count(&n).Error
	})
	return n, err
}

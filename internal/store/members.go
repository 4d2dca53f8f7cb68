package store

import (
	"context"
	"time"

	"gorm.io/gorm"

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

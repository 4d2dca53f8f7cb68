package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/datamind/datamind/models"
)

// AppendAudit records an event, with who its user is at the time.
func (s *Store) AppendAudit(ctx context.Context, scope models.Scope, e *models.AuditEvent) error {
	e.ID, e.OrgID = NewID(), scope.OrgID
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var user models.User
		if err := tx.Select("name", "email").Where("id = ?", e.UserID).Limit(1).Find(&user).Error; err != nil {
			return err
		}
		e.ActorName, e.ActorEmail = user.Name, user.Email
		return tx.Create(e).Error
	})
}

// AuditFilter chooses events; its zero value chooses all.
type AuditFilter struct {
	UserID, TargetID string
	Action           string // a beginning, such as "connection."
	From, Until      time.Time
}

func (f AuditFilter) of(tx *gorm.DB, scope models.Scope) *gorm.DB {
	q := tx.Where("org_id = ?", scope.OrgID)
	if f.UserID != "" {
		q = q.Where("user_id = ?", f.UserID)
	}
	if f.TargetID != "" {
		q = q.Where("target_id = ?", f.TargetID)
	}
	if f.Action != "" {
		q = q.Where("action LIKE ?", likePrefix(f.Action))
	}
	if !f.From.IsZero() {
		q = q.Where("created_at >= ?", f.From)
	}
	if !f.Until.IsZero() {
		q = q.Where("created_at < ?", f.Until)
	}
	return q
}

// likePrefix is the pattern of what begins with a text.
func likePrefix(text string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
}

// ListAudit lists the organisation's events, newest first.
func (s *Store) ListAudit(ctx context.Context, scope models.Scope, filter AuditFilter, after string, limit int) (rows []models.AuditEvent, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		rows, next, err = page(filter.of(tx, scope), "created_at", after, limit,
			func(r models.AuditEvent) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

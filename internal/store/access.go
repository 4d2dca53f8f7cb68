package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// SystemFirstRun reports whether nobody has signed in yet.
func (s *Store) SystemFirstRun(ctx context.Context) (bool, error) {
	var some bool
	err := s.system(ctx, func(tx *gorm.DB) error { return tx.Raw("SELECT EXISTS (SELECT FROM sessions)").Scan(&some).Error })
	return !some, err
}

// SystemBootstrap makes the first organisation and its owner where there is
// none, and returns the owner of the first organisation. It is safe to repeat.
func (s *Store) SystemBootstrap(ctx context.Context, orgName, email, name string) (models.Scope, error) {
	var owner models.Membership
	err := s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("SELECT pg_advisory_xact_lock(hashtext('datamind bootstrap'))").Error; err != nil {
			return err
		}
		found := tx.Where("role = ?", models.RoleOwner).Order("created_at, org_id").Limit(1).Find(&owner)
		if found.Error != nil || found.RowsAffected > 0 {
			return found.Error
		}
		org := models.Org{ID: NewID(), Name: orgName}
		user := models.User{ID: NewID(), Email: email, Name: name, TokensValidFrom: time.Unix(0, 0)}
		owner = models.Membership{OrgID: org.ID, UserID: user.ID, Role: models.RoleOwner}
		for _, row := range []any{&org, &user, &owner} {
			if err := tx.Create(row).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return models.Scope{OrgID: owner.OrgID, UserID: owner.UserID, Role: owner.Role}, err
}

// CreateMember adds a person to the scope's organisation; a user with that
// e-mail address is reused.
func (s *Store) CreateMember(ctx context.Context, scope models.Scope, email, name string, role models.Role) (*models.User, error) {
	user := models.User{ID: NewID(), Email: email, Name: name, TokensValidFrom: time.Unix(0, 0)}
	err := s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&user).Error; err != nil {
			return err
		}
		if err := tx.First(&user, "email = ?", email).Error; err != nil {
			return err
		}
		return tx.Create(&models.Membership{OrgID: scope.OrgID, UserID: user.ID, Role: role}).Error
	})
	return &user, err
}

// GetOrg returns the scope's organisation.
func (s *Store) GetOrg(ctx context.Context, scope models.Scope) (*models.Org, error) {
	var org models.Org
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&org, "id = ?", scope.OrgID).Error })
	return &org, err
}

// GetUser returns a member of the scope's organisation.
func (s *Store) GetUser(ctx context.Context, scope models.Scope, id string) (*models.User, error) {
	var user models.User
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.First(&user, "id = ? AND id IN (SELECT user_id FROM memberships WHERE org_id = ?)", id, scope.OrgID).Error
	})
	return &user, err
}

// UpdateUser stores name, e-mail, password and token horizon of the scope's user.
func (s *Store) UpdateUser(ctx context.Context, scope models.Scope, user *models.User) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.User{}).Where("id = ?", scope.UserID).
			Select("Email", "Name", "PasswordHash", "TokensValidFrom").Updates(user).Error
	})
}

// Member is a user with the role in one organisation.
type Member struct {
	User  models.User
	Scope models.Scope
}

// SystemMember returns the user by id or e-mail address with a membership of
// orgID, or the oldest one when orgID is "".
func (s *Store) SystemMember(ctx context.Context, idOrEmail, orgID string) (*Member, error) {
	var m Member
	var membership models.Membership
	key := "email"
	if uuid.Validate(idOrEmail) == nil {
		key = "id"
	}
	err := s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.First(&m.User, key+" = ?", idOrEmail).Error; err != nil {
			return err
		}
		q := tx.Where("user_id = ?", m.User.ID)
		if orgID != "" {
			q = q.Where("org_id = ?", orgID)
		}
		return q.Order("created_at, org_id").First(&membership).Error
	})
	m.Scope = models.Scope{OrgID: membership.OrgID, UserID: membership.UserID, Role: membership.Role}
	return &m, err
}

// SystemCreateLink stores a one-time link; earlier unused ones of the user end.
func (s *Store) SystemCreateLink(ctx context.Context, scope models.Scope, hash []byte, ttl time.Duration) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		now := time.Now()
		err := tx.Model(&models.SignInLink{}).Where("org_id = ? AND user_id = ? AND used_at IS NULL", scope.OrgID, scope.UserID).Update("used_at", now).Error
		if err != nil {
			return err
		}
		return tx.Create(&models.SignInLink{ID: NewID(), OrgID: scope.OrgID, UserID: scope.UserID, TokenHash: hash, ExpiresAt: now.Add(ttl)}).Error
	})
}

// SystemUseLink uses a link up and returns it; it works once.
func (s *Store) SystemUseLink(ctx context.Context, hash []byte) (*models.SignInLink, error) {
	var link models.SignInLink
	err := s.system(ctx, func(tx *gorm.DB) error {
		res := tx.Model(&link).Clauses(clause.Returning{}).
			Where("token_hash = ? AND used_at IS NULL AND expires_at > now()", hash).Update("used_at", time.Now())
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("link")
		}
		return res.Error
	})
	return &link, err
}

// CreateSession stores a new refresh-token family.
func (s *Store) CreateSession(ctx context.Context, scope models.Scope, session *models.Session) error {
	session.OrgID, session.UserID = scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.Create(session).Error })
}

// SystemWithSession locks a session, and stores what f makes of it.
func (s *Store) SystemWithSession(ctx context.Context, id string, f func(*models.Session) error) error {
	return s.system(ctx, func(tx *gorm.DB) error {
		var session models.Session
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&session, "id = ?", id).Error
		if err != nil {
			return err
		}
		verdict := f(&session)
		if err := tx.Save(&session).Error; err != nil {
			return err
		}
		return keep(verdict)
	})
}

// kept is an error that is reported without undoing the transaction.
type kept struct{ error }

func keep(err error) error {
	if err == nil {
		return nil
	}
	return kept{err}
}

// SystemSession returns a session by id.
func (s *Store) SystemSession(ctx context.Context, id string) (*models.Session, error) {
	var session models.Session
	err := s.system(ctx, func(tx *gorm.DB) error { return tx.First(&session, "id = ?", id).Error })
	return &session, err
}

// SystemPrune deletes sessions that ended, and links and invitations that can no
// longer be used, before a time, and artifacts that have expired.
func (s *Store) SystemPrune(ctx context.Context, before time.Time) error {
	return s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("expires_at < ? OR revoked_at < ?", before, before).Delete(&models.Session{}).Error; err != nil {
			return err
		}
		if err := tx.Where("expires_at < ? OR used_at < ? OR revoked_at < ?", before, before, before).Delete(&models.Invitation{}).Error; err != nil {
			return err
		}
		if err := tx.Where("expires_at < now()").Delete(&models.Artifact{}).Error; err != nil {
			return err
		}
		return tx.Where("expires_at < ? OR used_at < ?", before, before).Delete(&models.SignInLink{}).Error
	})
}

// ListSessions lists the scope's user's open sessions.
func (s *Store) ListSessions(ctx context.Context, scope models.Scope, after string, limit int) (rows []models.Session, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		q := tx.Where("org_id = ? AND user_id = ? AND revoked_at IS NULL AND expires_at > now()", scope.OrgID, scope.UserID)
		rows, next, err = page(q, "created_at", after, limit, func(r models.Session) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// RevokeSessions ends one session of the scope's user, or all when id is "",
// and returns the ids of those it ended.
func (s *Store) RevokeSessions(ctx context.Context, scope models.Scope, id string) ([]string, error) {
	var ended []models.Session
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		q := tx.Model(&ended).Clauses(clause.Returning{Columns: []clause.Column{{Name: "id"}}}).
			Where("org_id = ? AND user_id = ? AND revoked_at IS NULL", scope.OrgID, scope.UserID)
		if id != "" {
			q = q.Where("id = ?", id)
		}
		return q.Update("revoked_at", time.Now()).Error
	})
	ids := make([]string, len(ended))
	for i, session := range ended {
		ids[i] = session.ID
	}
	if err == nil && id != "" && len(ids) == 0 {
		err = notFound("session")
	}
	return ids, err
}

// CreateAPIKey stores a key of the scope's user.
func (s *Store) CreateAPIKey(ctx context.Context, scope models.Scope, key *models.APIKey) error {
	key.ID, key.OrgID, key.UserID = NewID(), scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.Create(key).Error })
}

// ListAPIKeys lists the organisation's keys; those of others only for admins.
func (s *Store) ListAPIKeys(ctx context.Context, scope models.Scope, after string, limit int) (rows []models.APIKey, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		q := tx.Where("org_id = ?", scope.OrgID)
		rows, next, err = page(q, "created_at", after, limit, func(r models.APIKey) (time.Time, string) { return r.CreatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// RevokeAPIKey ends a key.
func (s *Store) RevokeAPIKey(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		res := tx.Model(&models.APIKey{}).Where("org_id = ? AND id = ? AND revoked_at IS NULL", scope.OrgID, id).Update("revoked_at", time.Now())
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("key")
		}
		return res.Error
	})
}

// SystemAPIKey returns a valid key by its hash and notes its use, at most once a minute.
func (s *Store) SystemAPIKey(ctx context.Context, hash []byte) (*models.APIKey, error) {
	var key models.APIKey
	err := s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.First(&key, "hash = ? AND revoked_at IS NULL AND expires_at > now()", hash).Error; err != nil {
			return err
		}
		return tx.Model(&models.APIKey{}).Where("id = ? AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')", key.ID).
			Update("last_used_at", time.Now()).Error
	})
	return &key, err
}

package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// grace is how long the refresh token before the current one still answers
// "wait" instead of revoking: two tabs may refresh at the same moment.
const grace = 10 * time.Second

// keyPrefix begins every API key, so that leaked ones can be searched for.
const keyPrefix = "dm_"

// Authenticate checks an access token or an API key.
func (s *Service) Authenticate(ctx context.Context, token string) (*Identity, error) {
	if strings.HasPrefix(token, keyPrefix) {
		return s.authenticateKey(ctx, token)
	}
	c, err := s.parse(token)
	if err != nil {
		return nil, errUnauthorized
	}
	if err := s.revoked(ctx, c); err != nil {
		return nil, err
	}
	member, err := s.store.SystemMember(ctx, c.Subject, c.Org)
	if err != nil {
		return nil, orUnauthorized(err)
	}
	if c.IssuedAt.Before(member.User.TokensValidFrom.Truncate(time.Second)) {
		return nil, errUnauthorized
	}
	return &Identity{Scope: member.Scope, SessionID: c.Session, Permissions: Permissions(member.Scope.Role)}, nil
}

// revoked asks Redis, and the session's row where Redis does not know: a
// revocation is never missed because Redis was down or emptied.
func (s *Service) revoked(ctx context.Context, c *claims) error {
	state, err := s.redis.Get(ctx, "session:"+c.Session).Result()
	if err == nil {
		if state == "revoked" {
			return errUnauthorized
		}
		return nil
	}
	session, err := s.store.SystemSession(ctx, c.Session)
	if err != nil {
		return orUnauthorized(err)
	}
	if session.RevokedAt != nil || time.Now().After(session.ExpiresAt) || session.OrgID != c.Org || session.UserID != c.Subject {
		return errUnauthorized
	}
	// Cached briefly; a revocation overwrites it.
	s.redis.SetNX(ctx, "session:"+c.Session, "open", time.Minute)
	return nil
}

func (s *Service) markRevoked(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if err := s.redis.Set(ctx, "session:"+id, "revoked", AccessTTL+time.Minute).Err(); err != nil {
			return models.Wrap(err, models.CodeUnavailable, "The sessions have ended, but may be usable for up to a minute.")
		}
	}
	return nil
}

func orUnauthorized(err error) error {
	if models.ErrorCode(err) == models.CodeNotFound {
		return errUnauthorized
	}
	return err
}

// Refresh rotates a refresh token. An older one than the current revokes the
// whole family: somebody has a copy.
func (s *Service) Refresh(ctx context.Context, token string, _ Device) (*Tokens, error) {
	hash := hashOf(token)
	now := time.Now()
	fresh, freshHash := secret()
	var session models.Session
	err := s.store.SystemWithSession(ctx, hash, func(row *models.Session) error {
		session = *row
		switch {
		case row.RevokedAt != nil || now.After(row.ExpiresAt):
			return errUnauthorized
		case bytes.Equal(row.RefreshHash, hash):
			row.PreviousHash, row.RefreshHash, row.RotatedAt = row.RefreshHash, freshHash, now
			return nil
		case now.Sub(row.RotatedAt) < grace:
			return models.Errorf(models.CodeConflict, "The session has just been renewed by another tab. Try again.")
		}
		row.RevokedAt = &now
		return errUnauthorized
	})
	if err != nil {
		if session.ID != "" && models.ErrorCode(err) == models.CodeUnauthorized {
			_ = s.markRevoked(ctx, []string{session.ID}) // the row is the truth
		}
		return nil, orUnauthorized(err)
	}
	access, err := s.sign(models.Scope{OrgID: session.OrgID, UserID: session.UserID}, session.ID, now)
	return &Tokens{Access: access, Refresh: fresh, AccessTTL: AccessTTL, RefreshTTL: time.Until(session.ExpiresAt)}, err
}

// Logout ends the session that either token belongs to.
func (s *Service) Logout(ctx context.Context, access, refresh string) error {
	if c, err := s.parse(access); err == nil {
		return s.RevokeSession(ctx, models.Scope{OrgID: c.Org, UserID: c.Subject}, c.Session)
	}
	var id string
	err := s.store.SystemWithSession(ctx, hashOf(refresh), func(row *models.Session) error {
		now := time.Now()
		row.RevokedAt, id = &now, row.ID
		return nil
	})
	if err != nil {
		return orUnauthorized(err)
	}
	return s.markRevoked(ctx, []string{id})
}

// LogoutAll ends every session of the person, access tokens included.
func (s *Service) LogoutAll(ctx context.Context, scope models.Scope) error {
	user, err := s.store.GetUser(ctx, scope, scope.UserID)
	if err != nil {
		return err
	}
	user.TokensValidFrom = time.Now()
	if err := s.store.UpdateUser(ctx, scope, user); err != nil {
		return err
	}
	ids, err := s.store.RevokeSessions(ctx, scope, "")
	if err != nil {
		return err
	}
	return s.markRevoked(ctx, ids)
}

// RevokeSession ends one session of the person.
func (s *Service) RevokeSession(ctx context.Context, scope models.Scope, id string) error {
	ids, err := s.store.RevokeSessions(ctx, scope, id)
	if err != nil {
		return err
	}
	return s.markRevoked(ctx, ids)
}

func (s *Service) revokeOthers(ctx context.Context, scope models.Scope, keepID string) error {
	sessions, _, err := s.store.ListSessions(ctx, scope, "", 200)
	if err != nil {
		return err
	}
	for _, session := range sessions {
		if session.ID != keepID {
			if err := s.RevokeSession(ctx, scope, session.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// CreateAPIKey makes a key that acts for the scope's user with a subset of
// their permissions. The key itself is returned this once.
func (s *Service) CreateAPIKey(ctx context.Context, scope models.Scope, name string, scopes []string, expires time.Time) (*models.APIKey, string, error) {
	allowed := Permissions(scope.Role)
	for _, wanted := range scopes {
		if !slices.Contains(allowed, wanted) {
			return nil, "", models.Errorf(models.CodeForbidden, "You cannot give a key the permission %q: you do not have it.", wanted)
		}
	}
	if !expires.After(time.Now()) || expires.After(time.Now().AddDate(1, 0, 1)) {
		return nil, "", models.Errorf(models.CodeInvalid, "A key must expire, within a year.")
	}
	prefix := keyPrefix + strings.ToLower(rand.Text()[:8])
	text, _ := secret()
	full := prefix + "_" + text
	key := &models.APIKey{Name: name, Prefix: prefix, Hash: hashOf(full), Scopes: scopes, ExpiresAt: expires}
	return key, full, s.store.CreateAPIKey(ctx, scope, key)
}

// RevokeAPIKey ends a key at once.
func (s *Service) RevokeAPIKey(ctx context.Context, scope models.Scope, id string) error {
	return s.store.RevokeAPIKey(ctx, scope, id)
}

func (s *Service) authenticateKey(ctx context.Context, token string) (*Identity, error) {
	key, err := s.store.SystemAPIKey(ctx, hashOf(token))
	if err != nil {
		return nil, orUnauthorized(err)
	}
	member, err := s.store.SystemMember(ctx, key.UserID, key.OrgID)
	if err != nil {
		return nil, orUnauthorized(err)
	}
	// Never more than the person may do now.
	may := slices.DeleteFunc(Permissions(member.Scope.Role), func(p string) bool { return !slices.Contains(key.Scopes, p) })
	return &Identity{Scope: member.Scope, KeyID: key.ID, Permissions: may}, nil
}

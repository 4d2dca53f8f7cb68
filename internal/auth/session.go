package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/datamind/datamind/models"
)

// grace is how long the refresh token before the current one still gives an
// access token instead of revoking: two tabs may refresh at the same moment.
const grace = 10 * time.Second

// openFor is how long Redis may say that a session is open. Where Redis could
// not be told of a revocation, the session's tokens live on for that long.
const openFor = 15 * time.Second

// ErrReused is the cause of the refusal of a refresh token that was replaced
// before: somebody has a copy of it, and its session has been ended.
var ErrReused = errors.New("a refresh token was used again")

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
	session, rowErr := s.store.SystemSession(ctx, c.Session)
	if rowErr != nil {
		return orUnauthorized(rowErr)
	}
	if session.RevokedAt != nil || time.Now().After(session.ExpiresAt) || session.OrgID != c.Org || session.UserID != c.Subject {
		return errUnauthorized
	}
	if errors.Is(err, redis.Nil) { // a revocation overwrites it
		s.redis.SetNX(ctx, "session:"+c.Session, "open", openFor)
	}
	return nil
}

func (s *Service) markRevoked(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if err := s.redis.Set(ctx, "session:"+id, "revoked", AccessTTL+time.Minute).Err(); err != nil {
			return models.Wrap(err, models.CodeUnavailable, "The sessions have ended, but may be usable for some seconds more.")
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

// Refresh rotates a refresh token. One that was replaced before, however long
// ago, ends the session: somebody has a copy. Only the one before the current
// is given an access token for a few seconds, for a browser's other tabs.
func (s *Service) Refresh(ctx context.Context, token string) (*Tokens, error) {
	id, ok := s.family(token)
	if !ok {
		return nil, errUnauthorized
	}
	now, hash := time.Now(), hashOf(token)
	fresh, freshHash := s.refreshToken(id)
	var session models.Session
	err := s.store.SystemWithSession(ctx, id, func(row *models.Session) error {
		session = *row
		switch {
		case row.RevokedAt != nil, now.After(row.ExpiresAt), now.After(row.RotatedAt.Add(IdleTTL)):
			return errUnauthorized
		case bytes.Equal(row.RefreshHash, hash):
			row.PreviousHash, row.RefreshHash, row.RotatedAt = row.RefreshHash, freshHash, now
			return nil
		case bytes.Equal(row.PreviousHash, hash) && now.Sub(row.RotatedAt) < grace:
			fresh = ""
			return nil
		}
		return models.Errorf(models.CodeNotFound, "Neither the current token nor the one before.")
	})
	switch models.ErrorCode(err) {
	case "":
		return s.tokens(models.Scope{OrgID: session.OrgID, UserID: session.UserID}, &session, fresh, now)
	case models.CodeNotFound:
		return nil, s.reused(ctx, id)
	}
	return nil, err
}

// reused ends the session of a refresh token that was replaced before.
func (s *Service) reused(ctx context.Context, id string) error {
	err := s.endSession(ctx, id)
	switch models.ErrorCode(err) {
	case "":
		return models.Wrap(ErrReused, models.CodeUnauthorized, "%s", errUnauthorized.Message)
	case models.CodeNotFound: // it had ended already
		return errUnauthorized
	}
	return err
}

func (s *Service) endSession(ctx context.Context, id string) error {
	session, err := s.store.SystemSession(ctx, id)
	if err != nil {
		return err
	}
	return s.RevokeSession(ctx, models.Scope{OrgID: session.OrgID, UserID: session.UserID}, id)
}

// Logout ends the session that either token belongs to; one that has ended
// already is not an error.
func (s *Service) Logout(ctx context.Context, access, refresh string) error {
	id, known := s.family(refresh)
	if c, err := s.parse(access); err == nil {
		id, known = c.Session, true
	}
	if !known {
		return nil
	}
	if err := s.endSession(ctx, id); models.ErrorCode(err) != models.CodeNotFound {
		return err
	}
	return nil
}

// LogoutAll ends every session of the person, access tokens included.
func (s *Service) LogoutAll(ctx context.Context, scope models.Scope) error {
	if err := s.store.EndTokens(ctx, scope, time.Now()); err != nil {
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

// SetRole gives a member another role, and returns the one before. With a wider
// one, sessions of theirs that began with a link end.
func (s *Service) SetRole(ctx context.Context, scope models.Scope, userID string, role models.Role) (models.Role, error) {
	before, ended, err := s.store.SetRole(ctx, scope, userID, role)
	if err != nil {
		return before, err
	}
	return before, s.markRevoked(ctx, ended)
}

func (s *Service) revokeOthers(ctx context.Context, scope models.Scope, keepID string) error {
	for cursor := ""; ; {
		sessions, next, err := s.store.ListSessions(ctx, scope, cursor, 200)
		if err != nil {
			return err
		}
		for _, session := range sessions {
			if session.ID == keepID {
				continue
			}
			if err := s.RevokeSession(ctx, scope, session.ID); err != nil && models.ErrorCode(err) != models.CodeNotFound {
				return err
			}
		}
		if next == "" {
			return nil
		}
		cursor = next
	}
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

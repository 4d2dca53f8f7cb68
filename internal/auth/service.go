package auth

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/semaphore"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Service signs in, refreshes and revokes.
type Service struct {
	store   *store.Store
	redis   redis.UniversalClient
	limiter *redis_rate.Limiter
	key     []byte
	hashing *semaphore.Weighted
	dummy   string
}

// Tokens are what a browser gets at sign-in and at each refresh. Refresh is ""
// when the browser's other tab has just been given the new one.
type Tokens struct {
	Access, Refresh       string
	AccessTTL, RefreshTTL time.Duration
	Scope                 models.Scope
	SessionID             string
}

// Device is where a sign-in comes from.
type Device struct{ IP, UserAgent string }

// Identity is a caller whose session or API key has been checked.
type Identity struct {
	Scope       models.Scope
	SessionID   string // of a person
	KeyID       string // of a machine
	Permissions []string
}

var errUnauthorized = models.Errorf(models.CodeUnauthorized, "Sign in first.")

// New makes the service; key signs access tokens.
func New(s *store.Store, r redis.UniversalClient, key []byte) (*Service, error) {
	if len(key) < 32 {
		return nil, errors.New("the key that signs sessions must have at least 32 bytes")
	}
	// A sign-in for an unknown address checks this hash, so that it takes as long.
	text, _ := secret()
	dummy, err := argon2id.CreateHash(text, params)
	if err != nil {
		return nil, err
	}
	return &Service{store: s, redis: r, limiter: redis_rate.NewLimiter(r), key: key, hashing: semaphore.NewWeighted(hashAtOnce), dummy: dummy}, nil
}

// limited is a refusal that says when to come back.
type limited struct {
	error
	after time.Duration
}

func (e *limited) Unwrap() error             { return e.error }
func (e *limited) RetryAfter() time.Duration { return e.after }

// Limit counts one use of key (GCRA) and refuses the ones that are too many.
func (s *Service) Limit(ctx context.Context, key string, n int, per time.Duration) error {
	res, err := s.limiter.Allow(ctx, "limit:"+key, redis_rate.Limit{Rate: n, Burst: n, Period: per})
	if err != nil {
		return models.Wrap(err, models.CodeUnavailable, "The service is not ready just now. Try again in a moment.")
	}
	if res.Allowed > 0 {
		return nil
	}
	wait := res.RetryAfter.Truncate(time.Second) + time.Second // rounded up: a second too early counts again
	return &limited{models.Errorf(models.CodeRateLimited, "Too many requests. Try again in %s.", wait), wait}
}

// NewLink makes a one-time sign-in link for a member; its token is returned
// once and stored as a hash. Earlier unused links of the member end.
func (s *Service) NewLink(ctx context.Context, scope models.Scope) (string, error) {
	text, hash := secret()
	return text, s.store.SystemCreateLink(ctx, scope, hash, LinkTTL)
}

// UseLink signs in with a one-time link.
func (s *Service) UseLink(ctx context.Context, token string, d Device) (*Tokens, error) {
	link, err := s.store.SystemUseLink(ctx, hashOf(token))
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, models.Wrap(err, models.CodeUnauthorized, "This link has been used, or is too old. Start DataMind again for a new one, or sign in with your password.")
	}
	if err != nil {
		return nil, err
	}
	member, err := s.store.SystemMember(ctx, link.UserID, link.OrgID)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, member.Scope, d, true)
}

// Login signs in with e-mail and password. It answers the same, after the
// same work, whether the address or the password is wrong.
func (s *Service) Login(ctx context.Context, email, password string, d Device) (*Tokens, error) {
	wrong := error(models.Errorf(models.CodeUnauthorized, "The e-mail address or the password is wrong."))
	email = strings.ToLower(strings.TrimSpace(email))
	if err := s.Limit(ctx, "login:"+email, 10, 15*time.Minute); err != nil {
		return nil, err
	}
	member, err := s.store.SystemMember(ctx, email, "")
	hash := s.dummy
	switch {
	case err == nil && member.User.PasswordHash != "" && strings.Contains(email, "@"):
		hash = member.User.PasswordHash
	case err != nil && models.ErrorCode(err) != models.CodeNotFound:
		return nil, err
	}
	if len(password) > maxPassword {
		password = ""
	}
	match, err := s.compare(ctx, password, hash)
	if err != nil {
		return nil, err
	}
	if !match || hash == s.dummy {
		if err == nil && member != nil && member.Scope.OrgID != "" {
			wrong = &RefusedError{wrong, member.Scope}
		}
		return nil, wrong
	}
	return s.open(ctx, member.Scope, d, false)
}

// RefusedError says that somebody tried to sign in as a member and was refused. To
// whoever tried it is the error of an address that is nobody's.
type RefusedError struct {
	error
	Scope models.Scope
}

// Unwrap returns the error that is told.
func (e *RefusedError) Unwrap() error { return e.error }

// Switch opens a session of the caller's in another of their organisations. A
// session that came of a link does not lead there: an administrator of one
// organisation may have made the link.
func (s *Service) Switch(ctx context.Context, caller *Identity, orgID string, d Device) (*Tokens, error) {
	session, err := s.store.SystemSession(ctx, caller.SessionID)
	if err != nil {
		return nil, orUnauthorized(err)
	}
	member, err := s.store.SystemMember(ctx, caller.Scope.UserID, orgID)
	if err != nil {
		return nil, err
	}
	if session.ByLink {
		return nil, models.Errorf(models.CodeForbidden, "You signed in with a link, which is for one organisation. Sign in with your password to go to another.")
	}
	return s.open(ctx, member.Scope, d, false)
}

func (s *Service) open(ctx context.Context, scope models.Scope, d Device, byLink bool) (*Tokens, error) {
	now, id := time.Now(), store.NewID()
	refresh, hash := s.refreshToken(id)
	session := &models.Session{ID: id, RefreshHash: hash, RotatedAt: now, UserAgent: cut(d.UserAgent, 200), IP: cut(d.IP, 64), ExpiresAt: now.Add(RefreshTTL), ByLink: byLink}
	if err := s.store.CreateSession(ctx, scope, session); err != nil {
		return nil, err
	}
	return s.tokens(scope, session, refresh, now)
}

func (s *Service) tokens(scope models.Scope, session *models.Session, refresh string, now time.Time) (*Tokens, error) {
	access, err := s.sign(scope, session.ID, now)
	return &Tokens{Access: access, Refresh: refresh, AccessTTL: AccessTTL, RefreshTTL: session.ExpiresAt.Sub(now),
		Scope: scope, SessionID: session.ID}, err
}

func cut(text string, n int) string {
	runes := []rune(strings.ToValidUTF8(text, ""))
	return string(runes[:min(n, len(runes))])
}

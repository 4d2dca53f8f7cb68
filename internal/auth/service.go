package auth

import (
	"context"
	"errors"
	"net/mail"
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

// Tokens are what a browser gets at sign-in and at each refresh.
type Tokens struct {
	Access, Refresh       string
	AccessTTL, RefreshTTL time.Duration
}

// Device is where a sign-in comes from.
type Device struct{ IP, UserAgent string }

// PasswordChange sets a password, and a name and e-mail where given.
type PasswordChange struct{ Name, Email, Current, New string }

// Identity is a caller whose session or API key has been checked.
type Identity struct {
	Scope       models.Scope
	SessionID   string // of a person
	KeyID       string // of a machine
	Permissions []string
}

// minPassword is the shortest password, in characters (ASVS 5.0 V6.2.1 asks for 8; 15 is its advice).
const minPassword, maxPassword = 12, 256

// hashAtOnce bounds concurrent argon2id runs (64 MiB each), so that a flood of
// sign-ins cannot exhaust memory.
const hashAtOnce = 4

// params of argon2id: OWASP's first choice has 19 MiB and two passes; this is stronger.
var params = &argon2id.Params{Memory: 64 * 1024, Iterations: 1, Parallelism: 2, SaltLength: 16, KeyLength: 32}

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

// Allow counts one use of key (GCRA). retryAfter is how long to wait when
// there were too many, 0 when it is allowed.
func (s *Service) Allow(ctx context.Context, key string, limit int, per time.Duration) (retryAfter time.Duration, err error) {
	res, err := s.limiter.Allow(ctx, "limit:"+key, redis_rate.Limit{Rate: limit, Burst: limit, Period: per})
	if err != nil {
		return 0, models.Wrap(err, models.CodeUnavailable, "The service is not ready just now. Try again in a moment.")
	}
	if res.Allowed > 0 {
		return 0, nil
	}
	return res.RetryAfter, nil
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
	return s.open(ctx, member.Scope, d)
}

// Login signs in with e-mail and password. It answers the same, after the
// same work, whether the address or the password is wrong.
func (s *Service) Login(ctx context.Context, email, password string, d Device) (*Tokens, error) {
	wrong := models.Errorf(models.CodeUnauthorized, "The e-mail address or the password is wrong.")
	email = strings.ToLower(strings.TrimSpace(email))
	if wait, err := s.Allow(ctx, "login:"+email, 10, 15*time.Minute); err != nil || wait > 0 {
		if err == nil {
			err = models.Errorf(models.CodeRateLimited, "Too many attempts for this account. Try again in %s.", wait.Round(time.Second))
		}
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
		return nil, wrong
	}
	return s.open(ctx, member.Scope, d)
}

func (s *Service) compare(ctx context.Context, password, hash string) (bool, error) {
	if err := s.hashing.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer s.hashing.Release(1)
	return argon2id.ComparePasswordAndHash(password, hash)
}

func (s *Service) open(ctx context.Context, scope models.Scope, d Device) (*Tokens, error) {
	now := time.Now()
	refresh, hash := secret()
	session := &models.Session{ID: store.NewID(), RefreshHash: hash, RotatedAt: now, UserAgent: cut(d.UserAgent, 200), IP: cut(d.IP, 64), ExpiresAt: now.Add(RefreshTTL)}
	if err := s.store.CreateSession(ctx, scope, session); err != nil {
		return nil, err
	}
	access, err := s.sign(scope, session.ID, now)
	return &Tokens{Access: access, Refresh: refresh, AccessTTL: AccessTTL, RefreshTTL: RefreshTTL}, err
}

// SetPassword changes the signed-in person's password, which asks for the
// current one where there is one; every other session of theirs ends.
func (s *Service) SetPassword(ctx context.Context, scope models.Scope, sessionID string, c PasswordChange) error {
	user, err := s.store.GetUser(ctx, scope, scope.UserID)
	if err != nil {
		return err
	}
	if user.PasswordHash != "" {
		if wait, err := s.Allow(ctx, "password:"+scope.UserID, 10, 15*time.Minute); err != nil || wait > 0 {
			return errors.Join(err, models.Errorf(models.CodeRateLimited, "Too many attempts. Try again in %s.", wait.Round(time.Second)))
		}
		match, err := s.compare(ctx, c.Current, user.PasswordHash)
		if err != nil {
			return err
		}
		if !match {
			return models.Errorf(models.CodeForbidden, "The current password is wrong.")
		}
	}
	if n := len([]rune(c.New)); n < minPassword || len(c.New) > maxPassword {
		return models.Errorf(models.CodeInvalid, "The new password must have %d to %d characters.", minPassword, maxPassword)
	}
	if c.Email != "" {
		address, err := mail.ParseAddress(c.Email)
		if err != nil || address.Address != c.Email || len(c.Email) > 254 {
			return models.Errorf(models.CodeInvalid, "That is not an e-mail address.")
		}
		user.Email = strings.ToLower(c.Email)
	}
	if c.Name != "" {
		user.Name = cut(c.Name, 200)
	}
	if err := s.hashing.Acquire(ctx, 1); err != nil {
		return err
	}
	user.PasswordHash, err = argon2id.CreateHash(c.New, params)
	s.hashing.Release(1)
	if err != nil {
		return err
	}
	if err := s.store.UpdateUser(ctx, scope, user); err != nil {
		return err
	}
	return s.revokeOthers(ctx, scope, sessionID)
}

func cut(text string, n int) string {
	runes := []rune(strings.ToValidUTF8(text, ""))
	return string(runes[:min(n, len(runes))])
}

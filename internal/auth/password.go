package auth

import (
	"context"
	"net/mail"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/datamind/datamind/models"
)

// PasswordChange sets a password, and a name and e-mail where given.
type PasswordChange struct{ Name, Email, Current, New string }

// minPassword is the shortest password, in characters (ASVS 5.0 V6.2.1 asks for 8; 15 is its advice).
const minPassword, maxPassword = 12, 256

// hashAtOnce bounds concurrent argon2id runs (64 MiB each), so that a flood of
// sign-ins cannot exhaust memory.
const hashAtOnce = 4

// params of argon2id: OWASP's first choice has 19 MiB and two passes; this is stronger.
var params = &argon2id.Params{Memory: 64 * 1024, Iterations: 1, Parallelism: 2, SaltLength: 16, KeyLength: 32}

func (s *Service) compare(ctx context.Context, password, hash string) (bool, error) {
	if err := s.hashing.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer s.hashing.Release(1)
	return argon2id.ComparePasswordAndHash(password, hash)
}

func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if err := s.hashing.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer s.hashing.Release(1)
	return argon2id.CreateHash(password, params)
}

// resetFor is how long after signing in with a link the password may be set
// without the current one.
const resetFor = time.Hour

// SetPassword changes the signed-in person's password, name and e-mail. It
// asks for the current password where there is one, unless they have just signed
// in with a link; every other session of theirs ends.
func (s *Service) SetPassword(ctx context.Context, scope models.Scope, sessionID string, c PasswordChange) error {
	user, err := s.store.GetUser(ctx, scope, scope.UserID)
	if err != nil {
		return err
	}
	if err := s.mayReset(ctx, user, sessionID, c.Current); err != nil {
		return err
	}
	if c.Email != "" {
		if !isAddress(c.Email) {
			return models.Errorf(models.CodeInvalid, "That is not an e-mail address.")
		}
		user.Email = strings.ToLower(c.Email)
	}
	if c.Name != "" {
		user.Name = cut(c.Name, 200)
	}
	if err := checkPassword(c.New, user); err != nil {
		return err
	}
	before := user.PasswordHash
	if user.PasswordHash, err = s.hash(ctx, c.New); err != nil {
		return err
	}
	if err := s.store.SetPassword(ctx, scope, user, before); err != nil {
		if models.ErrorCode(err) == models.CodeConflict {
			return models.Wrap(err, models.CodeConflict, "That e-mail address cannot be used.")
		}
		return err
	}
	err = s.store.SystemWithSession(ctx, sessionID, func(session *models.Session) error {
		session.ByLink = false // it has served
		return nil
	})
	if err != nil {
		return err
	}
	return s.revokeOthers(ctx, scope, sessionID)
}

// mayReset wants the current password, or that a link shows who it is. A link
// comes from an administrator of one organisation: it does not do for a person of
// several, to whose other organisations the password would lead as well.
func (s *Service) mayReset(ctx context.Context, user *models.User, sessionID, current string) error {
	session, err := s.store.SystemSession(ctx, sessionID)
	if err != nil {
		return err
	}
	forgotten := user.PasswordHash == "" || current == "" && session.ByLink && time.Since(session.CreatedAt) < resetFor
	if forgotten {
		n, err := s.store.SystemMemberships(ctx, user.ID)
		if err != nil || n <= 1 {
			return err
		}
		if user.PasswordHash == "" {
			return models.Errorf(models.CodeForbidden, "You belong to several organisations, and a link of one of them must not set the password for all. Ask whoever runs DataMind.")
		}
	}
	if err := s.Limit(ctx, "password:"+user.ID, 10, 15*time.Minute); err != nil {
		return err
	}
	match, err := s.compare(ctx, current, user.PasswordHash)
	if err == nil && !match {
		err = models.Errorf(models.CodeForbidden, "The current password is wrong.")
	}
	return err
}

// isAddress accepts a bare address with a host name, as RFC 5321 limits it:
// no display name, comment, quoted part, address literal or white space.
func isAddress(text string) bool {
	if len(text) > 254 || strings.ContainsAny(text, "\"<>()[]\\,;: \t\r\n\x00") {
		return false
	}
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text {
		return false
	}
	local, _, _ := strings.Cut(text, "@")
	return len(local) <= 64
}

// common parts of the passwords that lists of stolen ones are full of, the
// longer before the shorter.
var common = strings.Fields("administrator qwertyuiop 1234567890 0123456789 9876543210 asdfghjkl 123456789 987654321 password " +
	"passw0rd datamind 1q2w3e4r iloveyou changeme football baseball superman princess sunshine abcdefgh 12345678 87654321 " +
	"welcome letmein default zxcvbnm 1234567 qwerty qwertz azerty monkey dragon summer winter 123456 654321 admin 12345 54321 1234 4321 abc 123 321")

// checkPassword refuses passwords that are too short or long, that are known
// (ASVS 5.0 V6.2.4) and those made of the person's own names (V6.2.11). It
// asks for no kinds of characters.
func checkPassword(password string, user *models.User) error {
	if n := len([]rune(password)); n < minPassword || len(password) > maxPassword {
		return models.Errorf(models.CodeInvalid, "The new password must have %d to %d characters.", minPassword, maxPassword)
	}
	rest := strings.ToLower(password)
	local, domain, _ := strings.Cut(user.Email, "@")
	words := append(strings.Fields(strings.ToLower(user.Name)), local, domain)
	for _, word := range append(words, common...) {
		if len(word) >= 3 {
			rest = strings.ReplaceAll(rest, word, "")
		}
	}
	different := map[rune]bool{}
	for _, r := range rest {
		different[r] = true
	}
	if len(different) < 5 {
		return models.Errorf(models.CodeInvalid, "The new password is easy to guess: it is a common one, your own name, or a few characters over and over. Take several words that do not belong together.")
	}
	return nil
}

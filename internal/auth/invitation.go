package auth

import (
	"context"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Acceptance is how somebody accepts an invitation: with their own password
// where they have an account, or else with a name and a new one.
type Acceptance struct{ Token, Name, Password string }

// Invite makes an invitation; its token is returned once and stored as a hash.
// Nobody invites to more than they may give: only owners make owners.
func (s *Service) Invite(ctx context.Context, scope models.Scope, email string, role models.Role) (*models.Invitation, string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if !isAddress(email) {
		return nil, "", models.Errorf(models.CodeInvalid, "That is not an e-mail address.")
	}
	if role == models.RoleOwner && scope.Role != models.RoleOwner {
		return nil, "", models.Errorf(models.CodeForbidden, "Only an owner can make somebody an owner.")
	}
	text, hash := secret()
	inv := &models.Invitation{Email: email, Role: role, TokenHash: hash, ExpiresAt: time.Now().Add(models.InvitationTTL)}
	return inv, text, s.store.CreateInvitation(ctx, scope, inv)
}

// Invitation tells what a token invites to.
func (s *Service) Invitation(ctx context.Context, token string) (*store.Invited, error) {
	inv, err := s.store.SystemInvitation(ctx, hashOf(token))
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, models.Wrap(err, models.CodeUnauthorized, "This invitation has been used or taken back, or is too old. Ask for a new one.")
	}
	return inv, err
}

// AcceptInvitation makes the invited person a member and signs them in. Who
// has an account proves it with its password: an invitation shows that somebody
// was handed a link, not whose address it names.
func (s *Service) AcceptInvitation(ctx context.Context, a Acceptance, d Device) (*Tokens, error) {
	inv, err := s.Invitation(ctx, a.Token)
	if err != nil {
		return nil, err
	}
	user := inv.User
	switch {
	case user != nil && user.PasswordHash != "":
		err = s.prove(ctx, user, a.Password)
	case user != nil && inv.Memberships > 0:
		err = models.Errorf(models.CodeConflict, "There is an account with this e-mail address that has no password yet. Sign in to it with a link, set one, and open the invitation again.")
	default:
		if user == nil {
			user = &models.User{ID: store.NewID(), Email: inv.Email, TokensValidFrom: time.Unix(0, 0)}
		}
		err = s.complete(ctx, user, a)
	}
	if err != nil {
		return nil, err
	}
	scope, err := s.store.SystemAcceptInvitation(ctx, hashOf(a.Token), user)
	switch models.ErrorCode(err) {
	case models.CodeNotFound, models.CodeConflict: // another request was faster
		return nil, models.Wrap(err, models.CodeUnauthorized, "This invitation has just been used.")
	}
	if err != nil {
		return nil, err
	}
	return s.open(ctx, scope, d, false)
}

// prove checks the password of an account, as a sign-in does.
func (s *Service) prove(ctx context.Context, user *models.User, password string) error {
	if err := s.Limit(ctx, "login:"+user.Email, 10, 15*time.Minute); err != nil {
		return err
	}
	if len(password) > maxPassword {
		password = ""
	}
	match, err := s.compare(ctx, password, user.PasswordHash)
	if err == nil && !match {
		err = models.Errorf(models.CodeForbidden, "There is an account with this e-mail address: enter its password to accept.")
	}
	return err
}

// complete gives an account its name and its first password.
func (s *Service) complete(ctx context.Context, user *models.User, a Acceptance) (err error) {
	if user.Name = cut(strings.TrimSpace(a.Name), 200); user.Name == "" {
		return models.Errorf(models.CodeInvalid, "Enter your name.")
	}
	if err := checkPassword(a.Password, user); err != nil {
		return err
	}
	user.PasswordHash, err = s.hash(ctx, a.Password)
	return err
}

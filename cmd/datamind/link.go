package main

import (
	"context"
	"fmt"

	"github.com/datamind/datamind/models"
)

type linkCmd struct {
	Data  string `help:"Data directory of 'datamind up'; used where the environment configures nothing." default:".datamind" type:"path"`
	Email string `help:"Whose link; the first organisation's owner if not given."`
}

// Run prints a one-time sign-in link. It makes the first organisation and its
// owner where there is none, and lets in whoever forgot their password.
func (l linkCmd) Run(ctx context.Context) error {
	c, _, err := installedConfig(l.Data, "DATABASE_URL", "REDIS_URL", "TEMPORAL_ADDRESS", "JWT_KEY", "PAYLOAD_KEY", "BASE_URL")
	if err != nil {
		return errConfig{err}
	}
	s, err := connect(ctx, c, discard, "datamind-link")
	if err != nil {
		return err
	}
	defer s.close()
	scope, err := l.member(ctx, s)
	if err != nil {
		return err
	}
	a, err := s.auth()
	if err != nil {
		return err
	}
	token, err := a.NewLink(ctx, scope)
	if err != nil {
		return err
	}
	fmt.Println(signInURL(c.BaseURL, token))
	return nil
}

func (l linkCmd) member(ctx context.Context, s *services) (models.Scope, error) {
	if l.Email == "" {
		return s.bootstrap(ctx)
	}
	member, err := s.store.SystemMember(ctx, l.Email, "")
	if models.ErrorCode(err) == models.CodeNotFound {
		return models.Scope{}, models.Wrap(err, models.CodeNotFound, "Nobody here has the e-mail address %s.", l.Email)
	}
	if err != nil {
		return models.Scope{}, err
	}
	return member.Scope, nil
}

// bootstrap makes the first organisation and its owner where there is none.
func (s *services) bootstrap(ctx context.Context) (models.Scope, error) {
	return s.store.SystemBootstrap(ctx, "My organisation", "owner@localhost", personName())
}

// signInURL keeps the token in the fragment, which no server and no log sees.
func signInURL(base, token string) string { return base + "/link#token=" + token }

package auth

import (
	"context"
	"slices"

	"github.com/datamind/datamind/models"
)

// Publish makes a public link; its token is returned once and stored as a hash.
func (s *Service) Publish(ctx context.Context, scope models.Scope, l *models.PublicLink) (token string, err error) {
	token, l.TokenHash = secret()
	return token, s.store.CreatePublicLink(ctx, scope, l)
}

// OpenPublic returns the link of a token and on whose behalf it reads. One whose
// maker has left, or may not publish any more, is closed like one that was revoked.
func (s *Service) OpenPublic(ctx context.Context, token string) (*models.PublicLink, models.Scope, error) {
	l, scope, err := s.store.SystemPublicLink(ctx, hashOf(token))
	if err == nil && !slices.Contains(Permissions(scope.Role), PublishDashboards) {
		err = models.Errorf(models.CodeNotFound, "There is no such link.")
	}
	return l, scope, err
}

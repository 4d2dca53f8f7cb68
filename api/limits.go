package api

import (
	"context"
	"time"

	"github.com/datamind/datamind/models"
)

// limit counts one use of key and refuses the ones that are too many.
func (s *Server) limit(ctx context.Context, key string, n int, per time.Duration) error {
	wait, err := s.deps.Auth.Allow(ctx, key, n, per)
	if err != nil {
		return err
	}
	if wait > 0 {
		return &retryError{models.Errorf(models.CodeRateLimited,
			"Too many requests. Try again in %s seconds.", retryAfterSeconds(wait)), wait}
	}
	return nil
}

func (s *Server) limitIP(ctx context.Context, what string) error {
	return s.limit(ctx, "ip:"+what+":"+requestFrom(ctx).IP, s.deps.Config.AuthPerMinute, time.Minute)
}

func (s *Server) limitAsk(ctx context.Context, scope models.Scope) error {
	return s.limit(ctx, "ask:"+scope.UserID, s.deps.Config.AsksPerMinute, time.Minute)
}

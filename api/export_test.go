package api

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"
)

// Operations are those that huma serves.
func Operations(t *testing.T) (all []*huma.Operation) {
	s, err := New(Deps{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	for _, path := range s.huma.OpenAPI().Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if op != nil {
				all = append(all, op)
			}
		}
	}
	return all
}

// RegisteredRoutes counts the router's own entries.
func (s *Server) RegisteredRoutes() int { return len(s.engine.Routes()) }

// HurrySockets shortens what a socket waits for; 0 leaves the usual time.
func (s *Server) HurrySockets(write, recheck, grace, life time.Duration) {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&s.times.write, write}, {&s.times.recheck, recheck}, {&s.times.grace, grace}, {&s.times.life, life}} {
		if d.value > 0 {
			*d.field = d.value
		}
	}
}

// TakeTurn is takeTurn of a server that has nothing else.
func TakeTurn() func(ctx context.Context, orgID string) (func(), error) { return new(Server).takeTurn }

package api

import (
	"context"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// Session is a sign-in on a device.
type Session struct {
	ID        string    `json:"id" format:"uuid"`
	UserAgent string    `json:"user_agent"`
	IP        string    `json:"ip"`
	Current   bool      `json:"current"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (s *Server) sessionRoutes() {
	register(s, operation(http.MethodGet, "/sessions", "list-sessions", "Your open sessions", 200), auth.ManageSessions, s.listSessions)
	register(s, operation(http.MethodDelete, "/sessions/{id}", "revoke-session", "End one of your sessions at once", 204), auth.ManageSessions, s.revokeSession)
}

func (s *Server) listSessions(ctx context.Context, in *PageParams) (*pageOut[Session], error) {
	rows, next, err := s.deps.Store.ListSessions(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	current := who(ctx).SessionID
	return page(views(rows, func(m *models.Session) Session {
		return Session{ID: m.ID, UserAgent: m.UserAgent, IP: m.IP, Current: m.ID == current,
			CreatedAt: m.CreatedAt, UsedAt: m.RotatedAt, ExpiresAt: m.ExpiresAt}
	}), next), nil
}

func (s *Server) revokeSession(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Auth.RevokeSession(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "session.revoke", in.ID, nil)
	return nil, nil
}

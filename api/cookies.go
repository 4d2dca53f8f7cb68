package api

import (
	"context"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
)

// refreshPath keeps the refresh token away from all other routes.
const refreshPath = apiPrefix + "/auth"

func (s *Server) cookie(name, value, path string, ttl time.Duration) string {
	c := http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, Secure: s.base.Scheme == "https",
		SameSite: http.SameSiteStrictMode, MaxAge: int(ttl.Seconds())}
	if ttl <= 0 {
		c.MaxAge = -1
	}
	return c.String()
}

// sessionCookies hands a browser its tokens.
func (s *Server) sessionCookies(t *auth.Tokens) *sessionOut {
	return &sessionOut{SetCookie: []string{s.cookie(cookieAccess, t.Access, "/", t.AccessTTL),
		s.cookie(cookieRefresh, t.Refresh, refreshPath, t.RefreshTTL)}}
}

func (s *Server) noCookies() *sessionOut {
	return &sessionOut{SetCookie: []string{s.cookie(cookieAccess, "", "/", 0), s.cookie(cookieRefresh, "", refreshPath, 0)}}
}

func (s *Server) device(ctx context.Context) auth.Device {
	r := requestFrom(ctx)
	return auth.Device{IP: r.IP, UserAgent: r.UserAgent}
}

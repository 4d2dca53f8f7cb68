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

// cookieNames are the names of the session's cookies. On TLS their prefixes
// (RFC 6265bis) keep other hosts of the domain and plain HTTP from setting them.
type cookieNames struct{ access, refresh string }

func cookieNamesFor(scheme string) cookieNames {
	if scheme == "https" {
		return cookieNames{"__Host-" + cookieAccess, "__Secure-" + cookieRefresh}
	}
	return cookieNames{cookieAccess, cookieRefresh}
}

// sessionCookies hands a browser its tokens.
func (s *Server) sessionCookies(t *auth.Tokens) *sessionOut {
	out := &sessionOut{SetCookie: []string{s.cookie(s.cookies.access, t.Access, "/", t.AccessTTL)}}
	if t.Refresh != "" {
		out.SetCookie = append(out.SetCookie, s.cookie(s.cookies.refresh, t.Refresh, refreshPath, t.RefreshTTL))
	}
	return out
}

func (s *Server) noCookies() *sessionOut {
	return &sessionOut{SetCookie: []string{s.cookie(s.cookies.access, "", "/", 0), s.cookie(s.cookies.refresh, "", refreshPath, 0)}}
}

func (s *Server) device(ctx context.Context) auth.Device {
	r := requestFrom(ctx)
	return auth.Device{IP: r.IP, UserAgent: r.UserAgent}
}

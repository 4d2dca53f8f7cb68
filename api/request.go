package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

// requestInfo travels in a request's context.
type requestInfo struct {
	ID        string
	IP        string
	UserAgent string
	route     string // method and pattern
	// Credential is the bearer token or else the access cookie; Refresh the
	// refresh cookie. "" where there is none.
	Credential, Refresh string
	// who is set once the caller is known.
	who *auth.Identity
}

type requestKey struct{}

var anonymousRequest = &requestInfo{}

// requestFrom returns the request's facts, empty ones outside of a request.
func requestFrom(ctx context.Context) *requestInfo {
	if r, ok := ctx.Value(requestKey{}).(*requestInfo); ok {
		return r
	}
	return anonymousRequest
}

// log returns the logger with the request's and the caller's ids.
func (s *Server) log(ctx context.Context) *slog.Logger {
	r := requestFrom(ctx)
	log := s.deps.Log.With(slog.String("request_id", r.ID))
	if r.who != nil {
		log = log.With(slog.String("org_id", r.who.Scope.OrgID), slog.String("user_id", r.who.Scope.UserID))
	}
	return log
}

// reportInternal logs an error that a client must not see, without its text,
// which may quote data, and reports it.
func (s *Server) reportInternal(ctx context.Context, err error) {
	s.log(ctx).Error("request failed", slog.String("code", string(models.ErrorCode(err))), slog.String("cause", telemetry.Cause(err)))
	s.deps.Reporter.Error(err, s.fault(ctx))
}

// fault says where in the API something went wrong, by ids only.
func (s *Server) fault(ctx context.Context) telemetry.Fault {
	r := requestFrom(ctx)
	f := telemetry.Fault{Where: "api " + r.route, RequestID: r.ID}
	if r.who != nil {
		f.OrgID = r.who.Scope.OrgID
	}
	return f
}

// A caller may name its request, so that one id can be followed through
// several systems; anything that could confuse a log is replaced.
var cleanRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// identifyRequest gives each request its id.
func (s *Server) identifyRequest(c *gin.Context) {
	id := c.GetHeader("X-Request-ID")
	if !cleanRequestID.MatchString(id) {
		id = uuid.Must(uuid.NewV7()).String()
	}
	c.Header("X-Request-ID", id)
	info := &requestInfo{ID: id, IP: clientIP(c), route: metricMethod(c.Request.Method) + " " + c.FullPath(), UserAgent: truncate(c.Request.UserAgent(), 200),
		Credential: s.credential(c.Request), Refresh: cookieValue(c.Request, s.cookies.refresh)}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestKey{}, info))
	c.Next()
}

func clientIP(c *gin.Context) string {
	if ip := net.ParseIP(c.ClientIP()); ip != nil {
		return ip.String()
	}
	return "unknown"
}

// truncate cuts s to at most n bytes and to valid UTF-8 without control characters.
func truncate(s string, n int) string {
	out := make([]rune, 0, min(len(s), n))
	size := 0
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			r = ' '
		}
		if size += len(string(r)); size > n {
			break
		}
		out = append(out, r)
	}
	return string(out)
}

// isTLS reports whether the person's browser speaks TLS to this address.
func (s *Server) isTLS(r *http.Request) bool {
	return r.TLS != nil || s.base.Scheme == "https"
}

package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// public, in place of a permission, marks a route that answers anybody. All
// other routes name one of internal/auth's permissions.
const public = "public"

const metaPermission = "permission"

const (
	cookieAccess  = "dm_access"
	cookieRefresh = "dm_refresh"
)

// who returns the caller of a route that is not public.
func who(ctx context.Context) *auth.Identity { return requestFrom(ctx).who }

// scopeOf returns on whose behalf a request runs.
func scopeOf(ctx context.Context) models.Scope { return who(ctx).Scope }

// credential returns the bearer token, or else the access cookie.
func (s *Server) credential(r *http.Request) string {
	if h := r.Header.Get("Authorization"); h != "" {
		token, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return "invalid"
		}
		return token
	}
	return cookieValue(r, s.cookies.access)
}

// maxCredential bounds what reaches the token parser.
const maxCredential = 4096

// cookieValue returns "" for a cookie that is missing or longer than any of ours.
func cookieValue(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil || len(c.Value) > maxCredential {
		return ""
	}
	return c.Value
}

var errSignIn = &models.Error{Code: models.CodeUnauthorized, Message: "Sign in first, or send a valid API key."}

// authorize finds out who calls and whether they may.
func (s *Server) authorize(r *http.Request, need string) error {
	ctx := r.Context()
	token := requestFrom(ctx).Credential
	if token == "" || len(token) > maxCredential {
		return errSignIn
	}
	id, err := s.deps.Auth.Authenticate(ctx, token)
	if err != nil {
		return err
	}
	requestFrom(ctx).who = id
	if !slices.Contains(id.Permissions, need) {
		return models.Errorf(models.CodeForbidden,
			"Your role does not allow this (it needs %q). Ask an administrator of your organisation.", need)
	}
	return nil
}

// guard runs before every huma handler: who calls, may they, is the body
// strict JSON.
func (s *Server) guard(hc huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(hc)
	need, _ := hc.Operation().Metadata[metaPermission].(string)
	if p := s.admit(c, need); p != nil {
		writeProblem(c, p)
		return
	}
	if err := checkQuery(c.Request.URL); err != nil {
		writeProblem(c, validationProblem(c.Request.Context(), http.StatusBadRequest, "", []error{asDetail(err)}))
		return
	}
	if hc.Operation().RequestBody != nil || c.Request.ContentLength != 0 {
		if p := readBody(c, hc.Operation().RequestBody != nil); p != nil {
			writeProblem(c, p)
			return
		}
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), handlerTimeout(hc.Operation()))
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	next(hc)
}

// admit answers nil when the caller may use the route.
func (s *Server) admit(c *gin.Context, need string) *Problem {
	ctx := c.Request.Context()
	switch need {
	case public:
		return nil
	case "":
		return newProblem(ctx, http.StatusForbidden, models.CodeForbidden, "This route names no permission.")
	}
	if err := s.authorize(c.Request, need); err != nil {
		return s.problem(ctx, err)
	}
	return nil
}

package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/models"
)

func TestFirstRunToPasswordToSignOut(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.BaseURL = "https://data.example.com" })
	p := b.a
	var me api.Me
	p.do(http.MethodGet, "/auth/me", nil).into(t, &me)
	require.Equal(t, "ann@a.example", me.User.Email)
	require.Equal(t, "Org A", me.Org.Name)
	require.Equal(t, models.RoleOwner, me.Role)
	require.False(t, me.User.HasPassword)
	require.Contains(t, me.Permissions, "members.write")
	require.Equal(t, "builtin", me.Features.Planner)

	const password = "correct horse battery"
	res := p.do(http.MethodPost, "/auth/password", map[string]any{"name": "Ann A.", "email": "ann@company.example", "new_password": password})
	require.Equal(t, http.StatusNoContent, res.status, res.body)
	var log api.Page[api.AuditEvent]
	p.do(http.MethodGet, "/audit", nil).into(t, &log)
	require.Equal(t, "user.password", log.Items[0].Action)
	require.Equal(t, map[string]any{"email": true, "name": true}, log.Items[0].Detail, "what changed, not to what")
	stranger := &person{bundle: b}
	wrong := stranger.do(http.MethodPost, "/auth/login", map[string]any{"email": "ann@company.example", "password": "wrong password!"})
	require.Equal(t, http.StatusUnauthorized, wrong.status)
	unknown := stranger.do(http.MethodPost, "/auth/login", map[string]any{"email": "nobody@company.example", "password": password})
	require.Equal(t, wrong.field(t, "detail"), unknown.field(t, "detail"), "which part was wrong must not show")
	require.Eventually(t, func() bool { // it is recorded beside the answer
		p.do(http.MethodGet, "/audit?action=session.refuse", nil).into(t, &log)
		return len(log.Items) == 1 && log.Items[0].UserID == p.scope.UserID
	}, 10*time.Second, 20*time.Millisecond, "who is refused shows, once; who is nobody does not")
	res = stranger.do(http.MethodPost, "/auth/login", map[string]any{"email": "Ann@Company.example", "password": password})
	require.Equal(t, http.StatusNoContent, res.status, res.body)
	for _, c := range res.cookies {
		require.True(t, c.HttpOnly && c.Secure, c.Name)
		require.Equal(t, http.SameSiteStrictMode, c.SameSite, c.Name)
		require.Equal(t, map[string]string{"__Host-dm_access": "/", "__Secure-dm_refresh": "/api/v1/auth"}[c.Name], c.Path)
		require.Empty(t, c.Domain)
	}
	stranger.cookies(res)
	require.Equal(t, http.StatusOK, stranger.do(http.MethodGet, "/auth/me", nil).status)

	res = stranger.do(http.MethodPost, "/auth/logout", nil)
	require.Equal(t, http.StatusNoContent, res.status, res.body)
	require.Equal(t, http.StatusUnauthorized, stranger.do(http.MethodGet, "/auth/me", nil).status, "the old cookie is dead")
	require.Equal(t, http.StatusOK, p.do(http.MethodGet, "/auth/me", nil).status, "the other device stays")
}

func TestRefreshRotatesAndReuseEndsTheFamily(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := *b.a
	res := b.a.do(http.MethodPost, "/auth/refresh", nil)
	require.Equal(t, http.StatusNoContent, res.status, res.body)
	b.a.cookies(res)
	require.NotEqual(t, old.refresh, b.a.refresh)
	second := old.do(http.MethodPost, "/auth/refresh", nil)
	require.Equal(t, http.StatusNoContent, second.status, "a second tab of the same browser stays signed in")
	require.Len(t, second.cookies, 1, "with an access token only")
	execSQL(t, b.owner, "UPDATE sessions SET rotated_at = rotated_at - interval '1 minute'")
	require.Equal(t, http.StatusUnauthorized, old.do(http.MethodPost, "/auth/refresh", nil).status)
	require.Equal(t, http.StatusUnauthorized, b.a.do(http.MethodGet, "/auth/me", nil).status, "reuse revoked the family")
	require.Equal(t, http.StatusUnauthorized, b.a.do(http.MethodPost, "/auth/refresh", nil).status)
}

func TestSessionsAndSigningOutEverywhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	second := b.signIn(b.a.scope)
	var list api.Page[api.Session]
	b.a.do(http.MethodGet, "/sessions", nil).into(t, &list)
	require.Len(t, list.Items, 2)
	for _, s := range list.Items {
		if !s.Current {
			require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/sessions/"+s.ID, nil).status)
		}
	}
	require.Equal(t, http.StatusUnauthorized, second.do(http.MethodGet, "/auth/me", nil).status)
	third := b.signIn(b.a.scope)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodPost, "/auth/logout-all", nil).status)
	require.Equal(t, http.StatusUnauthorized, third.do(http.MethodGet, "/auth/me", nil).status)
	require.Equal(t, http.StatusOK, b.b.do(http.MethodGet, "/auth/me", nil).status, "other people stay signed in")
}

func TestALinkWorksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := newLink(t, b.auth, b.a.scope)
	first, second := &person{bundle: b}, &person{bundle: b}
	require.Equal(t, http.StatusNoContent, first.do(http.MethodPost, "/auth/link", map[string]any{"token": token}).status)
	require.Equal(t, http.StatusUnauthorized, second.do(http.MethodPost, "/auth/link", map[string]any{"token": token}).status)
	require.NotContains(t, b.logs.String(), token)
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res := b.a.do(http.MethodPost, "/api-keys", map[string]any{"name": "ci", "scopes": []string{"connections.read"}, "expires_in_days": 7})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	var key api.NewAPIKey
	res.into(t, &key)
	machine := &person{bundle: b}
	use := func(method, path string) *answer {
		return machine.do(method, path, nil, "Authorization", "Bearer "+key.Key)
	}
	require.Equal(t, http.StatusOK, use(http.MethodGet, "/connections").status)
	require.Equal(t, http.StatusForbidden, use(http.MethodGet, "/conversations").status, "not among its scopes")
	require.Equal(t, http.StatusForbidden, use(http.MethodPost, "/auth/password").status)
	listed := b.a.do(http.MethodGet, "/api-keys", nil)
	require.NotContains(t, listed.body, key.Key)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/api-keys/"+key.ID, nil).status)
	require.Equal(t, http.StatusUnauthorized, use(http.MethodGet, "/connections").status)

	analyst := b.member(models.RoleAnalyst)
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodPost, "/api-keys", map[string]any{"name": "x", "scopes": []string{"ask"}}).status)
	tooMuch := b.member(models.RoleAdmin).do(http.MethodPost, "/api-keys", map[string]any{"name": "x", "scopes": []string{"organisation.write"}})
	require.Equal(t, http.StatusUnprocessableEntity, tooMuch.status)
}

func TestSignInRoutesAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.AuthPerMinute = 5 })
	stranger := &person{bundle: b}
	var last *answer
	for range 6 {
		last = stranger.do(http.MethodPost, "/auth/login", map[string]any{"email": "x@y.example", "password": "nonsense"})
	}
	require.Equal(t, http.StatusTooManyRequests, last.status)
	require.Equal(t, "rate_limited", last.code(t))
	require.NotEmpty(t, last.header.Get("Retry-After"))
}

// What each role may do is one table; here it is seen from outside.
func TestRoles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	viewer, analyst, admin := b.member(models.RoleViewer), b.member(models.RoleAnalyst), b.member(models.RoleAdmin)
	for _, tc := range []struct {
		method, path string
		allowed      []*person
	}{
		{http.MethodGet, "/connections", []*person{viewer, analyst, admin}},
		{http.MethodPost, "/questions", []*person{analyst, admin}},
		{http.MethodPost, "/connections", []*person{admin}},
		{http.MethodGet, "/audit", []*person{admin}},
		{http.MethodGet, "/usage", []*person{admin}},
		{http.MethodGet, "/members", []*person{admin}},
		{http.MethodGet, "/api-keys", []*person{admin}},
	} {
		for _, p := range []*person{viewer, analyst, admin} {
			var body any
			if tc.method == http.MethodPost {
				body = map[string]any{}
			}
			res := p.do(tc.method, tc.path, body)
			allowed := false
			for _, who := range tc.allowed {
				allowed = allowed || who == p
			}
			require.Equal(t, !allowed, res.status == http.StatusForbidden, "%s %s as %s: %d", tc.method, tc.path, p.scope.Role, res.status)
		}
	}
	res := b.a.do(http.MethodGet, "/members?limit=2", nil)
	require.Equal(t, 2, strings.Count(res.body, `"role"`))
	require.NotEmpty(t, res.field(t, "next_cursor"))
}

// cookieName is a session cookie's name without the prefix it has on TLS.
func cookieName(c *http.Cookie) string {
	return strings.TrimPrefix(strings.TrimPrefix(c.Name, "__Host-"), "__Secure-")
}

package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// Another organisation's ids answer, on every route, what ids that do not
// exist answer, and nothing happens.
func TestOtherOrganisationsIdsAnswer404Everywhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs, none := b.a.belongings(), unknown()
	b.b.connection()
	reference := sameBody(t, b.b.do(http.MethodGet, "/questions/"+none["questions"], nil))
	walked := 0
	b.untouched(func() {
		for _, route := range b.server.Routes() {
			if !strings.Contains(route.Path, "{") {
				continue
			}
			for who, own := range map[string]belongings{"another organisation's": theirs, "nobody's": none} {
				body, _ := takesBody(own, route)
				res := b.b.walk(route, own.concrete(t, route), body)
				what := route.Method + " " + route.Path + " with " + who + " id"
				require.Equal(t, http.StatusNotFound, res.status, "%s: %s", what, res.body)
				require.Equal(t, reference, sameBody(t, res), what)
			}
			walked++
		}
		for _, path := range []string{"/questions", "/conversations", "/connections/test", "/models/test", "/verified-questions", "/auth/switch", "/dashboards/import", "/dashboards/propose", "/exports", "/exports/estimate", "/export-schedules", "/channels/test", "/alerts", "/alerts/preview", "/reports", "/reports/preview"} {
			for _, own := range []belongings{theirs, none} {
				res := b.b.do(http.MethodPost, path, own.bodies()["POST /api/v1"+path])
				require.Equal(t, reference, sameBody(t, res), "an id in the body of %s", path)
			}
		}
	})
	require.Greater(t, walked, 15)
}

func TestListsHoldOwnRowsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs := b.a.belongings()
	b.b.belongings()
	for _, route := range b.server.Routes() {
		if route.Method != http.MethodGet || strings.Contains(route.Path, "{") {
			continue
		}
		res := b.b.walk(route, route.Path, nil)
		for kind, id := range theirs {
			require.NotContains(t, res.body, id, "%s shows another organisation's %s", route.Path, kind)
		}
		require.NotContains(t, res.body, b.a.scope.OrgID, route.Path)
		require.NotContains(t, res.body, b.a.scope.UserID, route.Path)
		require.NotContains(t, res.body, "ann@a.example", route.Path)
	}
}

// A colleague's questions are private, an administrator included.
func TestAColleaguesConversationsArePrivate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs := b.a.belongings()
	colleague := b.member(models.RoleAdmin)
	b.untouched(func() {
		for _, route := range b.server.Routes() {
			kind := strings.HasPrefix(route.Path, "/api/v1/questions/{id}") || strings.HasPrefix(route.Path, "/api/v1/conversations/{id}") ||
				strings.HasPrefix(route.Path, "/api/v1/sessions/{id}") || strings.HasPrefix(route.Path, "/api/v1/exports/{id}") || strings.HasPrefix(route.Path, "/api/v1/export-schedules/{id}") ||
				strings.HasPrefix(route.Path, "/api/v1/reports/{id}") || strings.HasPrefix(route.Path, "/api/v1/report-runs/{id}")
			if !kind {
				continue
			}
			body, _ := takesBody(theirs, route)
			res := colleague.walk(route, theirs.concrete(t, route), body)
			require.Equal(t, http.StatusNotFound, res.status, "%s %s: %s", route.Method, route.Path, res.body)
		}
	})
}

func TestEveryRouteAgainstThePermissionTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	none := unknown()
	for _, role := range []models.Role{models.RoleViewer, models.RoleAnalyst, models.RoleAdmin, models.RoleOwner} {
		p := b.member(role)
		may := auth.Permissions(role)
		require.NotEmpty(t, may)
		var allowed []api.Route
		b.untouched(func() {
			for _, route := range b.server.Routes() {
				if route.Permission == "public" {
					continue
				}
				if slices.Contains(may, route.Permission) {
					allowed = append(allowed, route)
					continue
				}
				body, _ := takesBody(none, route)
				res := p.walk(route, none.concrete(t, route), body)
				require.Equal(t, http.StatusForbidden, res.status, "%s %s as %s: %s", route.Method, route.Path, role, res.body)
				require.Equal(t, "forbidden", res.code(t))
			}
		})
		for _, route := range allowed {
			var body any
			if _, ok := takesBody(none, route); ok {
				body = map[string]any{}
			}
			res := p.walk(route, none.concrete(t, route), body)
			require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, res.status,
				"%s %s as %s: %s", route.Method, route.Path, role, res.body)
			require.Less(t, res.status, 500, "%s %s", route.Method, route.Path)
			if strings.HasSuffix(route.Path, "/logout-all") {
				p = b.signIn(p.scope)
			}
		}
	}
}

func TestEveryRouteWithoutASignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs := b.a.belongings()
	b.untouched(func() {
		for _, route := range b.server.Routes() {
			if route.Permission == "public" {
				continue
			}
			body, _ := takesBody(theirs, route)
			for _, access := range []string{"", "nonsense", "dm_nonsense_key", "a.b.c", strings.Repeat("x", 5000)} {
				stranger := &person{bundle: b, access: access}
				res := stranger.walk(route, theirs.concrete(t, route), body)
				require.Equal(t, http.StatusUnauthorized, res.status, "%s %s: %s", route.Method, route.Path, res.body)
				requireProblem(t, res, route.Path)
				require.Equal(t, "unauthorized", res.code(t))
			}
		}
	})
}

// A key's rights are those it was given, as far as its owner has them now.
func TestAKeyLosesWhatItsOwnerLoses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.member(models.RoleAdmin)
	res := admin.do(http.MethodPost, "/api-keys", map[string]any{"name": "ci", "scopes": []string{auth.ReadConnections, auth.ReadAudit}})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	key := res.field(t, "key").(string)
	status := func(path string) int {
		return (&person{bundle: b}).do(http.MethodGet, path, nil, "Authorization", "Bearer "+key).status
	}
	require.Equal(t, http.StatusOK, status("/audit"))
	require.Equal(t, http.StatusForbidden, status("/usage"), "not among its scopes")
	execSQL(t, b.owner, "UPDATE memberships SET role = 'viewer' WHERE user_id = '"+admin.scope.UserID+"'")
	require.Equal(t, http.StatusForbidden, status("/audit"))
	require.Equal(t, http.StatusForbidden, admin.do(http.MethodGet, "/audit", nil).status, "the person's own token too, at once")
	require.Equal(t, http.StatusOK, status("/connections"))
	execSQL(t, b.owner, "UPDATE api_keys SET expires_at = now() - interval '1 second'")
	require.Equal(t, http.StatusUnauthorized, status("/connections"), "expired")
	execSQL(t, b.owner, "UPDATE api_keys SET expires_at = now() + interval '1 day'; DELETE FROM memberships WHERE user_id = '"+admin.scope.UserID+"'")
	require.Equal(t, http.StatusUnauthorized, status("/connections"), "no member any more")
	require.Equal(t, http.StatusUnauthorized, admin.do(http.MethodGet, "/connections", nil).status)
}

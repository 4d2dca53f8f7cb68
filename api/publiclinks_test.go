package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/models"
)

func (b *bundle) stranger() *person { return &person{bundle: b} }

func (p *person) publish(dashboard string, body map[string]any) (l api.NewPublicLink, token string) {
	p.t.Helper()
	res := p.do(http.MethodPost, "/dashboards/"+dashboard+"/links", body)
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	res.into(p.t, &l)
	_, token, found := strings.Cut(l.URL, "/public#token=")
	require.True(p.t, found, l.URL)
	return l, token
}

func TestPublicLinksShowWhatWasFixed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.a.filtered(b.a.known(b.a.connection()))
	require.Equal(t, http.StatusForbidden, b.member(models.RoleAnalyst).do(http.MethodPost, "/dashboards/"+d.ID+"/links", map[string]any{"expires_in_days": 1}).status)
	link, token := b.a.publish(d.ID, map[string]any{"expires_in_days": 1, "values": map[string]any{"country": "FR"}})
	require.GreaterOrEqual(t, len(token), 26)
	listed := b.a.do(http.MethodGet, "/dashboards/"+d.ID+"/links", nil)
	require.NotContains(t, listed.body, token, "it is shown once")
	require.Contains(t, listed.body, link.ID)

	b.runs.take()
	res := b.stranger().do(http.MethodPost, "/public/dashboard", map[string]any{"token": token})
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Len(t, b.runs.take(), 1, "nobody had read it yet")
	require.Empty(t, res.header.Get("Set-Cookie"))
	require.Contains(t, res.header.Get("X-Robots-Tag"), "noindex")
	require.Contains(t, res.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	for _, private := range []string{"SELECT", "customers", d.ID, d.Tiles[0].ConnectionID, b.a.scope.OrgID, b.a.scope.UserID, "Ann"} {
		require.NotContains(t, res.body, private)
	}
	b.a.finish(b.a.states(http.StatusOK, "/dashboards/"+d.ID+"/results", map[string]any{"values": map[string]any{"country": "FR"}}), []any{json.Number("33")})
	b.a.finish(b.a.states(http.StatusAccepted, "/dashboards/"+d.ID+"/refresh", map[string]any{"values": map[string]any{"country": "DE"}}), []any{json.Number("49")})
	b.runs.take()
	var shown api.PublicDashboard
	for range 3 {
		b.stranger().do(http.MethodPost, "/public/dashboard", map[string]any{"token": token}).into(t, &shown)
	}
	require.Empty(t, b.runs.take(), "strangers cannot have it read again and again")
	require.Equal(t, "[[33]]", mustJSON(shown.Tiles[0].Result.Rows))
	require.Equal(t, []api.PublicFilter{{Label: "country", Value: "FR"}}, shown.Filters)

	// Parameters cannot be changed by whoever looks.
	for _, body := range []map[string]any{
		{"token": token, "values": map[string]any{"country": "DE"}}, {"token": token, "dashboard_id": d.ID}, {"token": token + "?country=DE"}, {"token": strings.ToUpper(token)},
		{"token": token[1:]}, {"token": link.ID}, {"token": d.ID},
	} {
		res := b.stranger().do(http.MethodPost, "/public/dashboard", body)
		require.Contains(t, []int{http.StatusNotFound, http.StatusUnprocessableEntity}, res.status, res.body)
	}
	// Later defaults do not change what was fixed, and a filter that goes does not break it.
	res = b.a.do(http.MethodPut, "/dashboards/"+d.ID, put(d, map[string]any{"filters": []any{map[string]any{"name": "country", "type": "text", "default": "IT"}, map[string]any{"name": "least", "type": "number", "default": 5}}}))
	require.Equal(t, http.StatusOK, res.status, res.body)
	b.stranger().do(http.MethodPost, "/public/dashboard", map[string]any{"token": token}).into(t, &shown)
	require.Equal(t, "[[33]]", mustJSON(shown.Tiles[0].Result.Rows))
	require.Len(t, shown.Filters, 1, "no value was fixed for the other")
}

func mustJSON(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

func TestPublicLinksThatHaveEndedAnswerAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.member(models.RoleAdmin)
	d := b.a.filtered(b.a.known(b.a.connection()))
	view := func(token string) *answer {
		return b.stranger().do(http.MethodPost, "/public/dashboard", map[string]any{"token": token})
	}
	unknown := sameBody(t, view("nobody-ever-made-this-token"))
	gone := func(token, why string) {
		t.Helper()
		res := view(token)
		require.Equal(t, http.StatusNotFound, res.status, why)
		require.Equal(t, unknown, sameBody(t, res), why)
	}
	revoked, token := b.a.publish(d.ID, map[string]any{"expires_in_days": 1})
	require.Equal(t, http.StatusNotFound, b.b.do(http.MethodDelete, "/dashboards/"+d.ID+"/links/"+revoked.ID, nil).status)
	require.Equal(t, http.StatusOK, view(token).status)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/dashboards/"+d.ID+"/links/"+revoked.ID, nil).status)
	gone(token, "revoked")

	expired, token := b.a.publish(d.ID, map[string]any{"expires_in_days": 1})
	execSQL(t, b.owner, "UPDATE public_links SET expires_at = now() - interval '1 second' WHERE id = '"+expired.ID+"'")
	gone(token, "expired")

	_, token = admin.publish(d.ID, map[string]any{"expires_in_days": 1})
	require.Equal(t, http.StatusOK, view(token).status)
	execSQL(t, b.owner, "UPDATE memberships SET role = 'analyst' WHERE user_id = '"+admin.scope.UserID+"'")
	gone(token, "its maker may not publish any more")
	execSQL(t, b.owner, "UPDATE memberships SET role = 'admin' WHERE user_id = '"+admin.scope.UserID+"'")
	require.Equal(t, http.StatusOK, view(token).status)
	execSQL(t, b.owner, "UPDATE dashboards SET sharing = 'private' WHERE id = '"+d.ID+"'")
	gone(token, "its maker does not see the dashboard any more")
	execSQL(t, b.owner, "UPDATE dashboards SET sharing = 'view' WHERE id = '"+d.ID+"'; DELETE FROM memberships WHERE user_id = '"+admin.scope.UserID+"'")
	gone(token, "its maker has left")

	_, token = b.a.publish(d.ID, map[string]any{"expires_in_days": 1})
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/dashboards/"+d.ID, nil).status)
	gone(token, "the dashboard is gone")
	limited := false
	for range 80 {
		limited = limited || view("guess-after-guess-0123").status == http.StatusTooManyRequests
	}
	require.True(t, limited, "guessing is slow")
}

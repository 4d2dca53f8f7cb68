package api_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
)

func TestWhatAnIdempotencyKeyNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.a.connection(), b.a.connection()
	send := func(p *person, path, key string, body map[string]any) *answer {
		return p.do(http.MethodPost, path, body, "Idempotency-Key", key)
	}
	ask := func(key, text, connection string) *answer {
		return send(b.a, "/questions", key, map[string]any{"question": text, "connection_id": connection})
	}
	first := ask("request-0001", "How many?", one)
	require.Equal(t, http.StatusAccepted, first.status, first.body)
	conversation, _ := first.field(t, "conversation_id").(string)
	require.Equal(t, first.field(t, "id"), ask("request-0001", " How many? ", one).field(t, "id"), "a repeat")
	elsewhere := ask("request-0003", "Elsewhere?", one)
	b.untouched(func() {
		for name, res := range map[string]*answer{
			"other words":               ask("request-0001", "How much?", one),
			"another database":          ask("request-0001", "How many?", two),
			"a conversation's own":      send(b.a, "/conversations/"+elsewhere.field(t, "conversation_id").(string)+"/questions", "request-0001", map[string]any{"question": "How many?"}),
			"of no conversation at all": send(b.a, "/conversations/"+store.NewID()+"/questions", "request-0001", map[string]any{"question": "How many?"}),
		} {
			requireProblem(t, res, name)
			require.Contains(t, []int{http.StatusConflict, http.StatusNotFound}, res.status, name)
		}
		for _, bad := range []string{"short", strings.Repeat("k", 129), "with space in it", "x\"y'z;--------", "ключ-ключ-ключ", "../../../../etc", "a,b,c,d,e,f,g,h"} {
			res := ask(bad, "How many?", one)
			require.Equal(t, http.StatusBadRequest, res.status, bad)
			requireProblem(t, res, bad)
			require.Contains(t, res.body, "header.Idempotency-Key")
		}
	})
	require.Equal(t, http.StatusAccepted, send(b.a, "/conversations/"+conversation+"/questions", "request-0002", map[string]any{"question": "How many?"}).status)
	other := b.member("analyst")
	theirs := send(other, "/questions", "request-0001", map[string]any{"question": "How many?", "connection_id": one})
	require.Equal(t, http.StatusAccepted, theirs.status, theirs.body)
	require.NotEqual(t, first.field(t, "id"), theirs.field(t, "id"), "a key names one person's request")
}

// lists are the routes that give pages.
func (b *bundle) lists(own belongings) (paths []string) {
	for _, route := range b.server.Routes() {
		path := own.concrete(b.t, route)
		if route.Method != http.MethodGet {
			continue
		}
		if body := b.a.raw(http.MethodGet, path, nil).body; strings.HasPrefix(body, `{"items":`) && strings.Contains(body, `"next_cursor":`) {
			paths = append(paths, path)
		}
	}
	require.Greater(b.t, len(paths), 5)
	return paths
}

func cursor(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestBadPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.a.belongings()
	lists := b.lists(own)
	bad := []url.Values{}
	for name, values := range map[string][]string{
		"limit": {"0", "-1", "201", "999999999999", "99999999999999999999", "NaN", "1e2", "0x10", "1.5", "", "10;DROP TABLE x", "null", "١٠", "+5 ", "true"},
		"cursor": {"x", "%00", "null", "' OR 1=1", strings.Repeat("A", 301), cursor("null"), cursor("[]"), cursor(`{"t":"x","i":"y"}`), cursor(`{"i":"` + store.NewID() + `","t":1}`),
			cursor(`{"t":"2026-01-01T00:00:00Z","i":"1; DROP TABLE users"}`), cursor(`{"t":"99999-01-01T00:00:00Z","i":"` + store.NewID() + `"}`)},
		"page": {"0", "1"}, "order": {"desc nulls first, (select 1)"}, "sort": {"created_at"}, "filter": {"created_at>'2024-01-01' or 1=1"}, "org_id": {b.b.scope.OrgID}, "": {"x"},
	} {
		for _, value := range values {
			bad = append(bad, url.Values{name: {value}})
		}
	}
	b.untouched(func() {
		for _, path := range lists {
			for _, query := range bad {
				res := b.a.raw(http.MethodGet, path+"?"+query.Encode(), nil)
				if query.Get("limit") == "" && query.Has("limit") && res.status == http.StatusOK {
					continue // as if it were not there
				}
				requireProblem(t, res, path+"?"+query.Encode())
				require.Equal(t, "invalid", res.code(t))
			}
		}
	})
}

// A cursor is a place in time, not a right: one of another list or of another
// organisation shows nothing of theirs.
func TestCursorsOfOthersShowOwnRowsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.a.belongings()
	for range 2 {
		b.b.asked(b.b.connection())
		b.b.do(http.MethodPost, "/api-keys", map[string]any{"name": "k", "scopes": []string{"ask"}})
		b.signIn(b.b.scope)
	}
	theirs := b.b.belongings()
	for _, from := range []string{"/connections", "/conversations", "/api-keys", "/sessions", "/audit"} {
		page := b.b.do(http.MethodGet, from+"?limit=1", nil)
		next, _ := page.field(t, "next_cursor").(string)
		require.NotEmpty(t, next, from)
		for _, path := range b.lists(own) {
			res := b.a.raw(http.MethodGet, path+"?cursor="+next, nil)
			require.Equal(t, http.StatusOK, res.status, res.body)
			for _, id := range theirs {
				require.NotContains(t, res.body, id)
			}
			require.NotContains(t, res.body, b.b.scope.OrgID)
			require.NotContains(t, res.body, b.b.scope.UserID)
		}
	}
}

// A page of another site cannot change anything with a person's cookies.
func TestCrossOriginWritesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.BaseURL = "http://data.example.com" })
	own := b.a.belongings()
	b.untouched(func() {
		for _, route := range b.writes() {
			if origin(route) != nil {
				continue // the codec has its own, narrower rule
			}
			body, _ := takesBody(own, route)
			for _, headers := range [][]string{{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "http://data.example.com.evil.example"},
				{"Origin", "http://data.example.com:8081"}, {"Origin", uiOrigin}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
				{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}} {
				var raw []byte
				if body != nil {
					raw = []byte(`{"token":"0123456789abcdef"}`)
				}
				res := b.a.raw(route.Method, own.concrete(t, route), raw, append([]string{"Content-Type", "application/json"}, headers...)...)
				require.Equal(t, http.StatusForbidden, res.status, "%s %s %v: %s", route.Method, route.Path, headers, res.body)
				require.Equal(t, "cross_origin", res.code(t))
				require.Empty(t, res.cookies)
			}
		}
	})
	for _, headers := range [][]string{{"Origin", "http://data.example.com"}, {"Origin", b.http.URL}, {"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}, {}} {
		require.Equal(t, http.StatusCreated, b.a.do(http.MethodPost, "/conversations", map[string]any{"connection_id": own["connections"]}, headers...).status, headers)
	}
	for _, path := range []string{"/auth/me", "/connections", "/questions/" + own["questions"]} {
		res := b.a.do(http.MethodGet, path, nil, "Origin", "https://evil.example")
		require.Empty(t, res.header.Get("Access-Control-Allow-Origin"), "another site's page does not see the answer")
	}
}

// Every answer of every route carries the headers and is not kept.
func TestHeadersOnEveryRoute(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.BaseURL = "https://data.example.com" })
	own := b.a.belongings()
	for _, route := range b.server.Routes() {
		if route.Method == http.MethodDelete || strings.Contains(route.Path, "logout") {
			continue
		}
		for _, p := range []*person{b.a, {bundle: b}} {
			body, _ := takesBody(own, route)
			res := p.walk(route, own.concrete(t, route), body)
			h := res.header
			require.Equal(t, "no-store", h.Get("Cache-Control"), route.Path)
			require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), route.Path)
			require.Regexp(t, `script-src 'self';`, h.Get("Content-Security-Policy"), route.Path)
			require.Regexp(t, `frame-ancestors 'none'`, h.Get("Content-Security-Policy"), route.Path)
			require.NotEmpty(t, h.Get("Strict-Transport-Security"), route.Path)
			require.Empty(t, h.Get("Server")+h.Get("X-Powered-By")+h.Get("Location"), route.Path)
			for _, c := range res.cookies {
				require.True(t, c.HttpOnly && c.Secure && c.SameSite == http.SameSiteStrictMode && c.Domain == "", c.Name)
			}
		}
	}
}

// Nothing that a person typed and no secret reaches the log.
func TestLogsHoldNoSecretsAndNoQuestions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	link := newLink(t, b.auth, b.a.scope)
	b.a.do(http.MethodPost, "/auth/link", map[string]any{"token": link})
	b = b.a.bundle
	p := b.signIn(b.a.scope)
	connection := p.connection()
	q := p.do(http.MethodPost, "/questions", map[string]any{"connection_id": connection, "question": "Zanzibar revenue?"}, "Idempotency-Key", "zanzibar-key-1")
	id := q.field(t, "id").(string)
	p.do(http.MethodPost, "/questions/"+id+"/edit-sql", map[string]any{"sql": "SELECT zanzibar"})
	p.do(http.MethodGet, "/questions?text=zanzibar", nil)
	p.do(http.MethodPost, "/questions/"+id+"/clarify", map[string]any{"reply": "zanzibar"})
	key := p.do(http.MethodPost, "/api-keys", map[string]any{"name": "zanzibar", "scopes": []string{"ask"}}).field(t, "key").(string)
	p.do(http.MethodGet, "/connections", nil, "Authorization", "Bearer "+key)
	p.do(http.MethodPost, "/auth/refresh", nil)
	p.do(http.MethodPost, "/auth/login", map[string]any{"email": "zanzibar@a.example", "password": "zanzibar password"})
	logs := strings.ToLower(b.logs.String())
	for _, secret := range []string{"zanzibar", "s3cret-of-the-shop", link, key, p.access, p.refresh, "ann@a.example"} {
		require.NotContains(t, logs, strings.ToLower(secret))
	}
	require.Contains(t, logs, `"request_id"`)
}

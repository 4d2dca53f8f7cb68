package api_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
)

// pageServer serves a small page without any store behind it.
func pageServer(t *testing.T, config api.Config) *httptest.Server {
	t.Helper()
	s, err := api.New(api.Deps{Log: slog.New(slog.DiscardHandler), Config: config, Web: fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html><title>DataMind</title>")},
		"favicon.svg":          {Data: []byte("<svg/>")},
		"assets/app-1a2b3c.js": {Data: []byte("export {}")},
		"assets/big-4d5e6f.js": {Data: []byte(strings.Repeat("export const a = 1;\n", 1000))},
	}})
	require.NoError(t, err)
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	return srv
}

func fetch(t *testing.T, method, url string, header http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

func TestPageAndItsAssets(t *testing.T) {
	t.Parallel()
	srv := pageServer(t, api.Config{})
	for _, tc := range []struct {
		path, cache, kind string
		status            int
	}{
		{"/", "no-cache", "text/html; charset=utf-8", 200},
		{"/index.html", "no-cache", "text/html; charset=utf-8", 200},
		{"/conversations/018f", "no-cache", "text/html; charset=utf-8", 200},
		{"/favicon.svg", "no-cache", "image/svg+xml", 200},
		{"/assets/app-1a2b3c.js", "public, max-age=31536000, immutable", "text/javascript; charset=utf-8", 200},
		{"/assets/app-gone.js", "", "application/problem+json", 404},
		{"/api/nothing", "no-store", "application/problem+json", 404},
		{"/api/v1/nothing", "no-store", "application/problem+json", 404},
		{"/health/other", "no-store", "application/problem+json", 404},
		{"/health", "", "application/problem+json", 404},
		{"/robots.txt", "", "application/problem+json", 404},
		{"/..%2f..%2fetc/passwd", "no-cache", "text/html; charset=utf-8", 200},
	} {
		res, _ := fetch(t, http.MethodGet, srv.URL+tc.path, nil)
		require.Equal(t, tc.status, res.StatusCode, tc.path)
		require.Equal(t, tc.cache, res.Header.Get("Cache-Control"), tc.path)
		require.Equal(t, tc.kind, res.Header.Get("Content-Type"), tc.path)
	}
	_, body := fetch(t, http.MethodGet, srv.URL+"/login?next=//evil.example", nil)
	require.Contains(t, body, "<title>DataMind</title>")
}

func TestAssetsAreCompressed(t *testing.T) {
	t.Parallel()
	srv := pageServer(t, api.Config{})
	res, body := fetch(t, http.MethodGet, srv.URL+"/assets/big-4d5e6f.js", http.Header{"Accept-Encoding": {"gzip"}})
	require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
	require.Contains(t, res.Header.Get("Vary"), "Accept-Encoding")
	require.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"))
	require.Less(t, len(body), 2000)
	plain, err := gzip.NewReader(strings.NewReader(body))
	require.NoError(t, err)
	whole, err := io.ReadAll(plain)
	require.NoError(t, err)
	require.Len(t, whole, 20_000)
	res, body = fetch(t, http.MethodGet, srv.URL+"/assets/big-4d5e6f.js", http.Header{"Accept-Encoding": {"identity"}})
	require.Empty(t, res.Header.Get("Content-Encoding"))
	require.Len(t, body, 20_000)
}

func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	srv := pageServer(t, api.Config{BaseURL: "https://data.example.com"})
	for _, path := range []string{"/", "/assets/app-1a2b3c.js", "/api/v1/auth/me", "/api/v1/nothing", "/health/live"} {
		res, _ := fetch(t, http.MethodGet, srv.URL+path, http.Header{"X-Forwarded-Host": {"evil.example"}})
		h := res.Header
		csp := h.Get("Content-Security-Policy")
		require.Contains(t, csp, "script-src 'self';", path)
		require.NotContains(t, csp, "unsafe-eval", path)
		require.Contains(t, csp, "frame-ancestors 'none'", path)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), path)
		require.NotEmpty(t, h.Get("Permissions-Policy"), path)
		require.Contains(t, h.Get("Strict-Transport-Security"), "max-age=31536000", path)
		require.NotEmpty(t, h.Get("X-Request-ID"), path)
	}
	plain := pageServer(t, api.Config{BaseURL: "http://localhost:8080"})
	res, _ := fetch(t, http.MethodGet, plain.URL+"/", nil)
	require.Empty(t, res.Header.Get("Strict-Transport-Security"), "not on plain HTTP")
}

// A script in index.html runs by its hash, on the page's own answers only.
func TestScriptsOfTheIndexAreAllowedByTheirHash(t *testing.T) {
	t.Parallel()
	s, err := api.New(api.Deps{Log: slog.New(slog.DiscardHandler), Web: fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html><script>alert(1)</script><script type=\"module\" src=\"/assets/a.js\"></script><script>\n</script>")},
		"assets/app-1a2b3c.js": {Data: []byte("export {}")},
	}})
	require.NoError(t, err)
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	hash := func(script string) string {
		sum := sha256.Sum256([]byte(script))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	for _, path := range []string{"/", "/conversations/018f"} {
		res, _ := fetch(t, http.MethodGet, srv.URL+path, nil)
		csp := res.Header.Get("Content-Security-Policy")
		require.Contains(t, csp, "script-src 'self' "+hash("\n")+" "+hash("alert(1)")+";", path)
		require.Equal(t, 1, strings.Count(csp, "script-src"), path)
	}
	for _, path := range []string{"/assets/app-1a2b3c.js", "/api/v1/auth/me"} {
		res, _ := fetch(t, http.MethodGet, srv.URL+path, nil)
		require.Contains(t, res.Header.Get("Content-Security-Policy"), "script-src 'self';", path)
	}
}

func TestMethodsAndRequestIDs(t *testing.T) {
	t.Parallel()
	srv := pageServer(t, api.Config{})
	for _, method := range []string{"TRACE", "PROPFIND", "PUT"} {
		for _, path := range []string{"/", "/api/v1/auth/me"} {
			res, body := fetch(t, method, srv.URL+path, nil)
			require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, method+path)
			require.Contains(t, body, `"code":"method_not_allowed"`)
		}
	}
	res, _ := fetch(t, http.MethodGet, srv.URL+"/", http.Header{"X-Request-Id": {"trace-12345678"}})
	require.Equal(t, "trace-12345678", res.Header.Get("X-Request-ID"))
	for _, bad := range []string{"x\tSet-Cookie: a=b", "${jndi:ldap://127.0.0.1/a}", "short"} {
		res, _ := fetch(t, http.MethodGet, srv.URL+"/", http.Header{"X-Request-Id": {bad}})
		require.NotEqual(t, bad, res.Header.Get("X-Request-ID"))
	}
}

// Every route names what it needs; the few that need nothing are listed here.
func TestEveryRouteNamesItsPermission(t *testing.T) {
	t.Parallel()
	s, err := api.New(api.Deps{Config: api.Config{TemporalUIURL: "http://localhost:8233"}})
	require.NoError(t, err)
	open := map[string]bool{
		"GET /api/v1/auth/state": true, "POST /api/v1/auth/link": true, "POST /api/v1/auth/login": true,
		"POST /api/v1/auth/refresh": true, "POST /api/v1/auth/logout": true,
		"POST /api/v1/auth/invitation": true, "POST /api/v1/auth/invitation/check": true,
		"POST /api/v1/public/dashboard": true,
		"GET /health/live":              true, "GET /health/ready": true,
		"GET /api/v1/openapi.json": true, "GET /api/v1/openapi.yaml": true,
		"GET /api/v1/exports/{id}/file":         true, // by its link
		"OPTIONS /api/v1/temporal/codec/decode": true, "OPTIONS /api/v1/temporal/codec/encode": true,
	}
	routes := s.Routes()
	require.Greater(t, len(routes), 40)
	for _, r := range routes {
		require.NotEmpty(t, r.Permission, "%s %s names no permission", r.Method, r.Path)
		require.Equal(t, open[r.Method+" "+r.Path], r.Permission == "public", "%s %s", r.Method, r.Path)
	}
	require.Len(t, routes, s.RegisteredRoutes(), "a route was added past the table")
}

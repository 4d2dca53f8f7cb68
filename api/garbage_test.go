package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
)

// writes are the routes that change something.
func (b *bundle) writes() (routes []api.Route) {
	for _, route := range b.server.Routes() {
		switch route.Method {
		case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
			routes = append(routes, route)
		}
	}
	return routes
}

// garbage are bodies that no route accepts.
func garbage() map[string]string {
	return map[string]string{
		"null": "null", "array": "[]", "cut off": "{", "text": `"x"`, "number": "1", "two documents": `{}{}`, "no JSON": "<a/>", "blank key": `{"":1}`,
		"unknown field": `{"unknown_field":1}`, "foreign tenant": `{"org_id":"00000000-0000-0000-0000-000000000000"}`,
		"same key twice": `{"name":"a","Name":"b"}`, "deep": strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
		"very deep": strings.Repeat("[", 100_000), "huge number": `{"port":1e999,"max_rows":99999999999999999999}`,
		"invalid UTF-8": "{\"question\":\"\xff\xfe\"}", "NUL": `{"question":"a\u0000b"}`, "raw NUL": "{\"question\":\"\x00\"}",
		"half a surrogate": `{"question":"\ud800"}`, "UTF-16": "\xff\xfe{\x00}\x00", "byte order mark": "\xef\xbb\xbf{}",
		"1 MiB text": `{"question":"` + strings.Repeat("x", 1<<20) + `"}`, "many items": `{"schemas":[` + strings.Repeat(`"a",`, 20_000) + `"a"]}`,
	}
}

func TestGarbageBodiesAreRefusedByEveryRouteThatWrites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.a.belongings()
	routes := b.writes()
	require.Greater(t, len(routes), 20)
	b.untouched(func() {
		for _, route := range routes {
			path := own.concrete(t, route)
			for name, raw := range garbage() {
				res := b.a.raw(route.Method, path, []byte(raw), append([]string{"Content-Type", "application/json"}, origin(route)...)...)
				requireProblem(t, res, route.Method+" "+route.Path+" with "+name)
			}
			if _, ok := takesBody(own, route); ok && origin(route) == nil {
				res := b.a.raw(route.Method, path, nil, "Content-Type", "application/json")
				requireProblem(t, res, route.Method+" "+route.Path+" without a body")
			}
		}
	})
}

// Each field of each route, given values of all the wrong types.
func TestFieldsOfWrongTypesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.a.belongings()
	bodies := own.bodies()
	b.untouched(func() {
		for _, route := range b.writes() {
			valid, ok := bodies[route.Method+" "+route.Path]
			if !ok {
				continue
			}
			for field, value := range valid {
				for _, wrong := range wrongFor(value) {
					body := maps.Clone(valid)
					body[field] = wrong
					res := b.a.walk(route, own.concrete(t, route), body)
					raw, err := json.Marshal(wrong)
					require.NoError(t, err)
					requireProblem(t, res, route.Method+" "+route.Path+" "+field+" = "+string(raw[:min(len(raw), 60)]))
				}
			}
		}
	})
}

func wrongFor(value any) []any {
	long, big := strings.Repeat("x", 100_000), json.Number("12345678901234567890123")
	object, array := map[string]any{"x": 1}, []any{[]any{1}}
	switch value.(type) {
	case string:
		return []any{1, true, object, array, long}
	case bool:
		return []any{"true", 1, 0, object, array}
	case int:
		return []any{"1", 1.5, -1, 0, true, object, array, big, 1 << 40}
	}
	return []any{"x", 1, true, object, array, []any{nil}, []any{""}, []any{long}}
}

func TestBodiesMustBePlainJSON(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.a.belongings()
	valid, err := json.Marshal(own.bodies()["POST /api/v1/questions"])
	require.NoError(t, err)
	b.untouched(func() {
		for _, header := range [][]string{
			{"Content-Type", "application/xml"}, {"Content-Type", "text/plain"}, {}, {"Content-Type", "application/json; charset=utf-7"},
			{"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Type", "multipart/form-data; boundary=x"},
			{"Content-Type", "application/json, text/plain"}, {"Content-Type", "application/merge-patch+json"},
			{"Content-Type", "application/json", "Content-Encoding", "gzip"}, {"Content-Type", "application/json", "Content-Encoding", "br"},
		} {
			res := b.a.raw(http.MethodPost, "/api/v1/questions", valid, header...)
			requireProblem(t, res, strings.Join(header, " "))
			require.Equal(t, http.StatusUnsupportedMediaType, res.status, header)
			require.Equal(t, "unsupported_media_type", res.code(t))
		}
	})
	res := b.a.raw(http.MethodPost, "/api/v1/questions", valid, "Content-Type", "application/json; charset=utf-8")
	require.Equal(t, http.StatusAccepted, res.status, res.body)
}

// A body is refused by its announced length, and one without a length once
// it grows too long: never read whole.
func TestOversizedBodiesAndHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const megabytes = 50
	for _, announced := range []bool{true, false} {
		body := &endless{left: megabytes << 20}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.http.URL+"/api/v1/questions", body)
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.AddCookie(&http.Cookie{Name: "dm_access", Value: b.a.access})
		if announced {
			req.ContentLength = megabytes << 20
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
		require.Greater(t, body.left, 40<<20, "refused long before its end")
	}
	for _, headers := range [][]string{
		{"Authorization", "Bearer " + strings.Repeat(".", 1<<20)}, {"Cookie", "dm_access=" + strings.Repeat("a", 1<<20)}, {"X-Long", strings.Repeat("a", 1<<20)},
	} {
		res := (&person{bundle: b}).raw(http.MethodGet, "/api/v1/auth/me", nil, headers...)
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.status, "refused before any handler")
	}
	res := (&person{bundle: b}).raw(http.MethodGet, "/api/v1/auth/me", nil, "Authorization", "Bearer "+strings.Repeat(".", 20_000))
	require.Equal(t, http.StatusUnauthorized, res.status)
}

// endless sends x until it has sent enough.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

// Texts in a query that PostgreSQL cannot store are the caller's mistake.
func TestQueriesMustBeText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.a.belongings()
	b.untouched(func() {
		for _, route := range b.server.Routes() {
			if route.Method != http.MethodGet || !strings.HasPrefix(route.Path, "/api/") || strings.HasSuffix(route.Path, "/events") || strings.HasPrefix(route.Path, "/api/v1/openapi.") {
				continue
			}
			for _, name := range []string{"q", "target", "action", "connection_id", "cursor"} {
				for _, text := range []string{"a%00b", "%ff", "%c3%28"} {
					path, _, _ := strings.Cut(own.concrete(t, route), "?")
					res := b.a.raw(http.MethodGet, path+"?"+name+"="+text, nil)
					requireProblem(t, res, route.Path+" with "+name+" = "+text)
				}
			}
		}
	})
}

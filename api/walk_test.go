package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// contents digests every table's rows, so that a test can prove that nothing
// at all was written.
func (b *bundle) contents() map[string]string {
	b.t.Helper()
	conn, err := pgx.Connect(b.t.Context(), b.owner)
	require.NoError(b.t, err)
	defer func() { _ = conn.Close(b.t.Context()) }()
	rows, err := conn.Query(b.t.Context(), `SELECT table_name FROM information_schema.tables
		WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
	require.NoError(b.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b.t, err)
	require.Greater(b.t, len(tables), 10)
	out := map[string]string{}
	for _, table := range tables {
		var digest string
		require.NoError(b.t, conn.QueryRow(b.t.Context(),
			fmt.Sprintf("SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) FROM %s t", table)).Scan(&digest))
		out[table] = digest
	}
	return out
}

// untouched runs f and requires that no row and no run changed.
func (b *bundle) untouched(f func()) {
	b.t.Helper()
	b.runs.take()
	before := b.contents()
	f()
	require.Equal(b.t, before, b.contents())
	require.Empty(b.t, b.runs.take())
}

// belongings are ids of one of everything that a person has.
type belongings map[string]string

func (p *person) belongings() belongings {
	p.t.Helper()
	own := belongings{"connections": p.connection()}
	q := p.asked(own["connections"])
	p.move(q, models.StatusAnswered)
	own["questions"], own["conversations"] = q.ID, q.ConversationID
	v := &models.VerifiedQuestion{ConnectionID: own["connections"], Question: q.Question, SQL: "SELECT 1"}
	require.NoError(p.t, p.store.CreateVerified(p.t.Context(), p.scope, v))
	own["verified-questions"] = v.ID
	res := p.do(http.MethodPost, "/api-keys", map[string]any{"name": "ci", "scopes": []string{auth.ReadConnections}})
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	own["api-keys"] = res.field(p.t, "id").(string)
	p.known(own["connections"])
	res = p.do(http.MethodPost, "/connections/"+own["connections"]+"/terms", map[string]any{"term": "big", "meaning": "m", "schema": "public", "table": "orders", "condition": "total > 100"})
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	own["terms"] = res.field(p.t, "id").(string)
	res = p.do(http.MethodPost, "/connections/"+own["connections"]+"/metrics", map[string]any{"name": "net", "schema": "public", "table": "orders", "expression": "sum(total)"})
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	own["metrics"] = res.field(p.t, "id").(string)
	own["saved-queries"] = p.savedQuery(own["connections"], false)
	own["exports"] = p.exported(own["connections"]).ID
	own["export-schedules"] = p.scheduled(own["connections"], nil).ID
	own["alerts"] = p.alert(own["saved-queries"], nil).ID
	var open api.Page[api.Session]
	p.do(http.MethodGet, "/sessions", nil).into(p.t, &open)
	own["sessions"] = open.Items[0].ID
	own["members"] = p.scope.UserID
	own["invitations"] = p.invited(store.NewID()+"@example.com", models.RoleViewer).ID
	own["organisations"] = p.scope.OrgID
	own["channels"] = p.channel("the channel "+store.NewID(), nil).ID
	own["deliveries"] = p.delivery(own["channels"], models.DeliveryFailed)
	own["models"] = p.model("the model "+store.NewID(), nil).ID
	own["dashboards"], own["tile"] = p.dashboard(own["connections"])
	own["reports"] = p.report(map[string]any{"dashboard_id": own["dashboards"]}).ID
	own["report-runs"] = p.reported(own["reports"], time.Now().UTC().Truncate(time.Second))
	link := &models.PublicLink{DashboardID: own["dashboards"], TokenHash: []byte(store.NewID()), ExpiresAt: time.Now().Add(time.Hour), Values: map[string]any{}}
	require.NoError(p.t, p.store.CreatePublicLink(p.t.Context(), p.scope, link))
	own["link"] = link.ID
	return own
}

// concrete puts ids into a route's path; a new kind of id must be added above.
func (own belongings) concrete(t *testing.T, route api.Route) string {
	t.Helper()
	if !strings.Contains(route.Path, "{") {
		return route.Path
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(route.Path, "/api/v1/"), "/")
	require.Contains(t, own, kind, "%s has an id of a kind that this test does not know", route.Path)
	path := strings.NewReplacer("{id}", own[kind], "{run}", "1", "{kind}", "plan", "{attempt}", "1", "{schema}", "public", "{name}", "orders",
		"{version}", "1", "{tile}", own["tile"], "{link}", own["link"]).Replace(route.Path)
	if strings.HasSuffix(path, "/catalog/search") {
		path += "?q=orders"
	}
	require.NotContains(t, path, "{", "a parameter that this test does not know")
	return path
}

// bodies are a valid body of each route that takes one.
func (own belongings) bodies() map[string]map[string]any {
	ask := map[string]any{"question": "How many orders?", "connection_id": own["connections"]}
	connect := map[string]any{"name": "db", "host": "h", "port": 5432, "database": "d", "username": "u", "password": "p", "schemas": []string{"public"}}
	return map[string]map[string]any{
		"POST /api/v1/auth/link":                             {"token": "0123456789abcdef"},
		"POST /api/v1/auth/login":                            {"email": "ann@a.example", "password": "not the password"},
		"POST /api/v1/auth/password":                         {"name": "N", "email": "n@example.com", "current_password": "x", "new_password": "a quiet river"},
		"POST /api/v1/connections":                           connect,
		"POST /api/v1/connections/test":                      {"connection_id": own["connections"]},
		"PATCH /api/v1/connections/{id}":                     {"name": "renamed", "max_rows": 5},
		"POST /api/v1/conversations":                         {"connection_id": own["connections"], "title": "T"},
		"PATCH /api/v1/conversations/{id}":                   {"title": "renamed", "archived": true, "shared": true},
		"POST /api/v1/questions":                             ask,
		"POST /api/v1/conversations/{id}/questions":          {"question": "And by month?"},
		"POST /api/v1/questions/{id}/clarify":                {"reply": "2026"},
		"POST /api/v1/questions/{id}/approve":                {"yes": true},
		"POST /api/v1/questions/{id}/edit-sql":               {"sql": "SELECT 1"},
		"POST /api/v1/questions/{id}/feedback":               {"vote": "down", "comment": "too high"},
		"POST /api/v1/verified-questions":                    {"question_id": own["questions"], "question": "How many orders are there?", "sql": "SELECT 1"},
		"PATCH /api/v1/verified-questions/{id}":              {"question": "How many?", "sql": "SELECT 2"},
		"POST /api/v1/connections/{id}/sql":                  {"sql": "SELECT 1", "title": "One", "conversation_id": own["conversations"], "parameters": []any{}, "explain": true},
		"POST /api/v1/connections/{id}/sql/check":            {"sql": "SELECT 1", "parameters": []any{}},
		"PUT /api/v1/connections/{id}/notes":                 {"schema": "public", "table": "orders", "column": "total", "description": "d", "synonyms": []string{"turnover"}},
		"POST /api/v1/connections/{id}/terms":                {"term": "large", "meaning": "m", "schema": "public", "table": "orders", "condition": "total > 100"},
		"PUT /api/v1/terms/{id}":                             {"term": "large", "meaning": "m", "schema": "public", "table": "orders", "condition": "total > 100"},
		"POST /api/v1/connections/{id}/metrics":              {"name": "net sales", "description": "d", "schema": "public", "table": "orders", "expression": "sum(total)", "filter": "total > 0"},
		"PUT /api/v1/metrics/{id}":                           {"name": "net sales", "description": "d", "schema": "public", "table": "orders", "expression": "sum(total)", "filter": "total > 0"},
		"POST /api/v1/saved-queries":                         {"connection_id": own["connections"], "name": "q", "description": "d", "sql": "SELECT 1", "parameters": []any{}, "shared": true},
		"PATCH /api/v1/saved-queries/{id}":                   {"name": "renamed", "shared": true, "parameters": []any{}},
		"POST /api/v1/saved-queries/{id}/run":                {"parameters": map[string]any{}, "conversation_id": own["conversations"], "explain": false},
		"POST /api/v1/api-keys":                              {"name": "k", "scopes": []string{auth.Ask}, "expires_in_days": 3},
		"POST /api/v1/auth/invitation":                       {"token": "0123456789abcdef", "name": "N", "password": "a quiet river"},
		"POST /api/v1/auth/invitation/check":                 {"token": "0123456789abcdef"},
		"POST /api/v1/auth/switch":                           {"organisation_id": own["organisations"]},
		"PATCH /api/v1/auth/me":                              {"name": "N"},
		"POST /api/v1/invitations":                           {"email": "new@example.com", "role": "viewer"},
		"PATCH /api/v1/members/{id}":                         {"role": "admin"},
		"PATCH /api/v1/organisation":                         {"name": "N"},
		"PUT /api/v1/budget":                                 {"tokens_per_month": 5, "tokens_per_member": 2},
		"POST /api/v1/models":                                modelBody("m", nil),
		"POST /api/v1/models/test":                           {"model_id": own["models"], "preset": "other", "base_url": "https://llm.example.com/v1", "model": "m"},
		"PATCH /api/v1/models/{id}":                          {"name": "renamed", "enabled": false, "position": 1},
		"POST /api/v1/temporal/codec/decode":                 {"payloads": []any{}},
		"POST /api/v1/temporal/codec/encode":                 {"payloads": []any{}},
		"POST /api/v1/dashboards":                            {"name": "D", "description": "d", "sharing": "view", "filters": []any{}, "tiles": []any{}},
		"PUT /api/v1/dashboards/{id}":                        {"name": "D", "sharing": "view", "version": 1, "filters": []any{}, "tiles": []any{}},
		"POST /api/v1/dashboards/{id}/duplicate":             {"name": "Copy"},
		"POST /api/v1/dashboards/{id}/results":               {"values": map[string]any{}},
		"POST /api/v1/dashboards/{id}/refresh":               {"values": map[string]any{}},
		"POST /api/v1/dashboards/{id}/tiles":                 {"question_id": own["questions"], "title": "Pinned"},
		"POST /api/v1/dashboards/{id}/links":                 {"expires_in_days": 7, "values": map[string]any{}},
		"POST /api/v1/dashboards/import":                     {"yaml": "datamind: dashboard/v1\nname: D\ntiles: []\n", "dashboard_id": own["dashboards"]},
		"POST /api/v1/dashboards/propose":                    {"connection_id": own["connections"], "about": "orders"},
		"POST /api/v1/public/dashboard":                      {"token": "0123456789abcdef"},
		"POST /api/v1/tile-previews":                         {"tiles": []any{own.previewed()}, "values": map[string]any{}},
		"POST /api/v1/tile-previews/rows":                    {"tile": own.previewed(), "values": map[string]any{}},
		"POST /api/v1/dashboards/{id}/tiles/{tile}/rows":     {"values": map[string]any{}},
		"POST /api/v1/dashboards/{id}/tiles/{tile}/question": {"values": map[string]any{}},
		"POST /api/v1/exports":                               {"connection_id": own["connections"], "sql": "SELECT 1", "format": "csv", "compression": "gzip", "name": "one", "parameters": []any{}},
		"POST /api/v1/exports/estimate":                      {"saved_query_id": own["saved-queries"], "format": "csv", "values": map[string]any{}},
		"POST /api/v1/export-schedules":                      {"saved_query_id": own["saved-queries"], "values": map[string]any{}, "name": "one", "format": "csv", "compression": "gzip", "cron": "0 8 * * *", "time_zone": "UTC", "channels": []any{own["channels"]}, "target": "lake", "folder": "daily"},
		"PATCH /api/v1/export-schedules/{id}":                {"name": "renamed", "timing": map[string]any{"cron": "0 9 * * *", "time_zone": "UTC"}, "delivery": map[string]any{"channels": []any{}}},
		"PUT /api/v1/export-settings":                        {"keep_hours": 24, "roles": []map[string]any{{"role": "analyst", "max_rows": 5, "max_bytes": 1 << 20}}},
		"POST /api/v1/channels":                              channelBody("c", nil),
		"POST /api/v1/channels/test":                         {"channel_id": own["channels"], "name": "c", "kind": "webhook", "settings": map[string]any{"url": "https://hooks.example.com/in"}},
		"PATCH /api/v1/channels/{id}":                        {"name": "renamed", "enabled": false},
		"POST /api/v1/alerts":                                {"saved_query_id": own["saved-queries"], "parameters": map[string]any{"country": "DE"}, "name": "a", "condition": map[string]any{"kind": "threshold", "limit": 5}, "cron": "0 8 * * *", "time_zone": "UTC", "channels": []any{}},
		"POST /api/v1/alerts/preview":                        {"alert_id": own["alerts"], "dry_run": true},
		"PATCH /api/v1/alerts/{id}":                          {"name": "renamed", "shared": true, "timing": map[string]any{"cron": "0 9 * * *", "time_zone": "UTC"}},
		"POST /api/v1/alerts/{id}/snooze":                    {"minutes": 60},
		"POST /api/v1/alerts/{id}/backfill":                  {"times": []any{"2026-01-01T08:00:00Z"}},
		"POST /api/v1/reports":                               own.report(),
		"POST /api/v1/reports/preview":                       own.report(),
		"PATCH /api/v1/reports/{id}":                         {"name": "renamed", "timing": map[string]any{"cron": "0 9 * * *", "time_zone": "UTC"}, "pdf": false, "locale": "de", "skip_unchanged": true},
		"POST /api/v1/reports/{id}/run":                      {"only_me": true},
	}
}

// report is a report to make.
func (own belongings) report() map[string]any {
	return map[string]any{"name": "r", "questions": []any{map[string]any{"question_id": own["questions"]}}, "cron": "0 8 * * 1", "time_zone": "UTC",
		"recipients": []any{map[string]any{"channel_id": own["channels"]}}, "pdf": true, "skip_unchanged": false, "locale": "en"}
}

// previewed is a tile that is not stored.
func (own belongings) previewed() map[string]any {
	return map[string]any{"kind": "query", "connection_id": own["connections"], "sql": "SELECT id FROM orders", "x": 0, "y": 0, "w": 6, "h": 6, "order": 0}
}

// unknown is a set of ids that do not exist.
func unknown() belongings {
	own := belongings{}
	for _, kind := range []string{"connections", "questions", "conversations", "api-keys", "sessions", "models", "members", "invitations", "verified-questions",
		"saved-queries", "terms", "metrics", "organisations", "dashboards", "tile", "link", "exports", "export-schedules", "channels", "deliveries", "alerts", "reports", "report-runs"} {
		own[kind] = store.NewID()
	}
	return own
}

// walk sends a route a body; nil sends none.
func (p *person) walk(route api.Route, path string, body any) *answer {
	p.t.Helper()
	var raw []byte
	var headers []string
	if body != nil {
		var err error
		raw, err = json.Marshal(body)
		require.NoError(p.t, err)
		headers = []string{"Content-Type", "application/json"}
	}
	return p.raw(route.Method, path, raw, append(headers, origin(route)...)...)
}

// origin is what the codec wants to see.
func origin(route api.Route) []string {
	if strings.Contains(route.Path, "/temporal/codec/") {
		return []string{"Origin", uiOrigin}
	}
	return nil
}

func takesBody(own belongings, route api.Route) (any, bool) {
	body, ok := own.bodies()[route.Method+" "+route.Path]
	if !ok {
		return nil, false
	}
	return body, true
}

// requireProblem checks the form that every refusal has.
func requireProblem(t *testing.T, res *answer, what string) {
	t.Helper()
	require.True(t, res.status >= 400 && res.status < 500, "%s: %d %.300s", what, res.status, res.body)
	require.Equal(t, "application/problem+json", res.header.Get("Content-Type"), what)
	require.Regexp(t, `^[a-z_]+$`, res.code(t), what)
	for _, internal := range []string{"SQLSTATE", "goroutine", ".go:", "pq:", "gorm", " sql: ", "json:", "dial tcp"} {
		require.NotContains(t, res.body, internal, what)
	}
}

// sameBody is an answer's body without the request's id.
func sameBody(t *testing.T, res *answer) string {
	t.Helper()
	var m map[string]any
	res.into(t, &m)
	delete(m, "request_id")
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	return string(raw)
}

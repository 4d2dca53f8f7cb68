package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/models"
)

// connection: fields replace those of a plain connection; a field that does
// not exist is sent as it is, and stands in for the one it means as well.
func (c *corpus) connection(in badInput) bool {
	flow := strings.ToLower(in.text("flow"))
	switch {
	case strings.Contains(flow, "test-connection"):
		c.portScan()
		return true
	case strings.Contains(flow, "get connection"):
		c.passwordStays()
		return true
	case len(in.Input) == 0 || flow != "":
		return false
	}
	means := map[string]string{"sqlite_path": "host", "url": "host", "driver": "kind", "path": "database"}
	for field, value := range in.Input {
		if field == "port" {
			continue // goes with its host
		}
		values := []any{value}
		if text, ok := value.(string); ok && strings.Contains(text, " vs ") {
			values = nil
			for _, v := range strings.Split(text, " vs ") {
				v = strings.ReplaceAll(v, `\x00`, "\x00")
				values = append(values, v)
			}
		}
		for _, v := range values {
			body := c.plain(in)
			body[field] = v
			c.refusedConnection(in, body)
			if other := means[field]; other != "" {
				body := c.plain(in)
				body[other] = v
				c.refusedConnection(in, body)
			}
		}
	}
	return true
}

func (c *corpus) plain(in badInput) map[string]any {
	body := map[string]any{"name": "bad", "host": "db.example.com", "database": "d", "username": "u"}
	if port, ok := in.Input["port"]; ok {
		body["port"] = port
	}
	return body
}

// refusedConnection tries to save, change and test a connection. An IP address
// in its usual form is only refused when it is dialled.
func (c *corpus) refusedConnection(in badInput, body map[string]any) {
	c.t.Helper()
	if host, ok := body["host"].(string); ok {
		if addr, err := netip.ParseAddr(host); err == nil {
			c.notDialled(in, addr, body)
			return
		}
	}
	raw, err := json.Marshal(body)
	require.NoError(c.t, err)
	c.refused(in, c.a, http.MethodPost, "/api/v1/connections", raw)
	c.refused(in, c.a, http.MethodPost, "/api/v1/connections/test", raw)
	patch := maps.Clone(body)
	patch["password"] = "p"
	raw, err = json.Marshal(patch)
	require.NoError(c.t, err)
	c.refused(in, c.a, http.MethodPatch, "/api/v1/connections/"+c.own["connections"], raw)
}

func (c *corpus) notDialled(in badInput, addr netip.Addr, body map[string]any) {
	c.t.Helper()
	port := 5432
	if p, ok := body["port"].(float64); ok {
		port = int(p)
	}
	own := netip.AddrPortFrom(addr, uint16(port)) // as if one of the platform's servers were there
	for _, policy := range []connector.Policy{{}, {AllowPrivate: true, Deny: []netip.AddrPort{own}}} {
		report := connector.Test(c.t.Context(), connector.Config{Host: addr.String(), Port: port, Database: "d", User: "u",
			TLSMode: models.TLSDisable, Policy: policy})
		require.False(c.t, report.OK, in.ID)
		require.Equal(c.t, models.CodeAddressRefused, report.Code, "%s: %s", in.ID, report.Message)
	}
}

// portScan: tests of connections are few a minute, and say the same about
// every address that does not answer.
func (c *corpus) portScan() {
	deps := c.deps
	deps.Config.TestsPerMinute = 5
	_, srv := c.replica(deps)
	bundle, p := *c.bundle, *c.signIn(c.a.scope)
	bundle.http = srv
	p.bundle = &bundle
	p.scope.UserID = c.a.scope.UserID
	require.NoError(c.t, c.redis.Del(c.t.Context(), "rate:limit:test:"+p.scope.UserID).Err())
	refused := 0
	for n := range 50 {
		res := p.do(http.MethodPost, "/connections/test", map[string]any{"host": "10.0.0." + strconv.Itoa(n), "port": 5000 + n, "database": "d", "username": "u"})
		if res.status == http.StatusTooManyRequests {
			require.NotEmpty(c.t, res.header.Get("Retry-After"))
			refused++
		}
	}
	require.GreaterOrEqual(c.t, refused, 44)
	require.NoError(c.t, c.redis.Del(c.t.Context(), "rate:limit:test:"+p.scope.UserID).Err())
}

// passwordStays: no answer holds the password, and it is not sent to another
// place than it was typed for.
func (c *corpus) passwordStays() {
	id := c.a.connection()
	for _, path := range []string{"/connections", "/connections/" + id} {
		res := c.a.do(http.MethodGet, path, nil)
		require.Equal(c.t, http.StatusOK, res.status)
		require.NotContains(c.t, strings.ToLower(res.body), "password")
		require.NotContains(c.t, res.body, "s3cret")
	}
	for _, moved := range []map[string]any{{"host": "evil.example.com"}, {"port": 5433}, {"username": "other"}, {"database": "other"}, {"tls_mode": "disable"}} {
		res := c.a.do(http.MethodPatch, "/connections/"+id, moved)
		require.Equal(c.t, http.StatusUnprocessableEntity, res.status, "%v: %s", moved, res.body)
	}
	var kept api.Connection
	c.a.do(http.MethodGet, "/connections/"+id, nil).into(c.t, &kept)
	require.Equal(c.t, "db.example.com", kept.Host)
	require.WithinDuration(c.t, time.Now(), kept.CreatedAt, time.Minute)
}

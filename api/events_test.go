package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

const patience = 15 * time.Second

// watch opens a socket at srv; headers are pairs. The answer is a refusal's.
func (p *person) watch(srv *httptest.Server, question, after string, headers ...string) (*websocket.Conn, *answer) {
	p.t.Helper()
	header := http.Header{"Cookie": {"dm_access=" + p.access}}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	conn, res, err := websocket.Dial(p.t.Context(), srv.URL+"/api/v1/questions/"+question+"/events?after="+after,
		&websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		require.NotNil(p.t, res, "%v", err)
		body, err := io.ReadAll(res.Body)
		require.NoError(p.t, err)
		return nil, &answer{res.StatusCode, string(body), res.Header, nil}
	}
	conn.SetReadLimit(1 << 20)
	p.t.Cleanup(func() { _ = conn.CloseNow() })
	return conn, nil
}

func (p *person) watching(question, after string) *websocket.Conn {
	p.t.Helper()
	conn, refused := p.watch(p.http, question, after)
	require.Nil(p.t, refused, "%+v", refused)
	return conn
}

func next(t *testing.T, conn *websocket.Conn) realtime.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, raw, err := conn.Read(ctx)
	require.NoError(t, err)
	var e realtime.Event
	require.NoError(t, json.Unmarshal(raw, &e))
	return e
}

// closing reads until the server closes and returns the code.
func closing(t *testing.T, conn *websocket.Conn) websocket.StatusCode {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			require.NoError(t, ctx.Err(), "the server did not close")
			return websocket.CloseStatus(err)
		}
	}
}

func (b *bundle) publish(question, kind string, n int) {
	b.t.Helper()
	require.NoError(b.t, b.hub.Publish(b.t.Context(), question, kind, map[string]int{"n": n}))
}

func number(t *testing.T, e realtime.Event) int {
	t.Helper()
	var data struct{ N int }
	require.NoError(t, json.Unmarshal(e.Data, &data))
	return data.N
}

func TestAWatcherWithoutAnIDFirstGetsASnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	conn := b.a.watching(q.ID, "")
	first := next(t, conn)
	require.Equal(t, "snapshot", first.Type)
	var snapshot api.Question
	require.NoError(t, json.Unmarshal(first.Data, &snapshot))
	require.Equal(t, q.ID, snapshot.ID)
	require.Equal(t, models.StatusQueued, snapshot.Status)
	for i, kind := range []string{"step", "text", "text"} {
		b.publish(q.ID, kind, i+1)
		require.Equal(t, i+1, number(t, next(t, conn)))
	}
	// One who comes later sees the steps in the snapshot and gets the partial
	// text again, which is only in the stream.
	late := b.a.watching(q.ID, "")
	require.Equal(t, "snapshot", next(t, late).Type)
	require.Equal(t, 2, number(t, next(t, late)))
	require.Equal(t, 3, number(t, next(t, late)))
	b.publish(q.ID, "step", 4)
	require.Equal(t, 4, number(t, next(t, late)))
}

// A client that goes from replica to replica while a run goes on gets every
// event once, in order.
func TestResumeAcrossReplicasWithoutLossOrRepetition(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	deps := b.deps
	deps.Hub = realtime.New(b.redis)
	t.Cleanup(deps.Hub.Close)
	_, second := b.replica(deps)
	replicas := []*httptest.Server{b.http, second}
	const total, each = 300, 25
	conn := b.a.watching(q.ID, "")
	require.Equal(t, "snapshot", next(t, conn).Type)
	go func() {
		for n := 1; n <= total; n++ {
			if err := b.hub.Publish(t.Context(), q.ID, "step", map[string]int{"n": n}); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for seen := 0; seen < total; {
		last := ""
		for range each {
			e := next(t, conn)
			require.Equal(t, "step", e.Type)
			require.Equal(t, seen+1, number(t, e), "lost or repeated")
			seen, last = seen+1, e.ID
		}
		require.NoError(t, conn.CloseNow())
		var refused *answer
		conn, refused = b.a.watch(replicas[seen/each%2], q.ID, last)
		require.Nil(t, refused)
	}
	b.publish(q.ID, "step", total+1)
	require.Equal(t, total+1, number(t, next(t, conn)))
}

func TestAnIDThatTheStreamDoesNotHaveGetsASnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	b.publish(q.ID, "step", 1)
	for _, after := range []string{"1-1", "99999999999999999999-99999999999999999999", "0-0"} {
		require.Equal(t, "snapshot", next(t, b.a.watching(q.ID, after)).Type, after)
	}
	require.NoError(t, b.redis.FlushAll(t.Context()).Err())
	require.Equal(t, "snapshot", next(t, b.a.watching(q.ID, "1764100000000-0")).Type, "the stream is gone")
}

func TestASlowClientIsDroppedAndOthersAreNot(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	b := setup(t, func(d *api.Deps) {
		d.Metrics = registry
		d.Hub = realtime.NewWith(d.Redis, realtime.Options{Buffer: 4, SlowAfter: 2 * time.Second, Retry: 10 * time.Millisecond})
	})
	t.Cleanup(b.deps.Hub.Close)
	b.server.HurrySockets(2*time.Second, 0, 0, 0)
	q := b.a.asked(b.a.connection())
	b.a.watching(q.ID, "") // and never reads
	quick := b.a.watching(q.ID, "")
	require.Equal(t, "snapshot", next(t, quick).Type)
	const events = 100
	go func() {
		for range events {
			if err := b.hub.Publish(t.Context(), q.ID, "step", strings.Repeat("x", 200_000)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for range events {
		require.Equal(t, "step", next(t, quick).Type)
	}
	require.Eventually(t, func() bool {
		rec := httptest.NewRecorder()
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
		return strings.Contains(rec.Body.String(), "datamind_websocket_dropped_total 1")
	}, patience, 20*time.Millisecond)
	b.publish(q.ID, "step", 7)
	require.Equal(t, 7, number(t, next(t, quick)))
}

func TestASocketEndsWithItsSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.server.HurrySockets(0, 20*time.Millisecond, 0, 0)
	q := b.a.asked(b.a.connection())
	for name, end := range map[string]func(p *person){
		"signed out":       func(p *person) { p.do(http.MethodPost, "/auth/logout", nil) },
		"by another":       func(p *person) { b.a.do(http.MethodDelete, "/sessions/"+p.claims()["sid"].(string), nil) },
		"Redis is emptied": func(p *person) { p.do(http.MethodPost, "/auth/logout", nil); b.redis.FlushAll(t.Context()) },
		"expired":          func(*person) {},
	} {
		p := b.signIn(b.a.scope)
		if name == "expired" {
			p.access = p.with(jwt.MapClaims{"exp": time.Now().Add(4 * time.Second).Unix()})
		}
		conn := p.watching(q.ID, "")
		require.Equal(t, "snapshot", next(t, conn).Type)
		end(p)
		require.EqualValues(t, 4401, closing(t, conn), name)
	}
	conn := b.a.watching(q.ID, "")
	b.a.do(http.MethodPost, "/auth/logout-all", nil)
	require.EqualValues(t, 4401, closing(t, conn), "signed out everywhere")
}

func TestSocketsEndAndAskToReconnect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	b.server.HurrySockets(0, 0, 0, 50*time.Millisecond)
	require.Equal(t, websocket.StatusServiceRestart, closing(t, b.a.watching(q.ID, "")), "old")
	b.server.HurrySockets(0, 0, 20*time.Millisecond, time.Minute)
	b.publish(q.ID, "step", 1)
	conn := b.a.watching(q.ID, "")
	require.Equal(t, "snapshot", next(t, conn).Type)
	b.a.move(q, models.StatusAnswered)
	b.publish(q.ID, "end", 2)
	end := next(t, conn)
	require.Equal(t, websocket.StatusNormalClosure, closing(t, conn), "the run is over")
	require.Equal(t, websocket.StatusNormalClosure, closing(t, b.a.watching(q.ID, "")), "and was when the client came")
	require.Equal(t, websocket.StatusNormalClosure, closing(t, b.a.watching(q.ID, end.ID)), "or came back")
	running := b.a.asked(q.ConnectionID)
	conn = b.a.watching(running.ID, "")
	require.Equal(t, "snapshot", next(t, conn).Type)
	b.server.CloseSockets()
	require.Equal(t, websocket.StatusServiceRestart, closing(t, conn), "the process ends")
}

func TestSocketsAreBoundedByPersonOverAllReplicas(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.SocketsPerUser = 2 })
	_, second := b.replica(b.deps)
	q := b.a.asked(b.a.connection())
	one := b.a.watching(q.ID, "")
	_, refused := b.a.watch(second, q.ID, "")
	require.Nil(t, refused)
	_, refused = b.a.watch(second, q.ID, "")
	require.NotNil(t, refused)
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.Equal(t, "too_many_sockets", refused.code(t))
	require.NotEmpty(t, refused.header.Get("Retry-After"))
	other := b.b.asked(b.b.connection())
	b.b.watching(other.ID, "")
	require.NoError(t, one.Close(websocket.StatusNormalClosure, ""))
	require.Eventually(t, func() bool {
		_, refused := b.a.watch(second, q.ID, "")
		return refused == nil
	}, patience, 20*time.Millisecond, "the place is given back")
}

func TestSocketsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.BaseURL = "http://data.example.com" })
	q := b.a.asked(b.a.connection())
	for _, p := range []*person{b.b, b.member(models.RoleAdmin)} {
		_, refused := p.watch(b.http, q.ID, "")
		require.Equal(t, http.StatusNotFound, refused.status)
		requireProblem(t, refused, "another's question")
	}
	for _, id := range []string{store.NewID(), "x", strings.ToUpper(q.ID), "{" + q.ID + "}", "%00", "..%2f" + q.ID, "ask%2F" + q.ID} {
		_, refused := b.a.watch(b.http, id, "")
		require.Equal(t, http.StatusNotFound, refused.status, id)
		requireProblem(t, refused, id)
	}
	for _, after := range []string{"x", "-1", "1", "1-", "-", "1-1-1", "$", "%2B", "0-0%00", "1-1%0d%0aX:1", "+", "1e3-0", strings.Repeat("9", 500) + "-0"} {
		_, refused := b.a.watch(b.http, q.ID, after)
		require.Equal(t, http.StatusBadRequest, refused.status, after)
		requireProblem(t, refused, after)
	}
	_, refused := (&person{bundle: b}).watch(b.http, q.ID, "")
	require.Equal(t, http.StatusUnauthorized, refused.status)
	for _, origin := range []string{"https://evil.example", "http://data.example.com.evil.example", "null", "http://data.example.com:81",
		"https://data.example.com", "http://evil.data.example.com", uiOrigin, "file://", "javascript:alert(1)"} {
		_, refused := b.a.watch(b.http, q.ID, "", "Origin", origin)
		require.Equal(t, http.StatusForbidden, refused.status, origin)
		require.Equal(t, "cross_origin", refused.code(t))
	}
	for _, origin := range []string{"http://data.example.com", b.http.URL} {
		_, refused := b.a.watch(b.http, q.ID, "", "Origin", origin)
		require.Nil(t, refused, origin)
	}
	plain := b.a.do(http.MethodGet, "/questions/"+q.ID+"/events", nil)
	require.Equal(t, http.StatusUpgradeRequired, plain.status)
	requireProblem(t, plain, "no WebSocket")
}

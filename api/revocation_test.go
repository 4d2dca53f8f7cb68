package api_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
)

func (p *person) me() int { return p.do(http.MethodGet, "/auth/me", nil).status }

// newTokens uses the refresh token up.
func (p *person) newTokens() *person {
	p.t.Helper()
	res := p.do(http.MethodPost, "/auth/refresh", nil)
	require.Equal(p.t, http.StatusNoContent, res.status, res.body)
	next := *p
	next.cookies(res)
	return &next
}

// age makes the last rotation of all sessions older.
func (b *bundle) age(by string) {
	execSQL(b.t, b.owner, "UPDATE sessions SET rotated_at = rotated_at - interval '"+by+"'")
}

// Twenty requests with one token leave one live refresh token, and nobody is
// signed out.
func TestParallelRefreshesSignNobodyOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var mu sync.Mutex
	var refreshed []*person
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			tab := *b.a
			res := tab.do(http.MethodPost, "/auth/refresh", nil)
			mu.Lock()
			defer mu.Unlock()
			if res.status == http.StatusNoContent {
				tab.cookies(res)
				refreshed = append(refreshed, &tab)
			}
		})
	}
	wg.Wait()
	require.Len(t, refreshed, 20, "no tab is refused")
	fresh := map[string]*person{}
	for _, tab := range refreshed {
		require.Equal(t, http.StatusOK, tab.me())
		if tab.refresh != b.a.refresh {
			fresh[tab.refresh] = tab
		}
	}
	require.Len(t, fresh, 1, "exactly one new refresh token")
	b.age("1 minute")
	for _, tab := range fresh {
		require.Equal(t, http.StatusOK, tab.newTokens().me())
	}
}

// However many rotations ago a token was replaced, using it ends the session.
func TestAnOldRefreshTokenEndsItsSession(t *testing.T) {
	t.Parallel()
	for _, rotations := range []int{1, 2, 5} {
		b := setup(t)
		thief, other := *b.a, b.signIn(b.a.scope)
		victim := b.a
		for range rotations {
			victim = victim.newTokens()
		}
		b.age("11 seconds")
		res := thief.do(http.MethodPost, "/auth/refresh", nil)
		require.Equal(t, http.StatusUnauthorized, res.status, res.body)
		require.Empty(t, res.cookies)
		require.Equal(t, http.StatusUnauthorized, victim.me(), "after %d rotations", rotations)
		require.Equal(t, http.StatusUnauthorized, victim.do(http.MethodPost, "/auth/refresh", nil).status)
		require.Equal(t, http.StatusOK, other.me(), "the person's other device stays")
		require.Contains(t, b.logs.String(), "refresh token was used again")
	}
}

func TestForgedRefreshTokensEndNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	parts := strings.Split(b.a.refresh, ".")
	require.Len(t, parts, 3)
	b.untouched(func() {
		for _, forged := range []string{"", "x", "..", parts[0], parts[0] + ".x.y", parts[0] + "." + parts[1] + ".", parts[0] + ".other." + parts[2],
			b.b.claims()["sid"].(string) + "." + parts[1] + "." + parts[2], b.a.access, strings.Repeat("x.", 2000)} {
			p := &person{bundle: b, refresh: forged}
			res := p.do(http.MethodPost, "/auth/refresh", nil)
			require.Equal(t, http.StatusUnauthorized, res.status, "%q: %s", forged, res.body)
			requireProblem(t, res, forged)
			require.Equal(t, http.StatusNoContent, p.do(http.MethodPost, "/auth/logout", nil).status)
		}
	})
	require.Equal(t, http.StatusOK, b.a.newTokens().me())
}

func TestUnusedAndOldSessionsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.age("15 days")
	require.Equal(t, http.StatusUnauthorized, b.a.do(http.MethodPost, "/auth/refresh", nil).status, "not used for two weeks")
	execSQL(t, b.owner, "UPDATE sessions SET rotated_at = now(), expires_at = now() - interval '1 second'")
	require.Equal(t, http.StatusUnauthorized, b.b.do(http.MethodPost, "/auth/refresh", nil).status, "past its end")
}

// The row is the truth: a revocation holds when Redis has lost it or is away.
func TestRevocationWithoutRedis(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flushed, away, stays := b.signIn(b.a.scope), b.signIn(b.a.scope), b.signIn(b.a.scope)
	require.Equal(t, http.StatusOK, flushed.me())
	old := *flushed
	require.Equal(t, http.StatusNoContent, flushed.do(http.MethodPost, "/auth/logout", nil).status)
	require.Equal(t, http.StatusUnauthorized, old.me())
	require.NoError(t, b.redis.FlushAll(t.Context()).Err())
	require.Equal(t, http.StatusUnauthorized, old.me(), "Redis was emptied")

	require.NoError(t, b.redis.FlushAll(t.Context()).Err())
	down := redis.NewClient(&redis.Options{MaxRetries: -1, Dialer: b.redis.Options().Dialer, Addr: "127.0.0.1:1"})
	t.Cleanup(func() { _ = down.Close() })
	deps := b.deps
	deps.Redis, deps.Auth = down, newAuth(t, b.store, down)
	_, srv := b.replica(deps)
	at := func(p *person) *person { // the same person at a replica without Redis
		bundle, q := *b, *p
		bundle.http = srv
		q.bundle = &bundle
		return &q
	}
	require.Equal(t, http.StatusOK, at(stays).me(), "an open session works without Redis")
	res := at(away).do(http.MethodPost, "/auth/logout", nil)
	require.Equal(t, http.StatusServiceUnavailable, res.status, "the replica says that it could not tell the others")
	requireInternalsHidden(t, res)
	require.Equal(t, http.StatusUnauthorized, at(away).me())
	require.Equal(t, http.StatusUnauthorized, away.me(), "the other replica reads the row")
	require.Equal(t, http.StatusNoContent, at(away).do(http.MethodPost, "/auth/logout", nil).status, "a second time there is nothing left to do")
	for _, path := range []string{"/auth/login", "/auth/link", "/auth/refresh"} {
		body, _ := takesBody(unknown(), api.Route{Method: http.MethodPost, Path: "/api/v1" + path})
		res := at(stays).do(http.MethodPost, path, body)
		require.Equal(t, http.StatusServiceUnavailable, res.status, "what cannot be counted is not tried: %s", path)
		requireInternalsHidden(t, res)
	}
}

func requireInternalsHidden(t *testing.T, res *answer) {
	t.Helper()
	require.Equal(t, "application/problem+json", res.header.Get("Content-Type"))
	require.Equal(t, "unavailable", res.code(t))
	require.NotContains(t, res.body, "127.0.0.1")
	require.NotContains(t, res.body, "redis")
}

// Where Redis could not be told of a revocation, what it remembers of an open
// session ends within seconds.
func TestRedisRemembersOpenSessionsBriefly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, http.StatusOK, b.a.me())
	keys, err := b.redis.Keys(t.Context(), "session:*").Result()
	require.NoError(t, err)
	require.NotEmpty(t, keys)
	for _, key := range keys {
		require.LessOrEqual(t, b.redis.TTL(t.Context(), key).Val(), 15*time.Second)
	}
}

func TestSigningInEndsTheBrowsersEarlierSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	browser, other := b.signIn(b.a.scope), b.signIn(b.a.scope)
	before := *browser
	res := browser.do(http.MethodPost, "/auth/link", map[string]any{"token": newLink(t, b.auth, b.a.scope)})
	require.Equal(t, http.StatusNoContent, res.status, res.body)
	browser.cookies(res)
	require.NotEqual(t, before.access, browser.access)
	require.Equal(t, http.StatusOK, browser.me())
	require.Equal(t, http.StatusUnauthorized, before.me())
	require.Equal(t, http.StatusUnauthorized, before.do(http.MethodPost, "/auth/refresh", nil).status)
	require.Equal(t, http.StatusOK, other.me())
	failed := browser.do(http.MethodPost, "/auth/link", map[string]any{"token": "0123456789abcdef"})
	require.Equal(t, http.StatusUnauthorized, failed.status)
	require.Equal(t, http.StatusOK, browser.me(), "a sign-in that fails ends nothing")
}

// A session that was ended elsewhere can still be signed out of.
func TestLogoutAlwaysClearsTheCookies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.store.RevokeSessions(context.Background(), b.a.scope, "")
	require.NoError(t, err)
	for _, p := range []*person{b.a, {bundle: b}, {bundle: b, access: "x", refresh: "y"}, {bundle: b, access: strings.Repeat("x", 6000)}} {
		res := p.do(http.MethodPost, "/auth/logout", nil)
		require.Equal(t, http.StatusNoContent, res.status, res.body)
		require.Len(t, res.cookies, 2)
		for _, c := range res.cookies {
			require.Negative(t, c.MaxAge)
			require.Empty(t, c.Value)
		}
	}
}

func TestAPasswordChangeEndsAllOtherSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const many = 230 // more than one page of a list
	var values []string
	for range many {
		values = append(values, "(gen_random_uuid(), '"+b.a.scope.OrgID+"', '"+b.a.scope.UserID+"', gen_random_uuid()::text::bytea, now(), '', '', now() + interval '1 day', now())")
	}
	execSQL(t, b.owner, "INSERT INTO sessions (id, org_id, user_id, refresh_hash, rotated_at, user_agent, ip, expires_at, created_at) VALUES "+strings.Join(values, ","))
	res := b.a.do(http.MethodPost, "/auth/password", map[string]any{"new_password": "a quiet river runs"})
	require.Equal(t, http.StatusNoContent, res.status, res.body)
	var open api.Page[api.Session]
	b.a.do(http.MethodGet, "/sessions?limit=200", nil).into(t, &open)
	require.Len(t, open.Items, 1)
	require.True(t, open.Items[0].Current)
}

func TestChangingTheAccountNeedsTheCurrentPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	change := func(body map[string]any) *answer { return b.a.do(http.MethodPost, "/auth/password", body) }
	require.Equal(t, http.StatusNoContent, change(map[string]any{"new_password": "a quiet river runs"}).status)
	b.untouched(func() {
		for _, current := range []string{"", "a wrong password", "A quiet river runs", "a quiet river runs ", "a quiet river"} {
			res := change(map[string]any{"email": "thief@evil.example", "name": "Thief", "new_password": "another quiet river", "current_password": current})
			require.Equal(t, http.StatusForbidden, res.status, "%q: %s", current, res.body)
		}
		for _, bad := range []map[string]any{{"name": "a\nb"}, {"email": "x"}, {"email": "ben@b.example"}, {"new_password": "password12345"}} {
			body := map[string]any{"new_password": "another quiet river", "current_password": "a quiet river runs"}
			for k, v := range bad {
				body[k] = v
			}
			requireProblem(t, change(body), "")
		}
	})
	require.NotContains(t, b.logs.String(), "river", "no password in the log")
	key := b.a.do(http.MethodPost, "/api-keys", map[string]any{"name": "k", "scopes": []string{"profile"}}).field(t, "key").(string)
	machine := (&person{bundle: b}).do(http.MethodPost, "/auth/password", map[string]any{"new_password": "another quiet river", "current_password": "a quiet river runs"},
		"Authorization", "Bearer "+key)
	require.Equal(t, http.StatusForbidden, machine.status, "not with a key")
}

package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
)

const annsPassword = "a quiet river runs"

// withPassword gives Ann a password.
func (b *bundle) withPassword() {
	b.t.Helper()
	res := b.a.do(http.MethodPost, "/auth/password", map[string]any{"new_password": annsPassword})
	require.Equal(b.t, http.StatusNoContent, res.status, res.body)
}

// login tries a password from an address that a trusted proxy names.
func (b *bundle) login(email, password, from string) *answer {
	b.t.Helper()
	return (&person{bundle: b}).do(http.MethodPost, "/auth/login", map[string]any{"email": email, "password": password}, "X-Forwarded-For", from)
}

func trustLoopback(d *api.Deps) { d.Config.TrustedProxies = []string{"127.0.0.1"} }

func requireLimited(t *testing.T, res *answer) {
	t.Helper()
	require.Equal(t, http.StatusTooManyRequests, res.status, res.body)
	require.Equal(t, "rate_limited", res.code(t))
	wait, err := strconv.Atoi(res.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, wait)
}

// One account, however many addresses; the name's case and spaces do not make another.
func TestPasswordsAreNotGuessedFromManyAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t, trustLoopback)
	b.withPassword()
	spellings := []string{"ann@a.example", "ANN@a.example", " ann@a.example "}
	var tried int
	var last *answer
	for tried = 0; tried < 20; tried++ {
		last = b.login(spellings[tried%3], "wrong password", fmt.Sprintf("203.0.113.%d", tried+1))
		if last.status != http.StatusUnauthorized {
			break
		}
	}
	require.Equal(t, 10, tried)
	requireLimited(t, last)
	requireLimited(t, b.login("ann@a.example", annsPassword, "203.0.113.99"))
	unknown := b.login("nobody@a.example", "wrong password", "203.0.113.99")
	require.Equal(t, http.StatusUnauthorized, unknown.status, "other accounts are not concerned")
	for range 10 {
		last = b.login("nobody@a.example", "wrong password", "203.0.113.99")
	}
	requireLimited(t, last) // an address that nobody has is limited alike, so the limit tells nothing
	require.NoError(t, b.redis.Del(t.Context(), "rate:limit:login:ann@a.example").Err())
	require.Equal(t, http.StatusNoContent, b.login("ann@a.example", annsPassword, "203.0.113.99").status, "after the wait the right one works")
}

func TestAddressesAreLimitedByNetwork(t *testing.T) {
	t.Parallel()
	b := setup(t, trustLoopback, func(d *api.Deps) { d.Config.AuthPerMinute = 4 })
	attempt := func(n int, from string) *answer {
		return b.login(fmt.Sprintf("x%d@y.example", n), "wrong password", from)
	}
	for n := range 4 {
		require.Equal(t, http.StatusUnauthorized, attempt(n, fmt.Sprintf("2001:db8:1:2:%d::1", n)).status)
	}
	requireLimited(t, attempt(5, "2001:db8:1:2:ffff::9")) // the same /64
	require.Equal(t, http.StatusUnauthorized, attempt(6, "2001:db8:1:3::1").status, "the next network")
	require.Equal(t, http.StatusUnauthorized, attempt(7, "203.0.113.7").status)
	// What a client claims itself stands left of what the proxy saw.
	for n := range 3 {
		require.Equal(t, http.StatusUnauthorized, attempt(10+n, fmt.Sprintf("198.51.100.%d, 203.0.113.7", n)).status)
	}
	requireLimited(t, attempt(14, "198.51.100.9, 203.0.113.7"))
}

func TestAForwardedAddressIsNotBelievedWithoutAProxy(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.AuthPerMinute = 4 })
	var last *answer
	for n := range 5 {
		last = (&person{bundle: b}).do(http.MethodPost, "/auth/login", map[string]any{"email": fmt.Sprintf("x%d@y.example", n), "password": "wrong password"},
			"X-Forwarded-For", fmt.Sprintf("203.0.113.%d", n), "X-Real-IP", fmt.Sprintf("203.0.113.%d", n), "Forwarded", fmt.Sprintf("for=203.0.113.%d", n),
			"CF-Connecting-IP", fmt.Sprintf("203.0.113.%d", n))
	}
	requireLimited(t, last)
}

// Each route that signs in, or takes a password, is limited by itself.
func TestSignInRoutesAndDearRoutesAreLimited(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) {
		d.Config.AuthPerMinute, d.Config.AsksPerMinute, d.Config.TestsPerMinute = 3, 4, 2
	})
	own := b.a.belongings() // asks once, exports once and schedules one
	path := "/connections/" + own["connections"]
	for _, tc := range []struct {
		path string
		body any
		free int
	}{
		{"/auth/login", map[string]any{"email": "x@y.example", "password": "wrong"}, 3},
		{"/auth/refresh", nil, 3},
		{"/auth/password", map[string]any{"new_password": "password1234"}, 3},
		{"/questions", own.bodies()["POST /api/v1/questions"], 1},
		{path + "/test", nil, 2},
		{path + "/catalog/sync", nil, 6},
	} {
		for range tc.free {
			require.NotEqual(t, http.StatusTooManyRequests, b.a.do(http.MethodPost, tc.path, tc.body).status, tc.path)
		}
		requireLimited(t, b.a.do(http.MethodPost, tc.path, tc.body))
	}
	requireLimited(t, b.a.do(http.MethodPost, "/conversations/"+own["conversations"]+"/questions", map[string]any{"question": "q"}))
	requireLimited(t, b.a.do(http.MethodPost, "/questions/"+own["questions"]+"/edit-sql", map[string]any{"sql": "SELECT 1"}))
	requireLimited(t, b.a.do(http.MethodPost, "/connections/test", map[string]any{"connection_id": own["connections"]}))
	require.NotEqual(t, http.StatusTooManyRequests, b.b.do(http.MethodPost, "/questions", map[string]any{"question": "q"}).status)
}

func TestTheCurrentPasswordIsNotGuessed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withPassword()
	var last *answer
	for range 11 {
		last = b.a.do(http.MethodPost, "/auth/password", map[string]any{"current_password": "wrong password", "new_password": "another quiet river"})
	}
	requireLimited(t, last)
}

// A wrong password, an unknown address and a person without a password answer
// the same after the same work: argon2id's share is far above all else.
func TestSignInDoesNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withPassword()
	took := map[string]time.Duration{}
	var bodies []string
	for range 3 {
		for _, email := range []string{"ann@a.example", "nobody@a.example", "ben@b.example"} {
			start := time.Now()
			res := b.login(email, "wrong password", "")
			if d := time.Since(start); took[email] == 0 || d < took[email] {
				took[email] = d
			}
			require.Equal(t, http.StatusUnauthorized, res.status)
			bodies = append(bodies, sameBody(t, res))
		}
	}
	for _, body := range bodies {
		require.Equal(t, bodies[0], body)
	}
	for email, d := range took {
		require.Greater(t, d, took["ann@a.example"]/4, "%s: %v", email, took)
	}
	require.Equal(t, http.StatusUnauthorized, b.login(b.a.scope.UserID, annsPassword, "").status, "an id is no address")
}

// Passwords are compared to their last byte.
func TestPasswordsAreNotCut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	long := annsPassword + fmt.Sprintf("%054d", 7)
	require.Len(t, long, 72)
	res := b.a.do(http.MethodPost, "/auth/password", map[string]any{"new_password": long + "-tail one"})
	require.Equal(t, http.StatusNoContent, res.status, res.body)
	for _, wrong := range []string{long, long + "-tail two", long + "-tail one ", long + "-Tail one"} {
		require.Equal(t, http.StatusUnauthorized, b.login("ann@a.example", wrong, "").status, wrong)
	}
	require.Equal(t, http.StatusNoContent, b.login("ann@a.example", long+"-tail one", "").status)
}

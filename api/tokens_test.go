package api_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

var signingKey = []byte(strings.Repeat("k", 32)) // newAuth's

// claims of a valid access token of the person's session.
func (p *person) claims() jwt.MapClaims {
	p.t.Helper()
	c := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(p.access, c, func(*jwt.Token) (any, error) { return signingKey, nil })
	require.NoError(p.t, err)
	return c
}

func sign(t *testing.T, method jwt.SigningMethod, key any, typ string, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	token.Header["typ"] = typ
	text, err := token.SignedString(key)
	require.NoError(t, err)
	return text
}

// rawToken signs a payload that no library would write.
func rawToken(t *testing.T, header, payload string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(text, signingKey)
	require.NoError(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

const atJWT = "at+jwt"

// with is a token with the right key and some claims changed; nil removes one.
func (p *person) with(changes jwt.MapClaims) string {
	p.t.Helper()
	c := maps.Clone(p.claims())
	for k, v := range changes {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return sign(p.t, jwt.SigningMethodHS256, signingKey, atJWT, c)
}

// forgeries are access tokens that must not be believed, by what is wrong.
func (b *bundle) forgeries() map[string]string {
	t, p := b.t, b.a
	c, now := p.claims(), time.Now()
	ago := func(d time.Duration) int64 { return now.Add(-d).Unix() }
	parts := strings.Split(p.access, ".")
	swapped := strings.Split(p.with(jwt.MapClaims{"org": b.b.scope.OrgID}), ".")
	all := map[string]string{
		"alg none":                     sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, atJWT, c),
		"alg None, signed":             rawToken(t, `{"alg":"None","typ":"at+jwt"}`, string(decode(t, parts[1]))),
		"alg HS384":                    sign(t, jwt.SigningMethodHS384, signingKey, atJWT, c),
		"alg HS512":                    sign(t, jwt.SigningMethodHS512, signingKey, atJWT, c),
		"typ JWT":                      sign(t, jwt.SigningMethodHS256, signingKey, "JWT", c),
		"typ refresh":                  sign(t, jwt.SigningMethodHS256, signingKey, "rt+jwt", c),
		"no signature":                 parts[0] + "." + parts[1] + ".",
		"cut signature":                p.access[:len(p.access)-4],
		"org changed, old signature":   parts[0] + "." + swapped[1] + "." + parts[2],
		"org changed, signed":          p.with(jwt.MapClaims{"org": b.b.scope.OrgID}),
		"sub changed, signed":          p.with(jwt.MapClaims{"sub": b.b.scope.UserID}),
		"session of another":           p.with(jwt.MapClaims{"sid": b.b.claims()["sid"]}),
		"session unknown":              p.with(jwt.MapClaims{"sid": "00000000-0000-0000-0000-000000000000"}),
		"session no UUID":              p.with(jwt.MapClaims{"sid": "' OR 1=1"}),
		"no session":                   p.with(jwt.MapClaims{"sid": nil}),
		"no org":                       p.with(jwt.MapClaims{"org": nil}),
		"no sub":                       p.with(jwt.MapClaims{"sub": nil}),
		"wrong iss":                    p.with(jwt.MapClaims{"iss": "other"}),
		"no iss":                       p.with(jwt.MapClaims{"iss": nil}),
		"wrong aud":                    p.with(jwt.MapClaims{"aud": "other"}),
		"no aud":                       p.with(jwt.MapClaims{"aud": nil}),
		"exp now-1s":                   p.with(jwt.MapClaims{"exp": ago(time.Second)}),
		"exp now-1d":                   p.with(jwt.MapClaims{"exp": ago(24 * time.Hour)}),
		"no exp":                       p.with(jwt.MapClaims{"exp": nil}),
		"exp as string":                p.with(jwt.MapClaims{"exp": "9999999999"}),
		"exp in a year":                p.with(jwt.MapClaims{"exp": ago(-365 * 24 * time.Hour)}),
		"exp negative":                 p.with(jwt.MapClaims{"exp": -1}),
		"exp 1e400":                    rawToken(t, `{"alg":"HS256","typ":"at+jwt"}`, strings.Replace(string(decode(t, parts[1])), `"exp":`, `"exp":1e400,"x":`, 1)),
		"exp NaN":                      rawToken(t, `{"alg":"HS256","typ":"at+jwt"}`, strings.Replace(string(decode(t, parts[1])), `"exp":`, `"exp":NaN,"x":`, 1)),
		"nbf in the future":            p.with(jwt.MapClaims{"nbf": ago(-time.Hour)}),
		"no nbf":                       p.with(jwt.MapClaims{"nbf": nil}),
		"iat in the future":            p.with(jwt.MapClaims{"iat": ago(-time.Hour)}),
		"no iat":                       p.with(jwt.MapClaims{"iat": nil}),
		"refresh token used as access": p.refresh,
		"dots":                         strings.Repeat(".", 4000),
		"JSON, not JWT":                `{"sub":"` + p.scope.UserID + `"}`,
	}
	for _, weak := range []string{"", "secret", "changeme", "datamind", strings.Repeat("\x00", 32)} {
		all["key "+weak] = sign(t, jwt.SigningMethodHS256, []byte(weak), atJWT, c)
	}
	return all
}

func decode(t *testing.T, part string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	return raw
}

// requireNobody checks that a token opens nothing, as a cookie or as a bearer
// token, and changes nothing.
func (b *bundle) requireNobody(token, what string) {
	b.t.Helper()
	for _, p := range []*person{{bundle: b, access: token}, {bundle: b}} {
		var header []string
		if p.access == "" {
			header = []string{"Authorization", "Bearer " + token}
		}
		res := p.do(http.MethodGet, "/auth/me", nil, header...)
		require.Equal(b.t, http.StatusUnauthorized, res.status, "%s: %s", what, res.body)
		requireProblem(b.t, res, what)
		require.Equal(b.t, http.StatusUnauthorized, p.do(http.MethodPost, "/auth/logout-all", nil, header...).status, what)
		require.Equal(b.t, false, p.do(http.MethodGet, "/auth/state", nil, header...).field(b.t, "signed_in"), what)
	}
}

func TestForgedAccessTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, http.StatusOK, (&person{bundle: b, access: b.a.with(nil)}).do(http.MethodGet, "/auth/me", nil).status, "the control: nothing changed")
	b.untouched(func() {
		for what, token := range b.forgeries() {
			b.requireNobody(token, what)
		}
	})
	require.Equal(t, http.StatusOK, b.a.do(http.MethodGet, "/auth/me", nil).status)
	require.NotRegexp(t, regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10}`), b.logs.String(), "no token in the log")
}

// A token says who; what they may is read from the membership.
func TestARoleInATokenIsIgnored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	viewer := b.member(models.RoleViewer)
	viewer.access = viewer.with(jwt.MapClaims{"role": "owner", "permissions": []string{"audit.read"}})
	require.Equal(t, http.StatusOK, viewer.do(http.MethodGet, "/connections", nil).status)
	require.Equal(t, http.StatusForbidden, viewer.do(http.MethodGet, "/audit", nil).status)
}

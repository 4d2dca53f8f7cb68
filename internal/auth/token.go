package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/datamind/datamind/models"
)

// Lifetimes.
const (
	AccessTTL  = 15 * time.Minute
	RefreshTTL = 30 * 24 * time.Hour // of a session
	IdleTTL    = 14 * 24 * time.Hour // of a session that is not used
	LinkTTL    = 24 * time.Hour
)

const (
	issuer    = "datamind"
	audience  = "datamind-api"
	tokenType = "at+jwt" // RFC 9068
)

// claims of an access token. The role is not among them: it is read from the
// membership at every request, so a change takes effect at once.
type claims struct {
	jwt.RegisteredClaims
	Session string `json:"sid"`
	Org     string `json:"org"`
}

func (s *Service) sign(scope models.Scope, sessionID string, now time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{Session: sessionID, Org: scope.OrgID,
		RegisteredClaims: jwt.RegisteredClaims{Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: scope.UserID,
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(AccessTTL))}})
	token.Header["typ"] = tokenType
	return token.SignedString(s.key)
}

// parse accepts one algorithm, one type, one issuer and one audience, and
// wants every claim there; no token of ours lives longer than AccessTTL.
func (s *Service) parse(text string) (*claims, error) {
	var c claims
	token, err := jwt.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return s.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding())
	if err != nil {
		return nil, err
	}
	if token.Header["typ"] != tokenType || c.Session == "" || c.Org == "" || c.Subject == "" ||
		c.IssuedAt == nil || c.ExpiresAt.Sub(c.IssuedAt.Time) > AccessTTL {
		return nil, jwt.ErrTokenInvalidClaims
	}
	return &c, nil
}

// refreshToken makes a session's next refresh token, "<session>.<secret>.<mac>",
// and its hash. The session's id in it, which the mac vouches for, tells what
// to revoke when a token turns up long after it was replaced.
func (s *Service) refreshToken(sessionID string) (text string, hash []byte) {
	text, _ = secret()
	text = sessionID + "." + text
	text += "." + s.mac(text)
	return text, hashOf(text)
}

// family returns the session that a refresh token was made for.
func (s *Service) family(token string) (sessionID string, ok bool) {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 || !hmac.Equal([]byte(token[dot+1:]), []byte(s.mac(token[:dot]))) {
		return "", false
	}
	sessionID, _, ok = strings.Cut(token, ".")
	return sessionID, ok
}

// mac is keyed like the access tokens; its prefix keeps the two apart.
func (s *Service) mac(text string) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("datamind refresh token\x00" + text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// secret returns 32 random bytes as text, and their hash: only that is stored.
func secret() (text string, hash []byte) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails
	text = base64.RawURLEncoding.EncodeToString(raw[:])
	return text, hashOf(text)
}

func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

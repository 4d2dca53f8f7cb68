package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/datamind/datamind/models"
)

// Lifetimes.
const (
	AccessTTL  = 15 * time.Minute
	RefreshTTL = 30 * 24 * time.Hour
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
// wants every claim there.
func (s *Service) parse(text string) (*claims, error) {
	var c claims
	token, err := jwt.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return s.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding())
	if err != nil {
		return nil, err
	}
	if token.Header["typ"] != tokenType || c.Session == "" || c.Org == "" || c.Subject == "" || c.IssuedAt == nil {
		return nil, jwt.ErrTokenInvalidClaims
	}
	return &c, nil
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

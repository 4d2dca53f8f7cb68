package auth

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func keyed(letter string) *Service { return &Service{key: bytes.Repeat([]byte(letter), 32)} }

func TestNoStartWithAWeakKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "secret", "changeme", strings.Repeat("k", 31)} {
		_, err := New(nil, nil, []byte(key))
		require.Error(t, err, key)
	}
}

func TestAccessTokensHoldForTheirTimeAndKey(t *testing.T) {
	t.Parallel()
	s, scope := keyed("a"), models.Scope{OrgID: "org", UserID: "user", Role: models.RoleOwner}
	text, err := s.sign(scope, "session", time.Now())
	require.NoError(t, err)
	c, err := s.parse(text)
	require.NoError(t, err)
	require.Equal(t, []string{"org", "user", "session"}, []string{c.Org, c.Subject, c.Session})
	require.NotContains(t, text, "owner", "the role is not in it")
	_, err = keyed("b").parse(text)
	require.Error(t, err)
	for _, made := range []time.Time{time.Now().Add(-AccessTTL - time.Second), time.Now().Add(time.Minute)} {
		text, err := s.sign(scope, "session", made)
		require.NoError(t, err)
		_, err = s.parse(text)
		require.Error(t, err, made)
	}
}

func TestRefreshTokensNameTheirSession(t *testing.T) {
	t.Parallel()
	s := keyed("a")
	one, hash := s.refreshToken("session-1")
	two, other := s.refreshToken("session-1")
	require.NotEqual(t, one, two)
	require.NotEqual(t, hash, other)
	require.Equal(t, hash, hashOf(one))
	id, ok := s.family(one)
	require.True(t, ok)
	require.Equal(t, "session-1", id)
	_, ok = keyed("b").family(one)
	require.False(t, ok)
	for _, forged := range []string{"", ".", "..", "session-1", strings.Replace(one, "session-1", "session-2", 1), one + "x", one[:len(one)-1], strings.TrimPrefix(one, "s")} {
		_, ok := s.family(forged)
		require.False(t, ok, forged)
	}
}

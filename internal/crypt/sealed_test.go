package crypt_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/crypt"
)

type pair struct {
	sealer *crypt.Sealer
	opener *crypt.Opener
	priv   string
}

func newPair(t *testing.T) pair {
	t.Helper()
	pub, priv := crypt.GenerateKeys()
	s, err := crypt.NewSealer(pub)
	require.NoError(t, err)
	o, err := crypt.NewOpener(priv)
	require.NoError(t, err)
	return pair{s, o, priv}
}

func TestSealOpensUnderItsOwnIdsOnly(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for _, secret := range []string{"s3cret", "", "ünï¢ode\x00", string(bytes.Repeat([]byte("x"), 4096))} {
		sealed, err := p.sealer.Seal("org", "conn", []byte(secret))
		require.NoError(t, err)
		got, err := p.opener.Open("org", "conn", sealed)
		require.NoError(t, err)
		require.Equal(t, secret, got)
		for _, ids := range [][2]string{{"org2", "conn"}, {"org", "conn2"}, {"orgconn", ""}, {"or", "gconn"}, {"", ""}} {
			_, err = p.opener.Open(ids[0], ids[1], sealed)
			require.ErrorIs(t, err, crypt.ErrOpen)
		}
	}
}

func TestSealIsRandomised(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	a, err := p.sealer.Seal("o", "c", []byte("same"))
	require.NoError(t, err)
	b, err := p.sealer.Seal("o", "c", []byte("same"))
	require.NoError(t, err)
	require.NotEqual(t, []byte(a), []byte(b))
}

func TestOpenRefusesEveryChangedByte(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	sealed, err := p.sealer.Seal("o", "c", []byte("s3cret"))
	require.NoError(t, err)
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		_, err := p.opener.Open("o", "c", bad)
		require.ErrorIs(t, err, crypt.ErrOpen, "byte %d", i)
		_, err = p.opener.Open("o", "c", sealed[:i])
		require.ErrorIs(t, err, crypt.ErrOpen, "length %d", i)
	}
}

func TestRotationOldKeysStillOpen(t *testing.T) {
	t.Parallel()
	before, after := newPair(t), newPair(t)
	sealed, err := before.sealer.Seal("o", "c", []byte("s3cret"))
	require.NoError(t, err)
	_, err = after.opener.Open("o", "c", sealed)
	require.ErrorIs(t, err, crypt.ErrOpen)
	both, err := crypt.NewOpener(after.priv, before.priv)
	require.NoError(t, err)
	got, err := both.Open("o", "c", sealed)
	require.NoError(t, err)
	require.Equal(t, "s3cret", got)
}

func TestSealedNeverPrints(t *testing.T) {
	t.Parallel()
	s := crypt.Sealed("very secret bytes")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "sealed", s, "in", struct{ S crypt.Sealed }{s})
	raw, err := json.Marshal(map[string]any{"s": s})
	require.NoError(t, err)
	printed := fmt.Sprintf("%v %+v %#v %s %q %x %X %d %v", s, s, s, s, s, s, s, s, struct{ S crypt.Sealed }{s})
	hexed := fmt.Sprintf("%x", []byte(s))
	for _, out := range []string{printed, string(raw), log.String(), s.String()} {
		require.NotContains(t, out, "very")
		require.NotContains(t, out, hexed)
		require.NotContains(t, out, "118 101")
		require.NotContains(t, out, "dmVyeS")
	}
}

func TestKeysAreCheckedAndNeverRepeated(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "nonsense!", "c2hvcnQ=", "AAAA" + string(bytes.Repeat([]byte("A"), 60))} {
		_, err := crypt.NewSealer(bad)
		require.Error(t, err)
		_, err = crypt.NewOpener(bad)
		require.Error(t, err)
		if bad != "" {
			require.NotContains(t, err.Error(), bad)
		}
		_, err = crypt.PublicKey(bad)
		require.Error(t, err)
	}
	_, err := crypt.NewOpener()
	require.Error(t, err)
	pub, priv := crypt.GenerateKeys()
	derived, err := crypt.PublicKey(priv)
	require.NoError(t, err)
	require.Equal(t, pub, derived)
}

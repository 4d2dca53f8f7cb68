package crypt_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"github.com/datamind/datamind/internal/crypt"
)

func newCodec(t *testing.T, keys ...string) *crypt.Codec {
	t.Helper()
	c, err := crypt.NewCodec(keys...)
	require.NoError(t, err)
	return c
}

func payload(data string) *commonpb.Payload {
	return &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(data)}
}

func TestCodecRoundTrip(t *testing.T) {
	t.Parallel()
	c := newCodec(t, crypt.GenerateCodecKey())
	in := []*commonpb.Payload{payload(`{"a":1}`), payload(""), {}, payload(string(bytes.Repeat([]byte("word "), 200_000)))}
	enc, err := c.Encode(in)
	require.NoError(t, err)
	require.Len(t, enc, len(in))
	for i, p := range enc {
		require.NotContains(t, string(p.Data), `{"a"`)
		require.Equal(t, crypt.EncodingSealed, string(p.Metadata[crypt.MetadataEncoding]))
		require.Len(t, p.Metadata, 2, "nothing of the payload's own metadata shows: %d", i)
	}
	require.Less(t, len(enc[3].Data), 10_000, "compressed")
	dec, err := c.Decode(enc)
	require.NoError(t, err)
	for i := range in {
		require.True(t, proto.Equal(in[i], dec[i]), "payload %d", i)
	}
}

func TestCodecUnderADataConverter(t *testing.T) {
	t.Parallel()
	dc := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), newCodec(t, crypt.GenerateCodecKey()))
	type input struct{ ID, Question string }
	p, err := dc.ToPayload(input{"1", "how many customers"})
	require.NoError(t, err)
	require.NotContains(t, string(p.Data), "customers")
	var got input
	require.NoError(t, dc.FromPayload(p, &got))
	require.Equal(t, input{"1", "how many customers"}, got)
}

func TestCodecKeys(t *testing.T) {
	t.Parallel()
	oldKey, newKey := crypt.GenerateCodecKey(), crypt.GenerateCodecKey()
	enc, err := newCodec(t, oldKey).Encode([]*commonpb.Payload{payload("1")})
	require.NoError(t, err)

	_, err = newCodec(t, newKey).Decode(enc)
	require.ErrorIs(t, err, crypt.ErrDecode, "wrong key")

	rotated := newCodec(t, newKey, oldKey)
	dec, err := rotated.Decode(enc)
	require.NoError(t, err, "old key still decodes")
	require.Equal(t, "1", string(dec[0].Data))
	again, err := rotated.Encode(dec)
	require.NoError(t, err)
	_, err = newCodec(t, newKey).Decode(again)
	require.NoError(t, err, "the first key encodes")

	_, err = crypt.NewCodec()
	require.Error(t, err, "no key is not plaintext")
	_, err = crypt.NewCodec("short")
	require.Error(t, err)
}

func TestCodecRefusesTampering(t *testing.T) {
	t.Parallel()
	c := newCodec(t, crypt.GenerateCodecKey())
	enc, err := c.Encode([]*commonpb.Payload{payload("1")})
	require.NoError(t, err)
	for i := range enc[0].Data {
		bad := proto.Clone(enc[0]).(*commonpb.Payload)
		bad.Data[i] ^= 1
		_, err := c.Decode([]*commonpb.Payload{bad})
		require.ErrorIs(t, err, crypt.ErrDecode, "byte %d", i)
	}
	short := proto.Clone(enc[0]).(*commonpb.Payload)
	short.Data = nil
	_, err = c.Decode([]*commonpb.Payload{short})
	require.ErrorIs(t, err, crypt.ErrDecode)
	renamed := proto.Clone(enc[0]).(*commonpb.Payload)
	renamed.Metadata[crypt.MetadataKeyID] = []byte("other")
	_, err = c.Decode([]*commonpb.Payload{renamed})
	require.ErrorIs(t, err, crypt.ErrDecode)
}

func TestCodecRefusesForeignPayloads(t *testing.T) {
	t.Parallel()
	c := newCodec(t, crypt.GenerateCodecKey())
	for _, foreign := range []*commonpb.Payload{payload("plain"), {}, nil} {
		_, err := c.Decode([]*commonpb.Payload{foreign})
		require.ErrorIs(t, err, crypt.ErrDecode)
	}
}

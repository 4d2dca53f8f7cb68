package crypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

// Metadata of an encrypted payload.
const (
	MetadataEncoding = "encoding"
	MetadataKeyID    = "encryption-key-id"
	EncodingSealed   = "binary/datamind-zstd-aes256gcm"
	// maxPayload bounds what one payload may grow to when decompressed;
	// Temporal itself takes 2 MiB compressed.
	maxPayload = 64 << 20
)

// ErrDecode says that a payload cannot be decrypted: unknown key, or changed.
var ErrDecode = errors.New("payload cannot be decrypted with the keys at hand")

// Codec compresses and encrypts Temporal payloads. Safe for concurrent use.
type Codec struct {
	current string
	keys    map[string]cipher.AEAD
	enc     *zstd.Encoder
	dec     *zstd.Decoder
}

var _ converter.PayloadCodec = (*Codec)(nil)

// GenerateCodecKey makes a key for NewCodec, in base64.
func GenerateCodecKey() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	return base64.StdEncoding.EncodeToString(key[:])
}

// NewCodec takes 32-byte keys in base64, at least one: the first encodes, all decode.
func NewCodec(keys ...string) (*Codec, error) {
	if len(keys) == 0 {
		return nil, errors.New("no payload key is set")
	}
	c := &Codec{keys: make(map[string]cipher.AEAD, len(keys))}
	for i, k := range keys {
		raw, err := decodeKey(k, "payload key")
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("set up payload cipher: %w", err)
		}
		gcm, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("set up payload cipher: %w", err)
		}
		id := codecKeyID(raw)
		c.keys[id] = gcm
		if i == 0 {
			c.current = id
		}
	}
	var err error
	if c.enc, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)); err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}
	if c.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPayload)); err != nil {
		return nil, fmt.Errorf("set up decompression: %w", err)
	}
	return c, nil
}

// Encode implements converter.PayloadCodec. The whole payload, metadata
// included, is compressed and encrypted under a fresh random nonce.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode payload: %w", err)
		}
		packed := c.enc.EncodeAll(plain, nil)
		out[i] = &commonpb.Payload{
			Metadata: map[string][]byte{
				MetadataEncoding: []byte(EncodingSealed),
				MetadataKeyID:    []byte(c.current),
			},
			Data: c.keys[c.current].Seal(nil, nil, packed, payloadAAD(c.current)),
		}
	}
	return out, nil
}

// Decode implements converter.PayloadCodec. ErrDecode (wrapped) when a payload
// cannot be opened, and when it is not one of this codec's: whoever reaches
// Temporal but does not hold the key cannot tell a worker what to do.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[MetadataEncoding]) != EncodingSealed {
			return nil, fmt.Errorf("decode payload: it is not sealed: %w", ErrDecode)
		}
		plain, err := c.open(p)
		if err != nil {
			return nil, err
		}
		out[i] = plain
	}
	return out, nil
}

func (c *Codec) open(p *commonpb.Payload) (*commonpb.Payload, error) {
	id := string(p.GetMetadata()[MetadataKeyID])
	gcm, ok := c.keys[id]
	if !ok {
		return nil, fmt.Errorf("decode payload: unknown key: %w", ErrDecode)
	}
	packed, err := gcm.Open(nil, nil, p.GetData(), payloadAAD(id))
	if err != nil {
		return nil, fmt.Errorf("decode payload: %w", ErrDecode)
	}
	plain, err := c.dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress payload: %w", err)
	}
	var inner commonpb.Payload
	if err := proto.Unmarshal(plain, &inner); err != nil {
		return nil, fmt.Errorf("parse payload: %w", err)
	}
	return &inner, nil
}

func payloadAAD(keyID string) []byte { return []byte(EncodingSealed + "\x00" + keyID) }

func codecKeyID(raw []byte) string {
	sum := sha256.Sum256(append([]byte("datamind/payload-key-id/1"), raw...))
	return hex.EncodeToString(sum[:8])
}

// Package crypt keeps secrets: it seals connection passwords to the query
// workers' public key, models' keys to the model workers' and channels' secrets
// to the alert workers' (HPKE, RFC 9180),
// and encrypts what goes through Temporal (zstd, then AES-256-GCM).
//
// The API holds a Sealer only: it can write a secret and never read it back.
package crypt

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// The suite is fixed: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
// A change of suite gets a new version byte.
const (
	sealVersion = 1
	keyIDSize   = 8
	encSize     = 32
	redacted    = "[sealed]"
)

// What a secret is sealed for: one that is sealed for another does not open,
// even where somebody uses one pair of keys for several.
const (
	forConnections = "datamind/connection-secret/1"
	forModels      = "datamind/model-key/1"
	forChannels    = "datamind/channel-secret/1"
)

// ErrOpen says that a sealed secret cannot be opened: the key that it was
// sealed to is missing, or it was changed, or it belongs to something else.
var ErrOpen = errors.New("sealed secret cannot be opened with the keys at hand")

// Sealed is an encrypted secret: version (1 byte), key id (8), encapsulated
// key (32), ciphertext. It never prints its bytes, not even as JSON; convert
// it to []byte to store it.
type Sealed []byte

// String implements fmt.Stringer without the bytes.
func (Sealed) String() string { return redacted }

// GoString implements fmt.GoStringer without the bytes.
func (Sealed) GoString() string { return redacted }

// Format implements fmt.Formatter, so that %x and %d show nothing either.
func (Sealed) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// MarshalText implements encoding.TextMarshaler without the bytes.
func (Sealed) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer without the bytes.
func (Sealed) LogValue() slog.Value { return slog.StringValue(redacted) }

func kem() hpke.KEM   { return hpke.DHKEM(ecdh.X25519()) }
func kdf() hpke.KDF   { return hpke.HKDFSHA256() }
func aead() hpke.AEAD { return hpke.AES256GCM() }

// GenerateKeys makes a key pair for sealing, both in base64. It panics where
// the machine has no randomness, as crypto/rand itself does.
func GenerateKeys() (pub, priv string) {
	key, err := kem().GenerateKey()
	if err != nil {
		panic("crypt: generate sealing key: " + err.Error())
	}
	raw, err := key.Bytes()
	if err != nil {
		panic("crypt: encode sealing key: " + err.Error())
	}
	enc := base64.StdEncoding
	return enc.EncodeToString(key.PublicKey().Bytes()), enc.EncodeToString(raw)
}

// PublicKey returns the public half of a private key, both in base64.
func PublicKey(priv string) (string, error) {
	key, err := parsePrivate(priv)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(key.PublicKey().Bytes()), nil
}

// Sealer seals secrets to one public key.
type Sealer struct {
	key  hpke.PublicKey
	id   [keyIDSize]byte
	info string
}

// NewSealer makes a sealer of connection passwords. It takes a public key in
// base64, as GenerateKeys makes it.
func NewSealer(pub string) (*Sealer, error) { return newSealer(pub, forConnections) }

// NewModelSealer is NewSealer for the keys of models.
func NewModelSealer(pub string) (*Sealer, error) { return newSealer(pub, forModels) }

// NewChannelSealer is NewSealer for the secrets of channels.
func NewChannelSealer(pub string) (*Sealer, error) { return newSealer(pub, forChannels) }

func newSealer(pub, info string) (*Sealer, error) {
	raw, err := decodeKey(pub, "public sealing key")
	if err != nil {
		return nil, err
	}
	key, err := kem().NewPublicKey(raw)
	if err != nil {
		return nil, fmt.Errorf("parse public sealing key: %w", err)
	}
	return &Sealer{key: key, id: keyID(raw), info: info}, nil
}

// Seal encrypts the secret of one thing of the organisation, a connection or a
// model: it opens under the same two ids only, so a sealed secret cannot be
// moved between tenants.
func (s *Sealer) Seal(orgID, id string, secret []byte) (Sealed, error) {
	enc, sender, err := hpke.NewSender(s.key, kdf(), aead(), []byte(s.info))
	if err != nil {
		return nil, fmt.Errorf("set up sealing: %w", err)
	}
	ct, err := sender.Seal(sealAAD(orgID, id), secret)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	out := make(Sealed, 0, 1+keyIDSize+len(enc)+len(ct))
	out = append(out, sealVersion)
	out = append(out, s.id[:]...)
	out = append(out, enc...)
	return append(out, ct...), nil
}

// Opener opens sealed secrets with any of several private keys, so that keys
// can be rotated: the newest seals, the older ones still open.
type Opener struct {
	keys map[[keyIDSize]byte]hpke.PrivateKey
	info string
}

// NewOpener makes an opener of connection passwords. It takes private keys in
// base64, at least one.
func NewOpener(privs ...string) (*Opener, error) { return newOpener(forConnections, privs) }

// NewModelOpener is NewOpener for the keys of models.
func NewModelOpener(privs ...string) (*Opener, error) { return newOpener(forModels, privs) }

// NewChannelOpener is NewOpener for the secrets of channels.
func NewChannelOpener(privs ...string) (*Opener, error) { return newOpener(forChannels, privs) }

func newOpener(info string, privs []string) (*Opener, error) {
	if len(privs) == 0 {
		return nil, errors.New("no private sealing key is set")
	}
	o := &Opener{keys: make(map[[keyIDSize]byte]hpke.PrivateKey, len(privs)), info: info}
	for _, p := range privs {
		key, err := parsePrivate(p)
		if err != nil {
			return nil, err
		}
		o.keys[keyID(key.PublicKey().Bytes())] = key
	}
	return o, nil
}

// Open returns the secret; ErrOpen (wrapped) when it cannot.
func (o *Opener) Open(orgID, id string, sealed Sealed) (string, error) {
	if len(sealed) < 1+keyIDSize+encSize || sealed[0] != sealVersion {
		return "", fmt.Errorf("open: unknown format: %w", ErrOpen)
	}
	key, ok := o.keys[[keyIDSize]byte(sealed[1:1+keyIDSize])]
	if !ok {
		return "", fmt.Errorf("open: sealed to another key: %w", ErrOpen)
	}
	body := sealed[1+keyIDSize:]
	r, err := hpke.NewRecipient(body[:encSize], key, kdf(), aead(), []byte(o.info))
	if err != nil {
		return "", fmt.Errorf("open: %w", ErrOpen)
	}
	secret, err := r.Open(sealAAD(orgID, id), body[encSize:])
	if err != nil {
		return "", fmt.Errorf("open: %w", ErrOpen)
	}
	return string(secret), nil
}

// sealAAD joins the ids with their lengths, so that no two pairs are alike.
func sealAAD(orgID, id string) []byte {
	return fmt.Appendf(nil, "%d:%s%d:%s", len(orgID), orgID, len(id), id)
}

func parsePrivate(priv string) (hpke.PrivateKey, error) {
	raw, err := decodeKey(priv, "private sealing key")
	if err != nil {
		return nil, err
	}
	key, err := kem().NewPrivateKey(raw)
	if err != nil {
		return nil, errors.New("private sealing key is not an X25519 key")
	}
	return key, nil
}

// decodeKey never repeats the key in its error.
func decodeKey(s, what string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil || len(raw) != 32 {
		return nil, fmt.Errorf("%s must be 32 bytes in base64", what)
	}
	return raw, nil
}

func keyID(pub []byte) [keyIDSize]byte {
	sum := sha256.Sum256(pub)
	return [keyIDSize]byte(sum[:keyIDSize])
}

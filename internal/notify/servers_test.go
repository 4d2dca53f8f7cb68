package notify

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

// certificate is one for all of the services' names and this machine, with the
// authorities that trust it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost", "mail.example.com", "hooks.example.com", "hooks.slack.com", "slack.com", "files.slack.com", "discord.com", "prod-1.westeurope.logic.azure.com",
			"events.pagerduty.com", "events.eu.pagerduty.com", "api.telegram.org"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots
}

// got is a request that a receiver has had.
type got struct {
	host, path string
	header     http.Header
	body       []byte
}

func (g got) json(t *testing.T) (m map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(g.body, &m), "%s", g.body)
	return m
}

// receiver stands for the services: it has all of their names.
type receiver struct {
	*httptest.Server
	roots *x509.CertPool
	mu    sync.Mutex
	had   []got
	// answer is how it answers; nil with 200 and ok.
	answer http.HandlerFunc
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.had = append(r.had, got{req.Host, req.URL.RequestURI(), req.Header.Clone(), body})
		r.mu.Unlock()
		if r.answer != nil {
			r.answer(w, req)
			return
		}
		_, _ = io.WriteString(w, "ok")
	}))
	cert, roots := certificate(t)
	r.roots = roots
	r.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) requests() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]got(nil), r.had...)
}

// client reaches the receiver under every name.
func (r *receiver) client() *Client {
	return New(Config{Roots: r.roots, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, r.Listener.Addr().String())
	}})
}

// targets are one of each kind but mail.
var targets = map[models.ChannelKind]Target{
	models.ChannelSlack:     {Kind: models.ChannelSlack, Secret: "https://hooks.slack.com/services/T000/B000/SECRETPART"},
	models.ChannelTeams:     {Kind: models.ChannelTeams, Secret: "https://prod-1.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?sig=SECRETPART"},
	models.ChannelDiscord:   {Kind: models.ChannelDiscord, Secret: "https://discord.com/api/webhooks/1/SECRETPART"},
	models.ChannelPagerDuty: {Kind: models.ChannelPagerDuty, Secret: "SECRETPART0123456789012345678901"},
	models.ChannelTelegram:  {Kind: models.ChannelTelegram, Secret: "12345678:SECRETPART-abcdefghijklmnopqrs"},
	models.ChannelWebhook:   {Kind: models.ChannelWebhook, Secret: "SECRETPART-0123456789", Settings: models.ChannelSettings{URL: "https://hooks.example.com/in?a=b"}},
}

// delivery is a message with something of everything, some of it hostile.
func delivery() Delivery {
	return Delivery{Key: "dm-0123456789abcdef", Incident: "dm-incident", Subject: "alert/1", Recipient: "-100123", At: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		Message: models.Message{Title: "Refunds are above 3 %\r\nBcc: evil@example.com", Severity: models.SeverityCritical, Text: "<b>4.1 %</b> of revenue & *more* <!channel> @everyone {{DATE(x)}}\n\nSecond.",
			Facts:   []models.MessageFact{{Name: "Value", Value: "4.12 %"}, {Name: "Condition", Value: "above 3 %"}},
			Columns: []string{"shop", "refunds"}, Rows: [][]string{{"Berlin ```", "1,204"}, {"東京 <script>", "88"}}, More: 12, Link: "https://data.example.com/alerts/1", LinkText: "Open the alert"}}
}

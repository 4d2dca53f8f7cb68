// Package notify tells people something: over mail, chat services and webhooks.
//
// Each kind of channel gives a message the form that its service takes, cut
// honestly to the service's limits. A call has a time limit, goes to an address
// that was checked when it was dialled, follows no redirect and uses no proxy;
// what comes back is bounded, and neither a secret nor a reply's body gets into
// an error.
//
// A message has a key that is the same at each try. Services that take one get
// it, so that whoever receives a message twice can tell.
package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/datamind/datamind/models"
)

// Timeout bounds the telling of one message, all of its calls together.
const Timeout = 40 * time.Second

// dialTimeout bounds one attempt to reach one address.
const dialTimeout = 8 * time.Second

// File is a picture or a file that goes with a message.
type File struct {
	Name      string
	MediaType string
	Content   []byte
}

// Target is where a message goes: a channel with its secret opened.
type Target struct {
	Kind     models.ChannelKind
	Settings models.ChannelSettings
	Secret   string
}

// Delivery is a message with what it is known by.
type Delivery struct {
	// Key is the same at each try, Incident for all that belongs together.
	Key, Incident string
	Subject       string // "alert/<id>", …
	Recipient     string
	Message       models.Message
	Picture       *File
	// Pictures are those of a report's sections, by their ids.
	Pictures map[string]*File
	Files    []File
	// At is when it was to be told.
	At time.Time
}

// kind is a service. send returns nil once the service has taken the message;
// its errors are coded.
type kind interface {
	send(ctx context.Context, c *Client, to Target, d Delivery) error
}

var kinds = map[models.ChannelKind]kind{
	models.ChannelEmail:     email{},
	models.ChannelSlack:     slack{},
	models.ChannelTeams:     teams{},
	models.ChannelDiscord:   discord{},
	models.ChannelPagerDuty: pagerDuty{},
	models.ChannelTelegram:  telegram{},
	models.ChannelWebhook:   webhook{},
}

// Config is what a client needs.
type Config struct {
	// Control checks each address that is really dialled, after every lookup.
	Control func(network, address string, c syscall.RawConn) error
	// Roots are the authorities that certificates are checked against; nil for the system's.
	Roots *x509.CertPool
	// Dial reaches an address; nil for the network. Tests put servers of theirs
	// at the services' names.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client tells messages. It is safe for concurrent use.
type Client struct {
	http *http.Client
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	tls  *tls.Config
}

// New makes a client.
func New(config Config) *Client {
	c := &Client{dial: config.Dial, tls: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.Roots}}
	if c.dial == nil {
		c.dial = (&net.Dialer{Timeout: dialTimeout, Control: config.Control}).DialContext
	}
	c.http = &http.Client{
		Timeout: Timeout,
		Transport: &http.Transport{
			DialContext: c.dial, TLSClientConfig: c.tls, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTimeout,
			ResponseHeaderTimeout: 20 * time.Second, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Send tells a message. An error is coded; Retryable says whether time may cure it.
func (c *Client) Send(ctx context.Context, to Target, d Delivery) error {
	k := kinds[to.Kind]
	if k == nil {
		return models.Errorf(models.CodeInvalid, "This version of DataMind does not know channels of the kind %q.", to.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	d.Message = d.Message.Bounded()
	return k.send(ctx, c, to, d)
}

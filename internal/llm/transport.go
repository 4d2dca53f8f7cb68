package llm

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/telemetry"
)

const (
	// maxResponse bounds what is read of one reply, decompressed.
	maxResponse = 4 << 20
	maxHops     = 3

	minRetryAfter = time.Second
	maxRetryAfter = 5 * time.Minute
)

var (
	errTooLarge = errors.New("the reply is larger than 4 MiB")
	errRedirect = errors.New("the endpoint redirects to another address")
)

// exchange is what one HTTP exchange carries beside what the library shows.
// It is written by the goroutine that makes the call.
type exchange struct {
	key string // Idempotency-Key

	status     int
	html       bool
	retryAfter time.Duration
	done       bool // the stream's end mark was seen
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// dialTimeout bounds one attempt to reach one address.
const dialTimeout = 10 * time.Second

func newHTTPClient(config Config) *http.Client {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = 32
	base.MaxResponseHeaderBytes = 64 << 10
	if config.Control != nil {
		base.Proxy = nil
		base.DialContext = (&net.Dialer{Timeout: dialTimeout, Control: config.Control}).DialContext
	}
	return &http.Client{Timeout: config.Timeout, Transport: transport{telemetry.TraceModel(base)}, CheckRedirect: sameHost}
}

// sameHost refuses to follow a redirect elsewhere: the prompt holds customers'
// data, and only the configured host may have it.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) > maxHops || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme || req.Method != http.MethodPost {
		return errRedirect
	}
	return nil
}

// transport adds the idempotency key and bounds replies.
type transport struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x, _ := req.Context().Value(exchangeKey{}).(*exchange)
	if x == nil {
		x = &exchange{}
	}
	if x.key != "" {
		req = req.Clone(req.Context())
		req.Header.Set("Idempotency-Key", headerValue(x.key))
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	x.status = resp.StatusCode
	x.html = strings.Contains(resp.Header.Get("Content-Type"), "text/html")
	x.retryAfter = parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxResponse, x: x}
	return resp, nil
}

// headerValue keeps what a header may hold.
func headerValue(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '-'
		}
		return r
	}, s)
}

// parseRetryAfter reads seconds or an HTTP date (RFC 9110, section 10.2.3),
// bounded; 0 when there is none.
func parseRetryAfter(text string, now time.Time) time.Duration {
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds >= 0) { // also NaN
			return 0
		}
		return bounded(time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second)))
	}
	if at, err := http.ParseTime(text); err == nil {
		return bounded(at.Sub(now))
	}
	return 0
}

func bounded(d time.Duration) time.Duration { return min(max(d, minRetryAfter), maxRetryAfter) }

// boundedBody fails past its bound and notices the end mark of a stream, which
// the library does not tell apart from a connection that closes early.
type boundedBody struct {
	io.ReadCloser
	left int
	tail []byte
	x    *exchange
}

var endMark = []byte("[DONE]")

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	if n > 0 && !b.x.done {
		b.tail = append(b.tail, p[:n]...)
		b.x.done = bytes.Contains(b.tail, endMark)
		b.tail = append(b.tail[:0], b.tail[max(0, len(b.tail)-len(endMark)):]...)
	}
	return n, err
}

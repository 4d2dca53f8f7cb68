package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/datamind/datamind/models"
)

// retryable are the codes that time may cure.
var retryable = map[models.Code]bool{
	models.CodeInternal:      true,
	models.CodeHostUnknown:   true, // a name server that is away says the same
	models.CodeRefused:       true,
	models.CodeTimeout:       true,
	models.CodeChannelBusy:   true,
	models.CodeChannelFailed: true,
}

// Retryable says whether time may cure an error of Send.
func Retryable(err error) bool { return retryable[models.ErrorCode(err)] }

// busy is the cause of an error whose service said when to come back.
type busy struct{ after time.Duration }

// Error implements error.
func (b busy) Error() string { return "come back after " + b.after.String() }

// RetryAfter is when the service wants to be asked again; 0 where it did not say.
func RetryAfter(err error) time.Duration {
	var b busy
	if errors.As(err, &b) {
		return b.after
	}
	return 0
}

// maxRetryAfter bounds what a service can ask for.
const maxRetryAfter = time.Hour

// parseRetryAfter reads seconds or an HTTP date (RFC 9110, section 10.2.3),
// bounded; 0 when there is none.
func parseRetryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) { // also NaN
			return 0
		}
		return min(time.Duration(min(seconds, maxRetryAfter.Seconds())*float64(time.Second)), maxRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// unreachable says in words what keeps a server from being reached. The cause
// is not kept where it may hold an address that is a secret: its kind is enough.
func unreachable(err error, server string) error {
	var coded *models.Error
	if errors.As(err, &coded) {
		return models.Errorf(coded.Code, "%s", coded.Message)
	}
	say := func(code models.Code, format string, args ...any) error { return models.Errorf(code, format, args...) }
	var (
		dns         *net.DNSError
		network     net.Error
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		host        x509.HostnameError
	)
	switch {
	case errors.As(err, &dns):
		return say(models.CodeHostUnknown, "The host %q is not known. Check its spelling, and that DataMind's alert workers can resolve it.", server)
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(models.CodeRefused, "Nothing listens at %s. Check the address and the port.", server)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return say(models.CodeRefused, "There is no route to %s from DataMind's alert workers. Check the network and its firewall.", server)
	case errors.As(err, &host):
		return say(models.CodeTLS, "The certificate of %s is for another name. Use the name that the certificate is for.", server)
	case errors.As(err, &certificate):
		return say(models.CodeTLS, "The certificate of %s is not signed by an authority that is trusted here, or it has expired.", server)
	case errors.As(err, &record), errors.As(err, &alert):
		return say(models.CodeTLS, "TLS could not be agreed on with %s. Check the port, and that the server speaks TLS 1.2 or newer there.", server)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return say(models.CodeTimeout, "%s did not answer in time. Check the address, and that a firewall lets DataMind's alert workers through.", server)
	}
	return say(models.CodeChannelFailed, "The connection to %s broke off.", server)
}

// Package telemetry tells an operator what the platform does: metrics for
// Prometheus, traces over OTLP, and faults for Sentry. Nothing that leaves the
// process through it holds customers' data: no question, SQL, row, message that
// quotes one, or address of a customer's database.
package telemetry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Cause says why something failed in words that quote nothing: a system's own
// word such as "connection refused", a SQLSTATE, or the type of the innermost
// error. An error may say it itself with a method SafeCause.
func Cause(err error) string {
	var (
		said interface{ SafeCause() string }
		pg   *pgconn.PgError
		dns  *net.DNSError
		no   syscall.Errno
		cert *tls.CertificateVerificationError
		ca   x509.UnknownAuthorityError
		net  net.Error
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &said):
		return said.SafeCause()
	case errors.As(err, &pg):
		return "SQLSTATE " + pg.Code
	case errors.As(err, &dns):
		return "host name not resolved"
	case errors.As(err, &no):
		return no.Error()
	case errors.As(err, &cert), errors.As(err, &ca):
		return "certificate not accepted"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &net) && net.Timeout():
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	}
	return fmt.Sprintf("%T", innermost(err))
}

// innermost follows the first branch of a chain to its end.
func innermost(err error) error {
	for {
		var next error
		switch e := err.(type) { //nolint:errorlint // this is what walks the chain
		case interface{ Unwrap() error }:
			next = e.Unwrap()
		case interface{ Unwrap() []error }:
			if all := e.Unwrap(); len(all) > 0 {
				next = all[0]
			}
		}
		if next == nil {
			return err
		}
		err = next
	}
}

package connector

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/datamind/datamind/models"
)

// connectError says in words what keeps a database from being reached.
// Codes decide, never texts, except for the one error the driver gives no type.
func connectError(err error, c Config) error {
	var coded *models.Error
	if errors.As(err, &coded) {
		return coded
	}
	say := func(code models.Code, format string, args ...any) error {
		return models.Wrap(err, code, format, args...)
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return loginError(server, c, say)
	}
	var (
		dns         *net.DNSError
		network     net.Error
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		unknown     x509.UnknownAuthorityError
		host        x509.HostnameError
	)
	switch {
	case errors.As(err, &dns):
		return say(models.CodeHostUnknown, "The host %q is not known. Check its spelling, and that DataMind's query workers can resolve it.", c.Host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(models.CodeRefused, "Nothing listens on %s port %d. Check the port, that the database runs, and that it accepts connections from other machines.", c.Host, c.Port)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return say(models.CodeRefused, "There is no route to %s from DataMind's query workers. Check the network and its firewall.", c.Host)
	case errors.As(err, &host):
		return say(models.CodeTLS, "The server's certificate is not for the host %q. Use the name that the certificate is for, or the TLS mode 'require'.", c.Host)
	case errors.As(err, &unknown), errors.As(err, &certificate):
		return say(models.CodeTLS, "The server's certificate is not signed by an authority that is trusted here. Paste the CA certificate, or use the TLS mode 'require'.")
	case errors.As(err, &record), errors.As(err, &alert):
		return say(models.CodeTLS, "The server's TLS could not be agreed on. Check that the port is PostgreSQL's and its TLS version at least 1.2.")
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return say(models.CodeTLSMissing, "The server does not offer TLS. Switch it on there (ssl = on), or use the TLS mode 'disable' on a network that you trust.")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return say(models.CodeTimeout, "%s port %d does not answer. Check the address, and that a firewall lets DataMind's query workers through.", c.Host, c.Port)
	}
	return say(models.CodeRefused, "The connection to %s port %d broke off while it was being opened. Check that a PostgreSQL server is there.", c.Host, c.Port)
}

func loginError(server *pgconn.PgError, c Config, say func(models.Code, string, ...any) error) error {
	switch server.Code {
	case "28P01":
		return say(models.CodePassword, "The user %q or the password is wrong.", c.User)
	case "28000":
		return say(models.CodeLoginRefused, "The server does not let the user %q in from here (role missing, or no line of pg_hba.conf fits; it may want TLS).", c.User)
	case "3D000":
		return say(models.CodeDatabaseMissing, "There is no database %q on the server.", c.Database)
	case "42501":
		return say(models.CodeNoPermission, "The user %q may not connect to the database %q. Grant it: GRANT CONNECT ON DATABASE.", c.User, c.Database)
	case "53300":
		return say(models.CodeConnection, "The server has no free connection for the user %q just now (too many connections).", c.User)
	}
	return say(models.CodeConnection, "The server ended the connection while it was being opened (%s, SQLSTATE %s).", limitText(server.Message), server.Code)
}

// isCancelled reports whether the server itself said that it stopped the query.
func isCancelled(err error) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && (server.Code == "57014" || server.Code == "57P01")
}

// queryError codes what a query came back with. A query that was stopped from
// outside gives the context's own error.
func queryError(ctx context.Context, err error, timeout time.Duration) error {
	if ctx.Err() != nil {
		return fmt.Errorf("query stopped: %w", context.Cause(ctx))
	}
	var coded *models.Error
	if errors.As(err, &coded) {
		return err
	}
	var server *pgconn.PgError
	if !errors.As(err, &server) {
		if errors.Is(err, context.DeadlineExceeded) {
			return models.Wrap(err, models.CodeConnection, "The database stopped answering in the middle of the query.")
		}
		return models.Wrap(err, models.CodeConnection, "The connection to the database broke in the middle of the query.")
	}
	switch class := server.Code[:min(2, len(server.Code))]; {
	case server.Code == "57014":
		return models.Wrap(err, models.CodeQueryTimeout, "The query did not finish within %s and was stopped. Ask for less, such as a shorter time span.", timeout)
	case server.Code == "55P03":
		return models.Wrap(err, models.CodeConnection, "A table is locked by somebody else just now.")
	case class == "08", class == "53" && server.Code != "53400", class == "57", class == "40":
		return models.Wrap(err, models.CodeConnection, "The database cannot run the query just now: %s.", limitText(server.Message))
	}
	text := server.Message
	for _, more := range []string{server.Detail, server.Hint} {
		if more != "" {
			text += ". " + more
		}
	}
	return models.Wrap(err, models.CodeSQLError, "%s", limitText(text)+" (SQLSTATE "+server.Code+")")
}

func limitText(text string) string {
	if len(text) > 1000 {
		return cutText(text[:1000])
	}
	return text
}

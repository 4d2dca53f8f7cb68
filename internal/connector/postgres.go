package connector

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

const (
	// cancelLimit bounds how long the end of a query is waited for.
	cancelLimit = 5 * time.Second
	// beginLimit bounds the beginning of a transaction, which no limit of the
	// server's bounds yet.
	beginLimit = 15 * time.Second
	// closeLimit bounds the goodbye to the server.
	closeLimit = 2 * time.Second
	// maxMessage bounds one message of the server, and so one row in memory.
	maxMessage = 64 << 20
	// lockTimeout bounds how long a query waits for somebody's lock.
	lockTimeout = 5 * time.Second
)

// postgres is a session of PostgreSQL.
type postgres struct {
	config Config
	conn   *pgx.Conn
	opened time.Time
}

func openPostgres(ctx context.Context, config Config) (*postgres, error) {
	settings, err := config.postgres()
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, settings)
	if err != nil {
		return nil, connectError(err, config)
	}
	return &postgres{config: config, conn: conn, opened: time.Now()}, nil
}

// postgres builds the driver's configuration from the typed fields. Nothing
// of the environment, a service file or a password file gets in.
func (c Config) postgres() (*pgx.ConnConfig, error) {
	// The driver insists on having parsed a text; every field of it is replaced.
	settings, err := pgx.ParseConfig("host=none port=1 user=none dbname=none password=none sslmode=disable sslnegotiation=postgres target_session_attrs=any")
	if err != nil {
		return nil, fmt.Errorf("prepare connection settings: %w", err)
	}
	if c.Host == "" || strings.ContainsAny(c.Host, "/,@\\") || c.Port < 1 || c.Port > 65535 {
		return nil, models.Errorf(models.CodeInvalid, "The host must be one name or IP address and the port 1 to 65535.")
	}
	settings.Host, settings.Port = strings.TrimSuffix(strings.TrimPrefix(c.Host, "["), "]"), uint16(c.Port)
	settings.Database, settings.User, settings.Password = c.Database, c.User, c.Password
	if settings.TLSConfig, err = c.tls(); err != nil {
		return nil, err
	}
	settings.Fallbacks, settings.ValidateConnect = nil, nil
	settings.RuntimeParams = map[string]string{"application_name": c.applicationName(), "client_encoding": "UTF8"}
	settings.DialFunc = c.dial
	settings.ConnectTimeout = 2 * dialTimeout
	settings.MaxProtocolMessageBodyLen = maxMessage
	// Unnamed statements of the extended protocol: one statement each, and
	// nothing is left behind in a pooler's session.
	settings.DefaultQueryExecMode = pgx.QueryExecModeExec
	if settings.Tracer = c.trace; c.trace == nil {
		settings.Tracer = telemetry.TraceCustomerSQL()
	}
	settings.BuildContextWatcherHandler = func(pg *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: pg, DeadlineDelay: cancelLimit}
	}
	return settings, nil
}

// applicationName fits PostgreSQL's limit for names: 63 bytes of ASCII.
func (c Config) applicationName() string {
	name := "datamind/" + strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, c.Purpose)
	return name[:min(len(name), 63)]
}

func (c Config) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: strings.Trim(c.Host, "[]")}
	if c.TLSCA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(c.TLSCA)) {
			return nil, models.Errorf(models.CodeTLS, "The CA certificate cannot be read. Paste it in PEM form, with its BEGIN and END lines.")
		}
	}
	switch c.TLSMode {
	case models.TLSDisable:
		return nil, nil
	case models.TLSRequire:
		config.InsecureSkipVerify = true
		if roots := config.RootCAs; roots != nil {
			// A CA that was given is checked against, as libpq does; the name is not.
			config.VerifyConnection = func(state tls.ConnectionState) error {
				options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
				for _, cert := range state.PeerCertificates[1:] {
					options.Intermediates.AddCert(cert)
				}
				_, err := state.PeerCertificates[0].Verify(options)
				return err
			}
		}
		return config, nil
	case models.TLSVerifyFull:
		return config, nil
	}
	return nil, models.Errorf(models.CodeInvalid, "The TLS mode %q is not one of disable, require and verify-full.", c.TLSMode)
}

// begin opens a read-only transaction with every setting pinned that the
// meaning or the limits of a query depend on, and takes its snapshot: from
// then on the transaction cannot be made writable.
func (p *postgres) begin(ctx context.Context, schemas []string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, beginLimit)
	defer cancel()
	if _, err := p.conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return queryError(ctx, err, timeout)
	}
	settings := append(sqlguard.PinnedSettings(&models.Catalog{Schemas: schemas}),
		sqlguard.Setting{Name: "application_name", Value: p.config.applicationName()},
		sqlguard.Setting{Name: "statement_timeout", Value: milliseconds(timeout)},
		sqlguard.Setting{Name: "lock_timeout", Value: milliseconds(lockTimeout)},
		sqlguard.Setting{Name: "idle_in_transaction_session_timeout", Value: milliseconds(time.Minute)},
		sqlguard.Setting{Name: "TimeZone", Value: "UTC"}, sqlguard.Setting{Name: "DateStyle", Value: "ISO, YMD"},
		sqlguard.Setting{Name: "IntervalStyle", Value: "postgres"}, sqlguard.Setting{Name: "bytea_output", Value: "hex"},
		sqlguard.Setting{Name: "extra_float_digits", Value: "1"}, sqlguard.Setting{Name: "lc_monetary", Value: "C"})
	var calls []string
	var args []any
	for _, s := range settings {
		if s.Name == "client_encoding" {
			continue // fixed at the start of the session
		}
		args = append(args, s.Name, s.Value)
		calls = append(calls, fmt.Sprintf("set_config($%d, $%d, true)", len(args)-1, len(args)))
	}
	if _, err := p.conn.Exec(ctx, "SELECT "+strings.Join(calls, ", "), args...); err != nil {
		return queryError(ctx, err, timeout)
	}
	return nil
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d", max(d.Milliseconds(), 1)) }

// rollback ends the transaction; a session that cannot is closed.
func (p *postgres) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	if p.conn.IsClosed() {
		return
	}
	if _, err := p.conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = p.conn.Close(ctx)
	}
}

// Close implements Conn.
func (p *postgres) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	_ = p.conn.Close(ctx)
}

// EndOthers implements Conn. A role may end its own sessions.
func (p *postgres) EndOthers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*cancelLimit)
	defer cancel()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		var alive int
		err := p.conn.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE application_name = $1::text AND usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()`,
			p.config.applicationName()).Scan(&alive)
		if err != nil {
			return queryError(ctx, err, 2*cancelLimit)
		}
		if alive == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return models.Wrap(ctx.Err(), models.CodeConnection, "An earlier query of this question still runs on the database and did not end when asked to.")
		case <-time.After(wait):
		}
	}
}

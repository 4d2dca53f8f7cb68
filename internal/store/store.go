// Package store keeps the platform's own data in PostgreSQL.
//
// Every method takes the scope on whose behalf it runs, filters on its
// organisation, and runs in a transaction that carries the organisation to the
// database's row-level security, which stands behind a forgotten filter.
// Methods whose names begin with System see all organisations.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/sync/semaphore"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

// Store is the platform's database.
type Store struct {
	db       *gorm.DB
	sql      *sql.DB
	decoding *semaphore.Weighted
	// joined is the transaction that all calls take part in, set by Together.
	joined *gorm.DB
	org    string // of joined
}

// decodeAtOnce bounds how many results a process decodes at the same time.
const decodeAtOnce = 4

// poolSize bounds a process's connections to the database.
const poolSize = 30

// Open opens a pool as the application's role. It does not wait for the
// database: calls fail, and are retried, until it answers.
func Open(_ context.Context, dsn string) (*Store, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the database's address cannot be read; its form is postgres://user:password@host:port/database")
	}
	config.ConnectTimeout = 5 * time.Second
	config.Tracer = telemetry.TracePlatformSQL()
	config.RuntimeParams["statement_timeout"] = "15000"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "30000"
	config.RuntimeParams["application_name"] = "datamind"
	// Sessions are not tried before each use: the beginning of a transaction is the try.
	pool := stdlib.OpenDB(*config, stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false }))
	pool.SetMaxOpenConns(poolSize)
	pool.SetMaxIdleConns(poolSize)
	pool.SetConnMaxLifetime(time.Hour)
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}), &gorm.Config{
		Logger:                 logger.Discard, // errors are returned, statements may hold data
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		TranslateError:         false,
	})
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &Store{db: db, sql: pool, decoding: semaphore.NewWeighted(decodeAtOnce)}, nil
}

// Close ends the pool.
func (s *Store) Close() error { return s.sql.Close() }

// Ready reports whether the database answers.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return s.sql.PingContext(ctx)
}

// NewID returns a fresh id: a UUID of version 7, so that ids sort by time.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// tx runs f in a transaction that sees one organisation's rows only.
func (s *Store) tx(ctx context.Context, scope models.Scope, f func(tx *gorm.DB) error) error {
	org, err := uuid.Parse(scope.OrgID)
	if err != nil {
		return models.Errorf(models.CodeNotFound, "There is no such organisation.")
	}
	if s.joined == nil {
		return s.run(ctx, "app.org_id", org.String(), f) // as it was parsed: it becomes part of a statement
	}
	if scope.OrgID != s.org {
		return errors.New("store: one transaction for two organisations")
	}
	return translate(f(s.joined))
}

// Together runs f in one transaction: the calls that f makes on the store that
// it is given take effect together or not at all, and take less time than apart.
// After an error of the database in f nothing of it takes effect, even when f
// returns nil; that is an error too.
func (s *Store) Together(ctx context.Context, scope models.Scope, f func(*Store) error) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		one := *s
		one.joined, one.org = tx, scope.OrgID
		return f(&one)
	})
}

// system runs f in a transaction that sees every organisation's rows. It is
// for what happens before an organisation is known, and for sweepers.
func (s *Store) system(ctx context.Context, f func(tx *gorm.DB) error) error {
	return s.run(ctx, "app.system", "on", f)
}

// run runs f in a transaction with a setting. The setting travels with BEGIN: of
// a short transaction, each way to the server and back is a quarter.
func (s *Store) run(ctx context.Context, setting, value string, f func(tx *gorm.DB) error) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	conn, err := s.begin(ctx, fmt.Sprintf("BEGIN; SELECT set_config('%s', '%s', true)", setting, value))
	if err != nil {
		return translate(err)
	}
	defer func() { _ = conn.Close() }() // one with an open transaction is discarded
	tx := s.db.Session(&gorm.Session{NewDB: true, Context: ctx})
	tx.Statement.ConnPool = conn
	var verdict kept
	if err := f(tx); err != nil && !errors.As(err, &verdict) {
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_, _ = simple(back, conn, "ROLLBACK")
		return translate(err)
	}
	tag, err := simple(ctx, conn, "COMMIT")
	if err == nil && tag != "COMMIT" {
		err = errors.New("an error was not returned, so nothing took effect")
	}
	if err == nil {
		err = verdict.error
	}
	return translate(err)
}

// begin sends the beginning of a transaction. A pooled session that the server
// has ended meanwhile is found out here, before anything is lost.
func (s *Store) begin(ctx context.Context, sql string) (*sql.Conn, error) {
	for try := 1; ; try++ {
		conn, err := s.sql.Conn(ctx)
		if err != nil {
			return nil, err
		}
		if _, err = simple(ctx, conn, sql); err == nil {
			return conn, nil
		}
		_ = conn.Close()
		var pg *pgconn.PgError
		if try > poolSize || ctx.Err() != nil || errors.As(err, &pg) && !outage(err, pg) {
			return nil, err
		}
	}
}

// simple sends SQL without parameters and returns the last statement's tag.
func simple(ctx context.Context, conn *sql.Conn, sql string) (tag string, err error) {
	err = conn.Raw(func(driverConn any) error {
		results, err := driverConn.(*stdlib.Conn).Conn().PgConn().Exec(ctx, sql).ReadAll()
		if err == nil {
			tag = results[len(results)-1].CommandTag.String()
		}
		return err
	})
	return tag, err
}

// SQLSTATEs that mean something to a caller.
const (
	stateUnique      = "23505"
	stateForeignKey  = "23503"
	stateInvalidText = "22P02" // such as an id that is no UUID
	stateDiskFull    = "53100"
)

func translate(err error) error {
	var coded *models.Error
	var pg *pgconn.PgError
	switch {
	case err == nil || errors.As(err, &coded):
		return err
	case errors.Is(err, gorm.ErrRecordNotFound), errors.As(err, &pg) && pg.Code == stateInvalidText:
		return models.Wrap(err, models.CodeNotFound, "There is no such thing here.")
	case pg != nil && pg.Code == stateUnique:
		return models.Wrap(err, models.CodeConflict, "That name is taken already.")
	case pg != nil && pg.Code == stateForeignKey:
		return models.Wrap(err, models.CodeConflict, "Something that this depends on does not exist any more.")
	}
	if pg != nil && pg.Code == stateDiskFull {
		return models.Wrap(err, models.CodeUnavailable, "DataMind's own database has no space left on its disk. Whoever runs DataMind must give it more.")
	}
	if outage(err, pg) {
		return models.Wrap(err, models.CodeUnavailable, "DataMind's own database does not answer just now. Try again in a moment.")
	}
	return fmt.Errorf("database: %w", err)
}

// outage tells a database that is away, full, shutting down or that chose this
// transaction to end a deadlock from a defect.
func outage(err error, pg *pgconn.PgError) bool {
	if pg != nil {
		return slices.Contains([]string{"08", "40", "53", "57"}, pg.Code[:2])
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF)
}

func notFound(what string) error {
	return models.Errorf(models.CodeNotFound, "There is no such %s.", what)
}

// cursor points behind the last row of a page.
type cursor struct {
	At time.Time `json:"t"`
	ID string    `json:"i"`
}

// page reads one page of a list, newest first, by the key (column, id).
func page[T any](tx *gorm.DB, column, after string, limit int, key func(T) (time.Time, string)) ([]T, string, error) {
	return pageBy(tx, column, "DESC", after, limit, key)
}

// pageBy is page in the order that direction, ASC or DESC, says.
func pageBy[T any](tx *gorm.DB, column, direction, after string, limit int, key func(T) (time.Time, string)) ([]T, string, error) {
	limit = min(max(limit, 1), 200)
	if after != "" {
		var c cursor
		raw, err := base64.RawURLEncoding.DecodeString(after)
		if err != nil || json.Unmarshal(raw, &c) != nil || uuid.Validate(c.ID) != nil {
			return nil, "", models.Errorf(models.CodeInvalid, "The cursor is not one that this list gave out. Leave it away to start from the beginning.")
		}
		beyond := map[string]string{"ASC": ">", "DESC": "<"}[direction]
		tx = tx.Where(fmt.Sprintf("(%s, id) %s (?, ?)", column, beyond), c.At, c.ID)
	}
	var rows []T
	if err := tx.Order(fmt.Sprintf("%[1]s %[2]s, id %[2]s", column, direction)).Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, "", err
	}
	if len(rows) <= limit {
		return rows, "", nil
	}
	at, id := key(rows[limit-1])
	raw, err := json.Marshal(cursor{At: at, ID: id})
	return rows[:limit], base64.RawURLEncoding.EncodeToString(raw), err
}

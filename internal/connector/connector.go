// Package connector reaches customers' databases: it reads their structure,
// estimates and runs checked SQL within limits, and ends what it started.
//
// A connection is built from typed fields only. The address that is really
// dialled passes a Policy, whatever name led to it.
package connector

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

// Config says which database to open, as whom and for what.
type Config struct {
	Owner    string // whose connection it is; sessions are kept for one owner
	Kind     string // models.KindPostgres; "" means the same
	Host     string // name or IP address; no sockets, no lists
	Port     int
	Database string
	User     string
	Password string
	TLSMode  string // models.TLSDisable, TLSRequire or TLSVerifyFull
	TLSCA    string // PEM; "" trusts the system's authorities
	// Schemas that may be read, in search_path order.
	Schemas []string
	// Purpose is shown to the database's operator as application_name
	// "datamind/<purpose>", and tells EndOthers what belongs together.
	Purpose string
	Policy  Policy

	trace pgx.QueryTracer // tests count queries with it
}

// Limits of one query. Zero values are not "unlimited": they are refused.
type Limits struct {
	Timeout  time.Duration
	MaxRows  int
	MaxBytes int64 // of cell text over all rows
}

// Estimate is what the database expects of a query.
type Estimate struct {
	Cost float64 // in the planner's units (a sequential page read is 1)
	Rows float64
}

// Conn is an open session, for one goroutine at a time.
type Conn interface {
	// Discover reads the structure, in a constant number of queries.
	Discover(ctx context.Context) (*models.Catalog, error)
	// Estimate asks the database's planner, without running the query.
	Estimate(ctx context.Context, sql sqlguard.Approved) (Estimate, error)
	// Run runs the query in a read-only transaction and returns at most
	// limits' rows and bytes of it. When ctx ends, Run returns only after the
	// server confirmed that the query has stopped, or after ten seconds.
	Run(ctx context.Context, sql sqlguard.Approved, limits Limits) (*models.Rows, error)
	// Stream runs the query in a read-only transaction and hands each of its rows
	// to the sink, as the database sends them. It ends at the first error of the
	// sink, which it returns, and otherwise like Run.
	Stream(ctx context.Context, sql sqlguard.Approved, timeout time.Duration, sink Sink) error
	// EndOthers ends what other sessions of the same user do for the same
	// purpose, such as those that a process left behind, and waits until they
	// are gone.
	EndOthers(ctx context.Context) error
	// Close ends the session.
	Close()
}

// Open connects. Its errors are coded and say what a person can do.
func Open(ctx context.Context, config Config) (Conn, error) {
	if config.Kind != "" && config.Kind != models.KindPostgres {
		return nil, models.Errorf(models.CodeInvalid, "DataMind cannot connect to databases of the kind %q yet; it can to PostgreSQL.", config.Kind)
	}
	return openPostgres(ctx, config)
}

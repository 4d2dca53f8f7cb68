// Package sample makes the database of an invented company, Northpeak
// Outfitters, a shop for outdoor equipment: three years of customers, orders,
// returns, web sessions and more, up to yesterday. It is what a new
// installation has to ask questions about.
//
// The data is a function of the seed and the dates. It follows seasons,
// holidays and growth, its money adds up to the cent, and it holds a few
// stories to find (see stories).
package sample

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// version of the generated data. Raise it whenever the rows or the tables
// change: EnsureCurrent then loads anew.
const version = 1

// Options say which data to make.
type Options struct {
	// Through is the last day with data (UTC); the time of day is ignored.
	// The zero value means yesterday.
	Through time.Time
	// Seed selects one of many possible companies.
	Seed int64
	// Scale multiplies the number of customers, orders and visits. 0 means 1,
	// which gives some 300,000 rows; tests use less.
	Scale float64
}

func (o Options) normalised() Options {
	if o.Through.IsZero() {
		o.Through = time.Now().Add(-oneDay)
	}
	o.Through = midnight(o.Through)
	if o.Scale == 0 {
		o.Scale = 1
	}
	return o
}

// DB is a connection or a pool of the role that owns the sample database.
type DB interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Questions are examples that this database can answer, the best first.
var Questions = []string{
	"revenue by month this year",
	"top 10 products by revenue last quarter",
	"return rate by category",
	"number of orders by region this year",
	"average order total by channel",
	"revenue by store in the last 12 months",
	"conversion rate by region last month",
	"number of returns by reason this year",
	"cancelled subscriptions by month and plan",
	"support tickets by topic last quarter",
	"new customers by month in the last 12 months",
	"total refund amount by month this year",
}

// Load creates the tables in the schema public and fills them, in place of an
// earlier load if there is one. It is one transaction: a load that is
// interrupted, by kill -9 too, leaves the database as it was, and readers see
// the old rows until the new ones are complete.
//
// A database that holds tables of the same names which Load did not make is
// left alone: a models.Error with code conflict.
func Load(ctx context.Context, db DB, o Options) error {
	return inLock(ctx, db, func(l *loading) error { return l.replace(o.normalised(), o.normalised().Through) })
}

// EnsureCurrent loads the data if it is missing, made by another version or
// with other options, or if it ends before o.Through. History stays as it was:
// days that were there keep their orders under the same ids, new days follow,
// and what was under way (parcels, open tickets) moves on. It reports whether
// it loaded. It is safe to call while the database is being read, and from
// several processes at once.
func EnsureCurrent(ctx context.Context, db DB, o Options) (loaded bool, err error) {
	o = o.normalised()
	err = inLock(ctx, db, func(l *loading) error {
		s, err := l.state()
		if err != nil {
			return err
		}
		anchor := o.Through
		if s.matches(o) {
			if s.complete && !s.through.Before(o.Through) {
				return nil
			}
			anchor = s.anchor
		}
		loaded = true
		return l.replace(o, anchor)
	})
	return loaded && err == nil, err
}

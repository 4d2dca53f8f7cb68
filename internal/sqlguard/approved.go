package sqlguard

import (
	"errors"

	"github.com/datamind/datamind/models"
)

// Approved is SQL that a Guard has checked, byte for byte as it was checked.
// Only this package can make one, so a function that takes an Approved cannot
// be handed unchecked SQL. It never leaves the process: it does not serialise,
// because what comes back from a store or a queue is no longer checked.
type Approved struct {
	sql     string
	values  []string
	reads   []models.TableUse
	dialect string
	explain bool
	state   string
}

// ErrNotSerialisable is returned by every marshaller of Approved.
var ErrNotSerialisable = errors.New("sqlguard: approved SQL does not serialise; check it again where it is run")

// Valid reports whether a came from a Guard; the zero value did not.
func (a Approved) Valid() bool { return a.sql != "" }

// SQL returns the text that was checked. It panics on the zero value: running
// nothing is a programming error, never a query.
func (a Approved) SQL() string {
	if a.sql == "" {
		panic("sqlguard: the zero Approved holds no SQL")
	}
	return a.sql
}

// Values are those of the parameters $1, $2, … of the text, in PostgreSQL's text form.
func (a Approved) Values() []string { return a.values }

// Reads are the tables that the statement names, with the columns of each that
// it names, sorted.
func (a Approved) Reads() []models.TableUse { return a.reads }

// Dialect is the dialect whose grammar checked the text, such as "postgres".
func (a Approved) Dialect() string { return a.dialect }

// State is that of the catalog that the SQL was checked against; see
// models.Catalog. What is checked holds as long as the database is in it.
func (a Approved) State() string { return a.state }

// Explain reports whether the statement is an EXPLAIN (without ANALYZE) of an
// allowed SELECT; it cannot be explained or wrapped again.
func (a Approved) Explain() bool { return a.explain }

// MarshalJSON always fails, see ErrNotSerialisable.
func (a Approved) MarshalJSON() ([]byte, error) { return nil, ErrNotSerialisable }

// MarshalText always fails, see ErrNotSerialisable.
func (a Approved) MarshalText() ([]byte, error) { return nil, ErrNotSerialisable }

// MarshalBinary always fails, see ErrNotSerialisable.
func (a Approved) MarshalBinary() ([]byte, error) { return nil, ErrNotSerialisable }

// GobEncode always fails, see ErrNotSerialisable.
func (a Approved) GobEncode() ([]byte, error) { return nil, ErrNotSerialisable }

// UnmarshalJSON always fails: an Approved is made by a Guard only.
func (a *Approved) UnmarshalJSON([]byte) error { return ErrNotSerialisable }

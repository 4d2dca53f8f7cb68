package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

// Read is SQL to run apart from a question: for an alert, a tile, a report.
type Read struct {
	Scope        models.Scope
	ConnectionID string
	SQL          string
	Args         []models.Argument
	// Narrow keeps those rows of the SQL's result that it is about; nil keeps all.
	Narrow []models.Narrow
	// Purpose names the one run that reads, as in "tile/<run>": by it the next
	// attempt ends what a dead worker left running. At most 50 bytes.
	Purpose string
	// Orphan says that an earlier run for the same purpose was begun and not ended.
	Orphan bool
	// MaxRows to bring; 0 or more than the connection allows means as many as it allows.
	MaxRows int
}

// rows checks SQL against the newest catalog and runs it, as RunQuery does for a
// question. Its errors are coded; a refusal of the guard is CodeGuardRefused.
func (a *Query) rows(ctx context.Context, in Read) (*models.Rows, error) {
	c, err := a.Store.GetConnection(ctx, in.Scope, in.ConnectionID)
	if err != nil {
		return nil, err
	}
	conn, limits, err := a.open(ctx, c, in.Purpose)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if in.Orphan || activity.GetInfo(ctx).Attempt > 1 {
		if err := conn.EndOthers(ctx); err != nil {
			return nil, err
		}
	}
	if in.MaxRows > 0 {
		limits.MaxRows = min(limits.MaxRows, in.MaxRows)
	}
	sql, err := a.check(ctx, in, c)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Run(ctx, sql, limits)
	if models.ErrorCode(err) == models.CodeStructureMoved { // somebody changed the database since it was read
		if _, err = a.read(ctx, in.Scope, c); err != nil {
			return nil, err
		}
		if sql, err = a.check(ctx, in, c); err != nil {
			return nil, err
		}
		rows, err = conn.Run(ctx, sql, limits)
	}
	return rows, err
}

// check approves SQL by the newest catalog; one that was never read is read, and
// one that does not know a table is read anew, see moved.
func (a *Query) check(ctx context.Context, in Read, c *models.Connection) (sqlguard.Approved, error) {
	guard, err := a.guardOf(ctx, in.Scope, c)
	if err != nil {
		return sqlguard.Approved{}, err
	}
	sql, err := guard.CheckNarrowed(in.SQL, in.Args, in.Narrow)
	if newer, failed := a.moved(ctx, in.Scope, c, err); failed != nil {
		return sqlguard.Approved{}, failed
	} else if newer != nil {
		sql, err = newer.CheckNarrowed(in.SQL, in.Args, in.Narrow)
	}
	if isGuard(err) {
		err = models.Wrap(err, models.CodeGuardRefused, "%s", models.ErrorMessage(err))
	}
	return sql, err
}

// guardOf returns the guard for where a connection leads now, with its structure
// read first where that is not known.
func (a *Query) guardOf(ctx context.Context, scope models.Scope, c *models.Connection) (*sqlguard.Guard, error) {
	guard, err := a.guard(ctx, a.Store, scope, c.ID)
	if errors.Is(err, errNoCatalog) {
		if _, err = a.read(ctx, scope, c); err == nil {
			guard, err = a.guard(ctx, a.Store, scope, c.ID)
		}
	}
	return guard, err
}

// rereadAfter is how old a structure must be to be read again for a table that it
// does not know: names that are only misspelt cost the database little.
const rereadAfter = time.Minute

// moved reads the structure again where a refusal says that a table is not known,
// which somebody may have made since, and returns the guard of it; nil for any
// other refusal, and where the structure is of this minute.
func (a *Query) moved(ctx context.Context, scope models.Scope, c *models.Connection, refused error) (*sqlguard.Guard, error) {
	if !isGuard(refused) || models.ErrorCode(refused) != sqlguard.CodeUnknownRelation {
		return nil, nil
	}
	snapshot, err := a.Store.LatestSnapshot(ctx, scope, c.ID)
	if err != nil || time.Since(snapshot.TakenAt) < rereadAfter {
		return nil, err
	}
	if _, err = a.read(ctx, scope, c); err != nil {
		return nil, err
	}
	return a.guard(ctx, a.Store, scope, c.ID)
}

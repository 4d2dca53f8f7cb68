package activities

import (
	"context"
	"errors"

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

// check approves SQL by the newest catalog; one that was never read is read.
func (a *Query) check(ctx context.Context, in Read, c *models.Connection) (sqlguard.Approved, error) {
	guard, err := a.guard(ctx, a.Store, in.Scope, c.ID)
	if errors.Is(err, errNoCatalog) {
		if _, err = a.read(ctx, in.Scope, c); err == nil {
			guard, err = a.guard(ctx, a.Store, in.Scope, c.ID)
		}
	}
	if err != nil {
		return sqlguard.Approved{}, err
	}
	sql, err := guard.CheckNarrowed(in.SQL, in.Args, in.Narrow)
	if isGuard(err) {
		err = models.Wrap(err, models.CodeGuardRefused, "%s", models.ErrorMessage(err))
	}
	return sql, err
}

package activities

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/models"
)

// DiscoverSchema reads the schema of the question's connection as a step of it.
func (a *Query) DiscoverSchema(ctx context.Context, ref StepRef) (DiscoverResult, error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	var found DiscoverResult
	step, done, err := a.steps().begin(ctx, ref, models.StepDiscover, ref.ConnectionID, &found, nil)
	if err == nil && !done {
		if found, err = a.sync(ctx, ref.Scope, ref.ConnectionID); err == nil {
			err = a.steps().finish(ctx, ref, step, fmt.Sprintf("read %d tables", found.Tables), found, nil)
		} else {
			a.steps().fail(ctx, ref, step, err, nil)
		}
	}
	return found, toTemporal(ctx, err)
}

// SyncSchema reads a connection's schema and stores a snapshot.
func (a *Query) SyncSchema(ctx context.Context, in SyncInput) (DiscoverResult, error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	found, err := a.sync(ctx, in.Scope, in.ConnectionID)
	return found, toTemporal(ctx, err)
}

func (a *Query) sync(ctx context.Context, scope models.Scope, connectionID string) (DiscoverResult, error) {
	c, err := a.Store.GetConnection(ctx, scope, connectionID)
	if err != nil {
		return DiscoverResult{}, err
	}
	return a.read(ctx, scope, c)
}

// read reads the structure and stores it. How it goes is noted for the page that
// waits for it; that note is not worth failing for.
func (a *Query) read(ctx context.Context, scope models.Scope, c *models.Connection) (found DiscoverResult, err error) {
	note := func(sync models.CatalogSync) {
		sync.ConnectionID = c.ID
		if err := a.Store.SetSync(context.WithoutCancel(ctx), scope, &sync); err != nil {
			activity.GetLogger(ctx).Warn("how the reading of a structure goes is not noted", "connection", c.ID, "error", err)
		}
	}
	note(models.CatalogSync{Status: models.SyncReading})
	defer func() {
		switch {
		case err == nil:
			note(models.CatalogSync{Status: models.SyncReady, Tables: found.Tables})
		case ctx.Err() == nil:
			note(models.CatalogSync{Status: models.SyncFailed, ErrorCode: models.ErrorCode(err), ErrorText: models.ErrorMessage(err)})
		}
	}()
	conn, _, err := a.open(ctx, c, "catalog")
	if err != nil {
		return DiscoverResult{}, err
	}
	defer conn.Close()
	catalog, err := conn.Discover(ctx)
	if err != nil {
		return DiscoverResult{}, err
	}
	snapshot, err := a.Store.SaveCatalog(ctx, scope, c, catalog)
	if err != nil {
		return DiscoverResult{}, err
	}
	return DiscoverResult{SnapshotID: snapshot.ID, Tables: len(catalog.Tables)}, nil
}

// TestConnection tries a connection that need not be stored.
func (a *Query) TestConnection(ctx context.Context, in TestInput) (models.ConnectionReport, error) {
	in.Connection.SealedPassword, in.Connection.OrgID = in.Sealed, in.Scope.OrgID
	config, err := a.config(&in.Connection, "test")
	if err != nil { // what is wrong belongs into the report like everything else
		return models.ConnectionReport{Code: models.ErrorCode(err), Message: models.ErrorMessage(err)}, nil
	}
	return connector.Test(ctx, config), nil
}

package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// tilesAtOnce bounds how many tiles of a refresh are read at the same time, so
// that a page of many does not take all of a database.
const tilesAtOnce = 4

// RefreshInput names results that were asked for.
type RefreshInput struct {
	Scope       models.Scope
	DashboardID string // "" for none that is stored
	Results     []string
	Since       time.Time
}

// RefreshResult counts how the tiles went.
type RefreshResult struct {
	Ready, Failed int
}

// RefreshDashboard reads the tiles of a dashboard, a few at a time. A tile that
// fails is that tile's: the others are read all the same.
func RefreshDashboard(ctx workflow.Context, in RefreshInput) (RefreshResult, error) {
	tiles := make([]activities.TileInput, len(in.Results))
	for i, id := range in.Results {
		tiles[i] = activities.TileInput{Scope: in.Scope, DashboardID: in.DashboardID, ResultID: id, Since: in.Since}
	}
	return readTiles(ctx, tiles), ctx.Err()
}

// readTiles reads tiles, a few at a time. Cancelled, it lets end what has begun.
func readTiles(ctx workflow.Context, tiles []activities.TileInput) (result RefreshResult) {
	free := workflow.NewSemaphore(ctx, tilesAtOnce)
	all := workflow.NewWaitGroup(ctx)
	for _, tile := range tiles {
		if err := free.Acquire(ctx, 1); err != nil {
			break // cancelled
		}
		all.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer all.Done()
			defer free.Release(1)
			if readTile(ctx, tile) {
				result.Ready++
			} else {
				result.Failed++
			}
		})
	}
	wait, _ := workflow.NewDisconnectedContext(ctx)
	all.Wait(wait)
	return result
}

// ProposeTiles has a model propose the tiles of a dashboard, and returns those that
// were checked and ran.
func ProposeTiles(ctx workflow.Context, in activities.ModelInput) (ran []models.ProposedTile, err error) {
	var m *activities.Model
	var q *activities.Query
	try := activities.TryTilesInput{Scope: in.Scope, ConnectionID: in.ConnectionID}
	if err = workflow.ExecuteActivity(thought(ctx, "design the tiles"), m.DesignTiles, in).Get(ctx, &try.Tiles); err != nil || len(try.Tiles) == 0 {
		return nil, err
	}
	err = workflow.ExecuteActivity(probe(ctx, QueueQuery, "try the tiles"), q.TryTiles, try).Get(ctx, &ran)
	return ran, err
}

// readTile reads a tile, and stores why where that cannot be done.
func readTile(ctx workflow.Context, in activities.TileInput) (ready bool) {
	var q *activities.Query
	var got activities.TileOutput
	err := workflow.ExecuteActivity(tile(ctx, "read a tile"), q.ReadTile, in).Get(ctx, &got)
	if err == nil {
		return got.Code == ""
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	in.Code, in.Error = tileFailure(err)
	var questions *activities.Questions
	if err := workflow.ExecuteLocalActivity(record(ctx, "note why a tile failed"), questions.FailTile, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("why a tile failed is not noted", "error", err)
	}
	if mayRunOn(err) {
		if err := workflow.ExecuteActivity(orphan(ctx, QueueQuery, "end the query of a worker that died"), q.EndTile, in).Get(ctx, nil); err != nil {
			workflow.GetLogger(ctx).Warn("a query may still run on the customer's database", "error", err)
		}
	}
	return false
}

// tileFailure says what went wrong with a tile, and what to do.
func tileFailure(err error) (models.Code, string) {
	var app *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	switch {
	case errors.As(err, &app) && app.Type() != "":
		return models.Code(app.Type()), app.Message() + " It was tried several times. Refresh when this is put right."
	case errors.As(err, &timeout):
		return models.CodeUnavailable, "No worker read this tile in time. Refresh in a moment; if it stays, tell whoever runs DataMind."
	case temporal.IsCanceledError(err):
		return models.CodeUnavailable, "The refresh was stopped. Refresh to read the tile again."
	}
	return models.CodeInternal, models.ErrorMessage(err)
}

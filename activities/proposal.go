package activities

import (
	"context"
	"time"

	"github.com/datamind/datamind/internal/insight"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// TryTilesInput are tiles that were proposed for a dashboard.
type TryTilesInput struct {
	Scope        models.Scope
	ConnectionID string
	Tiles        []models.ProposedTile
}

const (
	// triedRows bounds the rows of a tile that is tried.
	triedRows = 1000
	// tryTime bounds how long one tile, tryAllTime how long all may take: somebody waits.
	tryTime    = 8 * time.Second
	tryAllTime = 20 * time.Second
)

// TryTiles checks and runs proposed tiles and returns those that bring rows.
func (a *Query) TryTiles(ctx context.Context, in TryTilesInput) (ran []models.ProposedTile, err error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	all, cancel := context.WithTimeout(ctx, tryAllTime)
	defer cancel()
	purpose := "tile/propose/" + store.NewID()[24:]
	for _, tile := range in.Tiles {
		limited, cancel := context.WithTimeout(all, tryTime)
		rows, err := a.rows(limited, Read{Scope: in.Scope, ConnectionID: in.ConnectionID, SQL: tile.SQL, Purpose: purpose, MaxRows: triedRows})
		cancel()
		if ctx.Err() != nil {
			return nil, toTemporal(ctx, ctx.Err())
		}
		if err != nil || len(rows.Rows) == 0 {
			continue // what does not run, or shows nothing, is not proposed
		}
		chart := insight.ChooseChart(tile.Title, rows, time.Now())
		tile.Single = chart != nil && chart.Type == models.ChartSingle
		ran = append(ran, tile)
	}
	return ran, nil
}

package activities

import (
	"context"
	"time"

	"github.com/datamind/datamind/internal/insight"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// TileInput names a result that was asked for.
type TileInput struct {
	Scope models.Scope
	// DashboardID is whose watchers are told; "" for nobody.
	DashboardID string
	ResultID    string
	// Since is when it was asked for: rows from then on are new enough.
	Since time.Time
	// Code and Error are why it failed, for FailTile.
	Code  models.Code `json:",omitempty"`
	Error string      `json:",omitempty"`
}

// TileOutput says how the reading went; Code is "" for rows.
type TileOutput struct {
	Code models.Code
}

// tileRows bounds the rows of a tile. Who needs more exports them.
const tileRows = 10_000

// ReadTile reads the rows of a tile and stores them in place of those before. A
// failure that trying again does not cure is stored as the tile's.
func (a *Query) ReadTile(ctx context.Context, in TileInput) (TileOutput, error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	tile, orphan, done, err := a.Store.BeginTile(ctx, in.Scope, in.ResultID, in.Since)
	if models.ErrorCode(err) == models.CodeNotFound { // its connection is gone
		return TileOutput{Code: models.CodeNotFound}, nil
	}
	if err != nil || done {
		return TileOutput{}, toTemporal(ctx, err)
	}
	tellTile(ctx, a.Events, in, "running")
	begun := time.Now()
	rows, err := a.rows(ctx, Read{Scope: in.Scope, ConnectionID: tile.ConnectionID, SQL: tile.SQL, Args: tile.Arguments, Narrow: tile.Narrow,
		Purpose: "tile/" + tile.ID, Orphan: orphan, MaxRows: tileRows})
	if err == nil {
		chart := insight.ChooseChart("", rows, time.Now())
		err = keepTrying(ctx, func(ctx context.Context) error {
			_, err := a.Store.SaveTile(ctx, in.Scope, tile.ID, rows, chart, time.Since(begun))
			return err
		})
		if err == nil {
			tellTile(ctx, a.Events, in, "ready")
			return TileOutput{}, nil
		}
	}
	if code := models.ErrorCode(err); !retryable[code] && ctx.Err() == nil {
		in.Code, in.Error = code, models.ErrorMessage(err)
		return TileOutput{Code: code}, toTemporal(ctx, failTile(ctx, a.Store, a.Events, in))
	}
	return TileOutput{}, toTemporal(ctx, err)
}

// EndTile ends what a worker that died left running of a tile on the customer's
// database.
func (a *Query) EndTile(ctx context.Context, in TileInput) error {
	tile, err := a.Store.GetTile(ctx, in.Scope, in.ResultID)
	if err != nil {
		return toTemporal(ctx, err)
	}
	c, err := a.Store.GetConnection(ctx, in.Scope, tile.ConnectionID)
	if err != nil {
		return toTemporal(ctx, err)
	}
	conn, _, err := a.open(ctx, c, "tile/"+tile.ID)
	if err != nil {
		return toTemporal(ctx, err)
	}
	defer conn.Close()
	return toTemporal(ctx, conn.EndOthers(ctx))
}

// FailTile stores why a tile could not be read.
func (a *Questions) FailTile(ctx context.Context, in TileInput) error {
	return toTemporal(ctx, failTile(ctx, a.Store, a.Events, in))
}

func failTile(ctx context.Context, st *store.Store, events *realtime.Hub, in TileInput) error {
	err := st.FailTiles(ctx, in.Scope, []string{in.ResultID}, in.Code, in.Error)
	if err == nil {
		tellTile(ctx, events, in, "failed")
	}
	return err
}

// tellTile tells those who watch a dashboard; what is new they read themselves.
func tellTile(ctx context.Context, events *realtime.Hub, in TileInput, status string) {
	if in.DashboardID != "" {
		publishAll(ctx, events, in.DashboardID, realtime.News{Type: "tile", Data: map[string]any{"result_id": in.ResultID, "status": status}})
	}
}

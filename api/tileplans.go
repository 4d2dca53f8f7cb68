package api

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// TileState is where a tile's result stands.
type TileState struct {
	TileID    string      `json:"tile_id" format:"uuid"`
	ResultID  string      `json:"result_id,omitempty" doc:"What live events name; none before it was asked for"`
	Status    string      `json:"status" enum:"none,refreshing,ready,failed" doc:"none: never read with these values. While refreshing, and when failed, the rows from before stay"`
	RanAt     *time.Time  `json:"ran_at,omitempty" doc:"From when the rows are; absent for none"`
	RowCount  int         `json:"row_count"`
	QueryMs   int64       `json:"query_ms"`
	ErrorCode models.Code `json:"error_code,omitempty"`
	Error     string      `json:"error,omitempty" doc:"Why the last try failed, and what to do"`
}

// plan is what a tile's rows are read and found by, or why they cannot be.
type plan struct {
	tile *models.Tile
	run  models.TileRun
	key  string
	err  error
}

// plans are those of a dashboard's query tiles. The error is of the values.
func (s *Server) plans(ctx context.Context, scope models.Scope, spec *models.DashboardSpec, values FilterValues) ([]plan, error) {
	if raw, err := json.Marshal(values); err != nil || len(raw) > models.MaxFilterValues {
		return nil, models.Errorf(models.CodeParameter, "The values of the filters are longer than %d KiB together. Choose fewer.", models.MaxFilterValues>>10)
	}
	if err := spec.CheckValues(values); err != nil {
		return nil, err
	}
	connections := map[string]*models.Connection{}
	var all []plan
	for i := range spec.Tiles {
		p := plan{tile: &spec.Tiles[i]}
		if p.tile.Kind != models.TileQuery {
			continue
		}
		c, err := connections[p.tile.ConnectionID], error(nil)
		if c == nil {
			c, err = s.deps.Store.GetConnection(ctx, scope, p.tile.ConnectionID)
		}
		switch {
		case models.ErrorCode(err) == models.CodeNotFound:
			p.err = models.Errorf(models.CodeNotFound, "The database of this tile is not connected any more. Remove the tile, or connect the database and make the tile again.")
		case err != nil:
			return nil, err
		default:
			connections[c.ID] = c
			if p.run, p.err = spec.Run(p.tile, values); p.err == nil {
				p.key = p.run.Key(scope.OrgID, models.DataRights(scope), c)
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// states say where results stand.
func (s *Server) states(ctx context.Context, scope models.Scope, all []plan) ([]TileState, error) {
	var keys []string
	for _, p := range all {
		if p.key != "" {
			keys = append(keys, p.key)
		}
	}
	found, err := s.deps.Store.TileResults(ctx, scope, keys)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	out := make([]TileState, 0, len(all))
	for _, p := range all {
		v := TileState{TileID: p.tile.ID, Status: "none"}
		if p.err != nil {
			v.Status, v.ErrorCode, v.Error = "failed", models.ErrorCode(p.err), models.ErrorMessage(p.err)
		}
		if r, ok := found[p.key]; ok && p.key != "" {
			stateOf(&v, &r, now)
		}
		out = append(out, v)
	}
	return out, nil
}

func stateOf(v *TileState, r *models.TileResult, now time.Time) {
	v.ResultID, v.RanAt, v.RowCount, v.QueryMs = r.ID, r.RanAt, r.RowCount, r.QueryMs
	switch {
	case r.Pending(now):
		v.Status = "refreshing"
	case r.FailedAt != nil:
		v.Status, v.ErrorCode, v.Error = "failed", r.ErrorCode, r.ErrorText
	case r.RanAt != nil:
		v.Status = "ready"
	}
}

// readAgain asks for results that are older than wanted, and says where all stand.
func (s *Server) readAgain(ctx context.Context, scope models.Scope, dashboardID string, all []plan, wanted []string, maxAge time.Duration) ([]TileState, error) {
	var asked []store.TileRequest
	for _, p := range all {
		if p.key != "" && (len(wanted) == 0 || slices.Contains(wanted, p.tile.ID)) {
			asked = append(asked, store.TileRequest{Key: p.key, Run: p.run, MaxAge: maxAge})
		}
	}
	at := since()
	fresh, err := s.deps.Store.RequestTiles(ctx, scope, asked)
	if err != nil {
		return nil, err
	}
	if len(fresh) > 0 {
		ids := make([]string, len(fresh))
		for i := range fresh {
			ids[i] = fresh[i].ID
		}
		if err := s.deps.Runs.RefreshDashboard(ctx, scope, dashboardID, ids, at); err != nil {
			err = unavailable(err, "The tiles cannot be read now. Refresh again in a moment.")
			if err := s.deps.Store.FailTiles(ctx, scope, ids, models.ErrorCode(err), models.ErrorMessage(err)); err != nil {
				return nil, err
			}
		}
	}
	return s.states(ctx, scope, all)
}

func (s *Server) planOf(ctx context.Context, scope models.Scope, spec *models.DashboardSpec, tileID string, values FilterValues) (*plan, error) {
	one := models.DashboardSpec{Name: spec.Name, Filters: spec.Filters}
	if t := spec.Tile(tileID); t != nil {
		one.Tiles = []models.Tile{*t}
	}
	all, err := s.plans(ctx, scope, &one, values)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errNotFound
	}
	return &all[0], all[0].err
}

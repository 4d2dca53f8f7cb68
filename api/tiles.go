package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/planner"
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

// TileRows are a part of a tile's rows, with the chart that they are drawn as.
type TileRows struct {
	ResultPage
	Chart *models.Chart `json:"chart,omitempty"`
	RanAt time.Time     `json:"ran_at"`
}

// FilterValues are values of a dashboard's filters.
type FilterValues map[string]any

type (
	statesBody struct {
		Values FilterValues `json:"values,omitempty" maxProperties:"30" doc:"Of the filters, by name; those left out have their defaults, null is none"`
	}
	refreshBody struct {
		Values FilterValues `json:"values,omitempty" maxProperties:"30" doc:"Of the filters, by name; those left out have their defaults, null is none"`
		Tiles  []string     `json:"tiles,omitempty" maxItems:"40" doc:"Of these tiles only"`
		MaxAge int          `json:"max_age_seconds,omitempty" minimum:"0" maximum:"31536000" doc:"Results that are younger are good enough"`
	}
	rowsBody struct {
		Values FilterValues `json:"values,omitempty" maxProperties:"30" doc:"Of the filters, by name; those left out have their defaults, null is none"`
		Offset int          `json:"offset,omitempty" minimum:"0" maximum:"1000000"`
		Limit  int          `json:"limit,omitempty" minimum:"1" maximum:"5000" default:"500"`
	}
	tilesIn struct {
		IDParam
		Body statesBody
	}
	refreshIn struct {
		IDParam
		Body refreshBody
	}
	// TileParam is the id of a tile in a path.
	TileParam struct {
		Tile string `path:"tile" pattern:"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" doc:"The tile's id"`
	}
	tileRowsIn struct {
		IDParam
		TileParam
		Body rowsBody
	}
	tileQuestionIn struct {
		IDParam
		TileParam
		IdempotencyParam
		Body statesBody
	}
	statesOut struct {
		Body struct {
			Tiles []TileState `json:"tiles" doc:"Query tiles, in their order"`
		}
	}
	tileRowsOut struct{ Body TileRows }
	pinIn       struct {
		IDParam
		Body struct {
			QuestionID   string `json:"question_id,omitempty" format:"uuid" maxLength:"36" doc:"An answered question"`
			SavedQueryID string `json:"saved_query_id,omitempty" format:"uuid" maxLength:"36" doc:"Or a saved query"`
			Title        string `json:"title,omitempty" maxLength:"200"`
		}
	}
	previewIn struct {
		Body struct {
			Filters []DashboardFilter `json:"filters,omitempty" maxItems:"30"`
			Tiles   []Tile            `json:"tiles" minItems:"1" maxItems:"40"`
			Values  FilterValues      `json:"values,omitempty" maxProperties:"30"`
		}
	}
	previewRowsIn struct {
		Body struct {
			Filters []DashboardFilter `json:"filters,omitempty" maxItems:"30"`
			Tile    Tile              `json:"tile"`
			Values  FilterValues      `json:"values,omitempty" maxProperties:"30"`
			Offset  int               `json:"offset,omitempty" minimum:"0" maximum:"1000000"`
			Limit   int               `json:"limit,omitempty" minimum:"1" maximum:"5000" default:"500"`
		}
	}
)

func (s *Server) tileRoutes() {
	register(s, operation(http.MethodPost, "/dashboards/{id}/results", "get-dashboard-results", "Where the tiles' results stand, with values of the filters", 200), auth.ReadDashboards, s.getDashboardResults)
	register(s, operation(http.MethodPost, "/dashboards/{id}/refresh", "refresh-dashboard", "Read the tiles again; what others have just asked for is not read twice", 202), auth.ReadDashboards, s.refreshDashboard)
	register(s, operation(http.MethodPost, "/dashboards/{id}/tiles/{tile}/rows", "get-tile-rows", "The rows of a tile that were read last", 200), auth.ReadDashboards, s.getTileRows)
	register(s, operation(http.MethodPost, "/dashboards/{id}/tiles/{tile}/question", "ask-tile", "Start a conversation with a tile's SQL as its first question", 202), auth.Ask, s.askTile)
	register(s, operation(http.MethodPost, "/dashboards/{id}/tiles", "pin-tile", "Add a copy of an answer's or a saved query's SQL at the end", 201), auth.WriteDashboards, s.pinTile)
	register(s, operation(http.MethodPost, "/tile-previews", "preview-tiles", "Read tiles that are not stored yet", 202), auth.WriteDashboards, s.previewTiles)
	register(s, operation(http.MethodPost, "/tile-previews/rows", "get-preview-rows", "The rows of a tile that is not stored yet", 200), auth.WriteDashboards, s.getPreviewRows)
	s.handle(http.MethodGet, apiPrefix+"/dashboards/{id}/events", auth.ReadDashboards, s.dashboardEvents)
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

func (s *Server) getDashboardResults(ctx context.Context, in *tilesIn) (*statesOut, error) {
	scope := scopeOf(ctx)
	d, err := s.deps.Store.GetDashboard(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := s.plans(ctx, scope, &d.Spec, in.Body.Values)
	if err != nil {
		return nil, err
	}
	return statesAnswer(s.states(ctx, scope, all))
}

func statesAnswer(tiles []TileState, err error) (*statesOut, error) {
	out := &statesOut{}
	out.Body.Tiles = list(tiles)
	return out, err
}

// refreshesPerMinute bounds what one person may ask for.
const refreshesPerMinute = 120

func (s *Server) refreshDashboard(ctx context.Context, in *refreshIn) (*statesOut, error) {
	scope := scopeOf(ctx)
	d, err := s.deps.Store.GetDashboard(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := s.plans(ctx, scope, &d.Spec, in.Body.Values)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Auth.Limit(ctx, "refresh:"+scope.UserID, refreshesPerMinute, time.Minute); err != nil {
		return nil, err
	}
	return statesAnswer(s.readAgain(ctx, scope, d.ID, all, in.Body.Tiles, time.Duration(in.Body.MaxAge)*time.Second))
}

func (s *Server) getTileRows(ctx context.Context, in *tileRowsIn) (*tileRowsOut, error) {
	scope := scopeOf(ctx)
	d, err := s.deps.Store.GetDashboard(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	return s.tileRows(ctx, scope, &d.Spec, in.Tile, in.Body.Values, in.Body.Offset, in.Body.Limit)
}

func (s *Server) tileRows(ctx context.Context, scope models.Scope, spec *models.DashboardSpec, tileID string, values FilterValues, offset, limit int) (*tileRowsOut, error) {
	p, err := s.planOf(ctx, scope, spec, tileID, values)
	if err != nil {
		return nil, err
	}
	r, rows, err := s.deps.Store.TilePage(ctx, scope, p.key, offset, limit)
	if err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, models.Errorf(models.CodeNotFound, "This tile has not been read yet.")
	}
	return &tileRowsOut{Body: TileRows{ResultPage: ResultPage{Columns: list(rows.Columns), Rows: list(rows.Rows), Offset: offset, RowCount: r.RowCount, Truncated: r.Truncated},
		Chart: p.tile.ChartOf(r), RanAt: *r.RanAt}}, nil
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

// askTile starts a conversation as running the tile's SQL in the editor does:
// what follows in words builds on it.
func (s *Server) askTile(ctx context.Context, in *tileQuestionIn) (*questionOut, error) {
	scope := scopeOf(ctx)
	d, err := s.deps.Store.GetDashboard(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.planOf(ctx, scope, &d.Spec, in.Tile, in.Body.Values)
	if err != nil {
		return nil, err
	}
	conn, err := s.deps.Store.GetConnection(ctx, scope, p.run.ConnectionID)
	if err != nil {
		return nil, err
	}
	sql := p.run.SQL
	if len(p.run.Narrow) > 0 {
		known, err := s.structure(ctx, conn.ID)
		if err != nil {
			return nil, err
		}
		if sql, err = known.narrowed(sql, p.run.Arguments, p.run.Narrow); err != nil {
			return nil, models.Wrap(err, models.CodeGuardRefused, "%s", models.ErrorMessage(err))
		}
	}
	title := p.tile.Title
	if title == "" {
		title = d.Name
	}
	return s.writeQuestion(ctx, conn, written{sql: sql, title: title, args: p.run.Arguments, key: in.IdempotencyKey})
}

// sizes are those of new tiles, by what they show.
var sizes = map[models.ChartType][2]int{models.ChartSingle: {3, 3}, models.ChartPie: {4, 7}, models.ChartMap: {6, 9}}

// placed puts a tile at the end of a dashboard.
func placed(t models.Tile, spec *models.DashboardSpec) models.Tile {
	t.W, t.H = 6, 7
	if t.Chart != nil {
		if size, ok := sizes[t.Chart.Type]; ok {
			t.W, t.H = size[0], size[1]
		}
	}
	t.Y, t.Order = spec.Bottom()
	if last := len(spec.Tiles) - 1; last >= 0 { // beside the last one, where it has room
		if l := spec.Tiles[last]; l.X+l.W+t.W <= models.GridColumns && l.Y+l.H == t.Y {
			t.X, t.Y = l.X+l.W, l.Y
		}
	}
	return t
}

func (s *Server) pinTile(ctx context.Context, in *pinIn) (*dashboardOut, error) {
	scope := scopeOf(ctx)
	before, err := s.deps.Store.GetDashboard(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if err := mayChange(scope, before); err != nil {
		return nil, err
	}
	tile, err := s.tileFrom(ctx, canonical(in.Body.QuestionID), canonical(in.Body.SavedQueryID))
	if err != nil {
		return nil, err
	}
	if title := strings.TrimSpace(in.Body.Title); title != "" {
		tile.Title = title
	}
	d, err := s.deps.Store.UpdateDashboard(ctx, scope, in.ID, "tile added", func(d *models.Dashboard) error {
		if len(d.Spec.Tiles) >= models.MaxTiles {
			return models.Errorf(models.CodeInvalid, "The dashboard has %d tiles already, which is the limit. Pin it to another one.", models.MaxTiles)
		}
		d.Spec.Tiles = append(d.Spec.Tiles, placed(*tile, &d.Spec))
		return mayChange(scope, d)
	})
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "dashboard.update", d.ID, map[string]any{"name": d.Name, "tile": tile.Title, "version": d.Version})
	return s.showDashboard(ctx, d.ID)
}

// tileFrom copies what an answer or a saved query runs.
func (s *Server) tileFrom(ctx context.Context, questionID, savedQueryID string) (*models.Tile, error) {
	scope := scopeOf(ctx)
	tile := &models.Tile{ID: newID(), Kind: models.TileQuery, View: models.ViewAuto}
	switch {
	case questionID != "" && savedQueryID != "":
		return nil, invalidField("body", "names a question and a saved query: one of them is enough")
	case questionID != "":
		q, err := s.deps.Store.ReadQuestion(ctx, scope, questionID)
		if err != nil {
			return nil, err
		}
		if q.Status != models.StatusAnswered || q.SQL == "" {
			return nil, models.Errorf(models.CodeConflict, "Only an answered question with SQL can be pinned; this one is %s.", q.Status)
		}
		tile.QuestionID, tile.ConnectionID, tile.SQL, tile.Title = q.ID, q.ConnectionID, planner.Moving(q.Text, q.SQL, time.Now()), cut(q.Text, 200)
		for _, a := range q.Arguments {
			tile.Parameters = append(tile.Parameters, models.ParameterOf(a))
		}
		if q.Chart != nil {
			chart := q.Chart.ChartSpec
			chart.Partial = nil
			tile.View, tile.Chart = models.ViewChart, &chart
		}
	case savedQueryID != "":
		q, err := s.deps.Store.GetSavedQuery(ctx, scope, savedQueryID)
		if err != nil {
			return nil, err
		}
		tile.SavedQueryID, tile.ConnectionID, tile.SQL, tile.Title, tile.Parameters = q.ID, q.ConnectionID, q.SQL, cut(q.Name, 200), q.Parameters
	default:
		return nil, invalidField("body", "names neither a question nor a saved query")
	}
	return tile, nil
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	runes := []rune(strings.TrimSpace(text))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}

// draft is a dashboard of tiles that are not stored yet; tiles that are wrong are refused.
func (s *Server) tileDraft(ctx context.Context, filters []DashboardFilter, tiles []Tile) (*models.DashboardSpec, error) {
	spec := DashboardSpec{Name: "draft", Filters: filters, Tiles: tiles}.model()
	return &spec, s.checkSpec(ctx, &spec, nil)
}

func (s *Server) previewTiles(ctx context.Context, in *previewIn) (*statesOut, error) {
	scope := scopeOf(ctx)
	spec, err := s.tileDraft(ctx, in.Body.Filters, in.Body.Tiles)
	if err != nil {
		return nil, err
	}
	all, err := s.plans(ctx, scope, spec, in.Body.Values)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Auth.Limit(ctx, "refresh:"+scope.UserID, refreshesPerMinute, time.Minute); err != nil {
		return nil, err
	}
	return statesAnswer(s.readAgain(ctx, scope, "", all, nil, previewAge))
}

// previewAge is how old the rows of a preview may be.
const previewAge = 10 * time.Minute

func (s *Server) getPreviewRows(ctx context.Context, in *previewRowsIn) (*tileRowsOut, error) {
	spec, err := s.tileDraft(ctx, in.Body.Filters, []Tile{in.Body.Tile})
	if err != nil {
		return nil, err
	}
	out, err := s.tileRows(ctx, scopeOf(ctx), spec, spec.Tiles[0].ID, in.Body.Values, in.Body.Offset, in.Body.Limit)
	if err == nil && in.Body.Offset == 0 {
		s.audit(ctx, "result.read", spec.Tiles[0].ConnectionID, nil)
	}
	return out, err
}

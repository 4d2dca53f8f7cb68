package api

import (
	"context"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

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
	sql, err := s.sqlOf(ctx, p)
	if err != nil {
		return nil, err
	}
	title := p.tile.Title
	if title == "" {
		title = d.Name
	}
	return s.writeQuestion(ctx, conn, written{sql: sql, title: title, args: p.run.Arguments, key: in.IdempotencyKey})
}

// sqlOf is the SQL that a tile's rows are read by, with its links to filters in it.
func (s *Server) sqlOf(ctx context.Context, p *plan) (string, error) {
	if len(p.run.Narrow) == 0 {
		return p.run.SQL, nil
	}
	known, err := s.structure(ctx, p.run.ConnectionID)
	if err != nil {
		return "", err
	}
	sql, err := known.narrowed(p.run.SQL, p.run.Arguments, p.run.Narrow)
	if err != nil {
		return "", models.Wrap(err, models.CodeGuardRefused, "%s", models.ErrorMessage(err))
	}
	return sql, nil
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

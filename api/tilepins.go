package api

import (
	"context"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/models"
)

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

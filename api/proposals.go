package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/models"
)

type (
	proposeIn struct {
		Body struct {
			ConnectionID string `json:"connection_id" format:"uuid" maxLength:"36"`
			About        string `json:"about" minLength:"1" maxLength:"500" doc:"What the dashboard is about, in a sentence"`
		}
	}
	proposeOut struct {
		Body struct {
			Name    string     `json:"name"`
			ByModel bool       `json:"by_model" doc:"A model proposes them, and each has been run; else they are made by rules, and each has been checked"`
			Tiles   []Proposal `json:"tiles" doc:"None where nothing was understood"`
		}
	}
)

// Proposal is a tile that could be on the dashboard.
type Proposal struct {
	Tile
	Understanding string `json:"understanding" doc:"How the tile's question was read"`
}

func (s *Server) proposalRoutes() {
	register(s, slow(operation(http.MethodPost, "/dashboards/propose", "propose-dashboard", "Tiles for a dashboard about something; nothing is stored", 200), 90*time.Second), auth.WriteDashboards, s.proposeDashboard)
}

// proposeDashboard makes tiles of a sentence: those of a model that were checked and
// run, or else, by rules over the stored structure and what people say of it, those
// that pass the guard.
func (s *Server) proposeDashboard(ctx context.Context, in *proposeIn) (*proposeOut, error) {
	scope := scopeOf(ctx)
	id := canonical(in.Body.ConnectionID)
	known, err := s.structure(ctx, id)
	if err != nil {
		return nil, err
	}
	about := strings.TrimSpace(in.Body.About)
	if about == "" {
		return nil, invalidField("body.about", "must not be blank")
	}
	tiles, err := s.deps.Runs.ProposeTiles(ctx, scope, id, about)
	if err != nil { // a model that is busy, or has no budget left, is not missed here
		s.log(ctx).Warn("a model proposes no tiles", slog.Any("error", err))
	}
	out := &proposeOut{}
	if out.Body.ByModel = len(tiles) > 0; !out.Body.ByModel {
		if tiles, err = s.builtinTiles(ctx, scope, id, known, about); err != nil {
			return nil, err
		}
	}
	out.Body.Name, out.Body.Tiles = cut(capital(about), 200), []Proposal{}
	spec := models.DashboardSpec{}
	for _, p := range tiles {
		tile := models.Tile{ID: newID(), Kind: models.TileQuery, Title: p.Title, ConnectionID: id, SQL: p.SQL, View: models.ViewAuto}
		if p.Single {
			tile.Chart = &models.ChartSpec{Type: models.ChartSingle}
		}
		tile = placed(tile, &spec)
		tile.Chart = nil
		spec.Tiles = append(spec.Tiles, tile)
		out.Body.Tiles = append(out.Body.Tiles, Proposal{Tile: tileView(&tile), Understanding: p.Understanding})
	}
	return out, nil
}

// builtinTiles are made by rules, without a model.
func (s *Server) builtinTiles(ctx context.Context, scope models.Scope, connectionID string, known *structure, about string) (tiles []models.ProposedTile, err error) {
	notes, err := s.deps.Store.Notes(ctx, scope, connectionID)
	if err != nil {
		return nil, err
	}
	for _, p := range planner.Propose(known.catalog, notes, about, time.Now()) {
		if _, err := known.check(p.SQL, nil); err != nil {
			continue
		}
		tiles = append(tiles, models.ProposedTile{Title: p.Question, SQL: p.SQL, Understanding: p.Understanding, Single: p.Single})
	}
	return tiles, nil
}

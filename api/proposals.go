package api

import (
	"context"
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
			Name  string     `json:"name"`
			Tiles []Proposal `json:"tiles" doc:"Each has been checked; none where nothing was understood"`
		}
	}
)

// Proposal is a tile that could be on the dashboard.
type Proposal struct {
	Tile
	Understanding string `json:"understanding" doc:"How the tile's question was read"`
}

func (s *Server) proposalRoutes() {
	register(s, operation(http.MethodPost, "/dashboards/propose", "propose-dashboard", "Tiles for a dashboard about something; nothing is stored", 200), auth.WriteDashboards, s.proposeDashboard)
}

// proposeDashboard makes tiles of a sentence, by rules over the stored structure and what
// people say of it. Each passes the guard, or is not shown.
func (s *Server) proposeDashboard(ctx context.Context, in *proposeIn) (*proposeOut, error) {
	scope := scopeOf(ctx)
	id := canonical(in.Body.ConnectionID)
	known, err := s.structure(ctx, id)
	if err != nil {
		return nil, err
	}
	notes, err := s.deps.Store.Notes(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	about := strings.TrimSpace(in.Body.About)
	out := &proposeOut{}
	out.Body.Name, out.Body.Tiles = cut(strings.ToUpper(about[:1])+about[1:], 200), []Proposal{}
	spec := models.DashboardSpec{}
	for _, p := range planner.Propose(known.catalog, notes, about, time.Now()) {
		if _, err := known.check(p.SQL, nil); err != nil {
			continue
		}
		tile := models.Tile{ID: newID(), Kind: models.TileQuery, Title: p.Question, ConnectionID: id, SQL: p.SQL, View: models.ViewAuto}
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

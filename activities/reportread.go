package activities

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// ReportRead asks for what a report shows.
type ReportRead struct {
	ReportRef
	// Unsaved is the report where it is not the stored one that is meant.
	Unsaved *models.Report
	Groups  []ReportGroup
	Since   time.Time
}

// ReportTile is a section's result, or why there is none.
type ReportTile struct {
	// Key is the tile's or the question's id.
	Key       string
	ResultID  string
	ResultKey string
	Failed    string
}

// ReportAsked are the results that a report is made of, by group.
type ReportAsked struct {
	Groups [][]ReportTile
	// DashboardID is whose watchers are told, "" for nobody.
	DashboardID string
}

// section is a part of a report with what it is read by.
type section struct {
	key, title string
	text       string             // of a text tile
	tile       *models.Tile       // nil for a question
	question   string             // that is answered
	run        *models.TileRun    // nil for a text
	connection *models.Connection // nil where it is gone
	err        error              // why it cannot be read
}

// RequestReport asks for the results that a report shows to some groups, under
// the key that viewers with the same rights find them by. What others are reading
// just now is not read twice.
func (a *Query) RequestReport(ctx context.Context, in ReportRead) (out ReportAsked, err error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	r, d, err := a.report(ctx, in)
	if err != nil {
		return out, toTemporal(ctx, err)
	}
	if d != nil && in.Unsaved == nil {
		out.DashboardID = d.ID
	}
	sections, err := a.sections(ctx, in.Scope, r, d, in.Since)
	if err != nil {
		return out, toTemporal(ctx, err)
	}
	for _, g := range in.Groups {
		tiles, err := a.request(ctx, g, sections)
		if err != nil {
			return out, toTemporal(ctx, err)
		}
		out.Groups = append(out.Groups, tiles)
	}
	return out, nil
}

// report is the report that is meant, and the dashboard that it shows, if any.
// Whether somebody may see that has been looked at before.
func (a *Query) report(ctx context.Context, in ReportRead) (*models.Report, *models.Dashboard, error) {
	if in.Unsaved == nil {
		l, err := a.Store.LoadReport(ctx, in.Scope, in.ReportID)
		if err != nil {
			return nil, nil, err
		}
		return &l.Report, l.Dashboard, nil
	}
	r := in.Unsaved
	if r.DashboardID == nil {
		return r, nil, nil
	}
	d, err := a.Store.GetDashboard(ctx, in.Groups[0].Scope, *r.DashboardID)
	return r, d, err
}

// sections are the parts of a report, in their order.
func (a *Query) sections(ctx context.Context, scope models.Scope, r *models.Report, d *models.Dashboard, at time.Time) (all []section, err error) {
	connections := map[string]*models.Connection{}
	find := func(s *section, id string) error {
		c, known := connections[id]
		if !known {
			found, err := a.Store.GetConnection(ctx, scope, id)
			if err != nil && models.ErrorCode(err) != models.CodeNotFound {
				return err
			}
			if err == nil {
				c = found
			}
			connections[id] = c
		}
		if s.connection = c; c == nil {
			s.err = models.Errorf(models.CodeNotFound, "The database of this part is not connected any more.")
		}
		return nil
	}
	if d != nil {
		for _, t := range inOrder(d.Spec.Tiles) {
			s := section{key: t.ID, title: t.Title, text: t.Text, tile: t}
			if t.Kind == models.TileQuery {
				if err := find(&s, t.ConnectionID); err != nil {
					return nil, err
				}
				if s.err == nil {
					run, err := d.Spec.Run(t, r.Values)
					s.run, s.err = &run, err
				}
			}
			all = append(all, s)
		}
		return all, nil
	}
	for i := range r.Questions {
		q := &r.Questions[i]
		s := section{key: q.ID, title: q.Question, question: q.Question, run: &models.TileRun{ConnectionID: q.ConnectionID, SQL: q.SQL, Arguments: q.Arguments}}
		if err := find(&s, q.ConnectionID); err != nil {
			return nil, err
		}
		if s.err == nil && q.AskedAt != nil {
			if s.run.SQL, err = a.askAgain(ctx, scope, q, s.connection, at); err != nil {
				return nil, err
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// inOrder are tiles in the order in which they are read from top to bottom.
func inOrder(tiles []models.Tile) []*models.Tile {
	sorted := make([]*models.Tile, len(tiles))
	for i := range tiles {
		sorted[i] = &tiles[i]
	}
	slices.SortStableFunc(sorted, func(a, b *models.Tile) int { return cmp.Or(a.Y-b.Y, a.X-b.X) })
	return sorted
}

// askAgain is the SQL of a standing question as of a time: the built-in planner
// reads it anew, as it does for alerts, unless it reads it otherwise today than
// when it was answered; then the answer's SQL stays, with its period moved on.
func (a *Query) askAgain(ctx context.Context, scope models.Scope, q *models.StandingQuestion, c *models.Connection, at time.Time) (string, error) {
	moved := planner.Moving(q.Question, q.SQL, *q.AskedAt)
	r := &alertReader{Query: a, connection: c}
	l := &models.Alert{OrgID: scope.OrgID, ConnectionID: q.ConnectionID, Question: q.Question}
	before, failure, err := r.replan(ctx, scope, l, *q.AskedAt)
	if models.ErrorCode(err) == models.CodeNotFound { // its structure is still to be read
		return moved, nil
	}
	if err != nil || failure != nil || before != q.SQL {
		return moved, err
	}
	now, failure, err := r.replan(ctx, scope, l, at)
	if err != nil || failure != nil {
		return moved, err
	}
	return now, nil
}

// request asks for the results of a group and returns where they are.
func (a *Query) request(ctx context.Context, g ReportGroup, sections []section) ([]ReportTile, error) {
	tiles := []ReportTile{}
	var asked []store.TileRequest
	var keys []string
	for _, s := range sections {
		t := ReportTile{Key: s.key}
		switch {
		case s.err != nil:
			t.Failed = models.ErrorMessage(s.err)
		case s.run != nil:
			t.ResultKey = s.run.Key(g.Scope.OrgID, models.DataRights(g.Scope), s.connection)
			asked, keys = append(asked, store.TileRequest{Key: t.ResultKey, Run: *s.run}), append(keys, t.ResultKey)
		}
		tiles = append(tiles, t)
	}
	if len(asked) == 0 {
		return tiles, nil
	}
	if _, err := a.Store.RequestTiles(ctx, g.Scope, asked); err != nil {
		return nil, err
	}
	found, err := a.Store.TileResults(ctx, g.Scope, keys)
	if err != nil {
		return nil, err
	}
	for i, t := range tiles {
		if t.ResultKey != "" {
			tiles[i].ResultID = found[t.ResultKey].ID
		}
	}
	return tiles, nil
}

package models

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Flaw is something that is wrong with a part of a dashboard.
type Flaw struct {
	// Where is the part, such as tiles[2].sql.
	Where   string
	Message string
}

// Check lists what is wrong with a dashboard as far as that can be told without
// its databases. SQL is for the guard to check.
func (d *DashboardSpec) Check() (flaws []Flaw) {
	say := func(where, format string, args ...any) {
		flaws = append(flaws, Flaw{where, fmt.Sprintf(format, args...)})
	}
	if n := utf8.RuneCountInString(d.Name); strings.TrimSpace(d.Name) == "" || n > 200 {
		say("name", "A dashboard needs a name of at most 200 characters.")
	}
	if s := d.RefreshSeconds; s != 0 && (s < minRefreshSeconds || s > maxRefreshSeconds) {
		say("refresh_seconds", "Results are refreshed every %d seconds to 24 hours, or not by themselves (0).", minRefreshSeconds)
	}
	if len(d.Tiles) > MaxTiles {
		say("tiles", "There are %d tiles; the limit is %d. Make a second dashboard.", len(d.Tiles), MaxTiles)
		return flaws
	}
	parameters := make([]Parameter, len(d.Filters))
	for i, f := range d.Filters {
		parameters[i] = f.Parameter
		if len(f.Choices) > 200 {
			say(fmt.Sprintf("filters[%d].choices", i), "A filter offers at most 200 choices.")
		}
	}
	if err := CheckParameters(parameters); err != nil {
		say("filters", "%s", ErrorMessage(err))
		return flaws
	}
	seen := map[string]bool{}
	for i := range d.Tiles {
		t := &d.Tiles[i]
		where := fmt.Sprintf("tiles[%d]", i)
		if seen[t.ID] || t.ID == "" {
			say(where+".id", "Each tile needs an id of its own.")
		}
		seen[t.ID] = true
		for _, f := range d.checkTile(t) {
			say(where+f.Where, "%s", f.Message)
		}
	}
	return flaws
}

func (d *DashboardSpec) checkTile(t *Tile) (flaws []Flaw) {
	say := func(where, format string, args ...any) {
		flaws = append(flaws, Flaw{where, fmt.Sprintf(format, args...)})
	}
	if utf8.RuneCountInString(t.Title) > 200 {
		say(".title", "A title has at most 200 characters.")
	}
	if t.W < 1 || t.H < 1 || t.X < 0 || t.Y < 0 || t.X+t.W > GridColumns || t.H > maxTileHeight || t.Y > maxGridRow {
		say(".layout", "The tile's place is outside of the grid of %d columns.", GridColumns)
	}
	switch t.Kind {
	case TileText:
		if strings.TrimSpace(t.Text) == "" || len(t.Text) > MaxTileText {
			say(".text", "A text tile has a text of at most %d bytes.", MaxTileText)
		}
		if t.SQL != "" || len(t.Parameters)+len(t.Links) > 0 {
			say(".sql", "A text tile has no SQL.")
		}
		return flaws
	case TileQuery:
	default:
		say(".kind", "A tile is a query or a text.")
		return flaws
	}
	if strings.TrimSpace(t.SQL) == "" || len(t.SQL) > MaxDashboardSQL {
		say(".sql", "A query tile has SQL of at most %d bytes.", MaxDashboardSQL)
	}
	if t.View != "" && t.View != ViewAuto && t.View != ViewChart && t.View != ViewTable {
		say(".view", "A tile's view is auto, chart or table.")
	}
	if err := CheckParameters(t.Parameters); err != nil {
		say(".parameters", "%s", ErrorMessage(err))
		return flaws
	}
	for _, p := range t.Parameters {
		if f := d.Filter(p.Name); f != nil && (f.Type != p.Type || f.Of != p.Of && f.elements() != p.elements()) {
			say(".parameters", "The parameter %s and the filter of that name have different types.", p.Name)
		}
	}
	if len(t.Links) > MaxParameters {
		say(".links", "A tile has at most %d links.", MaxParameters)
	}
	for i, l := range t.Links {
		where := fmt.Sprintf(".links[%d]", i)
		f := d.Filter(l.Filter)
		switch {
		case f == nil:
			say(where, "There is no filter %q.", l.Filter)
		case l.Column == "" || len(l.Column) > 63 || strings.ContainsRune(l.Column, 0) || !utf8.ValidString(l.Column):
			say(where, "A link names a column of the tile's result.")
		case l.How != LinkEquals && l.How != LinkFrom && l.How != LinkUntil && l.How != LinkSets:
			say(where, "A link is one of equals, at_least, at_most and sets.")
		case f.Type == ParameterList && (l.How == LinkFrom || l.How == LinkUntil):
			say(where, "A list of values has no order: use equals.")
		}
	}
	return flaws
}

// elements is the type of a list's values.
func (p Parameter) elements() ParameterType {
	if p.Type == ParameterList && p.Of == "" {
		return ParameterText
	}
	return p.Of
}

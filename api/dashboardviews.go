package api

import (
	"strings"
	"time"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/models"
)

// DashboardSpec is what a dashboard shows.
type DashboardSpec struct {
	Name           string            `json:"name" minLength:"1" maxLength:"200"`
	Description    string            `json:"description,omitempty" maxLength:"2000"`
	Filters        []DashboardFilter `json:"filters,omitempty" maxItems:"30" doc:"Values that tiles share"`
	Tiles          []Tile            `json:"tiles,omitempty" maxItems:"40"`
	RefreshSeconds int               `json:"refresh_seconds,omitempty" minimum:"0" maximum:"86400" doc:"How old results may be while somebody looks, at least 30; 0: until they ask"`
}

// DashboardFilter is a value that tiles share: by a placeholder of its name in
// their SQL, or by a link to a column of their result.
type DashboardFilter struct {
	Parameter
	Choices []string `json:"choices,omitempty" maxItems:"200" doc:"Values that are offered; none for any"`
}

// Tile is a part of a dashboard.
type Tile struct {
	ID           string            `json:"id,omitempty" format:"uuid" maxLength:"36" doc:"Left out for a new one"`
	Kind         models.TileKind   `json:"kind" enum:"query,text"`
	Title        string            `json:"title,omitempty" maxLength:"200"`
	Text         string            `json:"text,omitempty" maxLength:"20000" doc:"Of a text tile, in Markdown"`
	ConnectionID string            `json:"connection_id,omitempty" format:"uuid" maxLength:"36"`
	SQL          string            `json:"sql,omitempty" maxLength:"20000" doc:"One SELECT; {{name}} stands for a parameter's value"`
	Parameters   []Parameter       `json:"parameters,omitempty" maxItems:"30" doc:"A filter of the same name gives the value, else the default"`
	Links        []TileLink        `json:"links,omitempty" maxItems:"30"`
	View         models.TileView   `json:"view,omitempty" enum:"auto,chart,table" doc:"auto: the chart that suits the rows, else a table"`
	Chart        *models.ChartSpec `json:"chart,omitempty"`
	QuestionID   string            `json:"question_id,omitempty" format:"uuid" maxLength:"36" doc:"The question whose SQL was copied"`
	SavedQueryID string            `json:"saved_query_id,omitempty" format:"uuid" maxLength:"36" doc:"The saved query whose SQL was copied"`
	X            int               `json:"x" minimum:"0" maximum:"11" doc:"Column of the grid of 12"`
	Y            int               `json:"y" minimum:"0" maximum:"2000" doc:"Row of the grid"`
	W            int               `json:"w" minimum:"1" maximum:"12"`
	H            int               `json:"h" minimum:"1" maximum:"40"`
	Order        int               `json:"order" minimum:"0" maximum:"1000" doc:"Place in the stack on a phone"`
}

// TileLink ties a column of a tile's result to a filter.
type TileLink struct {
	Filter string         `json:"filter" minLength:"1" maxLength:"63"`
	Column string         `json:"column" minLength:"1" maxLength:"63"`
	How    models.LinkHow `json:"how" enum:"equals,at_least,at_most,sets" doc:"sets: a click on a value of the column sets the filter, and the tile shows all rows"`
}

// Dashboard is a dashboard as its readers see it.
type Dashboard struct {
	ID string `json:"id" format:"uuid"`
	DashboardSpec
	Sharing   models.Sharing `json:"sharing" enum:"private,view,edit" doc:"view: the organisation sees it; edit: it may change it as well"`
	UserID    string         `json:"user_id" format:"uuid" doc:"The owner"`
	OwnerName string         `json:"owner_name"`
	Mine      bool           `json:"mine"`
	Editable  bool           `json:"editable" doc:"You may change it, if your role writes dashboards"`
	Owned     bool           `json:"owned" doc:"You may share and delete it, if your role writes dashboards"`
	Version   int            `json:"version"`
	Outdated  []string       `json:"outdated" doc:"Tiles whose saved query has other SQL now"`
	Stale     []string       `json:"stale" doc:"Tiles whose title names a period that moves on, such as last month, while their SQL has fixed dates"`
	ViewedAt  *time.Time     `json:"viewed_at,omitempty" doc:"When you looked last"`
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
}

// DashboardEntry is a dashboard in a list.
type DashboardEntry struct {
	ID          string         `json:"id" format:"uuid"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Sharing     models.Sharing `json:"sharing" enum:"private,view,edit"`
	OwnerName   string         `json:"owner_name"`
	Mine        bool           `json:"mine"`
	Editable    bool           `json:"editable"`
	Tiles       int            `json:"tiles"`
	ViewedAt    *time.Time     `json:"viewed_at,omitempty" doc:"When you looked last"`
	UpdatedAt   time.Time      `json:"updated_at"`
}

// DashboardVersion is an entry of a dashboard's history.
type DashboardVersion struct {
	Version   int       `json:"version"`
	UserName  string    `json:"user_name" doc:"At the time"`
	Note      string    `json:"note" doc:"How it came about; empty for an edit"`
	CreatedAt time.Time `json:"created_at"`
}

// DashboardVersionDetail is a version with what it shows.
type DashboardVersionDetail struct {
	DashboardVersion
	Spec DashboardSpec `json:"spec"`
}

func (d DashboardSpec) model() models.DashboardSpec {
	spec := models.DashboardSpec{Name: strings.TrimSpace(d.Name), Description: strings.TrimSpace(d.Description), RefreshSeconds: d.RefreshSeconds}
	for _, f := range d.Filters {
		spec.Filters = append(spec.Filters, models.DashboardFilter{Parameter: f.model(), Choices: f.Choices})
	}
	for _, t := range d.Tiles {
		spec.Tiles = append(spec.Tiles, t.model())
	}
	return spec
}

func (t Tile) model() models.Tile {
	m := models.Tile{ID: canonical(t.ID), Kind: t.Kind, Title: strings.TrimSpace(t.Title), Text: t.Text, ConnectionID: canonical(t.ConnectionID), SQL: strings.TrimSpace(t.SQL),
		View: t.View, Chart: t.Chart, QuestionID: canonical(t.QuestionID), SavedQueryID: canonical(t.SavedQueryID), X: t.X, Y: t.Y, W: t.W, H: t.H, Order: t.Order}
	for _, p := range t.Parameters {
		m.Parameters = append(m.Parameters, p.model())
	}
	for _, l := range t.Links {
		m.Links = append(m.Links, models.TileLink(l))
	}
	return m
}

func specView(d *models.DashboardSpec) DashboardSpec {
	v := DashboardSpec{Name: d.Name, Description: d.Description, RefreshSeconds: d.RefreshSeconds, Filters: []DashboardFilter{}, Tiles: []Tile{}}
	for _, f := range d.Filters {
		v.Filters = append(v.Filters, DashboardFilter{Parameter: Parameter(f.Parameter), Choices: f.Choices})
	}
	for i := range d.Tiles {
		v.Tiles = append(v.Tiles, tileView(&d.Tiles[i]))
	}
	return v
}

func tileView(t *models.Tile) Tile {
	v := Tile{ID: t.ID, Kind: t.Kind, Title: t.Title, Text: t.Text, ConnectionID: t.ConnectionID, SQL: t.SQL, View: t.View, Chart: t.Chart,
		QuestionID: t.QuestionID, SavedQueryID: t.SavedQueryID, X: t.X, Y: t.Y, W: t.W, H: t.H, Order: t.Order}
	for _, p := range t.Parameters {
		v.Parameters = append(v.Parameters, Parameter(p))
	}
	for _, l := range t.Links {
		v.Links = append(v.Links, TileLink(l))
	}
	return v
}

func dashboardView(scope models.Scope, d *models.Dashboard) Dashboard {
	return Dashboard{ID: d.ID, DashboardSpec: specView(&d.Spec), Sharing: d.Sharing, UserID: d.UserID, OwnerName: d.OwnerName, Mine: d.UserID == scope.UserID,
		Editable: mayChange(scope, d) == nil, Owned: mayOwn(scope, d) == nil, Version: d.Version, Outdated: []string{}, Stale: staleTiles(&d.Spec), ViewedAt: d.ViewedAt, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt}
}

func staleTiles(d *models.DashboardSpec) []string {
	out := []string{}
	for _, t := range d.Tiles {
		if t.Kind == models.TileQuery && planner.Stale(t.Title, t.SQL, time.Now()) {
			out = append(out, t.ID)
		}
	}
	return out
}

func dashboardEntry(scope models.Scope, d *models.Dashboard) DashboardEntry {
	return DashboardEntry{ID: d.ID, Name: d.Name, Description: d.Spec.Description, Sharing: d.Sharing, OwnerName: d.OwnerName, Mine: d.UserID == scope.UserID,
		Editable: mayChange(scope, d) == nil, Tiles: len(d.Spec.Tiles), ViewedAt: d.ViewedAt, UpdatedAt: d.UpdatedAt}
}

func dashboardVersionView(v *models.DashboardVersion) DashboardVersion {
	return DashboardVersion{Version: v.Version, UserName: v.UserName, Note: v.Note, CreatedAt: v.CreatedAt}
}

package models

import "time"

// Sharing says who else may see a dashboard, and who may change it.
type Sharing string

// The ways of sharing.
const (
	SharePrivate Sharing = "private" // its owner alone
	ShareView    Sharing = "view"    // the organisation sees it
	ShareEdit    Sharing = "edit"    // the organisation sees it; who may write dashboards may change it
)

// TileKind is what a tile shows.
type TileKind string

// The kinds of tiles.
const (
	TileQuery TileKind = "query"
	TileText  TileKind = "text"
)

// TileView is how a tile shows its rows.
type TileView string

// The views.
const (
	ViewAuto  TileView = "auto"  // the chart that suits the rows, else a table
	ViewChart TileView = "chart" // the tile's own chart, as long as it fits the rows
	ViewTable TileView = "table"
)

// LinkHow is what a tile's column has to do with a filter.
type LinkHow string

// The ways.
const (
	LinkEquals LinkHow = "equals"   // rows whose column is the value, or one of a list
	LinkFrom   LinkHow = "at_least" // rows from the value on
	LinkUntil  LinkHow = "at_most"  // rows up to the value
	LinkSets   LinkHow = "sets"     // a click on the column's value sets the filter; the tile shows all rows
)

// Bounds of dashboards.
const (
	MaxTiles          = 40
	MaxDashboardSQL   = 20_000
	MaxTileText       = 20_000
	MaxFilterValues   = 16 << 10 // bytes of the values of all filters, as JSON
	GridColumns       = 12
	maxTileHeight     = 40
	maxGridRow        = 2000
	minRefreshSeconds = 30
	maxRefreshSeconds = 24 * 60 * 60
)

// Dashboard is a page of tiles. Its row holds the newest version of what it
// shows; earlier ones are in DashboardVersion.
type Dashboard struct {
	ID     string `gorm:"type:uuid;primaryKey"`
	OrgID  string `gorm:"type:uuid;not null;index:dashboards_list,priority:1"`
	UserID string `gorm:"type:uuid;not null"` // the owner
	// Name is the spec's, for lists.
	Name    string  `gorm:"not null"`
	Sharing Sharing `gorm:"not null"`
	// Version counts changes of Spec from 1: who changes an older one is told so.
	Version   int           `gorm:"not null"`
	Spec      DashboardSpec `gorm:"serializer:json;type:jsonb;not null"`
	UpdatedBy string        `gorm:"type:uuid;not null"`
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"index:dashboards_list,priority:2,sort:desc"`
	// ViewedAt is when the reader looked last, nil for never, OwnerName the owner's
	// name. Lists have them; they are of other tables.
	ViewedAt  *time.Time `gorm:"->;-:migration"`
	OwnerName string     `gorm:"->;-:migration"`
}

// DashboardSpec is what a dashboard shows: all of it that a version keeps.
type DashboardSpec struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Filters     []DashboardFilter `json:"filters,omitempty"`
	Tiles       []Tile            `json:"tiles"`
	// RefreshSeconds is how old results may be while somebody looks; 0 until they ask.
	RefreshSeconds int `json:"refresh_seconds,omitempty"`
}

// DashboardFilter is a value that several tiles share. A tile takes it by a
// placeholder of its name in the SQL, or by a link to a column of its result.
type DashboardFilter struct {
	Parameter
	// Choices are the values that are offered; none for any.
	Choices []string `json:"choices,omitempty"`
}

// Tile is a part of a dashboard. A query tile holds a copy of its SQL: what was
// looked at and shared does not change because somebody changed their query.
type Tile struct {
	ID    string   `json:"id"`
	Kind  TileKind `json:"kind"`
	Title string   `json:"title,omitempty"`
	// Text is a text tile's, in Markdown.
	Text         string      `json:"text,omitempty"`
	ConnectionID string      `json:"connection_id,omitempty"`
	SQL          string      `json:"sql,omitempty"`
	Parameters   []Parameter `json:"parameters,omitempty"`
	Links        []TileLink  `json:"links,omitempty"`
	View         TileView    `json:"view,omitempty"`
	Chart        *ChartSpec  `json:"chart,omitempty"`
	// QuestionID and SavedQueryID say where the SQL was copied from.
	QuestionID   string `json:"question_id,omitempty"`
	SavedQueryID string `json:"saved_query_id,omitempty"`
	// X, Y, W and H are the place on the grid of GridColumns columns; Order is
	// the place in the stack on a phone.
	X     int `json:"x"`
	Y     int `json:"y"`
	W     int `json:"w"`
	H     int `json:"h"`
	Order int `json:"order"`
}

// TileLink ties a column of a tile's result to a filter.
type TileLink struct {
	Filter string  `json:"filter"`
	Column string  `json:"column"`
	How    LinkHow `json:"how"`
}

// ProposedTile is a query that a model proposes for a dashboard.
type ProposedTile struct {
	Title         string
	SQL           string
	Understanding string
	Single        bool // it brings one number
}

// DashboardVersion is an earlier or the current form of a dashboard.
type DashboardVersion struct {
	ID          string        `gorm:"type:uuid;primaryKey"`
	OrgID       string        `gorm:"type:uuid;not null"`
	DashboardID string        `gorm:"type:uuid;not null;uniqueIndex:dashboard_versions_key,priority:1"`
	Version     int           `gorm:"not null;uniqueIndex:dashboard_versions_key,priority:2"`
	Spec        DashboardSpec `gorm:"serializer:json;type:jsonb;not null"`
	UserID      string        `gorm:"type:uuid;not null"`
	UserName    string        `gorm:"not null"` // at the time
	// Note says how it came about; "" for an edit.
	Note      string `gorm:"not null"`
	CreatedAt time.Time
}

// DashboardView is when a person looked at a dashboard last.
type DashboardView struct {
	DashboardID string    `gorm:"type:uuid;primaryKey"`
	UserID      string    `gorm:"type:uuid;primaryKey;index"`
	OrgID       string    `gorm:"type:uuid;not null"`
	ViewedAt    time.Time `gorm:"not null"`
}

// PublicLink shows a dashboard to whoever has its token, with fixed values of
// the filters. The token itself is not kept.
type PublicLink struct {
	ID          string `gorm:"type:uuid;primaryKey"`
	OrgID       string `gorm:"type:uuid;not null"`
	DashboardID string `gorm:"type:uuid;not null;index"`
	TokenHash   []byte `gorm:"not null;uniqueIndex" json:"-"` // SHA-256
	// Values of the filters; those left out have their defaults.
	Values    map[string]any `gorm:"serializer:json;type:jsonb;not null"`
	CreatedBy string         `gorm:"type:uuid;not null"` // with whose rights it reads
	ExpiresAt time.Time      `gorm:"not null"`
	RevokedAt *time.Time
	CreatedAt time.Time
}

// Tile returns a tile by its id, nil for none.
func (d *DashboardSpec) Tile(id string) *Tile {
	for i := range d.Tiles {
		if d.Tiles[i].ID == id {
			return &d.Tiles[i]
		}
	}
	return nil
}

// Filter returns a filter by its name, nil for none.
func (d *DashboardSpec) Filter(name string) *DashboardFilter {
	for i := range d.Filters {
		if d.Filters[i].Name == name {
			return &d.Filters[i]
		}
	}
	return nil
}

// Bottom is the first free row of the grid, LastOrder the highest place in the stack.
func (d *DashboardSpec) Bottom() (y, order int) {
	for _, t := range d.Tiles {
		y, order = max(y, t.Y+t.H), max(order, t.Order+1)
	}
	return y, order
}

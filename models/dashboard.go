package models

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

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

// TileResult is the cached result of a tile's query, and the request for it.
// Its key stands for all that the rows depend on; see TileRun.Key.
type TileResult struct {
	ID           string     `gorm:"type:uuid;primaryKey"`
	OrgID        string     `gorm:"type:uuid;not null;uniqueIndex:tile_results_key,priority:1"`
	Key          string     `gorm:"not null;uniqueIndex:tile_results_key,priority:2"`
	Rights       string     `gorm:"not null"` // of those who may read it
	ConnectionID string     `gorm:"type:uuid;not null"`
	SQL          string     `gorm:"not null"`
	Arguments    []Argument `gorm:"serializer:json;type:jsonb"`
	Narrow       []Narrow   `gorm:"serializer:json;type:jsonb"`
	// RequestedAt is when a refresh was asked for, StartedAt when a worker began
	// one, RanAt from when the rows are, FailedAt when the last one failed.
	RequestedAt time.Time `gorm:"not null"`
	StartedAt   *time.Time
	RanAt       *time.Time
	FailedAt    *time.Time
	ErrorCode   Code     `gorm:"not null;default:''"`
	ErrorText   string   `gorm:"not null;default:''"`
	Columns     []Column `gorm:"serializer:json;type:jsonb"`
	// Rows, BlockRows and BlockEnds are as in Result.
	Rows      []byte
	BlockRows int    `gorm:"not null;default:0"`
	BlockEnds []int  `gorm:"serializer:json;type:jsonb"`
	RowCount  int    `gorm:"not null;default:0"`
	Truncated bool   `gorm:"not null;default:false"`
	QueryMs   int64  `gorm:"not null;default:0"`
	Chart     *Chart `gorm:"serializer:json;type:jsonb"`
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"index"`
}

// A refresh that no worker has begun, or ended, for so long may be asked for again.
const (
	unbegunLimit = time.Minute
	unendedLimit = 20 * time.Minute
)

// Pending reports whether a refresh was asked for that has not ended.
func (r *TileResult) Pending(now time.Time) bool {
	if ended := r.ended(); ended != nil && !ended.Before(r.RequestedAt) {
		return false
	}
	if r.StartedAt != nil && !r.StartedAt.Before(r.RequestedAt) {
		return now.Sub(*r.StartedAt) < unendedLimit
	}
	return now.Sub(r.RequestedAt) < unbegunLimit
}

func (r *TileResult) ended() *time.Time {
	if r.RanAt == nil || r.FailedAt != nil && r.FailedAt.After(*r.RanAt) {
		return r.FailedAt
	}
	return r.RanAt
}

// Narrow keeps those rows of a query's result whose column compares with the
// value of a parameter.
type Narrow struct {
	Column    string  `json:"column"`
	How       LinkHow `json:"how"` // not LinkSets
	Parameter string  `json:"parameter"`
	// AsText compares texts, whatever the column's type is: enumerations, ids.
	AsText bool `json:"as_text,omitempty"`
}

// TileRun is what a tile's rows are read by.
type TileRun struct {
	ConnectionID string
	SQL          string
	Arguments    []Argument
	Narrow       []Narrow
}

// DataRights names what somebody may read of the organisation's data. People
// with the same rights may share results; others never do.
func DataRights(scope Scope) string { return "role:" + string(scope.Role) }

// Key stands for all that the rows of a run depend on: whose they are, with
// which rights they are read, where the connection leads and what is asked.
func (r TileRun) Key(orgID, rights string, c *Connection) string {
	raw, err := json.Marshal([]any{orgID, rights, c.ID, c.Kind, c.Host, c.Port, c.Database, c.Username, c.Schemas, c.MaxRows, r.SQL, r.Arguments, r.Narrow})
	if err != nil {
		panic(err) // texts and numbers can always be encoded
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
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

// values are those that the filters have: the given ones, else their defaults.
// A filter without a value keeps nothing away.
func (d *DashboardSpec) values(given map[string]any) (map[string]Argument, error) {
	out := map[string]Argument{}
	for name := range given {
		if d.Filter(name) == nil {
			if !ParameterName.MatchString(name) {
				name = "of that name"
			}
			return nil, Errorf(CodeParameter, "There is no filter %s.", name)
		}
	}
	for _, f := range d.Filters {
		value := given[f.Name]
		if _, said := given[f.Name]; !said {
			value = f.Default
		}
		if list, is := value.([]any); value == nil || value == "" || is && len(list) == 0 {
			continue
		}
		bound, err := f.bind(value)
		if err != nil {
			return nil, err
		}
		out[f.Name] = bound
	}
	return out, nil
}

// CheckValues says what is wrong with values of the filters.
func (d *DashboardSpec) CheckValues(given map[string]any) error {
	_, err := d.values(given)
	return err
}

// Run is what a query tile's rows are read by, with values of the filters.
func (d *DashboardSpec) Run(t *Tile, given map[string]any) (TileRun, error) {
	values, err := d.values(given)
	if err != nil {
		return TileRun{}, err
	}
	run := TileRun{ConnectionID: t.ConnectionID, SQL: t.SQL}
	for _, p := range t.Parameters {
		bound, filtered := values[p.Name]
		if !filtered {
			if p.Default == nil {
				return TileRun{}, Errorf(CodeParameter, "%s needs a value: choose one above.", d.label(p))
			}
			if bound, err = p.bind(p.Default); err != nil {
				return TileRun{}, err
			}
		}
		run.Arguments = append(run.Arguments, bound)
	}
	for _, l := range t.Links {
		value, has := values[l.Filter]
		if !has || l.How == LinkSets {
			continue
		}
		run.Narrow = append(run.Narrow, Narrow{Column: l.Column, How: l.How, Parameter: l.Filter, AsText: value.Type == ParameterText})
		if !slices.ContainsFunc(run.Arguments, func(a Argument) bool { return a.Name == l.Filter }) {
			run.Arguments = append(run.Arguments, value)
		}
	}
	return run, nil
}

// label is how people know a tile's parameter.
func (d *DashboardSpec) label(p Parameter) string {
	if f := d.Filter(p.Name); f != nil && f.Label != "" {
		return f.Label
	}
	if p.Label != "" {
		return p.Label
	}
	return p.Name
}

// ParameterOf is the parameter whose default is an argument's value.
func ParameterOf(a Argument) Parameter {
	p := Parameter{Name: a.Name, Type: a.Type}
	value := func(text string) any {
		if a.Type == ParameterBoolean {
			return text == "true"
		}
		return text
	}
	if !a.List {
		if len(a.Values) == 1 {
			p.Default = value(a.Values[0])
		}
		return p
	}
	p.Type, p.Of = ParameterList, a.Type
	list := make([]any, len(a.Values))
	for i, v := range a.Values {
		list[i] = value(v)
	}
	p.Default = list
	return p
}

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

// Bottom is the first free row of the grid, LastOrder the highest place in the stack.
func (d *DashboardSpec) Bottom() (y, order int) {
	for _, t := range d.Tiles {
		y, order = max(y, t.Y+t.H), max(order, t.Order+1)
	}
	return y, order
}

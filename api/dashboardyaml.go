package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// yamlForm names the form of a dashboard's file.
const yamlForm = "dashboard/v1"

// yamlDashboard is a dashboard as a file: databases by their names, and no ids.
type yamlDashboard struct {
	Form           string       `yaml:"datamind"`
	Name           string       `yaml:"name"`
	Description    string       `yaml:"description,omitempty"`
	RefreshSeconds int          `yaml:"refresh_seconds,omitempty"`
	Filters        []yamlFilter `yaml:"filters,omitempty"`
	Tiles          []yamlTile   `yaml:"tiles"`
}

type yamlParameter struct {
	Name    string               `yaml:"name"`
	Type    models.ParameterType `yaml:"type"`
	Of      models.ParameterType `yaml:"of,omitempty"`
	Label   string               `yaml:"label,omitempty"`
	Default any                  `yaml:"default,omitempty"`
}

type yamlFilter struct {
	Name    string               `yaml:"name"`
	Type    models.ParameterType `yaml:"type"`
	Of      models.ParameterType `yaml:"of,omitempty"`
	Label   string               `yaml:"label,omitempty"`
	Default any                  `yaml:"default,omitempty"`
	Choices []string             `yaml:"choices,omitempty,flow"`
}

type yamlTile struct {
	Title      string          `yaml:"title,omitempty"`
	Text       string          `yaml:"text,omitempty"`
	Connection string          `yaml:"connection,omitempty"`
	SQL        string          `yaml:"sql,omitempty"`
	Parameters []yamlParameter `yaml:"parameters,omitempty"`
	Links      []yamlLink      `yaml:"links,omitempty"`
	View       models.TileView `yaml:"view,omitempty"`
	Chart      *yamlChart      `yaml:"chart,omitempty"`
	Layout     yamlLayout      `yaml:"layout,flow"`
}

type yamlLink struct {
	Filter string         `yaml:"filter"`
	Column string         `yaml:"column"`
	How    models.LinkHow `yaml:"how"`
}

type yamlChart struct {
	Type       models.ChartType `yaml:"type"`
	Title      string           `yaml:"title,omitempty"`
	X          string           `yaml:"x,omitempty"`
	Y          []string         `yaml:"y,omitempty,flow"`
	Series     string           `yaml:"series,omitempty"`
	Label      string           `yaml:"label,omitempty"`
	XType      string           `yaml:"x_type,omitempty"`
	Horizontal bool             `yaml:"horizontal,omitempty"`
	Format     string           `yaml:"format,omitempty"`
	Region     string           `yaml:"region,omitempty"`
	Value      *yamlCell        `yaml:"value,omitempty,flow"`
	Previous   *yamlCell        `yaml:"previous,omitempty,flow"`
}

type yamlCell struct {
	Row    int    `yaml:"row"`
	Column string `yaml:"column"`
}

type yamlLayout struct {
	X     int `yaml:"x"`
	Y     int `yaml:"y"`
	W     int `yaml:"w"`
	H     int `yaml:"h"`
	Order int `yaml:"order"`
}

// ImportProblem is something that is wrong with a file.
type ImportProblem struct {
	Where   string `json:"where" doc:"The part, such as tiles[2].sql"`
	Line    int    `json:"line" doc:"Of the file, from 1; 0 unknown"`
	Message string `json:"message"`
}

type (
	yamlOut struct {
		Disposition string `header:"Content-Disposition"`
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
	importIn struct {
		Body struct {
			YAML        string `json:"yaml" minLength:"1" maxLength:"200000"`
			Check       bool   `json:"check,omitempty" doc:"Only say what is wrong"`
			DashboardID string `json:"dashboard_id,omitempty" format:"uuid" maxLength:"36" doc:"Make it the new version of this dashboard; default: a new, private one"`
		}
	}
	importOut struct {
		Body struct {
			Name      string          `json:"name"`
			Tiles     int             `json:"tiles"`
			Problems  []ImportProblem `json:"problems" doc:"Nothing is stored while there are any"`
			Dashboard *Dashboard      `json:"dashboard,omitempty" doc:"As it is stored"`
		}
	}
)

func (s *Server) yamlRoutes() {
	op := operation(http.MethodGet, "/dashboards/{id}/export", "export-dashboard", "A dashboard as a YAML file, without ids and rows", 200)
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/yaml": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	register(s, op, auth.ReadDashboards, s.exportDashboard)
	register(s, operation(http.MethodPost, "/dashboards/import", "import-dashboard", "Make a dashboard of a YAML file, or say what is wrong with it and where", 200), auth.WriteDashboards, s.importDashboard)
}

func (s *Server) exportDashboard(ctx context.Context, in *IDParam) (*yamlOut, error) {
	scope := scopeOf(ctx)
	d, err := s.deps.Store.GetDashboard(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	names, err := s.connectionNames(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := yaml.MarshalWithOptions(toYAML(&d.Spec, names), yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write dashboard as yaml: %w", err)
	}
	s.audit(ctx, "dashboard.export", d.ID, map[string]any{"name": d.Name})
	return &yamlOut{Disposition: `attachment; filename="` + fileName(d.Name) + `.yaml"`, ContentType: "application/yaml; charset=utf-8", Body: raw}, nil
}

// fileName is a name with the letters, digits and signs that any disk takes.
func fileName(name string) string {
	name = strings.Trim(regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(name, "-"), "-.")
	if name == "" {
		return "dashboard"
	}
	return cut(name, 80)
}

// connectionNames are the organisation's connections, names by id.
func (s *Server) connectionNames(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	for after := ""; ; {
		rows, next, err := s.deps.Store.ListConnections(ctx, scopeOf(ctx), after, 200)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			names[c.ID] = c.Name
		}
		if after = next; after == "" {
			return names, nil
		}
	}
}

func toYAML(d *models.DashboardSpec, names map[string]string) yamlDashboard {
	y := yamlDashboard{Form: yamlForm, Name: d.Name, Description: d.Description, RefreshSeconds: d.RefreshSeconds, Tiles: []yamlTile{}}
	for _, f := range d.Filters {
		y.Filters = append(y.Filters, yamlFilter{f.Name, f.Type, f.Of, f.Label, f.Default, f.Choices})
	}
	for _, t := range d.Tiles {
		tile := yamlTile{Title: t.Title, Text: t.Text, Connection: names[t.ConnectionID], SQL: t.SQL, View: t.View, Layout: yamlLayout{t.X, t.Y, t.W, t.H, t.Order}}
		for _, p := range t.Parameters {
			tile.Parameters = append(tile.Parameters, yamlParameter(p))
		}
		for _, l := range t.Links {
			tile.Links = append(tile.Links, yamlLink(l))
		}
		if c := t.Chart; c != nil {
			tile.Chart = &yamlChart{c.Type, c.Title, c.X, c.Y, c.Series, c.Label, c.XType, c.Horizontal, c.Format, c.Region, (*yamlCell)(c.Value), (*yamlCell)(c.Previous)}
		}
		y.Tiles = append(y.Tiles, tile)
	}
	return y
}

// fromYAML is the dashboard of a file; databases that are not there are told apart by name.
func (y *yamlDashboard) fromYAML(names map[string]string) (spec models.DashboardSpec, problems []models.Flaw) {
	spec = models.DashboardSpec{Name: strings.TrimSpace(y.Name), Description: strings.TrimSpace(y.Description), RefreshSeconds: y.RefreshSeconds}
	if y.Form != yamlForm {
		problems = append(problems, models.Flaw{Where: "datamind", Message: "The file must say which form it has: datamind: " + yamlForm + "."})
	}
	for i, f := range y.Filters {
		spec.Filters = append(spec.Filters, models.DashboardFilter{Parameter: yamlParameter{f.Name, f.Type, f.Of, f.Label, f.Default}.model(), Choices: f.Choices})
		if !knownType(f.Type) {
			problems = append(problems, models.Flaw{Where: fmt.Sprintf("filters[%d].type", i), Message: "A filter's type is text, number, date, timestamp, boolean or list."})
		}
	}
	for i, t := range y.Tiles {
		tile := models.Tile{ID: newID(), Kind: models.TileQuery, Title: strings.TrimSpace(t.Title), Text: t.Text, SQL: strings.TrimSpace(t.SQL), View: t.View,
			X: t.Layout.X, Y: t.Layout.Y, W: t.Layout.W, H: t.Layout.H, Order: t.Layout.Order}
		if t.SQL == "" && t.Connection == "" {
			tile.Kind = models.TileText
		}
		for id, name := range names {
			if name == t.Connection {
				tile.ConnectionID = id
			}
		}
		if tile.Kind == models.TileQuery && tile.ConnectionID == "" {
			problems = append(problems, models.Flaw{Where: fmt.Sprintf("tiles[%d].connection", i), Message: fmt.Sprintf("There is no database called %q here.", cut(t.Connection, 100))})
		}
		for _, p := range t.Parameters {
			tile.Parameters = append(tile.Parameters, p.model())
		}
		for _, l := range t.Links {
			tile.Links = append(tile.Links, models.TileLink(l))
		}
		if c := t.Chart; c != nil {
			tile.Chart = &models.ChartSpec{Type: c.Type, Title: c.Title, X: c.X, Y: c.Y, Series: c.Series, Label: c.Label, XType: c.XType, Horizontal: c.Horizontal,
				Format: c.Format, Region: c.Region, Value: (*models.Cell)(c.Value), Previous: (*models.Cell)(c.Previous)}
		}
		spec.Tiles = append(spec.Tiles, tile)
	}
	return spec, problems
}

func knownType(t models.ParameterType) bool {
	return slices.Contains([]models.ParameterType{models.ParameterText, models.ParameterNumber, models.ParameterDate, models.ParameterTimestamp, models.ParameterBoolean, models.ParameterList}, t)
}

// model has the default as JSON would have given it.
func (p yamlParameter) model() models.Parameter {
	out := models.Parameter(p)
	if raw, err := json.Marshal(p.Default); err == nil {
		out.Default = nil
		_ = json.Unmarshal(raw, &out.Default) // what was just written
	}
	return out
}

// Bounds of what the parser is given. Its time and memory grow faster than what it
// reads where that is nested deeply, is in very long lines or in very many; no
// dashboard that people wrote comes near.
const (
	maxYAMLDepth = 30                         // brackets that are open at the same time, those in texts included
	maxYAMLLine  = 2 * models.MaxDashboardSQL // SQL or a text in one line, with what escapes it
	maxYAMLLines = 5000
)

// parsable says what about a text is too much for the parser.
func parsable(text string) error {
	if nested.MatchString(text) {
		return errors.New("it is nested too deeply")
	}
	open, lines := 0, 0
	for line := range strings.Lines(text) {
		for _, b := range []byte(line) {
			switch b {
			case '[', '{':
				open++
			case ']', '}':
				open = max(open-1, 0)
			}
		}
		lines++
		switch {
		case open > maxYAMLDepth:
			return fmt.Errorf("line %d: it is nested too deeply", lines)
		case len(line) > maxYAMLLine:
			return fmt.Errorf("line %d: the line is longer than %d bytes: break it", lines, maxYAMLLine)
		case lines > maxYAMLLines:
			return fmt.Errorf("it has more than %d lines", maxYAMLLines)
		}
	}
	return nil
}

// nested are beginnings of lines that open many levels at once.
var nested = regexp.MustCompile(`(?m)^\s*([-?]\s+){5,}|[\[{]\s*([\[{]\s*){5,}`)

// readYAML reads a file that people wrote. It has no anchors and no tags: what
// it says stands where it is read.
func readYAML(text string) (*ast.File, *yamlDashboard, error) {
	if err := parsable(text); err != nil {
		return nil, nil, err
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return nil, nil, err
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, nil, errors.New("it must hold one document")
	}
	var plain plainYAML
	ast.Walk(&plain, file.Docs[0].Body)
	if plain.refused != "" {
		return nil, nil, errors.New(plain.refused)
	}
	var y yamlDashboard
	if err := yaml.UnmarshalWithOptions([]byte(text), &y, yaml.Strict()); err != nil {
		return nil, nil, err
	}
	return file, &y, nil
}

// plainYAML finds what a dashboard's file has no use for.
type plainYAML struct{ refused string }

// Visit implements ast.Visitor.
func (v *plainYAML) Visit(n ast.Node) ast.Visitor {
	switch n.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
		v.refused = fmt.Sprintf("line %d: anchors, aliases and tags are not taken: write it out", n.GetToken().Position.Line)
	}
	if v.refused != "" {
		return nil
	}
	return v
}

// lineOf is where in a file a part stands, or what it is a part of; 0 unknown.
func lineOf(file *ast.File, where string) int {
	for where != "" {
		if path, err := yaml.PathString("$." + where); err == nil {
			if node, err := path.FilterFile(file); err == nil && node != nil && node.GetToken() != nil {
				return node.GetToken().Position.Line
			}
		}
		where = where[:max(0, strings.LastIndexAny(where, ".["))]
	}
	return 0
}

// yamlProblem is why a file cannot be read, without the part of it that the
// parser quotes.
var yamlPlace = regexp.MustCompile(`^\[(\d+):(\d+)\] `)

func yamlProblem(err error) ImportProblem {
	text, _, _ := strings.Cut(err.Error(), "\n")
	p := ImportProblem{Where: "file", Message: "The file cannot be read: " + cut(yamlPlace.ReplaceAllString(text, ""), 300) + "."}
	if m := yamlPlace.FindStringSubmatch(text); m != nil {
		_, _ = fmt.Sscanf(m[1], "%d", &p.Line)
	}
	return p
}

func (s *Server) importDashboard(ctx context.Context, in *importIn) (*importOut, error) {
	scope := scopeOf(ctx)
	id := canonical(in.Body.DashboardID)
	if id != "" {
		d, err := s.deps.Store.GetDashboard(ctx, scope, id)
		if err == nil {
			err = mayChange(scope, d)
		}
		if err != nil {
			return nil, err
		}
	}
	spec, problems, err := s.readImport(ctx, in.Body.YAML)
	if err != nil {
		return nil, err
	}
	out := &importOut{}
	out.Body.Name, out.Body.Tiles, out.Body.Problems = spec.Name, len(spec.Tiles), list(problems)
	if in.Body.Check {
		return out, nil
	}
	if len(problems) > 0 {
		var details []error
		for _, p := range problems {
			details = append(details, &huma.ErrorDetail{Location: "body.yaml", Message: fmt.Sprintf("%s, line %d: %s", p.Where, p.Line, p.Message)})
		}
		return nil, validationProblem(ctx, http.StatusUnprocessableEntity, "", details)
	}
	d := &models.Dashboard{Spec: spec, Sharing: models.SharePrivate}
	if id == "" {
		err = s.deps.Store.CreateDashboard(ctx, scope, d, "imported")
	} else {
		d, err = s.deps.Store.UpdateDashboard(ctx, scope, id, "imported", func(d *models.Dashboard) error {
			d.Spec = spec
			return mayChange(scope, d)
		})
	}
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "dashboard.import", d.ID, map[string]any{"name": d.Name, "version": d.Version})
	stored, err := s.showDashboard(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	out.Body.Dashboard = &stored.Body
	return out, nil
}

// readImport reads a file, and says all that is wrong with it.
func (s *Server) readImport(ctx context.Context, text string) (spec models.DashboardSpec, problems []ImportProblem, err error) {
	file, y, err := readYAML(text)
	if err != nil {
		return spec, []ImportProblem{yamlProblem(err)}, nil
	}
	names, err := s.connectionNames(ctx)
	if err != nil {
		return spec, nil, err
	}
	spec, found := y.fromYAML(names)
	more, err := s.flaws(ctx, &spec, nil)
	for _, f := range append(found, more...) {
		where := strings.TrimSuffix(f.Where, "_id")
		if slices.ContainsFunc(problems, func(p ImportProblem) bool { return p.Where == where }) {
			continue
		}
		problems = append(problems, ImportProblem{Where: where, Line: lineOf(file, where), Message: f.Message})
	}
	return spec, problems, err
}

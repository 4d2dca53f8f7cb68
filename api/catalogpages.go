package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/catalog"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/models"
)

type catalogSearchIn struct {
	IDParam
	Q     string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"Words of names, synonyms, comments, descriptions or values; all must be found"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type catalogSearchOut struct {
	Body struct {
		Items []catalog.Hit `json:"items" doc:"Best first"`
	}
}

type catalogTableIn struct {
	IDParam
	Schema string `path:"schema" maxLength:"63"`
	Name   string `path:"name" maxLength:"63"`
}

// TableDetail is a table's page.
type TableDetail struct {
	Schema       string             `json:"schema"`
	Name         string             `json:"name"`
	Kind         string             `json:"kind" enum:"table,view,matview,partitioned,foreign"`
	Comment      string             `json:"comment" doc:"The database's own"`
	Description  string             `json:"description" doc:"What people say of it"`
	Synonyms     []string           `json:"synonyms"`
	Rows         int64              `json:"rows" doc:"The database's own estimate; -1 unknown"`
	Columns      []ColumnDetail     `json:"columns"`
	PrimaryKey   []string           `json:"primary_key"`
	Uniques      [][]string         `json:"uniques"`
	RelationsOut []planner.Relation `json:"relations_out" doc:"Where its columns lead"`
	RelationsIn  []planner.Relation `json:"relations_in" doc:"What leads to it"`
	Terms        []Term             `json:"terms"`
	Metrics      []Metric           `json:"metrics"`
	Use          TableReaders       `json:"use"`
}

// ColumnDetail is a column with what people say of it.
type ColumnDetail struct {
	TableColumn
	Description string   `json:"description"`
	Synonyms    []string `json:"synonyms"`
}

// TableReaders is who reads a table.
type TableReaders struct {
	Days         int             `json:"days" doc:"The time that the counts are of"`
	Asked        int64           `json:"asked" doc:"Questions of the whole organisation that read it"`
	People       int64           `json:"people" doc:"Who asked them"`
	Questions    []UsingQuestion `json:"questions" doc:"Your own, latest first"`
	SavedQueries []UsingSaved    `json:"saved_queries" doc:"Those that you may see"`
}

// UsingQuestion is a question whose SQL reads a table.
type UsingQuestion struct {
	ID             string                `json:"id" format:"uuid"`
	ConversationID string                `json:"conversation_id" format:"uuid"`
	Question       string                `json:"question"`
	Status         models.QuestionStatus `json:"status"`
	CreatedAt      time.Time             `json:"created_at"`
}

// UsingSaved is a saved query that reads a table.
type UsingSaved struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
	Mine bool   `json:"mine"`
}

type tableDetailOut struct{ Body TableDetail }

// RelationGraph is a database's tables and how they are joined.
type RelationGraph struct {
	Nodes []RelationNode     `json:"nodes"`
	Edges []planner.Relation `json:"edges"`
}

// RelationNode is a table of the graph.
type RelationNode struct {
	Schema  string `json:"schema"`
	Name    string `json:"name"`
	Kind    string `json:"kind" enum:"table,view,matview,partitioned,foreign"`
	Rows    int64  `json:"rows"`
	Columns int    `json:"columns"`
	Comment string `json:"comment" doc:"The database's own"`
}

type relationsOut struct{ Body RelationGraph }

// Completion is what an editor completes names from.
type Completion struct {
	Fingerprint string            `json:"fingerprint"`
	Schemas     []string          `json:"schemas" doc:"In the order in which bare names are looked up"`
	Tables      []CompletionTable `json:"tables"`
}

// CompletionTable is a table with the columns that may be selected.
type CompletionTable struct {
	Schema  string             `json:"schema"`
	Name    string             `json:"name"`
	Columns []CompletionColumn `json:"columns"`
}

// CompletionColumn is a column.
type CompletionColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type completionIn struct {
	IDParam
	IfNoneMatch string `header:"If-None-Match" maxLength:"200" doc:"The ETag that you have: answered with 304 while it is current"`
}

type completionOut struct {
	Status int
	ETag   string `header:"ETag"`
	Body   *Completion
}

// CatalogState is how the reading of a structure goes.
type CatalogState struct {
	Status    models.SyncStatus `json:"status" enum:"reading,ready,failed"`
	Message   string            `json:"message" doc:"In words, with what to do about it"`
	Code      models.Code       `json:"code,omitempty" doc:"Why it failed"`
	Tables    int               `json:"tables" doc:"In the structure that is known; 0 before the first is read"`
	TakenAt   *time.Time        `json:"taken_at,omitempty" doc:"When that was read"`
	StartedAt *time.Time        `json:"started_at,omitempty" doc:"When the last reading began"`
}

type catalogStateOut struct{ Body CatalogState }

func (s *Server) catalogPageRoutes() {
	register(s, operation(http.MethodGet, "/connections/{id}/catalog/search", "search-catalog", "Find tables and columns", 200),
		auth.ReadCatalog, s.searchCatalog)
	register(s, operation(http.MethodGet, "/connections/{id}/catalog/tables/{schema}/{name}", "get-catalog-table",
		"A table with its columns, notes, relations and who reads it", 200), auth.ReadCatalog, s.getCatalogTable)
	register(s, operation(http.MethodGet, "/connections/{id}/catalog/relations", "get-catalog-relations", "Tables and how they are joined, as a graph", 200),
		auth.ReadCatalog, s.getRelations)
	register(s, operation(http.MethodGet, "/connections/{id}/completion", "get-completion", "Names for an editor to complete", 200),
		auth.ReadCatalog, s.getCompletion)
	register(s, operation(http.MethodGet, "/connections/{id}/catalog/state", "get-catalog-state", "How the reading of the structure goes", 200),
		auth.ReadCatalog, s.getCatalogState)
	s.noteRoutes()
}

func (s *Server) searchCatalog(ctx context.Context, in *catalogSearchIn) (*catalogSearchOut, error) {
	known, err := s.structure(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	notes, err := s.deps.Store.Notes(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := &catalogSearchOut{}
	out.Body.Items = list(catalog.Search(known.catalog, notes.Notes, in.Q, in.Limit))
	return out, nil
}

// usedWithin is the time for which readers of a table are counted.
const usedWithin = 90 * 24 * time.Hour

func (s *Server) getCatalogTable(ctx context.Context, in *catalogTableIn) (*tableDetailOut, error) {
	known, err := s.structure(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	t := known.table(in.Schema, in.Name)
	if t == nil {
		return nil, errNotFound
	}
	scope := scopeOf(ctx)
	notes, err := s.deps.Store.Notes(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	uses, err := s.deps.Store.TableUses(ctx, scope, in.ID, t.Schema, t.Name, time.Now().Add(-usedWithin))
	if err != nil {
		return nil, err
	}
	v := TableDetail{Schema: t.Schema, Name: t.Name, Kind: t.Kind, Comment: t.Comment, Synonyms: []string{}, Rows: t.Rows, Columns: []ColumnDetail{},
		PrimaryKey: list(t.PrimaryKey), Uniques: list(t.Uniques), RelationsOut: []planner.Relation{}, RelationsIn: []planner.Relation{}, Terms: []Term{}, Metrics: []Metric{}}
	for i := range t.Columns {
		v.Columns = append(v.Columns, ColumnDetail{TableColumn: columnView(&t.Columns[i]), Synonyms: []string{}})
	}
	v.annotate(known, notes)
	for _, r := range known.related() {
		if r.FromSchema == t.Schema && r.FromTable == t.Name {
			v.RelationsOut = append(v.RelationsOut, r)
		}
		if r.ToSchema == t.Schema && r.ToTable == t.Name {
			v.RelationsIn = append(v.RelationsIn, r)
		}
	}
	v.Use = TableReaders{Days: int(usedWithin.Hours() / 24), Asked: uses.Asked, People: uses.People, Questions: []UsingQuestion{}, SavedQueries: []UsingSaved{}}
	for _, q := range uses.Questions {
		v.Use.Questions = append(v.Use.Questions, UsingQuestion{ID: q.ID, ConversationID: q.ConversationID, Question: q.Text, Status: q.Status, CreatedAt: q.CreatedAt})
	}
	for _, q := range uses.Saved {
		v.Use.SavedQueries = append(v.Use.SavedQueries, UsingSaved{ID: q.ID, Name: q.Name, Mine: q.UserID == scope.UserID})
	}
	s.audit(ctx, "catalog.read", in.ID, map[string]any{"table": t.Schema + "." + t.Name})
	return &tableDetailOut{Body: v}, nil
}

// annotate adds what people say of the table.
func (v *TableDetail) annotate(known *structure, notes *models.Notes) {
	for _, n := range notes.Notes {
		if n.SchemaName != v.Schema || n.TableName != v.Name {
			continue
		}
		if n.ColumnName == "" {
			v.Description, v.Synonyms = n.Description, list(n.Synonyms)
			continue
		}
		if i := slices.IndexFunc(v.Columns, func(c ColumnDetail) bool { return c.Name == n.ColumnName }); i >= 0 {
			v.Columns[i].Description, v.Columns[i].Synonyms = n.Description, list(n.Synonyms)
		}
	}
	for i := range notes.Terms {
		if t := &notes.Terms[i]; t.SchemaName == v.Schema && t.TableName == v.Name {
			v.Terms = append(v.Terms, termView(known, t))
		}
	}
	for i := range notes.Metrics {
		if m := &notes.Metrics[i]; m.SchemaName == v.Schema && m.TableName == v.Name {
			v.Metrics = append(v.Metrics, metricView(known, m))
		}
	}
}

func (s *Server) getRelations(ctx context.Context, in *IDParam) (*relationsOut, error) {
	known, err := s.structure(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	g := RelationGraph{Nodes: []RelationNode{}, Edges: list(known.related())}
	for i := range known.catalog.Tables {
		t := &known.catalog.Tables[i]
		g.Nodes = append(g.Nodes, RelationNode{Schema: t.Schema, Name: t.Name, Kind: t.Kind, Rows: t.Rows, Columns: len(t.Columns), Comment: t.Comment})
	}
	return &relationsOut{Body: g}, nil
}

func (s *Server) getCompletion(ctx context.Context, in *completionIn) (*completionOut, error) {
	known, err := s.structure(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	tag := `"` + known.catalog.Fingerprint + `"`
	if in.IfNoneMatch == tag {
		return &completionOut{Status: http.StatusNotModified, ETag: tag}, nil
	}
	c := &Completion{Fingerprint: known.catalog.Fingerprint, Schemas: list(known.catalog.Schemas), Tables: []CompletionTable{}}
	for i := range known.catalog.Tables {
		t := &known.catalog.Tables[i]
		v := CompletionTable{Schema: t.Schema, Name: t.Name, Columns: []CompletionColumn{}}
		for _, column := range t.Columns {
			if !column.Masked {
				v.Columns = append(v.Columns, CompletionColumn{Name: column.Name, Type: column.Type})
			}
		}
		c.Tables = append(c.Tables, v)
	}
	return &completionOut{Status: http.StatusOK, ETag: tag, Body: c}, nil
}

// readingLimit is how long the worker that reads a structure may say nothing.
const readingLimit = 15 * time.Minute

func (s *Server) getCatalogState(ctx context.Context, in *IDParam) (*catalogStateOut, error) {
	scope := scopeOf(ctx)
	if _, err := s.deps.Store.GetConnection(ctx, scope, in.ID); err != nil {
		return nil, err
	}
	v := CatalogState{Status: models.SyncReading, Message: "The structure is about to be read."}
	snapshot, err := s.deps.Store.LatestSnapshot(ctx, scope, in.ID)
	switch {
	case err == nil:
		v.Tables, v.TakenAt, v.Status, v.Message = snapshot.TableCount, &snapshot.TakenAt, models.SyncReady, "The structure is known."
	case models.ErrorCode(err) != models.CodeNotFound:
		return nil, err
	}
	sync, err := s.deps.Store.GetSync(ctx, scope, in.ID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return &catalogStateOut{Body: v}, nil
	}
	if err != nil {
		return nil, err
	}
	v.StartedAt = &sync.StartedAt
	switch {
	case sync.Status == models.SyncFailed:
		v.Status, v.Code, v.Message = sync.Status, sync.ErrorCode, sync.ErrorText
	case sync.Status == models.SyncReading && time.Since(sync.UpdatedAt) > readingLimit:
		v.Status, v.Code, v.Message = models.SyncFailed, models.CodeUnavailable, "The worker that read the structure has not been heard of for a while. Read it again."
	case sync.Status == models.SyncReading:
		v.Status, v.Message = sync.Status, "The structure is being read."
		if sync.ErrorText != "" {
			v.Code, v.Message = sync.ErrorCode, sync.ErrorText
		}
	}
	return &catalogStateOut{Body: v}, nil
}

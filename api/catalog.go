package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/sample"
	"github.com/datamind/datamind/models"
)

// Catalog is a database's structure as a person browses it.
type Catalog struct {
	Dialect       string    `json:"dialect"`
	Database      string    `json:"database"`
	ServerVersion string    `json:"server_version"`
	Schemas       []string  `json:"schemas"`
	Tables        []Table   `json:"tables"`
	Fingerprint   string    `json:"fingerprint"`
	TakenAt       time.Time `json:"taken_at"`
}

// Table is a table or view of a catalog.
type Table struct {
	Schema      string              `json:"schema"`
	Name        string              `json:"name"`
	Kind        string              `json:"kind" enum:"table,view,matview,partitioned,foreign"`
	Comment     string              `json:"comment,omitempty"`
	Rows        int64               `json:"rows" doc:"The database's own estimate; -1 unknown"`
	Columns     []TableColumn       `json:"columns"`
	PrimaryKey  []string            `json:"primary_key"`
	ForeignKeys []models.ForeignKey `json:"foreign_keys"`
}

// TableColumn is a column of a table.
type TableColumn struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Nullable bool     `json:"nullable"`
	Comment  string   `json:"comment,omitempty"`
	Values   []string `json:"values" doc:"Common values, from the database's statistics"`
	Distinct int64    `json:"distinct,omitempty"`
	Min      string   `json:"min,omitempty"`
	Max      string   `json:"max,omitempty"`
	Masked   bool     `json:"masked,omitempty"`
}

type (
	catalogOut     struct{ Body Catalog }
	suggestionsOut struct {
		Body struct {
			Questions []string `json:"questions"`
		}
	}
	acceptedOut struct {
		Body struct {
			Status string `json:"status" enum:"started"`
		}
	}
)

func (s *Server) catalogRoutes() {
	register(s, operation(http.MethodGet, "/connections/{id}/catalog", "get-catalog", "The stored structure of a database", 200),
		auth.ReadCatalog, s.getCatalog)
	register(s, operation(http.MethodPost, "/connections/{id}/catalog/sync", "sync-catalog", "Read the structure again", 202),
		auth.SyncCatalog, s.syncCatalog)
	register(s, operation(http.MethodGet, "/connections/{id}/suggestions", "get-suggestions", "Questions to start with", 200),
		auth.ReadCatalog, s.getSuggestions)
}

// errPending says that the first catalog is still being read.
var errPending = &retryError{&models.Error{Code: codeCatalogPending,
	Message: "The structure of this database is still being read. Try again in a moment."}, 2 * time.Second}

func (s *Server) latestCatalog(ctx context.Context, connectionID string) (*models.Catalog, error) {
	scope := scopeOf(ctx)
	if _, err := s.deps.Store.GetConnection(ctx, scope, connectionID); err != nil {
		return nil, err
	}
	cat, err := s.deps.Store.LatestCatalog(ctx, scope, connectionID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, errPending
	}
	return cat, err
}

func (s *Server) getCatalog(ctx context.Context, in *IDParam) (*catalogOut, error) {
	cat, err := s.latestCatalog(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "catalog.read", in.ID, nil)
	return &catalogOut{Body: catalogView(cat)}, nil
}

func catalogView(cat *models.Catalog) Catalog {
	v := Catalog{Dialect: cat.Dialect, Database: cat.Database, ServerVersion: cat.ServerVersion,
		Schemas: list(cat.Schemas), Fingerprint: cat.Fingerprint, TakenAt: cat.TakenAt, Tables: []Table{}}
	for i := range cat.Tables {
		t := &cat.Tables[i]
		tv := Table{Schema: t.Schema, Name: t.Name, Kind: t.Kind, Comment: t.Comment, Rows: t.Rows,
			Columns: []TableColumn{}, PrimaryKey: list(t.PrimaryKey), ForeignKeys: list(t.ForeignKeys)}
		for j := range t.Columns {
			tv.Columns = append(tv.Columns, columnView(&t.Columns[j]))
		}
		v.Tables = append(v.Tables, tv)
	}
	return v
}

// columnView leaves out what a masked column's statistics would give away.
func columnView(c *models.CatalogColumn) TableColumn {
	v := TableColumn{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Comment: c.Comment, Values: []string{}, Masked: c.Masked}
	if !c.Masked {
		v.Values, v.Distinct, v.Min, v.Max = list(c.Values), c.Distinct, c.Min, c.Max
	}
	return v
}

func (s *Server) syncCatalog(ctx context.Context, in *IDParam) (*acceptedOut, error) {
	scope := scopeOf(ctx)
	if _, err := s.deps.Store.GetConnection(ctx, scope, in.ID); err != nil {
		return nil, err
	}
	if err := s.deps.Auth.Limit(ctx, "sync:"+in.ID, 6, time.Minute); err != nil {
		return nil, err
	}
	if err := s.deps.Store.SetSync(ctx, scope, &models.CatalogSync{ConnectionID: in.ID, Status: models.SyncReading}); err != nil {
		return nil, err
	}
	if err := s.deps.Runs.SyncCatalog(ctx, scope, in.ID); err != nil {
		return nil, unavailable(err, "The structure cannot be read now. Try again in a moment.")
	}
	s.audit(ctx, "catalog.sync", in.ID, nil)
	out := &acceptedOut{}
	out.Body.Status = "started"
	return out, nil
}

// sync starts reading the structure of a new or changed connection. A failure
// is not the caller's: each question reads the structure when it is missing.
func (s *Server) sync(ctx context.Context, scope models.Scope, id string) {
	reading := &models.CatalogSync{ConnectionID: id, Status: models.SyncReading}
	if err := errors.Join(s.deps.Store.SetSync(ctx, scope, reading), s.deps.Runs.SyncCatalog(ctx, scope, id)); err != nil {
		s.log(ctx).Warn("start catalog sync", slog.String("connection_id", id), slog.Any("error", err))
	}
}

func (s *Server) getSuggestions(ctx context.Context, in *IDParam) (*suggestionsOut, error) {
	cat, err := s.latestCatalog(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	conn, err := s.deps.Store.GetConnection(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := &suggestionsOut{}
	out.Body.Questions = list(planner.Suggest(cat))
	if conn.Sample {
		out.Body.Questions = sample.Questions[:3]
	}
	return out, nil
}

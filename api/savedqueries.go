package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

// SavedQuery is SQL that somebody keeps.
type SavedQuery struct {
	ID           string      `json:"id" format:"uuid"`
	ConnectionID string      `json:"connection_id" format:"uuid"`
	UserID       string      `json:"user_id" format:"uuid" doc:"The owner, who alone may change it"`
	Mine         bool        `json:"mine"`
	Name         string      `json:"name"`
	Description  string      `json:"description"`
	SQL          string      `json:"sql"`
	Parameters   []Parameter `json:"parameters"`
	Shared       bool        `json:"shared" doc:"The whole organisation sees and runs it"`
	Check        *SQLCheck   `json:"check,omitempty" doc:"Whether it would be run now; not in lists, nor before the structure is read"`
	CreatedAt    time.Time   `json:"created_at"`
	UpdatedAt    time.Time   `json:"updated_at"`
}

func savedQueryView(scope models.Scope, q *models.SavedQuery) SavedQuery {
	v := SavedQuery{ID: q.ID, ConnectionID: q.ConnectionID, UserID: q.UserID, Mine: q.UserID == scope.UserID, Name: q.Name,
		Description: q.Description, SQL: q.SQL, Parameters: []Parameter{}, Shared: q.Shared, CreatedAt: q.CreatedAt, UpdatedAt: q.UpdatedAt}
	for _, p := range q.Parameters {
		v.Parameters = append(v.Parameters, Parameter(p))
	}
	return v
}

type savedQueryOut struct{ Body SavedQuery }

type savedQueriesIn struct {
	PageParams
	ConnectionID string `query:"connection_id" format:"uuid" maxLength:"36" doc:"Of this database only"`
}

type savedQueryCreateIn struct {
	Body struct {
		ConnectionID string      `json:"connection_id" format:"uuid" maxLength:"36"`
		Name         string      `json:"name" minLength:"1" maxLength:"200"`
		Description  string      `json:"description,omitempty" maxLength:"2000"`
		SQL          string      `json:"sql" minLength:"1" maxLength:"20000"`
		Parameters   []Parameter `json:"parameters,omitempty" maxItems:"30"`
		Shared       bool        `json:"shared,omitempty"`
	}
}

type savedQueryPatchIn struct {
	IDParam
	Body struct {
		Name        *string      `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Description *string      `json:"description,omitempty" maxLength:"2000"`
		SQL         *string      `json:"sql,omitempty" minLength:"1" maxLength:"20000"`
		Parameters  *[]Parameter `json:"parameters,omitempty" maxItems:"30"`
		Shared      *bool        `json:"shared,omitempty"`
	}
}

type savedQueryRunIn struct {
	IDParam
	IdempotencyParam
	Body struct {
		Parameters     map[string]any `json:"parameters,omitempty" maxProperties:"30" doc:"Values by name, each of its parameter's type; those left out have their defaults"`
		ConversationID string         `json:"conversation_id,omitempty" format:"uuid" maxLength:"36" doc:"Default: a new one"`
		Explain        bool           `json:"explain,omitempty" doc:"Have the model write the answer's text, if there is one"`
	}
}

func (s *Server) savedQueryRoutes() {
	register(s, operation(http.MethodGet, "/saved-queries", "list-saved-queries",
		"Your saved queries and those that others share, changed last first", 200), auth.ReadQuestions, s.listSavedQueries)
	register(s, operation(http.MethodPost, "/saved-queries", "create-saved-query", "Save a query", 201), auth.Ask, s.createSavedQuery)
	register(s, operation(http.MethodGet, "/saved-queries/{id}", "get-saved-query", "One saved query", 200),
		auth.ReadQuestions, s.getSavedQuery)
	register(s, operation(http.MethodPatch, "/saved-queries/{id}", "update-saved-query", "Change a saved query of your own", 200),
		auth.Ask, s.updateSavedQuery)
	register(s, operation(http.MethodDelete, "/saved-queries/{id}", "delete-saved-query", "Delete a saved query of your own", 204),
		auth.Ask, s.deleteSavedQuery)
	register(s, operation(http.MethodPost, "/saved-queries/{id}/run", "run-saved-query",
		"Run a saved query as a question; it is checked like any", 202), auth.Ask, s.runSavedQuery)
}

func (s *Server) listSavedQueries(ctx context.Context, in *savedQueriesIn) (*pageOut[SavedQuery], error) {
	scope := scopeOf(ctx)
	rows, next, err := s.deps.Store.ListSavedQueries(ctx, scope, canonical(in.ConnectionID), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(q *models.SavedQuery) SavedQuery { return savedQueryView(scope, q) }), next), nil
}

func (s *Server) createSavedQuery(ctx context.Context, in *savedQueryCreateIn) (*savedQueryOut, error) {
	scope := scopeOf(ctx)
	conn, err := s.deps.Store.GetConnection(ctx, scope, canonical(in.Body.ConnectionID))
	if err != nil {
		return nil, err
	}
	q := &models.SavedQuery{ConnectionID: conn.ID, Name: in.Body.Name, Description: in.Body.Description, SQL: in.Body.SQL,
		Parameters: parameterModels(in.Body.Parameters), Shared: in.Body.Shared}
	out, err := s.keepSavedQuery(ctx, q, s.deps.Store.CreateSavedQuery)
	if err == nil {
		s.audit(ctx, "saved_query.create", q.ID, map[string]any{"name": q.Name, "shared": q.Shared})
	}
	return out, err
}

func parameterModels(in []Parameter) []models.Parameter {
	out := make([]models.Parameter, 0, len(in))
	for _, p := range in {
		out = append(out, p.model())
	}
	return out
}

// keepSavedQuery checks and stores a query. SQL that would be refused is kept
// with the verdict on it: it may be right again when the structure is.
func (s *Server) keepSavedQuery(ctx context.Context, q *models.SavedQuery, keep func(context.Context, models.Scope, *models.SavedQuery) error) (*savedQueryOut, error) {
	q.Name, q.Description, q.SQL = strings.TrimSpace(q.Name), strings.TrimSpace(q.Description), strings.TrimSpace(q.SQL)
	for _, f := range []struct{ field, value string }{{"name", q.Name}, {"sql", q.SQL}} {
		if f.value == "" {
			return nil, invalidField("body."+f.field, "must not be blank")
		}
	}
	if err := models.CheckParameters(q.Parameters); err != nil {
		return nil, err
	}
	for _, name := range sqlguard.Placeholders(q.SQL) {
		if !slices.ContainsFunc(q.Parameters, func(p models.Parameter) bool { return p.Name == name }) {
			return nil, models.Errorf(models.CodeParameter, "The SQL has a parameter %s that is not declared.", name)
		}
	}
	check, err := s.savedQueryCheck(ctx, q)
	if err != nil {
		return nil, err
	}
	if q.Tables = []models.RelationName{}; check != nil {
		for _, t := range check.Tables {
			q.Tables = append(q.Tables, models.RelationName{Schema: t.Schema, Name: t.Name})
		}
	}
	scope := scopeOf(ctx)
	if err := keep(ctx, scope, q); err != nil {
		return nil, err
	}
	v := savedQueryView(scope, q)
	v.Check = check
	return &savedQueryOut{Body: v}, nil
}

// savedQueryCheck is nil before the structure is read.
func (s *Server) savedQueryCheck(ctx context.Context, q *models.SavedQuery) (*SQLCheck, error) {
	known, err := s.structure(ctx, q.ConnectionID)
	if models.ErrorCode(err) == codeCatalogPending {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	check := verdict(known, q.SQL, q.Parameters)
	return &check, nil
}

func (s *Server) getSavedQuery(ctx context.Context, in *IDParam) (*savedQueryOut, error) {
	scope := scopeOf(ctx)
	q, err := s.deps.Store.GetSavedQuery(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	v := savedQueryView(scope, q)
	if v.Check, err = s.savedQueryCheck(ctx, q); err != nil {
		return nil, err
	}
	return &savedQueryOut{Body: v}, nil
}

func (s *Server) updateSavedQuery(ctx context.Context, in *savedQueryPatchIn) (*savedQueryOut, error) {
	scope := scopeOf(ctx)
	q, err := s.deps.Store.GetSavedQuery(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if q.UserID != scope.UserID {
		return nil, models.Errorf(models.CodeForbidden, "Only its owner may change a saved query. Save a copy of your own.")
	}
	set(&q.Name, in.Body.Name)
	set(&q.Description, in.Body.Description)
	set(&q.SQL, in.Body.SQL)
	set(&q.Shared, in.Body.Shared)
	if in.Body.Parameters != nil {
		q.Parameters = parameterModels(*in.Body.Parameters)
	}
	out, err := s.keepSavedQuery(ctx, q, s.deps.Store.UpdateSavedQuery)
	if err == nil {
		s.audit(ctx, "saved_query.update", q.ID, map[string]any{"name": q.Name, "shared": q.Shared})
	}
	return out, err
}

func (s *Server) deleteSavedQuery(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.DeleteSavedQuery(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "saved_query.delete", in.ID, nil)
	return nil, nil
}

func (s *Server) runSavedQuery(ctx context.Context, in *savedQueryRunIn) (*questionOut, error) {
	scope := scopeOf(ctx)
	q, err := s.deps.Store.GetSavedQuery(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	conn, err := s.deps.Store.GetConnection(ctx, scope, q.ConnectionID)
	if err != nil {
		return nil, err
	}
	args, err := models.BindParameters(q.Parameters, in.Body.Parameters)
	if err != nil {
		return nil, err
	}
	return s.writeQuestion(ctx, conn, written{sql: q.SQL, title: q.Name, conversationID: in.Body.ConversationID,
		args: args, explain: in.Body.Explain, key: in.IdempotencyKey})
}

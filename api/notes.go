package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// Note is what people say of a table or a column.
type Note struct {
	Schema      string    `json:"schema"`
	Table       string    `json:"table"`
	Column      string    `json:"column" doc:"Empty for the table itself"`
	Description string    `json:"description"`
	Synonyms    []string  `json:"synonyms" doc:"Words that mean it in questions"`
	Gone        bool      `json:"gone" doc:"The structure has no such table or column any more"`
	UpdatedBy   string    `json:"updated_by" format:"uuid"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// Term is a word of the glossary.
type Term struct {
	ID        string    `json:"id" format:"uuid"`
	Term      string    `json:"term"`
	Meaning   string    `json:"meaning"`
	Schema    string    `json:"schema" doc:"With table: what the condition is on; empty for a term in words only"`
	Table     string    `json:"table"`
	Condition string    `json:"condition" doc:"SQL over the table's columns that tells the rows that the term means"`
	Problem   string    `json:"problem" doc:"Why it cannot be used now; empty when it can"`
	UpdatedBy string    `json:"updated_by" format:"uuid"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Metric is a figure with a name.
type Metric struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Schema      string    `json:"schema"`
	Table       string    `json:"table"`
	Expression  string    `json:"expression" doc:"An aggregate over the table's columns, such as sum(total - discount)"`
	Filter      string    `json:"filter" doc:"SQL that tells which rows count; empty for all"`
	Problem     string    `json:"problem" doc:"Why it cannot be used now; empty when it can"`
	UpdatedBy   string    `json:"updated_by" format:"uuid"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// NoteInput is a note to store. One that says nothing removes it.
type NoteInput struct {
	Schema      string   `json:"schema" minLength:"1" maxLength:"63"`
	Table       string   `json:"table" minLength:"1" maxLength:"63"`
	Column      string   `json:"column,omitempty" maxLength:"63"`
	Description string   `json:"description,omitempty" maxLength:"2000"`
	Synonyms    []string `json:"synonyms,omitempty" maxItems:"20" doc:"Each at most 60 characters"`
}

// TermInput is a term to store.
type TermInput struct {
	Term      string `json:"term" minLength:"1" maxLength:"60"`
	Meaning   string `json:"meaning" minLength:"1" maxLength:"2000"`
	Schema    string `json:"schema,omitempty" maxLength:"63"`
	Table     string `json:"table,omitempty" maxLength:"63"`
	Condition string `json:"condition,omitempty" maxLength:"2000"`
}

// MetricInput is a metric to store.
type MetricInput struct {
	Name        string `json:"name" minLength:"1" maxLength:"60"`
	Description string `json:"description,omitempty" maxLength:"2000"`
	Schema      string `json:"schema" minLength:"1" maxLength:"63"`
	Table       string `json:"table" minLength:"1" maxLength:"63"`
	Expression  string `json:"expression" minLength:"1" maxLength:"2000"`
	Filter      string `json:"filter,omitempty" maxLength:"2000"`
}

type (
	notesOut struct {
		Body struct {
			Notes   []Note   `json:"notes"`
			Terms   []Term   `json:"terms"`
			Metrics []Metric `json:"metrics"`
		}
	}
	noteIn struct {
		IDParam
		Body NoteInput
	}
	noteOut struct{ Body Note }
	termIn  struct {
		IDParam
		Body TermInput
	}
	termOut  struct{ Body Term }
	metricIn struct {
		IDParam
		Body MetricInput
	}
	metricOut struct{ Body Metric }
)

func (s *Server) noteRoutes() {
	register(s, operation(http.MethodGet, "/connections/{id}/notes", "list-notes", "Notes, glossary and metrics of a database", 200),
		auth.ReadCatalog, s.listNotes)
	register(s, operation(http.MethodPut, "/connections/{id}/notes", "put-note", "Say what a table or column means, in place of what was said", 200),
		auth.WriteNotes, s.putNote)
	register(s, operation(http.MethodPost, "/connections/{id}/terms", "create-term", "Add a term to the glossary", 201), auth.WriteNotes, s.createTerm)
	register(s, operation(http.MethodPut, "/terms/{id}", "update-term", "Change a term", 200), auth.WriteNotes, s.updateTerm)
	register(s, operation(http.MethodDelete, "/terms/{id}", "delete-term", "Delete a term", 204), auth.WriteNotes, s.deleteTerm)
	register(s, operation(http.MethodPost, "/connections/{id}/metrics", "create-metric", "Add a metric", 201), auth.WriteNotes, s.createMetric)
	register(s, operation(http.MethodPut, "/metrics/{id}", "update-metric", "Change a metric", 200), auth.WriteNotes, s.updateMetric)
	register(s, operation(http.MethodDelete, "/metrics/{id}", "delete-metric", "Delete a metric", 204), auth.WriteNotes, s.deleteMetric)
}

func noteView(known *structure, n *models.CatalogNote) Note {
	return Note{Schema: n.SchemaName, Table: n.TableName, Column: n.ColumnName, Description: n.Description, Synonyms: list(n.Synonyms),
		Gone: !known.has(n.SchemaName, n.TableName, n.ColumnName), UpdatedBy: n.UpdatedBy, UpdatedAt: n.UpdatedAt}
}

func termView(known *structure, t *models.GlossaryTerm) Term {
	v := Term{ID: t.ID, Term: t.Term, Meaning: t.Meaning, Schema: t.SchemaName, Table: t.TableName, Condition: t.Condition, UpdatedBy: t.UpdatedBy, UpdatedAt: t.UpdatedAt}
	if t.Condition != "" {
		_, err := known.condition(t.SchemaName, t.TableName, t.Condition)
		v.Problem = problemOf(err)
	}
	return v
}

func metricView(known *structure, m *models.Metric) Metric {
	v := Metric{ID: m.ID, Name: m.Name, Description: m.Description, Schema: m.SchemaName, Table: m.TableName, Expression: m.Expression, Filter: m.Filter,
		UpdatedBy: m.UpdatedBy, UpdatedAt: m.UpdatedAt}
	_, err := known.metric(m.SchemaName, m.TableName, m.Expression)
	if err == nil && m.Filter != "" {
		_, err = known.condition(m.SchemaName, m.TableName, m.Filter)
	}
	v.Problem = problemOf(err)
	return v
}

func problemOf(err error) string {
	if err == nil {
		return ""
	}
	return models.ErrorMessage(err)
}

func (s *Server) listNotes(ctx context.Context, in *IDParam) (*notesOut, error) {
	known, err := s.structure(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := s.deps.Store.Notes(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := &notesOut{}
	out.Body.Notes = views(all.Notes, func(n *models.CatalogNote) Note { return noteView(known, n) })
	out.Body.Terms = views(all.Terms, func(t *models.GlossaryTerm) Term { return termView(known, t) })
	out.Body.Metrics = views(all.Metrics, func(m *models.Metric) Metric { return metricView(known, m) })
	return out, nil
}

func (s *Server) putNote(ctx context.Context, in *noteIn) (*noteOut, error) {
	known, err := s.structure(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	n := &models.CatalogNote{ConnectionID: in.ID, SchemaName: in.Body.Schema, TableName: in.Body.Table, ColumnName: in.Body.Column,
		Description: strings.TrimSpace(in.Body.Description), Synonyms: []string{}}
	for _, word := range in.Body.Synonyms {
		word = strings.Join(strings.Fields(word), " ")
		if word == "" || len([]rune(word)) > 60 || !printable(word) {
			return nil, invalidField("body.synonyms", "must be words of 1 to 60 characters")
		}
		if !slices.Contains(n.Synonyms, word) {
			n.Synonyms = append(n.Synonyms, word)
		}
	}
	says := n.Description != "" || len(n.Synonyms) > 0
	if says && !known.has(n.SchemaName, n.TableName, n.ColumnName) {
		return nil, invalidField("body.table", "with its column must be in the structure")
	}
	if err := s.deps.Store.PutNote(ctx, scopeOf(ctx), n); err != nil {
		return nil, err
	}
	s.audit(ctx, "note.put", in.ID, map[string]any{"schema": n.SchemaName, "table": n.TableName, "column": n.ColumnName})
	return &noteOut{Body: noteView(known, n)}, nil
}

func (s *Server) createTerm(ctx context.Context, in *termIn) (*termOut, error) {
	return s.saveTerm(ctx, "term.create", &models.GlossaryTerm{ConnectionID: in.ID}, in.Body)
}

func (s *Server) updateTerm(ctx context.Context, in *termIn) (*termOut, error) {
	t, err := s.deps.Store.GetTerm(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return s.saveTerm(ctx, "term.update", t, in.Body)
}

func (s *Server) saveTerm(ctx context.Context, action string, t *models.GlossaryTerm, in TermInput) (*termOut, error) {
	known, err := s.structure(ctx, t.ConnectionID)
	if err != nil {
		return nil, err
	}
	t.Term, t.Meaning, t.SchemaName, t.TableName = strings.Join(strings.Fields(in.Term), " "), strings.TrimSpace(in.Meaning), in.Schema, in.Table
	t.Condition, t.Qualified = strings.TrimSpace(in.Condition), ""
	switch {
	case t.Term == "" || !printable(t.Term) || t.Meaning == "":
		return nil, invalidField("body.term", "and its meaning must not be blank")
	case t.Condition == "":
		t.SchemaName, t.TableName = "", ""
	default:
		if t.Qualified, err = known.condition(t.SchemaName, t.TableName, t.Condition); err != nil {
			return nil, invalidField("body.condition", models.ErrorMessage(err))
		}
	}
	if err := s.deps.Store.SaveTerm(ctx, scopeOf(ctx), t); err != nil {
		return nil, err
	}
	s.audit(ctx, action, t.ID, map[string]any{"term": t.Term})
	return &termOut{Body: termView(known, t)}, nil
}

func (s *Server) deleteTerm(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.DeleteTerm(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "term.delete", in.ID, nil)
	return nil, nil
}

func (s *Server) createMetric(ctx context.Context, in *metricIn) (*metricOut, error) {
	return s.saveMetric(ctx, "metric.create", &models.Metric{ConnectionID: in.ID}, in.Body)
}

func (s *Server) updateMetric(ctx context.Context, in *metricIn) (*metricOut, error) {
	m, err := s.deps.Store.GetMetric(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return s.saveMetric(ctx, "metric.update", m, in.Body)
}

func (s *Server) saveMetric(ctx context.Context, action string, m *models.Metric, in MetricInput) (*metricOut, error) {
	known, err := s.structure(ctx, m.ConnectionID)
	if err != nil {
		return nil, err
	}
	m.Name, m.Description, m.SchemaName, m.TableName = strings.Join(strings.Fields(in.Name), " "), strings.TrimSpace(in.Description), in.Schema, in.Table
	m.Expression, m.Filter, m.QualifiedFilter = strings.TrimSpace(in.Expression), strings.TrimSpace(in.Filter), ""
	if m.Name == "" || !printable(m.Name) {
		return nil, invalidField("body.name", "must not be blank")
	}
	if m.Qualified, err = known.metric(m.SchemaName, m.TableName, m.Expression); err != nil {
		return nil, invalidField("body.expression", models.ErrorMessage(err))
	}
	if m.Filter != "" {
		if m.QualifiedFilter, err = known.condition(m.SchemaName, m.TableName, m.Filter); err != nil {
			return nil, invalidField("body.filter", models.ErrorMessage(err))
		}
	}
	if err := s.deps.Store.SaveMetric(ctx, scopeOf(ctx), m); err != nil {
		return nil, err
	}
	s.audit(ctx, action, m.ID, map[string]any{"metric": m.Name})
	return &metricOut{Body: metricView(known, m)}, nil
}

func (s *Server) deleteMetric(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.DeleteMetric(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "metric.delete", in.ID, nil)
	return nil, nil
}

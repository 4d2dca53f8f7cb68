package api

import (
	"context"
	"slices"
	"sync"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

// structure is a stored catalog, and the guard that is made of it when first asked for.
type structure struct {
	snapshot string
	catalog  *models.Catalog

	once  sync.Once
	guard *sqlguard.Guard
	err   error

	joins     sync.Once
	relations []planner.Relation

	mu        sync.Mutex
	fragments map[fragment]fragmentVerdict
}

// guarded makes the guard when it is first asked for.
func (t *structure) guarded() (*sqlguard.Guard, error) {
	t.once.Do(func() { t.guard, t.err = sqlguard.New(t.catalog, sqlguard.Options{}) })
	return t.guard, t.err
}

// check is the guard's verdict on SQL, from what is known of the database: the
// worker that runs it checks again.
func (t *structure) check(sql string, args []models.Argument) (sqlguard.Approved, error) {
	guard, err := t.guarded()
	if err != nil {
		return sqlguard.Approved{}, err
	}
	return guard.CheckWith(sql, args)
}

// fragment is a part of SQL on a table, and what the guard made of it.
type fragment struct {
	metric              bool
	schema, table, text string
}

type fragmentVerdict struct {
	qualified string
	err       error
}

// fragmentsKept bounds the verdicts that a structure remembers.
const fragmentsKept = 2000

// narrowed is SQL for those rows of a statement's result for which conditions hold.
func (t *structure) narrowed(sql string, args []models.Argument, conditions []models.Narrow) (string, error) {
	guard, err := t.guarded()
	if err != nil {
		return "", err
	}
	return guard.Narrowed(sql, args, conditions)
}

// condition and metric check parts of SQL, and return them with the table's name
// before each column. A glossary is shown often and each of its parts is parsed
// several times, so the verdict on this structure is remembered.
func (t *structure) condition(schema, table, text string) (string, error) {
	return t.fragment(fragment{false, schema, table, text})
}

func (t *structure) metric(schema, table, text string) (string, error) {
	return t.fragment(fragment{true, schema, table, text})
}

func (t *structure) fragment(f fragment) (string, error) {
	guard, err := t.guarded()
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	v, known := t.fragments[f]
	t.mu.Unlock()
	if known {
		return v.qualified, v.err
	}
	if f.metric {
		v.qualified, v.err = guard.CheckMetric(f.schema, f.table, f.text)
	} else {
		v.qualified, v.err = guard.CheckCondition(f.schema, f.table, f.text)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fragments == nil || len(t.fragments) >= fragmentsKept {
		t.fragments = map[fragment]fragmentVerdict{}
	}
	t.fragments[f] = v
	return v.qualified, v.err
}

// related are the joins, found out when they are first asked for.
func (t *structure) related() []planner.Relation {
	t.joins.Do(func() { t.relations = planner.Relations(t.catalog) })
	return t.relations
}

func (t *structure) table(schema, name string) *models.Table {
	for i := range t.catalog.Tables {
		if t.catalog.Tables[i].Schema == schema && t.catalog.Tables[i].Name == name {
			return &t.catalog.Tables[i]
		}
	}
	return nil
}

// has reports whether the structure has the table, or the column of it.
func (t *structure) has(schema, name, column string) bool {
	table := t.table(schema, name)
	return table != nil && (column == "" || slices.ContainsFunc(table.Columns, func(c models.CatalogColumn) bool { return c.Name == column }))
}

// structures keeps the catalogs that were read last: a large one takes long to
// decode. The zero value is ready.
type structures struct {
	mu   sync.Mutex
	kept map[string]*structure // by organisation and connection
}

const structuresKept = 32

// structure returns the newest of a connection of the caller's organisation,
// errPending when there is none yet.
func (s *Server) structure(ctx context.Context, connectionID string) (*structure, error) {
	scope := scopeOf(ctx)
	if _, err := s.deps.Store.GetConnection(ctx, scope, connectionID); err != nil {
		return nil, err
	}
	snapshot, err := s.deps.Store.LatestSnapshot(ctx, scope, connectionID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, errPending
	}
	if err != nil {
		return nil, err
	}
	key, version := scope.OrgID+connectionID, snapshot.ID+snapshot.TakenAt.String()
	s.structures.mu.Lock()
	had := s.structures.kept[key]
	s.structures.mu.Unlock()
	if had != nil && had.snapshot == version {
		return had, nil
	}
	catalog, err := s.deps.Store.CatalogByID(ctx, scope, snapshot.ID)
	if err != nil {
		return nil, err
	}
	fresh := &structure{snapshot: version, catalog: catalog}
	s.structures.mu.Lock()
	defer s.structures.mu.Unlock()
	if s.structures.kept == nil || len(s.structures.kept) >= structuresKept {
		s.structures.kept = map[string]*structure{}
	}
	s.structures.kept[key] = fresh
	return fresh, nil
}

package api

import (
	"context"
	"sync"

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
}

// check is the guard's verdict on SQL, from what is known of the database: the
// worker that runs it checks again.
func (t *structure) check(sql string, args []models.Argument) (sqlguard.Approved, error) {
	t.once.Do(func() { t.guard, t.err = sqlguard.New(t.catalog, sqlguard.Options{}) })
	if t.err != nil {
		return sqlguard.Approved{}, t.err
	}
	return t.guard.CheckWith(sql, args)
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

package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Structures are read again ahead of time only where somebody asked since, and
// not while or just after somebody else does it.
func TestStaleCatalogs(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	stale := func() (ids []string) {
		rows, err := b.SystemStaleCatalogs(ctx, 45*time.Minute, 5*time.Minute, 10)
		require.NoError(t, err)
		for _, r := range rows {
			ids = append(ids, r.ConnectionID)
			require.Equal(t, b.a.OrgID, r.OrgID)
			require.Equal(t, b.a.UserID, r.UserID)
		}
		return ids
	}
	read := func(id string, ago time.Duration) {
		c, err := b.GetConnection(ctx, b.a, id)
		require.NoError(t, err)
		_, err = b.SaveCatalog(ctx, b.a, c, &models.Catalog{Fingerprint: "f", TakenAt: time.Now().Add(-ago)})
		require.NoError(t, err)
	}
	used, idle := b.question(t, b.a, "k").ConnectionID, b.connection(t, b.a).ID
	require.Empty(t, stale(), "not read yet: a question or the connection's own sync does it")
	read(used, 30*time.Minute)
	read(idle, 50*time.Minute)
	require.Empty(t, stale())
	read(used, 50*time.Minute)
	require.Equal(t, []string{used}, stale())
	require.NoError(t, b.SetSync(ctx, b.a, &models.CatalogSync{ConnectionID: used, Status: models.SyncReading}))
	require.Empty(t, stale(), "somebody is at it")
	exec(t, b.owner, "UPDATE catalog_syncs SET started_at = now() - interval '6 minutes'")
	require.Equal(t, []string{used}, stale(), "that failed")
	read(used, 0)
	require.Empty(t, stale())
}

func TestSyncStates(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	id := b.connection(t, b.a).ID
	set := func(sync models.CatalogSync) *models.CatalogSync {
		sync.ConnectionID = id
		require.NoError(t, b.SetSync(ctx, b.a, &sync))
		got, err := b.GetSync(ctx, b.a, id)
		require.NoError(t, err)
		return got
	}
	set(models.CatalogSync{Status: models.SyncReading})
	require.Equal(t, 7, set(models.CatalogSync{Status: models.SyncReady, Tables: 7}).Tables)
	require.Equal(t, 7, set(models.CatalogSync{Status: models.SyncReading}).Tables, "those known meanwhile")
	failed := set(models.CatalogSync{Status: models.SyncFailed, ErrorCode: models.CodeRefused, ErrorText: "no"})
	require.Equal(t, "no", failed.ErrorText)
	require.Empty(t, set(models.CatalogSync{Status: models.SyncReading}).ErrorText)
	_, err := b.GetSync(ctx, b.b, id)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

func TestTablesOfQuestions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	q := b.question(t, b.a, "k")
	reads := func(names ...string) {
		var all []models.TableUse
		for _, name := range names {
			all = append(all, models.TableUse{Schema: "public", Name: name})
		}
		require.NoError(t, b.SetTables(ctx, b.a, q.ID, q.ConnectionID, all))
	}
	uses := func(scope models.Scope, table string) store.TableUse {
		got, err := b.TableUses(ctx, scope, q.ConnectionID, "public", table, time.Now().Add(-time.Hour))
		require.NoError(t, err)
		return got
	}
	reads("orders", "customers")
	reads("orders", "refunds")
	require.Len(t, uses(b.a, "orders").Questions, 1)
	require.EqualValues(t, 1, uses(b.a, "refunds").Asked)
	require.Zero(t, uses(b.a, "customers").Asked, "the newest SQL counts")
	require.Zero(t, uses(b.b, "orders").Asked)
	reads()
	require.Zero(t, uses(b.a, "orders").Asked)
}

// All terms and metrics are read for each question: there is an end to them.
func TestAGlossaryHasAnEnd(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	id := b.connection(t, b.a).ID
	exec(t, b.owner, `INSERT INTO glossary_terms (id, org_id, connection_id, term, meaning, schema_name, table_name, condition, qualified, updated_by)
		SELECT gen_random_uuid(), '`+b.a.OrgID+`', '`+id+`', 'term ' || i, 'm', '', '', '', '', '`+b.a.UserID+`' FROM generate_series(1, 499) i`)
	last := &models.GlossaryTerm{ConnectionID: id, Term: "the last", Meaning: "m"}
	require.NoError(t, b.SaveTerm(ctx, b.a, last))
	require.Equal(t, models.CodeConflict, models.ErrorCode(b.SaveTerm(ctx, b.a, &models.GlossaryTerm{ConnectionID: id, Term: "one more", Meaning: "m"})))
	require.NoError(t, b.SaveTerm(ctx, b.a, last), "one that is there can still be changed")
	require.NoError(t, b.SaveMetric(ctx, b.a, &models.Metric{ConnectionID: id, Name: "a metric"}), "metrics are counted apart")
	require.Equal(t, models.CodeNotFound, models.ErrorCode(b.SaveTerm(ctx, b.b, &models.GlossaryTerm{ConnectionID: id, Term: "x", Meaning: "m"})))
}

package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func TestAProbeWritesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	require.NoError(t, b.SystemWritable(ctx))
	exec(t, b.owner, "DO $$ BEGIN ASSERT (SELECT count(*) FROM orgs) = 2; END $$")
	exec(t, b.owner, `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER no_room BEFORE INSERT ON orgs FOR EACH ROW EXECUTE FUNCTION no_room()`)
	err := b.SystemWritable(ctx)
	require.Equal(t, models.CodeUnavailable, models.ErrorCode(err))
	require.Contains(t, models.ErrorMessage(err), "no space left on its disk")
}

// The server's clock is seen through a function that goes before its own.
func TestAClockThatDiffersIsSeen(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	ahead, err := b.SystemClock(ctx)
	require.NoError(t, err)
	require.InDelta(t, 0, ahead.Seconds(), 5)
	exec(t, b.owner, `CREATE SCHEMA late; GRANT USAGE ON SCHEMA late TO datamind_app;
		CREATE FUNCTION late.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() - interval '5 minutes' $$;
		DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = late, pg_catalog, public', current_database()); END $$`)
	other, err := store.Open(ctx, b.app) // a session of its own
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	ahead, err = other.SystemClock(ctx)
	require.NoError(t, err)
	require.InDelta(t, (5 * time.Minute).Seconds(), ahead.Seconds(), 5)
}

func TestQuestionsWithoutTokensAreCounted(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	since := time.Now().Add(-time.Minute)
	q := b.question(t, b.a, "1")
	found, err := b.SystemRefused(ctx, since)
	require.NoError(t, err)
	require.Empty(t, found)
	_, err = b.Finish(ctx, b.a, q.ID, 1, store.Ending{Status: models.StatusBudget, ErrorCode: models.CodeBudget})
	require.NoError(t, err)
	found, err = b.SystemRefused(ctx, since)
	require.NoError(t, err)
	require.Equal(t, []store.Refused{{Name: "A", Count: 1}}, found)
	found, err = b.SystemRefused(ctx, time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.Empty(t, found)
}

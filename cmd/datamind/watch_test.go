package main

import (
	"bytes"
	"log/slog"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/internal/testkit"
)

// A new month empties the list of organisations that have used tokens; what was
// said of one that had used too many is over then.
func TestABudgetFaultEndsWithTheMonth(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := testkit.Postgres(t)
	_, err := store.Migrate(ctx, dsn, "up")
	require.NoError(t, err)
	owner, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, owner.Close(ctx)) }()
	_, err = owner.Exec(ctx, "ALTER ROLE datamind_app LOGIN PASSWORD 'app'")
	require.NoError(t, err)
	app, err := url.Parse(dsn)
	require.NoError(t, err)
	app.User = url.UserPassword(store.AppRole, "app")
	db, err := store.Open(ctx, app.String())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	scope, err := db.SystemBootstrap(ctx, "Org", "ann@example.com", "Ann")
	require.NoError(t, err)

	var log bytes.Buffer
	w := &watcher{faults: map[faultKey]*fault{}, services: &services{config: config.Config{TokenBudgetMonthly: 1000}, store: db,
		log: slog.New(slog.NewTextHandler(&log, nil)), metrics: telemetry.NewMetrics("test")}}
	look := func() string {
		log.Reset()
		w.budgets(ctx)
		return log.String()
	}
	require.Empty(t, look())
	require.NoError(t, db.Reserve(ctx, scope, store.NewID(), "key", 950, 1000))
	require.Contains(t, look(), "level=ERROR msg=\"an organisation's token budget is nearly used up\" org_id="+scope.OrgID+" used=950")
	require.Empty(t, look(), "said once")
	_, err = owner.Exec(ctx, "UPDATE token_usages SET created_at = created_at - interval '1 month'")
	require.NoError(t, err)
	said := look()
	require.Contains(t, said, "level=INFO msg=\"over: an organisation's token budget is nearly used up\" org_id="+scope.OrgID)
	require.Empty(t, w.faults)
	require.Empty(t, look())
}

package embedded_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/testkit"
)

func TestPostgresKeepsItsDataOverAKill(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pg := testkit.PostgresServer(t)
	pg.Durable = true
	exec := func(sql string) {
		conn, err := pgx.Connect(ctx, pg.DSN("postgres"))
		require.NoError(t, err)
		defer func() { _ = conn.Close(ctx) }()
		_, err = conn.Exec(ctx, sql)
		require.NoError(t, err)
	}
	exec("CREATE TABLE kept (id int)")
	exec("CHECKPOINT")
	pg.Kill()
	_, err := os.Stat(pg.Dir)
	require.NoError(t, err)
	require.NoError(t, pg.Start(ctx))
	exec("INSERT INTO kept VALUES (1)")
	require.NoError(t, pg.Stop())
	require.NoError(t, pg.Start(ctx))
	exec("SELECT 1/count(*) FROM kept")
}

package connector

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/sqlguard"
)

func TestSessionsServeAgainWhenTheyEndedWell(t *testing.T) {
	t.Parallel()
	config, admin := database(t, "CREATE TABLE t AS SELECT generate_series(1, 5000) AS n", "CREATE SCHEMA other")
	ctx := context.Background()
	var sessions Sessions
	// use runs SQL in a session and returns its process on the server.
	use := func(ctx context.Context, config Config, sql sqlguard.Approved) (pid uint32, err error) {
		conn, err := sessions.Open(ctx, config)
		require.NoError(t, err)
		_, err = conn.Run(ctx, sql, limits)
		conn.Close()
		require.Eventually(t, func() bool { // it is reset first
			sessions.mu.Lock()
			defer sessions.mu.Unlock()
			return conn.(*session).spent || len(sessions.idle[config.key()]) > 0
		}, 5*time.Second, time.Millisecond)
		return conn.(*session).conn.PgConn().PID(), err
	}
	plain := open(t, config)
	count, all := approve(t, plain, "SELECT count(*) FROM t"), approve(t, plain, "SELECT n FROM t")
	wrong, endless := approve(t, plain, "SELECT 1 / (n - 1) FROM t"), approve(t, plain, "SELECT count(*) FROM t a, t b, t c, t d")

	first, err := use(ctx, config, count)
	require.NoError(t, err)
	again := config
	again.Purpose = "another question"
	second, err := use(ctx, again, count)
	require.NoError(t, err)
	require.Equal(t, first, second)

	for name, spoil := range map[string]func(){
		"an error":  func() { _, err := use(ctx, config, wrong); require.Error(t, err) },
		"cut short": func() { _, err := use(ctx, config, all); require.NoError(t, err) },
		"stopped": func() {
			ctx, stop := context.WithCancel(ctx)
			conn, err := sessions.Open(ctx, again)
			require.NoError(t, err)
			defer conn.Close()
			var name string
			pid := conn.(*session).conn.PgConn().PID()
			go func() {
				for !running(t, admin, pid) {
				}
				_ = admin.QueryRow(context.Background(), "SELECT application_name FROM pg_stat_activity WHERE pid = $1", int32(pid)).Scan(&name)
				stop()
			}()
			_, err = conn.Run(ctx, endless, limits)
			require.Error(t, err)
			require.Equal(t, "datamind/another question", name)
		},
		"ended by the server": func() {
			_, err := admin.Exec(ctx, "SELECT pg_terminate_backend($1::int, 5000)", first)
			require.NoError(t, err)
		},
	} {
		before, err := use(ctx, config, count)
		require.NoError(t, err, name)
		first = before
		spoil()
		after, err := use(ctx, config, count)
		require.NoError(t, err, name)
		require.NotEqual(t, before, after, name)
	}

	// What a session held is gone.
	_, err = use(ctx, config, count)
	require.NoError(t, err)
	held, err := sessions.Open(ctx, config)
	require.NoError(t, err)
	_, err = held.(*session).conn.Exec(ctx, "SELECT pg_advisory_lock(7), set_config('work_mem', '1MB', false)")
	require.NoError(t, err)
	held.Close()
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, admin.QueryRow(ctx, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7").Scan(&n))
		return n == 0
	}, 5*time.Second, time.Millisecond)

	// Other rights are another session; nothing is kept for long.
	here, err := use(ctx, config, count)
	require.NoError(t, err)
	elsewhere := config
	elsewhere.Schemas = []string{"public", "other"}
	other, err := sessions.Open(ctx, elsewhere)
	require.NoError(t, err)
	defer other.Close()
	require.NotEqual(t, here, other.(*session).conn.PgConn().PID())
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, admin.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", int32(here)).Scan(&n))
		return n == 0
	}, 4*idleLimit, 50*time.Millisecond)
}

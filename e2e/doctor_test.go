package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
)

// check is what `doctor --json` says of one thing.
type check struct {
	Name, Detail, Fix string
	OK                bool
}

func doctor(t *testing.T, s *system.System) (code int, all map[string]check) {
	t.Helper()
	code, out := s.Command("doctor", "--json")
	var got struct{ Checks []check }
	require.NoError(t, json.Unmarshal([]byte(out), &got), out)
	all = map[string]check{}
	for _, c := range got.Checks {
		all[c.Name] = c
	}
	return code, all
}

func TestDoctorSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{})
	code, all := doctor(t, s)
	require.Zero(t, code, all)
	for _, name := range []string{"configuration", "database", "migrations", "redis", "temporal", "namespace", "search attributes",
		"database writes", "clock", "questions", "budgets",
		"workers: ask", "workers: model", "workers: query", "workers: alert", "workers: export",
		"backlog: ask", "backlog: model", "backlog: query", "backlog: alert", "backlog: export", "model", "connections", "connection: shop",
		"overdue: schedules", "overdue: alerts", "overdue: reports", "overdue: exports", "overdue: messages"} {
		require.True(t, all[name].OK, "%s: %+v", name, all[name])
	}
	require.Len(t, all, 29)

	// connection is what it says of the only connection.
	connection := func() check {
		t.Helper()
		code, all := doctor(t, s)
		require.Equal(t, 1, code)
		require.False(t, all["connection: shop"].OK)
		return all["connection: shop"]
	}
	s.Exec("postgres", "ALTER ROLE reader PASSWORD 'another-password'")
	found := connection()
	require.Contains(t, found.Detail, "password is wrong")
	require.Contains(t, found.Fix, "Enter user and password again")
	s.Exec("postgres", "ALTER ROLE reader PASSWORD 'reader-password'")
	s.Exec("shop", "REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM reader")
	require.Contains(t, connection().Fix, "administrator grant it")
	require.NoError(t, s.Customer.Stop())
	found = connection()
	require.Contains(t, found.Detail, "Nothing listens on")
	require.Contains(t, found.Fix, "Start that database")

	s.Redis.Close()
	require.NoError(t, s.Platform.Stop())
	code, all = doctor(t, s)
	require.Equal(t, 1, code)
	require.Contains(t, all["redis"].Detail, "connection refused")
	require.Contains(t, all["database"].Detail, "refused")
	require.Contains(t, all["database"].Fix, "Start PostgreSQL")
	require.NotContains(t, all, "migrations", "nobody shall migrate a database that is down")
	require.NotContains(t, all, "connections")
	for _, c := range all {
		require.False(t, strings.Contains(c.Detail+c.Fix, "app:app"), c)
	}
}

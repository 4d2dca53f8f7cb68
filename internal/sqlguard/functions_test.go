package sqlguard

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/testkit"
)

// What the guard believes of the allowed functions is what PostgreSQL's own
// catalogue says of them.
func TestFunctionsAreAsPostgreSQLHasThem(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(context.Background(), testkit.Postgres(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	const some = `('anyelement', 'anyarray', 'anynonarray', 'anyenum', 'anyrange', 'anymultirange', 'anycompatible', 'anycompatiblearray', 'anycompatiblenonarray', 'anycompatiblerange', 'anycompatiblemultirange')`
	returned := wordSet("json_to_record json_to_recordset jsonb_to_record jsonb_to_recordset") // by a list of definitions
	for _, row := range query(t, conn, `SELECT proname::text, array_agg(DISTINCT prorettype::regtype::text),
		max((SELECT count(*) FROM unnest(proargtypes) a WHERE a::regtype::text IN `+some+`)),
		coalesce(array_agg(DISTINCT array_to_string(ARRAY(SELECT n FROM unnest(proargnames, proargmodes) x(n, m) WHERE m IN ('o', 't')), ' ')) FILTER (WHERE 'o' = ANY (proargmodes)), '{}'),
		bool_or(prorettype::regtype::text IN `+some+`), bool_or(prorettype = 'record'::regtype)
		FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace GROUP BY 1`) {
		name := row[0].(string)
		if !allowedFunctions[name] {
			continue
		}
		if slices.Contains(row[1].([]any), any("tsvector")) {
			require.True(t, vectorFunctions[name], "%s returns a tsvector", name)
		}
		if row[4].(bool) {
			require.True(t, carriers[name], "%s returns %v", name, row[1])
		}
		if row[2].(int64) > 1 {
			require.True(t, polymorphic[name] || name == "multirange" || name == "range_merge", "%s coerces one argument to another's type", name)
		}
		for _, names := range row[3].([]any) {
			require.Contains(t, []string{"key value", "value", "lexeme positions weights"}, names, name)
			switch names {
			case "key value":
				require.Equal(t, []string{"key", "value"}, rowFunctions[name], name)
			case "value":
				require.Equal(t, "value", namedResult[name], name)
			default:
				require.Equal(t, "unnest", name)
			}
		}
		if row[5].(bool) {
			require.True(t, rowFunctions[name] != nil || returned[name] || name == "unnest", "%s returns a record", name)
		}
	}
}

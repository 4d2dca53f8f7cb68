package connector

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestDiscoverFollowsTypes(t *testing.T) {
	t.Parallel()
	config, admin := database(t,
		"CREATE DOMAIN checked AS text CHECK (VALUE <> '')", "CREATE DOMAIN over AS checked", "CREATE DOMAIN free AS int", "CREATE TYPE pair AS (a checked, b int)", "CREATE DOMAIN pairs AS pair[]",
		"CREATE TYPE mood AS ENUM ('a')", "CREATE FUNCTION mood_text(mood) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'x'$$", "CREATE CAST (mood AS text) WITH FUNCTION mood_text(mood)",
		"CREATE TYPE span AS RANGE (subtype = mood)", "CREATE TYPE floats AS RANGE (subtype = float8)", "CREATE TABLE plain (a int, b text[], c int4range, d jsonb, e timestamptz)",
		"CREATE TABLE kinds (c checked, o over, f free, ca checked[], p pair, pa pair[], ps pairs, m mood, ma mood[], s span, fl floats, v tsvector, va tsvector[])", "CREATE TABLE whole (k kinds, ks kinds[])",
		"CREATE SCHEMA other", "CREATE SEQUENCE other.plain", "CREATE TABLE other.parts (n int) PARTITION BY LIST (n)", "CREATE TABLE other.whole PARTITION OF other.parts DEFAULT", "CREATE TABLE partly (a int, b int, c int, d int)")
	role := "tracer_" + config.Database
	for _, s := range []string{"CREATE ROLE %[1]s LOGIN PASSWORD 'reader'", "GRANT USAGE ON SCHEMA public, other TO %[1]s", "GRANT SELECT ON plain, kinds, whole, other.parts TO %[1]s", "GRANT SELECT (a, c) ON partly TO %[1]s"} {
		_, err := admin.Exec(context.Background(), fmt.Sprintf(s, role))
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		_, _ = admin.Exec(context.Background(), fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", role))
	})
	config.User, config.Password, config.Schemas = role, "reader", []string{"other", "public"}
	catalog, err := open(t, config).Discover(context.Background())
	require.NoError(t, err)
	require.True(t, catalog.Traced)
	tables := map[string]models.Table{}
	for _, table := range catalog.Tables {
		tables[table.Name] = table
	}
	for _, c := range tables["plain"].Columns {
		require.Empty(t, c.Holds, c.Name)
	}
	require.Equal(t, []string{"row"}, tables["plain"].Holds)
	held := map[string][]string{}
	for _, c := range tables["kinds"].Columns {
		held[c.Name] = c.Holds
	}
	for name, want := range map[string][]string{"c": {"domain"}, "o": {"domain"}, "f": nil, "ca": {"inner_domain"}, "p": {"inner_domain", "row"}, "pa": {"inner_domain", "row"}, "ps": {"inner_domain", "row"},
		"m": {"cast"}, "ma": {"cast"}, "s": {"cast"}, "fl": nil, "v": {"vector"}, "va": {"vector"}} {
		require.ElementsMatch(t, want, held[name], name)
	}
	all := []string{"cast", "inner_domain", "row", "vector"}
	require.Equal(t, all, tables["kinds"].Holds)
	require.Equal(t, all, tables["whole"].Columns[0].Holds)
	require.Equal(t, all, tables["whole"].Columns[1].Holds)
	require.Equal(t, []models.UserCast{{Source: "mood", Target: "text"}}, catalog.Casts, "the casts of ranges to their multiranges are PostgreSQL's")
	require.Equal(t, []models.RelationName{{Schema: "other", Name: "plain"}, {Schema: "other", Name: "whole"}}, catalog.Shadows)
	require.Equal(t, []models.DeniedColumn{{Name: "b", Before: 1}, {Name: "d", Before: 2}}, tables["partly"].Denied)
}

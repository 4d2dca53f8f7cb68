package connector

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

// Values come back as they are, whatever they are made of and however many
// there are; of numbers and dates the least and the greatest.
func TestDiscoverTakesStatisticsApart(t *testing.T) {
	t.Parallel()
	config, _ := database(t,
		`CREATE TABLE odd (word text, label varchar(20), number numeric(10,2), at timestamptz, few int, price money, charge money)`,
		`ALTER TABLE odd ALTER word SET STATISTICS 1000, ALTER number SET STATISTICS 1000`,
		// Unique words are bounds of the histogram; 1,000 long ones exceed what is sent as it is.
		`INSERT INTO odd SELECT lpad(n::text, 90, 'w'), (ARRAY['a,b', 'c"d', '{e}', 'f\g', 'NULL', ''])[1 + n % 6], n - 500.5, timestamptz '2026-01-01 00:00Z' + n * interval '1 hour', n % 3,
				n::money * 1000, n::money - 500::money
			FROM generate_series(1, 2000) n`,
		`CREATE TABLE part (id int, kind text) PARTITION BY LIST (kind)`,
		`CREATE TABLE part_a PARTITION OF part FOR VALUES IN ('a')`, `CREATE TABLE part_b PARTITION OF part FOR VALUES IN ('b')`,
		`INSERT INTO part SELECT n, (ARRAY['a', 'b'])[1 + n % 2] FROM generate_series(1, 100) n`,
		`ANALYZE`)
	catalog, err := open(t, config).Discover(t.Context())
	require.NoError(t, err)
	column := func(table, name string) models.CatalogColumn {
		at := slices.IndexFunc(catalog.Tables, func(t models.Table) bool { return t.Name == table })
		require.GreaterOrEqual(t, at, 0)
		columns := catalog.Tables[at].Columns
		return columns[slices.IndexFunc(columns, func(c models.CatalogColumn) bool { return c.Name == name })]
	}
	words := column("odd", "word").Values
	require.Len(t, words, maxBounds)
	require.Equal(t, strings.Repeat("w", 86)+"1000", words[0], "the first bound is the least word")
	labels := column("odd", "label").Values
	slices.Sort(labels)
	require.Equal(t, []string{"", "NULL", "a,b", `c"d`, `f\g`, "{e}"}, labels)
	number, at, few := column("odd", "number"), column("odd", "at"), column("odd", "few")
	require.Equal(t, []string{"-499.50", "1499.50"}, []string{number.Min, number.Max}, "the last bound of a list that was cut")
	require.Empty(t, number.Values)
	require.Equal(t, []string{"2026-01-01 01:00:00+00", "2026-03-25 08:00:00+00"}, []string{at.Min, at.Max})
	require.ElementsMatch(t, []string{"0", "1", "2"}, few.Values)
	price, charge := column("odd", "price"), column("odd", "charge")
	require.Equal(t, []string{"$1,000.00", "$2,000,000.00"}, []string{price.Min, price.Max}, "quoted for their commas")
	require.Equal(t, []string{"-$499.00", "$1,500.00"}, []string{charge.Min, charge.Max}, "one quoted, one not")
	kinds := column("part", "kind").Values
	slices.Sort(kinds)
	require.Equal(t, []string{"a", "b"}, kinds, "of all partitions")
	require.EqualValues(t, 100, column("part", "id").Distinct)
}

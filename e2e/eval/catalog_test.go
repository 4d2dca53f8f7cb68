package eval

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

const columnsSQL = `
SELECT n.nspname, c.relname, coalesce(obj_description(c.oid,'pg_class'),''), a.attname, format_type(a.atttypid,a.atttypmod),
  t.typtype::text, NOT a.attnotnull, coalesce(col_description(c.oid,a.attnum),''),
  CASE WHEN s.n_distinct BETWEEN 1 AND 200 OR s.n_distinct < 0 THEN coalesce(s.most_common_vals::text::text[], '{}') || CASE WHEN s.histogram_bounds IS NOT NULL AND t.typcategory='S' THEN s.histogram_bounds::text::text[] ELSE '{}' END ELSE '{}' END
FROM pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace
JOIN pg_attribute a ON a.attrelid=c.oid AND a.attnum>0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid=a.atttypid
LEFT JOIN pg_stats s ON s.schemaname=n.nspname AND s.tablename=c.relname AND s.attname=a.attname
WHERE c.relkind IN ('r','v','m','p') AND n.nspname='public' ORDER BY 1,2,a.attnum`

const keysSQL = `
SELECT c.relname, k.contype::text, coalesce(f.relname,''),
 ARRAY(SELECT attname::text FROM unnest(k.conkey) WITH ORDINALITY x(n,o) JOIN pg_attribute a ON a.attrelid=k.conrelid AND a.attnum=x.n ORDER BY o),
 ARRAY(SELECT attname::text FROM unnest(k.confkey) WITH ORDINALITY x(n,o) JOIN pg_attribute a ON a.attrelid=k.confrelid AND a.attnum=x.n ORDER BY o)
FROM pg_constraint k JOIN pg_class c ON c.oid=k.conrelid LEFT JOIN pg_class f ON f.oid=k.confrelid
WHERE k.contype IN ('p','f') AND c.relnamespace='public'::regnamespace ORDER BY k.conname`

// discover reads a catalog as the connector does: structure and the
// statistics that ANALYZE keeps, never the rows.
func discover(t testing.TB, db *pgx.Conn) *models.Catalog {
	ctx := context.Background()
	cat := &models.Catalog{Dialect: "postgres", Schemas: []string{"public"}}
	rows, err := db.Query(ctx, columnsSQL)
	require.NoError(t, err)
	at := map[string]int{}
	for rows.Next() {
		var schema, name, tc string
		var c models.CatalogColumn
		require.NoError(t, rows.Scan(&schema, &name, &tc, &c.Name, &c.Type, &c.TypeKind, &c.Nullable, &c.Comment, &c.Values))
		k, ok := at[name]
		if !ok {
			k = len(cat.Tables)
			at[name] = k
			cat.Tables = append(cat.Tables, models.Table{Schema: schema, Name: name, Kind: "table", Comment: tc})
		}
		cat.Tables[k].Columns = append(cat.Tables[k].Columns, c)
	}
	require.NoError(t, rows.Err())
	rows, err = db.Query(ctx, keysSQL)
	require.NoError(t, err)
	for rows.Next() {
		var name, kind, ref string
		var cols, refs []string
		require.NoError(t, rows.Scan(&name, &kind, &ref, &cols, &refs))
		tb := &cat.Tables[at[name]]
		if kind == "p" {
			tb.PrimaryKey = cols
		} else {
			tb.ForeignKeys = append(tb.ForeignKeys, models.ForeignKey{Columns: cols, RefSchema: "public", RefTable: ref, RefColumns: refs})
		}
	}
	require.NoError(t, rows.Err())
	return cat
}

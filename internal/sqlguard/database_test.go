package sqlguard

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	pgquery "github.com/wasilibs/go-pgquery"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

// attackedDatabase loads the shared corpus' schema and what its attacks name,
// and returns a superuser's connection.
func attackedDatabase(t testing.TB) *pgx.Conn {
	t.Helper()
	schema, setup := testkit.Shared(t, "corpus", "schema_postgres.sql"), testkit.Shared(t, "corpus", "setup_attack_postgres.sql")
	conn, err := pgx.Connect(context.Background(), testkit.Postgres(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	attacked.Lock() // roles are the server's, which the tests share
	defer attacked.Unlock()
	execFile(t, conn, schema)
	execFile(t, conn, setup)
	return conn
}

var attacked sync.Mutex

// execFile runs a file statement by statement; extensions that this server
// does not have, and what is built on them, are left out.
func execFile(t testing.TB, conn *pgx.Conn, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	tree, err := pgquery.Parse(string(text))
	require.NoError(t, err)
	for _, s := range tree.GetStmts() {
		stmt := string(text[s.GetStmtLocation():])
		if s.GetStmtLen() > 0 {
			stmt = stmt[:s.GetStmtLen()]
		}
		if _, err := conn.Exec(context.Background(), stmt); err != nil && !strings.Contains(err.Error(), "extension") && !strings.Contains(err.Error(), "role") {
			require.NoError(t, err, stmt)
		}
	}
}

// readCatalog reads just what the guard looks at; the product's discovery is
// the connector's.
func readCatalog(t testing.TB, conn *pgx.Conn, role string) *models.Catalog {
	t.Helper()
	cat := &models.Catalog{Dialect: DialectPostgres, Schemas: []string{"public"}}
	require.NoError(t, conn.QueryRow(context.Background(), "SELECT current_database()").Scan(&cat.Database))
	rows := query(t, conn, `SELECT c.relname, CASE c.relkind WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign' ELSE 'table' END,
		a.attname, format_type(a.atttypid, a.atttypmod), t.typtype = 'd', tn.nspname <> 'pg_catalog',
		CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) ELSE '' END
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
		JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace tn ON tn.oid = t.typnamespace
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r','v','f') AND has_table_privilege($1, c.oid, 'SELECT')
		ORDER BY 1, a.attnum`, role)
	for _, row := range rows {
		if n := len(cat.Tables); n == 0 || cat.Tables[n-1].Name != row[0] {
			cat.Tables = append(cat.Tables, models.Table{Schema: "public", Name: row[0].(string), Kind: row[1].(string), Definition: row[6].(string)})
		}
		column := models.CatalogColumn{Name: row[2].(string), Type: row[3].(string), UserType: row[5].(bool)}
		if row[4].(bool) {
			column.TypeKind = "domain"
		}
		last := &cat.Tables[len(cat.Tables)-1]
		last.Columns = append(last.Columns, column)
	}
	for _, row := range query(t, conn, `SELECT DISTINCT proname, coalesce(e.extname, '') FROM pg_proc p
		LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e' LEFT JOIN pg_extension e ON e.oid = d.refobjid
		WHERE pronamespace = 'public'::regnamespace`) {
		cat.Routines = append(cat.Routines, models.Routine{Schema: "public", Name: row[0].(string), Extension: row[1].(string)})
	}
	for _, row := range query(t, conn, `SELECT typname, typtype::text FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('c','d','e')`) {
		kind := map[string]string{"c": "composite", "d": "domain", "e": "enum"}[row[1].(string)]
		cat.Types = append(cat.Types, models.UserType{Schema: "public", Name: row[0].(string), Kind: kind})
	}
	for _, row := range query(t, conn, `SELECT oprname FROM pg_operator WHERE oprnamespace = 'public'::regnamespace`) {
		cat.Operators = append(cat.Operators, row[0].(string))
	}
	for _, row := range query(t, conn, `SELECT format_type(castsource, NULL), format_type(casttarget, NULL) FROM pg_cast WHERE oid >= 16384 AND castfunc <> 0`) {
		cat.Casts = append(cat.Casts, models.UserCast{Source: row[0].(string), Target: row[1].(string)})
	}
	return cat
}

func query(t testing.TB, conn *pgx.Conn, sql string, args ...any) [][]any {
	t.Helper()
	rows, err := conn.Query(context.Background(), sql, args...)
	require.NoError(t, err)
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	require.NoError(t, err)
	return out
}

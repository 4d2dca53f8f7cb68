package connector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/datamind/datamind/models"
)

// discoverLimit bounds each query on the system catalogs.
const discoverLimit = 30 * time.Second

// Discover implements Conn. It reads system catalogs and statistics only,
// never a table, in as many queries for a thousand tables as for ten.
func (p *postgres) Discover(ctx context.Context) (*models.Catalog, error) {
	catalog := &models.Catalog{Dialect: models.KindPostgres, TakenAt: time.Now().UTC()}
	if err := p.begin(ctx, p.config.Schemas, discoverLimit); err != nil {
		return nil, err
	}
	defer p.rollback(ctx)
	d := discovery{ctx: ctx, conn: p.conn, schemas: p.config.Schemas, catalog: catalog, tables: map[uint32]int{}, found: map[uint32]*relation{}}
	for _, read := range []func() error{
		d.state, func() error { return d.server(p.config.Schemas) }, d.traces, d.relations, d.columns, d.shadows, d.constraints,
		d.statistics, d.routines, d.types, d.operators, d.casts,
	} {
		if err := read(); err != nil {
			return nil, queryError(ctx, err, discoverLimit)
		}
	}
	d.dropOutsideKeys()
	var err error
	catalog.Fingerprint, err = fingerprint(catalog)
	return catalog, err
}

// state comes first: what changes while the rest is read is then noticed.
func (d *discovery) state() error {
	return d.each(stateSQL, []any{d.schemas}, []any{&d.catalog.State}, func() {})
}

type discovery struct {
	ctx     context.Context
	conn    *pgx.Conn
	schemas []string
	catalog *models.Catalog
	tables  map[uint32]int // by the relation's oid: its place in catalog.Tables
	found   map[uint32]*relation
	traced  tracing
}

// relation is what is known of a table beside what the catalog keeps.
type relation struct {
	rows float64
	// names are those of all columns, by their number; places and categories
	// are of those that may be read, by their name.
	names  map[int16]string
	places map[string]place
}

// place is where a column is in its table, and the category of its type
// (pg_type.typcategory).
type place struct {
	at       int
	category string
}

// each runs a query and calls row once per row, after it was scanned into targets.
func (d *discovery) each(sql string, args []any, targets []any, row func()) error {
	rows, err := d.conn.Query(d.ctx, sql, args...)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, targets, func() error { row(); return nil })
	return err
}

func (d *discovery) table(oid uint32) *models.Table {
	if at, ok := d.tables[oid]; ok {
		return &d.catalog.Tables[at]
	}
	return nil
}

func (d *discovery) server(wanted []string) error {
	var version string
	err := d.conn.QueryRow(d.ctx, `SELECT current_setting('server_version'), current_database()::text,
		ARRAY(SELECT w.name FROM unnest($1::text[]) WITH ORDINALITY AS w(name, place) JOIN pg_namespace n ON n.nspname = w.name
			WHERE has_schema_privilege(n.oid, 'USAGE') ORDER BY w.place)`, wanted).Scan(&version, &d.catalog.Database, &d.catalog.Schemas)
	if err != nil {
		return err
	}
	d.catalog.ServerVersion = version
	if len(d.catalog.Schemas) == 0 {
		return models.Errorf(models.CodeNoPermission, "None of the schemas %q exists or may be used by this user. Grant it: GRANT USAGE ON SCHEMA.", wanted)
	}
	return nil
}

// Partitions are left out: they are read through their parent. What has a
// foreign table among its descendants is read through to it.
const relationsSQL = `
WITH RECURSIVE reaching AS (
	SELECT i.inhparent AS oid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'f'
	UNION SELECT i.inhparent FROM pg_inherits i JOIN reaching r ON r.oid = i.inhrelid)
SELECT c.oid, c.reltype, n.nspname::text, c.relname::text,
	CASE CASE WHEN c.oid IN (SELECT oid FROM reaching) THEN 'f' ELSE c.relkind END WHEN 'v' THEN 'view' WHEN 'm' THEN 'matview' WHEN 'p' THEN 'partitioned' WHEN 'f' THEN 'foreign' ELSE 'table' END,
	coalesce(obj_description(c.oid, 'pg_class'), ''),
	CASE WHEN c.relkind IN ('v', 'f') THEN -1 ELSE c.reltuples::bigint END,
	CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END, greatest(c.reltuples, 0)::float8, c.relkind = 'r' AND c.relhassubclass
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
	AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
ORDER BY n.nspname, c.relname`

func (d *discovery) relations() error {
	var oid, row uint32
	var rows float64
	var t models.Table
	return d.each(relationsSQL, []any{d.catalog.Schemas}, []any{&oid, &row, &t.Schema, &t.Name, &t.Kind, &t.Comment, &t.Rows, &t.Definition, &rows, &t.Inherited}, func() {
		t.Holds = d.traced.of(row)
		d.tables[oid] = len(d.catalog.Tables)
		d.found[oid] = &relation{rows: rows, names: map[int16]string{}, places: map[string]place{}}
		d.catalog.Tables = append(d.catalog.Tables, t)
	})
}

// oids are the relations found, for the queries that follow.
func (d *discovery) oids() []uint32 {
	all := make([]uint32, len(d.tables))
	for oid, at := range d.tables {
		all[at] = oid
	}
	return all
}

const typeKindSQL = `CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range' WHEN 'm' THEN 'range' ELSE 'base' END`

// The kind and the owner of an array's type are those of its elements.
const columnsSQL = `
SELECT a.attrelid, a.attnum, a.atttypid, has_column_privilege(a.attrelid, a.attnum, 'SELECT'), a.attname::text, format_type(a.atttypid, a.atttypmod), ` + typeKindSQL + `, tn.nspname <> 'pg_catalog',
	NOT a.attnotnull, coalesce(d.description, ''), own.typcategory::text
FROM pg_attribute a JOIN pg_type own ON own.oid = a.atttypid
JOIN pg_type t ON t.oid = CASE WHEN own.typelem <> 0 AND own.typlen = -1 THEN own.typelem ELSE own.oid END
JOIN pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = a.attrelid AND d.objsubid = a.attnum
WHERE a.attrelid = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum`

func (d *discovery) columns() error {
	var oid, typ uint32
	var number int16
	var readable bool
	var category string
	var c models.CatalogColumn
	return d.each(columnsSQL, []any{d.oids()}, []any{&oid, &number, &typ, &readable, &c.Name, &c.Type, &c.TypeKind, &c.UserType, &c.Nullable, &c.Comment, &category}, func() {
		t, found := d.table(oid), d.found[oid]
		found.names[number] = c.Name
		if !readable {
			t.Denied = append(t.Denied, models.DeniedColumn{Name: c.Name, Before: len(t.Columns)})
			return
		}
		c.Holds = d.traced.of(typ)
		found.places[c.Name] = place{len(t.Columns), category}
		t.Columns = append(t.Columns, c)
	})
}

// shadowsSQL finds what PostgreSQL would take a bare name for, of whatever kind
// it is, before it comes to the relation of that name that was found.
const shadowsSQL = `
SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY($1) AND NOT c.oid = ANY($2) AND c.relname IN (SELECT o.relname FROM pg_class o WHERE o.oid = ANY($2))
ORDER BY 1, 2`

func (d *discovery) shadows() error {
	var r models.RelationName
	return d.each(shadowsSQL, []any{d.catalog.Schemas, d.oids()}, []any{&r.Schema, &r.Name}, func() { d.catalog.Shadows = append(d.catalog.Shadows, r) })
}

const constraintsSQL = `
SELECT k.conrelid, k.conname::text, k.contype::text, k.confrelid, k.conkey, k.confkey
FROM pg_constraint k
WHERE k.conrelid = ANY($1) AND k.contype IN ('p', 'u', 'f') AND k.conparentid = 0
ORDER BY k.conrelid, k.contype, k.conname`

func (d *discovery) constraints() error {
	var (
		oid, to             uint32
		name, kind          string
		columns, refColumns []int16
	)
	return d.each(constraintsSQL, []any{d.oids()}, []any{&oid, &name, &kind, &to, &columns, &refColumns}, func() {
		t := d.table(oid)
		switch names := d.found[oid].named(columns); kind {
		case "p":
			t.PrimaryKey = names
		case "u":
			t.Uniques = append(t.Uniques, names)
		case "f":
			if ref := d.table(to); ref != nil {
				t.ForeignKeys = append(t.ForeignKeys, models.ForeignKey{Name: name, Columns: names, RefSchema: ref.Schema, RefTable: ref.Name,
					RefColumns: d.found[to].named(refColumns)})
			}
		}
		columns, refColumns = nil, nil
	})
}

func (r *relation) named(numbers []int16) []string {
	names := make([]string, len(numbers))
	for i, number := range numbers {
		names[i] = r.names[number]
	}
	return names
}

// dropOutsideKeys drops foreign keys of columns, or to columns, that are not in the catalog.
func (d *discovery) dropOutsideKeys() {
	seen := map[[3]string]bool{}
	for _, t := range d.catalog.Tables {
		for _, c := range t.Columns {
			seen[[3]string{t.Schema, t.Name, c.Name}] = true
		}
	}
	for i := range d.catalog.Tables {
		t := &d.catalog.Tables[i]
		kept := t.ForeignKeys[:0]
		for _, k := range t.ForeignKeys {
			whole := len(k.Columns) == len(k.RefColumns)
			for j := range k.Columns {
				whole = whole && seen[[3]string{t.Schema, t.Name, k.Columns[j]}] && seen[[3]string{k.RefSchema, k.RefTable, k.RefColumns[j]}]
			}
			if whole {
				kept = append(kept, k)
			}
		}
		t.ForeignKeys = kept
	}
}

// extensionSQL is the extension that owns the object x of the catalog named.
const extensionSQL = `(SELECT e.extname::text FROM pg_depend o JOIN pg_extension e ON e.oid = o.refobjid
	WHERE o.classid = '%s'::regclass AND o.objid = x.oid AND o.deptype = 'e' AND o.refclassid = 'pg_extension'::regclass LIMIT 1)`

func (d *discovery) routines() error {
	var r models.Routine
	return d.each(`SELECT DISTINCT n.nspname::text, x.proname::text, coalesce(`+fmt.Sprintf(extensionSQL, "pg_proc")+`, '')
		FROM pg_proc x JOIN pg_namespace n ON n.oid = x.pronamespace WHERE n.nspname = ANY($1) ORDER BY 1, 2, 3`,
		[]any{d.catalog.Schemas}, []any{&r.Schema, &r.Name, &r.Extension}, func() { d.catalog.Routines = append(d.catalog.Routines, r) })
}

// Row types of tables and array types are left out: nothing needs to name them.
// Of PostgreSQL's own types those are there that a person gave an order.
func (d *discovery) types() error {
	var oid uint32
	var u models.UserType
	return d.each(`SELECT t.oid, n.nspname::text, t.typname::text, `+typeKindSQL+`
		FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
		WHERE (n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') OR t.oid = ANY($1)) AND t.typtype IN ('b', 'c', 'd', 'e', 'r', 'm')
			AND NOT (t.typelem <> 0 AND t.typlen = -1) AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
		ORDER BY 2, 3`, []any{d.traced.sorted()}, []any{&oid, &u.Schema, &u.Name, &u.Kind}, func() {
		u.Holds = d.traced.of(oid)
		d.catalog.Types = append(d.catalog.Types, u)
	})
}

func (d *discovery) operators() error {
	var name string
	return d.each(`SELECT DISTINCT x.oprname::text FROM pg_operator x JOIN pg_namespace n ON n.oid = x.oprnamespace
		WHERE n.nspname <> 'pg_catalog' AND `+fmt.Sprintf(extensionSQL, "pg_operator")+` IS NULL ORDER BY 1`,
		nil, []any{&name}, func() { d.catalog.Operators = append(d.catalog.Operators, name) })
}

func (d *discovery) casts() error {
	var c models.UserCast
	return d.each(`SELECT format_type(x.castsource, NULL), format_type(x.casttarget, NULL) FROM pg_cast x
		WHERE x.castfunc <> 0 AND `+userCast+` ORDER BY 1, 2`, nil, []any{&c.Source, &c.Target}, func() { d.catalog.Casts = append(d.catalog.Casts, c) })
}

// fingerprint is a SHA-256 over the structure: statistics and the time do not count.
func fingerprint(c *models.Catalog) (string, error) {
	bare := *c
	bare.TakenAt, bare.Fingerprint, bare.State = time.Time{}, "", ""
	bare.ServerVersion, _, _ = strings.Cut(c.ServerVersion, ".") // what the SQL means does not change between minor ones
	bare.Tables = make([]models.Table, len(c.Tables))
	for i, t := range c.Tables {
		t.Rows = 0
		columns := make([]models.CatalogColumn, len(t.Columns))
		for j, column := range t.Columns {
			column.Values, column.Distinct, column.Min, column.Max = nil, 0, "", ""
			columns[j] = column
		}
		t.Columns = columns
		bare.Tables[i] = t
	}
	raw, err := json.Marshal(bare)
	if err != nil {
		return "", fmt.Errorf("fingerprint the catalog: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

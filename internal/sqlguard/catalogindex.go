package sqlguard

import (
	"strings"

	"github.com/datamind/datamind/models"
)

type tableKey struct{ schema, name string }

// index is a catalog arranged for the guard's look-ups.
type index struct {
	cat       *models.Catalog
	options   Options
	version   int // the server's major version, 0 if unknown
	schemas   map[string]bool
	tables    map[tableKey]*relation
	shadows   map[tableKey]bool
	routines  map[string]models.Routine // reachable without a schema, by name
	types     map[tableKey]models.UserType
	typeNames map[string][]models.UserType
	operators map[string]bool
	sorted    map[string]bool // PostgreSQL's own types that a function of the database sorts
	// castSources are user types (and row types) that a user-defined cast starts from.
	castSources map[string]bool
	// castTargets are types that a user-defined cast from a built-in type leads to.
	castTargets map[string]bool
}

// relation is a table of the catalog as the guard sees it.
type relation struct {
	table   *models.Table
	columns []column
	traits  traits // of all columns together
	// harm says why its rows may not be used whole; "" if they may.
	harm string
	// refusal says why the relation may not be read; nil if it may.
	refusal *Refusal
}

// column is an output column of a relation, subquery or function.
type column struct {
	name   string
	masked bool
	traits traits
	// implied marks a name that nobody wrote: PostgreSQL made it, as its
	// version does.
	implied bool
	// refusal says why the column may not be read, whatever it is used for.
	refusal string
}

func newIndex(cat *models.Catalog, options Options) *index {
	ix := &index{cat: cat, options: options, version: majorVersion(cat.ServerVersion), schemas: map[string]bool{}, tables: map[tableKey]*relation{}, shadows: map[tableKey]bool{},
		routines: map[string]models.Routine{}, types: map[tableKey]models.UserType{}, typeNames: map[string][]models.UserType{},
		operators: map[string]bool{}, sorted: map[string]bool{}, castSources: map[string]bool{}, castTargets: map[string]bool{}}
	for _, s := range cat.Schemas {
		ix.schemas[s] = true
	}
	for _, r := range cat.Shadows {
		ix.shadows[tableKey{r.Schema, r.Name}] = true
	}
	for _, r := range cat.Routines {
		if had, ok := ix.routines[r.Name]; !ok || had.Extension != "" {
			ix.routines[r.Name] = r
		}
	}
	for _, t := range cat.Types {
		ix.types[tableKey{t.Schema, t.Name}] = t
		if t.Schema == "pg_catalog" && harmOf(t.Holds) != "" {
			ix.sorted[t.Name] = true
			continue
		}
		ix.typeNames[t.Name] = append(ix.typeNames[t.Name], t)
	}
	for _, o := range cat.Operators {
		ix.operators[bareOperator(o)] = true
	}
	for _, c := range cat.Casts {
		ix.addCast(c)
	}
	for i := range cat.Tables {
		ix.addTable(&cat.Tables[i])
	}
	return ix
}

// bareOperator drops a schema and argument types: "public.###(integer,integer)" is "###".
func bareOperator(name string) string {
	if at := strings.IndexByte(name, '('); at > 0 {
		name = name[:at]
	}
	if at := strings.LastIndexByte(name, '.'); at >= 0 && at < len(name)-1 {
		name = name[at+1:]
	}
	return strings.TrimSpace(name)
}

func (ix *index) addCast(c models.UserCast) {
	source, target := bareType(c.Source), bareType(c.Target)
	ix.castSources[source] = true
	if _, user := ix.typeNames[source]; !user && builtinTypeName(source) {
		ix.castTargets[target] = true
	}
}

func (ix *index) addTable(t *models.Table) {
	rel := &relation{table: t, columns: make([]column, 0, len(t.Columns)+len(t.Denied)), traits: traitsOf(t.Holds), harm: harmOf(t.Holds)}
	if ix.castSources[t.Name] {
		rel.harm = harms[models.HoldsCast]
	}
	denied := t.Denied
	for i, c := range t.Columns {
		denied = rel.deny(denied, i)
		holds := c.Holds
		if !ix.cat.Traced {
			holds = untraced(c)
		}
		col := column{name: c.Name, masked: c.Masked, traits: traitsOf(holds), refusal: harmOf(holds)}
		switch {
		case c.UserType && ix.castSources[bareType(c.Type)]:
			col.refusal = harms[models.HoldsCast]
		case col.refusal == "" && col.traits.has(holdsDomain):
			col.refusal = "its type holds a domain, whose checks run when it is compared"
		}
		rel.traits |= col.traits
		rel.columns = append(rel.columns, col)
	}
	rel.deny(denied, len(t.Columns))
	if t.Kind == "foreign" && !ix.options.AllowForeignTables {
		rel.refusal = refuse(CodeRelationRefused, "%s is a foreign table or read through to one: that reaches another server or a file. It is not available for questions.", quoteName(t.Schema, t.Name))
	}
	ix.tables[tableKey{t.Schema, t.Name}] = rel
}

// deny adds the columns that the role may not read and that stand before the
// one at place, and returns the others.
func (rel *relation) deny(denied []models.DeniedColumn, place int) []models.DeniedColumn {
	for len(denied) > 0 && denied[0].Before <= place {
		rel.columns = append(rel.columns, column{name: denied[0].Name, refusal: "the user of this connection has no right to it"})
		denied = denied[1:]
	}
	return denied
}

// bareType is the last part of a type's name, without quotes, modifiers and array bounds.
func bareType(name string) string {
	name = strings.TrimSuffix(strings.TrimSpace(name), "[]")
	if at := strings.IndexByte(name, '('); at > 0 {
		name = name[:at]
	}
	if at := strings.LastIndexByte(name, '.'); at >= 0 {
		name = name[at+1:]
	}
	name = strings.Trim(strings.TrimSpace(name), `"`)
	if alias, ok := typeAliases[name]; ok {
		return alias
	}
	return name
}

// typeAliases lead from format_type's names to those of the grammar.
var typeAliases = map[string]string{
	"integer": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool", "real": "float4", "double precision": "float8",
	"character varying": "varchar", "character": "bpchar", "decimal": "numeric", "timestamp without time zone": "timestamp",
	"timestamp with time zone": "timestamptz", "time without time zone": "time", "time with time zone": "timetz",
	"bit varying": "varbit",
}

func builtinTypeName(name string) bool {
	return allowedTypes[name] || name == "oid" || name == "record"
}

func quoteName(parts ...string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 && b.Len() > 0 {
			b.WriteByte('.')
		}
		if p == "" {
			continue
		}
		if plainIdentifier(p) {
			b.WriteString(p)
		} else {
			b.WriteString(`"` + strings.ReplaceAll(p, `"`, `""`) + `"`)
		}
	}
	return b.String()
}

func plainIdentifier(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

package llm

import (
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/datamind/datamind/models"
)

// Budgets of the schema's text, in bytes.
const (
	maxSchema     = 24000
	maxNameList   = 4000
	maxTableText  = 6000
	maxMisses     = 10
	maxComment    = 200
	maxValues     = 8
	maxValue      = 40
	plainName     = `^[a-z_][a-z0-9_]*$`
	maxIdentifier = 130
)

var plain = regexp.MustCompile(plainName)

// reserved are words that are common as names and need quotes as such.
var reserved = map[string]bool{"order": true, "user": true, "group": true, "table": true, "select": true, "from": true, "where": true,
	"limit": true, "offset": true, "end": true, "case": true, "check": true, "default": true, "desc": true, "asc": true, "all": true,
	"any": true, "both": true, "column": true, "primary": true, "references": true, "to": true, "union": true, "unique": true,
	"using": true, "when": true, "with": true, "window": true, "grant": true, "having": true, "in": true, "not": true, "null": true,
	"on": true, "only": true, "or": true, "and": true, "as": true, "analyze": true, "array": true, "do": true, "else": true,
	"fetch": true, "for": true, "foreign": true, "into": true, "leading": true, "placing": true, "then": true, "trailing": true}

// name writes an identifier, in double quotes where SQL needs quotes.
func name(s string) string {
	if plain.MatchString(s) && !reserved[s] && len(s) <= maxIdentifier {
		return s
	}
	return quote(s, maxIdentifier)
}

// schemaText describes the catalog within the budget. A catalog that fits is
// given whole and in its own order, so that the text is the same for each
// question and providers can cache it. Of a larger one, the tables that the
// question seems to need are described and the others named.
func schemaText(req models.PlanRequest) string {
	if req.Catalog == nil || len(req.Catalog.Tables) == 0 {
		return "no tables"
	}
	w := schemaWriter{schemas: len(req.Catalog.Schemas) > 1, words: wordsOf(req)}
	ranked := w.rank(req)
	described := make([]string, len(req.Catalog.Tables)) // by place in the catalog
	var left []int
	size := 0
	for _, i := range ranked {
		if len(left) >= maxMisses { // little room is left: do not write thousands of tables to find one that fits
			left = append(left, i)
			continue
		}
		text := w.table(&req.Catalog.Tables[i])
		if size+len(text) > maxSchema {
			left = append(left, i)
			continue
		}
		described[i] = text
		size += len(text)
	}
	out := strings.Join(described, "")
	if len(left) > 0 {
		sort.Ints(left)
		out += w.names(req.Catalog.Tables, left)
	}
	return strings.TrimSuffix(out, "\n")
}

// schemaWriter writes tables as compact DDL.
type schemaWriter struct {
	schemas bool // more than one: names are qualified
	words   map[string]bool
}

func (w schemaWriter) tableName(schema, table string) string {
	if w.schemas {
		return name(schema) + "." + name(table)
	}
	return name(table)
}

func (w schemaWriter) table(t *models.Table) string {
	var b strings.Builder
	kind := "table"
	switch t.Kind {
	case "view", "matview":
		kind = "view"
	}
	fmt.Fprintf(&b, "%s %s", kind, w.tableName(t.Schema, t.Name))
	var notes []string
	if t.Rows >= 0 {
		notes = append(notes, fmt.Sprintf("~%d rows", t.Rows))
	}
	if t.Comment != "" {
		notes = append(notes, quote(t.Comment, maxComment))
	}
	writeNotes(&b, notes)
	keys, refs := map[string]bool{}, map[string]string{}
	for _, k := range t.PrimaryKey {
		keys[k] = true
	}
	for _, f := range t.ForeignKeys {
		if len(f.Columns) == 1 && len(f.RefColumns) == 1 {
			refs[f.Columns[0]] = w.tableName(f.RefSchema, f.RefTable) + "(" + name(f.RefColumns[0]) + ")"
		}
	}
	var more []string
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Masked {
			continue
		}
		line := w.column(c, keys[c.Name] && len(t.PrimaryKey) == 1, refs[c.Name], b.Len() < maxTableText/2 || hits(w.words, c.Name))
		if b.Len()+len(line) > maxTableText {
			more = append(more, name(c.Name))
			continue
		}
		b.WriteString(line)
	}
	if len(more) > 0 {
		fmt.Fprintf(&b, "  -- and: %s\n", listed(more, maxTableText/4))
	}
	if len(t.PrimaryKey) > 1 {
		fmt.Fprintf(&b, "  primary key (%s)\n", names(t.PrimaryKey))
	}
	for _, f := range t.ForeignKeys {
		if len(f.Columns) > 1 {
			fmt.Fprintf(&b, "  foreign key (%s) -> %s(%s)\n", names(f.Columns), w.tableName(f.RefSchema, f.RefTable), names(f.RefColumns))
		}
	}
	return b.String()
}

// column writes one column; full adds its comment and values.
func (w schemaWriter) column(c *models.CatalogColumn, key bool, ref string, full bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s %s", name(c.Name), typeName(c.Type))
	if key {
		b.WriteString(" primary key")
	} else if !c.Nullable {
		b.WriteString(" not null")
	}
	if ref != "" {
		b.WriteString(" -> " + ref)
	}
	var notes []string
	if full {
		if c.Comment != "" {
			notes = append(notes, quote(c.Comment, maxComment))
		}
		if len(c.Values) > 0 {
			var values []string
			for _, v := range c.Values[:min(len(c.Values), maxValues)] {
				values = append(values, quote(v, maxValue))
			}
			text := "values " + strings.Join(values, ", ")
			if len(c.Values) > maxValues || c.Distinct > int64(len(c.Values)) {
				text += ", …"
			}
			notes = append(notes, text)
		} else if c.Min != "" && c.Max != "" {
			notes = append(notes, "from "+quote(c.Min, maxValue)+" to "+quote(c.Max, maxValue))
		}
	}
	writeNotes(&b, notes)
	return b.String()
}

// typeName writes a type as the server names it, unless a person named it oddly.
func typeName(t string) string {
	for _, r := range t {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ (),.[]", r) {
			return quote(t, 100)
		}
	}
	return cut(t, 100)
}

func writeNotes(b *strings.Builder, notes []string) {
	if len(notes) > 0 {
		b.WriteString(" -- " + strings.Join(notes, "; "))
	}
	b.WriteByte('\n')
}

// names lists the tables that are not described.
func (w schemaWriter) names(tables []models.Table, which []int) string {
	var all []string
	for _, i := range which {
		all = append(all, w.tableName(tables[i].Schema, tables[i].Name))
	}
	return "other tables, by name only: " + listed(all, maxNameList) + "\n"
}

func names(all []string) string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = name(s)
	}
	return listed(out, maxTableText/4)
}

// listed joins as many as the limit allows and counts the rest.
func listed(all []string, limit int) string {
	var b strings.Builder
	for i, s := range all {
		if b.Len()+len(s) > limit {
			fmt.Fprintf(&b, " and %d more", len(all)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s)
	}
	return b.String()
}

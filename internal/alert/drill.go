package alert

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/datamind/datamind/models"
)

// Query is SQL of an aggregate as far as it is understood: what it groups by, if
// anything, what it adds up, and everything from its FROM on to its GROUP BY.
type Query struct {
	Group string // the expression of the one group, "" for a single row
	Value string // the aggregate
	Rest  string // FROM … WHERE …
	from  []source
}

// source is a relation of the FROM clause under the name that it has there.
type source struct{ schema, table, alias string }

// Dimension is an expression to take a value apart by, with the join that it needs.
type Dimension struct {
	Name, Expr, Join string
}

// word is a word or sign of SQL outside of brackets.
type word struct {
	text  string // lower case for words
	at    int
	depth int
}

// scan splits SQL into words. It gives up on what it does not know for sure:
// comments, dollar quotes, escapes.
func scan(sql string) (words []word, ok bool) {
	depth := 0
	for i := 0; i < len(sql); {
		c := sql[i]
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
		case c == '\'' || c == '"':
			end := i + 1
			for {
				n := strings.IndexByte(sql[end:], c)
				if n < 0 {
					return nil, false
				}
				end += n + 1
				if end >= len(sql) || sql[end] != c {
					break
				}
				end++
			}
			if strings.Contains(sql[i:end], `\`) {
				return nil, false
			}
			words = append(words, word{sql[i:end], i, depth})
			i = end
		case c == '$' || c == '{' || c == '\\' || strings.HasPrefix(sql[i:], "--") || strings.HasPrefix(sql[i:], "/*"):
			return nil, false
		case c == '(' || c == ')':
			if c == ')' {
				depth--
			}
			words = append(words, word{string(c), i, depth})
			if c == '(' {
				depth++
			}
			i++
		case isWord(c):
			end := i
			for end < len(sql) && isWord(sql[end]) {
				end++
			}
			words = append(words, word{strings.ToLower(sql[i:end]), i, depth})
			i = end
		default:
			words = append(words, word{string(c), i, depth})
			i++
		}
	}
	return words, depth == 0
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

var (
	aliased  = regexp.MustCompile(`(?is)^(.*\S)\s+as\s+(?:"[^"]+"|[a-z_][a-z0-9_]*)$`)
	additive = regexp.MustCompile(`(?is)^(?:coalesce\s*\(\s*|round\s*\(\s*)*(?:sum|count)\s*\(`)
	distinct = regexp.MustCompile(`(?i)\bdistinct\b`)
)

// ReadQuery understands one SELECT of a sum or a count over tables, with one
// group at most. Of everything else it returns false.
func ReadQuery(sql string) (q Query, ok bool) {
	sql = strings.TrimRight(strings.TrimSpace(sql), "; \n")
	words, ok := scan(sql)
	if !ok || len(words) == 0 || words[0].text != "select" {
		return q, false
	}
	place := map[string]int{}
	for _, w := range words[1:] {
		if w.depth > 0 {
			continue
		}
		switch w.text {
		case "from", "where", "group", "order", "limit":
			if _, twice := place[w.text]; twice {
				return q, false
			}
			place[w.text] = w.at
		case "having", "union", "intersect", "except", "window", "offset", "fetch", "distinct", "with", "select", "over", "lateral", "tablesample", ";":
			return q, false
		}
	}
	from, ok := place["from"]
	if !ok {
		return q, false
	}
	end := len(sql)
	for _, name := range []string{"group", "order", "limit"} {
		if at, ok := place[name]; ok {
			end = min(end, at)
		}
	}
	q.Rest = strings.TrimSpace(sql[from:end])
	targets := split(words, sql, len("select"), from)
	_, grouped := place["group"]
	switch {
	case len(targets) == 1 && !grouped:
		q.Value = targets[0]
	case len(targets) == 2 && grouped:
		q.Group, q.Value = targets[0], targets[1]
		if additive.MatchString(q.Group) {
			q.Group, q.Value = q.Value, q.Group
		}
	default:
		return q, false
	}
	if !additive.MatchString(q.Value) || distinct.MatchString(q.Value) || additive.MatchString(q.Group) {
		return q, false
	}
	fromEnd := end
	if at, ok := place["where"]; ok {
		fromEnd = at
	}
	q.from = sources(words, from, fromEnd)
	return q, len(q.from) > 0
}

// split takes a list apart at its commas and drops the names after AS.
func split(words []word, sql string, from, to int) (parts []string) {
	begin := from
	cut := func(end int) {
		part := strings.TrimSpace(sql[begin:end])
		if m := aliased.FindStringSubmatch(part); m != nil {
			part = m[1]
		}
		parts = append(parts, part)
	}
	for _, w := range words {
		if w.depth == 0 && w.text == "," && w.at >= from && w.at < to {
			cut(w.at)
			begin = w.at + 1
		}
	}
	cut(to)
	return parts
}

var joinWords = []string{"on", "using", "join", "left", "right", "full", "inner", "outer", "cross", "natural", ",", "("}

// sources are the tables of a FROM clause; none when one of its parts is no table.
func sources(words []word, from, to int) (out []source) {
	var list []word
	for _, w := range words {
		if w.at > from && w.at < to && w.depth == 0 {
			list = append(list, w)
		}
	}
	name := func(i int) (string, bool) {
		if i >= len(list) || !isWord(list[i].text[0]) && list[i].text[0] != '"' || slices.Contains(joinWords, list[i].text) {
			return "", false
		}
		return strings.ReplaceAll(strings.Trim(list[i].text, `"`), `""`, `"`), true
	}
	for i := 0; i < len(list); i++ {
		if i > 0 && list[i-1].text != "join" && list[i-1].text != "," {
			continue
		}
		var s source
		var ok bool
		if s.table, ok = name(i); !ok {
			return nil
		}
		next := i + 1
		if next < len(list) && list[next].text == "." {
			s.schema = s.table
			if s.table, ok = name(next + 1); !ok {
				return nil
			}
			next += 2
		}
		s.alias = s.table
		if next < len(list) && list[next].text == "as" {
			next++
		}
		if alias, ok := name(next); ok {
			s.alias = alias
		}
		out = append(out, s)
	}
	return out
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Bounds of a look.
const (
	maxDimensions = 8
	mostParts     = 60
	smallTable    = 2000
)

// Dimensions are what the value of a query can be taken apart by: columns of few
// values of its tables, and names in small tables that they refer to.
func (q Query) Dimensions(cat *models.Catalog) (out []Dimension) {
	table := func(schema, name string) *models.Table {
		for i := range cat.Tables {
			if t := &cat.Tables[i]; t.Name == name && (t.Schema == schema || schema == "" && slices.Contains(cat.Schemas, t.Schema)) {
				return t
			}
		}
		return nil
	}
	used := map[string]bool{}
	for _, s := range q.from {
		used[s.table] = true
	}
	add := func(d Dimension) {
		if len(out) < maxDimensions && !strings.Contains(q.Group, d.Expr) {
			out = append(out, d)
		}
	}
	for _, s := range q.from {
		t := table(s.schema, s.table)
		if t == nil {
			continue
		}
		for _, c := range t.Columns {
			if few(c) && !slices.Contains(t.PrimaryKey, c.Name) {
				add(Dimension{Name: strings.ReplaceAll(c.Name, "_", " "), Expr: quoted(s.alias) + "." + quoted(c.Name) + "::text"})
			}
		}
		for i, fk := range t.ForeignKeys {
			ref := table(fk.RefSchema, fk.RefTable)
			if len(fk.Columns) != 1 || ref == nil || used[ref.Name] || ref.Rows < 0 || ref.Rows > smallTable {
				continue
			}
			label := labelOf(ref)
			if label == "" {
				continue
			}
			alias := quoted(fmt.Sprintf("why_%s_%d", s.alias, i))
			add(Dimension{Name: strings.TrimSuffix(strings.ReplaceAll(fk.Columns[0], "_", " "), " id"), Expr: alias + "." + quoted(label) + "::text",
				Join: " LEFT JOIN " + quoted(ref.Schema) + "." + quoted(ref.Name) + " AS " + alias + " ON " + alias + "." + quoted(fk.RefColumns[0]) + " = " + quoted(s.alias) + "." + quoted(fk.Columns[0])})
		}
	}
	return out
}

// few says that a column has few values that are names of something.
func few(c models.CatalogColumn) bool {
	kind := c.TypeKind == "enum" || c.Type == "text" || c.Type == "boolean" || strings.HasPrefix(c.Type, "character")
	n := max(int(c.Distinct), len(c.Values))
	return kind && !c.Masked && (c.TypeKind == "enum" || c.Type == "boolean" || n >= 2 && n <= mostParts)
}

func labelOf(t *models.Table) string {
	for _, want := range []string{"name", "title", "label", "code"} {
		for _, c := range t.Columns {
			if (c.Name == want || strings.HasSuffix(c.Name, "_"+want)) && !c.Masked && (c.Type == "text" || strings.HasPrefix(c.Type, "character")) {
				return c.Name
			}
		}
	}
	return ""
}

// By is SQL of the query's value taken apart by a dimension: the group, if there
// is one, the part, the value.
func (q Query) By(d Dimension) string {
	rest, where := q.Rest, ""
	if words, ok := scan(q.Rest); ok {
		for _, w := range words {
			if w.depth == 0 && w.text == "where" {
				rest, where = strings.TrimSpace(q.Rest[:w.at]), " "+q.Rest[w.at:]
			}
		}
	}
	if q.Group == "" {
		return "SELECT " + d.Expr + " AS part, " + q.Value + " AS value " + rest + d.Join + where + " GROUP BY 1"
	}
	return "SELECT " + q.Group + " AS key, " + d.Expr + " AS part, " + q.Value + " AS value " + rest + d.Join + where + " GROUP BY 1, 2"
}

package sqlguard

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// readable refuses columns that policy hides or whose reading has effects.
func (c column) readable() *Refusal {
	switch {
	case c.masked:
		return refuse(CodeColumnRefused, "The column %s is hidden by policy. Leave it out.", quoteName(c.name))
	case c.refusal != "":
		return refuse(CodeColumnRefused, "The column %s may not be read: %s.", quoteName(c.name), c.refusal)
	}
	return nil
}

// columnRef resolves a reference in an expression.
func (r *resolver) columnRef(ref *pg.ColumnRef, sc *scope) (traits, *Refusal) {
	r.references++
	if refusal := r.spent(); refusal != nil {
		return 0, refusal
	}
	fields := ref.GetFields()
	if isStar(fields) {
		if len(fields) == 1 {
			return 0, refuse(CodeSyntaxRefused, "* can stand only in a select list or in count(*).")
		}
		it, refusal := r.find(names(fields[:len(fields)-1]), sc)
		if refusal != nil {
			return 0, refusal
		}
		return r.wholeRow(it)
	}
	parts := names(fields)
	switch len(parts) {
	case 0:
		return 0, refuse(CodeSyntaxRefused, "This kind of column reference is not allowed here.")
	case 1:
		return r.bare(parts[0], sc)
	}
	it, refusal := r.find(parts[:len(parts)-1], sc)
	if refusal != nil {
		return 0, refusal
	}
	c, refusal := r.column(it, parts[len(parts)-1])
	return c.traits, refusal
}

// bare resolves a name without a qualifier: a column of the nearest level
// that has one, else a whole row.
func (r *resolver) bare(name string, sc *scope) (traits, *Refusal) {
	for s := sc; s != nil; s = s.parent {
		found, all := false, traits(0)
		for _, it := range s.items {
			r.look(1 + len(it.columns))
			for _, c := range it.columns {
				if c.name != name {
					continue
				}
				if refusal := c.readable(); refusal != nil {
					return 0, refusal
				}
				found, all = true, all|c.traits
				r.use(it.source, c.name)
			}
		}
		if found {
			return all, nil
		}
	}
	if it := r.named(name, sc); it != nil {
		return r.wholeRow(it)
	}
	return 0, unknownColumn(name, sc)
}

func (r *resolver) named(name string, sc *scope) *item {
	for s := sc; s != nil; s = s.parent {
		r.look(1 + len(s.items))
		for _, it := range s.items {
			if it.name == name && name != "" {
				return it
			}
		}
	}
	return nil
}

// find returns the FROM item that a qualifier names: alias, schema.table or
// database.schema.table.
func (r *resolver) find(qualifier []string, sc *scope) (*item, *Refusal) {
	switch len(qualifier) {
	case 1:
		if it := r.named(qualifier[0], sc); it != nil {
			return it, nil
		}
	case 3:
		if qualifier[0] != r.ix.cat.Database {
			break
		}
		qualifier = qualifier[1:]
		fallthrough
	case 2:
		for s := sc; s != nil; s = s.parent {
			r.look(1 + len(s.items))
			for _, it := range s.items {
				if it.table != nil && it.table.table.Schema == qualifier[0] && it.table.table.Name == qualifier[1] {
					return it, nil
				}
			}
		}
	}
	text := quoteName(qualifier...)
	var have []string
	for s := sc; s != nil; s = s.parent {
		for _, it := range s.items {
			if it.name != "" {
				have = append(have, it.name)
			}
		}
	}
	if len(have) == 0 {
		return nil, refuse(CodeUnknownRelation, "%s is used as a table, but is not in FROM.", text)
	}
	slices.Sort(have)
	have = slices.Compact(have)
	return nil, refuse(CodeUnknownRelation, "%s is used as a table, but is not in FROM here. There are: %s.", text, strings.Join(have[:min(len(have), 30)], ", "))
}

// column resolves name within the item. PostgreSQL reads alias.name as a
// function call name(alias) when there is no such column, so a name that is
// not a column is refused whatever else it may be.
func (r *resolver) column(it *item, name string) (column, *Refusal) {
	r.look(len(it.columns))
	c, ok := columnNamed(it.columns, name)
	if !ok {
		return column{}, unknownIn(it, name)
	}
	if own, taken := r.ix.routines[name]; taken && c.implied && own.Extension == "" {
		return column{}, refuse(CodeColumnRefused, "%s.%s could call the database's own function %s. Give the column a name of its own with AS.",
			quoteName(it.name), quoteName(name), quoteName(own.Schema, own.Name))
	}
	r.use(it.source, name)
	return c, c.readable()
}

// wholeRow judges a reference to all columns at once.
func (r *resolver) wholeRow(it *item) (traits, *Refusal) {
	r.look(len(it.columns))
	for _, c := range it.columns {
		if c.readable() != nil {
			return 0, refuse(CodeColumnRefused, "All columns of %s are asked for, and %s may not be read. Name the columns you need%s.", quoteName(it.name), quoteName(c.name), allowedColumns(it.columns))
		}
	}
	if it.scalar {
		return mayRow | allTraits(it.columns), nil
	}
	if it.source != nil && it.source.harm != "" {
		return 0, refuse(CodeTypeRefused, "A whole row of %s may not be used: %s. Name the columns you need.", quoteName(it.name), it.source.harm)
	}
	if it.source != nil && it.source.traits.has(isDomain|holdsDomain) {
		return mayRow | holdsDomain, nil
	}
	return mayRow, nil
}

func allowedColumns(columns []column) string {
	var list []string
	for _, c := range columns {
		if c.readable() == nil && len(list) < 30 {
			list = append(list, quoteName(c.name))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return ": " + strings.Join(list, ", ")
}

// star expands * or qualifier.* in a select list.
func (r *resolver) star(ref *pg.ColumnRef, all []column, sc *scope) ([]column, *Refusal) {
	r.references++
	if refusal := r.spent(); refusal != nil {
		return nil, refusal
	}
	columns := all
	label := "*"
	if fields := ref.GetFields(); len(fields) > 1 {
		it, refusal := r.find(names(fields[:len(fields)-1]), sc)
		if refusal != nil {
			return nil, refusal
		}
		columns, label = it.columns, quoteName(it.name)+".*"
	}
	r.look(len(columns))
	for _, c := range columns {
		if c.readable() != nil {
			return nil, refuse(CodeColumnRefused, "%s includes the column %s, which may not be read. Name the columns you need%s.", label, quoteName(c.name), allowedColumns(columns))
		}
	}
	return columns, nil
}

// indirection resolves (expression).field and (expression)[subscript]. A field
// is allowed only where the row's columns are known, because otherwise it
// could be a function call.
func (r *resolver) indirection(n *pg.A_Indirection, sc *scope, e *env) ([]column, *Refusal) {
	first := n.GetIndirection()
	if len(first) == 0 || first[0].GetAIndices() != nil {
		t, refusal := r.value(n.GetArg(), sc, e)
		if refusal != nil {
			return nil, refusal
		}
		return []column{{traits: t}}, r.subscripts(first, sc, e)
	}
	it, refusal := r.row(n.GetArg(), sc, e)
	if refusal != nil {
		return nil, refusal
	}
	if first[0].GetAStar() != nil {
		_, refusal := r.wholeRow(it)
		return it.columns, refusal
	}
	c, refusal := r.column(it, first[0].GetString_().GetSval())
	if refusal != nil {
		return nil, refusal
	}
	return []column{c}, r.subscripts(first[1:], sc, e)
}

func (r *resolver) subscripts(list []*pg.Node, sc *scope, e *env) *Refusal {
	for _, n := range list {
		if n.GetAIndices() == nil {
			return refuseAttribute("")
		}
		if _, refusal := r.node(n, sc, e); refusal != nil {
			return refusal
		}
	}
	return nil
}

// row resolves an expression that must be a row with known columns.
func (r *resolver) row(n *pg.Node, sc *scope, e *env) (*item, *Refusal) {
	if call := n.GetFuncCall(); call != nil {
		if columns, ok := rowFunctions[lastName(call.GetFuncname())]; ok {
			_, refusal := r.node(n, sc, e)
			it := &item{name: lastName(call.GetFuncname())}
			for _, c := range columns {
				it.columns = append(it.columns, column{name: c})
			}
			return it, refusal
		}
	}
	parts := names(n.GetColumnRef().GetFields())
	if len(parts) == 1 && !r.isColumn(parts[0], sc) {
		if it := r.named(parts[0], sc); it != nil && !it.scalar {
			r.references++
			return it, r.spent()
		}
	}
	return nil, refuseAttribute(strings.Join(parts, "."))
}

func (r *resolver) isColumn(name string, sc *scope) bool {
	for s := sc; s != nil; s = s.parent {
		for _, it := range s.items {
			r.look(1 + len(it.columns))
			if _, ok := columnNamed(it.columns, name); ok {
				return true
			}
		}
	}
	return false
}

func refuseAttribute(of string) *Refusal {
	if of != "" {
		of = " of " + of
	}
	return refuse(CodeColumnRefused, "A field%s in parentheses could be a function call. Select the column itself, or unpack the row in FROM.", of)
}

func unknownIn(it *item, name string) *Refusal {
	candidates := make([]string, 0, len(it.columns))
	for _, c := range it.columns {
		if c.readable() == nil {
			candidates = append(candidates, c.name)
		}
	}
	if near := nearest(name, candidates); len(near) > 0 {
		return refuse(CodeUnknownColumn, "%s has no column %s. Did you mean %s?", quoteName(it.name), quoteName(name), orList(near))
	}
	return refuse(CodeUnknownColumn, "%s has no column %s. It has%s.", quoteName(it.name), quoteName(name), allowedColumns(it.columns))
}

func unknownColumn(name string, sc *scope) *Refusal {
	var candidates []string
	for s := sc; s != nil; s = s.parent {
		for _, it := range s.items {
			for _, c := range it.columns {
				if c.readable() == nil {
					candidates = append(candidates, c.name)
				}
			}
		}
	}
	if len(candidates) == 0 {
		return refuse(CodeUnknownColumn, "There is no column %s here: nothing is in FROM that has columns.", quoteName(name))
	}
	if near := nearest(name, candidates); len(near) > 0 {
		return refuse(CodeUnknownColumn, "There is no column %s here. Did you mean %s?", quoteName(name), orList(near))
	}
	slices.Sort(candidates)
	candidates = slices.Compact(candidates)
	return refuse(CodeUnknownColumn, "There is no column %s here. There are: %s.", quoteName(name), strings.Join(candidates[:min(len(candidates), 30)], ", "))
}

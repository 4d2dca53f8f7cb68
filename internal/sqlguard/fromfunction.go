package sqlguard

import pg "github.com/pganalyze/pg_query_go/v6"

// function resolves functions in FROM, including ROWS FROM. PostgreSQL reads
// alias.name as the call name(alias) where the alias has no such column, so the
// columns must be exactly those that PostgreSQL will find; a function whose
// columns depend on a type that is not known is refused.
func (r *resolver) function(f *pg.RangeFunction, left *scope, e *env) (*item, *Refusal) {
	it := &item{}
	named := f.GetAlias() != nil && calls(f) == 1 // the alias then names the column as well
	for _, n := range f.GetFunctions() {
		pair := n.GetList().GetItems()
		if len(pair) == 0 {
			return nil, refuse(CodeSyntaxRefused, "This kind of FROM item is not allowed here.")
		}
		t, refusal := r.value(pair[0], left, e)
		if refusal != nil {
			return nil, refusal
		}
		defined := f.GetColdeflist()
		if len(pair) > 1 && pair[1].GetList() != nil {
			defined = pair[1].GetList().GetItems()
		}
		alias := ""
		if named {
			alias = f.GetAlias().GetAliasname()
		}
		columns, refusal := r.functionColumns(pair[0], t, defined, alias)
		if refusal != nil {
			return nil, refusal
		}
		if refusal := r.make(len(it.columns) + len(columns)); refusal != nil {
			return nil, refusal
		}
		it.columns = append(it.columns, columns...)
		if it.name == "" {
			it.name = outputName(pair[0])
		}
	}
	if f.GetOrdinality() {
		it.columns = append(it.columns, column{name: "ordinality", implied: true})
	}
	it.scalar = len(it.columns) == 1
	return r.aliased(it, f.GetAlias())
}

// calls counts the functions that PostgreSQL makes of a FROM item: unnest(a, b)
// is ROWS FROM (unnest(a), unnest(b)).
func calls(f *pg.RangeFunction) (n int) {
	for _, call := range f.GetFunctions() {
		n++
		if items := call.GetList().GetItems(); len(items) > 0 && lastName(items[0].GetFuncCall().GetFuncname()) == "unnest" {
			n += max(len(items[0].GetFuncCall().GetArgs())-1, 0)
		}
	}
	return n
}

// functionColumns are the columns of one function in FROM, whose value has the
// traits t. alias is what a single column is named by, "" for the function.
func (r *resolver) functionColumns(n *pg.Node, t traits, defined []*pg.Node, alias string) ([]column, *Refusal) {
	if len(defined) > 0 {
		var columns []column
		for _, d := range defined {
			columns = append(columns, column{name: d.GetColumnDef().GetColname(), traits: typeTraits(d.GetColumnDef().GetTypeName())})
		}
		return columns, nil
	}
	if cast := n.GetTypeCast(); cast != nil && castsCall(cast) {
		// A cast that does nothing leaves the function, which names its columns.
		return nil, refuse(CodeSyntaxRefused, "A cast of a function cannot stand in FROM. Cast its column in the select list.")
	}
	call := n.GetFuncCall()
	name := lastName(call.GetFuncname())
	if several, ok := rowFunctions[name]; ok {
		return impliedColumns(0, several...), nil
	}
	if own, ok := namedResult[name]; ok {
		return impliedColumns(0, own), nil
	}
	if t.has(mayRow) {
		return nil, refuse(CodeTypeRefused, "%s() in FROM may give a row, whose columns are not known here. Select the columns you need before, or use the JSON functions.", outputName(n))
	}
	if name == "unnest" {
		if t.has(mayVector) {
			if len(call.GetArgs()) == 1 && certainVector(call.GetArgs()[0]) {
				return impliedColumns(0, "lexeme", "positions", "weights"), nil
			}
			return nil, refuse(CodeTypeRefused, "unnest() may be of a text search vector here. Write unnest(…::tsvector), or cast what is no vector to its type.")
		}
		if len(call.GetArgs()) > 1 {
			columns := make([]column, len(call.GetArgs()))
			for i := range columns {
				columns[i] = column{name: "unnest", traits: t, implied: true}
			}
			return columns, nil
		}
	}
	if alias == "" {
		return impliedColumns(t, outputName(n)), nil
	}
	if own, taken := r.ix.routines[alias]; taken {
		return nil, refuse(CodeColumnRefused, "%[1]s.%[1]s could call the database's own function %[2]s. Use another alias.", quoteName(alias), quoteName(own.Schema, own.Name))
	}
	return []column{{name: alias, traits: t}}, nil
}

func impliedColumns(t traits, names ...string) []column {
	columns := make([]column, len(names))
	for i, name := range names {
		columns[i] = column{name: name, traits: t, implied: true}
	}
	return columns
}

func castsCall(cast *pg.TypeCast) bool {
	for cast.GetArg().GetTypeCast() != nil {
		cast = cast.GetArg().GetTypeCast()
	}
	return cast.GetArg().GetFuncCall() != nil
}

// certainVector reports whether an expression is surely a tsvector.
func certainVector(n *pg.Node) bool {
	if cast := n.GetTypeCast(); cast != nil {
		return typeTraits(cast.GetTypeName()).has(mayVector) && len(cast.GetTypeName().GetArrayBounds()) == 0
	}
	return vectorFunctions[lastName(n.GetFuncCall().GetFuncname())]
}

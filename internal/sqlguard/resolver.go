package sqlguard

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// resolver is the walk that knows scopes: which relation and column each name
// means, under PostgreSQL's own rules of visibility.
type resolver struct {
	ix   *index
	used map[tableKey]map[string]bool // relations of the catalog that were named, with the columns
	// onRelation is called for each catalog relation, before it is judged.
	onRelation func(*relation)
	budget
	// Counts of what was resolved; they must equal the first walk's.
	relations, references, selects int
}

// scope is one query level: the FROM items that names can refer to.
type scope struct {
	parent *scope
	items  []*item
}

// item is a FROM item under the name by which columns refer to it.
type item struct {
	name    string
	table   *relation // set when it can also be called schema.table
	columns []column
	source  *relation // the catalog relation behind it, for whole-row references
	// scalar marks a function with one column: its "whole row" is the column's
	// value, and a field of that is a call.
	scalar bool
}

// env is the chain of WITH queries in reach, innermost first.
type env struct {
	parent *env
	ctes   map[string]*cte
}

// cte is a WITH query; it is resolved when first needed.
type cte struct {
	node    *pg.CommonTableExpr
	env     *env
	outer   *scope
	running bool
	done    bool
	columns []column // provisional while running, nil if not known yet
}

func (e *env) find(name string) *cte {
	for ; e != nil; e = e.parent {
		if c, ok := e.ctes[name]; ok {
			return c
		}
	}
	return nil
}

// query resolves a SELECT, VALUES or set operation and returns its output
// columns. outer is what its names may refer to besides its own FROM. self is
// the recursive WITH query whose body this is, or nil.
func (r *resolver) query(s *pg.SelectStmt, outer *scope, e *env, self *cte) ([]column, *Refusal) {
	r.selects++
	e, refusal := r.with(s.GetWithClause(), outer, e)
	if refusal != nil {
		return nil, refusal
	}
	switch {
	case s.GetOp() > pg.SetOperation_SETOP_NONE:
		return r.setOperation(s, outer, e, self)
	case len(s.GetValuesLists()) > 0:
		return r.values(s, outer, e)
	}
	return r.plain(s, outer, e)
}

// with opens the scope of a WITH clause and resolves all of its queries, also
// those that nothing reads.
func (r *resolver) with(w *pg.WithClause, outer *scope, e *env) (*env, *Refusal) {
	if w == nil {
		return e, nil
	}
	all := make([]*cte, 0, len(w.GetCtes()))
	shared := &env{parent: e, ctes: map[string]*cte{}}
	for _, n := range w.GetCtes() {
		c := &cte{node: n.GetCommonTableExpr(), outer: outer, env: e}
		if w.GetRecursive() {
			c.env = shared
			shared.ctes[c.node.GetCtename()] = c
		} else { // each sees those before it, and not itself
			e = &env{parent: e, ctes: map[string]*cte{c.node.GetCtename(): c}}
		}
		all = append(all, c)
	}
	if w.GetRecursive() {
		e = shared
	}
	for _, c := range all {
		if refusal := r.resolveCTE(c); refusal != nil {
			return nil, refusal
		}
	}
	return e, nil
}

func (r *resolver) resolveCTE(c *cte) *Refusal {
	if c.done || c.running {
		return nil
	}
	c.running = true
	body := c.node.GetCtequery().GetSelectStmt()
	if body == nil {
		return refuse(CodeNotSelect, "Only SELECT is allowed, also inside WITH.")
	}
	columns, refusal := r.query(body, c.outer, c.env, c)
	if refusal != nil {
		return refusal
	}
	if c.columns, refusal = r.renamed(columns, c.node.GetAliascolnames()); refusal != nil {
		return refusal
	}
	if s := c.node.GetSearchClause(); s != nil {
		c.columns = append(c.columns, column{name: s.GetSearchSeqColumn()})
	}
	if cy := c.node.GetCycleClause(); cy != nil {
		c.columns = append(c.columns, column{name: cy.GetCycleMarkColumn()}, column{name: cy.GetCyclePathColumn()})
		for _, n := range []*pg.Node{cy.GetCycleMarkValue(), cy.GetCycleMarkDefault()} {
			if _, refusal := r.node(n, c.outer, c.env); refusal != nil {
				return refusal
			}
		}
	}
	c.running, c.done = false, true
	return nil
}

func (r *resolver) setOperation(s *pg.SelectStmt, outer *scope, e *env, self *cte) ([]column, *Refusal) {
	left, refusal := r.query(s.GetLarg(), outer, e, nil)
	if refusal != nil {
		return nil, refusal
	}
	if self != nil { // the recursive part sees the columns of the first
		if self.columns, refusal = r.renamed(left, self.node.GetAliascolnames()); refusal != nil {
			return nil, refusal
		}
	}
	right, refusal := r.query(s.GetRarg(), outer, e, nil)
	if refusal != nil {
		return nil, refusal
	}
	columns, refusal := r.concat(left)
	if refusal != nil {
		return nil, refusal
	}
	for i := range min(len(columns), len(right)) {
		columns[i].traits |= right[i].traits
	}
	return columns, r.tail(s, columns, nil, outer, e)
}

func (r *resolver) values(s *pg.SelectStmt, outer *scope, e *env) ([]column, *Refusal) {
	var columns []column
	for _, row := range s.GetValuesLists() {
		for i, v := range row.GetList().GetItems() {
			t, refusal := r.value(v, outer, e)
			if refusal != nil {
				return nil, refusal
			}
			if i == len(columns) {
				if refusal := firstRefusal(r.outputs(i+1), r.make(1)); refusal != nil {
					return nil, refusal
				}
				columns = append(columns, column{name: "column" + itoa(i+1), implied: true})
			}
			columns[i].traits |= t
		}
	}
	return columns, r.tail(s, columns, nil, outer, e)
}

func (r *resolver) plain(s *pg.SelectStmt, outer *scope, e *env) ([]column, *Refusal) {
	sc := &scope{parent: outer}
	var star []column
	for _, n := range s.GetFromClause() {
		items, columns, refusal := r.from(n, sc, e)
		if refusal != nil {
			return nil, refusal
		}
		sc.items = append(sc.items, items...)
		if len(star)+len(columns) > maxFromColumns {
			return nil, r.make(len(star) + len(columns))
		}
		if refusal := r.make(len(columns)); refusal != nil {
			return nil, refusal
		}
		star = append(star, columns...)
	}
	columns, refusal := r.targets(s.GetTargetList(), star, sc, e)
	if refusal != nil {
		return nil, refusal
	}
	for _, n := range []*pg.Node{s.GetWhereClause(), s.GetHavingClause()} {
		if _, refusal := r.node(n, sc, e); refusal != nil {
			return nil, refusal
		}
	}
	for _, n := range s.GetWindowClause() {
		if _, refusal := r.node(n, sc, e); refusal != nil {
			return nil, refusal
		}
	}
	return columns, r.tail(s, columns, sc, outer, e)
}

// tail resolves what may also refer to output columns: GROUP BY, DISTINCT ON,
// ORDER BY; and LIMIT and OFFSET, which see nothing of this level. sc is nil
// where only output columns can be sorted by.
func (r *resolver) tail(s *pg.SelectStmt, outputs []column, sc, outer *scope, e *env) *Refusal {
	if sc == nil {
		sc = &scope{parent: outer, items: []*item{{columns: outputs}}}
	}
	for _, list := range [][]*pg.Node{s.GetGroupClause(), s.GetDistinctClause(), s.GetSortClause()} {
		for _, n := range list {
			if refusal := r.ordering(n, outputs, sc, e); refusal != nil {
				return refusal
			}
		}
	}
	for _, n := range []*pg.Node{s.GetLimitCount(), s.GetLimitOffset()} {
		if _, refusal := r.node(n, outer, e); refusal != nil {
			return refusal
		}
	}
	return nil
}

// ordering resolves an item of GROUP BY, DISTINCT ON or ORDER BY, where a bare
// name may be that of an output column.
func (r *resolver) ordering(n *pg.Node, outputs []column, sc *scope, e *env) *Refusal {
	switch {
	case n == nil || n.GetNode() == nil: // DISTINCT without ON
		return nil
	case n.GetSortBy() != nil:
		return r.ordering(n.GetSortBy().GetNode(), outputs, sc, e)
	case n.GetGroupingSet() != nil:
		return r.orderings(n.GetGroupingSet().GetContent(), outputs, sc, e)
	case n.GetRowExpr() != nil:
		return r.orderings(n.GetRowExpr().GetArgs(), outputs, sc, e)
	case n.GetColumnRef() != nil && len(n.GetColumnRef().GetFields()) == 1:
		name := n.GetColumnRef().GetFields()[0].GetString_().GetSval()
		r.look(len(outputs))
		if slices.ContainsFunc(outputs, func(c column) bool { return name != "" && c.name == name }) {
			r.references++
			return nil
		}
	}
	_, refusal := r.node(n, sc, e)
	return refusal
}

func (r *resolver) orderings(list []*pg.Node, outputs []column, sc *scope, e *env) *Refusal {
	for _, n := range list {
		if refusal := r.ordering(n, outputs, sc, e); refusal != nil {
			return refusal
		}
	}
	return nil
}

// targets resolves a select list and returns the output columns. star is what
// an unqualified * stands for.
func (r *resolver) targets(list []*pg.Node, star []column, sc *scope, e *env) ([]column, *Refusal) {
	var out []column
	for _, n := range list {
		target := n.GetResTarget()
		if ref := target.GetVal().GetColumnRef(); ref != nil && isStar(ref.GetFields()) {
			columns, refusal := r.star(ref, star, sc)
			if refusal != nil {
				return nil, refusal
			}
			if out, refusal = r.selected(out, columns...); refusal != nil {
				return nil, refusal
			}
			continue
		}
		if ind := target.GetVal().GetAIndirection(); ind != nil && isStar(ind.GetIndirection()) {
			columns, refusal := r.indirection(ind, sc, e)
			if refusal != nil {
				return nil, refusal
			}
			if out, refusal = r.selected(out, columns...); refusal != nil {
				return nil, refusal
			}
			continue
		}
		t, refusal := r.value(target.GetVal(), sc, e)
		if refusal != nil {
			return nil, refusal
		}
		output := column{name: target.GetName(), traits: t}
		if output.name == "" {
			// A plain column passes its name on; the name of anything else is PostgreSQL's idea.
			output.name, output.implied = outputName(target.GetVal()), target.GetVal().GetColumnRef() == nil
		}
		if out, refusal = r.selected(out, output); refusal != nil {
			return nil, refusal
		}
	}
	return out, nil
}

// selected appends to a select list within the budget.
func (r *resolver) selected(list []column, more ...column) ([]column, *Refusal) {
	if refusal := firstRefusal(r.outputs(len(list)+len(more)), r.make(len(more))); refusal != nil {
		return nil, refusal
	}
	return append(list, more...), nil
}

func isStar(fields []*pg.Node) bool {
	return len(fields) > 0 && fields[len(fields)-1].GetAStar() != nil
}

// value resolves an expression that becomes a column.
func (r *resolver) value(n *pg.Node, sc *scope, e *env) (traits, *Refusal) {
	t, refusal := r.node(n, sc, e)
	if refusal == nil && t.has(holdsDomain) {
		refusal = refuseHolder()
	}
	return t, refusal
}

// node resolves the names of an expression and returns the traits of its value.
func (r *resolver) node(n *pg.Node, sc *scope, e *env) (traits, *Refusal) {
	if n == nil {
		return 0, nil
	}
	return r.message(n.ProtoReflect(), sc, e)
}

func (r *resolver) message(m protoreflect.Message, sc *scope, e *env) (traits, *Refusal) {
	t, refusal := r.located(m, sc, e)
	return t, refusal.at(locationOf(m))
}

func (r *resolver) located(m protoreflect.Message, sc *scope, e *env) (traits, *Refusal) {
	switch n := m.Interface().(type) {
	case *pg.ColumnRef:
		return r.columnRef(n, sc)
	case *pg.A_Indirection:
		columns, refusal := r.indirection(n, sc, e)
		return allTraits(columns), refusal
	case *pg.SelectStmt:
		columns, refusal := r.query(n, sc, e, nil)
		return allTraits(columns), refusal
	case *pg.TypeCast:
		_, refusal := r.node(n.GetArg(), sc, e)
		return typeTraits(n.GetTypeName()), refusal
	case *pg.TypeName: // RETURNING of the JSON functions
		return typeTraits(n), nil
	case *pg.A_Const, *pg.String, *pg.A_Star:
		return 0, nil
	case *pg.FuncCall:
		t, refusal := r.childrenOf(m, sc, e)
		if refusal != nil {
			return 0, refusal
		}
		return t.ofFunction(n)
	case *pg.NullTest:
		_, refusal := r.node(n.GetArg(), sc, e)
		return 0, refusal
	case *pg.Node:
		return r.childrenOf(m, sc, e)
	}
	t, refusal := r.childrenOf(m, sc, e)
	switch m.Interface().(type) {
	case *pg.SubLink, *pg.A_ArrayExpr:
		if refusal == nil && t.has(isDomain) && makesArray(m) {
			refusal = refuse(CodeTypeRefused, "An array is made of a column of a domain type, which may run the domain's checks. Cast the column to its base type first.")
		}
	case *pg.RowExpr:
		t |= mayRow
	}
	if refusal == nil && t.has(holdsDomain) {
		refusal = refuseHolder()
	}
	return t, refusal
}

func makesArray(m protoreflect.Message) bool {
	link, ok := m.Interface().(*pg.SubLink)
	return !ok || link.GetSubLinkType() == pg.SubLinkType_ARRAY_SUBLINK
}

func (r *resolver) childrenOf(m protoreflect.Message, sc *scope, e *env) (traits, *Refusal) {
	var all traits
	refusal := eachChild(m, func(child protoreflect.Message) *Refusal {
		t, refusal := r.message(child, sc, e)
		all |= t
		return refusal
	})
	return all, refusal
}

func allTraits(columns []column) (all traits) {
	for _, c := range columns {
		all |= c.traits
	}
	return all
}

// renamed gives columns the names of an alias list, as far as it goes.
func (r *resolver) renamed(columns []column, names []*pg.Node) ([]column, *Refusal) {
	out, refusal := r.concat(columns)
	for i := range min(len(out), len(names)) {
		out[i].name, out[i].implied = names[i].GetString_().GetSval(), false
	}
	return out, refusal
}

func lastName(parts []*pg.Node) string {
	if len(parts) == 0 {
		return ""
	}
	return parts[len(parts)-1].GetString_().GetSval()
}

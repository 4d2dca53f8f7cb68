package sqlguard

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

func itoa(n int) string { return strconv.Itoa(n) }

// from resolves a FROM item. left holds what stands left of it, which only
// LATERAL items and functions see. It returns the items that names can refer
// to and the columns that * stands for.
func (r *resolver) from(n *pg.Node, left *scope, e *env) ([]*item, []column, *Refusal) {
	switch {
	case n.GetRangeVar() != nil:
		return single(r.rangeVar(n.GetRangeVar(), e))
	case n.GetRangeTableSample() != nil:
		rv := n.GetRangeTableSample().GetRelation().GetRangeVar()
		if rv == nil {
			return nil, nil, refuse(CodeSyntaxRefused, "TABLESAMPLE is for tables only.")
		}
		return single(r.rangeVar(rv, e))
	case n.GetRangeSubselect() != nil:
		return single(r.subselect(n.GetRangeSubselect(), left, e))
	case n.GetRangeFunction() != nil:
		return single(r.function(n.GetRangeFunction(), left, e))
	case n.GetJoinExpr() != nil:
		return r.join(n.GetJoinExpr(), left, e)
	}
	return nil, nil, refuse(CodeSyntaxRefused, "This kind of FROM item is not allowed here.")
}

func single(it *item, refusal *Refusal) ([]*item, []column, *Refusal) {
	if refusal != nil {
		return nil, nil, refusal
	}
	return []*item{it}, it.columns, nil
}

// rangeVar resolves a table name: a WITH query first, then the search path.
func (r *resolver) rangeVar(v *pg.RangeVar, e *env) (*item, *Refusal) {
	r.relations++
	name := v.GetRelname()
	if v.GetRelpersistence() != "" && v.GetRelpersistence() != "p" {
		return nil, refuse(CodeRelationRefused, "Temporary tables are not available.")
	}
	it := &item{name: name}
	if v.GetSchemaname() == "" && v.GetCatalogname() == "" {
		if c := e.find(name); c != nil {
			if refusal := r.resolveCTE(c); refusal != nil {
				return nil, refusal
			}
			if c.columns == nil {
				return nil, refuse(CodeSyntaxRefused, "The WITH query %s refers to itself before its first SELECT. Write it as a first SELECT, UNION ALL and the recursive one.", quoteName(name))
			}
			it.columns = c.columns
			return r.aliased(it, v.GetAlias())
		}
	}
	rel, refusal := r.ix.relation(v)
	if refusal != nil {
		return nil, refusal.at(int(v.GetLocation()))
	}
	if r.onRelation != nil {
		r.onRelation(rel)
	}
	if rel.refusal != nil {
		return nil, rel.refusal.at(int(v.GetLocation()))
	}
	r.use(rel, "")
	it.columns, it.source, it.table = rel.columns, rel, rel
	return r.aliased(it, v.GetAlias())
}

// aliased applies an alias, which hides the item's own name.
func (r *resolver) aliased(it *item, alias *pg.Alias) (*item, *Refusal) {
	if alias == nil {
		return it, nil
	}
	it.name, it.table = alias.GetAliasname(), nil
	if len(alias.GetColnames()) == 0 {
		return it, nil
	}
	var refusal *Refusal
	it.columns, refusal = r.renamed(it.columns, alias.GetColnames())
	return it, refusal
}

// relation finds a table of the catalog under PostgreSQL's search path rules:
// the system catalogue comes first there, and is never readable here.
func (ix *index) relation(v *pg.RangeVar) (*relation, *Refusal) {
	database, schema, name := v.GetCatalogname(), v.GetSchemaname(), v.GetRelname()
	full := quoteName(database, schema, name)
	if database != "" && database != ix.cat.Database {
		return nil, refuse(CodeUnknownRelation, "%s is in another database. Name tables as schema.table.", full)
	}
	if schema == "pg_catalog" || schema == "information_schema" || strings.HasPrefix(schema, "pg_") || schema == "" && strings.HasPrefix(name, "pg_") {
		return nil, refuse(CodeRelationRefused, "%s belongs to the database system and may not be read. Use the tables of the catalog.", full)
	}
	if schema != "" {
		if rel, ok := ix.tables[tableKey{schema, name}]; ok && ix.schemas[schema] {
			return rel, nil
		}
		return nil, ix.unknownRelation(full, name)
	}
	for _, s := range ix.cat.Schemas {
		if rel, ok := ix.tables[tableKey{s, name}]; ok {
			return rel, nil
		}
		if ix.shadows[tableKey{s, name}] {
			return nil, refuse(CodeUnknownRelation, "%s means %s here, which may not be read. Name the table with its schema.", full, quoteName(s, name))
		}
	}
	return nil, ix.unknownRelation(full, name)
}

func (ix *index) unknownRelation(full, name string) *Refusal {
	candidates := make([]string, 0, len(ix.tables))
	for key, rel := range ix.tables {
		if rel.refusal == nil {
			candidates = append(candidates, key.name)
		}
	}
	if near := nearest(name, candidates); len(near) > 0 {
		return refuse(CodeUnknownRelation, "There is no table or view %s among those that may be read. Did you mean %s?", full, orList(near))
	}
	slices.Sort(candidates)
	some := candidates[:min(len(candidates), 12)]
	return refuse(CodeUnknownRelation, "There is no table or view %s among those that may be read. There are: %s.", full, strings.Join(some, ", "))
}

func (r *resolver) subselect(s *pg.RangeSubselect, left *scope, e *env) (*item, *Refusal) {
	body := s.GetSubquery().GetSelectStmt()
	if body == nil {
		return nil, refuse(CodeNotSelect, "Only SELECT is allowed in FROM.")
	}
	outer := left.parent
	if s.GetLateral() {
		r.look(len(left.items))
		outer = &scope{parent: left.parent, items: slices.Clone(left.items)}
	}
	columns, refusal := r.query(body, outer, e, nil)
	if refusal != nil {
		return nil, refusal
	}
	return r.aliased(&item{columns: columns}, s.GetAlias())
}

// join resolves both sides and the condition, which sees just these two.
func (r *resolver) join(j *pg.JoinExpr, left *scope, e *env) ([]*item, []column, *Refusal) {
	leftItems, leftColumns, refusal := r.from(j.GetLarg(), left, e)
	if refusal != nil {
		return nil, nil, refusal
	}
	reach := &scope{parent: left.parent, items: slices.Concat(left.items, leftItems)}
	rightItems, rightColumns, refusal := r.from(j.GetRarg(), reach, e)
	if refusal != nil {
		return nil, nil, refusal
	}
	items := slices.Concat(leftItems, rightItems)
	r.look(len(reach.items) + len(items))
	if _, refusal := r.node(j.GetQuals(), &scope{parent: left.parent, items: items}, e); refusal != nil {
		return nil, nil, refusal
	}
	shared, refusal := r.joinNames(j, leftColumns, rightColumns)
	if refusal != nil {
		return nil, nil, refusal
	}
	columns, refusal := r.merge(shared, leftColumns, rightColumns)
	if refusal != nil {
		return nil, nil, refusal
	}
	if using := j.GetJoinUsingAlias(); using != nil {
		items = append(items, &item{name: using.GetAliasname(), columns: columns[:len(shared)]})
	}
	if a := j.GetAlias(); a != nil {
		return single(r.aliased(&item{columns: columns}, a))
	}
	return items, columns, nil
}

// joinNames are the columns that USING or NATURAL joins by; "=" is applied to them.
func (r *resolver) joinNames(j *pg.JoinExpr, left, right []column) ([]string, *Refusal) {
	if len(j.GetUsingClause()) == 0 && !j.GetIsNatural() {
		return nil, nil
	}
	if refusal := (&tree{ix: r.ix}).checkOperator("="); refusal != nil {
		return nil, refusal
	}
	var shared []string
	r.look(len(left) + len(right))
	onLeft, onRight := newColumnSet(left), newColumnSet(right)
	if j.GetIsNatural() {
		for _, c := range left {
			if _, ok := onRight[c.name]; ok {
				shared = append(shared, c.name)
			}
		}
	}
	for _, n := range j.GetUsingClause() {
		shared = append(shared, n.GetString_().GetSval())
	}
	for _, name := range shared {
		for _, side := range []columnSet{onLeft, onRight} {
			c, ok := side[name]
			if !ok {
				return nil, refuse(CodeUnknownColumn, "USING (%s) needs a column of that name on both sides of the join. Write ON instead.", quoteName(name))
			}
			if refusal := c.readable(); refusal != nil {
				return nil, refusal
			}
		}
	}
	return shared, nil
}

func columnNamed(columns []column, name string) (column, bool) {
	for _, c := range columns {
		if c.name == name {
			return c, true
		}
	}
	return column{}, false
}

// merge orders a join's columns as * does: the shared ones, then the rest.
func (r *resolver) merge(shared []string, left, right []column) ([]column, *Refusal) {
	all, refusal := r.concat(left, right)
	if len(shared) == 0 || refusal != nil {
		return all, refusal
	}
	if refusal := r.make(len(shared) + len(all)); refusal != nil {
		return nil, refusal
	}
	onLeft, onRight, both := newColumnSet(left), newColumnSet(right), map[string]bool{}
	out := make([]column, 0, len(all))
	for _, name := range shared {
		c := onLeft[name]
		c.traits |= onRight[name].traits
		out, both[name] = append(out, c), true
	}
	for _, c := range all {
		if !both[c.name] {
			out = append(out, c)
		}
	}
	return out, nil
}

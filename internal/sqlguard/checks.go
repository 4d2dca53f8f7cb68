package sqlguard

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/datamind/datamind/models"
)

// check looks at what a single node names.
func (t *tree) check(m any) *Refusal {
	switch n := m.(type) {
	case *pg.SelectStmt:
		return t.checkSelect(n)
	case *pg.RangeVar:
		if t.relations++; t.relations > maxRelations {
			return refuse(CodeTooComplex, "The statement reads more than %d tables. Write it with fewer.", maxRelations)
		}
	case *pg.ColumnRef:
		t.references++
	case *pg.ParamRef:
		if n.GetNumber() < 1 || int(n.GetNumber()) > t.parameters {
			return refuse(CodeParameter, "Parameters such as $1 have no value here. Write the value itself.")
		}
	case *pg.FuncCall:
		return t.checkFunction(n)
	case *pg.A_Expr:
		return t.checkExpr(n)
	case *pg.SubLink:
		return t.checkSubLink(n)
	case *pg.SortBy:
		return t.checkOperatorName(n.GetUseOp())
	case *pg.TypeName:
		return t.checkType(n)
	case *pg.TypeCast:
		return t.checkCast(n)
	case *pg.JsonOutput: // RETURNING casts the JSON
		return t.checkCastTo(n.GetTypeName())
	case *pg.CaseExpr:
		if n.GetArg() != nil {
			return t.checkOperator("=")
		}
	case *pg.RangeTableSample:
		return checkSample(n)
	case *pg.CollateClause:
		return checkCollation(n)
	}
	return nil
}

func (t *tree) checkSelect(s *pg.SelectStmt) *Refusal {
	t.selects++
	if s.GetOp() > pg.SetOperation_SETOP_NONE {
		if t.arms++; t.arms > maxArms {
			return refuse(CodeTooComplex, "The statement combines more than %d SELECTs with UNION and the like. Use VALUES or a join.", maxArms)
		}
	}
	if len(s.GetTargetList()) > maxTargets {
		return refuse(CodeTooComplex, "The statement selects %d columns; the limit is %d. Select fewer.", len(s.GetTargetList()), maxTargets)
	}
	return nil
}

func (t *tree) checkFunction(f *pg.FuncCall) *Refusal {
	parts := names(f.GetFuncname())
	if len(parts) == 0 || len(parts) > 2 || len(parts) == 2 && parts[0] != "pg_catalog" {
		return refuse(CodeFunctionRefused, "The function %s() is not PostgreSQL's own, so what it does is unknown. Use a built-in function.", quoteName(parts...))
	}
	name := parts[len(parts)-1]
	if !allowedFunctions[name] {
		return t.refuseFunction(name, len(parts) == 2)
	}
	if own, ok := t.ix.routines[name]; ok && (len(parts) == 1 || t.ix.version < byGrammar[name]) && own.Extension == "" {
		return refuse(CodeFunctionRefused, "The database has its own function %s, which %s() could mean. Write pg_catalog.%s() for PostgreSQL's.",
			quoteName(own.Schema, own.Name), name, quoteName(name))
	}
	for own := range t.ix.sorted {
		if strings.Contains(strings.ReplaceAll(name, "jsonb", ""), own) {
			return refuse(CodeFunctionRefused, "%s() makes a %s, which a function of the database compares and sorts. Use another function.", name, own)
		}
	}
	if name == "current_setting" && !settingAllowed(f) {
		return refuse(CodeFunctionRefused, "current_setting() may only ask for harmless settings such as 'TimeZone'.")
	}
	return checkCost(name, f.GetArgs())
}

func (t *tree) refuseFunction(name string, qualified bool) *Refusal {
	if own, ok := t.ix.routines[name]; ok && !qualified {
		return refuse(CodeFunctionRefused, "The function %s() is the database's own, so what it does is unknown. Use a built-in function.", quoteName(own.Schema, name))
	}
	hint := "Use an ordinary built-in function."
	if near := nearest(name, keys(allowedFunctions)); len(near) > 0 && !strings.HasPrefix(name, "pg_") {
		hint = "Did you mean " + orList(near) + "?"
	}
	return refuse(CodeFunctionRefused, "The function %s() is not allowed. %s", quoteName(name), hint)
}

func settingAllowed(f *pg.FuncCall) bool {
	if len(f.GetArgs()) == 0 {
		return false
	}
	value := f.GetArgs()[0].GetAConst().GetSval().GetSval()
	return harmlessSettings[strings.ToLower(value)]
}

func (t *tree) checkExpr(e *pg.A_Expr) *Refusal {
	switch e.GetKind() {
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		return t.checkOperatorName(e.GetName())
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT, pg.A_Expr_Kind_AEXPR_NULLIF,
		pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE, pg.A_Expr_Kind_AEXPR_SIMILAR:
		return t.checkOperatorName(e.GetName())
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_BETWEEN_SYM:
		return firstRefusal(t.checkOperator("<="), t.checkOperator(">="))
	case pg.A_Expr_Kind_AEXPR_NOT_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		return firstRefusal(t.checkOperator("<"), t.checkOperator(">"))
	}
	return refuse(CodeSyntaxRefused, "This kind of expression is not allowed here (%s).", e.GetKind())
}

func (t *tree) checkSubLink(s *pg.SubLink) *Refusal {
	switch s.GetSubLinkType() {
	case pg.SubLinkType_ANY_SUBLINK, pg.SubLinkType_ALL_SUBLINK, pg.SubLinkType_ROWCOMPARE_SUBLINK:
		if len(s.GetOperName()) == 0 {
			return t.checkOperator("=")
		}
		return t.checkOperatorName(s.GetOperName())
	case pg.SubLinkType_EXISTS_SUBLINK, pg.SubLinkType_EXPR_SUBLINK, pg.SubLinkType_ARRAY_SUBLINK:
		return nil
	}
	return refuse(CodeSyntaxRefused, "This kind of subquery is not allowed here (%s).", s.GetSubLinkType())
}

func (t *tree) checkOperatorName(nodes []*pg.Node) *Refusal {
	parts := names(nodes)
	switch {
	case len(nodes) == 0:
		return nil
	case len(parts) == 1:
		return t.checkOperator(parts[0])
	case len(parts) == 2 && parts[0] == "pg_catalog" && allowedOperators[parts[1]]:
		return nil
	}
	return refuse(CodeOperatorRefused, "The operator %s is not PostgreSQL's own. Use a built-in operator.", strings.Join(parts, "."))
}

// checkOperator refuses names that are not built in, and built-in names that
// the database has given further meanings of its own.
func (t *tree) checkOperator(name string) *Refusal {
	if !allowedOperators[name] {
		return refuse(CodeOperatorRefused, "The operator %s is not a built-in one. Use a built-in operator.", name)
	}
	if t.ix.operators[name] {
		return refuse(CodeOperatorRefused, "The database defines an operator %s of its own, which this could mean. Write OPERATOR(pg_catalog.%s) for PostgreSQL's.", name, name)
	}
	return nil
}

func (t *tree) checkCast(c *pg.TypeCast) *Refusal {
	if c.GetArg().GetAConst().GetSval() != nil || c.GetArg().GetAConst().GetIsnull() {
		return nil // a literal is read by the type itself, it is not of another type before
	}
	return t.checkCastTo(c.GetTypeName())
}

func (t *tree) checkCastTo(n *pg.TypeName) *Refusal {
	parts := names(n.GetNames())
	if len(parts) > 0 && t.ix.castTargets[bareType(parts[len(parts)-1])] {
		return refuse(CodeTypeRefused, "A cast to %s may run a function that this database defines. Leave the cast out.", quoteName(parts...))
	}
	return nil
}

func (t *tree) checkType(n *pg.TypeName) *Refusal {
	for _, mod := range n.GetTypmods() {
		if mod.GetAConst() == nil {
			return refuse(CodeTypeRefused, "A type's modifier must be a plain number.")
		}
	}
	parts := names(n.GetNames())
	name := ""
	if len(parts) > 0 {
		name = parts[len(parts)-1]
	}
	switch {
	case len(parts) == 2 && parts[0] == "pg_catalog", len(parts) == 1:
		if own, ok := t.ix.types[tableKey{"pg_catalog", name}]; ok && harmOf(own.Holds) != "" {
			return refuse(CodeTypeRefused, "The type %s may not be used: %s.", quoteName(name), harmOf(own.Holds))
		}
		if allowedTypes[name] {
			return nil
		}
	}
	if len(parts) == 1 && !strings.HasPrefix(name, "pg_") {
		for _, schema := range t.ix.cat.Schemas {
			if own, ok := t.ix.types[tableKey{schema, name}]; ok {
				return t.ix.checkUserType(own)
			}
		}
	}
	if len(parts) == 2 {
		if own, ok := t.ix.types[tableKey{parts[0], name}]; ok {
			return t.ix.checkUserType(own)
		}
	}
	return refuse(CodeTypeRefused, "The type %s is not allowed in a cast. Use an ordinary built-in type.", quoteName(parts...))
}

func (ix *index) checkUserType(own models.UserType) *Refusal {
	harm := harmOf(own.Holds)
	if ix.castSources[own.Name] {
		harm = harms[models.HoldsCast]
	}
	switch {
	case own.Kind == "enum" && harm == "":
		return nil
	case own.Kind == "enum":
		return refuse(CodeTypeRefused, "The type %s may not be used: %s. Leave the cast out.", quoteName(own.Schema, own.Name), harm)
	}
	return refuse(CodeTypeRefused, "The type %s is a %s type of the database's own: a cast to it may run its functions. Use a built-in type.", quoteName(own.Schema, own.Name), own.Kind)
}

func checkSample(s *pg.RangeTableSample) *Refusal {
	method := names(s.GetMethod())
	name := ""
	if len(method) > 0 {
		name = method[len(method)-1]
	}
	if len(method) > 2 || len(method) == 2 && method[0] != "pg_catalog" || name != "bernoulli" && name != "system" {
		return refuse(CodeFunctionRefused, "Only TABLESAMPLE BERNOULLI and SYSTEM are allowed.")
	}
	for _, arg := range append([]*pg.Node{}, s.GetArgs()...) {
		if arg.GetAConst() == nil {
			return refuse(CodeSyntaxRefused, "TABLESAMPLE takes a plain number here.")
		}
	}
	if r := s.GetRepeatable(); r != nil && r.GetAConst() == nil {
		return refuse(CodeSyntaxRefused, "REPEATABLE takes a plain number here.")
	}
	return nil
}

func checkCollation(c *pg.CollateClause) *Refusal {
	parts := names(c.GetCollname())
	if len(parts) == 1 || len(parts) == 2 && parts[0] == "pg_catalog" {
		return nil
	}
	return refuse(CodeTypeRefused, "The collation %s is not PostgreSQL's own. Use a built-in one.", quoteName(parts...))
}

// names reads a dotted name; a part that is not a name makes it empty, which
// no look-up finds.
func names(nodes []*pg.Node) []string {
	parts := make([]string, 0, len(nodes))
	for _, n := range nodes {
		s := n.GetString_()
		if s == nil {
			return nil
		}
		parts = append(parts, s.GetSval())
	}
	return parts
}

func firstRefusal(refusals ...*Refusal) *Refusal {
	for _, r := range refusals {
		if r != nil {
			return r
		}
	}
	return nil
}

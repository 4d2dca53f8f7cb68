package sqlguard

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// outputName is the name PostgreSQL gives an output column that has no alias
// (FigureColname in parse_target.c).
func outputName(n *pg.Node) string {
	if name, _ := figure(n); name != "" {
		return name
	}
	return "?column?"
}

// figure returns a name and how good it is: 2 for one that the expression
// spells, 1 for one made from its kind.
func figure(n *pg.Node) (string, int) {
	switch {
	case n == nil || n.GetNode() == nil:
		return "", 0
	case n.GetColumnRef() != nil:
		return lastField(n.GetColumnRef().GetFields())
	case n.GetAIndirection() != nil:
		if name, strength := lastField(n.GetAIndirection().GetIndirection()); strength > 0 {
			return name, strength
		}
		return figure(n.GetAIndirection().GetArg())
	case n.GetFuncCall() != nil:
		return lastName(n.GetFuncCall().GetFuncname()), 2
	case n.GetAExpr() != nil:
		if n.GetAExpr().GetKind() == pg.A_Expr_Kind_AEXPR_NULLIF {
			return "nullif", 2
		}
	case n.GetTypeCast() != nil:
		if name, strength := figure(n.GetTypeCast().GetArg()); strength == 2 {
			return name, strength
		}
		return lastName(n.GetTypeCast().GetTypeName().GetNames()), 1
	case n.GetCollateClause() != nil:
		return figure(n.GetCollateClause().GetArg())
	case n.GetCaseExpr() != nil:
		if name, strength := figure(n.GetCaseExpr().GetDefresult()); strength == 2 {
			return name, strength
		}
		return "case", 1
	case n.GetSubLink() != nil:
		return figureSubLink(n.GetSubLink())
	}
	return figureKind(n)
}

func lastField(fields []*pg.Node) (string, int) {
	for i := len(fields) - 1; i >= 0; i-- {
		if s := fields[i].GetString_(); s != nil {
			return s.GetSval(), 2
		}
	}
	return "", 0
}

func figureSubLink(s *pg.SubLink) (string, int) {
	switch s.GetSubLinkType() {
	case pg.SubLinkType_EXISTS_SUBLINK:
		return "exists", 2
	case pg.SubLinkType_ARRAY_SUBLINK:
		return "array", 2
	case pg.SubLinkType_EXPR_SUBLINK:
		sel := s.GetSubselect().GetSelectStmt()
		for sel.GetLarg() != nil {
			sel = sel.GetLarg()
		}
		if len(sel.GetTargetList()) == 0 {
			return "column1", 2
		}
		target := sel.GetTargetList()[0].GetResTarget()
		if target.GetName() != "" {
			return target.GetName(), 2
		}
		return figure(target.GetVal())
	}
	return "", 0
}

// figureKind names expressions with a keyword of their own.
func figureKind(n *pg.Node) (string, int) {
	switch v := n.GetNode().(type) {
	case *pg.Node_AArrayExpr:
		return "array", 2
	case *pg.Node_RowExpr:
		return "row", 2
	case *pg.Node_CoalesceExpr:
		return "coalesce", 2
	case *pg.Node_GroupingFunc:
		return "grouping", 2
	case *pg.Node_MinMaxExpr:
		if v.MinMaxExpr.GetOp() == pg.MinMaxOp_IS_LEAST {
			return "least", 2
		}
		return "greatest", 2
	case *pg.Node_SqlvalueFunction:
		name := strings.ToLower(strings.TrimPrefix(v.SqlvalueFunction.GetOp().String(), "SVFOP_"))
		return strings.TrimSuffix(name, "_n"), 2
	case *pg.Node_JsonObjectConstructor:
		return "json_object", 2
	case *pg.Node_JsonArrayConstructor, *pg.Node_JsonArrayQueryConstructor:
		return "json_array", 2
	case *pg.Node_JsonObjectAgg:
		return "json_objectagg", 2
	case *pg.Node_JsonArrayAgg:
		return "json_arrayagg", 2
	case *pg.Node_JsonParseExpr:
		return "json", 2
	case *pg.Node_JsonScalarExpr:
		return "json_scalar", 2
	case *pg.Node_JsonSerializeExpr:
		return "json_serialize", 2
	case *pg.Node_JsonFuncExpr:
		switch v.JsonFuncExpr.GetOp() {
		case pg.JsonExprOp_JSON_EXISTS_OP:
			return "json_exists", 2
		case pg.JsonExprOp_JSON_QUERY_OP:
			return "json_query", 2
		}
		return "json_value", 2
	}
	return "", 0
}

package sqlguard

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// allowedShapes lists every kind of node that may appear in a statement and,
// for each, every field that may be set. A node or field that is not here is
// refused, so what a newer grammar adds is refused until somebody has looked
// at it. The names are those of the parser's protobuf definition.
var allowedShapes = map[protoreflect.Name]string{
	"SelectStmt":        "distinct_clause target_list from_clause where_clause group_clause group_distinct having_clause window_clause values_lists sort_clause limit_offset limit_count limit_option with_clause op all larg rarg",
	"WithClause":        "ctes recursive location",
	"CommonTableExpr":   "ctename aliascolnames ctematerialized ctequery search_clause cycle_clause location",
	"CTESearchClause":   "search_col_list search_breadth_first search_seq_column location",
	"CTECycleClause":    "cycle_col_list cycle_mark_column cycle_mark_value cycle_mark_default cycle_path_column location",
	"RangeVar":          "catalogname schemaname relname inh relpersistence alias location",
	"Alias":             "aliasname colnames",
	"RangeSubselect":    "lateral subquery alias",
	"RangeFunction":     "lateral ordinality is_rowsfrom functions alias coldeflist",
	"RangeTableSample":  "relation method args repeatable location",
	"JoinExpr":          "jointype is_natural larg rarg using_clause join_using_alias quals alias",
	"ResTarget":         "name val location",
	"ColumnRef":         "fields location",
	"A_Star":            "",
	"A_Const":           "ival fval boolval sval bsval isnull location",
	"Integer":           "ival",
	"Float":             "fval",
	"Boolean":           "boolval",
	"String":            "sval",
	"BitString":         "bsval",
	"List":              "items",
	"A_Expr":            "kind name lexpr rexpr location",
	"BoolExpr":          "boolop args location",
	"NullTest":          "arg nulltesttype location",
	"BooleanTest":       "arg booltesttype location",
	"FuncCall":          "funcname args agg_order agg_filter over agg_within_group agg_star agg_distinct func_variadic funcformat location",
	"NamedArgExpr":      "arg name argnumber location",
	"WindowDef":         "name refname partition_clause order_clause frame_options start_offset end_offset location",
	"SortBy":            "node sortby_dir sortby_nulls use_op location",
	"SubLink":           "sub_link_type testexpr oper_name subselect location",
	"CaseExpr":          "arg args defresult location",
	"CaseWhen":          "expr result location",
	"RowExpr":           "args row_format location",
	"CoalesceExpr":      "args location",
	"MinMaxExpr":        "op args location",
	"SQLValueFunction":  "op typmod location",
	"A_ArrayExpr":       "elements location",
	"A_Indirection":     "arg indirection",
	"A_Indices":         "is_slice lidx uidx",
	"ParamRef":          "number location",
	"TypeCast":          "arg type_name location",
	"TypeName":          "names typmods typemod array_bounds location",
	"CollateClause":     "arg collname location",
	"GroupingFunc":      "args location",
	"GroupingSet":       "kind content location",
	"ColumnDef":         "colname type_name is_local location",
	"JsonIsPredicate":   "expr format item_type unique_keys location",
	"JsonFormat":        "format_type encoding location",
	"JsonReturning":     "format typmod",
	"JsonValueExpr":     "raw_expr formatted_expr format",
	"JsonOutput":        "type_name returning",
	"JsonFuncExpr":      "op context_item pathspec passing output on_empty on_error wrapper quotes location",
	"JsonArgument":      "val name",
	"JsonBehavior":      "btype expr location",
	"JsonKeyValue":      "key value",
	"JsonParseExpr":     "expr output unique_keys location",
	"JsonScalarExpr":    "expr output location",
	"JsonSerializeExpr": "expr output location",

	"JsonObjectConstructor":     "exprs output absent_on_null unique location",
	"JsonArrayConstructor":      "exprs output absent_on_null location",
	"JsonArrayQueryConstructor": "query output format absent_on_null location",
	"JsonAggConstructor":        "output agg_filter agg_order over location",
	"JsonObjectAgg":             "constructor arg absent_on_null unique",
	"JsonArrayAgg":              "constructor arg absent_on_null",
}

// nodeMessage is the wrapper that holds one node of any kind.
const nodeMessage = protoreflect.Name("Node")

// shapes is allowedShapes by descriptor, with one flag a field.
var shapes = compileShapes()

func compileShapes() map[protoreflect.MessageDescriptor][]bool {
	compiled := map[protoreflect.MessageDescriptor][]bool{}
	messages := pg.File_pg_query_proto.Messages()
	for i := range messages.Len() {
		md := messages.Get(i)
		names, ok := allowedShapes[md.Name()]
		if !ok {
			continue
		}
		allowed := make([]bool, md.Fields().Len())
		for _, name := range strings.Fields(names) {
			allowed[md.Fields().ByName(protoreflect.Name(name)).Index()] = true
		}
		compiled[md] = allowed
	}
	return compiled
}

// Limits on the tree.
const (
	maxNodes     = 20000
	maxDepth     = 400
	maxTargets   = 500
	maxArms      = 150
	maxRelations = 100
)

// tree is the walk over a whole statement that looks at each node by itself:
// is its kind allowed, are its fields, is what it names (functions, operators,
// types). It also counts what the second walk, over names, must have seen.
type tree struct {
	ix                    *index
	nodes, arms           int
	relations, references int
	selects               int
	// parameters is how many values there are for $1, $2, ….
	parameters int
}

func (t *tree) walk(m protoreflect.Message, depth int) *Refusal {
	md := m.Descriptor()
	if md.Name() == nodeMessage {
		return t.children(m, depth)
	}
	allowed, ok := shapes[md]
	if !ok {
		return refuseNode(m).at(locationOf(m))
	}
	if t.nodes++; t.nodes > maxNodes || depth > maxDepth {
		return refuse(CodeTooComplex, "The statement is too large to be checked (%d parts, %d levels at most). Write it more simply.", maxNodes, maxDepth)
	}
	return t.fields(m, allowed, depth).at(locationOf(m))
}

func (t *tree) fields(m protoreflect.Message, allowed []bool, depth int) *Refusal {
	md := m.Descriptor()
	refusal := t.ix.checkSyntax(m)
	if refusal != nil {
		return refusal
	}
	m.Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if !allowed[fd.Index()] {
			refusal = refuseField(md.Name(), fd.Name())
		}
		return refusal == nil
	})
	if refusal == nil && len(m.GetUnknown()) > 0 {
		refusal = refuseField(md.Name(), "unknown")
	}
	if refusal == nil {
		refusal = t.check(m.Interface())
	}
	if refusal != nil {
		return refusal
	}
	return t.children(m, depth+1)
}

// locationOf is the byte of the text at which a node stands, -1 where nodes of
// its kind do not say.
func locationOf(m protoreflect.Message) int {
	fd := m.Descriptor().Fields().ByName("location")
	if fd == nil || fd.Kind() != protoreflect.Int32Kind {
		return -1
	}
	return int(m.Get(fd).Int())
}

func (t *tree) children(m protoreflect.Message, depth int) *Refusal {
	return eachChild(m, func(child protoreflect.Message) *Refusal { return t.walk(child, depth) })
}

// eachChild visits every message held by a field of m, set fields only.
func eachChild(m protoreflect.Message, visit func(protoreflect.Message) *Refusal) (refusal *Refusal) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.Kind() != protoreflect.MessageKind:
		case fd.IsList():
			list := v.List()
			for i := 0; i < list.Len() && refusal == nil; i++ {
				refusal = visit(list.Get(i).Message())
			}
		default:
			refusal = visit(v.Message())
		}
		return refusal == nil
	})
	return refusal
}

func refuseField(node, field protoreflect.Name) *Refusal {
	switch {
	case field == "into_clause":
		return refuse(CodeInto, "SELECT INTO creates a table. Leave INTO out: the rows are returned anyway.")
	case field == "locking_clause":
		return refuse(CodeLocking, "FOR UPDATE and FOR SHARE lock rows. Leave the locking clause out.")
	}
	return refuse(CodeSyntaxRefused, "This form of SQL is not allowed here (%s.%s). Write it with plain SELECT.", node, field)
}

func refuseNode(m protoreflect.Message) *Refusal {
	name := string(m.Descriptor().Name())
	switch name {
	case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt":
		return refuse(CodeNotSelect, "The statement would change data. Only SELECT is allowed, also inside WITH.")
	case "XmlExpr", "XmlSerialize", "RangeTableFunc":
		return refuse(CodeFunctionRefused, "XML functions are not allowed. Use the JSON functions.")
	}
	if strings.HasSuffix(name, "Stmt") {
		return refuse(CodeNotSelect, "Only SELECT is allowed; this is %s.", statementName(name))
	}
	return refuse(CodeSyntaxRefused, "This form of SQL is not allowed here (%s). Write it with plain SELECT.", name)
}

// statementName makes "VariableSetStmt" readable: "variable set".
func statementName(node string) string {
	var b strings.Builder
	for i, r := range strings.TrimSuffix(node, "Stmt") {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return "a statement of kind “" + b.String() + "”"
}

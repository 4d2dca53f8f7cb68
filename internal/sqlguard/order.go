package sqlguard

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/datamind/datamind/models"
)

// Order is an order of a query's rows in which each has its own place: by the
// primary key of the one table that it reads.
type Order struct {
	keys []orderKey
}

type orderKey struct {
	column string // of the result
	typ    string // to which a key's text is cast
}

// Columns are the names of the result's columns that are the key, in its order.
func (o *Order) Columns() []string {
	out := make([]string, len(o.keys))
	for i, k := range o.keys {
		out[i] = k.column
	}
	return out
}

// orderTypes are the types of keys whose text form is their value, whole and
// exactly, and whose order nobody has made.
var orderTypes = wordSet("int2 int4 int8 numeric text varchar uuid date timestamp timestamptz")

// rowwise are functions that make one value of one row's.
var rowwise = wordSet(`lower upper initcap trim btrim ltrim rtrim substring substr left right replace concat concat_ws length char_length position strpos split_part lpad rpad
	round abs ceil ceiling floor trunc mod power sqrt sign greatest least date_trunc date_part extract to_char to_date to_timestamp to_number age make_date
	timezone now md5 format reverse repeat jsonb_extract_path_text json_extract_path_text array_length cardinality array_to_string`)

// UniqueOrder returns a unique order of the rows of SQL that was checked, by
// which its reading can go on where it was broken off; nil where there is none
// that is certain. It knows one shape: columns of one table, the whole primary
// key among them, filtered or not, in no order of its own.
func (g *Guard) UniqueOrder(sql string, args []models.Argument) (order *Order) {
	defer func() {
		if recover() != nil {
			order = nil
		}
	}()
	b, refusal := bind(sql, args)
	if refusal != nil {
		return nil
	}
	stmts, refusal := parse(b.sql)
	if refusal != nil || len(stmts) != 1 {
		return nil
	}
	s := stmts[0].GetStmt().GetSelectStmt()
	if s == nil || !plainSelect(s) {
		return nil
	}
	v := s.GetFromClause()[0].GetRangeVar()
	rel, refusal := g.ix.relation(v)
	if refusal != nil || rel.table.Kind != "table" && rel.table.Kind != "partitioned" || rel.table.Inherited || len(rel.table.PrimaryKey) == 0 {
		return nil
	}
	resolved := &resolver{ix: g.ix, used: map[tableKey]map[string]bool{}}
	columns, refusal := resolved.query(s, nil, nil, nil)
	if refusal != nil {
		return nil
	}
	places := map[string]int{}
	for _, c := range columns {
		places[c.name]++
	}
	order = &Order{}
	for _, key := range rel.table.PrimaryKey {
		k := orderKey{column: outputOf(s, v, rel, key), typ: keyType(rel.table, key)}
		if k.column == "" || k.typ == "" || places[k.column] != 1 {
			return nil
		}
		order.keys = append(order.keys, k)
	}
	return order
}

// plainSelect says that a SELECT gives one row for each row of the one table
// that it reads, or for none, in no order.
func plainSelect(s *pg.SelectStmt) bool {
	plain := true
	s.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		plain = plain && slices.Contains([]protoreflect.Name{"target_list", "from_clause", "where_clause", "limit_option", "op"}, fd.Name())
		return plain
	})
	if !plain || s.GetOp() > pg.SetOperation_SETOP_NONE || s.GetLimitOption() > pg.LimitOption_LIMIT_OPTION_DEFAULT || len(s.GetFromClause()) != 1 {
		return false
	}
	v := s.GetFromClause()[0].GetRangeVar()
	if v == nil || len(v.GetAlias().GetColnames()) > 0 {
		return false
	}
	for _, target := range s.GetTargetList() {
		if !rowByRow(target.ProtoReflect()) {
			return false
		}
	}
	return true
}

// rowByRow says that an expression has one value for each row.
func rowByRow(m protoreflect.Message) bool {
	if f, call := m.Interface().(*pg.FuncCall); call {
		if f.GetOver() != nil || !rowwise[lastName(f.GetFuncname())] {
			return false
		}
	}
	if _, inner := m.Interface().(*pg.SelectStmt); inner {
		return false
	}
	return eachChild(m, func(child protoreflect.Message) *Refusal {
		if !rowByRow(child) {
			return refuse(CodeSyntaxRefused, "not row by row")
		}
		return nil
	}) == nil
}

// outputOf is the name under which a SELECT gives a column of its table; "" if
// it does not.
func outputOf(s *pg.SelectStmt, v *pg.RangeVar, rel *relation, column string) string {
	table := v.GetRelname()
	if v.GetAlias() != nil {
		table = v.GetAlias().GetAliasname()
	}
	for _, target := range s.GetTargetList() {
		t := target.GetResTarget()
		ref := t.GetVal().GetColumnRef()
		if ref == nil || len(t.GetIndirection()) > 0 {
			continue
		}
		if isStar(ref.GetFields()) {
			if _, its := columnNamed(rel.columns, column); its {
				return column
			}
			continue
		}
		path := names(ref.GetFields())
		if last := len(path) - 1; last < 0 || last > 1 || path[last] != column || last == 1 && path[0] != table {
			continue
		}
		if t.GetName() != "" {
			return t.GetName()
		}
		return column
	}
	return ""
}

func keyType(t *models.Table, column string) string {
	for _, c := range t.Columns {
		if c.Name != column || c.UserType || c.Nullable || c.Masked || len(c.Holds) > 0 {
			continue
		}
		if name := bareType(c.Type); orderTypes[name] {
			return name
		}
	}
	return ""
}

// orderAlias and orderParameter name what is written around the SQL.
const (
	orderAlias     = "datamind_rows"
	orderParameter = "datamind_after_"
)

// CheckOrdered approves the rows of SQL in a unique order of it: all of them, or
// those behind the row with the key after. The key's values travel beside the
// text, like those of all parameters.
func (g *Guard) CheckOrdered(sql string, args []models.Argument, order *Order, after []string) (Approved, error) {
	if _, err := g.CheckWith(sql, args); err != nil { // by itself, before anything is written around it
		return Approved{}, err
	}
	names, bounds, by := make([]string, len(order.keys)), make([]string, len(order.keys)), make([]string, len(order.keys))
	all := slices.Clone(args)
	for i, k := range order.keys {
		names[i] = orderAlias + "." + quoteIdentifier(k.column)
		by[i] = names[i]
		if len(after) > 0 {
			parameter := fmt.Sprintf("%s%d", orderParameter, i+1)
			bounds[i] = fmt.Sprintf("CAST({{%s}} AS %s)", parameter, k.typ)
			all = append(all, models.Argument{Name: parameter, Type: models.ParameterText, Values: []string{after[i]}})
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "SELECT * FROM (\n%s\n) AS %s", strings.TrimRight(strings.TrimSpace(sql), "; \t\r\n"), orderAlias)
	switch {
	case len(after) == 0:
	case len(after) != len(order.keys):
		return Approved{}, models.Errorf(models.CodeInternal, "a key of %d columns for an order by %d", len(after), len(order.keys))
	case len(after) == 1:
		fmt.Fprintf(&text, " WHERE %s > %s", names[0], bounds[0])
	default:
		fmt.Fprintf(&text, " WHERE (%s) > (%s)", strings.Join(names, ", "), strings.Join(bounds, ", "))
	}
	fmt.Fprintf(&text, " ORDER BY %s", strings.Join(by, ", "))
	return g.CheckWith(text.String(), all)
}

func quoteIdentifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

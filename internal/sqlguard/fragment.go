package sqlguard

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/datamind/datamind/models"
)

// CodeFragment is the code of a part of SQL that is not one expression.
const CodeFragment models.Code = "fragment_refused"

// aggregates are the functions of which metrics are made.
var aggregates = wordSet("count sum avg min max stddev stddev_pop stddev_samp variance var_pop var_samp bool_and bool_or every percentile_cont percentile_disc mode corr regr_slope")

// CheckCondition checks a condition on a table's rows, and returns it with the
// table's name before each column.
func (g *Guard) CheckCondition(schema, table, condition string) (qualified string, err error) {
	return g.fragment(table, condition, false, func(text string) string { return "SELECT 1 FROM " + quoteName(schema, table) + " WHERE (" + text + ")" })
}

// CheckMetric checks an aggregate over a table's rows, and returns it with the
// table's name before each column.
func (g *Guard) CheckMetric(schema, table, expression string) (qualified string, err error) {
	return g.fragment(table, expression, true, func(text string) string { return "SELECT (" + text + ") FROM " + quoteName(schema, table) })
}

func (g *Guard) fragment(table, text string, metric bool, within func(string) string) (qualified string, err error) {
	defer func() {
		if p := recover(); p != nil {
			qualified, err = "", refuse(CodeTooComplex, "The expression could not be checked. Write it more simply.")
		}
	}()
	text = strings.TrimSpace(text)
	f := fragment{metric: metric, table: quoteName(table)}
	if refusal := f.read(text); refusal != nil {
		return "", refusal
	}
	qualified = f.qualify(text)
	for _, one := range []string{text, qualified} {
		if _, err := g.Check(within(one)); err != nil {
			return "", err
		}
	}
	return qualified, nil
}

// fragment is a part of SQL that is to become a part of a query. It has no
// subqueries, so that each bare column is one of the table.
type fragment struct {
	metric bool
	table  string
	bare   []int // bytes at which columns without a qualifier stand
	sum    bool  // it has an aggregate
}

// inFragment is what stands before a fragment when it is parsed by itself.
const inFragment = "SELECT ("

func (f *fragment) read(text string) *Refusal {
	comments := false
	scan(text, func(string) {}, func(_ int, comment bool) { comments = comments || comment })
	if comments {
		return refuse(CodeFragment, "Leave comments out.")
	}
	if _, refusal := parse("SELECT " + text); refusal != nil { // it must not close the parenthesis around it
		return refusal
	}
	stmts, refusal := parse(inFragment + text + "\n)")
	if refusal != nil {
		return refusal
	}
	if len(stmts) != 1 || !onlyTarget(stmts[0].GetStmt().GetSelectStmt()) {
		return refuse(CodeFragment, "Write one expression over the table's columns, not a whole statement.")
	}
	if refusal := f.walk(stmts[0].GetStmt().GetSelectStmt().GetTargetList()[0].ProtoReflect(), false); refusal != nil {
		return refusal
	}
	if f.metric && !f.sum {
		return refuse(CodeFragment, "A metric sums rows up: use an aggregate such as sum(), avg() or count().")
	}
	return nil
}

// onlyTarget says that a SELECT is one expression and nothing else.
func onlyTarget(s *pg.SelectStmt) bool {
	if s == nil || len(s.GetTargetList()) != 1 || s.GetTargetList()[0].GetResTarget().GetName() != "" {
		return false
	}
	only := true
	s.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		only = only && slices.Contains([]protoreflect.Name{"target_list", "limit_option", "op"}, fd.Name())
		return only
	})
	return only
}

func (f *fragment) walk(m protoreflect.Message, summed bool) *Refusal {
	switch n := m.Interface().(type) {
	case *pg.SubLink, *pg.SelectStmt:
		return refuse(CodeFragment, "Leave subqueries out: use the columns of the table alone.")
	case *pg.RowExpr:
		return refuse(CodeFragment, "Write one expression, not several.")
	case *pg.FuncCall:
		if n.GetOver() != nil {
			return refuse(CodeFragment, "Leave window functions (OVER) out.")
		}
		if aggregates[lastName(n.GetFuncname())] {
			if !f.metric {
				return refuse(CodeFragment, "A condition is on single rows: leave aggregates out.")
			}
			f.sum, summed = true, true
		}
	case *pg.ColumnRef:
		switch {
		case isStar(n.GetFields()):
			return refuse(CodeFragment, "Name the columns instead of *. To count rows, write count(*).")
		case f.metric && !summed:
			return refuse(CodeFragment, "The column %s stands outside of an aggregate.", quoteName(names(n.GetFields())...)).at(int(n.GetLocation()) - len(inFragment))
		case len(n.GetFields()) == 1:
			f.bare = append(f.bare, int(n.GetLocation())-len(inFragment))
		}
	}
	return eachChild(m, func(child protoreflect.Message) *Refusal { return f.walk(child, summed) })
}

func (f *fragment) qualify(text string) string {
	slices.Sort(f.bare)
	var b strings.Builder
	done := 0
	for _, at := range f.bare {
		b.WriteString(text[done:at] + f.table + ".")
		done = at
	}
	return b.String() + text[done:]
}

// Package sqlguard decides whether SQL may be sent to a customer's database.
// It parses with PostgreSQL's own grammar, lets through exactly one SELECT
// built from an allow-list of syntax, functions, operators and types, and
// resolves every relation and column against the connection's catalog.
// Whatever it does not know it refuses. It does not rewrite: what is run is
// byte for byte what was checked.
//
// The guard relies on the session for two things: the settings of
// PinnedSettings, and limits on time, rows and bytes.
package sqlguard

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/datamind/datamind/models"
)

// DialectPostgres is the only dialect so far.
const DialectPostgres = "postgres"

// Options widen what a Guard allows. The zero value is the strictest.
type Options struct {
	// AllowForeignTables lets foreign tables be read: the server then reaches
	// other servers or files with credentials it keeps.
	AllowForeignTables bool
}

// Guard checks SQL against one catalog. It is safe for concurrent use and
// should be kept: making one parses every view.
type Guard struct {
	ix    *index
	state string // of the catalog
}

// New makes a guard for a catalog. Views are checked here: one that calls what
// a question may not call cannot be read, see Unreadable.
func New(cat *models.Catalog, options Options) (*Guard, error) {
	if cat == nil {
		return nil, models.Errorf(models.CodeInvalid, "A guard needs the catalog of the connection.")
	}
	if cat.Dialect != "" && cat.Dialect != DialectPostgres {
		return nil, models.Errorf(models.CodeInvalid, "There is no guard for the dialect %q yet.", cat.Dialect)
	}
	ix := newIndex(cat, options)
	ix.checkViews()
	return &Guard{ix: ix, state: cat.State}, nil
}

// Check decides on a statement. The error is a *Refusal, which unwraps to a
// *models.Error with its code.
func (g *Guard) Check(sql string) (Approved, error) { return g.CheckWith(sql, nil) }

// CheckWith decides on a statement with placeholders {{name}}, each of which
// becomes typed parameters of the protocol: the arguments' values are no part of
// what is parsed, here or by the server.
func (g *Guard) CheckWith(sql string, args []models.Argument) (approved Approved, err error) {
	defer func() {
		if p := recover(); p != nil { // fail closed whatever a tree may hold
			approved, err = Approved{}, refuse(CodeTooComplex, "The statement could not be checked. Write it more simply.")
		}
	}()
	b, refusal := bind(sql, args)
	if refusal != nil {
		return Approved{}, refusal
	}
	names, explain, refusal := g.ix.checkStatement(b.sql, len(b.values))
	if refusal != nil {
		if refusal.place > 0 {
			refusal = &Refusal{err: refusal.err, place: b.given(refusal.Position()) + 1}
		}
		return Approved{}, refusal.located(sql)
	}
	return Approved{sql: b.sql, values: b.values, dialect: DialectPostgres, explain: explain, state: g.state, reads: names.reads()}, nil
}

// checkStatement runs both walks over a text: each node by itself, then the
// names in their scopes. The second walk, which is returned as far as it went,
// knows what was named and what the check cost.
func (ix *index) checkStatement(sql string, parameters int) (names *resolver, explain bool, refusal *Refusal) {
	names = &resolver{ix: ix, used: map[tableKey]map[string]bool{}}
	stmts, refusal := parse(sql)
	if refusal != nil {
		return names, false, refusal
	}
	switch {
	case len(stmts) == 0:
		return names, false, refuse(CodeParse, "There is no statement, only comments. Write one SELECT.")
	case len(stmts) > 1:
		return names, false, refuse(CodeMultipleStatements, "There are %d statements; only one at a time is allowed. Leave one SELECT.", len(stmts))
	}
	root := stmts[0].GetStmt()
	if e := root.GetExplainStmt(); e != nil {
		if refusal := checkExplain(e); refusal != nil {
			return names, false, refusal
		}
		root, explain = e.GetQuery(), true
	}
	if root.GetSelectStmt() == nil {
		return names, false, refuseRoot(root)
	}
	walk := &tree{ix: ix, parameters: parameters}
	if refusal := walk.walk(root.ProtoReflect(), 0); refusal != nil {
		return names, false, refusal
	}
	if _, refusal := names.query(root.GetSelectStmt(), nil, nil, nil); refusal != nil {
		return names, false, refusal
	}
	if names.relations != walk.relations || names.references != walk.references || names.selects != walk.selects {
		return names, false, refuse(CodeSyntaxRefused, "The statement names tables or columns in a place that cannot be checked. Write it more simply.")
	}
	return names, explain, nil
}

func refuseRoot(root *pg.Node) *Refusal {
	var refusal *Refusal
	_ = eachChild(root.ProtoReflect(), func(m protoreflect.Message) *Refusal {
		refusal = refuseNode(m)
		return refusal
	})
	if refusal == nil {
		refusal = refuse(CodeNotSelect, "Only SELECT is allowed.")
	}
	return refusal
}

// explainOptions are those that only shape the plan's text.
var explainOptions = wordSet("verbose costs format summary")

// checkExplain lets EXPLAIN through without ANALYZE, which would execute.
func checkExplain(e *pg.ExplainStmt) *Refusal {
	for _, o := range e.GetOptions() {
		name := o.GetDefElem().GetDefname()
		if name == "analyze" {
			return refuse(CodeExplainRefused, "EXPLAIN ANALYZE executes the statement. Use EXPLAIN without ANALYZE, or run the SELECT.")
		}
		if arg := o.GetDefElem().GetArg(); !explainOptions[name] || arg != nil && arg.GetString_() == nil && arg.GetInteger() == nil && arg.GetBoolean() == nil {
			return refuse(CodeExplainRefused, "The EXPLAIN option %q is not allowed. Use FORMAT, COSTS, VERBOSE or SUMMARY.", name)
		}
	}
	if e.GetQuery().GetSelectStmt() == nil {
		return refuse(CodeExplainRefused, "Only a SELECT may be explained.")
	}
	return nil
}

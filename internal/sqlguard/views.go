package sqlguard

import pg "github.com/pganalyze/pg_query_go/v6"

// checkViews marks views that a question may not read. Reading a view runs
// its definition with the rights of its owner, so the definition must hold
// nothing that a question could not hold itself.
func (ix *index) checkViews() {
	state := map[*relation]viewState{}
	for _, rel := range ix.tables {
		ix.checkView(rel, state)
	}
}

type viewState int

const (
	viewChecking viewState = iota + 1
	viewChecked
)

func (ix *index) checkView(rel *relation, state map[*relation]viewState) {
	if rel.table.Kind != "view" || state[rel] != 0 {
		return
	}
	state[rel] = viewChecking
	defer func() { state[rel] = viewChecked }()
	name := quoteName(rel.table.Schema, rel.table.Name)
	stmts, refusal := parse(rel.table.Definition)
	if refusal == nil && (len(stmts) != 1 || stmts[0].GetStmt().GetSelectStmt() == nil) {
		refusal = refuse(CodeParse, "its definition is not one SELECT")
	}
	if refusal == nil {
		refusal = ix.checkDefinition(stmts[0].GetStmt(), state)
	}
	if refusal != nil {
		rel.refusal = refuse(CodeRelationRefused, "The view %s may not be read, because its definition cannot be shown to be harmless: %s", name, refusal.Reason())
	}
}

// checkDefinition applies the rules for questions to a view's SELECT. Views
// that it reads are judged first.
func (ix *index) checkDefinition(root *pg.Node, state map[*relation]viewState) *Refusal {
	walk := &tree{ix: ix}
	if refusal := walk.walk(root.ProtoReflect(), 0); refusal != nil {
		return refusal
	}
	names := &resolver{ix: ix, used: map[tableKey]map[string]bool{}, onRelation: func(rel *relation) { ix.checkView(rel, state) }}
	_, refusal := names.query(root.GetSelectStmt(), nil, nil, nil)
	return refusal
}

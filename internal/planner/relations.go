package planner

import "github.com/datamind/datamind/models"

// Relation is a way to join two tables, from the many side to the one side.
type Relation struct {
	FromSchema  string   `json:"from_schema"`
	FromTable   string   `json:"from_table"`
	FromColumns []string `json:"from_columns"`
	ToSchema    string   `json:"to_schema"`
	ToTable     string   `json:"to_table"`
	ToColumns   []string `json:"to_columns"`
	// Inferred says that the names suggest it, and no foreign key declares it.
	Inferred bool `json:"inferred"`
}

// maxInferred bounds the tables among which joins are looked for by names.
const maxInferred = 300

// Relations are the joins that the built-in planner knows in a catalog: foreign
// keys, or where there are none at all, what the names of columns suggest.
func Relations(cat *models.Catalog) []Relation {
	declared := 0
	for i := range cat.Tables {
		declared += len(cat.Tables[i].ForeignKeys)
	}
	if declared == 0 && len(cat.Tables) > maxInferred {
		return nil
	}
	s := newSchema(cat)
	var out []Relation
	for _, t := range s.tables {
		for _, e := range t.edges {
			if e.from != t {
				continue
			}
			r := Relation{FromSchema: t.t.Schema, FromTable: t.t.Name, ToSchema: e.to.t.Schema, ToTable: e.to.t.Name, Inferred: s.inferred}
			for i := range e.fcol {
				r.FromColumns, r.ToColumns = append(r.FromColumns, e.fcol[i].name), append(r.ToColumns, e.tcol[i].name)
			}
			out = append(out, r)
		}
	}
	return out
}

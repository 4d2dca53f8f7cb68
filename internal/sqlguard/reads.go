package sqlguard

import (
	"maps"
	"slices"
	"strings"

	"github.com/datamind/datamind/models"
)

// use notes that a relation, and a column of it, was named; column is "" for
// the relation itself, relation nil for what is not of the catalog.
func (r *resolver) use(rel *relation, column string) {
	if rel == nil {
		return
	}
	key := tableKey{rel.table.Schema, rel.table.Name}
	if r.used[key] == nil {
		r.used[key] = map[string]bool{}
	}
	if _, its := columnNamed(rel.columns, column); its { // else an alias gave the column another name
		r.used[key][column] = true
	}
}

func (r *resolver) reads() []models.TableUse {
	out := make([]models.TableUse, 0, len(r.used))
	for key, columns := range r.used {
		out = append(out, models.TableUse{Schema: key.schema, Name: key.name, Columns: slices.Sorted(maps.Keys(columns))})
	}
	slices.SortFunc(out, func(a, b models.TableUse) int {
		return strings.Compare(a.Schema+"\x00"+a.Name, b.Schema+"\x00"+b.Name)
	})
	return out
}

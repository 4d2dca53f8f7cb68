package sqlguard

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/datamind/datamind/models"
)

// traits are what may be true of a value beyond being one of PostgreSQL's own
// types. They are kept where it is not known.
type traits uint8

const (
	// isDomain marks a value of a domain, whose checks run when a literal is
	// coerced to it.
	isDomain traits = 1 << iota
	// holdsDomain marks a row with such a value in it: a literal beside it is
	// coerced to the row's type.
	holdsDomain
	// mayRow marks a row, or an array or range of rows: a function in FROM
	// gives the row's columns, not one of its own.
	mayRow
	// mayVector marks a tsvector, which unnest() turns into three columns.
	mayVector
)

func (t traits) has(some traits) bool { return t&some != 0 }

// holds are the traits and the harm in what a type is made of.
var holdTraits = map[string]traits{models.HoldsDomain: isDomain, models.HoldsInner: holdsDomain, models.HoldsRow: mayRow, models.HoldsVector: mayVector}

// harms are what makes any use of a type run a function of the database.
var harms = map[string]string{
	models.HoldsCast:  "its type has a user-defined cast, which runs a function of the database",
	models.HoldsOrder: "its type is compared and sorted by a function of the database",
	models.HoldsCode:  "its type is read and written by functions of the database",
}

func traitsOf(holds []string) (t traits) {
	for _, h := range holds {
		t |= holdTraits[h]
	}
	return t
}

// harmOf says why a type that is made of these may not be used, "" if it may.
func harmOf(holds []string) string {
	for _, h := range holds {
		if harm, ok := harms[h]; ok {
			return harm
		}
	}
	return ""
}

// untraced is what a column's type may be made of, as far as a catalog tells
// in which types were not followed.
func untraced(c models.CatalogColumn) []string {
	switch {
	case bareType(c.Type) == "tsvector":
		return []string{models.HoldsVector}
	case !c.UserType:
		return nil
	case c.TypeKind == "domain" && !strings.HasSuffix(c.Type, "[]"):
		return []string{models.HoldsDomain, models.HoldsRow, models.HoldsVector}
	case c.TypeKind == "domain" || c.TypeKind == "composite" || c.TypeKind == "range":
		return []string{models.HoldsInner, models.HoldsRow}
	}
	return nil
}

// carriers are the functions whose result may be of the type of an argument,
// or an array or an element of it. Every other allowed function returns one of
// PostgreSQL's own types, which it names.
var carriers = wordSet(`
	any_value array_agg array_append array_cat array_fill array_prepend array_remove array_replace array_reverse array_sample
	array_shuffle array_sort coalesce enum_first enum_last enum_range first_value greatest lag last_value lead least lower max min
	mode multirange nth_value nullif percentile_cont percentile_disc range_agg range_intersect_agg range_merge trim_array unnest upper
`)

// polymorphic functions coerce their other arguments to the type of the first.
var polymorphic = wordSet(`lag lead array_append array_prepend array_position array_positions array_remove array_replace array_cat array_fill
	width_bucket enum_range arraycontained arraycontains arrayoverlap`)

// vectorFunctions return a tsvector.
var vectorFunctions = wordSet("to_tsvector json_to_tsvector jsonb_to_tsvector array_to_tsvector setweight strip ts_delete ts_filter")

// ofFunction judges a call by the traits of its arguments and returns those of
// its result.
func (t traits) ofFunction(f *pg.FuncCall) (traits, *Refusal) {
	name := lastName(f.GetFuncname())
	switch {
	case t.has(isDomain) && (name == "array_agg" || len(f.GetArgs()) > 1 && polymorphic[name]):
		return 0, refuse(CodeTypeRefused, "A column of a domain type is used in %s(), which may run the domain's checks. Cast the column to its base type first.", name)
	case t.has(holdsDomain) && (carriers[name] || polymorphic[name]):
		return 0, refuseHolder()
	case carriers[name]:
		return t, nil
	case vectorFunctions[name]:
		return mayVector, nil
	}
	return 0, nil
}

func refuseHolder() *Refusal {
	return refuse(CodeTypeRefused, "A whole row with a column of a domain type is used here, which may run the domain's checks. Name the columns you need.")
}

// typeTraits are those of a value that was cast to a type.
func typeTraits(n *pg.TypeName) traits {
	if strings.EqualFold(lastName(n.GetNames()), "tsvector") {
		return mayVector
	}
	return 0
}

package connector

import (
	"fmt"
	"slices"

	"github.com/datamind/datamind/models"
)

// firstUserOID is FirstNormalObjectId of PostgreSQL's transam.h: what people
// and extensions made.
const firstUserOID = "16384"

// madeBy are the objects x of a catalog that people made, not extensions.
func madeBy(catalog string) string {
	return "x.oid >= " + firstUserOID + " AND " + fmt.Sprintf(extensionSQL, catalog) + " IS NULL"
}

// userCast are the casts x that people made. PostgreSQL makes one itself for
// each range type, to its multirange, which depends on the types internally.
var userCast = madeBy("pg_cast") + ` AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_cast'::regclass AND i.objid = x.oid AND i.deptype = 'i')`

// How one type is made of another.
const (
	tracePart = "part" // an element or attribute
	traceBase = "base" // what a domain is over, or what a type is stored like
)

// tracesSQL returns facts on types (with no other type) and the types that they
// are made of. PostgreSQL's own types are left out as far as nothing leads on
// from them. to_jsonb() is because multiranges are not in every version.
var tracesSQL = `
WITH class AS (
	SELECT x.oid, x.opcintype FROM pg_opclass x JOIN pg_am m ON m.oid = x.opcmethod
	WHERE ` + madeBy("pg_opclass") + ` AND (x.opcintype >= ` + firstUserOID + ` OR x.opcdefault AND m.amname IN ('btree', 'hash'))
), own AS ( -- PostgreSQL's own types of which there is something to say
	SELECT opcintype AS oid FROM class WHERE opcintype < ` + firstUserOID + ` UNION SELECT 'tsvector'::regtype
), own_array AS (
	SELECT x.oid, x.typelem FROM pg_type x WHERE x.typelem IN (SELECT oid FROM own) AND x.typlen = -1
)
SELECT DISTINCT * FROM (
	SELECT 'tsvector'::regtype::oid, '` + models.HoldsVector + `', 0::oid
	UNION ALL SELECT x.oid, '` + models.HoldsRow + `', 0 FROM pg_type x WHERE x.typtype = 'c' AND x.oid >= ` + firstUserOID + `
	UNION ALL SELECT x.contypid, '` + models.HoldsDomain + `', 0 FROM pg_constraint x WHERE x.contypid >= ` + firstUserOID + ` AND x.contype = 'c'
	UNION ALL SELECT x.castsource, '` + models.HoldsCast + `', 0 FROM pg_cast x WHERE x.castfunc <> 0 AND x.castsource >= ` + firstUserOID + ` AND ` + userCast + `
	UNION ALL SELECT opcintype, '` + models.HoldsOrder + `', 0 FROM class
	UNION ALL SELECT r.rngtypid, '` + models.HoldsOrder + `', 0 FROM pg_range r WHERE r.rngsubopc IN (SELECT oid FROM class)
	UNION ALL SELECT r.rngtypid, '` + models.HoldsCode + `', 0 FROM pg_range r JOIN pg_proc x ON x.oid IN (r.rngcanonical, r.rngsubdiff) WHERE ` + madeBy("pg_proc") + `
	UNION ALL SELECT x.oid, '` + models.HoldsCode + `', 0 FROM pg_type x WHERE x.typtype = 'b' AND NOT (x.typelem <> 0 AND x.typlen = -1) AND ` + madeBy("pg_type") + `
	UNION ALL SELECT x.oid, '` + tracePart + `', x.typelem FROM pg_type x WHERE x.typelem <> 0 AND x.typlen = -1 AND x.oid >= ` + firstUserOID + `
	UNION ALL SELECT x.oid, '` + tracePart + `', x.typelem FROM own_array x
	UNION ALL SELECT x.oid, '` + traceBase + `', x.typbasetype FROM pg_type x WHERE x.typtype = 'd' AND x.oid >= ` + firstUserOID + `
	UNION ALL SELECT r.rngtypid, '` + tracePart + `', r.rngsubtype FROM pg_range r
	UNION ALL SELECT coalesce((to_jsonb(r) ->> 'rngmultitypid')::oid, 0), '` + tracePart + `', r.rngtypid FROM pg_range r
	UNION ALL SELECT x.castsource, '` + traceBase + `', x.casttarget FROM pg_cast x WHERE x.castmethod = 'b' AND x.castsource >= ` + firstUserOID + ` AND ` + madeBy("pg_cast") + `
	UNION ALL SELECT c.reltype, '` + tracePart + `', a.atttypid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.reltype >= ` + firstUserOID + ` AND (a.atttypid >= ` + firstUserOID + ` OR a.atttypid IN (SELECT oid FROM own UNION SELECT oid FROM own_array))
) AS traces ORDER BY 1, 2, 3`

// tracing knows what types are made of, by their oids.
type tracing struct {
	facts map[uint32][]string
	made  map[uint32][]made
	held  map[uint32][]string // found so far
}

type made struct {
	how string
	of  uint32
}

func (d *discovery) traces() error {
	d.traced = tracing{facts: map[uint32][]string{}, made: map[uint32][]made{}, held: map[uint32][]string{}}
	d.catalog.Traced = true
	var oid, of uint32
	var what string
	return d.each(tracesSQL, nil, []any{&oid, &what, &of}, func() {
		if of == 0 {
			d.traced.facts[oid] = append(d.traced.facts[oid], what)
		} else {
			d.traced.made[oid] = append(d.traced.made[oid], made{what, of})
		}
	})
}

// of returns what is true of a type and of all that it is made of, sorted; nil
// for a plain one.
func (t *tracing) of(oid uint32) []string {
	if held, done := t.held[oid]; done {
		return held
	}
	t.held[oid] = nil // PostgreSQL lets no type hold itself
	held := slices.Clone(t.facts[oid])
	for _, m := range t.made[oid] {
		for _, fact := range t.of(m.of) {
			if fact == models.HoldsDomain && m.how == tracePart {
				fact = models.HoldsInner
			}
			held = append(held, fact)
		}
	}
	slices.Sort(held)
	t.held[oid] = slices.Compact(held)
	return t.held[oid]
}

// sorted are the types of which a person made the order.
func (t *tracing) sorted() (oids []uint32) {
	for oid, facts := range t.facts {
		if slices.Contains(facts, models.HoldsOrder) {
			oids = append(oids, oid)
		}
	}
	return oids
}

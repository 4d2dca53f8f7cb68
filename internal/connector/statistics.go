package connector

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/datamind/datamind/models"
)

const (
	// maxValues and maxBounds are how many of a column's most common values, and
	// of its histogram's bounds, are read.
	maxValues = 100
	maxBounds = 101
	// maxValue is the length, in characters, of the longest value that is kept.
	maxValue = 100
	// fewValues is how many different ones a number or a date may have for its
	// values to be of use.
	fewValues = 50
)

// What ANALYZE has kept. The lists come as texts and are taken apart here: for
// thousands of columns that is several times as fast as in the database. Only
// those that are long are cut there; the last bound, the greatest, stays.
const statisticsSQL = `
SELECT s.schemaname::text, s.tablename::text, s.attname::text, s.inherited, s.n_distinct::float8,
	CASE WHEN octet_length(s.common) > 50000 THEN (s.common::text[])[1:100]::text ELSE coalesce(s.common, '{}') END,
	CASE WHEN octet_length(s.bounds) > 50000 THEN ((s.bounds::text[])[1:101] || (s.bounds::text[])[array_length(s.bounds::text[], 1)])::text ELSE coalesce(s.bounds, '{}') END
FROM (SELECT schemaname, tablename, attname, inherited, n_distinct, most_common_vals::text AS common, histogram_bounds::text AS bounds FROM pg_stats
	WHERE schemaname = ANY($1) AND tablename = ANY($2) OFFSET 0) AS s`

func (d *discovery) statistics() error {
	byName, names := map[models.RelationName]uint32{}, make([]string, 0, len(d.tables))
	for oid, at := range d.tables {
		t := d.catalog.Tables[at]
		byName[models.RelationName{Schema: t.Schema, Name: t.Name}] = oid
		names = append(names, t.Name)
	}
	var (
		table          models.RelationName
		column         string
		all            bool
		distinct       float64
		common, bounds string
		failed         error
		ofAll          = map[*models.CatalogColumn]bool{}
	)
	err := d.each(statisticsSQL, []any{d.catalog.Schemas, names}, []any{&table.Schema, &table.Name, &column, &all, &distinct, &common, &bounds}, func() {
		oid, known := byName[table]
		if !known { // of that name in another schema
			return
		}
		found := d.found[oid]
		place, readable := found.places[column]
		if !readable {
			return
		}
		c := &d.table(oid).Columns[place.at]
		if ofAll[c] { // a table with partitions has statistics of its own rows (none), too
			return
		}
		ofAll[c] = all
		// Negative: a share of the rows (pg_stats.n_distinct).
		if c.Distinct = int64(distinct); distinct < 0 {
			c.Distinct = int64(-distinct*found.rows + 0.5)
		}
		failed = errors.Join(failed, d.describe(c, place.category, distinct, common, bounds))
	})
	return errors.Join(err, failed)
}

// describe gives a column its values, texts with the histogram's bounds, which
// are values as well, and the least and the greatest of numbers and dates.
func (d *discovery) describe(c *models.CatalogColumn, category string, distinct float64, common, bounds string) (err error) {
	c.Values, c.Min, c.Max = []string{}, "", ""
	const text, enum, boolean, numeric, date = "S", "E", "B", "N", "D" // pg_type.typcategory
	few := distinct >= 0 && distinct <= fewValues
	if few || category == text || category == enum || category == boolean {
		if c.Values, err = d.values(c.Values, common, maxValues); err != nil {
			return err
		}
	}
	switch category {
	case text:
		c.Values, err = d.values(c.Values, bounds, maxBounds)
	case numeric, date:
		c.Min, c.Max, err = d.ends(bounds)
	}
	return err
}

// values appends the first elements of an array in text form, without long ones.
func (d *discovery) values(to []string, array string, most int) ([]string, error) {
	all, err := d.elements(array)
	if err != nil {
		return nil, err
	}
	for _, value := range all[:min(len(all), most)] {
		if utf8.RuneCountInString(value) <= maxValue {
			to = append(to, value)
		}
	}
	return to, nil
}

// ends are the first and the last element of an array in text form. Numbers and
// dates hold nothing that would be escaped in it; those with a comma or a space
// are quoted.
func (d *discovery) ends(array string) (first, last string, err error) {
	inner := strings.Trim(array, "{}")
	if strings.Contains(inner, `\`) {
		all, err := d.elements(array)
		if err != nil || len(all) == 0 {
			return "", "", err
		}
		return all[0], all[len(all)-1], nil
	}
	if quoted, yes := strings.CutPrefix(inner, `"`); yes {
		first, _, _ = strings.Cut(quoted, `"`)
	} else {
		first, _, _ = strings.Cut(inner, ",")
	}
	if quoted, yes := strings.CutSuffix(inner, `"`); yes {
		last = quoted[strings.LastIndexByte(quoted, '"')+1:]
	} else {
		last = inner[strings.LastIndexByte(inner, ',')+1:]
	}
	return first, last, nil
}

// elements takes an array in text form apart.
func (d *discovery) elements(array string) (all []string, err error) {
	if array == "{}" {
		return nil, nil
	}
	if err := d.conn.TypeMap().Scan(pgtype.TextArrayOID, pgtype.TextFormatCode, []byte(array), &all); err != nil {
		return nil, fmt.Errorf("read statistics: %w", err)
	}
	return all, nil
}

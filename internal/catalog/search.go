// Package catalog finds things in a database's structure.
package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/datamind/datamind/models"
)

// Hit is a table or a column that a search found.
type Hit struct {
	Kind   string `json:"kind" enum:"table,column"`
	Schema string `json:"schema"`
	Table  string `json:"table"`
	Column string `json:"column,omitempty"`
	Type   string `json:"type,omitempty" doc:"Of a column"`
	// Match is what of it was found, Text the place in words.
	Match string `json:"match" enum:"name,synonym,value,comment,description"`
	Text  string `json:"text" doc:"The name, synonym, value, comment or description that was found"`
	score float64
}

// field is a text of a thing, and what it is worth to find a word in it.
type field struct {
	match, text string
	whole, part float64
}

// Search finds the tables and columns in which each word of a query is found, the
// best first, at most limit. Values of masked columns are not looked at.
func Search(cat *models.Catalog, notes []models.CatalogNote, query string, limit int) []Hit {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return nil
	}
	said := map[[3]string]models.CatalogNote{}
	for _, n := range notes {
		said[[3]string{n.SchemaName, n.TableName, n.ColumnName}] = n
	}
	var hits []Hit
	for i := range cat.Tables {
		t := &cat.Tables[i]
		about := append(fieldsOf(said[[3]string{t.Schema, t.Name, ""}], t.Comment), field{"name", t.Name, 110, 50}, field{"name", t.Schema + "." + t.Name, 115, 45})
		if h := find(words, strings.ToLower(query), about, nil); h != nil {
			h.Kind, h.Schema, h.Table = "table", t.Schema, t.Name
			hits = append(hits, *h)
		}
		for j := range t.Columns {
			c := &t.Columns[j]
			fields := append(fieldsOf(said[[3]string{t.Schema, t.Name, c.Name}], c.Comment), field{"name", c.Name, 100, 40}, field{"name", t.Name + "." + c.Name, 115, 40})
			if !c.Masked {
				for _, v := range c.Values {
					fields = append(fields, field{"value", v, 60, 15})
				}
			}
			if h := find(words, strings.ToLower(query), fields, []field{{"name", t.Name, 5, 2}}); h != nil {
				h.Kind, h.Schema, h.Table, h.Column, h.Type = "column", t.Schema, t.Name, c.Name, c.Type
				hits = append(hits, *h)
			}
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(b.score, a.score) })
	return hits[:min(len(hits), limit)]
}

func fieldsOf(n models.CatalogNote, comment string) []field {
	out := []field{{"description", n.Description, 20, 12}, {"comment", comment, 20, 10}}
	for _, s := range n.Synonyms {
		out = append(out, field{"synonym", s, 95, 35})
	}
	return out
}

// find wants each word in one of the fields or of those around, and at least one
// in the fields; nil when it is not so.
func find(words []string, query string, fields, around []field) *Hit {
	var best *Hit
	keep := func(f field, score float64) {
		if best == nil || score > best.score {
			best = &Hit{Match: f.match, Text: f.text, score: score}
		}
	}
	for _, f := range fields {
		if low := strings.ToLower(f.text); low == query || strings.ReplaceAll(low, "_", " ") == query {
			keep(f, f.whole*2)
		}
	}
	if best != nil {
		return best
	}
	total := 0.0
	for _, w := range words {
		score := 0.0
		for i, f := range slices.Concat(fields, around) {
			low := strings.ToLower(f.text)
			s := 0.0
			switch {
			case low == w:
				s = f.whole
			case strings.HasPrefix(low, w):
				s = f.part * 1.3
			case strings.Contains(low, w):
				s = f.part
			}
			if s > 0 && i < len(fields) {
				keep(f, s)
			}
			score = max(score, s)
		}
		if score == 0 {
			return nil
		}
		total += score
	}
	if best != nil {
		best.score = total / float64(len(words))
	}
	return best
}

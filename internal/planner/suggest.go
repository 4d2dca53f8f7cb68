package planner

import (
	"sort"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// Suggest returns up to three questions that the built-in planner answers
// with SQL over this catalog: of the tables that most others lead to, a
// breakdown over time, a ranking and a count.
func Suggest(cat *models.Catalog) []string {
	if cat == nil || len(cat.Tables) == 0 {
		return nil
	}
	s := newSchema(cat)
	now := time.Now().UTC()
	tabs := append([]*table{}, s.tables...)
	sort.SliceStable(tabs, func(i, j int) bool {
		return weight(tabs[i]) > weight(tabs[j])
	})
	if len(tabs) > 12 {
		tabs = tabs[:12]
	}
	var kinds [3][]string
	for _, t := range tabs {
		n := strings.ReplaceAll(t.t.Name, "_", " ")
		for _, c := range t.cols {
			if c.date && !c.nullable && len(kinds[0]) == 0 {
				kinds[0] = append(kinds[0], "How many "+n+" were there by month?")
			}
			if len(c.values) > 1 && len(c.values) < 20 && !c.key && len(kinds[1]) == 0 {
				kinds[1] = append(kinds[1], "How many "+n+" are there by "+strings.ReplaceAll(c.name, "_", " ")+"?")
			}
		}
		for _, e := range t.edges {
			if e.from == t && e.to != t && e.to.label != nil {
				kinds[1] = append(kinds[1], "Which 5 "+strings.ReplaceAll(e.to.t.Name, "_", " ")+" have the most "+n+"?")
			}
		}
		kinds[2] = append(kinds[2], "How many "+n+" are there?")
	}
	var out []string
	try := func(q string) {
		if len(out) < 3 && plan(s, q, now, true).Status == models.PlanSQL {
			for _, o := range out {
				if o == q {
					return
				}
			}
			out = append(out, q)
		}
	}
	for _, k := range kinds {
		if len(k) > 0 {
			try(k[0])
		}
	}
	for i := range kinds[2] {
		try(kinds[2][i])
	}
	return out
}

func weight(t *table) int {
	w := len(t.edges) * 10
	for _, c := range t.cols {
		if c.date {
			w += 5
		}
		if columnMoney(c) > 0 {
			w += 15
		}
	}
	return w + int(10*tableMoney(t))
}

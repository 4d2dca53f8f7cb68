package sqlguard

import (
	"slices"
	"strings"
)

const (
	// maxSuggestions is how many near names a refusal offers.
	maxSuggestions = 3
	// maxCandidates bounds the names among which the near ones are sought.
	maxCandidates = 5000
)

// nearest returns the candidates closest to name in spelling, best first. A
// person or a model that repairs the statement reads them.
func nearest(name string, candidates []string) []string {
	type scored struct {
		name  string
		score int
	}
	// The longest list has a column for each byte of a statement.
	slices.Sort(candidates)
	candidates = slices.Compact(candidates)
	candidates = candidates[:min(len(candidates), maxCandidates)]
	lower := strings.ToLower(name)
	limit := max(2, len(name)/3)
	var found []scored
	for _, c := range candidates {
		cl := strings.ToLower(c)
		d := distance(lower, cl, limit)
		if d > limit && len(lower) > 2 && len(cl) > 2 && (strings.Contains(cl, lower) || strings.Contains(lower, cl)) {
			d = limit
		}
		if d <= limit {
			found = append(found, scored{c, d})
		}
	}
	slices.SortFunc(found, func(a, b scored) int {
		if a.score != b.score {
			return a.score - b.score
		}
		return strings.Compare(a.name, b.name)
	})
	out := make([]string, 0, maxSuggestions)
	for _, f := range found[:min(len(found), maxSuggestions)] {
		out = append(out, f.name)
	}
	return out
}

// distance is the Levenshtein distance, or more than limit if it exceeds limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}

// orList writes names as "a", "a or b", "a, b or c".
func orList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func keys(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	return out
}

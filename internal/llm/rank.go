package llm

import (
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/datamind/datamind/models"
)

// Weights of a word of the question found in a table.
const (
	weightTable   = 8
	weightColumn  = 3
	weightValue   = 3
	weightComment = 1
	weightRecent  = 6 // the table was used a moment ago
)

var stopWords = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields("the and for with from that this these those what which who how many much are was were has have had " +
		"all any each per our their his her its you your not show list give tell find get between into over under than then there where when " +
		"did does can could would should will been being more most less least about only also but out use") {
		out[stem(w)] = true
	}
	return out
}()

// wordsOf are the words that tell what a question is about: its own, those of
// the replies to it, and of the question before it.
func wordsOf(req models.PlanRequest) map[string]bool {
	words := map[string]bool{}
	add := func(text string) {
		for _, w := range split(cut(text, maxQuestion)) {
			if len(w) > 1 && !stopWords[w] {
				words[w] = true
			}
		}
	}
	add(req.Question)
	for _, c := range last(req.Clarifications, maxReplies) {
		add(c[0])
		add(c[1])
	}
	for _, t := range last(req.History, 1) {
		add(t.Question)
	}
	return words
}

// split cuts text and identifiers into lower-case stems, at each change from
// lower to upper case too.
func split(text string) []string {
	var out []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			out = append(out, stem(strings.ToLower(word.String())))
			word.Reset()
		}
	}
	lower := false
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			lower = false
			continue
		}
		if unicode.IsUpper(r) && lower {
			flush()
		}
		lower = unicode.IsLower(r)
		word.WriteRune(r)
	}
	flush()
	return out
}

// stem takes off English plural endings, which is enough to meet table names.
func stem(w string) string {
	switch {
	case len(w) > 4 && strings.HasSuffix(w, "ies"):
		return w[:len(w)-3] + "y"
	case len(w) > 4 && (strings.HasSuffix(w, "sses") || strings.HasSuffix(w, "xes") || strings.HasSuffix(w, "ches") || strings.HasSuffix(w, "shes")):
		return w[:len(w)-2]
	case len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us"):
		return w[:len(w)-1]
	}
	return w
}

func hits(words map[string]bool, text string) bool { return count(words, text) > 0 }

// count is how many different words of the question are in the beginning of a text.
func count(words map[string]bool, text string) int {
	if len(words) == 0 || text == "" {
		return 0
	}
	n := 0
	var seen [8]string
	for _, w := range split(cut(text, maxComment)) {
		if words[w] && n < len(seen) && !slices.Contains(seen[:n], w) {
			seen[n] = w
			n++
		}
	}
	return n
}

// rank orders the places of tables by how much the question seems to need
// them. Tables one foreign key away from a needed one follow it, because
// answers are joined over them.
func (w schemaWriter) rank(req models.PlanRequest) []int {
	tables := req.Catalog.Tables
	recent := map[string]bool{}
	for _, t := range last(req.History, 2) {
		addNames(recent, t.SQL)
	}
	for _, a := range last(req.Attempts, maxAttempts) {
		addNames(recent, a.SQL)
	}
	own := make([]int, len(tables))
	place := map[[2]string]int{}
	for i := range tables {
		own[i] = w.score(&tables[i])
		if recent[strings.ToLower(tables[i].Name)] {
			own[i] += weightRecent
		}
		place[[2]string{tables[i].Schema, tables[i].Name}] = i
	}
	score := append([]int(nil), own...)
	for i := range tables {
		for _, f := range tables[i].ForeignKeys {
			j, ok := place[[2]string{f.RefSchema, f.RefTable}]
			if !ok || i == j {
				continue
			}
			score[i] += (own[j] + 1) / 2
			score[j] += (own[i] + 1) / 2
		}
	}
	order := make([]int, len(tables))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return score[order[a]] > score[order[b]] })
	return order
}

func (w schemaWriter) score(t *models.Table) int {
	total := weightTable*count(w.words, t.Name) + weightComment*count(w.words, t.Comment)
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Masked {
			continue
		}
		total += weightColumn*count(w.words, c.Name) + weightComment*count(w.words, c.Comment)
		for _, v := range c.Values {
			if hits(w.words, v) {
				total += weightValue
				break
			}
		}
	}
	return total
}

// addNames notes the words of a statement that may be table names.
func addNames(to map[string]bool, sql string) {
	for _, w := range strings.FieldsFunc(strings.ToLower(cut(sql, 64<<10)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '$'
	}) {
		to[w] = true
	}
}

package activities

import (
	"fmt"
	"slices"
	"strings"

	"github.com/datamind/datamind/models"
)

// maxHints bounds what a model is told of the organisation's notes, in bytes.
const maxHints = 7000

// hints writes notes for a model, which takes them for data. Where not all have
// room, those that share a word with the question come first.
func hints(notes *models.Notes, question string) string {
	var lines []string
	for _, m := range notes.Metrics {
		line := fmt.Sprintf("Metric %q: %s over %s.%s", m.Name, m.Expression, m.SchemaName, m.TableName)
		if m.Filter != "" {
			line += " where " + m.Filter
		}
		lines = append(lines, line+saying(m.Description))
	}
	for _, t := range notes.Terms {
		line := fmt.Sprintf("Term %q", t.Term)
		if t.Condition != "" {
			line += fmt.Sprintf(": rows of %s.%s where %s", t.SchemaName, t.TableName, t.Condition)
		}
		lines = append(lines, line+saying(t.Meaning))
	}
	for _, n := range notes.Notes {
		line := "Column " + n.SchemaName + "." + n.TableName + "." + n.ColumnName
		if n.ColumnName == "" {
			line = "Table " + n.SchemaName + "." + n.TableName
		}
		if len(n.Synonyms) > 0 {
			line += ", also called " + strings.Join(n.Synonyms, ", ")
		}
		lines = append(lines, line+saying(n.Description))
	}
	words := strings.Fields(strings.ToLower(question))
	shares := func(line string) int {
		line = strings.ToLower(line)
		if slices.ContainsFunc(words, func(w string) bool { return len(w) > 3 && strings.Contains(line, w) }) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(lines, func(a, b string) int { return shares(a) - shares(b) })
	var b strings.Builder
	for _, line := range lines {
		if b.Len()+len(line) < maxHints {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func saying(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

package sqlguard

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/datamind/datamind/models"
)

// CodeNarrow is the code of SQL whose result no condition can be put on.
const CodeNarrow models.Code = "narrow_refused"

// Narrowed is SQL for those rows of a statement's result for which all
// conditions hold. The statement is checked by itself first, so that it cannot
// reach out of the subquery that it becomes; names of columns are quoted, and
// values stay placeholders. One that takes only some of its rows (LIMIT) is
// refused: a condition on those few would say that there are no others.
func (g *Guard) Narrowed(sql string, args []models.Argument, conditions []models.Narrow) (string, error) {
	if len(conditions) == 0 {
		return sql, nil
	}
	approved, err := g.CheckWith(sql, args)
	if err != nil {
		return "", err
	}
	stmts, refusal := parse(approved.sql)
	if refusal != nil {
		return "", refusal
	}
	s := stmts[0].GetStmt().GetSelectStmt()
	if s == nil { // EXPLAIN
		return "", refuse(CodeNarrow, "A filter applies to the result of a SELECT only.")
	}
	if s.GetLimitCount() != nil || s.GetLimitOffset() != nil {
		return "", refuse(CodeNarrow, "The SQL takes only some of its rows (LIMIT), so that a filter on its result would miss others. Write the filter into the SQL as {{%s}}.", conditions[0].Parameter)
	}
	var where []string
	for _, c := range conditions {
		if refusal := unique(c.Column, s); refusal != nil {
			return "", refusal
		}
		text, refusal := condition(c)
		if refusal != nil {
			return "", refusal
		}
		where = append(where, text)
	}
	return "SELECT * FROM (\n" + statement(sql) + "\n) AS tile WHERE " + strings.Join(where, " AND "), nil
}

// CheckNarrowed is CheckWith for the rows of a statement's result for which all
// conditions hold.
func (g *Guard) CheckNarrowed(sql string, args []models.Argument, conditions []models.Narrow) (Approved, error) {
	narrowed, err := g.Narrowed(sql, args, conditions)
	if err != nil {
		return Approved{}, err
	}
	return g.CheckWith(narrowed, args)
}

// comparisons are how a column compares with a value, or with those of a list.
var comparisons = map[models.LinkHow]string{models.LinkEquals: "IN", models.LinkFrom: ">=", models.LinkUntil: "<="}

func condition(c models.Narrow) (string, *Refusal) {
	how, known := comparisons[c.How]
	if !known || !models.ParameterName.MatchString(c.Parameter) || c.Column == "" || strings.ContainsRune(c.Column, 0) {
		return "", refuse(CodeNarrow, "A filter on a column compares it with a parameter: equals, at_least or at_most.")
	}
	column := "tile." + quoteAlways(c.Column)
	if c.AsText {
		column = "CAST(" + column + " AS text)"
	}
	return column + " " + how + " ({{" + c.Parameter + "}})", nil
}

// quoteAlways writes a name as one that no keyword and no case can change.
func quoteAlways(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// unique refuses a name that several of a SELECT's columns are given: which of
// them is meant cannot be told.
func unique(name string, s *pg.SelectStmt) *Refusal {
	seen := 0
	for _, t := range s.GetTargetList() {
		target := t.GetResTarget()
		given := target.GetName()
		if given == "" {
			given = outputName(target.GetVal())
		}
		if given == name {
			seen++
		}
	}
	if seen > 1 {
		return refuse(CodeNarrow, "The SQL has several columns called %s. Give each a name of its own.", quoteName(name))
	}
	return nil
}

// statement is the text without the semicolon and the comments that end it.
func statement(sql string) string {
	return sql[:len(strings.TrimRight(maskComments(sql), "; \t\r\n\f\v"))]
}

// maskComments is the text with a space for each byte of comments.
func maskComments(sql string) string {
	var b strings.Builder
	at := 0
	scan(sql, func(plain string) {
		b.WriteString(plain)
		at += len(plain)
	}, func(n int, comment bool) {
		if comment {
			b.WriteString(strings.Repeat(" ", n))
		} else {
			b.WriteString(sql[at : at+n])
		}
		at += n
	})
	return b.String()
}

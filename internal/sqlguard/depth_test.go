package sqlguard

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// deep are statements that nest, in every way that hides it from a count of
// parentheses. Those that reach the parser must not break it.
func deep() map[string]string {
	nest := func(n int, open, core, end string) string {
		return strings.Repeat(open, n) + core + strings.Repeat(end, n)
	}
	out := map[string]string{
		"not in parentheses":     "SELECT " + nest(58, strings.Repeat("NOT ", 60)+"(", "true", ")"),
		"quoted closer":          "SELECT " + nest(1900, "NOT(')',", "true", ")"),
		"quoted closer in names": "SELECT " + nest(3000, `abs(")",`, "1", ")"),
		"not in calls":           "SELECT " + nest(900, "NOT NOT NOT NOT abs(')',", "true", ")"),
		"escaped quote":          "SELECT " + nest(2000, `abs(E'\')',`, "1", ")"),
		"continued escapes":      "SELECT " + nest(2000, "abs(E''\n'\\')',", "1", ")"),
		"continued with comment": "SELECT " + nest(2000, "abs(E''--x\n'\\')',", "1", ")"),
		"doubled quote":          "SELECT " + nest(2000, "abs(''')',", "1", ")"),
		"dollar quote":           "SELECT " + nest(2000, "abs($a$)$a$,", "1", ")"),
		"dollar in a name":       "SELECT " + nest(2000, "abs(a$$,$$)$$,", "1", ")"),
		"comment":                "SELECT " + nest(2000, "abs(/*)*/", "1", ")"),
		"nested comment":         "SELECT " + nest(2000, "abs(/*/**/)*/", "1", ")"),
		"comment in operator":    "SELECT " + nest(2000, "abs(1+/*)*/", "1", ")"),
		"line comment":           "SELECT " + nest(2000, "abs(1+--)\n", "1", ")"),
		"unicode name":           "SELECT " + nest(2000, `abs(U&")",`, "1", ")"),
		"brackets":               "SELECT " + nest(3000, "ARRAY[']',", "1", "]"),
		"case and quoted end":    "SELECT " + nest(1500, `CASE WHEN "end" THEN `, "1", " END"),
		"case and field end":     "SELECT " + nest(1500, `CASE WHEN a.end THEN `, "1", " END"),
		"case and spaced field":  "SELECT " + nest(1500, `CASE WHEN a . /**/ end THEN `, "1", " END"),
		"case and label end":     "SELECT " + nest(1000, `CASE WHEN (SELECT 1 end) = 1 THEN `, "1", " END"),
		"case and comment":       "SELECT " + nest(1500, `CASE/*end*/WHEN true THEN `, "1", " END"),
		"label end first":        "SELECT 1 end, 2 end, " + nest(1500, `CASE WHEN true THEN `, "1", " END"),
		"closers first":          "SELECT " + nest(1500, "(", "1", ")") + strings.Repeat(")", 1500),
		"signs":                  "SELECT " + nest(140, "("+strings.Repeat("+-", 31), "1", ")"),
		"signs behind operators": "SELECT 1" + strings.Repeat("*"+strings.Repeat("-+", 30)+"1", 900),
		"exists":                 "SELECT " + nest(1200, "EXISTS(SELECT ')' WHERE ", "true", ")"),
		"from":                   "SELECT 1 FROM " + nest(2000, "(SELECT ')' FROM ", "orders", ") x"),
		"with":                   "SELECT 1 WHERE " + nest(1000, "1 IN (WITH x AS (SELECT ')') SELECT 1 WHERE ", "true", ")"),
		"filter":                 "SELECT " + nest(2000, "count(*)FILTER(WHERE ')'=", "1", ")"),
		"json":                   "SELECT " + nest(1500, "JSON_OBJECT(')':", "1", ")"),
		"cast":                   "SELECT " + nest(2500, "CAST(", "1", ` AS ")")`),
	}
	// As deep as the limits let it be, with the widest parts of the tree.
	for name, open := range map[string]string{
		"exists": "NOT EXISTS(SELECT 1 WHERE ", "from": "(SELECT 1 FROM ", "in": "NOT 1 IN (SELECT 1 WHERE ", "function": "abs(", "filter": "count(*)FILTER(WHERE ", "over": "sum(1)OVER(ORDER BY ",
		"case": "CASE WHEN true THEN ", "array": "ARRAY[", "row": "ROW(", "cast": "CAST(", "json": "JSON_OBJECT('a':", "not": "NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT (", "coalesce": "COALESCE(",
		"with": "1 IN (WITH x AS (SELECT 1) SELECT 1 WHERE ", "lateral": "(SELECT 1 FROM orders o,LATERAL ", "union": "(SELECT 1 UNION SELECT 1 FROM ", "join": "(orders CROSS JOIN ", "window": "(SELECT 1 WINDOW w AS (ORDER BY 1) ORDER BY ",
	} {
		end := map[string]string{"from": ") x", "lateral": ") x", "case": " END", "array": "]", "cast": " AS int)", "union": ") x"}[name]
		if end == "" {
			end = ")"
		}
		core, start := "1"+strings.Repeat(" + 1", 300), "SELECT "
		switch name {
		case "from", "lateral", "union", "join":
			core, start = "(SELECT "+core+") x", "SELECT 1 FROM "
		}
		out["limit of "+name] = start + nest(maxNesting-2, open, core, end)
		out["limit of "+name+" and NOT"] = start + nest(maxNesting-2, open, strings.Replace(core, "1 +", strings.Repeat("NOT ", 60)+"1 +", 1), end)
	}
	chain := strings.Repeat("NOT ", 13)
	out["limit of both"] = "SELECT " + nest(maxNesting-1, chain+"EXISTS(SELECT 1 WHERE ", "true", ")")
	out["limit of chains"] = "SELECT " + nest(maxNesting-1, "1"+strings.Repeat("+1", 6)+"+(", "1", ")"+strings.Repeat("*1", 6))
	return out
}

func TestNothingDeepReachesTheParser(t *testing.T) {
	t.Parallel()
	passed := 0
	for name, sql := range deep() {
		if len(sql) > maxLength || checkText(sql) != nil {
			continue
		}
		passed++
		_, err := parseTree(sql)
		require.False(t, errors.Is(err, errTrap), "%s broke the parser", name)
	}
	require.Greater(t, passed, 20, "the limits leave room for what is at them")
	for _, name := range []string{"not in parentheses", "quoted closer", "not in calls", "escaped quote", "continued escapes", "dollar quote", "comment", "case and field end", "case and quoted end", "signs behind operators", "exists", "from"} {
		require.NotNil(t, checkText(deep()[name]), name)
	}
	for _, sql := range []string{ // closers in literals, and many CASEs one after the other
		"SELECT ':-(', '(((' || $x$((($x$, \"(((\" /* ((( */ FROM orders -- (((", "SELECT '" + strings.Repeat("(", 1000) + "'", "SELECT '" + strings.Repeat("a-b = c not in d, ", 2000) + "'",
		"SELECT " + strings.Repeat("sum(CASE WHEN status = 'a' THEN 1 ELSE 0 END), ", 400) + "1", "SELECT " + strings.Repeat("CASE WHEN a THEN CASE WHEN b THEN 1 END END, ", 300) + "1",
		"SELECT 1 WHERE true" + strings.Repeat(" AND NOT (a IS NULL)", 600), "SELECT a ->> 'x'" + strings.Repeat(", a -> 'b' ->> 'c'", 400),
	} {
		require.Nil(t, checkText(sql), sql[:40])
	}
}

// What is blanked is what PostgreSQL takes for literals and comments.
func TestBlank(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		`a 'b' c`: `a _ c`, `'it''s' c`: `_ c`, `'\' c`: `_ c`, `E'\'' c`: `E _ c`, `e'\\' c`: `e _ c`, `te'\' c`: `te _ c`, `E'a'` + "\n" + `'\'b' c`: `E _ c`, `E'a' '\' c`: `E _ _ c`, "'a' -- '\n 'b' c": `_ c`,
		`"a""b" c`: `_ _ c`, `$$ ' $$ c`: `_ c`, `$a$ $$ $b$ $a$ c`: `_ c`, `a$b$ c`: `a$b$ c`, `1$b$ x $b$ c`: `1 _ c`, `$1 c`: `$1 c`, `/* /* */ ' */ c`: `c`, `a --b` + "\n" + `c`: `a c`, `a - -b`: `a - -b`, `'open`: `_`, `/* open`: ``, `$a$ open`: `_`, `U&'\0027' c`: `U& _ c`,
		`1+/*)*/2`: `1+ 2`, `N'x'y`: `N _ y`,
	} {
		require.Equal(t, want, strings.Join(strings.Fields(blank(sql)), " "), sql)
	}
}

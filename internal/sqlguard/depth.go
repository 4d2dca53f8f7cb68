package sqlguard

import "strings"

// chaining are the words that make a tree deeper without a parenthesis.
var chaining = map[string]bool{"join": true, "union": true, "except": true, "intersect": true, "collate": true, "is": true, "not": true,
	"isnull": true, "notnull": true, "at": true, "like": true, "ilike": true, "similar": true, "between": true, "in": true, "operator": true}

// operators is an upper bound of the operators and chaining words of a text
// that was blanked.
func operators(sql string) (n int) {
	for i := 0; i < len(sql); i++ {
		end := i
		switch {
		case isWord(sql[i]):
			for end < len(sql) && isWord(sql[end]) {
				end++
			}
			if chaining[strings.ToLower(sql[i:end])] {
				n++
			}
		case isOperator(sql[i]) || sql[i] == ':':
			signs := 0
			for end < len(sql) && (isOperator(sql[end]) || sql[end] == ':') {
				if sql[end] == '+' || sql[end] == '-' {
					signs++ // each may be an operator of its own: 1 *-+-+ 2
				}
				end++
			}
			n += max(signs, 1)
			if signs > 0 && signs < end-i {
				n++
			}
		default:
			continue
		}
		i = end - 1
	}
	return n
}

func isOperator(c byte) bool { return strings.IndexByte("+-~!@#%^&|`*/<>=?", c) >= 0 }

// nesting is an upper bound of how deep parentheses, brackets, CASE and runs
// of prefix operators go in a text that was blanked.
func nesting(sql string) int {
	var outer []int // the CASEs that are open outside of each open parenthesis
	cases, total, deepest, run := 0, 0, 0, 0
	label := false // after a point, where every word is a name
	for i := 0; i < len(sql); i++ {
		c := sql[i]
		switch {
		case isSpace(c):
			continue
		case c == '(' || c == '[':
			outer, cases, total, run = append(outer, cases), 0, total+1, 0
		case c == ')' || c == ']':
			total, cases, run = total-cases, 0, 0
			if n := len(outer); n > 0 {
				cases, outer, total = outer[n-1], outer[:n-1], total-1
			}
		case isWord(c):
			end := i
			for end < len(sql) && isWord(sql[end]) {
				end++
			}
			word := strings.ToLower(sql[i:end])
			i = end - 1
			switch {
			case word == "not":
				run++
			case word == "case" && !label:
				cases, total, run = cases+1, total+1, 0
			case word == "end" && !label && cases > 0:
				// Here nothing else can be called so: a CASE that is open at this
				// level leaves room for expressions only.
				cases, total, run = cases-1, total-1, 0
			default:
				run = 0
			}
		case isOperator(c):
			run++
		default:
			run = 0
		}
		label = c == '.'
		if deepest = max(deepest, total); run > maxPrefixRun {
			return maxNesting + run
		}
	}
	return deepest
}

// blank replaces literals, quoted names and comments, in which nothing nests.
func blank(sql string) string {
	var b strings.Builder
	b.Grow(len(sql))
	scan(sql, func(plain string) { b.WriteString(plain) }, func(_ int, comment bool) {
		if comment {
			b.WriteByte(' ')
		} else {
			b.WriteString(" _ ")
		}
	})
	return b.String()
}

// scan tells literals, quoted names and comments, by their length, from the rest
// of a text, under PostgreSQL's rules of their ends (scan.l) with
// standard_conforming_strings. Where these find an error the parser stops.
func scan(sql string, plain func(text string), opaque func(length int, comment bool)) {
	for i := 0; i < len(sql); {
		from := i
		switch c := sql[i]; {
		case strings.HasPrefix(sql[i:], "--"):
			i = endOfLine(sql, i)
			opaque(i-from, true)
		case strings.HasPrefix(sql[i:], "/*"):
			i = endOfComment(sql, i)
			opaque(i-from, true)
		case c == '"':
			i = endOfQuote(sql, i+1, '"', false)
			opaque(i-from, false)
		case c == '\'':
			i = endOfString(sql, i, false)
			opaque(i-from, false)
		case c == '$':
			tag := dollarTag(sql[i:])
			if tag == "" {
				i++
				plain(sql[from:i])
				continue
			}
			if at := strings.Index(sql[i+len(tag):], tag); at >= 0 {
				i += at + 2*len(tag)
			} else {
				i = len(sql)
			}
			opaque(i-from, false)
		case isWord(c):
			for i < len(sql) && (isWord(sql[i]) || sql[i] == '$' && !isDigit(c)) {
				i++
			}
			plain(sql[from:i])
			if strings.EqualFold(sql[from:i], "e") && i < len(sql) && sql[i] == '\'' {
				from = i
				i = endOfString(sql, i, true)
				opaque(i-from, false)
			}
		default:
			i++
			plain(sql[from:i])
		}
	}
}

func endOfLine(sql string, i int) int {
	for i < len(sql) && sql[i] != '\n' && sql[i] != '\r' {
		i++
	}
	return i
}

// endOfComment is the end of a comment, within which others may stand.
func endOfComment(sql string, i int) int {
	for depth := 0; i < len(sql); {
		switch {
		case strings.HasPrefix(sql[i:], "/*"):
			depth, i = depth+1, i+2
		case strings.HasPrefix(sql[i:], "*/"):
			depth, i = depth-1, i+2
		default:
			i++
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// endOfQuote is the place after the quote that ends what starts at i. A doubled
// quote, which does not end it, is taken for the start of another.
func endOfQuote(sql string, i int, quote byte, escapes bool) int {
	for ; i < len(sql); i++ {
		switch {
		case sql[i] == quote:
			return i + 1
		case sql[i] == '\\' && escapes:
			i++
		}
	}
	return len(sql)
}

// endOfString is the end of the string whose quote is at i, and of its
// continuations: strings that only space with an end of line separates are one,
// and escapes mean in all what they mean in the first.
func endOfString(sql string, i int, escapes bool) int {
	for {
		i = endOfQuote(sql, i+1, '\'', escapes)
		if i < len(sql) && sql[i] == '\'' { // doubled
			continue
		}
		next, lines := i, false
		for next < len(sql) {
			if strings.HasPrefix(sql[next:], "--") {
				next = endOfLine(sql, next)
			} else if isSpace(sql[next]) || sql[next] == '\v' {
				lines = lines || sql[next] == '\n' || sql[next] == '\r'
				next++
			} else {
				break
			}
		}
		if !lines || next >= len(sql) || sql[next] != '\'' {
			return i
		}
		i = next
	}
}

// dollarTag is the "$tag$" that a text starts with, "" if it starts with none.
func dollarTag(sql string) string {
	for i := 1; i < len(sql); i++ {
		switch c := sql[i]; {
		case c == '$':
			return sql[:i+1]
		case !isWord(c) || i == 1 && isDigit(c):
			return ""
		}
	}
	return ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func isWord(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

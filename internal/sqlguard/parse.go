package sqlguard

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	pganalyze "github.com/pganalyze/pg_query_go/v6"
	pgquery "github.com/wasilibs/go-pgquery"
	"github.com/wasilibs/go-pgquery/parser"
)

// Limits on the text itself. They are far above what analytics needs and far
// below what exhausts a parser's stack.
const (
	maxLength  = 64 << 10
	maxNesting = 150
	// maxPrefixRun bounds runs of prefix operators and keywords (NOT NOT …,
	// - - …), which nest without a parenthesis.
	maxPrefixRun = 64
)

// Warm parses a trivial statement: the first parse of a process compiles the
// parser and takes about a second.
func Warm() error {
	if _, err := pgquery.Parse("SELECT 1"); err != nil {
		return fmt.Errorf("warm the PostgreSQL parser: %w", err)
	}
	return nil
}

// parse returns the statements of a text, after looking at what must not even
// reach the parser.
func parse(sql string) (stmts []*pganalyze.RawStmt, refusal *Refusal) {
	if refusal := checkText(sql); refusal != nil {
		return nil, refusal
	}
	defer func() {
		if p := recover(); p != nil {
			stmts, refusal = nil, refuse(CodeTooComplex, "The statement is too complicated to be checked. Write it more simply.")
		}
	}()
	tree, err := pgquery.Parse(sql)
	if err != nil {
		return nil, parseRefusal(sql, err)
	}
	return tree.GetStmts(), nil
}

func parseRefusal(sql string, err error) *Refusal {
	var at *parser.Error
	if errors.As(err, &at) {
		return refuse(CodeParse, "PostgreSQL cannot read this statement: %s%s.", at.Message, position(sql, at.Cursorpos))
	}
	return refuse(CodeParse, "PostgreSQL cannot read this statement: %s.", err.Error())
}

// position says where in the text an error is; cursor counts characters from 1.
func position(sql string, cursor int) string {
	if cursor <= 0 {
		return ""
	}
	runes := []rune(sql)
	at := min(cursor-1, len(runes))
	line := 1 + strings.Count(string(runes[:at]), "\n")
	return fmt.Sprintf(" (line %d, character %d)", line, cursor)
}

func checkText(sql string) *Refusal {
	switch {
	case strings.TrimSpace(sql) == "":
		return refuse(CodeParse, "There is no statement. Write one SELECT.")
	case len(sql) > maxLength:
		return refuse(CodeTooLong, "The statement is %d bytes long; the limit is %d. Write it shorter.", len(sql), maxLength)
	case !utf8.ValidString(sql):
		return refuse(CodeParse, "The statement is not valid UTF-8.")
	}
	for _, r := range sql {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' || r == 0x7f {
			return refuse(CodeParse, "The statement holds the control character U+%04X. Remove it.", r)
		}
	}
	if nesting(sql) > maxNesting {
		return refuse(CodeTooComplex, "The statement nests more than %d levels deep. Write it flatter, with WITH.", maxNesting)
	}
	return nil
}

// nesting is an upper bound of how deep parentheses, brackets, CASE and runs
// of prefix operators go. It also counts inside literals and comments, which
// only makes it stricter.
func nesting(sql string) int {
	depth, deepest, run := 0, 0, 0
	for i := 0; i < len(sql); i++ {
		switch c := sql[i]; {
		case c == '(' || c == '[':
			depth, run = depth+1, 0
			deepest = max(deepest, depth)
		case c == ')' || c == ']':
			depth, run = max(depth-1, 0), 0
		case isSpace(c):
		case isWord(c):
			end := i
			for end < len(sql) && isWord(sql[end]) {
				end++
			}
			switch word := sql[i:end]; {
			case strings.EqualFold(word, "case"):
				depth, run = depth+1, 0
			case strings.EqualFold(word, "end"):
				depth, run = max(depth-1, 0), 0
			case strings.EqualFold(word, "not"):
				run++
			default:
				run = 0
			}
			deepest = max(deepest, depth)
			i = end - 1
		case strings.IndexByte("+-~!@#%^&|*/<>=?", c) >= 0:
			run++
		default:
			run = 0
		}
		if run > maxPrefixRun {
			return maxNesting + run
		}
	}
	return deepest
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

package sqlguard

import (
	"container/list"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
	_ "unsafe" // for go:linkname

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
	// maxOperators bounds what chains without nesting in the text (1 + 1 + …,
	// a JOIN b JOIN …) and nests in the tree. The parser's stack holds 3,000.
	maxOperators = 2000
)

// Warm parses a trivial statement: the first parse of a process compiles the
// parser and takes about a second.
func Warm() error {
	if _, err := parseTree("SELECT 1"); err != nil {
		return fmt.Errorf("warm the PostgreSQL parser: %w", err)
	}
	return nil
}

// parsing makes one parse follow another. There is then one instance of the
// parser in the process (each takes a second to make), and the one that a trap
// has left broken cannot be in anybody else's hands.
var parsing sync.Mutex

// parse returns the statements of a text, after looking at what must not even
// reach the parser.
func parse(sql string) (stmts []*pganalyze.RawStmt, refusal *Refusal) {
	if refusal := checkText(sql); refusal != nil {
		return nil, refusal
	}
	tree, err := parseTree(sql)
	switch {
	case errors.Is(err, errTrap):
		return nil, refuse(CodeTooComplex, "The statement is too complicated to be checked. Write it more simply.")
	case err != nil:
		return nil, parseRefusal(sql, err)
	}
	return tree.GetStmts(), nil
}

// errTrap says that the parser broke, such as by running out of its stack.
var errTrap = errors.New("the parser broke")

// parseTree asks the parser. The library keeps an instance that has trapped
// and uses it again, though its memory is not what it should be: it then takes
// good statements for bad ones, or never returns. Such an instance is dropped.
func parseTree(sql string) (tree *pganalyze.ParseResult, err error) {
	parsing.Lock()
	defer parsing.Unlock()
	defer func() {
		if p := recover(); p != nil {
			instances.Init()
			tree, err = nil, errTrap
		}
	}()
	return pgquery.Parse(sql)
}

// instances are the library's idle instances. Nobody else touches them while
// parsing is locked.
//
//go:linkname instances github.com/wasilibs/go-pgquery/parser.abiPool
var instances *list.List

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
	if operators(sql) > maxOperators {
		return refuse(CodeTooComplex, "The statement has more than %d operators and joins. Write it more simply.", maxOperators)
	}
	return nil
}

// chaining are the words that make a tree deeper without a parenthesis.
var chaining = map[string]bool{"join": true, "union": true, "except": true, "intersect": true, "collate": true, "is": true,
	"isnull": true, "notnull": true, "at": true, "like": true, "ilike": true, "similar": true, "between": true, "in": true, "operator": true}

// operators counts runs of operator characters and the words that chain. It
// also counts inside literals and comments, which only makes it stricter.
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
			for end < len(sql) && (isOperator(sql[end]) || sql[end] == ':') {
				end++
			}
			n++
		default:
			continue
		}
		i = end - 1
	}
	return n
}

func isOperator(c byte) bool { return strings.IndexByte("+-~!@#%^&|*/<>=?", c) >= 0 }

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
		case isOperator(c):
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

package sqlguard

import (
	"container/list"
	"errors"
	"fmt"
	"runtime/debug"
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
// parser, which takes about a second and 200 MB, given back at once.
func Warm() error {
	if _, err := parseTree("SELECT 1"); err != nil {
		return fmt.Errorf("warm the PostgreSQL parser: %w", err)
	}
	debug.FreeOSMemory()
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
		return refuse(CodeParse, "PostgreSQL cannot read this statement: %s.", at.Message).at(byteOf(sql, at.Cursorpos))
	}
	return refuse(CodeParse, "PostgreSQL cannot read this statement: %s.", err.Error())
}

// byteOf is the byte at which a character stands, -1 for none; cursor counts
// characters from 1.
func byteOf(sql string, cursor int) int {
	if cursor <= 0 {
		return -1
	}
	runes := []rune(sql)
	return len(string(runes[:min(cursor-1, len(runes))]))
}

// located says in words where in the text a statement cannot be read.
func (r *Refusal) located(sql string) *Refusal {
	if r.Code() != CodeParse || r.place == 0 {
		return r
	}
	before := sql[:min(r.Position(), len(sql))]
	return refuse(CodeParse, "%s (line %d, character %d).", strings.TrimSuffix(r.Reason(), "."),
		1+strings.Count(before, "\n"), 1+utf8.RuneCountInString(before)).at(r.Position())
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
	bare := blank(sql)
	if nesting(bare) > maxNesting {
		return refuse(CodeTooComplex, "The statement nests more than %d levels deep. Write it flatter, with WITH.", maxNesting)
	}
	if operators(bare) > maxOperators {
		return refuse(CodeTooComplex, "The statement has more than %d operators and joins. Write it more simply.", maxOperators)
	}
	return nil
}

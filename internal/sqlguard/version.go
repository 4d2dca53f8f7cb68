package sqlguard

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// syntaxSince is the major version of PostgreSQL that has the syntax of a node.
// To an older one the same text calls a function of the name, which may be the
// database's own.
var syntaxSince = map[protoreflect.Name]int{
	"JsonIsPredicate": 16, "JsonObjectConstructor": 16, "JsonArrayConstructor": 16, "JsonArrayQueryConstructor": 16, "JsonObjectAgg": 16, "JsonArrayAgg": 16,
	"JsonFuncExpr": 17, "JsonParseExpr": 17, "JsonScalarExpr": 17, "JsonSerializeExpr": 17,
}

// standardJSON are the names that this syntax spells.
var standardJSON = []string{"json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg", "json_query", "json_scalar", "json_serialize", "json_value"}

// byGrammar are functions whose call the grammar turns into one of
// pg_catalog's, and the version since which it does: JSON_OBJECT('a', 'b').
var byGrammar = map[string]int{"json_object": 16, "normalize": 13, "is_normalized": 13}

// majorVersion reads "17.2 (Debian 17.2-1)"; 0 is unknown.
func majorVersion(version string) int {
	digits := len(version) - len(strings.TrimLeft(version, "0123456789"))
	major, err := strconv.Atoi(version[:digits])
	if err != nil {
		return 0
	}
	return major
}

// checkSyntax refuses syntax that the server may read as a call.
func (ix *index) checkSyntax(m protoreflect.Message) *Refusal {
	since := syntaxSince[m.Descriptor().Name()]
	if since == 0 {
		return nil
	}
	if ix.version < since {
		return refuse(CodeSyntaxRefused, "The SQL standard's JSON syntax needs PostgreSQL %d here. Use the jsonb operators and functions.", since)
	}
	for _, name := range standardJSON {
		if own, taken := ix.routines[name]; taken {
			return refuse(CodeFunctionRefused, "The database has its own function %s, which the SQL standard's JSON syntax could mean. Use the jsonb operators and functions.", quoteName(own.Schema, own.Name))
		}
	}
	return nil
}

package sqlguard

import (
	"strings"

	"github.com/datamind/datamind/models"
)

// Setting is a session parameter and its value.
type Setting struct{ Name, Value string }

// SearchPath is the search_path under which a checked statement means what the
// guard took it to mean: the built-in catalogue first, then the catalog's
// schemas in order, and temporary objects last.
func SearchPath(cat *models.Catalog) string {
	parts := make([]string, 0, len(cat.Schemas)+2)
	parts = append(parts, "pg_catalog")
	for _, s := range cat.Schemas {
		parts = append(parts, `"`+strings.ReplaceAll(s, `"`, `""`)+`"`)
	}
	return strings.Join(append(parts, "pg_temp"), ", ")
}

// PinnedSettings are the session parameters that the guard's reading of a
// statement depends on. A session that runs an Approved sets them first.
func PinnedSettings(cat *models.Catalog) []Setting {
	return []Setting{
		{"search_path", SearchPath(cat)},
		{"client_encoding", "UTF8"},
		{"standard_conforming_strings", "on"},
		{"backslash_quote", "safe_encoding"},
		{"transform_null_equals", "off"},
		{"row_security", "on"},
		{"default_transaction_read_only", "on"},
	}
}

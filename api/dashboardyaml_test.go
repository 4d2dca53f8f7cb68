package api

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever somebody sends, reading it takes about as much as reading a dashboard.
func TestNoYAMLTakesTheServerDown(t *testing.T) {
	stairs := ""
	for i := range 600 {
		stairs += strings.Repeat(" ", i) + "a:\n"
	}
	for _, unit := range []string{"[a,", "{a: ", "[[a],", "a: a: ", "- ", "? ", strings.Repeat("[", 20) + strings.Repeat("a,", 100) + "\n", "a: b\n", "- a\n", "[],", "[a],\n",
		"\"a\" ", "&a ", "*a ", "!a ", "# a\n", "\t", " \n", "---\n", "'", "\"", "a,\n", ":", ":\n", "a\n\n", ">\n", "- - - -\n", stairs} {
		for _, before := range []string{"", "tiles: ", "tiles:\n- sql: [", "x: |\n"} {
			text := before + strings.Repeat(unit, 200_000/len(unit))
			var begun, ended runtime.MemStats
			runtime.ReadMemStats(&begun)
			_, _, err := readYAML(text)
			runtime.ReadMemStats(&ended)
			require.Error(t, err)
			require.Less(t, (ended.TotalAlloc-begun.TotalAlloc)>>20, uint64(400), "MB for %q and many %.20q", before, unit)
		}
	}
}

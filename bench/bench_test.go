// Package bench measures whole processes and prints tables. Figures that are
// compared with each other come from one run, taken in turns. In the tests it
// runs with tiny counts, to see that it works; no test asserts a time.
package bench

import (
	"cmp"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/testkit"
)

var (
	full  = flag.Bool("full", false, "measure with full counts")
	write = flag.Bool("write", false, "write the tables to docs/benchmarks.md")
)

func TestMain(m *testing.M) {
	if os.Getenv(bareEnv) != "" {
		bareWorker() // this program is also the worker of the bare workflow
		return
	}
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 1000 // a client of many, as many browsers are
	os.Exit(m.Run())
}

// count is how often something is done: n in a measurement, few in a test.
func count(n, few int) int {
	if *full {
		return n
	}
	return few
}

// table is one table of the report.
type table struct {
	name   string // of its place in docs/benchmarks.md
	header []string
	rows   [][]string
}

func (t *table) add(cells ...any) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		switch v := cell.(type) {
		case time.Duration:
			row[i] = inWords(v)
		case float64:
			row[i] = fmt.Sprintf("%.2f", v)
		default:
			row[i] = fmt.Sprint(v)
		}
	}
	t.rows = append(t.rows, row)
}

// inWords gives three digits or so.
func inWords(d time.Duration) string {
	switch ms := float64(d.Microseconds()) / 1000; {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 10_000:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

func (t *table) markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.header)
	line(slices.Repeat([]string{"---"}, len(t.header)))
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

// publish prints the table, and writes it to its place in the document where
// that is asked for.
func (t *table) publish(tb testing.TB) {
	tb.Helper()
	text := t.markdown() + "\n" + conditions(tb) + "\n"
	fmt.Printf("\n%s\n%s\n", t.name, text)
	if !*write {
		return
	}
	file := filepath.Join(testkit.Root(tb), "docs", "benchmarks.md")
	raw, err := os.ReadFile(file)
	require.NoError(tb, err)
	begin, end := "<!-- "+t.name+" -->\n", "<!-- /"+t.name+" -->"
	before, rest, ok := strings.Cut(string(raw), begin)
	require.True(tb, ok, "no place for %s in %s", t.name, file)
	_, after, ok := strings.Cut(rest, end)
	require.True(tb, ok, "no end of %s in %s", t.name, file)
	require.NoError(tb, os.WriteFile(file, []byte(before+begin+text+end+after), 0o644))
}

// conditions say what a table was measured on and of.
func conditions(tb testing.TB) string {
	tb.Helper()
	commit := func() string {
		cmd := exec.CommandContext(tb.Context(), "git", "rev-parse", "--short", "HEAD")
		out, _ := cmd.Output() // not a clone: then without
		return strings.TrimSpace(string(out))
	}()
	field := func(file, key string) string {
		raw, _ := os.ReadFile(file) // not Linux: then without
		_, rest, _ := strings.Cut(string(raw), key)
		value, _, _ := strings.Cut(rest, "\n")
		return strings.Trim(value, " \t:")
	}
	kib, _ := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal:"), " kB"), 10, 64)
	return fmt.Sprintf("`make bench BENCH=%s`, commit %s, %s: %d cores of %s, %.0f GiB.", strings.Split(tb.Name(), "/")[0], commit,
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), cmp.Or(field("/proc/cpuinfo", "model name"), runtime.GOARCH), float64(kib)/(1<<20))
}

// times are measured durations.
type times []time.Duration

// at is a quantile, q from 0 to 1; it sorts.
func (t times) at(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	slices.Sort(t)
	return t[min(int(q*float64(len(t))), len(t)-1)]
}

func (t times) p50() time.Duration { return t.at(0.5) }
func (t times) p95() time.Duration { return t.at(0.95) }

// ratio is 0 where there is nothing to divide by.
func ratio[T time.Duration | float64](a, b T) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

package chaos

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// row of the table: the sum of a fault's repetitions.
type row struct {
	name        string
	repetitions int
	failed      bool
	findings
}

// sheet is the table by fault.
var sheet report

type report struct {
	mu   sync.Mutex
	rows []*row
}

// row finds or makes a fault's row; the lock is held.
func (r *report) row(name string) *row {
	i := slices.IndexFunc(r.rows, func(row *row) bool { return row.name == name })
	if i < 0 {
		i, r.rows = len(r.rows), append(r.rows, &row{name: name})
	}
	return r.rows[i]
}

// fail says that a repetition of a fault went wrong.
func (r *report) fail(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.row(name).failed = true
}

func (r *report) add(name string, f *findings) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := r.row(name)
	sum.repetitions++
	sum.questions += f.questions
	sum.lost += f.lost
	sum.doubled += f.doubled
	sum.stuck += f.stuck
	sum.wrong += f.wrong
	sum.orphans += f.orphans
	sum.leaked += f.leaked
	sum.replay += f.replay
	sum.extraCalls += f.extraCalls
	sum.extraQueries += f.extraQueries
	sum.slowest = max(sum.slowest, f.slowest)
	sum.drained, sum.outage = max(sum.drained, f.drained), max(sum.outage, f.outage)
}

const tableHead = "| fault | repetitions | questions | lost | doubled | stuck | wrong end | orphaned rows | leaked sessions, locks | replay errors | calls made again | queries run again | slowest end after the fault | drained / outage | measured |\n" +
	"|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n"

// line writes a row in Markdown.
func (s *row) line(measured string) string {
	drained := "–"
	if s.outage > 0 {
		drained = fmt.Sprintf("%.1f s / %.0f s", s.drained.Seconds(), s.outage.Seconds())
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %.1f s | %s | %s |\n", s.name, s.repetitions, s.questions, s.lost, s.doubled,
		s.stuck, s.wrong, s.orphans, s.leaked, s.replay, s.extraCalls, s.extraQueries, max(0, s.slowest.Seconds()), drained, measured)
}

// table writes what was measured in Markdown; "" where nothing was.
func (r *report) table() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) == 0 {
		return ""
	}
	slices.SortFunc(r.rows, func(a, b *row) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	b.WriteString(tableHead)
	for _, s := range r.rows {
		measured := "passed"
		if s.failed {
			measured = "FAILED"
		}
		b.WriteString(s.line(measured))
	}
	return b.String()
}

// The markers between which a document's table stands.
const (
	tableBegin = "<!-- chaos: begin -->"
	tableEnd   = "<!-- chaos: end -->"
)

// writeTo puts the rows of faults that passed into a document's table. Other
// rows stay as they were: a fault can be measured by itself.
func (r *report) writeTo(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(raw), tableBegin)
	table, after, closed := strings.Cut(rest, tableEnd)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table", path)
	}
	lines := map[string]string{}
	_, table, _ = strings.Cut(table, tableHead)
	for line := range strings.Lines(table) {
		if name, _, isRow := strings.Cut(strings.TrimPrefix(line, "| "), " |"); isRow {
			lines[name] = line
		}
	}
	measured := fmt.Sprintf("%s, seed %d, %s", time.Now().Format(time.DateOnly), *seed, commit())
	for _, s := range r.rows {
		if !s.failed {
			lines[s.name] = s.line(measured)
		}
	}
	var b strings.Builder
	b.WriteString(tableHead)
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		b.WriteString(lines[name])
	}
	head := fmt.Sprintf("%d faults, by `make chaos` on %s.", len(lines), machine())
	return os.WriteFile(path, []byte(before+tableBegin+"\n"+head+"\n\n"+b.String()+tableEnd+after), 0o644)
}

// commit names the sources that were measured. The documents are not of them: each
// fault writes its rows there.
func commit() string {
	out, err := exec.Command("git", "describe", "--always").Output()
	if err != nil {
		return "no commit"
	}
	name := strings.TrimSpace(string(out))
	if exec.Command("git", "diff", "--quiet", "HEAD", "--", ":/", ":!/docs").Run() != nil {
		name += "-dirty"
	}
	return name
}

// machine says on what was measured.
func machine() string {
	text := fmt.Sprintf("%d cores", runtime.NumCPU())
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(raw), "model name"); ok {
			name, _, _ := strings.Cut(rest, "\n")
			text += " (" + strings.TrimSpace(strings.TrimLeft(name, "\t :")) + ")"
		}
	}
	if raw, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int64
		if _, err := fmt.Sscanf(string(raw), "MemTotal: %d kB", &kib); err == nil {
			text += fmt.Sprintf(", %d GiB", (kib+1<<19)>>20)
		}
	}
	return text
}

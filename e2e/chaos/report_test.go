package chaos

import (
	"fmt"
	"os"
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
	findings
}

// sheet is the table by fault.
var sheet report

type report struct {
	mu   sync.Mutex
	rows []*row
}

func (r *report) add(name string, f *findings) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.rows, func(row *row) bool { return row.name == name })
	if i < 0 {
		i, r.rows = len(r.rows), append(r.rows, &row{name: name})
	}
	sum := r.rows[i]
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

// table writes the table in Markdown; "" where nothing was measured.
func (r *report) table() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| fault | repetitions | questions | lost | doubled | stuck | wrong end | orphaned rows | leaked sessions, locks | replay errors | calls made again | queries run again | slowest end after the fault | drained / outage |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	slices.SortFunc(r.rows, func(a, b *row) int { return strings.Compare(a.name, b.name) })
	for _, s := range r.rows {
		drained := "–"
		if s.outage > 0 {
			drained = fmt.Sprintf("%.1f s / %.0f s", s.drained.Seconds(), s.outage.Seconds())
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %.1f s | %s |\n", s.name, s.repetitions, s.questions, s.lost, s.doubled,
			s.stuck, s.wrong, s.orphans, s.leaked, s.replay, s.extraCalls, s.extraQueries, max(0, s.slowest.Seconds()), drained)
	}
	return b.String()
}

// The markers between which a document's table stands.
const (
	tableBegin = "<!-- chaos: begin -->"
	tableEnd   = "<!-- chaos: end -->"
)

// writeTo replaces the table of a document.
func (r *report) writeTo(path string, took time.Duration) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(raw), tableBegin)
	_, after, closed := strings.Cut(rest, tableEnd)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table", path)
	}
	head := fmt.Sprintf("`%s` on %s: seed %d, %s, %s.", command(), time.Now().Format(time.DateOnly), *seed, machine(), took.Round(time.Second))
	return os.WriteFile(path, []byte(before+tableBegin+"\n"+head+"\n\n"+r.table()+tableEnd+after), 0o644)
}

func command() string {
	if *reps > 0 {
		return fmt.Sprintf("make chaos SEED=%d REPS=%d", *seed, *reps)
	}
	return fmt.Sprintf("make chaos SEED=%d", *seed)
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

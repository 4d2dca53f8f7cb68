package chaos

import (
	"bytes"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// serverLog is the log of the customer's PostgreSQL: what it really ran.
type serverLog struct {
	mu  sync.Mutex
	raw bytes.Buffer
}

// Write implements io.Writer.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.raw.Write(p)
}

func (l *serverLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.raw.String()
}

// execution is one run of a question's SQL to its end.
type execution struct {
	label      string // q17, or q17r2 for the SQL of run 2
	start, end time.Time
}

// finished is a statement that ran to its end: when, for how long, and its label.
var finished = regexp.MustCompile(`(?m)^(\d+)\.(\d+)\|\d+\|datamind/[^|]*\| LOG:  duration: ([0-9.]+) ms  execute <unnamed>: SELECT .* AS (q\d+(?:r\d+)?)\b`)

// executions are the questions' statements that ran to their end.
func (l *serverLog) executions() map[string][]execution {
	all := map[string][]execution{}
	for _, m := range finished.FindAllStringSubmatch(l.text(), -1) {
		seconds, _ := strconv.ParseInt(m[1], 10, 64) // digits by the expression
		millis, _ := strconv.ParseInt((m[2] + "000")[:3], 10, 64)
		took, _ := strconv.ParseFloat(m[3], 64)
		end := time.UnixMilli(seconds*1000 + millis)
		all[m[4]] = append(all[m[4]], execution{label: m[4], start: end.Add(-time.Duration(took * float64(time.Millisecond))), end: end})
	}
	return all
}

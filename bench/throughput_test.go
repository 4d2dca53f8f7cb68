package bench

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/datamind/datamind/e2e/system"
)

// TestThroughput keeps questions in flight for a while, then as many bare
// workflows, in turns.
func TestThroughput(t *testing.T) {
	throughput(t, measured(t, system.Options{Model: true, Workers: layout, Rules: quick}))
}

func throughput(t *testing.T, s *system.System) {
	d := ask(t, s.Owner, "how many orders?")
	b := startBare(t, s, d.id, layout)
	inFlight, turn := count(50, 2), 10*time.Second
	if !*full {
		turn = 300 * time.Millisecond
	}
	people := s.Members(inFlight) // a person may have 20 sockets at most
	var questions, bares int
	var waits, bareWaits times
	var spent, bareSpent time.Duration
	for range count(2, 1) {
		took, all := keep(inFlight, turn, func(i int) time.Duration { return ask(t, people[i], "how many orders?").wall })
		questions, waits, spent = questions+len(all), append(waits, all...), spent+took
		s.Model.Forget()
		took, all = keep(inFlight, turn, func(int) time.Duration { return b.run(t) })
		bares, bareWaits, bareSpent = bares+len(all), append(bareWaits, all...), bareSpent+took
	}
	perSecond := func(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }
	out := table{name: "throughput", header: []string{fmt.Sprint(inFlight, " in flight"), "a second", "p50", "p95", "of bare"}}
	bareRate := perSecond(bares, bareSpent)
	out.add("questions, each followed over a socket", perSecond(questions, spent), waits.p50(), waits.p95(), ratio(perSecond(questions, spent), bareRate))
	out.add("bare workflows", bareRate, bareWaits.p50(), bareWaits.p95(), 1.0)
	out.publish(t)
}

// keep has f run n times at once for a while, and lets those under way end.
func keep(n int, long time.Duration, f func(i int) time.Duration) (took time.Duration, all times) {
	var mu sync.Mutex
	begun := time.Now()
	sideBySide(n, n, func(i int) {
		for time.Since(begun) < long {
			one := f(i)
			mu.Lock()
			all = append(all, one)
			mu.Unlock()
		}
	})
	return time.Since(begun), all
}

package bench

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// TestWaiting has many people with open pages, and many questions that wait
// for a slow model at the same time.
func TestWaiting(t *testing.T) {
	// One process takes all of the calls, so that all wait for the model.
	waiting(t, measured(t, system.Options{Model: true, Workers: layout, WorkerEnv: []string{"DATAMIND_MODEL_CONCURRENCY=500"}}), 250, 5*time.Second)
}

// Of each person: sockets that the API allows them, and questions under way.
const (
	socketsEach = 20
	asksEach    = 2
)

func waiting(t *testing.T, s *system.System, persons int, delay time.Duration) {
	people := s.Members(persons)
	s.Model.Load(llmtest.Script{Rules: []llmtest.Rule{{Kind: llmtest.KindPlan, Plan: []byte(`{"status": "clarify", "text": "Which orders?", "choices": ["all"]}`)}}})
	used := func(p ...*system.Process) (sum int64) {
		for _, one := range p {
			sum += memory(t, one.PID())
		}
		return sum
	}
	api, workers := s.APIs[0].Process, s.Workers
	// A question that asks back stays open, and so do the pages on it.
	open := make([]string, persons)
	sideBySide(persons, 50, func(i int) {
		open[i] = people[i].Ask("which ones?")
		people[i].Await(open[i], models.StatusClarify)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := used(api)
	begun := time.Now()
	idle := persons * (socketsEach - asksEach)
	sideBySide(idle, 50, func(i int) { people[i%persons].Watch(ctx, open[i%persons]) })
	opened, perSocket := time.Since(begun), (used(api)-before)/int64(idle)

	s.Model.Load(llmtest.Script{Rules: quick, DelayMs: int(delay.Milliseconds())})
	s.Model.Forget()
	before, beforeWorkers := used(api), used(workers...)
	asks := persons * asksEach
	var mu sync.Mutex
	var first, posted, wall times
	var all sync.WaitGroup
	begun = time.Now()
	sideBySide(asks, 50, func(i int) { // at most 50 requests at a time; then the people wait
		answered := make(chan struct{})
		all.Go(func() {
			a := askThen(t, people[i%persons], "how many orders?", func() { close(answered) })
			mu.Lock()
			defer mu.Unlock()
			first, posted, wall = append(first, a.first), append(posted, a.posted), append(wall, a.wall)
		})
		<-answered
	})
	most := func(calls []llmtest.Call) (now int) {
		for _, c := range calls {
			if !c.Ended() {
				now++
			}
		}
		return now
	}
	peak, peakWorkers, together := used(api), used(workers...), most(s.Model.Calls())
	all.Wait()
	done := time.Since(begun)
	require.Len(t, wall, asks)

	out := table{name: "waiting", header: []string{"what", "figure"}}
	out.add("open sockets", idle+asks)
	out.add("memory of a socket, API", kib(perSocket))
	out.add("opening of a socket, 50 at a time", fmt.Sprintf("%.0f a second", float64(idle)/opened.Seconds()))
	out.add("questions, and those that waited for the model at the same moment", fmt.Sprint(asks, ", ", together))
	out.add("memory of a waiting question, worker", kib((peakWorkers-beforeWorkers)/int64(asks)))
	out.add("memory of a waiting question with its socket, API", kib((peak-before)/int64(asks)))
	out.add("request to its answer: p50, p95", inWords(posted.p50())+", "+inWords(posted.p95()))
	out.add("request to the first event: p50, p95", inWords(first.p50())+", "+inWords(first.p95()))
	out.add("request to the end, two model calls of "+strings.TrimSuffix(inWords(delay), " ms")+" ms in it: p50, p95", inWords(wall.p50())+", "+inWords(wall.p95()))
	out.add("finished", fmt.Sprintf("%d of %d in %s", len(wall), asks, inWords(done)))
	out.publish(t)
}

func kib(bytes int64) string { return fmt.Sprintf("%.0f KiB", float64(bytes)/1024) }

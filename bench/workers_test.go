package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
)

// TestWorkers counts the calls that a slow model gets from 1, 2 and 4 worker
// processes of four calls each, while there is always more to do. Each process
// could make 4 calls in the time of one.
func TestWorkers(t *testing.T) {
	workers(t, measured(t, system.Options{Model: true, Workers: layout, WorkerEnv: []string{fmt.Sprint("DATAMIND_MODEL_CONCURRENCY=", modelCalls)}}), []int{1, 2, 4}, 20*time.Second)
}

// modelCalls is how many calls a worker process makes at once.
const modelCalls = 4

func workers(t *testing.T, s *system.System, processes []int, window time.Duration) {
	const warm = 4
	delay := window / 20
	s.Model.Load(llmtest.Script{Rules: quick, DelayMs: int(delay.Milliseconds())})
	out := table{name: "workers", header: []string{"worker processes", "model calls a second", "of what the model's time allows", "of linear"}}
	var one float64
	for _, n := range processes {
		// All that is to be done is there before anybody works, so that the queue is
		// never empty: each question makes two calls.
		for _, w := range s.Workers {
			w.Kill()
		}
		sideBySide(int(float64(n*modelCalls)*(warm*delay+window).Seconds()/delay.Seconds()/2)+2*n*modelCalls, 20, func(int) { s.Owner.Ask("how many orders?") })
		for _, w := range s.Workers {
			w.Start(system.WorkerReady)
		}
		for len(s.Workers) < n {
			s.AddWorker(layout[0])
		}
		s.Model.Forget()
		require.NoError(t, s.Model.Await(t.Context(), func(calls []llmtest.Call) bool { return len(calls) > 0 }))
		<-time.After(warm * delay)
		from := time.Now()
		<-time.After(window)
		to, ended := time.Now(), 0
		for _, call := range s.Model.Calls() {
			if call.Completed && call.EndedAt.After(from) && !call.EndedAt.After(to) {
				ended++
			}
		}
		rate := float64(ended) / to.Sub(from).Seconds()
		if one == 0 {
			one = rate
		}
		out.add(n, rate, rate*delay.Seconds()/float64(n*modelCalls), rate/one/float64(n))
	}
	out.publish(t)
}

package chaos

import (
	"testing"
	"time"
)

// All workers are gone while questions come in.
func TestNoWorkers(t *testing.T) {
	fault{name: "all workers gone", outage: time.Minute, body: func(r *repetition) {
		for range 6 {
			r.ask(mix[r.rng.IntN(len(mix))])
		}
		r.pause(r.between(0, 500*time.Millisecond))
		for _, p := range r.Workers {
			r.kill(p)
		}
		began := time.Now()
		for n := 6; time.Since(began) < r.outage; n++ {
			r.ask(mix[n%len(mix)])
			r.pause(r.outage / 12)
		}
		r.heal()
		r.outageOver(time.Since(began))
	}}.run(t)
}

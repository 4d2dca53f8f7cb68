package embedded

import (
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// redis is a Redis server in this process. Its library is made for tests,
// where keys expire when the test says so; here they do as time passes.
type redis struct {
	*miniredis.Miniredis
	stop, stopped chan struct{}
}

// redisTick is how exact times to live are: a key may go this much early or
// late. At each tick all keys are looked at; the library's own clock
// (ClockTTL) looks at them, sorted, at each command.
const redisTick = time.Second

// startRedis starts a server on a free port of this machine whose keys age by
// what passes between the times that ticks gives.
func startRedis(password string, ticks <-chan time.Time) (*redis, error) {
	r := &redis{Miniredis: miniredis.NewMiniRedis(), stop: make(chan struct{}), stopped: make(chan struct{})}
	r.RequireAuth(password)
	if err := r.Start(); err != nil {
		return nil, fmt.Errorf("start redis: %w", err)
	}
	go r.age(time.Now(), ticks)
	return r, nil
}

// age ends with close.
func (r *redis) age(last time.Time, ticks <-chan time.Time) {
	defer close(r.stopped)
	// Without its monotonic reading, a time counts what passes while the machine sleeps.
	for last = last.Round(0); ; {
		select {
		case <-r.stop:
			return
		case now := <-ticks:
			now = now.Round(0)
			if passed := now.Sub(last); passed > 0 { // a clock may be put back
				r.FastForward(passed)
			}
			last = now
		}
	}
}

func (r *redis) close() {
	close(r.stop)
	<-r.stopped
	r.Miniredis.Close()
}

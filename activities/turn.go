package activities

import (
	"context"
	"runtime"
	"time"
)

// turns are few: checks of alerts are very many at once and each keeps a
// processor busy, of which questions need theirs.
var turns = make(chan struct{}, max(runtime.GOMAXPROCS(0)/2, 1))

// moment is how long a check may wait for a database and keep its turn.
const moment = 25 * time.Millisecond

// turn is a check's turn of keeping a processor busy; nil for who needs none,
// because a person waits.
type turn struct{ mine bool }

// take waits for the turn.
func (t *turn) take(ctx context.Context) error {
	select {
	case turns <- struct{}{}:
		t.mine = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave gives the turn to another.
func (t *turn) leave() {
	if t.mine {
		t.mine = false
		<-turns
	}
}

// wait lets others have the turn while f waits for something for longer than a
// moment. Its error is that of ctx: the turn has not come back.
func (t *turn) wait(ctx context.Context, f func()) error {
	if t == nil {
		f()
		return nil
	}
	left := make(chan struct{})
	after := time.AfterFunc(moment, func() {
		t.leave()
		close(left)
	})
	f()
	if after.Stop() {
		return nil
	}
	<-left
	return t.take(ctx)
}

package worker

import (
	"context"
	"sync"
	"time"

	sdk "go.temporal.io/sdk/worker"
)

const (
	// runsAtOnce is how many workflow tasks a worker takes on at most.
	runsAtOnce = 1000
	// busyFor is how long a task counts as busy. One that takes longer waits for
	// something: a model, a database, a server that does not answer.
	busyFor = 25 * time.Millisecond
)

// newTuner makes a worker take on at most so many tasks and be busy with few.
// What it has not taken waits in Temporal, where organisations have their turns,
// and not for the machine's processors, where they have none.
func newTuner(atOnce, busy int) sdk.WorkerTuner {
	rest, _ := sdk.NewFixedSizeTuner(sdk.FixedSizeTunerOptions{}) // never fails: the sizes are the SDK's own
	return tuner{rest, &slots{atOnce: atOnce, busy: busy, taken: map[*sdk.SlotPermit]time.Time{}, left: make(chan struct{})}}
}

// tuner has slots for the tasks that its worker takes from its queue; the rest
// is as the SDK has it.
type tuner struct {
	sdk.WorkerTuner
	tasks *slots
}

// GetWorkflowTaskSlotSupplier is part of sdk.WorkerTuner.
func (t tuner) GetWorkflowTaskSlotSupplier() sdk.SlotSupplier { return t.tasks }

// GetActivityTaskSlotSupplier is part of sdk.WorkerTuner.
func (t tuner) GetActivityTaskSlotSupplier() sdk.SlotSupplier { return t.tasks }

// slots are a worker's places for tasks, of which few may be busy.
type slots struct {
	atOnce, busy int

	mu    sync.Mutex
	taken map[*sdk.SlotPermit]time.Time // since when
	left  chan struct{}                 // closed when one is given back
}

// ReserveSlot is part of sdk.SlotSupplier.
func (s *slots) ReserveSlot(ctx context.Context, _ sdk.SlotReservationInfo) (*sdk.SlotPermit, error) {
	for {
		permit, left, wait := s.take()
		if permit != nil {
			return permit, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-left:
		case <-time.After(wait):
		}
	}
}

// TryReserveSlot is part of sdk.SlotSupplier.
func (s *slots) TryReserveSlot(sdk.SlotReservationInfo) *sdk.SlotPermit {
	permit, _, _ := s.take()
	return permit
}

// take takes a slot, or says what to wait for.
func (s *slots) take() (permit *sdk.SlotPermit, left <-chan struct{}, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	busy, wait := 0, busyFor
	for _, since := range s.taken {
		if age := time.Since(since); age < busyFor {
			busy, wait = busy+1, min(wait, busyFor-age)
		}
	}
	if busy >= s.busy || len(s.taken) >= s.atOnce {
		return nil, s.left, wait
	}
	permit = &sdk.SlotPermit{}
	s.taken[permit] = time.Now()
	return permit, nil, 0
}

// MarkSlotUsed is part of sdk.SlotSupplier. Until now the slot only waited for
// its task.
func (s *slots) MarkSlotUsed(info sdk.SlotMarkUsedInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[info.Permit()] = time.Now()
}

// ReleaseSlot is part of sdk.SlotSupplier.
func (s *slots) ReleaseSlot(info sdk.SlotReleaseInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.taken, info.Permit())
	close(s.left)
	s.left = make(chan struct{})
}

// MaxSlots is part of sdk.SlotSupplier.
func (s *slots) MaxSlots() int { return s.atOnce }

package llmtest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Call is one request that the server got. It holds no key.
type Call struct {
	ID             int       `json:"id"` // from 1, in order of arrival
	IdempotencyKey string    `json:"idempotency_key"`
	Model          string    `json:"model"`
	Kind           string    `json:"kind"`
	Question       string    `json:"question"`
	Stream         bool      `json:"stream"`
	Format         string    `json:"format,omitempty"` // of response_format
	MaxTokens      int       `json:"max_tokens,omitempty"`
	Rule           int       `json:"rule"` // place of the rule that applied, -1 for none
	Status         int       `json:"status"`
	Tokens         int       `json:"tokens,omitempty"` // as the reply said
	StartedAt      time.Time `json:"started_at"`
	EndedAt        time.Time `json:"ended_at,omitzero"` // zero while it runs
	// Completed says that all of the reply was written; an error reply counts.
	Completed bool `json:"completed"`
	// Disconnected says that the client went before that.
	Disconnected bool `json:"disconnected"`
	// System and User are the messages, when the script keeps prompts.
	System string `json:"system,omitempty"`
	User   string `json:"user,omitempty"`
}

// Ended says that the server is done with the call.
func (c Call) Ended() bool { return !c.EndedAt.IsZero() }

// record keeps the calls and wakes those who wait for them.
type record struct {
	mu      sync.Mutex
	calls   []Call
	changed chan struct{}
}

func (r *record) add(c Call) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.ID = len(r.calls) + 1
	r.calls = append(r.calls, c)
	r.wake()
	return c.ID
}

func (r *record) update(id int, change func(*Call)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id <= len(r.calls) { // else the record was reset meanwhile
		change(&r.calls[id-1])
	}
	r.wake()
}

func (r *record) wake() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

func (r *record) all() ([]Call, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return append([]Call{}, r.calls...), r.changed
}

// Calls are the calls so far, in order of arrival. A client may have its reply
// a moment before the record says that the call ended; Await waits for that.
func (s *Server) Calls() []Call {
	calls, _ := s.record.all()
	return calls
}

// Await waits until the calls are as ok wants them, or ctx ends.
func (s *Server) Await(ctx context.Context, ok func([]Call) bool) error {
	for {
		calls, changed := s.record.all()
		if ok(calls) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("await calls, %d so far: %w", len(calls), ctx.Err())
		}
	}
}

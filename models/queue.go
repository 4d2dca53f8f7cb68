package models

import "time"

// QueueState is how a task queue stands, by Temporal's estimate.
type QueueState struct {
	// Workers have polled a moment ago. Temporal itself remembers those that have
	// ended for minutes.
	Workers int
	// LastPoll is zero where nobody polled lately.
	LastPoll time.Time
	// Backlog counts the tasks that wait for a worker, Age is the oldest one's.
	Backlog int64
	Age     time.Duration
}

// Polled is an error where no worker polls the queue of that name.
func (q QueueState) Polled(name string) error {
	switch {
	case q.Workers > 0:
		return nil
	case !q.LastPoll.IsZero():
		return Errorf(CodeUnavailable, "No worker polls the queue %q: the last one did %s ago. It has ended, or all its slots are busy; what is asked waits.",
			name, time.Since(q.LastPoll).Round(time.Second))
	}
	return Errorf(CodeUnavailable, "No worker polls the queue %q; what is asked waits until one does.", name)
}

package realtime

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrClosed is returned by Subscribe after Close.
var ErrClosed = errors.New("the hub is closed")

// Options of a Hub; zero values are replaced by the defaults named below.
type Options struct {
	// Buffer is how many events wait for a subscriber in memory: 64. What is
	// beyond stays in Redis until the subscriber has room.
	Buffer int
	// SlowAfter is how long a subscriber may take nothing while there is
	// something for it, before it is dropped: 10 s.
	SlowAfter time.Duration
	// Sweep is how often all watched streams are read without having been
	// told to, in case a message was lost: 5 s.
	Sweep time.Duration
	// Retry is how soon a failed read, or a full subscriber, is tried again: 50 ms.
	Retry time.Duration
}

func (o Options) withDefaults() Options {
	if o.Buffer <= 0 {
		o.Buffer = 64
	}
	if o.SlowAfter <= 0 {
		o.SlowAfter = 10 * time.Second
	}
	if o.Sweep <= 0 {
		o.Sweep = 5 * time.Second
	}
	if o.Retry <= 0 {
		o.Retry = 50 * time.Millisecond
	}
	return o
}

// Hub publishes events and hands them out to any number of subscribers over
// one listening connection and the client's pool for reads.
//
// All its state belongs to one goroutine, which starts with the first
// subscription; Subscribe and context ends reach it through a queue.
type Hub struct {
	redis redis.UniversalClient
	opts  Options

	mu      sync.Mutex
	queue   []func(*loop)
	started bool
	closed  bool
	wake    chan struct{}
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{}
	watched atomic.Int64
}

// New makes a hub with default options. A process that only publishes costs nothing more.
func New(client redis.UniversalClient) *Hub { return NewWith(client, Options{}) }

// NewWith makes a hub with options.
func NewWith(client redis.UniversalClient, opts Options) *Hub {
	ctx, cancel := context.WithCancel(context.Background())
	return &Hub{redis: client, opts: opts.withDefaults(), wake: make(chan struct{}, 1),
		ctx: ctx, cancel: cancel, done: make(chan struct{})}
}

// Subscribe hands out the events of a question that come after the id `after`
// ("" for all that are kept), in order, without loss or repetition, until ctx
// ends.
//
// A channel that closes before ctx ends means that events may have been
// missed: the subscriber took too long, the stream was flushed or trimmed past
// it, or the hub closed. The reader then reads the question itself and
// subscribes again.
func (h *Hub) Subscribe(ctx context.Context, questionID, after string) (<-chan Event, error) {
	last, err := parseID(after)
	if err != nil {
		return nil, err
	}
	s := &subscriber{key: Key(questionID), last: last, out: make(chan Event, h.opts.Buffer)}
	if err := h.post(func(l *loop) { l.join(s) }); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = h.post(func(l *loop) { l.leave(s) }) })
	return s.out, nil
}

// Close ends all subscriptions and waits until the hub's goroutine is gone.
// The Redis client stays open: it is the caller's.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	started := h.started
	h.mu.Unlock()
	h.cancel()
	if started {
		<-h.done
	}
}

// Subscribers is how many subscriptions are open.
func (h *Hub) Subscribers() int { return int(h.watched.Load()) }

func (h *Hub) post(f func(*loop)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	h.queue = append(h.queue, f)
	if !h.started {
		h.started = true
		go h.run()
	}
	h.poke()
	return nil
}

// poke lets the goroutine go round once more.
func (h *Hub) poke() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *Hub) take() []func(*loop) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.queue
	h.queue = nil
	return q
}

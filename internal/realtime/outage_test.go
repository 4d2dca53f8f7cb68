package realtime_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/realtime"
)

func quickSweep() realtime.Options { return realtime.Options{Sweep: 50 * time.Millisecond} }

func TestRedisRestartLosesNothingThatItKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h, worker := b.hub(t, quickSweep()), b.hub(t, realtime.Options{})
	events, err := h.Subscribe(b.ctx, "a", "")
	require.NoError(t, err)
	publish(t, b, worker, "a", 1, 3)
	requireNumbers(t, receive(t, events, 3), 1)

	b.server.Close()
	require.Error(t, worker.Publish(b.ctx, "a", "text", 1))
	require.NoError(t, b.server.Restart())

	publish(t, b, worker, "a", 4, 6)
	requireNumbers(t, receive(t, events, 3), 4)
}

func TestSubscribeWhileRedisIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h, worker := b.hub(t, quickSweep()), b.hub(t, realtime.Options{})
	b.server.Close()
	events, err := h.Subscribe(b.ctx, "a", "")
	require.NoError(t, err)
	require.NoError(t, b.server.Restart())
	publish(t, b, worker, "a", 1, 2)
	requireNumbers(t, receive(t, events, 2), 1)
}

func TestFlushClosesWhoeverMayHaveMissedSomething(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := b.hub(t, quickSweep())
	reader, err := h.Subscribe(b.ctx, "a", "")
	require.NoError(t, err)
	fresh, err := h.Subscribe(b.ctx, "b", "")
	require.NoError(t, err)
	publish(t, b, h, "a", 1, 2)
	receive(t, reader, 2)
	b.server.FlushAll()
	requireClosed(t, reader)
	// Who had seen nothing yet has missed nothing that it could know of, and goes on.
	publish(t, b, h, "b", 1, 1)
	requireNumbers(t, receive(t, fresh, 1), 1)
}

func TestTrimmedPastAReader(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := b.hub(t, realtime.Options{Buffer: 2, SlowAfter: time.Minute, Retry: 10 * time.Millisecond})
	events, err := h.Subscribe(b.ctx, "a", "")
	require.NoError(t, err)
	publish(t, b, h, "a", 1, 10)
	requireNumbers(t, receive(t, events, 1), 1) // two or three more are buffered
	b.server.FlushAll()
	publish(t, b, h, "a", 11, 12)
	var last realtime.Event
	for e := range events {
		last = e
	}
	require.NotContains(t, string(last.Data), "1", "nothing after the gap was handed out: %s", last.Data)
}

package realtime_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/realtime"
)

const patience = 10 * time.Second

type bundle struct {
	server *miniredis.Miniredis
	ctx    context.Context
}

func setup(t *testing.T) *bundle {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return &bundle{miniredis.RunT(t), ctx}
}

// hub is a replica of its own: its own Redis client.
func (b *bundle) hub(t *testing.T, opts realtime.Options) *realtime.Hub {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: b.server.Addr(), MaxRetries: -1, DialTimeout: time.Second})
	h := realtime.NewWith(client, opts)
	t.Cleanup(func() {
		h.Close()
		_ = client.Close()
	})
	return h
}

func publish(t *testing.T, b *bundle, h *realtime.Hub, question string, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		require.NoError(t, h.Publish(b.ctx, question, "text", map[string]int{"n": i}))
	}
}

// receive takes n events; it fails when the channel closes or nothing comes.
func receive(t *testing.T, events <-chan realtime.Event, n int) []realtime.Event {
	t.Helper()
	got := make([]realtime.Event, 0, n)
	for len(got) < n {
		select {
		case e, open := <-events:
			require.True(t, open, "closed after %d of %d", len(got), n)
			got = append(got, e)
		case <-time.After(patience):
			require.Failf(t, "nothing came", "after %d of %d", len(got), n)
		}
	}
	return got
}

func requireNumbers(t *testing.T, events []realtime.Event, from int) {
	t.Helper()
	for i, e := range events {
		require.JSONEq(t, fmt.Sprintf(`{"n":%d}`, from+i), string(e.Data))
	}
}

func requireClosed(t *testing.T, events <-chan realtime.Event) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case _, open := <-events:
			if !open {
				return
			}
		case <-deadline:
			require.Fail(t, "still open")
		}
	}
}

func TestEventsReachEveryReplica(t *testing.T) {
	t.Parallel()
	b := setup(t)
	worker, one, two := b.hub(t, realtime.Options{}), b.hub(t, realtime.Options{}), b.hub(t, realtime.Options{})
	publish(t, b, worker, "a", 1, 3)
	x, err := one.Subscribe(b.ctx, "a", "")
	require.NoError(t, err)
	y, err := two.Subscribe(b.ctx, "a", "")
	require.NoError(t, err)
	publish(t, b, worker, "a", 4, 6)
	publish(t, b, worker, "other", 1, 1)
	for _, events := range []<-chan realtime.Event{x, y} {
		got := receive(t, events, 6)
		requireNumbers(t, got, 1)
		require.Equal(t, "text", got[0].Type)
	}
	require.Positive(t, b.server.TTL(realtime.Key("a")))
}

func TestResumeWithoutLossOrRepetition(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := b.hub(t, realtime.Options{Buffer: 8})
	const total = 1500
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 1; i <= total; i++ {
			if err := h.Publish(b.ctx, "a", "text", map[string]int{"n": i}); err != nil {
				t.Errorf("publish: %v", err)
				return
			}
		}
	}()
	seen, last := 0, ""
	for seen < total { // reconnects every 100 events, each time at another replica
		ctx, cancel := context.WithCancel(b.ctx)
		events, err := b.hub(t, realtime.Options{Buffer: 8}).Subscribe(ctx, "a", last)
		require.NoError(t, err)
		got := receive(t, events, min(100, total-seen))
		requireNumbers(t, got, seen+1)
		seen += len(got)
		last = got[len(got)-1].ID
		cancel()
		requireClosed(t, events)
	}
	<-done
}

func TestSlowSubscriberIsDroppedAndOthersAreNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := b.hub(t, realtime.Options{Buffer: 4, SlowAfter: 300 * time.Millisecond, Retry: 10 * time.Millisecond})
	slow, err := h.Subscribe(b.ctx, "a", "")
	require.NoError(t, err)
	quick, err := h.Subscribe(b.ctx, "a", "")
	require.NoError(t, err)
	go publish(t, b, h, "a", 1, 50)
	requireNumbers(t, receive(t, quick, 50), 1)
	require.Eventually(t, func() bool { return len(slow) == 4 }, patience, 5*time.Millisecond)
	// Dropped: what was buffered, then closed, though more is in the stream.
	late := time.After(patience)
	for h.Subscribers() > 1 {
		select {
		case <-late:
			require.Fail(t, "slow subscriber was kept")
		case <-time.After(5 * time.Millisecond):
		}
	}
	n := 0
	for range slow {
		n++
	}
	require.Equal(t, 4, n)
	publish(t, b, h, "a", 51, 51)
	requireNumbers(t, receive(t, quick, 1), 51)
}

func TestThousandsOfSubscribersOnFewConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := b.hub(t, realtime.Options{})
	const streams, each = 1000, 3
	var wg sync.WaitGroup
	for i := range streams {
		for range each {
			events, err := h.Subscribe(b.ctx, fmt.Sprint(i), "")
			require.NoError(t, err)
			wg.Go(func() {
				for n := 1; n <= 2; n++ {
					if e, open := <-events; !open || string(e.Data) != fmt.Sprintf(`{"n":%d}`, n) {
						t.Errorf("event %d: %s", n, e.Data)
					}
				}
			})
		}
	}
	for i := range streams {
		publish(t, b, h, fmt.Sprint(i), 1, 2)
	}
	wg.Wait()
	require.LessOrEqual(t, b.server.CurrentConnectionCount(), 6)
	require.Equal(t, streams*each, h.Subscribers())
}

func TestContextEndsTheSubscription(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := b.hub(t, realtime.Options{})
	ctx, cancel := context.WithCancel(b.ctx)
	events, err := h.Subscribe(ctx, "a", "")
	require.NoError(t, err)
	publish(t, b, h, "a", 1, 1)
	receive(t, events, 1)
	cancel()
	requireClosed(t, events)
	require.Eventually(t, func() bool { return len(b.server.PubSubChannels("")) == 0 }, patience, 5*time.Millisecond)
	require.Zero(t, h.Subscribers())
}

func TestCloseEndsAllSubscriptions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := b.hub(t, realtime.Options{})
	events, err := h.Subscribe(b.ctx, "a", "")
	require.NoError(t, err)
	h.Close()
	requireClosed(t, events)
	_, err = h.Subscribe(b.ctx, "a", "")
	require.ErrorIs(t, err, realtime.ErrClosed)
	b.hub(t, realtime.Options{}).Close() // never started
}

func TestBadEventID(t *testing.T) {
	t.Parallel()
	h := setup(t).hub(t, realtime.Options{})
	for _, bad := range []string{"x", "1-", "-1", "1-x", "1-2-3", "99999999999999999999-0"} {
		_, err := h.Subscribe(t.Context(), "a", bad)
		require.Error(t, err, bad)
	}
}

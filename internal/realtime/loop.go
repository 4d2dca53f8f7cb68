package realtime

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	readCount   = 256             // events of one stream in one read
	readStreams = 512             // streams in one round trip
	readTimeout = 5 * time.Second // of one round trip
)

// subscriber is one watcher of a stream. last is the newest event handed out.
type subscriber struct {
	key       string
	last      streamID
	delivered bool // last was handed out by this hub, so it must still be there
	fullSince time.Time
	gone      bool
	out       chan Event
}

// stream is a watched question.
type stream struct {
	subs map[*subscriber]struct{}
}

// loop is the state of the hub's goroutine.
type loop struct {
	hub     *Hub
	pubsub  *redis.PubSub
	streams map[string]*stream
	dirty   map[string]struct{}
}

func (h *Hub) run() {
	defer close(h.done)
	l := &loop{hub: h, pubsub: h.redis.Subscribe(h.ctx), streams: map[string]*stream{}, dirty: map[string]struct{}{}}
	defer l.end()
	messages := l.pubsub.ChannelWithSubscriptions(redis.WithChannelSize(1024))
	sweep := time.NewTicker(h.opts.Sweep)
	defer sweep.Stop()
	retry := time.NewTimer(h.opts.Retry)
	defer retry.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-h.wake:
		case m := <-messages:
			l.heard(m)
		case <-retry.C:
		case <-sweep.C:
			for key := range l.streams {
				l.mark(key)
			}
		}
		for _, f := range h.take() {
			f(l)
		}
		l.drain(messages)
		if again := l.read(); again {
			retry.Reset(h.opts.Retry)
		}
	}
}

func (l *loop) end() {
	_ = l.pubsub.Close()
	for _, f := range l.hub.take() {
		f(l)
	}
	for _, st := range l.streams {
		for s := range st.subs {
			l.drop(s)
		}
	}
}

// heard takes a message, or the confirmation of a subscription: after each of
// them, reconnects included, the stream is read, so nothing falls between.
func (l *loop) heard(m any) {
	switch m := m.(type) {
	case *redis.Message:
		l.mark(m.Channel)
	case *redis.Subscription:
		if m.Kind == "subscribe" {
			l.mark(m.Channel)
		}
	}
}

func (l *loop) drain(messages <-chan any) {
	for {
		select {
		case m := <-messages:
			l.heard(m)
		default:
			return
		}
	}
}

func (l *loop) mark(key string) {
	if _, watched := l.streams[key]; watched {
		l.dirty[key] = struct{}{}
	}
}

func (l *loop) join(s *subscriber) {
	if s.gone {
		return
	}
	st, ok := l.streams[s.key]
	if !ok {
		st = &stream{subs: map[*subscriber]struct{}{}}
		l.streams[s.key] = st
		if err := l.pubsub.Subscribe(l.hub.ctx, s.key); err != nil && l.hub.ctx.Err() == nil {
			// The client keeps the name and subscribes when it reconnects.
			slog.Warn("listen for events", "error", err)
		}
	}
	st.subs[s] = struct{}{}
	l.hub.watched.Add(1)
	l.mark(s.key)
}

func (l *loop) leave(s *subscriber) { l.drop(s) }

// drop closes the subscriber's channel and forgets it.
func (l *loop) drop(s *subscriber) {
	if s.gone {
		return
	}
	s.gone = true
	close(s.out)
	st, ok := l.streams[s.key]
	if !ok {
		return
	}
	delete(st.subs, s)
	l.hub.watched.Add(-1)
	if len(st.subs) > 0 {
		return
	}
	delete(l.streams, s.key)
	delete(l.dirty, s.key)
	if l.hub.ctx.Err() == nil {
		_ = l.pubsub.Unsubscribe(l.hub.ctx, s.key)
	}
}

// read reads all dirty streams and hands out what is new. It reports whether
// something is left to try again: a failed read, a full subscriber, more events.
func (l *loop) read() (again bool) {
	keys := make([]string, 0, len(l.dirty))
	for key := range l.dirty {
		keys = append(keys, key)
	}
	for len(keys) > 0 {
		n := min(len(keys), readStreams)
		again = l.readSome(keys[:n]) || again
		keys = keys[n:]
	}
	return again || len(l.dirty) > 0
}

func (l *loop) readSome(keys []string) (failed bool) {
	ctx, cancel := context.WithTimeout(l.hub.ctx, readTimeout)
	defer cancel()
	replies := make([]*redis.XMessageSliceCmd, len(keys))
	_, err := l.hub.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			// From the last event itself: if it is not there, something is lost.
			replies[i] = p.XRangeN(ctx, key, l.oldest(key).String(), "+", readCount)
		}
		return nil
	})
	if err != nil {
		if l.hub.ctx.Err() == nil {
			slog.Warn("read events", "error", err)
		}
		return true
	}
	for i, key := range keys {
		l.hand(key, replies[i].Val())
	}
	return false
}

// oldest is the position of the subscriber that is furthest behind.
func (l *loop) oldest(key string) streamID {
	var id streamID
	first := true
	for s := range l.streams[key].subs {
		if first || s.last.less(id) {
			id, first = s.last, false
		}
	}
	return id
}

// hand gives each subscriber of the stream what is new to it.
func (l *loop) hand(key string, messages []redis.XMessage) {
	delete(l.dirty, key)
	ids := make([]streamID, len(messages))
	for i, m := range messages {
		ids[i], _ = parseID(m.ID)
	}
	from, now := l.oldest(key), time.Now()
	for s := range l.streams[key].subs {
		if s.delivered && lost(s.last, from, ids) {
			l.drop(s)
			continue
		}
		l.give(s, messages, ids, now)
	}
	if len(messages) == readCount {
		l.mark(key)
		if from.less(l.oldest(key)) {
			l.hub.poke() // the next page at once
		}
	}
}

// lost reports whether the last event that was handed out is missing from
// what was read from `from` on: the stream was flushed or trimmed past it.
func lost(last, from streamID, ids []streamID) bool {
	if last == from {
		return len(ids) == 0 || ids[0] != last
	}
	for _, id := range ids {
		if id == last {
			return false
		}
	}
	// A reader ahead of this page is looked at again with a later one.
	return len(ids) < readCount || !ids[len(ids)-1].less(last)
}

func (l *loop) give(s *subscriber, messages []redis.XMessage, ids []streamID, now time.Time) {
	for i, m := range messages {
		if !s.last.less(ids[i]) {
			continue
		}
		select {
		case s.out <- event(m):
			s.last, s.delivered, s.fullSince = ids[i], true, time.Time{}
		default:
			l.full(s, now)
			return
		}
	}
}

// full notes that a subscriber has no room. Its events stay in Redis; it is
// dropped when it has taken nothing for too long.
func (l *loop) full(s *subscriber, now time.Time) {
	if s.fullSince.IsZero() {
		s.fullSince = now
	}
	if now.Sub(s.fullSince) >= l.hub.opts.SlowAfter {
		l.drop(s)
		return
	}
	l.mark(s.key)
}

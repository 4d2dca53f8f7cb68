// Package realtime carries the live events of questions from the workers to
// the sockets that watch them: one Redis stream a question ("q:<id>") holds
// the events, so that a client can continue after the last one it saw, and a
// message on the channel of the same name says that there are new ones.
//
// PostgreSQL holds the truth; a stream that is gone only ends the liveness.
package realtime

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// MaxEvents is about how many events of a question are kept.
	MaxEvents = 4096
	// Keep is how long after its last event a stream is kept.
	Keep = 24 * time.Hour

	fieldType = "type"
	fieldData = "data"
)

// Event is one event of a question. Events of a question are ordered by ID.
type Event struct {
	ID   string          `json:"id"` // Redis stream id, "<ms>-<seq>"
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Key is the Redis stream, and channel, of a question.
func Key(questionID string) string { return "q:" + questionID }

// News is an event to publish. Its data is sent as JSON.
type News struct {
	Type string
	Data any
}

// Publish appends an event to the question's stream and tells the hubs. data
// is sent as JSON. Safe for concurrent use.
func (h *Hub) Publish(ctx context.Context, questionID, typ string, data any) error {
	return h.PublishAll(ctx, questionID, News{typ, data})
}

// PublishAll is Publish for several events, in order, on one way to Redis.
func (h *Hub) PublishAll(ctx context.Context, questionID string, all ...News) error {
	raw := make([][]byte, len(all))
	for i, news := range all {
		var err error
		if raw[i], err = json.Marshal(news.Data); err != nil {
			return fmt.Errorf("encode %s event: %w", news.Type, err)
		}
	}
	key := Key(questionID)
	_, err := h.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for i, news := range all {
			p.XAdd(ctx, &redis.XAddArgs{Stream: key, MaxLen: MaxEvents, Approx: true,
				Values: []any{fieldType, news.Type, fieldData, raw[i]}})
		}
		p.Expire(ctx, key, Keep)
		p.Publish(ctx, key, "")
		return nil
	})
	if err != nil {
		return fmt.Errorf("publish %d events: %w", len(all), err)
	}
	return nil
}

func event(m redis.XMessage) Event {
	typ, _ := m.Values[fieldType].(string)
	data, _ := m.Values[fieldData].(string)
	return Event{ID: m.ID, Type: typ, Data: json.RawMessage(data)}
}

// streamID is a Redis stream id in comparable form.
type streamID struct{ ms, seq uint64 }

func (a streamID) less(b streamID) bool { return a.ms < b.ms || a.ms == b.ms && a.seq < b.seq }

func (a streamID) String() string {
	return strconv.FormatUint(a.ms, 10) + "-" + strconv.FormatUint(a.seq, 10)
}

// parseID reads "<ms>-<seq>" or "<ms>"; "" is before every event.
func parseID(s string) (streamID, error) {
	if s == "" {
		return streamID{}, nil
	}
	left, right, found := strings.Cut(s, "-")
	ms, err := strconv.ParseUint(left, 10, 64)
	if err != nil {
		return streamID{}, fmt.Errorf("event id %q: %w", s, err)
	}
	var seq uint64
	if found {
		if seq, err = strconv.ParseUint(right, 10, 64); err != nil {
			return streamID{}, fmt.Errorf("event id %q: %w", s, err)
		}
	}
	return streamID{ms, seq}, nil
}

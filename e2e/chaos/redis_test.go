package chaos

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// Redis stops and comes back empty, as one without a disk does.
func TestRedisStops(t *testing.T) {
	fault{name: "Redis stopped", outage: time.Minute, body: func(r *repetition) {
		r.throughout(r.Redis.Close, nil, func() {
			r.Redis.FlushAll()
			require.NoError(r.t, r.Redis.Restart())
		})
	}}.run(t)
}

// story is what the model writes slowly while people watch. It has no numbers.
var story = strings.TrimSpace(strings.Repeat("The shop has orders of many kinds, and all of them were counted. ", 12))

// Redis is flushed while a text is being written before somebody's eyes.
func TestRedisFlushed(t *testing.T) {
	fault{name: "Redis flushed during a live view", body: func(r *repetition) {
		r.misbehave(func(c llmtest.Call, _ *question) *llmtest.Rule {
			if c.Kind == llmtest.KindWrite {
				return &llmtest.Rule{Content: story, ChunkDelayMs: 20}
			}
			return nil
		})
		q := r.ask(plain)
		r.eventually("the question is known", func() bool { return q.ident() != "" })
		v := &page{r: r, q: q, replica: r.rng.IntN(2)}
		flush := 1 + r.rng.IntN(5)
		v.watch(func(texts int) {
			if texts == flush {
				r.Redis.FlushAll()
			}
		})
		r.faultOver()
		r.await(q)
		got := r.Owner.Question(q.ident())
		require.Equal(r.t, got.Text, v.answer)
		require.Equal(r.t, got.Status, v.status)
		require.Equal(r.t, story, got.Text)
		if !v.torn {
			require.Equal(r.t, story, v.text, "pieces are missing or came twice")
		}
	}}.run(t)
}

// page watches a question as the browser does: it connects again
// after the last event that it saw, and a snapshot replaces what it knew.
type page struct {
	r       *repetition
	q       *question
	replica int

	last         string
	text, answer string
	torn         bool // the text began before the page was there
	status       models.QuestionStatus
	texts        int
}

// watch follows the question to its end; seen is called after each piece of text.
func (v *page) watch(seen func(texts int)) {
	ctx, cancel := context.WithTimeout(v.r.ctx, patience)
	defer cancel()
	for ended := false; !ended; {
		require.NoError(v.r.t, ctx.Err(), "the view does not end")
		inner, leave := context.WithCancel(ctx)
		for e := range v.r.Owner.Follow(inner, v.replica, v.q.ident(), v.last) {
			if ended = v.take(e, seen); ended {
				break
			}
		}
		leave()
		v.replica = 1 - v.replica
	}
}

func (v *page) take(e system.Event, seen func(int)) (ended bool) {
	var d struct {
		Status models.QuestionStatus `json:"status"`
		Delta  string                `json:"delta"`
		Text   string                `json:"text"`
	}
	require.NoError(v.r.t, json.Unmarshal(e.Data, &d))
	if e.Type != "snapshot" {
		require.True(v.r.t, later(e.ID, v.last), "event %s came after %s", e.ID, v.last)
		v.last = e.ID
	}
	switch e.Type {
	case "snapshot":
		v.last, v.text, v.torn = "", "", true // what follows may be a part of the text again
		v.answer, v.status = d.Text, d.Status
		return d.Status.Final()
	case "text_reset":
		v.text, v.torn = "", false
	case "text":
		v.text += d.Delta
		v.texts++
		seen(v.texts)
	case "answer":
		v.answer = d.Text
	case "end":
		v.status = d.Status
		return true
	}
	return false
}

// later compares ids of events, "<ms>-<seq>".
func later(a, b string) bool {
	parse := func(id string) (ms, seq uint64) {
		left, right, _ := strings.Cut(id, "-")
		ms, _ = strconv.ParseUint(left, 10, 64) // "" is before all
		seq, _ = strconv.ParseUint(right, 10, 64)
		return ms, seq
	}
	am, as := parse(a)
	bm, bs := parse(b)
	return am > bm || am == bm && as > bs
}

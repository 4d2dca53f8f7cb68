package chaos

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/internal/realtime"
)

// An API dies between storing a question and starting its run: what it had to
// say to Temporal is lost, or Temporal's answer is. Half of the clients repeat
// the request at the other replica, half went with the API.
func TestAPIKilledBeforeTheStart(t *testing.T) {
	for name, direction := range map[string]direction{"start lost": up, "answer of the start lost": down} {
		t.Run(name, func(t *testing.T) {
			fault{name: "API killed between commit and start: " + name, body: func(r *repetition) {
				q := r.new(mix[r.rng.IntN(len(mix))])
				q.once = r.rng.IntN(2) == 0
				a := r.APIs[q.n%len(r.APIs)] // where it is asked first
				r.line(a.Name(), system.ToTemporal).hold(direction)
				r.pursue(q)
				r.awaitRow(q)
				r.kill(a.Process)
				r.ask(plain)
				r.pause(r.between(0, time.Second))
				r.heal()
				r.faultOver()
			}}.run(t)
		})
	}
}

// An API dies while somebody watches the text being written: the view goes on
// at the other replica without loss or repetition.
func TestAPIKilledInAStream(t *testing.T) {
	fault{name: "API killed in the middle of a stream", body: func(r *repetition) {
		watched := make(chan struct{})
		r.misbehave(func(c llmtest.Call, _ *question) *llmtest.Rule {
			if c.Kind == llmtest.KindWrite {
				return &llmtest.Rule{Until: watched, ChunkDelayMs: 60, ChunkChars: 3}
			}
			return nil
		})
		q, v, from := r.watching(watched)
		r.kill(r.APIs[from].Process)
		for e := range v.events { // what was on the line already
			v.take(e)
		}
		v.events = r.Owner.Follow(r.ctx, 1-from, q.ident(), v.ids[len(v.ids)-1])
		v.takeUntil("end", 1)
		require.Equal(r.t, 1, v.snapshots, "it goes on where it was")
		require.Equal(r.t, r.stream(q, v.ids[0]), v.ids, "what was before is in the snapshot")
		r.heal()
	}}.run(t)
}

// watching asks a question and watches it at a replica until a part of its
// text came. A text is not shown live where Redis takes too long to be told of
// it, as on a busy machine: it comes with the end, and another is asked for.
func (r *repetition) watching(watched chan struct{}) (*question, *view, int) {
	for try := range 3 {
		q := r.ask(plain)
		if try == 0 {
			r.called(q, llmtest.KindWrite)
		} else {
			r.eventually("the question is known", func() bool { return q.ident() != "" })
		}
		from := q.n % len(r.APIs)
		v := &view{r: r, events: r.Owner.Follow(r.ctx, from, q.ident(), "")}
		if try == 0 {
			close(watched)
		}
		if v.takeUntil("text", 1+r.rng.IntN(5)) {
			return q, v, from
		}
	}
	require.Fail(r.t, "no text is shown live")
	return nil, nil, 0
}

// view is what a browser has seen of a question's events.
type view struct {
	r         *repetition
	events    <-chan system.Event
	ids       []string
	snapshots int
}

func (v *view) take(e system.Event) {
	if e.Type == "snapshot" {
		v.snapshots++
		return
	}
	v.ids = append(v.ids, e.ID)
}

// takeUntil takes events up to the n-th of a type; false says that the question
// ended before.
func (v *view) takeUntil(kind string, n int) bool {
	late := time.After(patience)
	for n > 0 {
		select {
		case e, open := <-v.events:
			require.True(v.r.t, open, "the stream broke off")
			v.take(e)
			switch e.Type {
			case kind:
				n--
			case "end":
				return false
			}
		case <-late:
			require.Fail(v.r.t, "no event came", kind)
		}
	}
	return true
}

// stream is what Redis has of a question's events from one on.
func (r *repetition) stream(q *question, from string) (ids []string) {
	rdb := redis.NewClient(&redis.Options{Addr: r.Redis.Addr()})
	defer func() { _ = rdb.Close() }()
	all, err := rdb.XRange(r.ctx, realtime.Key(q.ident()), from, "+").Result()
	require.NoError(r.t, err)
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	return ids
}

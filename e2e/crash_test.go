package e2e

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// A worker that dies while the model thinks: another call is made, since the
// first one's reply is lost, and the question is answered.
func TestKilledWhilePlanning(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Rules: []llmtest.Rule{
		{Kind: llmtest.KindPlan, Times: 1, Hang: true}, plan("", system.QuickSQL)}})
	id := s.Owner.Ask("how many orders?")
	require.NoError(t, s.Model.Await(t.Context(), func(calls []llmtest.Call) bool { return len(calls) == 1 }))
	s.Workers[0].Kill()
	s.Workers[0].Start(system.WorkerReady)
	q := s.Owner.Await(id, models.StatusAnswered)
	require.Equal(t, 2, q.Steps[0].Tries)
	require.Len(t, callsOf(s, llmtest.KindPlan, "how many"), 2)
	require.Len(t, callsOf(s, llmtest.KindWrite, "how many"), 1)
}

// A worker that dies while a query runs: the orphan is ended before the query
// runs again, and the plan that was paid for is not bought twice.
func TestKilledWhileQuerying(t *testing.T) {
	t.Parallel()
	const slow = "SELECT count(*) AS triples FROM orders a, orders b, orders c, orders d"
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask,model", "query"}, Rules: []llmtest.Rule{plan("", slow)}})
	id := s.Owner.Ask("how many triples?")
	system.Eventually(t, "the query runs", func() bool { return s.Running("triples") == 1 })
	s.Workers[1].Kill()
	require.Equal(t, 1, s.Running("triples"), "the server does not notice by itself")
	// The next run is quick; the orphan, with its older snapshot, is not.
	s.Exec("shop", "DELETE FROM orders WHERE id > 10")
	s.Workers[1].Start(system.WorkerReady)
	q := s.Owner.Await(id, models.StatusAnswered)
	require.Zero(t, s.Running("triples"), "the orphan was ended")
	var result api.ResultPage
	s.Owner.Call(http.StatusOK, http.MethodGet, "/questions/"+id+"/result", nil, &result)
	require.Equal(t, "[[10000]]", fmt.Sprint(result.Rows))
	require.Len(t, callsOf(s, llmtest.KindPlan, "triples"), 1)
	require.Equal(t, []string{"plan 1 done", "guard 1 done", "query 1 done", "analyse 1 done"}, kinds(q))
}

// Stop reaches the query of a worker that has died, too.
func TestStopOfADeadWorkersQuery(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask,model", "query"}, Rules: []llmtest.Rule{plan("", system.EndlessSQL)}})
	id := s.Owner.Ask("how many pairs?")
	system.Eventually(t, "the query runs", func() bool { return s.Running("pairs") == 1 })
	s.Workers[1].Kill()
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+id+"/stop", map[string]any{}, nil)
	s.Workers[1].Start(system.WorkerReady)
	s.Owner.Await(id, models.StatusCancelled)
	system.Eventually(t, "the query is ended", func() bool { return s.Running("pairs") == 0 })
}

// Stop means stopped: in the database, and at the model.
func TestStop(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask,model", "query"}, Rules: []llmtest.Rule{
		{Kind: llmtest.KindPlan, Contains: "think", Hang: true}, plan("pairs", system.EndlessSQL)}})
	stop := func(id string) {
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+id+"/stop", map[string]any{}, nil)
		q := s.Owner.Await(id, models.StatusCancelled)
		for _, step := range q.Steps {
			require.NotEqual(t, models.StepRunning, step.Status)
		}
	}
	t.Run("query", func(t *testing.T) {
		t.Parallel()
		id := s.Owner.Ask("how many pairs?")
		system.Eventually(t, "the query runs", func() bool { return s.Running("pairs") == 1 })
		stop(id)
		require.Zero(t, s.Running("pairs"), "stopped when it says so, not later")
	})
	t.Run("model", func(t *testing.T) {
		t.Parallel()
		id := s.Owner.Ask("think about it")
		require.NoError(t, s.Model.Await(t.Context(), func([]llmtest.Call) bool { return len(callsOf(s, llmtest.KindPlan, "think")) == 1 }))
		stop(id)
		require.NoError(t, s.Model.Await(t.Context(), func([]llmtest.Call) bool { return callsOf(s, llmtest.KindPlan, "think")[0].Disconnected }))
	})
}

// An API that died between storing a question and starting its run: another
// process starts it.
func TestAQuestionThatWasOnlyStoredIsStarted(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Rules: []llmtest.Rule{plan("", system.QuickSQL)}})
	s.Owner.Await(s.Owner.Ask("how many orders?"), models.StatusAnswered)
	s.APIs[0].Kill() // the worker relays too
	owner, err := s.Store.SystemBootstrap(t.Context(), "", "", "")
	require.NoError(t, err)
	q := &models.Question{ID: store.NewID(), ConnectionID: s.Connection, Text: "how many more?", Status: models.StatusQueued, Run: 1, IdempotencyKey: "stored"}
	_, _, err = s.Store.CreateQuestion(t.Context(), owner, &models.Conversation{ID: store.NewID(), ConnectionID: s.Connection, Title: "t"}, q)
	require.NoError(t, err)
	system.Eventually(t, "it is answered", func() bool {
		got, err := s.Store.GetQuestion(t.Context(), owner, q.ID)
		return err == nil && got.Status == models.StatusAnswered
	})
	require.Len(t, callsOf(s, llmtest.KindPlan, "how many more?"), 1)
}

// A reader whose API dies in the middle of the text goes on at another
// replica, without loss or repetition.
func TestAStreamGoesOnAtAnotherReplica(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("There are 1,000 orders. ", 20)
	s := system.Start(t, system.Options{APIs: 2, Model: true, Rules: []llmtest.Rule{plan("", system.QuickSQL),
		{Kind: llmtest.KindWrite, Content: strings.TrimSpace(text), ChunkDelayMs: 40}}})
	id := s.Owner.Ask("how many orders?") // at replica 0
	var ids []string
	var partial strings.Builder
	take := func(e system.Event) {
		if e.Type == "snapshot" {
			return
		}
		ids = append(ids, e.ID)
		if e.Type == "text" {
			partial.WriteString(string(e.Data))
		}
	}
	first := s.Owner.Follow(t.Context(), 0, id, "")
	for e := range first {
		take(e)
		if e.Type == "text" {
			break
		}
	}
	s.APIs[0].Kill()
	for e := range first { // what was on the line already
		take(e)
	}
	second := s.Owner.Follow(t.Context(), 1, id, ids[len(ids)-1])
	limit := time.After(time.Minute)
	for ended := false; !ended; {
		select {
		case e, open := <-second:
			require.True(t, open)
			require.NotEqual(t, "snapshot", e.Type, "it goes on where it was")
			take(e)
			ended = e.Type == "end"
		case <-limit:
			require.Fail(t, "no end came")
		}
	}
	rdb := redis.NewClient(&redis.Options{Addr: s.Redis.Addr()})
	defer func() { _ = rdb.Close() }()
	all, err := rdb.XRange(t.Context(), realtime.Key(id), ids[0], "+").Result()
	require.NoError(t, err)
	var want []string
	for _, m := range all {
		want = append(want, m.ID)
	}
	require.Equal(t, want, ids)
	s.APIs[0].Start() // for the question that the test's end asks
	require.Equal(t, models.StatusAnswered, s.Owner.Question(id).Status)
}

// A Redis that accepts and never answers costs the live view, not the answer,
// and no second call of the model.
func TestAHungRedisHoldsNothingUp(t *testing.T) {
	t.Parallel()
	hung, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = hung.Close() }()
	s := system.Start(t, system.Options{Model: true, WorkerEnv: []string{"DATAMIND_REDIS_URL=redis://" + hung.Addr().String()}, Rules: []llmtest.Rule{plan("", system.QuickSQL),
		{Kind: llmtest.KindWrite, Content: strings.TrimSpace(strings.Repeat("There are 1,000 orders. ", 200))}}})
	s.Owner.Await(s.Owner.Ask("how many orders?"), models.StatusAnswered)
	require.Len(t, s.Model.Calls(), 2)
}

// An edit that no worker takes yet is kept, and runs once when one does.
func TestAnEditWaitsForAWorker(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Rules: []llmtest.Rule{plan("", system.QuickSQL)}})
	id := s.Owner.Ask("how many orders?")
	s.Owner.Await(id, models.StatusAnswered)
	s.Workers[0].Kill()
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+id+"/edit-sql", map[string]any{"sql": "SELECT 7 AS seven"}, nil)
	require.Equal(t, models.StatusQueued, s.Owner.Question(id).Status)
	s.Workers[0].Start(system.WorkerReady)
	q := s.Owner.Await(id, models.StatusAnswered)
	require.Equal(t, 2, q.Run)
	require.Contains(t, q.SQL, "seven")
}

package api_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func (p *person) question(id string) api.Question {
	p.t.Helper()
	res := p.do(http.MethodGet, "/questions/"+id, nil)
	require.Equal(p.t, http.StatusOK, res.status, res.body)
	var q api.Question
	res.into(p.t, &q)
	return q
}

// move does to a question what a run does.
func (p *person) move(q api.Question, status models.QuestionStatus) {
	p.t.Helper()
	_, err := p.store.MarkRunning(p.t.Context(), p.scope, q.ID, q.Run, "run-1", "builtin")
	require.NoError(p.t, err)
	if status.Final() {
		_, err = p.store.Finish(p.t.Context(), p.scope, q.ID, q.Run, store.Ending{Status: status})
	} else {
		err = p.store.SetWaiting(p.t.Context(), p.scope, q.ID, q.Run, status, &models.Prompt{Kind: string(status), Text: "Which?"})
	}
	require.NoError(p.t, err)
}

func TestAskStoresAndStarts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.runs.take()
	q := b.a.asked(connection)
	require.Equal(t, models.StatusQueued, q.Status)
	require.Equal(t, []string{"start " + q.ID}, b.runs.take())
	require.Equal(t, "ask/"+q.ID, q.WorkflowID)

	res := b.a.do(http.MethodPost, "/conversations/"+q.ConversationID+"/questions", map[string]any{"question": " And by month? "})
	require.Equal(t, http.StatusAccepted, res.status, res.body)
	require.Equal(t, "And by month?", res.field(t, "question"))
	var list api.Page[api.Question]
	b.a.do(http.MethodGet, "/conversations/"+q.ConversationID+"/questions?limit=1", nil).into(t, &list)
	require.Len(t, list.Items, 1)
	require.NotEmpty(t, list.NextCursor)
	b.a.do(http.MethodGet, "/conversations/"+q.ConversationID+"/questions?limit=1&cursor="+list.NextCursor, nil).into(t, &list)
	require.Len(t, list.Items, 1)
	require.Empty(t, list.NextCursor)
}

func TestAskWhileTemporalIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.runs.fail(errors.New("connection refused"))
	q := b.a.asked(connection)
	require.Equal(t, models.StatusQueued, b.a.question(q.ID).Status, "the relay starts it later")

	ready := b.a.raw(http.MethodGet, "/health/ready", nil)
	require.Equal(t, http.StatusServiceUnavailable, ready.status)
	require.JSONEq(t, `{"ok":false,"checks":{"database":"ok","redis":"ok","temporal":"down"}}`, ready.body)

	res := b.a.do(http.MethodPost, "/questions/"+q.ID+"/stop", nil)
	require.Equal(t, http.StatusAccepted, res.status, "a question that has not started can be stopped without Temporal: %s", res.body)
	require.Equal(t, models.StatusCancelled, b.a.question(q.ID).Status)

	running := b.a.asked(connection)
	b.a.move(running, models.StatusRunning)
	res = b.a.do(http.MethodPost, "/questions/"+running.ID+"/stop", nil)
	require.Equal(t, http.StatusServiceUnavailable, res.status)
	require.NotEmpty(t, res.header.Get("Retry-After"))
	require.NotContains(t, res.body, "connection refused")

	done := b.a.asked(connection)
	b.a.move(done, models.StatusAnswered)
	require.Equal(t, http.StatusServiceUnavailable, b.a.do(http.MethodPost, "/questions/"+done.ID+"/edit-sql", map[string]any{"sql": "SELECT 1"}).status)
	require.Equal(t, models.StatusAnswered, b.a.question(done.ID).Status, "the answer stays")
}

func TestTheSameRequestAsksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	ask := func(p *person, text string) *answer {
		return p.do(http.MethodPost, "/questions", map[string]any{"connection_id": connection, "question": text}, "Idempotency-Key", "request-0001")
	}
	ids := sync.Map{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			res := ask(b.a, "How many orders?")
			if res.status == http.StatusAccepted {
				ids.Store(res.field(t, "id"), true)
			}
		})
	}
	wg.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	require.Equal(t, 1, n)
	require.Equal(t, 1, b.rows()["questions"])
	require.Equal(t, 1, b.rows()["conversations"], "the losers leave no empty conversation")
	other := ask(b.a, "Something else?")
	require.Equal(t, http.StatusConflict, other.status)
	require.Equal(t, "idempotency_key_reused", other.code(t))
	for _, bad := range []string{"short", "with space in it", "x\"y'z;--------"} {
		res := b.a.do(http.MethodPost, "/questions", map[string]any{"connection_id": connection, "question": "q"}, "Idempotency-Key", bad)
		require.Equal(t, http.StatusBadRequest, res.status, bad)
		require.Contains(t, res.body, "header.Idempotency-Key")
	}
}

func TestTheSameEditRunsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	b.a.move(q, models.StatusAnswered)
	b.runs.take()
	edit := func(sql string) *answer {
		return b.a.do(http.MethodPost, "/questions/"+q.ID+"/edit-sql", map[string]any{"sql": sql}, "Idempotency-Key", "the-same-edit")
	}
	require.Equal(t, http.StatusAccepted, edit("SELECT 2").status)
	require.Equal(t, http.StatusAccepted, edit("SELECT 2").status, "while it runs")
	b.a.move(b.a.question(q.ID), models.StatusAnswered)
	require.Equal(t, http.StatusAccepted, edit("SELECT 2").status, "after its end")
	require.Equal(t, []string{"edit " + q.ID + " 2 SELECT 2"}, b.runs.take())
	require.Equal(t, "idempotency_key_reused", edit("SELECT 3").code(t))

	waiting := b.a.asked(b.a.connection())
	b.a.move(waiting, models.StatusClarify)
	b.runs.take()
	for _, ended := range []bool{false, true} {
		if ended {
			b.a.move(waiting, models.StatusAnswered)
		}
		res := b.a.do(http.MethodPost, "/questions/"+waiting.ID+"/edit-sql", map[string]any{"sql": "SELECT 2"}, "Idempotency-Key", "the-same-edit")
		require.Equal(t, http.StatusAccepted, res.status, res.body)
	}
	require.Equal(t, []string{"rewrite " + waiting.ID + " SELECT 2"}, b.runs.take(), "a run that waited took it once")
}

func TestDecisionsReachOnlyARunThatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	path := "/questions/" + q.ID
	b.runs.take()
	res := b.a.do(http.MethodPost, path+"/clarify", map[string]any{"reply": "2026"})
	require.Equal(t, http.StatusConflict, res.status)
	require.Equal(t, "not_waiting", res.code(t))
	require.Equal(t, "not_finished", b.a.do(http.MethodPost, path+"/edit-sql", map[string]any{"sql": "SELECT 1"}).code(t))
	require.Empty(t, b.runs.take())

	b.a.move(q, models.StatusClarify)
	require.Equal(t, http.StatusAccepted, b.a.do(http.MethodPost, path+"/clarify", map[string]any{"reply": " 2026 "}).status)
	b.a.move(q, models.StatusApprove)
	require.Equal(t, http.StatusAccepted, b.a.do(http.MethodPost, path+"/approve", map[string]any{"yes": false}).status)
	require.Equal(t, http.StatusAccepted, b.a.do(http.MethodPost, path+"/edit-sql", map[string]any{"sql": "SELECT 1"}).status)
	require.Equal(t, []string{"clarify " + q.ID + " 2026", "approve " + q.ID + " false", "rewrite " + q.ID + " SELECT 1"}, b.runs.take())

	b.a.move(q, models.StatusAnswered)
	require.Equal(t, http.StatusAccepted, b.a.do(http.MethodPost, path+"/edit-sql", map[string]any{"sql": "SELECT 2"}).status)
	require.Equal(t, []string{"edit " + q.ID + " 2 SELECT 2"}, b.runs.take())
	got := b.a.question(q.ID)
	require.Equal(t, 2, got.Run)
	require.Equal(t, models.StatusQueued, got.Status)
}

func TestResultsAndSteps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/questions/"+q.ID+"/result", nil).status)
	b.a.move(q, models.StatusRunning)
	step, _, err := b.store.BeginStep(t.Context(), b.a.scope, store.StepKey{QuestionID: q.ID, Run: 1, Kind: models.StepQuery, Attempt: 1}, "")
	require.NoError(t, err)
	step.Status, step.Summary = models.StepDone, "3 rows"
	_, err = b.store.SaveResult(t.Context(), b.a.scope, step, &models.Rows{Columns: []models.Column{{Name: "n", Type: "integer"}},
		Rows: [][]any{{1}, {2}, {3}}}, 0)
	require.NoError(t, err)
	res := b.a.do(http.MethodGet, "/questions/"+q.ID+"/result?offset=1&limit=1", nil)
	require.JSONEq(t, `{"columns":[{"name":"n","type":"integer"}],"rows":[[2]],"offset":1,"row_count":3,"truncated":false}`, res.body)
	got := b.a.question(q.ID)
	require.True(t, got.HasResult)
	require.Len(t, got.Steps, 1)
	require.Equal(t, "3 rows", got.Steps[0].Summary)
}

func TestConversations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	q := b.a.asked(connection)
	path := "/conversations/" + q.ConversationID
	require.Equal(t, "How many orders?", b.a.do(http.MethodGet, path, nil).field(t, "title"))
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, path, map[string]any{"title": "Orders"}).status)
	require.Equal(t, "Orders", b.a.do(http.MethodGet, path, nil).field(t, "title"))
	require.Equal(t, http.StatusNotFound, b.member(models.RoleAdmin).do(http.MethodGet, path, nil).status, "a colleague's conversation is private")
	b.runs.take()
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, path, nil).status)
	require.Equal(t, []string{"stop " + q.ID}, b.runs.take())
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/questions/"+q.ID, nil).status)
	created := b.a.do(http.MethodPost, "/conversations", map[string]any{"connection_id": connection})
	require.Equal(t, http.StatusCreated, created.status, created.body)
}

func TestAConversationsQuestionsComeOldestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.a.asked(b.a.connection())
	asked := []string{first.ID}
	for _, text := range []string{"And by month?", "And by channel?"} {
		res := b.a.do(http.MethodPost, "/conversations/"+first.ConversationID+"/questions", map[string]any{"question": text})
		require.Equal(t, http.StatusAccepted, res.status, res.body)
		asked = append(asked, res.field(t, "id").(string))
	}
	var seen []string
	for cursor := ""; ; {
		var list api.Page[api.Question]
		b.a.do(http.MethodGet, "/conversations/"+first.ConversationID+"/questions?limit=2&cursor="+cursor, nil).into(t, &list)
		for _, q := range list.Items {
			seen = append(seen, q.ID)
		}
		if cursor = list.NextCursor; cursor == "" {
			break
		}
	}
	require.Equal(t, asked, seen)
}

func TestAskIsLimitedByPerson(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.Config.AsksPerMinute = 2 })
	connection := b.a.connection()
	b.a.asked(connection)
	b.a.asked(connection)
	res := b.a.do(http.MethodPost, "/questions", map[string]any{"connection_id": connection, "question": "once more"})
	require.Equal(t, http.StatusTooManyRequests, res.status)
	require.NotEmpty(t, res.header.Get("Retry-After"))
	require.Equal(t, 2, b.rows()["questions"])
	other := b.member(models.RoleAnalyst)
	other.asked(connection)
}

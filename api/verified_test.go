package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/models"
)

func (p *person) verified(query string) []api.VerifiedQuestion {
	p.t.Helper()
	var list api.Page[api.VerifiedQuestion]
	res := p.do(http.MethodGet, "/verified-questions"+query, nil)
	require.Equal(p.t, http.StatusOK, res.status, res.body)
	res.into(p.t, &list)
	return list.Items
}

func TestFeedbackProposesAndTakesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	path := "/questions/" + q.ID
	vote := func(p *person, vote, comment string) *answer {
		return p.do(http.MethodPost, path+"/feedback", map[string]any{"vote": vote, "comment": comment})
	}
	require.Equal(t, "not_finished", vote(b.a, "up", "").code(t))
	b.a.answer(q, "SELECT count(*) FROM orders", &models.Rows{Columns: []models.Column{{Name: "n"}}, Rows: [][]any{{3}}})
	require.Nil(t, b.a.question(q.ID).Feedback)
	require.Equal(t, http.StatusOK, vote(b.a, "up", " right ").status)
	require.Equal(t, "right", b.a.question(q.ID).Feedback.Comment)
	require.Equal(t, http.StatusOK, vote(b.a, "up", "").status, "said twice, it is proposed once")
	require.Equal(t, "question.feedback", b.a.lastAudit(t))
	proposed := b.a.verified("?status=proposed&connection_id=" + q.ConnectionID)
	require.Len(t, proposed, 1)
	require.Equal(t, "SELECT count(*) FROM orders", proposed[0].SQL)
	require.Equal(t, q.ID, proposed[0].QuestionID)
	require.Equal(t, http.StatusOK, vote(b.a, "down", "cancelled ones count too").status)
	require.Empty(t, b.a.verified(""))
	require.Equal(t, models.VoteDown, b.a.question(q.ID).Feedback.Vote)

	viewer := b.member(models.RoleViewer)
	require.Equal(t, http.StatusNotFound, vote(viewer, "up", "").status)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, "/conversations/"+q.ConversationID, map[string]any{"shared": true}).status)
	require.Equal(t, http.StatusOK, vote(viewer, "up", "").status, "a reader has a vote of their own")
	require.Equal(t, models.VoteDown, b.a.question(q.ID).Feedback.Vote)
	require.Equal(t, models.VoteUp, viewer.question(q.ID).Feedback.Vote)
}

// SQL with parameters answers nobody who only asks.
func TestSQLWithParametersIsNotProposed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	b.a.answer(q, "SELECT count(*) FROM orders WHERE country = {{country}}", &models.Rows{Columns: []models.Column{{Name: "n"}}, Rows: [][]any{{3}}})
	execSQL(t, b.owner, `UPDATE questions SET arguments = '[{"name":"country","type":"text","values":["France"]}]'`)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/questions/"+q.ID+"/feedback", map[string]any{"vote": "up"}).status)
	require.Empty(t, b.a.verified(""))
	res := b.a.do(http.MethodPost, "/verified-questions", map[string]any{"question_id": q.ID})
	require.Equal(t, http.StatusUnprocessableEntity, res.status)
	require.Contains(t, res.body, "body.sql")
	res = b.a.do(http.MethodPost, "/verified-questions", map[string]any{"question_id": q.ID, "sql": "SELECT count(*) FROM orders WHERE country = 'France'"})
	require.Equal(t, http.StatusCreated, res.status, res.body)
}

func TestAnAnswerVotedDownIsAskedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	q, other := b.a.asked(connection), b.a.asked(connection)
	b.a.move(q, models.StatusAnswered)
	b.a.move(other, models.StatusAnswered)
	again := func(corrects string) *answer {
		return b.a.do(http.MethodPost, "/conversations/"+q.ConversationID+"/questions", map[string]any{"question": q.Question, "corrects": corrects})
	}
	require.Equal(t, "conflict", again(q.ID).code(t), "nobody said yet what was wrong")
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/questions/"+q.ID+"/feedback", map[string]any{"vote": "down", "comment": "too high"}).status)
	res := again(q.ID)
	require.Equal(t, http.StatusAccepted, res.status, res.body)
	require.Equal(t, q.ID, res.field(t, "corrects"))
	require.Equal(t, http.StatusUnprocessableEntity, again(other.ID).status, "a question of another conversation")
	theirs := b.b.asked(b.b.connection())
	require.Equal(t, http.StatusNotFound, again(theirs.ID).status)
}

func TestQuestionsAreVerified(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := b.a.asked(b.a.connection())
	create := func(body map[string]any) *answer { return b.a.do(http.MethodPost, "/verified-questions", body) }
	require.Equal(t, "conflict", create(map[string]any{"question_id": q.ID}).code(t), "it has no answer")
	b.a.answer(q, "SELECT count(*) FROM orders WHERE at >= '2026-10-01'", &models.Rows{Columns: []models.Column{{Name: "n"}}, Rows: [][]any{{3}}})
	res := create(map[string]any{"question_id": q.ID, "question": "orders last month"})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	require.Equal(t, "proposed", res.field(t, "status"))
	path := "/verified-questions/" + res.field(t, "id").(string)
	require.Equal(t, "conflict", create(map[string]any{"question_id": q.ID, "question": " Orders  LAST month?"}).code(t), "the same words")

	verify := func(p *person) *answer { return p.do(http.MethodPost, path+"/verify", nil) }
	b.runs.take()
	stale := verify(b.a)
	require.Equal(t, http.StatusUnprocessableEntity, stale.status, stale.body)
	require.Contains(t, stale.body, "CURRENT_DATE")
	require.Empty(t, b.runs.take())
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, path, map[string]any{"sql": "SELECT pg_sleep(9)"}).status)
	b.runs.fail(models.Errorf(models.CodeGuardRefused, "pg_sleep is not allowed."))
	refused := verify(b.a)
	require.Equal(t, "guard_refused", refused.code(t))
	require.Contains(t, refused.body, "pg_sleep is not allowed.")
	require.Equal(t, "proposed", b.a.do(http.MethodGet, path, nil).field(t, "status"))
	b.runs.fail(nil)
	b.runs.take()

	analyst := b.member(models.RoleAnalyst)
	require.Equal(t, http.StatusForbidden, verify(b.member(models.RoleViewer)).status)
	seen := func(p *person, at any) *answer { return p.do(http.MethodPost, path+"/verify?seen="+at.(string), nil) }
	earlier := b.a.do(http.MethodGet, path, nil).field(t, "updated_at")
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, path, map[string]any{"sql": "SELECT pg_sleep(9)"}).status)
	require.Equal(t, "conflict", seen(analyst, earlier).code(t), "nobody stands for what was put there after they looked")
	require.Empty(t, b.runs.take())
	done := seen(analyst, b.a.do(http.MethodGet, path, nil).field(t, "updated_at"))
	require.Equal(t, http.StatusOK, done.status, done.body)
	require.Equal(t, []string{"check " + q.ConnectionID + " SELECT pg_sleep(9)"}, b.runs.take())
	require.Equal(t, analyst.scope.UserID, done.field(t, "verified_by"))
	require.Equal(t, "analyst", done.field(t, "verified_by_name"))
	require.Len(t, b.a.verified("?status=verified"), 1)
	edited := b.a.do(http.MethodPatch, path, map[string]any{"question": "orders lately"})
	require.Equal(t, "proposed", edited.field(t, "status"), "what was changed is checked anew")
	require.Nil(t, edited.field(t, "verified_by"))
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, path, nil).status)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, path, nil).status)
}

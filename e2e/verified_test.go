package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// A question that somebody verified is answered with its SQL, without a model;
// questions that are like it, or ask again what was wrong, are planned with it.
func TestVerifiedQuestionsAnswer(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask,model", "query"}, Rules: []llmtest.Rule{plan("", system.QuickSQL)}})
	me := s.Owner
	planned := func(q api.Question) (step api.StepDetail) {
		me.Call(http.StatusOK, http.MethodGet, fmt.Sprintf("/questions/%s/steps/%d/plan/1", q.ID, q.Run), nil, &step)
		return step
	}

	first := me.Await(me.Ask("How many orders were paid?"), models.StatusAnswered)
	require.Nil(t, first.Verified)
	step := planned(first)
	require.Len(t, step.Calls, 1)
	require.Contains(t, step.Calls[0].Prompt, "How many orders were paid?")
	require.Contains(t, step.Calls[0].System, "DataMind planner")
	require.Contains(t, step.Calls[0].Reply, "sum(amount)")
	require.NotZero(t, step.Calls[0].InputTokens)
	for _, kind := range []string{"guard", "query"} {
		var checked api.StepDetail
		me.Call(http.StatusOK, http.MethodGet, "/questions/"+first.ID+"/steps/1/"+kind+"/1", nil, &checked)
		require.Equal(t, system.QuickSQL, checked.SQL, kind)
	}
	var written api.StepDetail
	me.Call(http.StatusOK, http.MethodGet, "/questions/"+first.ID+"/steps/1/analyse/1", nil, &written)
	require.Contains(t, written.Calls[0].Prompt, "500500")
	require.NotEmpty(t, written.Calls[0].Reply)

	me.Call(http.StatusOK, http.MethodPost, "/questions/"+first.ID+"/feedback", map[string]any{"vote": "up"}, nil)
	var proposed api.Page[api.VerifiedQuestion]
	me.Call(http.StatusOK, http.MethodGet, "/verified-questions?status=proposed", nil, &proposed)
	require.Len(t, proposed.Items, 1)
	path := "/verified-questions/" + proposed.Items[0].ID
	me.Call(http.StatusOK, http.MethodPatch, path, map[string]any{"sql": "DELETE FROM orders"}, nil)
	var refused api.Problem
	me.Call(http.StatusUnprocessableEntity, http.MethodPost, path+"/verify", nil, &refused)
	require.Equal(t, models.CodeGuardRefused, refused.Code)
	const sql = "SELECT count(*) AS paid_orders FROM orders"
	me.Call(http.StatusOK, http.MethodPatch, path, map[string]any{"sql": sql}, nil)
	me.Call(http.StatusOK, http.MethodPost, path+"/verify", nil, nil)

	again := me.Await(me.Ask("  how many ORDERS were paid"), models.StatusAnswered)
	require.Equal(t, sql, again.SQL)
	require.NotNil(t, again.Verified)
	require.Equal(t, me.Scope().UserID, again.Verified.By)
	require.NotEmpty(t, again.Verified.ByName)
	require.Empty(t, planned(again).Calls, "no model was asked")

	near := me.Await(me.Ask("How many orders were paid by invoice?"), models.StatusAnswered)
	require.Nil(t, near.Verified)
	require.Contains(t, planned(near).Calls[0].Prompt, sql)

	me.Call(http.StatusOK, http.MethodPost, "/questions/"+near.ID+"/feedback", map[string]any{"vote": "down", "comment": "invoices of <b>companies</b> only"}, nil)
	var corrected api.Question
	me.Call(http.StatusAccepted, http.MethodPost, "/conversations/"+near.ConversationID+"/questions", map[string]any{"question": near.Question, "corrects": near.ID}, &corrected)
	corrected = me.Await(corrected.ID, models.StatusAnswered)
	require.Equal(t, near.ID, corrected.Corrects)
	prompt := planned(corrected).Calls[0].Prompt
	require.Contains(t, prompt, "<correction>")
	require.Contains(t, prompt, "companies")
	require.NotContains(t, prompt, "<b>", "data closes no fence")

	edited := map[string]any{"sql": system.QuickSQL}
	me.Call(http.StatusAccepted, http.MethodPost, "/questions/"+again.ID+"/edit-sql", edited, nil)
	require.Nil(t, me.Await(again.ID, models.StatusAnswered).Verified, "other SQL is not what was verified")
}

// The built-in planner uses verified questions too.
func TestVerifiedQuestionsAnswerWithoutAModel(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Workers: []string{"ask,model", "query"}})
	me := s.Owner
	first := me.Await(me.Ask("How many orders are there?"), models.StatusAnswered)
	var v api.VerifiedQuestion
	me.Call(http.StatusCreated, http.MethodPost, "/verified-questions", map[string]any{"question_id": first.ID, "question": "the usual figures", "sql": system.QuickSQL}, &v)
	me.Call(http.StatusOK, http.MethodPost, "/verified-questions/"+v.ID+"/verify", nil, nil)
	q := me.Await(me.Ask("The usual figures?"), models.StatusAnswered)
	require.Equal(t, system.QuickSQL, q.SQL)
	require.NotNil(t, q.Verified)
}

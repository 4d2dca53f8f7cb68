package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// An organisation's own models answer its questions, in their order, through
// real processes; what is wrong with one is said by its test.
func TestOwnModels(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask,query", "model"}, Rules: []llmtest.Rule{plan("", system.QuickSQL)}})
	const key = "sk-the-organisations-own"
	first, second := llmtest.New(t), llmtest.New(t, plan("", system.QuickSQL))
	first.Load(llmtest.Script{Key: key, Models: []string{"alpha", "beta"}, Rules: []llmtest.Rule{
		{Kind: llmtest.KindPlan, Contains: "which ones", Times: 1, Plan: json.RawMessage(`{"status":"clarify","text":"Which?","choices":["all"]}`)},
		{Kind: llmtest.KindPlan, Contains: "fall back", Status: http.StatusServiceUnavailable, Headers: map[string]string{"Retry-After": "1"}}, plan("", system.QuickSQL)}})
	model := func(name string, server *llmtest.Server, more map[string]any) map[string]any {
		body := map[string]any{"name": name, "preset": "other", "base_url": server.URL, "model": "alpha", "key": key}
		for k, v := range more {
			body[k] = v
		}
		return body
	}
	test := func(body map[string]any) (report models.ModelReport) {
		delete(body, "name")
		s.Owner.Call(http.StatusOK, http.MethodPost, "/models/test", body, &report)
		return report
	}
	wrong := test(model("", first, map[string]any{"key": "sk-wrong"}))
	require.False(t, wrong.OK)
	require.Equal(t, models.CodeModelKey, wrong.Code, wrong.Message)
	require.Contains(t, wrong.Message, "does not accept the key")
	missing := test(model("", first, map[string]any{"model": "gamma"}))
	require.Equal(t, models.CodeModelMissing, missing.Code, missing.Message)
	require.Contains(t, missing.Message, "alpha, beta")
	metadata := test(model("", first, map[string]any{"base_url": "http://169.254.169.254/v1"}))
	require.Equal(t, models.CodeAddressRefused, metadata.Code, metadata.Message)
	own := test(model("", first, map[string]any{"base_url": s.APIs[0].URL + "/v1"}))
	require.False(t, own.OK)
	redis := test(model("", first, map[string]any{"base_url": "http://" + s.Redis.Addr()}))
	require.Equal(t, models.CodeAddressRefused, redis.Code, "the platform's own servers are not dialled: %s", redis.Message)
	good := test(model("", first, nil))
	require.True(t, good.OK, good.Message)
	require.Equal(t, "json_schema", good.Structured)

	ask := func(text string, choice string) api.Question {
		var q api.Question
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions", map[string]any{"connection_id": s.Connection, "question": text, "model": choice}, &q)
		return s.Owner.Await(q.ID, models.StatusAnswered)
	}
	asked := func(server *llmtest.Server, text string) (n int) {
		for _, c := range server.Calls() {
			if c.Kind == llmtest.KindPlan && strings.Contains(c.Question, text) {
				n++
			}
		}
		return n
	}
	require.Equal(t, "scripted", ask("how many before?", "").Planner, "the configured model, while there is no other")

	var one, two api.Model
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/models", model("one", first, nil), &one)
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/models", model("two", second, map[string]any{"model": "omega", "key": ""}), &two)
	var saved models.ModelReport
	s.Owner.Call(http.StatusOK, http.MethodPost, "/models/"+one.ID+"/test", nil, &saved)
	require.True(t, saved.OK, saved.Message)

	require.Equal(t, "alpha", ask("how many orders?", "").Planner)
	require.Equal(t, 1, asked(first, "how many orders?"))
	require.Equal(t, "omega", ask("how many of the second?", two.ID).Planner)
	require.Zero(t, asked(first, "of the second?"), "the one that was asked for, and no other")
	require.Equal(t, "builtin", ask("how many orders are there?", "builtin").Planner)
	require.Equal(t, "omega", ask("how many, fall back", "").Planner, "the next one answers while the first is down")
	require.Equal(t, 2, asked(first, "fall back"))
	for _, c := range s.Model.Calls() {
		require.Contains(t, c.Question, "how many before?", "nothing else reaches the configured model")
	}

	other := s.Organisation("another")
	q := other.Owner.Await(other.Owner.Ask("how many of theirs?"), models.StatusAnswered)
	require.Equal(t, "scripted", q.Planner, "another organisation's questions stay with theirs")
	require.Zero(t, asked(first, "theirs"))

	// One that is switched off while a question waits for a person is not called again.
	waits := s.Owner.Ask("which ones?")
	s.Owner.Await(waits, models.StatusClarify)
	s.Owner.Call(http.StatusOK, http.MethodPatch, "/models/"+one.ID, map[string]any{"enabled": false}, nil)
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+waits+"/clarify", map[string]any{"reply": "all"}, nil)
	require.Equal(t, "omega", s.Owner.Await(waits, models.StatusAnswered).Planner)
	s.Owner.Call(http.StatusOK, http.MethodPatch, "/models/"+one.ID, map[string]any{"enabled": true}, nil)

	wait := s.Owner.Ask("how many in the end?")
	s.Owner.Await(wait, models.StatusAnswered)
	s.Owner.Call(http.StatusNoContent, http.MethodDelete, "/models/"+one.ID, nil, nil)
	require.Equal(t, "omega", ask("how many now?", "").Planner)
	for _, p := range append(s.Workers, s.APIs[0].Process) {
		require.NotContains(t, p.Log(), key)
	}
}

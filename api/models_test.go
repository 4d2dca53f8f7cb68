package api_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func modelBody(name string, more map[string]any) map[string]any {
	body := map[string]any{"name": name, "preset": "openai", "base_url": "https://llm.example.com/v1", "model": "m-1", "key": "sk-very-secret"}
	maps.Copy(body, more)
	return body
}

// model sets up a model through the API.
func (p *person) model(name string, more map[string]any) (m api.Model) {
	p.t.Helper()
	res := p.do(http.MethodPost, "/models", modelBody(name, more))
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	require.NotContains(p.t, res.body, "sk-very-secret")
	res.into(p.t, &m)
	return m
}

func (p *person) models() (list api.ModelList) {
	p.t.Helper()
	res := p.do(http.MethodGet, "/models", nil)
	require.Equal(p.t, http.StatusOK, res.status, res.body)
	res.into(p.t, &list)
	return list
}

func names(list api.ModelList) (all []string) {
	for _, m := range list.Models {
		all = append(all, m.Name)
	}
	return all
}

func TestModelsAreSetUpOrderedAndRemoved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin, analyst := b.member(models.RoleAdmin), b.member(models.RoleAnalyst)
	require.Equal(t, api.ModelList{Models: []api.Model{}, Configured: "builtin"}, admin.models())
	one, two := admin.model("one", nil), admin.model("two", map[string]any{"key": "", "enabled": false})
	three := admin.model("three", map[string]any{"position": 1, "preset": "azure", "base_url": "https://Three.openai.azure.com/"})
	require.Equal(t, []string{"three", "one", "two"}, names(admin.models()))
	require.True(t, *one.KeySet)
	require.False(t, *two.KeySet)
	require.Equal(t, "https://three.openai.azure.com", three.BaseURL)
	require.Equal(t, "2024-10-21", three.APIVersion)
	require.Equal(t, http.StatusConflict, admin.do(http.MethodPost, "/models", modelBody("one", nil)).status, "the name is taken")

	res := analyst.do(http.MethodGet, "/models", nil)
	require.NotContains(t, res.body, "example.com", "those who ask see names only")
	require.Equal(t, []string{"three", "one"}, names(analyst.models()), "and what is switched on")
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodGet, "/models/"+one.ID, nil).status)
	require.Equal(t, http.StatusForbidden, b.member(models.RoleViewer).do(http.MethodGet, "/models", nil).status)

	patch := func(body map[string]any) *answer { return admin.do(http.MethodPatch, "/models/"+two.ID, body) }
	require.Equal(t, http.StatusOK, patch(map[string]any{"position": 1, "enabled": true}).status)
	require.Equal(t, []string{"two", "three", "one"}, names(analyst.models()))
	var me api.Me
	analyst.do(http.MethodGet, "/auth/me", nil).into(t, &me)
	require.Equal(t, "m-1", me.Features.Planner)
	require.Equal(t, http.StatusNoContent, admin.do(http.MethodDelete, "/models/"+three.ID, nil).status)
	require.Equal(t, http.StatusOK, patch(map[string]any{"position": 20}).status)
	list := admin.models()
	require.Equal(t, []string{"one", "two"}, names(list))
	require.Equal(t, 2, list.Models[1].Position, "positions have no gaps")
	require.Equal(t, []string{}, append([]string{}, names(b.b.models())...), "another organisation has none of them")

	var log api.Page[api.AuditEvent]
	res = admin.do(http.MethodGet, "/audit", nil)
	require.NotContains(t, res.body, "sk-very-secret")
	res.into(t, &log)
	require.Equal(t, "model.update", log.Items[0].Action)
	require.Equal(t, "model.delete", log.Items[1].Action)
	require.NotContains(t, b.logs.String(), "sk-very-secret")
}

// Whoever may change a model must not have its key sent to a host of their own.
func TestAModelsKeyGoesWhereItWasEnteredFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.a.model("m", nil)
	stored, err := b.store.GetModelEndpoint(t.Context(), b.a.scope, m.ID)
	require.NoError(t, err)
	key, err := b.models.Open(b.a.scope.OrgID, m.ID, stored.SealedKey)
	require.NoError(t, err)
	require.Equal(t, "sk-very-secret", key)
	_, err = b.models.Open(b.b.scope.OrgID, m.ID, stored.SealedKey)
	require.ErrorIs(t, err, crypt.ErrOpen, "not as another organisation's")
	_, err = b.opener.Open(b.a.scope.OrgID, m.ID, stored.SealedKey)
	require.ErrorIs(t, err, crypt.ErrOpen, "not by query workers")

	elsewhere := map[string]any{"base_url": "https://evil.example.com/v1"}
	b.untouched(func() {
		res := b.a.do(http.MethodPatch, "/models/"+m.ID, elsewhere)
		require.Equal(t, http.StatusUnprocessableEntity, res.status)
		require.Contains(t, res.body, "body.key")
		probe := modelBody("", map[string]any{"model_id": m.ID, "key": "", "base_url": "https://evil.example.com/v1"})
		delete(probe, "name")
		res = b.a.do(http.MethodPost, "/models/test", probe)
		require.Equal(t, http.StatusUnprocessableEntity, res.status)
	})
	same := map[string]any{"model_id": m.ID, "preset": "openai", "base_url": "https://LLM.example.com/v1/", "model": "m-2"}
	res := b.a.do(http.MethodPost, "/models/test", same)
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Equal(t, stored.SealedKey, b.runs.model.Unsaved.SealedKey, "the stored key, for another model at the same address")
	require.Equal(t, m.ID, b.runs.model.Unsaved.ID)
	elsewhere["key"] = "sk-other"
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, "/models/"+m.ID, elsewhere).status)
	res = b.a.do(http.MethodPatch, "/models/"+m.ID, map[string]any{"key": ""})
	require.Equal(t, false, res.field(t, "key_set"))
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/models/"+m.ID+"/test", nil).status)
	require.Equal(t, m.ID, b.runs.model.EndpointID)
}

func TestWithoutItsKeyAnInstallationKeepsNoModelsKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *api.Deps) { d.ModelSealer = nil })
	res := b.a.do(http.MethodPost, "/models", modelBody("m", nil))
	require.Equal(t, http.StatusConflict, res.status)
	require.Contains(t, res.body, "DATAMIND_MODEL_SEAL_PUBLIC_KEY")
	b.a.model("without a key", map[string]any{"key": ""})
}

func TestBaseURLsOfModels(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, bad := range []string{"ftp://h.example/v1", "https://", "https://u:p@h.example/v1", "https://h.example/v1?key=x", "https://h.example/v1#x", "http://2130706433/v1",
		"http://0x7f000001/v1", "http://127.1/v1", "http://[::1%25lo]/v1", "http://h.example:25/v1", "http://h.example:99999/v1", "file:///etc/passwd", "http://１２７.0.0.1/v1",
		"http://h.example:6379x/v1", "javascript:alert(1)", "https://h.example/\u202e"} {
		res := b.a.do(http.MethodPost, "/models", modelBody("bad", map[string]any{"base_url": bad}))
		require.Equal(t, http.StatusUnprocessableEntity, res.status, "%s: %s", bad, res.body)
		require.Contains(t, res.body, "base_url", bad)
	}
	for given, want := range map[string]string{"http://localhost:11434/v1/": "http://localhost:11434/v1", "https://[2001:db8::1]:8000/v1": "https://[2001:db8::1]:8000/v1",
		" https://API.openai.com/v1": "https://api.openai.com/v1", "https://h.example": "https://h.example"} {
		require.Equal(t, want, b.a.model(store.NewID(), map[string]any{"base_url": given}).BaseURL)
	}
}

func TestAQuestionNamesItsModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	on, off := b.a.model("on", nil), b.a.model("off", map[string]any{"enabled": false})
	theirs := b.b.model("theirs", nil)
	ask := func(model string, headers ...string) *answer {
		return b.a.do(http.MethodPost, "/questions", map[string]any{"connection_id": connection, "question": "How many?", "model": model}, headers...)
	}
	res := ask(on.ID, "Idempotency-Key", "the-same-question")
	require.Equal(t, http.StatusAccepted, res.status, res.body)
	require.Equal(t, on.ID, res.field(t, "model"))
	id, conversation := res.field(t, "id").(string), res.field(t, "conversation_id").(string)
	require.Equal(t, id, ask(on.ID, "Idempotency-Key", "the-same-question").field(t, "id"))
	require.Equal(t, http.StatusConflict, ask("builtin", "Idempotency-Key", "the-same-question").status, "another model is another question")
	require.Equal(t, http.StatusUnprocessableEntity, ask(off.ID).status)
	require.Equal(t, http.StatusNotFound, ask(theirs.ID).status)
	require.Equal(t, http.StatusUnprocessableEntity, ask("gpt").status)
	res = b.a.do(http.MethodPost, "/conversations/"+conversation+"/questions", map[string]any{"question": "Again?", "model": "builtin"})
	require.Equal(t, "builtin", res.field(t, "model"), res.body)

	q, err := b.store.GetQuestion(t.Context(), b.a.scope, id)
	require.NoError(t, err)
	for choice, want := range map[string][]string{on.ID: {on.ID}, "": {on.ID}, models.ModelBuiltin: nil} {
		q.Model = choice
		ids, err := b.store.ModelsFor(t.Context(), b.a.scope, q)
		require.NoError(t, err)
		require.Equal(t, want, ids, choice)
	}
}

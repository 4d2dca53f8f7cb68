package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// Model is a model that the organisation has set up. Those who only ask see its
// id and name; its key nobody sees.
type Model struct {
	ID         string     `json:"id" format:"uuid"`
	Name       string     `json:"name"`
	Preset     string     `json:"preset,omitempty" enum:"openai,azure,ollama,vllm,other"`
	BaseURL    string     `json:"base_url,omitempty"`
	Model      string     `json:"model,omitempty" doc:"The model's name at the endpoint; for Azure the deployment's"`
	APIVersion string     `json:"api_version,omitempty" doc:"Azure's"`
	KeySet     *bool      `json:"key_set,omitempty" doc:"Whether a key is stored"`
	Position   int        `json:"position,omitempty" doc:"Order in which models are tried, from 1"`
	Enabled    *bool      `json:"enabled,omitempty"`
	CreatedAt  *time.Time `json:"created_at,omitempty"`
	UpdatedAt  *time.Time `json:"updated_at,omitempty"`
}

func modelView(m *models.ModelEndpoint) Model {
	set := len(m.SealedKey) > 0
	return Model{ID: m.ID, Name: m.Name, Preset: m.Preset, BaseURL: m.BaseURL, Model: m.Model, APIVersion: m.APIVersion, KeySet: &set,
		Position: m.Position, Enabled: &m.Enabled, CreatedAt: &m.CreatedAt, UpdatedAt: &m.UpdatedAt}
}

// ModelList are all models of the organisation.
type ModelList struct {
	Models     []Model `json:"models" doc:"In the order in which they are tried. For those who only ask: the enabled ones, id and name"`
	Configured string  `json:"configured" doc:"What answers where none of them is enabled: builtin, or the configured model's name"`
}

// ModelInput describes a model to set up.
type ModelInput struct {
	Name       string `json:"name" minLength:"1" maxLength:"100"`
	Preset     string `json:"preset" enum:"openai,azure,ollama,vllm,other"`
	BaseURL    string `json:"base_url" minLength:"8" maxLength:"500" doc:"Such as https://api.openai.com/v1 or http://localhost:11434/v1; for Azure https://NAME.openai.azure.com"`
	Model      string `json:"model" minLength:"1" maxLength:"200" doc:"The model's name at the endpoint; for Azure the deployment's"`
	Key        string `json:"key,omitempty" maxLength:"1000" doc:"Kept sealed; no answer ever holds it"`
	APIVersion string `json:"api_version,omitempty" maxLength:"30" doc:"Azure only; default 2024-10-21"`
	Enabled    *bool  `json:"enabled,omitempty" doc:"Default true"`
	Position   int    `json:"position,omitempty" minimum:"1" maximum:"20" doc:"Default: the last"`
}

// ModelPatch changes the fields that are given.
type ModelPatch struct {
	Name       *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Preset     *string `json:"preset,omitempty" enum:"openai,azure,ollama,vllm,other"`
	BaseURL    *string `json:"base_url,omitempty" minLength:"8" maxLength:"500" doc:"A stored key must be given again with it"`
	Model      *string `json:"model,omitempty" minLength:"1" maxLength:"200"`
	Key        *string `json:"key,omitempty" maxLength:"1000" doc:"\"\" takes the stored one away"`
	APIVersion *string `json:"api_version,omitempty" maxLength:"30"`
	Enabled    *bool   `json:"enabled,omitempty"`
	Position   *int    `json:"position,omitempty" minimum:"1" maximum:"20" doc:"Moves it to this place"`
}

// ModelTest is a model to try before it is saved.
type ModelTest struct {
	ModelID    string `json:"model_id,omitempty" format:"uuid" maxLength:"36" doc:"A saved model whose stored key is used where key is left out; its address must be the same"`
	Preset     string `json:"preset" enum:"openai,azure,ollama,vllm,other"`
	BaseURL    string `json:"base_url" minLength:"8" maxLength:"500"`
	Model      string `json:"model" minLength:"1" maxLength:"200"`
	Key        string `json:"key,omitempty" maxLength:"1000"`
	APIVersion string `json:"api_version,omitempty" maxLength:"30"`
}

type (
	modelOut      struct{ Body Model }
	modelListOut  struct{ Body ModelList }
	modelCreateIn struct{ Body ModelInput }
	modelPatchIn  struct {
		IDParam
		Body ModelPatch
	}
	modelTestIn    struct{ Body ModelTest }
	modelReportOut struct{ Body models.ModelReport }
)

func (s *Server) modelRoutes() {
	register(s, operation(http.MethodGet, "/models", "list-models", "Models that questions can be asked of", 200), auth.Ask, s.listModels)
	register(s, operation(http.MethodPost, "/models", "create-model", "Set up a model", 201), auth.WriteModels, s.createModel)
	register(s, slow(operation(http.MethodPost, "/models/test", "test-model", "Try a model that is not saved; the report says what is wrong", 200), testTimeout),
		auth.WriteModels, s.testModel)
	register(s, operation(http.MethodGet, "/models/{id}", "get-model", "One model", 200), auth.WriteModels, s.getModel)
	register(s, operation(http.MethodPatch, "/models/{id}", "update-model", "Change a model, or its place among the others", 200), auth.WriteModels, s.updateModel)
	register(s, operation(http.MethodDelete, "/models/{id}", "delete-model", "Remove a model with its key", 204), auth.WriteModels, s.deleteModel)
	register(s, slow(operation(http.MethodPost, "/models/{id}/test", "test-saved-model", "Try a saved model", 200), testTimeout),
		auth.WriteModels, s.testSavedModel)
}

func (s *Server) listModels(ctx context.Context, _ *empty) (*modelListOut, error) {
	rows, err := s.deps.Store.ListModelEndpoints(ctx, scopeOf(ctx))
	if err != nil {
		return nil, err
	}
	out := &modelListOut{Body: ModelList{Models: []Model{}, Configured: s.deps.Config.Planner}}
	for i := range rows {
		switch m := &rows[i]; {
		case slices.Contains(who(ctx).Permissions, auth.WriteModels):
			out.Body.Models = append(out.Body.Models, modelView(m))
		case m.Enabled:
			out.Body.Models = append(out.Body.Models, Model{ID: m.ID, Name: m.Name})
		}
	}
	return out, nil
}

func (s *Server) getModel(ctx context.Context, in *IDParam) (*modelOut, error) {
	m, err := s.deps.Store.GetModelEndpoint(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &modelOut{Body: modelView(m)}, nil
}

func (s *Server) createModel(ctx context.Context, in *modelCreateIn) (*modelOut, error) {
	scope, b := scopeOf(ctx), in.Body
	m := &models.ModelEndpoint{ID: newID(), OrgID: scope.OrgID, Name: b.Name, Preset: b.Preset, BaseURL: b.BaseURL, Model: b.Model,
		APIVersion: b.APIVersion, Position: b.Position, Enabled: b.Enabled == nil || *b.Enabled}
	if err := s.prepareModel(m, &b.Key); err != nil {
		return nil, err
	}
	if err := s.deps.Store.CreateModelEndpoint(ctx, scope, m); err != nil {
		return nil, err
	}
	s.audit(ctx, "model.create", m.ID, map[string]any{"name": m.Name, "base_url": m.BaseURL, "model": m.Model})
	return &modelOut{Body: modelView(m)}, nil
}

// updateModel changes what is given. As with connections, a change of where the
// key is sent needs the key again.
func (s *Server) updateModel(ctx context.Context, in *modelPatchIn) (*modelOut, error) {
	scope := scopeOf(ctx)
	m, err := s.deps.Store.GetModelEndpoint(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	before, p := *m, in.Body
	set(&m.Name, p.Name)
	set(&m.Preset, p.Preset)
	set(&m.BaseURL, p.BaseURL)
	set(&m.Model, p.Model)
	set(&m.APIVersion, p.APIVersion)
	set(&m.Enabled, p.Enabled)
	set(&m.Position, p.Position)
	if err := s.prepareModel(m, p.Key); err != nil {
		return nil, err
	}
	if p.Key == nil && len(m.SealedKey) > 0 && m.BaseURL != before.BaseURL {
		return nil, invalidField("body.key", "is needed again when the base URL changes")
	}
	if err := s.deps.Store.UpdateModelEndpoint(ctx, scope, m); err != nil {
		return nil, err
	}
	s.audit(ctx, "model.update", m.ID, map[string]any{"name": m.Name, "base_url": m.BaseURL, "model": m.Model, "enabled": m.Enabled, "key": p.Key != nil})
	return &modelOut{Body: modelView(m)}, nil
}

func (s *Server) deleteModel(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.DeleteModelEndpoint(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "model.delete", in.ID, nil)
	return nil, nil
}

func (s *Server) testModel(ctx context.Context, in *modelTestIn) (*modelReportOut, error) {
	scope, b := scopeOf(ctx), in.Body
	m := &models.ModelEndpoint{ID: newID(), OrgID: scope.OrgID, Name: "test", Preset: b.Preset, BaseURL: b.BaseURL, Model: b.Model, APIVersion: b.APIVersion}
	var stored *models.ModelEndpoint
	if b.ModelID != "" {
		var err error
		if stored, err = s.deps.Store.GetModelEndpoint(ctx, scope, canonical(b.ModelID)); err != nil {
			return nil, err
		}
		m.ID = stored.ID // its key opens with that
	}
	if err := s.prepareModel(m, &b.Key); err != nil {
		return nil, err
	}
	if stored != nil && b.Key == "" && len(stored.SealedKey) > 0 {
		if stored.BaseURL != m.BaseURL {
			return nil, invalidField("body.key", "is needed again when the base URL changes")
		}
		m.SealedKey = stored.SealedKey
	}
	return s.runModelTest(ctx, TestModelInput{Unsaved: m})
}

func (s *Server) testSavedModel(ctx context.Context, in *IDParam) (*modelReportOut, error) {
	m, err := s.deps.Store.GetModelEndpoint(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return s.runModelTest(ctx, TestModelInput{EndpointID: m.ID})
}

func (s *Server) runModelTest(ctx context.Context, in TestModelInput) (*modelReportOut, error) {
	scope := scopeOf(ctx)
	if err := s.deps.Auth.Limit(ctx, "test:"+scope.UserID, s.deps.Config.TestsPerMinute, time.Minute); err != nil {
		return nil, err
	}
	report, err := s.deps.Runs.TestModel(ctx, scope, in)
	if err != nil {
		return nil, unavailable(err, "The test could not be run now. Try again in a moment.")
	}
	return &modelReportOut{Body: report}, nil
}

// defaultAzureVersion is Azure's newest version that is no preview.
const defaultAzureVersion = "2024-10-21"

// prepareModel checks a model's fields and seals its key: nil leaves the stored
// one, "" takes it away.
func (s *Server) prepareModel(m *models.ModelEndpoint, key *string) (err error) {
	m.Name, m.Model, m.APIVersion = strings.TrimSpace(m.Name), strings.TrimSpace(m.Model), strings.TrimSpace(m.APIVersion)
	for _, f := range []struct{ field, value string }{{"name", m.Name}, {"model", m.Model}} {
		if f.value == "" || !printable(f.value) {
			return invalidField("body."+f.field, "must be plain text and not blank")
		}
	}
	if m.BaseURL, err = checkBaseURL(m.BaseURL); err != nil {
		return err
	}
	switch {
	case m.Preset != models.PresetAzure:
		m.APIVersion = ""
	case m.APIVersion == "":
		m.APIVersion = defaultAzureVersion
	case strings.Trim(m.APIVersion, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "":
		return invalidField("body.api_version", "must be as Azure writes it, such as "+defaultAzureVersion)
	}
	switch {
	case key == nil && m.SealedKey != nil:
		return nil
	case key == nil || strings.TrimSpace(*key) == "":
		m.SealedKey = []byte{}
		return nil
	}
	plain := strings.TrimSpace(*key)
	if !printable(plain) || strings.Contains(plain, " ") {
		return invalidField("body.key", "must be one word of plain text")
	}
	if s.deps.ModelSealer == nil {
		return models.Errorf(models.CodeConflict, "This installation cannot keep models' keys yet. Whoever runs it must set DATAMIND_MODEL_SEAL_PUBLIC_KEY and _PRIVATE_KEY; 'datamind keys' makes them.")
	}
	sealed, err := s.deps.ModelSealer.Seal(m.OrgID, m.ID, []byte(plain))
	m.SealedKey = sealed
	return err
}

// checkBaseURL takes a plain web address to which paths are appended, and gives
// it one form. Which addresses may be dialled is decided on the worker, on the
// address really dialled.
func checkBaseURL(raw string) (string, error) {
	const field = "body.base_url"
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil || !printable(raw) || u.Opaque != "" || u.Scheme != "http" && u.Scheme != "https":
		return "", invalidField(field, "must be an address that begins with http:// or https://")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", invalidField(field, "must be without a user, a query and a fragment; the key has a field of its own")
	}
	if checkHost(u.Hostname()) != nil || strings.Contains(u.Host, "%") {
		return "", invalidField(field, "must have a host name or an IP address in its usual form")
	}
	if port := u.Port(); port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number < minPort && number != 80 && number != 443 {
			return "", invalidField(field, "must have port 80, 443, or 1024 or higher: the others below belong to other services")
		}
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	u.Host = strings.ToLower(u.Host)
	return u.String(), nil
}

// modelToAsk checks which model a question is to be asked of.
func (s *Server) modelToAsk(ctx context.Context, scope models.Scope, id string) (string, error) {
	if id == "" || id == models.ModelBuiltin {
		return id, nil
	}
	m, err := s.deps.Store.GetModelEndpoint(ctx, scope, canonical(id))
	if err != nil {
		return "", err
	}
	if !m.Enabled {
		return "", invalidField("body.model", "names a model that is switched off")
	}
	return m.ID, nil
}

package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/llm"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// builtin says that no model is asked.
func (a *Model) builtin(planner string, endpoints []string) bool {
	return planner == models.ModelBuiltin || planner == models.PlannerPerson || len(endpoints) == 0 && a.LLM == nil
}

// targets are the models that may answer a run, in their order: those of the
// organisation that the run was started with, as far as they are still there,
// or the configured ones. nil stands for the built-in planner.
func (a *Model) targets(ctx context.Context, tx *store.Store, scope models.Scope, planner string, ids []string) (all []llm.Target, err error) {
	switch {
	case a.builtin(planner, ids):
		return nil, nil
	case len(ids) == 0:
		return a.LLM.Targets(), nil
	}
	refusal := models.Errorf(models.CodeModel, "The model that this question was asked of has been removed or switched off. Ask again.")
	stored, err := tx.ListModelEndpoints(ctx, scope)
	if err != nil {
		return nil, err
	}
	byID := map[string]*models.ModelEndpoint{}
	for i := range stored {
		byID[stored[i].ID] = &stored[i]
	}
	for _, id := range ids {
		m := byID[id]
		if m == nil || !m.Enabled {
			continue
		}
		client, err := a.clients.get(m.ID+m.UpdatedAt.String(), func() (*llm.Client, error) { return a.client(m) })
		if err != nil { // the others may do
			refusal = models.Wrap(err, models.ErrorCode(err), "%s", models.ErrorMessage(err))
			continue
		}
		all = append(all, client.Targets()...)
	}
	if all == nil {
		return nil, refusal
	}
	return all, nil
}

// client makes the client of an organisation's model, its key opened.
func (a *Model) client(m *models.ModelEndpoint) (*llm.Client, error) {
	config := a.Own
	config.BaseURL, config.Models = m.BaseURL, []string{m.Model}
	if m.Preset == models.PresetAzure {
		config.AzureVersion = m.APIVersion
	}
	if len(m.SealedKey) == 0 {
		return llm.New(config), nil
	}
	err := crypt.ErrOpen
	if a.Opener != nil {
		config.Key, err = a.Opener.Open(m.OrgID, m.ID, crypt.Sealed(m.SealedKey))
	}
	if err != nil {
		return nil, models.Wrap(err, models.CodeSealedKey, "The stored key of the model %q cannot be opened by this worker. Enter the key again under Settings, Models; if that does not help, whoever runs DataMind must give model workers DATAMIND_MODEL_SEAL_PRIVATE_KEY.", m.Name)
	}
	return llm.New(config), nil
}

// testRoom is what a test leaves of its time to say that it was not enough.
const testRoom = 3 * time.Second

// TestModel tries a model that need not be stored. What is wrong is in the report.
func (a *Model) TestModel(ctx context.Context, in TestModelInput) (models.ModelReport, error) {
	m := in.Unsaved
	if m == nil {
		var err error
		if m, err = a.Store.GetModelEndpoint(ctx, in.Scope, in.EndpointID); err != nil {
			return models.ModelReport{}, toTemporal(ctx, err)
		}
	} else {
		m.OrgID, m.SealedKey = in.Scope.OrgID, in.SealedKey
	}
	client, err := a.client(m)
	if err != nil {
		return models.ModelReport{Code: models.ErrorCode(err), Message: models.ErrorMessage(err)}, nil
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, activity.GetInfo(ctx).StartToCloseTimeout-testRoom)
	defer cancel()
	return client.Test(ctx), nil
}

package main

import (
	"context"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

// apiRuns fits the starters to the interface that the API names.
type apiRuns struct {
	*workflows.Client
	store     *store.Store
	namespace string
}

// Queue describes a queue of the namespace that this process works in.
func (r apiRuns) Queue(ctx context.Context, name string) (models.QueueState, error) {
	return worker.Queue(ctx, r.Temporal, r.namespace, name)
}

func (r apiRuns) TestConnection(ctx context.Context, scope models.Scope, in api.TestConnectionInput) (models.ConnectionReport, error) {
	c := in.Unsaved
	if c == nil {
		var err error
		if c, err = r.store.GetConnection(ctx, scope, in.ConnectionID); err != nil {
			return models.ConnectionReport{}, err
		}
	}
	return r.Client.TestConnection(ctx, activities.TestInput{Scope: scope, Connection: *c, Sealed: c.SealedPassword})
}

// TestChannel tries a channel; each test is one of its own.
func (r apiRuns) TestChannel(ctx context.Context, scope models.Scope, in api.TestChannelInput) (models.ChannelReport, error) {
	test := activities.TestChannelInput{Scope: scope, ChannelID: in.ChannelID, Unsaved: in.Unsaved, TestID: store.NewID()}
	if in.Unsaved != nil {
		test.Sealed = in.Unsaved.SealedSecret
	}
	return r.Client.TestChannel(ctx, test)
}

func (r apiRuns) TestModel(ctx context.Context, scope models.Scope, in api.TestModelInput) (models.ModelReport, error) {
	if in.Unsaved == nil {
		return r.Client.TestModel(ctx, activities.TestModelInput{Scope: scope, EndpointID: in.EndpointID})
	}
	return r.Client.TestModel(ctx, activities.TestModelInput{Scope: scope, Unsaved: in.Unsaved, SealedKey: in.Unsaved.SealedKey})
}

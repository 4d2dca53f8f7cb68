package system

import (
	"log/slog"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

// Deliver starts the sending of deliveries of the ledger, each in a run of its own.
func (s *System) Deliver(scope models.Scope, ids ...string) {
	s.t.Helper()
	c, err := worker.Dial(s.t.Context(), s.Temporal, s.Namespace, nil, s.Codec(), slog.New(slog.DiscardHandler), nil)
	require.NoError(s.t, err)
	defer c.Close()
	runs := &workflows.Client{Temporal: c}
	for _, id := range ids {
		require.NoError(s.t, runs.Deliver(s.t.Context(), scope, id))
	}
}

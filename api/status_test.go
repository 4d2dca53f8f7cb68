package api_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

func (p *person) faults() []api.Fault {
	p.t.Helper()
	res := p.do(http.MethodGet, "/status", nil)
	require.Equal(p.t, http.StatusOK, res.status, res.body)
	var got struct{ Faults []api.Fault }
	res.into(p.t, &got)
	require.NotNil(p.t, got.Faults, "a list, never null")
	return got.Faults
}

func TestStatusIsLookedUpOnceForManyCallers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	viewer := b.member(models.RoleViewer)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { require.Empty(t, viewer.faults()) })
	}
	all.Wait()
	require.Empty(t, b.b.faults(), "of another organisation")
	require.Equal(t, len(workflows.Queues), b.runs.described)
}

func TestStatusNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	b.runs.queue = func(_ context.Context, name string) (models.QueueState, error) {
		return map[string]models.QueueState{
			workflows.QueueAsk:   {Workers: 2, LastPoll: now, Backlog: 40, Age: 12 * time.Second},
			workflows.QueueModel: {Backlog: 3, Age: time.Minute},
			workflows.QueueQuery: {Workers: 1, LastPoll: now, Backlog: 2, Age: time.Second},
			workflows.QueueAlert: {Workers: 1, LastPoll: now},
		}[name], nil
	}
	require.NoError(t, b.redis.Close())
	require.Equal(t, []api.Fault{
		{Code: api.FaultDown, Name: "redis", Message: "Redis does not answer. Answers are not live, and nobody can sign in or ask until it is back; what runs goes on."},
		{Code: api.FaultBehind, Name: "ask", Message: `Work waits in the queue "ask" (40, the first for 12s): its workers are busy, or have just ended.`, Waiting: 40, OldestSeconds: 12},
		{Code: api.FaultUnserved, Name: "model", Message: `No worker polls the queue "model"; what is asked waits until one does.`, Waiting: 3, OldestSeconds: 60},
	}, b.a.faults())
}

// A server that hangs holds nobody up for long.
func TestStatusIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.runs.fail(models.Wrap(errors.New("dial tcp 10.1.2.3:7233: refused"), models.CodeUnavailable, "It does not answer."))
	b.runs.queue = func(ctx context.Context, _ string) (models.QueueState, error) {
		<-ctx.Done()
		return models.QueueState{}, ctx.Err()
	}
	begun := time.Now()
	res := b.a.do(http.MethodGet, "/status", nil)
	require.Less(t, time.Since(begun), 8*time.Second)
	require.JSONEq(t, `{"faults":[{"code":"down","name":"temporal","waiting":0,"oldest_seconds":0,
		"message":"The workflow service (Temporal) does not answer. What is asked is stored and starts when it is back; what runs goes on then."}]}`, res.body)
	require.NotContains(t, res.body, "10.1.2.3")
}

// Where runs can be looked at is told to those who may.
func TestTheTemporalUIIsForThoseWhoMayInspectRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for role, want := range map[models.Role]api.Features{
		models.RoleOwner:   {Planner: "builtin", TemporalUIURL: uiOrigin + "/ui", TemporalNamespace: "live"},
		models.RoleAdmin:   {Planner: "builtin", TemporalUIURL: uiOrigin + "/ui", TemporalNamespace: "live"},
		models.RoleAnalyst: {Planner: "builtin"},
		models.RoleViewer:  {Planner: "builtin"},
	} {
		var me api.Me
		b.member(role).do(http.MethodGet, "/auth/me", nil).into(t, &me)
		require.Equal(t, want, me.Features, role)
	}
	res := b.a.do(http.MethodPost, "/api-keys", map[string]any{"name": "ci", "scopes": []string{auth.Profile}})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	var me api.Me
	(&person{bundle: b}).do(http.MethodGet, "/auth/me", nil, "Authorization", "Bearer "+res.field(t, "key").(string)).into(t, &me)
	require.Equal(t, api.Features{Planner: "builtin"}, me.Features, "a key without that permission")
}

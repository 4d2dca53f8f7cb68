package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

// The page learns from /status what holds a question up, and that it is over.
func TestStatusSaysWhatIsWrongWithTheService(t *testing.T) {
	t.Parallel()
	temporal := wireTo(t, testkit.Temporal(t))
	s := system.Start(t, system.Options{Workers: []string{"ask,query,alert,export"}, Env: []string{"DATAMIND_TEMPORAL_ADDRESS=" + temporal.Addr().String()}})
	is := func(code api.FaultCode, name string) func([]api.Fault) bool {
		return func(faults []api.Fault) bool {
			for _, f := range faults {
				if f.Code == code && f.Name == name {
					return true
				}
			}
			return false
		}
	}
	status := func(what string, ok func([]api.Fault) bool) {
		t.Helper()
		system.Eventually(t, what, func() bool {
			var got struct{ Faults []api.Fault }
			s.Owner.Call(http.StatusOK, http.MethodGet, "/status", nil, &got)
			return ok(got.Faults)
		})
	}

	status("no worker of model", is(api.FaultUnserved, "model"))
	q := s.Owner.Ask("how many orders?")
	status("the question's step waits", func(faults []api.Fault) bool {
		return len(faults) == 1 && faults[0].Name == "model" && faults[0].Waiting == 1
	})
	s.AddWorker("model")
	s.Owner.Await(q, models.StatusAnswered)
	status("nothing is wrong", func(faults []api.Fault) bool { return len(faults) == 0 })

	address := s.Redis.Addr()
	s.Redis.Close()
	status("Redis is down", is(api.FaultDown, "redis"))
	require.NoError(t, s.Redis.StartAddr(address))
	status("Redis is back", func(faults []api.Fault) bool { return !is(api.FaultDown, "redis")(faults) })

	temporal.cut()
	status("Temporal is down", is(api.FaultDown, "temporal"))
	require.Equal(t, models.StatusQueued, s.Owner.Question(s.Owner.Ask("how many orders?")).Status)

	require.NoError(t, s.Platform.Stop())
	var problem api.Problem
	s.Owner.Call(http.StatusServiceUnavailable, http.MethodGet, "/status", nil, &problem)
	require.Equal(t, models.CodeUnavailable, problem.Code)
	require.Contains(t, problem.Detail, "DataMind's own database does not answer")
}

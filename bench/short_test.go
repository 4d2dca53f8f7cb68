package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/internal/testkit"
)

// TestMeasurements runs every measurement with tiny counts on one system, to
// see that it works and prints.
func TestMeasurements(t *testing.T) {
	if *full {
		t.Skip("only without -full")
	}
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Workers: layout, Rules: quick, WorkerEnv: []string{fmt.Sprint("DATAMIND_MODEL_CONCURRENCY=", modelCalls)}})
	overhead(t, s)
	throughput(t, s)
	var out table
	fairness(t, s, s.Organisation("Loud"), &out, "on", 10*time.Millisecond, 10)
	out.publish(t)
	size(t, s, nil, 2)
	workers(t, s, []int{1, 2}, 400*time.Millisecond)
	s.Model.Load(llmtest.Script{Rules: quick})
	waiting(t, s, 2, 50*time.Millisecond)
	discovery(t, testkit.PostgresServer(t), 20)
}

package bench

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
)

// TestFairness measures an organisation's questions alone, and while another
// one has asked very many, with fairness between organisations and without:
// with a model that answers at once, so that the machine is what they share, and
// with one that takes a second, so that the workers' places are.
func TestFairness(t *testing.T) {
	out := table{name: "fairness", header: []string{"the model takes", "fairness", "asked", "alone: p50", "p95", "beside the flood: p50", "p95", "p95 of alone"}}
	for name, args := range map[string][]string{"on": nil, "off": {"-fairness=false"}} {
		t.Run(name, func(t *testing.T) {
			s := measured(t, system.Options{Model: true, Workers: layout, Rules: quick}, args...)
			loud := s.Organisation("Loud")
			for _, delay := range []time.Duration{0, time.Second} {
				fairness(t, s, loud, &out, name, delay, 1000)
			}
		})
	}
	if *full {
		slices.SortFunc(out.rows, slices.Compare)
		out.publish(t)
	}
}

func fairness(t *testing.T, quiet, loud *system.System, out *table, name string, delay time.Duration, many int) {
	quiet.Model.Load(llmtest.Script{Rules: quick, DelayMs: int(delay.Milliseconds())})
	var alone, beside times
	for range count(20, 2) {
		alone = append(alone, ask(t, quiet.Owner, "how many orders?").wall)
	}
	var flood sync.WaitGroup
	posted := make(chan struct{})
	flood.Go(func() {
		sideBySide(many, 50, func(i int) {
			loud.Owner.Ask("how many orders?")
			if i == many/10 {
				close(posted)
			}
		})
	})
	<-posted
	org := loud.Owner.Scope().OrgID
	for open := 1; open > 0; {
		beside = append(beside, ask(t, quiet.Owner, "how many orders?").wall)
		open = number[int](t, quiet.Platform.DSN("datamind"), "SELECT count(*) FROM questions WHERE org_id = $1 AND ended_at IS NULL", org)
	}
	flood.Wait()
	out.add(delay, name, len(beside), alone.p50(), alone.p95(), beside.p50(), beside.p95(), ratio(beside.p95(), alone.p95()))
}

package bench

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/datamind/datamind/e2e/system"
)

// TestFairness measures an organisation's questions alone, and while another
// one has asked very many, with fairness between organisations and without.
func TestFairness(t *testing.T) {
	out := table{name: "fairness", header: []string{"an organisation's questions, one after the other", "p50", "p95", "p95 of alone"}}
	t.Run("fair", func(t *testing.T) {
		fairness(t, measured(t, system.Options{Model: true, Workers: layout, Rules: quick}), &out, "with fairness", 1000)
	})
	t.Run("unfair", func(t *testing.T) {
		fairness(t, measured(t, system.Options{Model: true, Workers: layout, Rules: quick}, "-fairness=false"), &out, "without", 1000)
	})
	if *full {
		out.publish(t)
	}
}

func fairness(t *testing.T, quiet *system.System, out *table, name string, many int) {
	loud := quiet.Organisation("Loud")
	var alone, beside times
	for i := range count(50, 2) + 5 {
		if a := ask(t, quiet.Owner, "how many orders?"); i >= 5 {
			alone = append(alone, a.wall)
		}
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
	org, begun := loud.Owner.Scope().OrgID, time.Now()
	for open := 1; open > 0 && time.Since(begun) < time.Minute; {
		beside = append(beside, ask(t, quiet.Owner, "how many orders?").wall)
		open = number[int](t, quiet.Platform.DSN("datamind"), "SELECT count(*) FROM questions WHERE org_id = $1 AND ended_at IS NULL", org)
	}
	flood.Wait()
	out.add("alone, "+name, alone.p50(), alone.p95(), 1.0)
	out.add(fmt.Sprintf("while another's %d are worked off, %s (%d asked)", many, name, len(beside)), beside.p50(), beside.p95(), ratio(beside.p95(), alone.p95()))
}

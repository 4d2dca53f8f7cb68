// Package bench measures whole processes. Figures that are compared with each
// other come from one run.
package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// BenchmarkQuestion asks one question after another, with a model that answers
// at once: what is left is the platform's own time. wall is from sending the
// request to the event that ends it; overhead is wall less the time that the
// model's server and the customer's database worked.
func BenchmarkQuestion(b *testing.B) {
	s := system.Start(b, system.Options{Model: true, Workers: []string{"ask,model,query"},
		Rules: []llmtest.Rule{{Kind: llmtest.KindPlan, SQL: system.QuickSQL}}})
	one := func() (wall, first, overhead time.Duration) {
		s.Model.Forget()
		begun := time.Now()
		id := s.Owner.Ask("how many orders?")
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		for e := range s.Owner.Follow(ctx, 0, id, "") {
			if first == 0 {
				first = time.Since(begun)
			}
			if e.Type == "end" || e.Type == "snapshot" && !openSnapshot(e) {
				break
			}
		}
		wall = time.Since(begun)
		q := s.Owner.Await(id, models.StatusAnswered)
		return wall, first, wall - worked(b, s, q)
	}
	for range 20 { // caches and pools
		one()
	}
	var walls, firsts, overheads []time.Duration
	for b.Loop() {
		wall, first, overhead := one()
		walls, firsts, overheads = append(walls, wall), append(firsts, first), append(overheads, overhead)
	}
	for name, all := range map[string][]time.Duration{"wall": walls, "first-event": firsts, "overhead": overheads} {
		slices.Sort(all)
		b.ReportMetric(ms(all[len(all)/2]), name+"-p50-ms")
		b.ReportMetric(ms(all[len(all)*95/100]), name+"-p95-ms")
	}
}

func openSnapshot(e system.Event) bool {
	var q struct{ Status models.QuestionStatus }
	return json.Unmarshal(e.Data, &q) == nil && !q.Status.Final()
}

// worked is the time of the model's server and of the database.
func worked(b *testing.B, s *system.System, q api.Question) (sum time.Duration) {
	for _, call := range s.Model.Calls() {
		require.True(b, call.Completed, fmt.Sprint(call))
		sum += call.EndedAt.Sub(call.StartedAt)
	}
	return sum + s.QueryTime(q.ID)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

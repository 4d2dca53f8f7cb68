package chaos

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// moment is a place in the life of a question at which a worker is killed.
type moment struct {
	name  string // step, and what of it has happened
	queue string // whose worker is killed
	kind  kind   // of the question; "" is plain
	// stand asks the question and brings the worker to the moment. There are no
	// switches for that in the platform: the worker stands at a lock of the
	// database's, at a model that does not answer, or behind a held line.
	stand func(*repetition, *question)
}

// moments are those of every step: before its effect, during it, when it has
// happened and is not recorded, and when it is recorded and Temporal does not
// know.
var moments = []moment{
	{name: "begin, before", queue: "model", stand: func(r *repetition, q *question) { r.beginning(q) }},
	{name: "begin, during", queue: "model", stand: func(r *repetition, q *question) {
		snapshots := r.lockTable("catalog_snapshots")
		r.pursue(q)
		snapshots.reached("catalog_snapshots")
	}},

	{name: "discover, before", queue: "query", stand: func(r *repetition, q *question) {
		r.outdateCatalog()
		steps := r.lockTable("question_steps")
		r.pursue(q)
		steps.reached("question_steps")
	}},
	{name: "discover, during", queue: "query", stand: func(r *repetition, q *question) { r.discovering(q) }},
	{name: "discover, not recorded", queue: "query", stand: func(r *repetition, q *question) {
		schema := r.discovering(q)
		snapshots := r.lockTable("catalog_snapshots")
		schema.release()
		snapshots.reached("catalog_snapshots")
	}},
	{name: "discover, recorded", queue: "query", stand: func(r *repetition, q *question) {
		schema := r.discovering(q)
		r.behind("query").hold(up)
		schema.release()
		r.awaitStep(q, models.StepDiscover)
	}},

	{name: "plan, before", queue: "model", stand: func(r *repetition, q *question) {
		steps := r.lockTable("question_steps")
		r.pursue(q)
		steps.reached("question_steps")
	}},
	{name: "plan, during", queue: "model", stand: func(r *repetition, q *question) { r.modelAsked(q, llmtest.KindPlan) }},
	{name: "plan, not recorded", queue: "model", stand: func(r *repetition, q *question) {
		answer := r.modelAsked(q, llmtest.KindPlan)
		steps := r.lockTable("question_steps")
		answer()
		steps.reached("question_steps")
	}},
	{name: "plan, recorded", queue: "model", stand: func(r *repetition, q *question) {
		answer := r.modelAsked(q, llmtest.KindPlan)
		r.behind("model").hold(up)
		answer()
		r.awaitStep(q, models.StepPlan)
	}},

	{name: "guard, before", queue: "query", stand: func(r *repetition, q *question) { r.guarding(q) }},
	{name: "guard, recorded", queue: "query", stand: func(r *repetition, q *question) {
		r.line("workers", system.ToCustomer).hold(down)
		r.pursue(q)
		r.awaitRow(q)
		r.awaitStep(q, models.StepGuard)
	}},

	{name: "query, during", queue: "query", kind: slow, stand: func(r *repetition, q *question) {
		r.pursue(q)
		r.eventually("the query runs", func() bool { return r.Running(q.label(1)+" ") == 1 })
	}},
	{name: "query, not recorded", queue: "query", stand: func(r *repetition, q *question) {
		orders := r.querying(q)
		results := r.lockTable("results")
		orders.release()
		results.reached("results")
	}},
	{name: "query, recorded", queue: "query", stand: func(r *repetition, q *question) {
		orders := r.querying(q)
		r.behind("query").hold(up)
		orders.release()
		r.awaitStep(q, models.StepQuery)
	}},

	{name: "analyse, before", queue: "model", stand: func(r *repetition, q *question) {
		orders := r.querying(q)
		r.behind("model").hold(down)
		orders.release()
		r.awaitStep(q, models.StepQuery)
		steps := r.lockTable("question_steps")
		r.behind("model").release()
		steps.reached("question_steps")
	}},
	{name: "analyse, during", queue: "model", stand: func(r *repetition, q *question) { r.modelAsked(q, llmtest.KindWrite) }},
	{name: "analyse, not recorded", queue: "model", stand: func(r *repetition, q *question) {
		answer := r.modelAsked(q, llmtest.KindWrite)
		steps := r.lockTable("question_steps")
		answer()
		steps.reached("question_steps")
	}},
	{name: "analyse, recorded", queue: "model", stand: func(r *repetition, q *question) {
		answer := r.modelAsked(q, llmtest.KindWrite)
		r.behind("model").hold(up)
		answer()
		r.awaitStep(q, models.StepAnalyse)
	}},

	{name: "record the end, before", queue: "ask", kind: refused, stand: func(r *repetition, q *question) { r.ending(q) }},
	{name: "record the end, recorded", queue: "ask", kind: refused, stand: func(r *repetition, q *question) {
		row := r.ending(q)
		r.behind("ask").hold(up)
		row.release()
		r.awaitStatus(q, models.StatusRefused)
	}},

	{name: "ask the person, before", queue: "ask", kind: clarify, stand: func(r *repetition, q *question) { r.askingBack(q) }},
	{name: "ask the person, recorded", queue: "ask", kind: clarify, stand: func(r *repetition, q *question) {
		row := r.askingBack(q)
		r.behind("ask").hold(up)
		row.release()
		r.awaitStatus(q, models.StatusClarify)
	}},
	{name: "go on, before", queue: "ask", kind: clarify, stand: func(r *repetition, q *question) { r.goingOn(q) }},
	{name: "go on, recorded", queue: "ask", kind: clarify, stand: func(r *repetition, q *question) {
		row := r.goingOn(q)
		r.behind("ask").hold(up)
		row.release()
		r.awaitStatus(q, models.StatusRunning)
	}},
}

// behind is the line of a queue's worker to Temporal.
func (r *repetition) behind(queue string) *proxy {
	return r.line(r.worker(queue, 0).Name(), system.ToTemporal)
}

// awaitRow waits until the question is stored.
func (r *repetition) awaitRow(q *question) {
	r.eventually("the question is stored", func() bool { r.look(q); return q.ident() != "" })
}

// beginning brings the ask worker to where it would mark the question as running.
func (r *repetition) beginning(q *question) *hold {
	r.behind("ask").hold(down)
	r.pursue(q)
	r.awaitRow(q)
	row := r.lockQuestion(q)
	r.behind("ask").release()
	row.reached("run_id")
	return row
}

// outdateCatalog makes the next question read the schema.
func (r *repetition) outdateCatalog() {
	_, err := r.platform.Exec(r.ctx, "UPDATE catalog_snapshots SET taken_at = taken_at - interval '90 days'")
	require.NoError(r.t, err)
}

// discovering brings the query worker into the middle of reading the schema.
func (r *repetition) discovering(q *question) *hold {
	r.outdateCatalog()
	schema := r.lock(r.customer, "LOCK TABLE pg_catalog.pg_description IN ACCESS EXCLUSIVE MODE")
	r.pursue(q)
	schema.reached("")
	return schema
}

// modelAsked brings the model worker to wait for the model, until the returned
// function is called.
func (r *repetition) modelAsked(q *question, callKind string) (answer func()) {
	answer = r.gate(q, callKind)
	r.pursue(q)
	r.called(q, callKind)
	return answer
}

// guarding brings the query worker to where it would open the guard's step.
func (r *repetition) guarding(q *question) *hold {
	answer := r.modelAsked(q, llmtest.KindPlan)
	r.behind("query").hold(down)
	answer()
	r.awaitStep(q, models.StepPlan)
	steps := r.lockTable("question_steps")
	r.behind("query").release()
	steps.reached("question_steps")
	return steps
}

// querying brings the query worker to wait for the customer's table.
func (r *repetition) querying(q *question) *hold {
	orders := r.lock(r.customer, "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
	r.pursue(q)
	orders.reached(q.label(1))
	return orders
}

// ending brings the ask worker to where it would record an end without an
// answer; one with an answer is recorded with it.
func (r *repetition) ending(q *question) *hold {
	answer := r.modelAsked(q, llmtest.KindPlan)
	r.behind("ask").hold(down)
	answer()
	r.awaitStep(q, models.StepPlan)
	row := r.lockQuestion(q)
	r.behind("ask").release()
	row.reached("active_ms")
	return row
}

// askingBack brings the ask worker to where it would mark the question as waiting.
func (r *repetition) askingBack(q *question) *hold {
	answer := r.modelAsked(q, llmtest.KindPlan)
	r.behind("ask").hold(down)
	answer()
	r.awaitStep(q, models.StepPlan)
	row := r.lockQuestion(q)
	r.behind("ask").release()
	row.reached("prompt")
	return row
}

// goingOn brings the ask worker to where it would take the person's reply.
func (r *repetition) goingOn(q *question) *hold {
	q.mute.Store(true)
	r.pursue(q)
	r.awaitStatus(q, models.StatusClarify)
	row := r.lockQuestion(q)
	q.mute.Store(false)
	row.reached("prompt")
	return row
}

// A worker is killed at every moment of every step; others are asked meanwhile.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	for _, m := range chosen(moments, 6) {
		t.Run(m.name, func(t *testing.T) {
			fault{name: "worker killed: " + m.name, body: func(r *repetition) {
				k := m.kind
				if k == "" {
					k = plain
				}
				q := r.new(k)
				m.stand(r, q)
				r.kill(r.worker(m.queue, 0))
				r.line("workers", system.ToCustomer).drop()
				r.hungUp(q)
				r.ask(mix[r.rng.IntN(len(mix))])
				if k == slow {
					require.Equal(r.t, 1, r.Running(q.label(1)+" "), "the server does not notice by itself")
					r.hurry()
				}
				r.releaseAll()
				r.pause(r.between(0, time.Second))
				r.heal()
				r.faultOver()
				if k == slow {
					r.await(q)
					r.slowDown()
				}
			}}.run(t)
		})
	}
}

// hungUp waits until the model knows that who asked for the question is gone.
func (r *repetition) hungUp(q *question) {
	r.eventually("the dead worker's call ends", func() bool {
		return !slices.ContainsFunc(r.Model.Calls(), func(c llmtest.Call) bool { return q.asks(c) && !c.Ended() })
	})
}

// chosen are all in the full form, and n of the seed's choice in the short one.
func chosen[T any](all []T, n int) []T {
	if *full || n >= len(all) {
		return all
	}
	var some []T
	for _, i := range rand.New(rand.NewPCG(*seed, 0)).Perm(len(all))[:n] {
		some = append(some, all[i])
	}
	return some
}

// hurry makes slow queries that begin from now on quick ones.
func (w *world) hurry() { w.Exec("shop", "DELETE FROM slow WHERE id > 3") }

// slowDown undoes hurry.
func (w *world) slowDown() { w.Exec("shop", "INSERT INTO slow SELECT generate_series(4, 1000)") }

// A worker of the seed's choice is killed at a moment of the seed's choice.
func TestWorkerKilledAnyTime(t *testing.T) {
	fault{name: "worker killed: any time", short: 2, body: func(r *repetition) {
		for range 6 {
			r.ask(mix[r.rng.IntN(len(mix))])
			r.pause(r.between(0, 100*time.Millisecond))
		}
		r.pause(r.between(0, time.Second))
		r.kill(r.Workers[r.rng.IntN(len(r.Workers))])
		r.pause(r.between(0, time.Second))
		r.heal()
	}}.run(t)
}

// All workers are gone while questions come in.
func TestNoWorkers(t *testing.T) {
	fault{name: "all workers gone", outage: time.Minute, body: func(r *repetition) {
		for range 6 {
			r.ask(mix[r.rng.IntN(len(mix))])
		}
		r.pause(r.between(0, 500*time.Millisecond))
		for _, p := range r.Workers {
			r.kill(p)
		}
		began := time.Now()
		for n := 0; time.Since(began) < r.outage; n++ {
			r.ask(mix[n%len(mix)])
			r.pause(r.outage / 12)
		}
		r.heal()
		r.outageOver(time.Since(began))
	}}.run(t)
}

// One worker after the other is killed under load, with two for each queue.
func TestRollingKills(t *testing.T) {
	fault{name: "rolling kills of one worker", outage: 30 * time.Second, body: func(r *repetition) {
		alone := r.Workers
		for _, queue := range []string{"ask", "model", "query", "alert"} {
			r.AddWorker(queue)
		}
		load, stop := context.WithTimeout(r.ctx, r.outage)
		defer stop()
		r.asking.Go(func() {
			for n := 0; load.Err() == nil; n++ {
				r.ask(mix[n%len(mix)])
				r.pause(300 * time.Millisecond)
			}
		})
		for load.Err() == nil {
			r.pause(r.between(time.Second, 3*time.Second))
			p := r.Workers[r.rng.IntN(len(r.Workers))]
			r.kill(p)
			p.Start(system.WorkerReady)
		}
		r.faultOver()
		for _, p := range r.Workers[len(alone):] {
			require.Zero(r.t, p.Stop(), "a worker that is asked to end does so in order")
		}
		r.Workers = alone
	}}.run(t)
}

package chaos

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/models"
)

// The customer's database is in trouble that passes: questions wait, say why,
// and are answered.
func TestCustomerTrouble(t *testing.T) {
	type trouble struct {
		begin, end func()
		code       models.Code
		shows      string
		after      time.Duration // how long it takes until somebody says so
	}
	for name, make := range map[string]func(*repetition) trouble{
		"stopped": func(r *repetition) trouble {
			return trouble{r.stopCustomer, r.startCustomer, models.CodeRefused, "Nothing listens on", 0}
		},
		"answers 5 s late": func(r *repetition) trouble {
			line := r.line("workers", system.ToCustomer)
			return trouble{func() { line.slow(5 * time.Second) }, line.release, "", "", time.Hour} // slow, and answered
		},
		"half-open": func(r *repetition) trouble {
			line := r.line("workers", system.ToCustomer)
			end := line.release
			if r.rng.IntN(2) == 0 { // the sessions are gone
				end = line.drop
			}
			return trouble{func() { line.hold(up); line.hold(down) }, end, models.CodeTimeout, "does not answer", 40 * time.Second}
		},
		"table locked": func(r *repetition) trouble {
			var h *hold
			return trouble{func() { h = r.lock(r.customer, "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE") }, func() { h.release() },
				models.CodeConnection, "locked by somebody else", 20 * time.Second}
		},
		"out of connections": func(r *repetition) trouble {
			limit := func(sql string) func() { return func() { r.Exec("shop", "ALTER ROLE reader CONNECTION LIMIT "+sql) } }
			begin := func() {
				limit("0")() // sessions that are kept would go on serving
				r.Exec("shop", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
			}
			return trouble{begin, limit("-1"), models.CodeConnection, "no free connection", 0}
		},
	} {
		t.Run(name, func(t *testing.T) {
			fault{name: "customer's database: " + name, outage: time.Minute, body: func(r *repetition) {
				m := make(r)
				r.throughout(m.begin, func() {
					if q := r.ask(plain); r.outage > m.after {
						r.shows(q, m.code, m.shows)
					}
				}, m.end)
			}}.run(t)
		})
	}
}

// A lock that is gone before the query gives up goes unnoticed.
func TestCustomerTableLockedForAMoment(t *testing.T) {
	fault{name: "customer's database: table locked for 2 s", body: func(r *repetition) {
		h := r.lock(r.customer, "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
		q := r.ask(plain)
		h.reached("orders")
		r.pause(r.between(time.Second, 2*time.Second))
		h.release()
		r.await(q)
		var tries int
		require.NoError(r.t, r.platform.QueryRow(r.ctx, "SELECT tries FROM question_steps WHERE question_id = $1 AND kind = 'query'", q.ident()).Scan(&tries))
		require.Equal(r.t, 1, tries)
	}}.run(t)
}

// A server that crashes under a query and comes back gets the query once more,
// and Stop still reaches it.
func TestCustomerRestarts(t *testing.T) {
	fault{name: "customer's database: crashes under queries", body: func(r *repetition) {
		running := r.ask(slow)
		running.ends = []models.QuestionStatus{models.StatusCancelled}
		runs := func() bool { return r.Running(running.label(1)) == 1 }
		r.eventually("the query runs", runs)
		for range 3 {
			r.ask(plain)
		}
		r.pause(r.between(0, 300*time.Millisecond))
		immediate(r, r.Customer)
		require.NoError(r.t, r.Customer.Start(context.Background()))
		r.customer.Reset()
		r.faultOver()
		r.eventually("the query runs again", runs)
		r.send(running, "stop", map[string]any{}, "")
		r.await(running)
	}}.run(t)
}

// A database that stays away for longer than a question waits ends it, and the
// question says why.
func TestCustomerStaysAway(t *testing.T) {
	if !*full {
		t.Skip("takes minutes: make chaos")
	}
	fault{name: "customer's database: stopped for longer than a question waits", outage: 150 * time.Second, body: func(r *repetition) {
		r.stopCustomer()
		began := time.Now()
		q := r.new(plain)
		q.ends = []models.QuestionStatus{models.StatusFailed}
		r.pursue(q)
		r.pause(r.outage)
		r.said(q, models.StatusFailed, models.CodeRefused, "Nothing listens on")
		r.startCustomer()
		r.outageOver(time.Since(began))
		r.ask(plain)
	}}.run(t)
}

func (r *repetition) stopCustomer() {
	r.line("workers", system.ToCustomer).refuse()
	require.NoError(r.t, r.Customer.Stop())
}

func (r *repetition) startCustomer() {
	require.NoError(r.t, r.Customer.Start(context.Background()))
	r.line("workers", system.ToCustomer).listen(r.t)
	r.customer.Reset()
}

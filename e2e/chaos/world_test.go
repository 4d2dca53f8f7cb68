package chaos

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
)

// world is a whole system and the eyes of the harness on it. It is used by one
// repetition at a time.
type world struct {
	*system.System
	host *host
	// Superuser's eyes on the databases, and a client of Temporal's, past all proxies.
	platform, customer, engine *pgxpool.Pool
	temporal                   client.Client
	log                        *serverLog
	proxies                    map[string]*proxy

	// Of the repetition.
	ctx      context.Context
	stop     context.CancelFunc
	asking   sync.WaitGroup
	began    time.Time
	faultEnd time.Time
	lasted   time.Duration // of an outage
	ahead    time.Duration // by which the clocks of all processes are ahead

	mu        sync.Mutex
	last      int // number of the last question
	questions []*question
	gates     map[string]chan struct{}
	holds     []*hold
	override  func(llmtest.Call, *question) *llmtest.Rule
}

// approveCost is above what every question but the costly ones costs.
const approveCost = 300

func newWorld(h *host) *world {
	w := &world{host: h, log: &serverLog{}, proxies: map[string]*proxy{}, gates: map[string]chan struct{}{}}
	w.System = system.Start(h, system.Options{APIs: 2, Workers: []string{"ask", "model", "query", "alert,export"}, Model: true, OwnTemporal: true, CustomerLog: w.log,
		CustomerSettings: []string{"log_min_duration_statement=0", "log_line_prefix=%n|%p|%a| "},
		// What is committed survives the end of a server, as in operation.
		PlatformSettings: []string{"synchronous_commit=on"},
		Env:              []string{fmt.Sprintf("DATAMIND_APPROVE_COST=%d", approveCost), "DATAMIND_TOKEN_BUDGET_MONTHLY=1000000000"},
		Route:            w.route})
	w.Model.Load(llmtest.Script{Answer: w.answer})
	w.Exec("shop", slowTable)
	w.sync()
	w.platform, w.customer, w.engine = pool(h, w.Platform.DSN("datamind")), pool(h, w.Customer.DSN("shop")), pool(h, w.OwnTemporal.Postgres.DSN("temporal"))
	var err error
	w.temporal, err = client.NewLazyClient(client.Options{HostPort: w.Temporal, Namespace: w.Namespace})
	require.NoError(h, err)
	h.Cleanup(w.temporal.Close)
	return w
}

// slowTable is empty to the planner of the customer's server: a query of its
// fourth power is not costly by the estimate, and does not end.
const slowTable = `CREATE TABLE slow (id int) WITH (autovacuum_enabled = off); INSERT INTO slow VALUES (0); ANALYZE slow;
	INSERT INTO slow SELECT generate_series(1, 1000); GRANT SELECT ON slow TO reader`

func pool(h *host, dsn string) *pgxpool.Pool {
	p, err := pgxpool.New(context.Background(), dsn)
	require.NoError(h, err)
	h.Cleanup(p.Close)
	return p
}

// sync has the customer's schema read again.
func (w *world) sync() {
	status, text, err := w.Owner.Try(context.Background(), 0, http.MethodPost, "/connections/"+w.Connection+"/catalog/sync", nil)
	require.NoError(w.host, err)
	require.Equal(w.host, http.StatusAccepted, status, text)
	system.Eventually(w.host, "the slow table is known", func() bool {
		_, text, err := w.Owner.Try(context.Background(), 0, http.MethodGet, "/connections/"+w.Connection+"/catalog", nil)
		return err == nil && strings.Contains(text, `"slow"`)
	})
}

// route puts a proxy before Temporal for each process, and before the
// customer's database.
func (w *world) route(from, to, address string) string {
	p := newProxy(w.host, address)
	w.proxies[from+">"+to] = p
	return p.addr
}

// line is the proxy between a process ("workers" for the customer's database)
// and a server.
func (w *world) line(from, to string) *proxy { return w.proxies[from+">"+to] }

// worker is the i-th worker of a queue.
func (w *world) worker(queue string, i int) *system.Process {
	for _, p := range w.Workers {
		if strings.HasSuffix(p.Name(), "-"+queue) {
			if i == 0 {
				return p
			}
			i--
		}
	}
	return nil
}

// kill ends a process as kill -9 does. What it had sent and Temporal had not got is lost.
func (w *world) kill(p *system.Process) {
	p.Kill()
	if line := w.line(p.Name(), system.ToTemporal); line != nil {
		line.drop()
	}
}

// begin begins a repetition.
func (w *world) begin(t *testing.T) {
	w.ctx, w.stop = context.WithCancel(t.Context())
	w.began, w.faultEnd, w.lasted, w.ahead = time.Now(), time.Time{}, 0, 0
	w.mu.Lock()
	defer w.mu.Unlock()
	w.questions, w.override = nil, nil
	w.gates = map[string]chan struct{}{}
}

// outageOver says that a fault that lasted for d is over: from now on time counts.
func (w *world) outageOver(d time.Duration) { w.faultEnd, w.lasted = time.Now(), d }

// faultOver says that the fault is over.
func (w *world) faultOver() { w.faultEnd = time.Now() }

// heal starts every process that does not run.
func (w *world) heal() {
	var started sync.WaitGroup
	defer started.Wait()
	for _, a := range w.APIs {
		if !a.Alive() {
			started.Go(a.Start)
		}
	}
	for _, p := range w.Workers {
		if !p.Alive() {
			started.Go(func() { p.Start(system.WorkerReady) })
		}
	}
}

// pause waits, for a fault that shall last.
func (w *world) pause(d time.Duration) {
	select {
	case <-w.ctx.Done():
	case <-time.After(d):
	}
}

// host is the testing.TB of a world, which outlives the test that made it: what
// is said and what fails belongs to the test that uses the world just now.
type host struct {
	testing.TB
	cleanups []func()
	dirs     []string
	closed   bool
}

// Cleanup implements testing.TB: it runs when the world is closed.
func (h *host) Cleanup(f func()) { h.cleanups = append(h.cleanups, f) }

// Context implements testing.TB.
func (h *host) Context() context.Context { return context.Background() }

// Failed implements testing.TB.
func (h *host) Failed() bool { return !h.closed && h.TB.Failed() }

// TempDir implements testing.TB.
func (h *host) TempDir() string {
	dir, err := os.MkdirTemp("", "datamind-test-world-")
	require.NoError(h, err)
	h.dirs = append(h.dirs, dir)
	return dir
}

func (h *host) close() {
	h.closed = true
	for _, f := range slices.Backward(h.cleanups) {
		f()
	}
	for _, dir := range h.dirs {
		_ = os.RemoveAll(dir)
	}
}

// worlds are those that run; a world is made once and used again and again.
var worlds pools

type pools struct {
	mu   sync.Mutex
	idle []*world
	// making is held while a world is made: several at once would only slow
	// each other down, until something is too slow.
	making sync.Mutex
}

// lease gives a world to a test alone.
func (p *pools) lease(t *testing.T) *world {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		w.host.TB = t
		return w
	}
	p.mu.Unlock()
	p.making.Lock()
	defer p.making.Unlock()
	h := &host{TB: t}
	made := false
	defer func() {
		if !made {
			h.close()
		}
	}()
	w := newWorld(h)
	made = true
	return w
}

// giveBack takes a world back; one with which something is wrong is closed.
func (p *pools) giveBack(t *testing.T, w *world, bad bool) {
	w.stop()
	w.releaseAll()
	w.asking.Wait()
	if bad {
		for _, process := range append(slices.Clone(w.Workers), w.APIs[0].Process, w.APIs[1].Process) {
			text := process.Log()
			t.Logf("%s said:\n%s", process.Name(), text[max(0, len(text)-4000):])
		}
		w.host.close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, w)
}

func (p *pools) close() {
	for _, w := range p.idle {
		w.host.close()
	}
	p.idle = nil
}

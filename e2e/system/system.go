// Package system runs the whole of DataMind for tests as operators run it: the
// API and the workers as processes of their own, on a real PostgreSQL, Temporal
// and Redis, over a customer's database and a scripted model. Every process can
// be killed and started again.
package system

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/embedded"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/testkit"
)

// Options of a system. The zero value is one API and one worker for all
// queues, without a model.
type Options struct {
	APIs int
	// Workers are the queues of each worker; nil is one worker for all.
	Workers []string
	// Model adds a scripted model server; Rules are its first script.
	Model bool
	Rules []llmtest.Rule
	// Env adds variables, such as DATAMIND_CATALOG_TTL=1s; WorkerEnv adds some
	// to those of the workers only.
	Env, WorkerEnv []string
	// Temporal is the address of a server to use instead of the shared one.
	Temporal string
	// OwnTemporal runs a Temporal server for this system alone, to stop and start.
	OwnTemporal bool
	// CustomerLog gets the log of the customer's server; the settings are of the
	// customer's server, and of those of the platform and of OwnTemporal.
	CustomerLog                        io.Writer
	CustomerSettings, PlatformSettings []string
	// Route, where it is set, names the address at which a process (by its name,
	// "workers" for all of them) reaches a server: ToTemporal or ToCustomer.
	Route func(from, to, address string) string
}

// The servers that Options.Route is asked for.
const (
	ToTemporal = "temporal"
	ToCustomer = "customer"
)

// System is a running DataMind.
type System struct {
	t testing.TB
	// Platform is the server of the platform's own database.
	Platform *embedded.Postgres
	// Customer is the server of the customer's database "shop".
	Customer *embedded.Postgres
	// Temporal's address; the server is shared by the tests of a process, each
	// in a namespace of its own.
	Temporal  string
	Namespace string
	// OwnTemporal is the server when the options ask for one.
	OwnTemporal *embedded.Temporal
	Redis       *miniredis.Miniredis
	Model       *llmtest.Server
	APIs        []*API
	Workers     []*Process
	// Owner is the organisation's owner, with an API key.
	Owner *Person
	// Store is the platform's database as the application sees it.
	Store *store.Store
	// Connection is the id of the connection to the customer's database.
	Connection string

	options    Options
	bin        string
	env        []string
	payloadKey string
}

// Codec reads the payloads of the system's runs.
func (s *System) Codec() *crypt.Codec {
	s.t.Helper()
	codec, err := crypt.NewCodec(s.payloadKey)
	require.NoError(s.t, err)
	return codec
}

// Environ is the environment of the system's processes. It holds secrets.
func (s *System) Environ() []string { return slices.Clone(s.env) }

// API is one replica of the API.
type API struct {
	*Process
	URL string
}

// Start starts a system and connects the customer's database. It ends with
// the test.
func Start(t testing.TB, o Options) *System {
	t.Helper()
	s := &System{t: t, options: o, bin: testkit.Build(t, "datamind"), Redis: miniredis.RunT(t)}
	switch {
	case o.OwnTemporal:
		s.OwnTemporal = testkit.TemporalServer(t, o.PlatformSettings...)
		s.Temporal = s.OwnTemporal.Addr
	case o.Temporal != "":
		s.Temporal = o.Temporal
	default:
		s.Temporal = testkit.Temporal(t)
	}
	s.Namespace = testkit.Namespace(t, s.Temporal)
	s.Platform, s.Customer = testkit.PostgresServer(t, o.PlatformSettings...), testkit.PostgresServerLog(t, o.CustomerLog, o.CustomerSettings...)
	s.configure(o)
	if o.Workers == nil {
		o.Workers = []string{"ask,model,query,alert,export"}
	}
	var started sync.WaitGroup // at once: most of a start is waiting
	for range max(o.APIs, 1) {
		started.Go(s.newAPI().Start)
	}
	for _, queues := range o.Workers {
		w := s.newWorker(queues)
		started.Go(func() { w.Start(WorkerReady) })
	}
	started.Wait()
	require.False(t, t.Failed(), "a process did not start")
	s.Owner = s.signIn()
	s.Connection = s.connectShop()
	return s
}

// configure makes the databases and the environment of all processes.
func (s *System) configure(o Options) {
	s.t.Helper()
	ctx := s.t.Context()
	execSQL(s.t, s.Platform.DSN("postgres"), "CREATE DATABASE datamind")
	owner := s.Platform.DSN("datamind")
	_, err := store.Migrate(ctx, owner, "up")
	require.NoError(s.t, err)
	execSQL(s.t, owner, "ALTER ROLE "+store.AppRole+" LOGIN PASSWORD 'app'")
	app, err := url.Parse(owner)
	require.NoError(s.t, err)
	app.User = url.UserPassword(store.AppRole, "app")
	s.Store, err = store.Open(ctx, app.String())
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = s.Store.Close() })
	execSQL(s.t, s.Customer.DSN("postgres"), "CREATE DATABASE shop")
	execSQL(s.t, s.Customer.DSN("shop"), shop)

	public, private := crypt.GenerateKeys()
	modelPublic, modelPrivate := crypt.GenerateKeys()
	channelPublic, channelPrivate := crypt.GenerateKeys()
	s.payloadKey = crypt.GenerateCodecKey()
	s.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.t.TempDir(),
		"DATAMIND_DATABASE_URL=" + app.String(), "DATAMIND_MIGRATE_DATABASE_URL=" + owner,
		"DATAMIND_REDIS_URL=redis://" + s.Redis.Addr(), "DATAMIND_TEMPORAL_ADDRESS=" + s.Temporal, "DATAMIND_TEMPORAL_NAMESPACE=" + s.Namespace,
		"DATAMIND_JWT_KEY=" + crypt.GenerateCodecKey(), "DATAMIND_PAYLOAD_KEY=" + s.payloadKey,
		"DATAMIND_SEAL_PUBLIC_KEY=" + public, "DATAMIND_SEAL_PRIVATE_KEY=" + private, "DATAMIND_BASE_URL=http://localhost",
		"DATAMIND_MODEL_SEAL_PUBLIC_KEY=" + modelPublic, "DATAMIND_MODEL_SEAL_PRIVATE_KEY=" + modelPrivate, "DATAMIND_ALLOW_PRIVATE_MODELS=true",
		"DATAMIND_CHANNEL_SEAL_PUBLIC_KEY=" + channelPublic, "DATAMIND_CHANNEL_SEAL_PRIVATE_KEY=" + channelPrivate, "DATAMIND_ALLOW_PRIVATE_CHANNELS=true",
		"DATAMIND_EXPORT_BUCKET=file://" + filepath.ToSlash(s.t.TempDir()),
		"DATAMIND_METRICS_ADDR=127.0.0.1:0", "DATAMIND_ASKS_PER_MINUTE=100000", "DATAMIND_APPROVE_COST=0", "DATAMIND_SHUTDOWN_TIMEOUT=5s"}, o.Env...)
	if o.Model {
		s.Model = llmtest.New(s.t, o.Rules...)
		s.env = append(s.env, "DATAMIND_LLM_BASE_URL="+s.Model.URL, "DATAMIND_LLM_MODELS=scripted,fallback")
	}
}

// shop is the customer's database: 1,000 orders of which the totals are known,
// and a role that may read them.
const shop = `
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, country text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, ordered_at date NOT NULL, amount numeric(10,2) NOT NULL);
INSERT INTO customers SELECT i, 'Customer ' || i, (ARRAY['France','Japan','Peru'])[1 + i % 3] FROM generate_series(1, 50) i;
INSERT INTO orders SELECT i, 1 + i % 50, date '2026-01-01' + i % 300, i FROM generate_series(1, 1000) i;
CREATE ROLE reader LOGIN PASSWORD 'reader-password';
GRANT SELECT ON customers, orders TO reader;
ANALYZE;`

// Queries of the shop that end at once, and that run until they are stopped.
const (
	QuickSQL   = "SELECT count(*) AS orders, sum(amount) AS revenue FROM orders"
	EndlessSQL = "SELECT count(*) AS pairs FROM orders a, orders b, orders c, orders d"
)

// Exec runs statements on one of the customer's databases, as its superuser.
func (s *System) Exec(database, sql string) {
	s.t.Helper()
	execSQL(s.t, s.Customer.DSN(database), sql)
}

func execSQL(t testing.TB, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.PgConn().Exec(context.Background(), sql).ReadAll()
	require.NoError(t, err)
}

// environment is that of a process with queues, none for the API: only what
// works for the queues "query" and "export" can open connection passwords, and only what
// works for "model" the keys of models, for "alert" the secrets of channels.
func (s *System) environment(name, queues string) []string {
	env := slices.Clone(s.env)
	if !strings.Contains(queues, "query") && !strings.Contains(queues, "export") {
		env = append(env, "DATAMIND_SEAL_PRIVATE_KEY=")
	}
	if !strings.Contains(queues, "alert") {
		env = append(env, "DATAMIND_CHANNEL_SEAL_PRIVATE_KEY=")
	}
	if !strings.Contains(queues, "model") {
		env = append(env, "DATAMIND_MODEL_SEAL_PRIVATE_KEY=")
	}
	if s.options.Route != nil {
		env = append(env, "DATAMIND_TEMPORAL_ADDRESS="+s.options.Route(name, ToTemporal, s.Temporal))
	}
	return env
}

// newAPI describes one more replica of the API.
func (s *System) newAPI() *API {
	s.t.Helper()
	port, err := embedded.FreePort()
	require.NoError(s.t, err)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	name := fmt.Sprintf("api-%d", len(s.APIs)+1)
	a := &API{Process: NewProcess(s.t, name, slices.Concat(s.environment(name, ""), []string{"DATAMIND_HTTP_ADDR=" + addr}), s.bin, "api"), URL: "http://" + addr}
	s.APIs = append(s.APIs, a)
	return a
}

// Start starts the replica, again after a kill, and waits until it is ready.
func (a *API) Start() {
	a.t.Helper()
	a.start()
	Eventually(a.t, a.name+" is ready", func() bool {
		resp, err := http.Get(a.URL + "/health/ready") //nolint:noctx // bounded by the wait
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// AddWorker starts one more worker on queues, such as "model,query".
func (s *System) AddWorker(queues string) *Process {
	s.t.Helper()
	w := s.newWorker(queues)
	w.Start(WorkerReady)
	return w
}

func (s *System) newWorker(queues string) *Process {
	name := fmt.Sprintf("worker-%d-%s", len(s.Workers)+1, strings.ReplaceAll(queues, ",", "-"))
	w := NewProcess(s.t, name, slices.Concat(s.environment(name, queues), s.options.WorkerEnv), s.bin, "worker", "--queues", queues)
	s.Workers = append(s.Workers, w)
	return w
}

// WorkerReady is what a worker writes when it works.
const WorkerReady = "worker is ready"

// Command runs a command of datamind to its end and returns its exit code and
// what it wrote.
func (s *System) Command(args ...string) (int, string) {
	s.t.Helper()
	p := NewProcess(s.t, "datamind-"+filepath.Base(args[0]), s.env, append([]string{s.bin}, args...)...)
	p.start()
	code := p.Wait()
	return code, p.Log()
}

// Backends are the queries of DataMind that run on the customer's server.
func (s *System) Backends() (queries []string) {
	s.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.Customer.DSN("postgres"))
	require.NoError(s.t, err)
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT query FROM pg_stat_activity WHERE application_name LIKE 'datamind/%' AND state = 'active'")
	require.NoError(s.t, err)
	queries, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err)
	return queries
}

// Running counts the customer's backends whose query holds text; estimating
// what it costs is not running it.
func (s *System) Running(text string) (n int) {
	s.t.Helper()
	for _, query := range s.Backends() {
		if strings.Contains(query, text) && !strings.HasPrefix(query, "EXPLAIN") {
			n++
		}
	}
	return n
}

// QueryTime is how long the customer's database worked for a question's rows.
func (s *System) QueryTime(questionID string) time.Duration {
	s.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.Platform.DSN("datamind"))
	require.NoError(s.t, err)
	defer func() { _ = conn.Close(ctx) }()
	var ms int64
	require.NoError(s.t, conn.QueryRow(ctx, "SELECT coalesce(sum(query_ms), 0) FROM results WHERE question_id = $1", questionID).Scan(&ms))
	return time.Duration(ms) * time.Millisecond
}

// Know has the structure of the shop read again and waits until it has a table.
func (s *System) Know(table string) {
	s.t.Helper()
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/connections/"+s.Connection+"/catalog/sync", map[string]any{}, nil)
	Eventually(s.t, "the structure has "+table, func() bool {
		status, text, _ := s.Owner.send(0, http.MethodGet, "/connections/"+s.Connection+"/catalog", nil, nil)
		return status == http.StatusOK && strings.Contains(text, `"`+table+`"`)
	})
}

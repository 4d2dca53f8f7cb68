package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

// scrape reads the metrics of a process: values by "name{labels}".
func scrape(t *testing.T, p *system.Process) map[string]float64 {
	t.Helper()
	addr := regexp.MustCompile(`"metrics are served","addr":"([^"]+)"`).FindAllStringSubmatch(p.Log(), -1)
	require.NotEmpty(t, addr, p.Log())
	resp, err := http.Get("http://" + addr[len(addr)-1][1] + "/metrics") //nolint:noctx // a test
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
	values := map[string]float64{}
	for _, line := range strings.Split(string(body), "\n") {
		if at := strings.LastIndexByte(line, ' '); at > 0 && line[0] != '#' {
			values[line[:at]], err = strconv.ParseFloat(line[at+1:], 64)
			require.NoError(t, err, line)
		}
	}
	return values
}

// logged reports whether a process has written a line with all of the words.
func logged(p *system.Process, words ...string) bool {
	for _, line := range strings.Split(p.Log(), "\n") {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
			return true
		}
	}
	return false
}

func seen(t *testing.T, p *system.Process, metric string, value func(float64) bool, words ...string) {
	t.Helper()
	system.Eventually(t, metric+" and a line with "+strings.Join(words, ", "), func() bool {
		got, ok := scrape(t, p)[metric]
		return ok && value(got) && logged(p, words...)
	})
}

func above(n float64) func(float64) bool { return func(v float64) bool { return v > n } }
func zero(v float64) bool                { return v == 0 }
func one(v float64) bool                 { return v == 1 }

// A wire leads to a server until it is cut.
type wire struct {
	net.Listener
	conns chan net.Conn
}

func wireTo(t *testing.T, address string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{listener, make(chan net.Conn, 1000)}
	t.Cleanup(w.cut)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", address)
			if err != nil {
				_ = near.Close()
				continue
			}
			w.conns <- near
			for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
				go func() {
					_, _ = io.Copy(pair[0], pair[1])
					_ = pair[0].Close()
				}()
			}
		}
	}()
	return w
}

func (w *wire) cut() {
	_ = w.Close()
	for {
		select {
		case c := <-w.conns:
			_ = c.Close()
		default:
			return
		}
	}
}

// Each fault shows in a metric, a log line and the doctor's words, and none of
// them quotes the customer.
func TestFaultsAreSeen(t *testing.T) {
	t.Parallel()
	temporal := wireTo(t, testkit.Temporal(t))
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask", "model", "query", "alert"},
		Env: []string{"DATAMIND_TEMPORAL_ADDRESS=" + temporal.Addr().String(), "DATAMIND_QUERY_CONCURRENCY=1"},
		Rules: []llmtest.Rule{
			plan("how many", system.QuickSQL),
			once(plan("tattletale", "SELECT sum(amount) AS revenue FROM orders WHERE amount = 'tattletale'")),
			plan("tattletale", system.QuickSQL),
			{Kind: llmtest.KindPlan, Contains: "refused key", Status: 401},
			{Kind: llmtest.KindPlan, Contains: "broken", Status: 500, Headers: map[string]string{"Retry-After": "1"}},
		}})
	api, ask, model, query, alert := s.APIs[0].Process, s.Workers[0], s.Workers[1], s.Workers[2], s.Workers[3]
	for name, p := range map[string]*system.Process{ // an increase is seen of what there was before
		`datamind_model_call_duration_seconds_count{kind="plan",model="scripted",outcome="model_failed"}`: model,
		`datamind_activity_duration_seconds_count{activity="PlanQuestion",result="internal"}`:             model,
		`datamind_activity_retries_total{activity="RunQuery",code="unavailable"}`:                         query,
		`datamind_questions_total{code="budget_exhausted",status="budget_exhausted"}`:                     ask,
	} {
		value, ok := scrape(t, p)[name]
		require.True(t, ok, name)
		require.Zero(t, value, name)
	}
	s.Owner.Await(s.Owner.Ask("how many orders?"), models.StatusAnswered)
	s.Owner.Await(s.Owner.Ask("which tattletale?"), models.StatusAnswered)
	seen(t, model, `datamind_questions_total{code="",status="answered"}`, above(1), `"question ended"`, `"status":"answered"`)
	require.Positive(t, scrape(t, model)[`datamind_model_tokens_total{direction="output",model="scripted"}`])
	require.Positive(t, scrape(t, query)[`datamind_activity_duration_seconds_count{activity="RunQuery",result="sql_error"}`])

	// A workflow that this build does not know fails its tasks.
	c, err := client.Dial(client.Options{HostPort: s.Temporal, Namespace: s.Namespace})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "ask", WorkflowExecutionTimeout: time.Minute}, "Unheard")
	require.NoError(t, err)
	system.Eventually(t, "a workflow task failed", func() bool {
		for name := range scrape(t, ask) {
			if strings.HasPrefix(name, "temporal_workflow_task_execution_failed_total") {
				return true
			}
		}
		return false
	})

	// The model refuses, then fails.
	s.Owner.Await(s.Owner.Ask("a refused key"), models.StatusFailed)
	seen(t, model, `datamind_model_call_duration_seconds_count{kind="plan",model="scripted",outcome="model_failed"}`, above(0),
		`"step failed"`, `"PlanQuestion"`, `"model_failed"`, `does not accept the key`, `"status 401"`)
	broken := []string{s.Owner.Ask("a broken one"), s.Owner.Ask("another broken one"), s.Owner.Ask("a third broken one")}
	seen(t, model, `datamind_model_breaker_open{model="scripted"}`, one, `"step failed"`, `"model_busy"`, `"status 500"`)
	require.Positive(t, scrape(t, model)[`datamind_activity_retries_total{activity="PlanQuestion",code="model_busy"}`])
	_, all := doctor(t, s)
	require.False(t, all["model"].OK)
	require.Contains(t, all["model"].Detail, "The endpoint answers, but")
	for _, id := range broken {
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+id+"/stop", nil, nil)
		s.Owner.Await(id, models.StatusCancelled)
	}

	metricsExist(t, scrape(t, api), scrape(t, ask), scrape(t, model), scrape(t, query), scrape(t, alert))

	// A worker that is only busy does not poll; it shows that it has no slot.
	locked, err := pgx.Connect(t.Context(), s.Customer.DSN("shop"))
	require.NoError(t, err)
	_, err = locked.Exec(t.Context(), "BEGIN; LOCK TABLE orders, customers IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	slow := s.Owner.Ask("how many orders, slowly?")
	system.Eventually(t, "the query worker has no slot", func() bool { return slots(t, query) == 0 })
	require.NoError(t, locked.Close(t.Context()))
	s.Owner.Await(slow, models.StatusAnswered)
	system.Eventually(t, "the query worker has a slot", func() bool { return slots(t, query) == 1 })

	// The customer's database.
	require.NoError(t, s.Customer.Stop())
	id := s.Owner.Ask("how many customers?")
	seen(t, query, `datamind_activity_retries_total{activity="RunQuery",code="refused"}`, above(0),
		`"step failed"`, `"RunQuery"`, `"refused"`, `Nothing listens on`, `"connection_id":"`+s.Connection, `"connection refused"`)
	require.NoError(t, s.Customer.Start(t.Context()))
	s.Owner.Await(id, models.StatusAnswered)

	// The budget.
	execPlatform(t, s, "UPDATE orgs SET token_budget = 100")
	s.Owner.Await(s.Owner.Ask("how many are too many?"), models.StatusBudget)
	seen(t, ask, `datamind_questions_total{code="budget_exhausted",status="budget_exhausted"}`, above(0), `"question ended"`, `"budget_exhausted"`)
	seen(t, api, `datamind_budget_used_ratio`, above(0.9), "token budget is nearly used up", `"org_id"`)
	_, all = doctor(t, s)
	require.Contains(t, all["budgets"].Detail, "has used or set aside")
	execPlatform(t, s, "UPDATE orgs SET token_budget = 0")
	_, all = doctor(t, s)
	require.Contains(t, all["budgets"].Detail, "1 questions of")
	require.Contains(t, all["budgets"].Detail, "ended as budget_exhausted")

	// The database takes nothing, and its clock is late.
	execPlatform(t, s, "CREATE SCHEMA late; GRANT USAGE ON SCHEMA late TO PUBLIC")
	execPlatform(t, s, "CREATE FUNCTION late.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() - interval '5 minutes' $$")
	newSessions(t, s, "SET search_path = late, pg_catalog, public", "SET default_transaction_read_only = on")
	seen(t, api, `datamind_clock_offset_seconds`, above(60), "clocks of this process and of the database differ", `"ahead":"5m0s"`)
	_, all = doctor(t, s)
	require.Contains(t, all["clock"].Detail, "This machine's clock is 5m0s ahead of the database's.")
	require.Contains(t, all["database writes"].Detail, "25006")
	newSessions(t, s, "RESET search_path", "RESET default_transaction_read_only")
	seen(t, api, `datamind_clock_offset_seconds`, func(v float64) bool { return v < 60 }, "over: the clocks")

	// No worker, and what waits for it.
	ask.Kill()
	waits := s.Owner.Ask("how many wait?")
	seen(t, api, `datamind_questions_open_age_seconds{status="queued"}`, above(30), "questions wait to begin", `"question_id":"`+waits)
	seen(t, api, `datamind_queue_backlog_age_seconds{queue="ask"}`, above(30), "a queue is behind", `"queue":"ask"`, `"tasks":`)
	_, all = doctor(t, s)
	require.Contains(t, all["backlog: ask"].Detail, "tasks wait, the oldest for")
	require.Contains(t, all["backlog: ask"].Fix, "Start more workers")
	require.Contains(t, all["questions"].Detail, "1 are stored and not begun, "+waits+" for")

	// The servers, of which Redis comes back.
	s.Redis.Close()
	seen(t, api, `datamind_dependency_up{dependency="redis"}`, zero, "does not answer", `"dependency":"redis"`, "connection refused")
	require.NoError(t, s.Redis.Restart())
	seen(t, api, `datamind_dependency_up{dependency="redis"}`, one, "over: a server", `"dependency":"redis"`)
	temporal.cut()
	seen(t, query, `datamind_dependency_up{dependency="temporal"}`, zero, "does not answer", `"dependency":"temporal"`)
	require.NoError(t, s.Platform.Stop())
	seen(t, api, `datamind_dependency_up{dependency="database"}`, zero, "does not answer", `"dependency":"database"`, "connection refused")
	_, all = doctor(t, s)
	require.False(t, all["temporal"].OK)
	require.False(t, all["database"].OK)
	const relay = `"msg":"the relay cannot start or end questions"`
	system.Eventually(t, "the relay says that it cannot", func() bool { return logged(query, relay, "connection refused") })
	require.Equal(t, 1+strings.Count(query.Log(), `"msg":"over: the relay`), strings.Count(query.Log(), relay), "said once each time")

	for _, p := range []*system.Process{api, ask, model, query, alert} {
		for _, secret := range []string{"tattletale", "amount", "how many", "Customer 1", "reader-password", "app:app"} {
			require.NotContains(t, p.Log(), secret)
		}
	}
}

// slots are how many more queries a worker takes.
func slots(t *testing.T, p *system.Process) float64 {
	t.Helper()
	for name, value := range scrape(t, p) {
		if strings.HasPrefix(name, "temporal_worker_task_slots_available{") && strings.Contains(name, `task_queue="query"`) && strings.Contains(name, `worker_type="ActivityWorker"`) {
			return value
		}
	}
	require.Fail(t, "no slots are exported")
	return 0
}

// newSessions changes what sessions of the platform's database begin with, and
// ends those that have begun.
func newSessions(t *testing.T, s *system.System, changes ...string) {
	t.Helper()
	for _, change := range changes {
		execPlatform(t, s, "ALTER DATABASE datamind "+change)
	}
	execPlatform(t, s, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'datamind' AND pid <> pg_backend_pid()")
}

func execPlatform(t *testing.T, s *system.System, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Platform.DSN("datamind"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range []string{"SET default_transaction_read_only = off", sql} { // whatever the database's own setting
		_, err = conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
}

// A queue that nobody has ever polled.
func TestAQueueWithoutWorkersIsSeen(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Workers: []string{"ask,query"}})
	s.Owner.Ask("how many orders are there?")
	seen(t, s.APIs[0].Process, `datamind_queue_workers{queue="model"}`, zero, "no worker polls a queue", `"queue":"model"`)
	_, all := doctor(t, s)
	require.Contains(t, all["workers: model"].Detail, "No worker polls the queue")
	require.True(t, all["questions"].OK, all["questions"])
	require.Contains(t, all["questions"].Detail, "open: 1 queued", "its first step begins it")
}

// metricsExist checks that what the dashboard and the alerts look at is there.
func metricsExist(t *testing.T, scrapes ...map[string]float64) {
	t.Helper()
	exported := map[string]bool{"datamind_build_unserved": true} // where there are builds, see TestDeploy
	for _, values := range scrapes {
		for name := range values {
			name, _, _ = strings.Cut(name, "{")
			exported[name] = true
		}
	}
	root := testkit.Root(t)
	rules, err := os.ReadFile(filepath.Join(root, "deploy", "prometheus", "alerts.yml"))
	require.NoError(t, err)
	board, err := os.ReadFile(filepath.Join(root, "deploy", "grafana", "datamind.json"))
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	require.NoError(t, json.Unmarshal(board, &dashboard))
	text := ""
	for _, line := range strings.Split(string(rules), "\n") {
		if strings.HasPrefix(line, "          ") && !strings.Contains(line, ": \"") && !strings.Contains(line, "https://") {
			text += line + "\n"
		}
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			text += target.Expr + "\n"
		}
	}
	names := regexp.MustCompile(`\b(datamind|temporal|process|go)_[a-z_]+`).FindAllString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(text, `""`), -1)
	slices.Sort(names)
	names = slices.Compact(names)
	require.Greater(t, len(names), 25)
	for _, name := range names {
		require.True(t, exported[name], "%s is not exported", name)
	}
}

// Every alert has its line in the manual.
func TestAlertsHaveTheirRunbooks(t *testing.T) {
	t.Parallel()
	root := testkit.Root(t)
	rules, err := os.ReadFile(filepath.Join(root, "deploy", "prometheus", "alerts.yml"))
	require.NoError(t, err)
	manual, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	require.NoError(t, err)
	anchors := regexp.MustCompile(`docs/operations\.md#(\S+)`).FindAllStringSubmatch(string(rules), -1)
	require.Len(t, anchors, strings.Count(string(rules), "- alert:"))
	for _, anchor := range anchors {
		require.Contains(t, string(manual), `<a id="`+anchor[1]+`"></a>`)
	}
}

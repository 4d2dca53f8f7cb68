package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/embedded"
	"github.com/datamind/datamind/internal/testkit"
)

// machine is a stack of `datamind up` on a data directory of its own.
type machine struct {
	*system.Process
	t          *testing.T
	bin, data  string
	http, uiAt string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	// As root, PostgreSQL runs as another user, who cannot enter t.TempDir().
	data, err := os.MkdirTemp("", "datamind-up-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(data, 0o755))
	m := &machine{t: t, bin: testkit.Build(t, "datamind"), data: filepath.Join(data, "data")}
	testkit.Build(t, "temporal-dev")
	for _, addr := range []*string{&m.http, &m.uiAt} {
		port, err := embedded.FreePort()
		require.NoError(t, err)
		*addr = fmt.Sprintf("127.0.0.1:%d", port)
	}
	t.Cleanup(func() {
		_ = exec.Command(m.bin, "down", "--data", m.data).Run() // what a failed test left
		_ = os.RemoveAll(data)
	})
	m.Process = system.NewProcess(t, "up", environ(), m.upArgs()...)
	return m
}

func environ() (pairs []string) {
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "DATAMIND_") {
			pairs = append(pairs, pair)
		}
	}
	return append(pairs, "DATAMIND_METRICS_ADDR=127.0.0.1:0")
}

func (m *machine) upArgs() []string {
	return []string{m.bin, "up", "--data", m.data, "--http", m.http, "--temporal-ui", m.uiAt}
}

// run runs a command of datamind to its end: its exit code and what it wrote
// to standard output, and to both.
func (m *machine) run(stdin string, args ...string) (code int, out, all string) {
	m.t.Helper()
	cmd := exec.Command(m.bin, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = m.t.TempDir(), environ(), strings.NewReader(stdin)
	var stdout, both strings.Builder
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&stdout, &both), &both
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(m.t, err, &exit)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), both.String()
}

// answer is what `ask --json` promises to scripts.
type answer struct {
	ID, Status, SQL, Text, Planner string
	Columns                        []struct{ Name, Type string }
	Rows                           [][]any
	RowCount                       int `json:"row_count"`
	Chart                          map[string]any
	Steps                          []struct {
		Kind, Status string
		Attempt      int
		Ms           *int64
	}
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	Ms         int64
}

func (m *machine) ask(question string) (a answer) {
	m.t.Helper()
	code, out, all := m.run("", "ask", "--data", m.data, "--json", question)
	require.NoError(m.t, json.Unmarshal([]byte(out), &a), all)
	require.Equal(m.t, a.Status == "answered", code == 0, all)
	return a
}

func (m *machine) superuser(database string) string {
	m.t.Helper()
	raw, err := os.ReadFile(filepath.Join(m.data, "env"))
	require.NoError(m.t, err)
	owner := regexp.MustCompile(`DATAMIND_MIGRATE_DATABASE_URL=(\S+)`).FindStringSubmatch(string(raw))[1]
	return strings.Replace(owner, "/datamind?", "/"+database+"?", 1)
}

// What a newcomer does, from an empty directory to an answer, and what
// happens when the machine is treated badly.
func TestUp(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.Start("DataMind is ready:")

	t.Run("a newcomer signs in with the link and asks", func(t *testing.T) {
		link := regexp.MustCompile(`DataMind is ready: (\S+) · sign in once with (\S+)/link#token=(\S+)`).FindStringSubmatch(m.Log())
		require.Len(t, link, 4, m.Log())
		require.Equal(t, "http://"+m.http, link[1])
		for _, want := range []int{http.StatusNoContent, http.StatusUnauthorized} { // it works once
			resp, err := http.Post(link[1]+"/api/v1/auth/link", "application/json", strings.NewReader(fmt.Sprintf(`{"token":%q}`, link[3])))
			require.NoError(t, err)
			_ = resp.Body.Close()
			require.Equal(t, want, resp.StatusCode)
			for _, c := range resp.Cookies() {
				require.True(t, c.HttpOnly, c.Name)
			}
		}
	})
	t.Run("the command line answers, for people and for scripts", func(t *testing.T) {
		a := m.ask("revenue by month this year")
		require.Equal(t, "answered", a.Status)
		require.Contains(t, a.SQL, "SELECT")
		require.NotEmpty(t, a.Rows)
		require.Equal(t, len(a.Rows), a.RowCount)
		require.Len(t, a.Columns, 2)
		require.NotEmpty(t, a.Text)
		require.Equal(t, "builtin", a.Planner)
		require.Equal(t, "ask/"+a.ID, a.WorkflowID)
		require.NotEmpty(t, a.RunID)
		require.GreaterOrEqual(t, len(a.Steps), 4) // and one more where the schema was not read yet
		require.NotNil(t, a.Steps[0].Ms)
		code, out, all := m.run("", "ask", "--data", m.data, "number of orders by region this year")
		require.Zero(t, code, all)
		require.Contains(t, out, "SELECT")
		require.Contains(t, all, "plan      done", "steps are printed as they happen")
		require.NotEqual(t, "answered", m.ask("what is the meaning of life?").Status)
		code, _, all = m.run("", "ask", "--data", m.data, "--connection", "nowhere", "how many orders?")
		require.Equal(t, 1, code)
		require.Contains(t, all, "no connection named")
	})
	t.Run("the sample company has a report, made once already", func(t *testing.T) {
		var row []string
		system.Eventually(t, "the report is made", func() bool {
			code, out, all := m.run("", "report", "list", "--data", m.data)
			require.Zero(t, code, all)
			row = regexp.MustCompile(`(?m)^(\S+)\s+Sales every Monday\s+active .* (sent) `).FindStringSubmatch(out)
			return row != nil
		})
		code, out, all := m.run("", "report", "run", "--only-me", "--data", m.data, row[1])
		require.Zero(t, code, all)
		require.Equal(t, "sent: 0 told, 1 skipped\n", out, "there is no mail channel")
	})
	t.Run("what it leaves is for its owner's eyes only", func(t *testing.T) {
		for _, name := range []string{"cli.json", "env", "secrets/jwt-key", "secrets/seal-keys", "postgres/password"} {
			info, err := os.Stat(filepath.Join(m.data, name))
			require.NoError(t, err)
			require.Zero(t, info.Mode().Perm()&0o077, name)
		}
	})
	t.Run("guard and plan answer line by line", func(t *testing.T) {
		dsn := m.superuser("sample_company")
		_, out, all := m.run(`{"sql":"SELECT count(*) FROM orders"}`+"\n"+`{"sql":"DROP TABLE orders"}`+"\nno json\n", "guard", "--dialect", "postgres", "--dsn", dsn)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		require.Len(t, lines, 3, all)
		require.Contains(t, lines[0], `"allowed":true`)
		require.Contains(t, lines[1], `"allowed":false`)
		require.Contains(t, lines[2], `"allowed":false`)
		_, out, all = m.run(`{"id":"a","question":"how many orders?"}`+"\n"+`{"id":"b","question":"sing me a song"}`+"\n", "plan", "--dsn", dsn)
		lines = strings.Split(strings.TrimSpace(out), "\n")
		require.Len(t, lines, 2, all)
		require.Contains(t, lines[0], `"status":"sql"`)
		require.NotContains(t, lines[1], `"status":"sql"`)
	})
	t.Run("doctor finds everything in order", func(t *testing.T) {
		code, out, all := m.run("", "doctor", "--data", m.data, "--json")
		require.Zero(t, code, all)
		var got struct {
			OK     bool
			Checks []struct {
				Name string
				OK   bool
			}
		}
		require.NoError(t, json.Unmarshal([]byte(out), &got))
		require.True(t, got.OK)
		require.Greater(t, len(got.Checks), 8)
	})
	t.Run("a second one does no harm", func(t *testing.T) {
		code, _, all := m.run("", append(m.upArgs()[1:4], "--http", "127.0.0.1:0", "--temporal-ui", "127.0.0.1:0")...)
		require.Equal(t, 1, code)
		require.Contains(t, all, "already runs")
		code, _, all = m.run("", append([]string{"up", "--data", t.TempDir()}, m.upArgs()[4:6]...)...)
		require.Equal(t, 1, code)
		require.Contains(t, all, "--http")
		require.Contains(t, all, m.http)
		require.Equal(t, "answered", m.ask("how many customers are there?").Status)
	})
	t.Run("after kill -9 it recovers, and what was asked is answered", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), m.superuser("sample_company"))
		require.NoError(t, err)
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
		require.NoError(t, err)
		id := m.post(t, "how many customers are there now?")
		system.Eventually(t, "the query waits for the lock", func() bool {
			_, err := tx.Exec(t.Context(), "SELECT pg_stat_clear_snapshot()")
			require.NoError(t, err)
			var n int
			require.NoError(t, tx.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datamind/'||$1 AND wait_event_type = 'Lock'", id).Scan(&n))
			return n == 1
		})
		m.Kill()
		m.Start("DataMind is ready:")
		system.Eventually(t, "it is answered", func() bool { return m.get(t, "/questions/"+id)["status"] == "answered" })
	})
	t.Run("it stops when asked to, and starts again", func(t *testing.T) {
		require.Zero(t, m.Stop())
		for _, addr := range []string{m.http, m.uiAt} {
			l, err := net.Listen("tcp", addr)
			require.NoError(t, err, "the port is free again")
			require.NoError(t, l.Close())
		}
		code, _, all := m.run("", "ask", "--data", m.data, "how many orders?")
		require.Equal(t, 1, code)
		require.Contains(t, all, "Is 'make up' running?")
		m.Start("DataMind is ready:")
		require.Equal(t, "answered", m.ask("how many customers are there?").Status)
		code, _, all = m.run("", "down", "--data", m.data)
		require.Zero(t, code, all)
		require.Zero(t, m.Wait())
		code, _, all = m.run("", "down", "--data", m.data)
		require.Zero(t, code)
		require.Contains(t, all, "Nothing runs")
	})
}

// get and post speak to the API with the command line's key.
func (m *machine) get(t *testing.T, path string) map[string]any {
	return m.api(t, http.MethodGet, path, "")
}

func (m *machine) post(t *testing.T, question string) string {
	return m.api(t, http.MethodPost, "/questions", fmt.Sprintf(`{"question":%q}`, question))["id"].(string)
}

func (m *machine) api(t *testing.T, method, path, body string) (out map[string]any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(m.data, "cli.json"))
	require.NoError(t, err)
	var cred struct {
		Address string
		Key     string `json:"api_key"`
	}
	require.NoError(t, json.Unmarshal(raw, &cred))
	req, err := http.NewRequestWithContext(t.Context(), method, cred.Address+"/api/v1"+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+cred.Key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Less(t, resp.StatusCode, 300)
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
	return out
}

func TestBadConfigurationIsToldAtOnce(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(testkit.Build(t, "datamind"), "api")
	cmd.Env = append(environ(), "DATAMIND_LOG_LEVEL=loud", "DATAMIND_JWT_KEY=c2hvcnQ=", "DATAMIND_MAX_ATEMPTS=3")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 2, cmd.ProcessState.ExitCode())
	for _, want := range []string{"3 problem(s)", "LOG_LEVEL", "JWT_KEY", "MAX_ATEMPTS is not a variable"} {
		require.Contains(t, string(out), want)
	}
	require.NotContains(t, string(out), "c2hvcnQ=")
}

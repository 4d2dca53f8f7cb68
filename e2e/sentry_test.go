package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
)

// A table of the platform that has lost a column is a defect that no code
// foresees: the API and the worker that meet it report it to Sentry.
func TestUncodedErrorsOfProcessesReachSentry(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var envelopes []string
	ingest := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a test
		mu.Lock()
		defer mu.Unlock()
		envelopes = append(envelopes, string(body))
	}))
	t.Cleanup(ingest.Close)
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask,model,query,alert"},
		Env:   []string{"DATAMIND_SENTRY_DSN=http://key@" + ingest.Listener.Addr().String() + "/1", "DATAMIND_ENVIRONMENT=rehearsal"},
		Rules: []llmtest.Rule{plan("tattletale", "SELECT count(*) AS tattletale FROM orders")}})
	find := func(words ...string) string {
		var found string
		system.Eventually(t, "Sentry gets "+strings.Join(words, ", "), func() bool {
			mu.Lock()
			defer mu.Unlock()
			for _, one := range envelopes {
				all := true
				for _, word := range words {
					all = all && strings.Contains(one, word)
				}
				if all {
					found = one
					return true
				}
			}
			return false
		})
		return found
	}
	execPlatform(t, s, "ALTER TABLE results RENAME COLUMN query_ms TO lost")
	id := s.Owner.Ask("which tattletale?")
	worker := find("RunQuery: SQLSTATE 42703", `"workflow_id":"ask/`+id, `"run_id":`, `"org_id":`, `"environment":"rehearsal"`, `"release":`)
	execPlatform(t, s, "ALTER TABLE conversations RENAME COLUMN updated_at TO lost")
	s.Owner.Call(http.StatusInternalServerError, http.MethodGet, "/conversations?limit=7", nil, nil, "X-Request-ID", "rehearsed-request")
	api := find("api ", `"request_id":"rehearsed-request"`, `"org_id":`)
	for _, one := range []string{worker, api} {
		for _, secret := range []string{"tattletale", strconv.Itoa(s.Customer.Port), "dm_", "limit=7", "reader", "query_ms", "server_name", "message"} {
			require.NotContains(t, one, secret)
		}
	}
}

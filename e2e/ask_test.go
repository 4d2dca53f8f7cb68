// Package e2e tests the whole of DataMind as its users and operators meet it.
package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

func plan(contains, sql string) llmtest.Rule {
	return llmtest.Rule{Kind: llmtest.KindPlan, Contains: contains, SQL: sql}
}

func rawPlan(contains string, times int, reply map[string]any) llmtest.Rule {
	raw, _ := json.Marshal(reply) // strings only
	return llmtest.Rule{Kind: llmtest.KindPlan, Contains: contains, Times: times, Plan: raw}
}

func once(r llmtest.Rule) llmtest.Rule {
	r.Times = 1
	return r
}

// callsOf are the model's calls for a question that holds text.
func callsOf(s *system.System, kind, text string) (calls []llmtest.Call) {
	for _, c := range s.Model.Calls() {
		if c.Kind == kind && strings.Contains(c.Question, text) {
			calls = append(calls, c)
		}
	}
	return calls
}

func kinds(q api.Question) (all []string) {
	for _, step := range q.Steps {
		all = append(all, fmt.Sprintf("%s %d %s", step.Kind, step.Attempt, step.Status))
	}
	return all
}

// Every ending of a question, through real processes and a scripted model.
func TestAsk(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask,model", "query"}, Rules: []llmtest.Rule{
		plan("how many orders", system.QuickSQL),
		once(plan("misspelt", "SELECT count(*) FROM oders")),
		plan("misspelt", system.QuickSQL),
		once(llmtest.Rule{Kind: llmtest.KindPlan, Contains: "garbled", Content: "Sure! Here is what I think about that:"}),
		plan("garbled", system.QuickSQL),
		rawPlan("which ones", 1, map[string]any{"status": "clarify", "text": "Which orders do you mean?", "choices": []string{"all", "paid"}}),
		plan("which ones", system.QuickSQL),
		rawPlan("weather", 0, map[string]any{"status": "refused", "text": "The shop's data holds no weather."}),
		plan("delete", "DELETE FROM orders"),
		plan("secrets", "SELECT rolname, rolpassword FROM pg_authid"),
		{Kind: llmtest.KindPlan, Contains: "busy", Times: 2, Status: 429, Headers: map[string]string{"Retry-After": "0"}},
		plan("busy", system.QuickSQL),
		{Kind: llmtest.KindPlan, Contains: "broken", Model: "scripted", Status: 500},
		plan("broken", system.QuickSQL),
		{Kind: llmtest.KindWrite, Contains: "invented", Content: "There are 4711 orders, worth 500500."},
		plan("invented", system.QuickSQL),
	}})
	tests := []struct {
		question string
		status   models.QuestionStatus
		code     models.Code
		steps    []string
	}{
		{"how many orders?", models.StatusAnswered, "", []string{"plan 1 done", "guard 1 done", "query 1 done", "analyse 1 done"}},
		{"misspelt table", models.StatusAnswered, "", []string{"plan 1 done", "guard 1 failed", "plan 2 done", "guard 2 done", "query 2 done", "analyse 1 done"}},
		{"garbled reply", models.StatusAnswered, "", nil},
		{"the weather?", models.StatusRefused, models.CodeNotAnswerable, []string{"plan 1 done"}},
		{"delete all", models.StatusRefused, models.CodeGuardRefused, nil},
		{"the secrets?", models.StatusRefused, models.CodeGuardRefused, nil},
		{"busy model", models.StatusAnswered, "", nil},
		{"broken model", models.StatusAnswered, "", nil},
	}
	for _, test := range tests {
		t.Run(test.question, func(t *testing.T) {
			t.Parallel()
			q := s.Owner.Await(s.Owner.Ask(test.question), test.status)
			require.Equal(t, test.code, q.ErrorCode, q.Error)
			if test.steps != nil {
				require.Equal(t, test.steps, kinds(q))
			}
			if test.status != models.StatusAnswered {
				require.NotEmpty(t, q.Error, "an ending that is no answer says why")
				return
			}
			var result api.ResultPage
			s.Owner.Call(http.StatusOK, http.MethodGet, "/questions/"+q.ID+"/result", nil, &result)
			require.Equal(t, "[[1000 500500]]", fmt.Sprint(result.Rows))
			require.NotEmpty(t, q.Text)
			for _, n := range q.Numbers {
				require.True(t, n.Proven, n.Text)
			}
		})
	}
	t.Run("a number that is not in the rows is marked", func(t *testing.T) {
		t.Parallel()
		q := s.Owner.Await(s.Owner.Ask("an invented number"), models.StatusAnswered)
		proven := map[string]bool{}
		for _, n := range q.Numbers {
			proven[n.Text] = n.Proven
		}
		require.Equal(t, map[string]bool{"4711": false, "500500": true}, proven)
		require.Len(t, callsOf(s, llmtest.KindWrite, "an invented number"), 2, "it is tried once more")
	})
	t.Run("a reply is taken once", func(t *testing.T) {
		t.Parallel()
		q := s.Owner.Await(s.Owner.Ask("which ones?"), models.StatusClarify)
		require.Equal(t, []string{"all", "paid"}, q.Prompt.Choices)
		reply := map[string]any{"reply": "paid"}
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+q.ID+"/clarify", reply, nil, "Idempotency-Key", "the-same-reply")
		q = s.Owner.Await(q.ID, models.StatusAnswered)
		s.Owner.Call(http.StatusConflict, http.MethodPost, "/questions/"+q.ID+"/clarify", reply, nil)
		require.Len(t, callsOf(s, llmtest.KindPlan, "which ones"), 2)
	})
	t.Run("the same request asks once", func(t *testing.T) {
		t.Parallel()
		first := s.Owner.Ask("how many orders, once?", "Idempotency-Key", "ask-me-once")
		require.Equal(t, first, s.Owner.Ask("how many orders, once?", "Idempotency-Key", "ask-me-once"))
		s.Owner.Await(first, models.StatusAnswered)
		require.Len(t, callsOf(s, llmtest.KindPlan, "orders, once?"), 1)
	})
	t.Run("SQL that a person wrote passes the same guard", func(t *testing.T) {
		t.Parallel()
		id := s.Owner.Ask("how many orders, edited?")
		s.Owner.Await(id, models.StatusAnswered)
		edit := func(sql string, status models.QuestionStatus) api.Question {
			s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+id+"/edit-sql", map[string]any{"sql": sql}, nil)
			return s.Owner.Await(id, status)
		}
		q := edit("SELECT pg_sleep(1)", models.StatusRefused)
		require.Equal(t, models.CodeGuardRefused, q.ErrorCode)
		q = edit("SELECT min(amount) AS smallest FROM orders", models.StatusAnswered)
		require.Equal(t, 3, q.Run)
		require.Contains(t, kinds(q), "plan 1 done", "the earlier steps are kept")
		require.Len(t, callsOf(s, llmtest.KindPlan, "orders, edited?"), 1, "the model does not rewrite what a person wrote")
	})
	t.Run("a follow-up sees what was asked before", func(t *testing.T) {
		t.Parallel()
		first := s.Owner.Await(s.Owner.Ask("how many orders at first?"), models.StatusAnswered)
		var next api.Question
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/conversations/"+first.ConversationID+"/questions", map[string]any{"question": "and how many orders then?"}, &next)
		s.Owner.Await(next.ID, models.StatusAnswered)
		calls := callsOf(s, llmtest.KindPlan, "orders then?")
		require.Len(t, calls, 1)
		require.Contains(t, calls[0].User, "how many orders at first?")
		require.Contains(t, calls[0].User, system.QuickSQL)
	})
}

// Operators can read histories: what people ask and what the data says is not
// in them in clear.
func TestHistoriesHoldNothingInClear(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Rules: []llmtest.Rule{plan("salaries", "SELECT name FROM customers ORDER BY id LIMIT 3"), plan("", "SELECT nonsense")}})
	good := s.Owner.Await(s.Owner.Ask("whose salaries are confidential?"), models.StatusAnswered)
	bad := s.Owner.Await(s.Owner.Ask("a question that fails"), models.StatusFailed, models.StatusRefused)
	c, err := client.Dial(client.Options{HostPort: s.Temporal, Namespace: s.Namespace})
	require.NoError(t, err)
	defer c.Close()
	for _, q := range []api.Question{good, bad} {
		run, err := c.DescribeWorkflowExecution(t.Context(), q.WorkflowID, "")
		require.NoError(t, err)
		text, err := protojson.Marshal(run)
		require.NoError(t, err)
		attributes := run.WorkflowExecutionInfo.SearchAttributes.IndexedFields
		for name, want := range map[string]string{"Outcome": string(q.Status), "ConnectionID": s.Connection, "UserID": q.UserID} {
			require.JSONEq(t, fmt.Sprintf("%q", want), string(attributes[name].GetData()), name)
		}
		require.Contains(t, attributes, "OrgID")
		events := 0
		for it := c.GetWorkflowHistory(t.Context(), q.WorkflowID, "", false, 0); it.HasNext(); events++ {
			event, err := it.Next()
			require.NoError(t, err)
			raw, err := protojson.Marshal(event)
			require.NoError(t, err)
			text = append(text, raw...)
		}
		require.Greater(t, events, 10)
		for _, secret := range []string{"salaries", "question that fails", "nonsense", "SELECT", "Customer 1", "customers", "reader-password"} {
			require.NotContains(t, string(text), secret)
		}
	}
	for _, p := range append(s.Workers, s.APIs[0].Process) {
		for _, secret := range []string{"salaries", "Customer 1", "reader-password", "JWT_KEY", "dm_"} {
			require.NotContains(t, p.Log(), secret)
		}
	}
}

func TestCostlyQueriesWaitForAYes(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Env: []string{"DATAMIND_APPROVE_COST=1"}, Rules: []llmtest.Rule{plan("", system.QuickSQL)}})
	yes := s.Owner.Await(s.Owner.Ask("costly, yes"), models.StatusApprove)
	no := s.Owner.Await(s.Owner.Ask("costly, no"), models.StatusApprove)
	s.Workers[0].Kill() // a wait holds no worker
	s.Workers[0].Start(system.WorkerReady)
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+yes.ID+"/approve", map[string]any{"yes": true}, nil)
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+no.ID+"/approve", map[string]any{"yes": false}, nil)
	s.Owner.Await(yes.ID, models.StatusAnswered)
	s.Owner.Await(no.ID, models.StatusCancelled)
}

// What a person may read is looked at when the query runs, not when it was
// planned: the wait for a yes may have taken days.
func TestANarrowedConnectionHoldsForRunsInFlight(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Env: []string{"DATAMIND_APPROVE_COST=1"}, Rules: []llmtest.Rule{plan("", "SELECT count(*) FROM hr.salaries")}})
	s.Exec("shop", `CREATE SCHEMA hr; CREATE TABLE hr.salaries AS SELECT i AS id FROM generate_series(1, 1000) i;
		GRANT USAGE ON SCHEMA hr TO reader; GRANT SELECT ON hr.salaries TO reader`)
	change := func(schemas ...string) {
		s.Owner.Call(http.StatusOK, http.MethodPatch, "/connections/"+s.Connection, map[string]any{"schemas": schemas}, nil)
	}
	change("public", "hr")
	q := s.Owner.Await(s.Owner.Ask("how many salaries?"), models.StatusApprove)
	change("public")
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+q.ID+"/approve", map[string]any{"yes": true}, nil)
	q = s.Owner.Await(q.ID, models.StatusRefused)
	require.Equal(t, models.CodeGuardRefused, q.ErrorCode)
	require.False(t, q.HasResult)
}

// A view that somebody replaced since its definition was read is looked at
// again before it is read from.
func TestAReplacedViewIsCheckedAgain(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Rules: []llmtest.Rule{plan("", "SELECT count(*) AS n FROM totals")}})
	s.Exec("shop", `CREATE FUNCTION purge() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
		CREATE VIEW totals AS SELECT sum(amount) AS total FROM orders; GRANT SELECT ON totals TO reader`)
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/connections/"+s.Connection+"/catalog/sync", nil, nil)
	system.Eventually(t, "the view is known", func() bool {
		var catalog api.Catalog
		s.Owner.Call(http.StatusOK, http.MethodGet, "/connections/"+s.Connection+"/catalog", nil, &catalog)
		return slices.ContainsFunc(catalog.Tables, func(table api.Table) bool { return table.Name == "totals" })
	})
	s.Owner.Await(s.Owner.Ask("how many totals?"), models.StatusAnswered)
	s.Exec("shop", "CREATE OR REPLACE VIEW totals AS SELECT avg(amount) AS total FROM orders")
	s.Owner.Await(s.Owner.Ask("how many totals by now?"), models.StatusAnswered)
	s.Exec("shop", "CREATE OR REPLACE VIEW totals AS SELECT sum(amount) + purge() AS total FROM orders")
	q := s.Owner.Await(s.Owner.Ask("how many totals now?"), models.StatusRefused)
	require.Equal(t, models.CodeGuardRefused, q.ErrorCode, q.Error)
}

// Tokens are reserved before a call, so that a budget is never overdrawn.
func TestBudgetEndsAQuestion(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Model: true, Env: []string{"DATAMIND_TOKEN_BUDGET_MONTHLY=500"}, Rules: []llmtest.Rule{plan("", system.QuickSQL)}})
	q := s.Owner.Await(s.Owner.Ask("how many?"), models.StatusBudget)
	require.Equal(t, models.CodeBudget, q.ErrorCode)
	require.Contains(t, q.Error, "500")
	require.Empty(t, s.Model.Calls())
}

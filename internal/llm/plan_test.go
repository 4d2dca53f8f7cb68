package llm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

const testKey = "sk-very-secret"

// setup gives a client of a scripted server.
func setup(t *testing.T, rules ...llmtest.Rule) (*Client, *llmtest.Server) {
	t.Helper()
	s := llmtest.New(t, rules...)
	return newClient(t, s.URL, "one", "two"), s
}

func newClient(t *testing.T, url string, names ...string) *Client {
	t.Helper()
	c := New(Config{BaseURL: url, Key: testKey, Models: names, Timeout: 20 * time.Second, MaxTokens: 500})
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

func shop() *models.Catalog {
	return &models.Catalog{Dialect: "postgres", ServerVersion: "17.2", Schemas: []string{"public"}, Tables: []models.Table{
		{Schema: "public", Name: "customers", Kind: "table", Rows: 40, PrimaryKey: []string{"id"}, Columns: []models.CatalogColumn{
			{Name: "id", Type: "bigint"}, {Name: "city", Type: "text", Values: []string{"Oslo", "Bergen"}},
			{Name: "tax_number", Type: "text", Masked: true, Values: []string{"hidden-value"}}}},
		{Schema: "public", Name: "order", Kind: "table", Rows: 1200, Comment: "sales", Columns: []models.CatalogColumn{
			{Name: "customer_id", Type: "bigint"}, {Name: "amount", Type: "numeric(12,2)", Nullable: true}},
			ForeignKeys: []models.ForeignKey{{Columns: []string{"customer_id"}, RefSchema: "public", RefTable: "customers", RefColumns: []string{"id"}}}},
	}}
}

func ask(question string) models.PlanRequest {
	return models.PlanRequest{Question: question, Catalog: shop(), Now: time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)}
}

func TestPlanWith(t *testing.T) {
	t.Parallel()
	c, s := setup(t, llmtest.Rule{Contains: "orders", SQL: "SELECT count(*) AS orders FROM \"order\";", InputTokens: 70, OutputTokens: 9})
	plan, err := c.PlanWith(t.Context(), "two", "step-1", ask("How many orders?"))
	require.NoError(t, err)
	require.Equal(t, models.Plan{Status: models.PlanSQL, SQL: `SELECT count(*) AS orders FROM "order"`, Understanding: "As the script says.",
		Usage: models.Usage{Model: "two", PromptVersion: planText.version, InputTokens: 70, OutputTokens: 9}}, plan)
	call := s.Calls()[0]
	require.Equal(t, "step-1", call.IdempotencyKey)
	require.Equal(t, llmtest.KindPlan, call.Kind)
	require.Equal(t, "How many orders?", call.Question)
	require.Equal(t, "json_schema", call.Format)
	require.Equal(t, 500, call.MaxTokens)
}

func TestPlanErrors(t *testing.T) {
	t.Parallel()
	html := map[string]string{"Content-Type": "text/html"}
	retry := map[string]string{"Retry-After": "7"}
	for name, tc := range map[string]struct {
		rule  llmtest.Rule
		code  models.Code
		says  string
		after time.Duration
		paid  bool
	}{
		"429":             {llmtest.Rule{Status: 429, Headers: retry}, models.CodeModelBusy, "too many requests", 7 * time.Second, false},
		"429 quota":       {llmtest.Rule{Status: 429, ErrorCode: "insufficient_quota"}, models.CodeModelBusy, "quota", 0, false},
		"408":             {llmtest.Rule{Status: 408}, models.CodeModelBusy, "problem", 0, false},
		"409":             {llmtest.Rule{Status: 409}, models.CodeModelBusy, "problem", 0, false},
		"500":             {llmtest.Rule{Status: 500}, models.CodeModelBusy, "problem (status 500)", 0, false},
		"503":             {llmtest.Rule{Status: 503, Headers: retry}, models.CodeModelBusy, "problem", 7 * time.Second, false},
		"500 web page":    {llmtest.Rule{Status: 502, Body: "<html>bad gateway</html>", Headers: html}, models.CodeModelBusy, "status 502", 0, false},
		"401":             {llmtest.Rule{Status: 401, Message: "Incorrect API key provided: " + testKey}, models.CodeModel, "DATAMIND_LLM_API_KEY", 0, false},
		"403":             {llmtest.Rule{Status: 403, Headers: retry}, models.CodeModel, "DATAMIND_LLM_API_KEY", 0, false},
		"404":             {llmtest.Rule{Status: 404}, models.CodeModel, "DATAMIND_LLM_MODELS", 0, false},
		"402":             {llmtest.Rule{Status: 402}, models.CodeModel, "credit", 0, false},
		"413":             {llmtest.Rule{Status: 413}, models.CodeModel, "too long", 0, false},
		"400":             {llmtest.Rule{Status: 400}, models.CodeModel, "status 400", 0, false},
		"400 context":     {llmtest.Rule{Status: 400, ErrorCode: "context_length_exceeded"}, models.CodeModel, "too long", 0, false},
		"400 plain":       {llmtest.Rule{Status: 400, Body: `{"error":"no"}`}, models.CodeModel, "status 400", 0, false},
		"web page":        {llmtest.Rule{Body: "<html>hello</html>", Headers: html}, models.CodeModel, "DATAMIND_LLM_BASE_URL", 0, true},
		"garbage":         {llmtest.Rule{Body: "\x00\xff{{{"}, models.CodeModelBusy, "garbled", 0, true},
		"no choices":      {llmtest.Rule{Body: "{}"}, models.CodeModelBusy, "empty reply", 0, true},
		"half a reply":    {llmtest.Rule{Cut: "end"}, models.CodeModelBusy, "broke off", 0, true},
		"reset":           {llmtest.Rule{Cut: "abort"}, models.CodeModelBusy, "broke off", 0, true},
		"empty":           {llmtest.Rule{Empty: true}, models.CodeModelBusy, "empty reply", 0, true},
		"prose":           {llmtest.Rule{Content: "I would rather not say."}, models.CodeModelReply, "could not be understood", 0, true},
		"cut JSON":        {llmtest.Rule{Content: `{"status":"sql","sql":"SELECT`, FinishReason: "length"}, models.CodeModelReply, "DATAMIND_LLM_MAX_TOKENS", 0, true},
		"only thinking":   {llmtest.Rule{Empty: true, FinishReason: "length"}, models.CodeModelReply, "DATAMIND_LLM_MAX_TOKENS", 0, true},
		"content filter":  {llmtest.Rule{Empty: true, FinishReason: "content_filter"}, models.CodeModelReply, "withheld", 0, true},
		"redirect":        {llmtest.Rule{Status: 307, Body: " ", Headers: map[string]string{"Location": "http://127.0.0.2:1/v1/chat/completions"}}, models.CodeModel, "DATAMIND_LLM_BASE_URL", 0, false},
		"redirect as GET": {llmtest.Rule{Status: 302, Body: " ", Headers: map[string]string{"Location": "/v1/models"}}, models.CodeModel, "DATAMIND_LLM_BASE_URL", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, s := setup(t, tc.rule)
			plan, err := c.PlanWith(t.Context(), "one", "key", ask("How many orders?"))
			require.Error(t, err)
			require.Equal(t, tc.code, models.ErrorCode(err), "%v", err)
			require.Contains(t, models.ErrorMessage(err), tc.says)
			require.NotContains(t, err.Error(), testKey)
			require.Equal(t, tc.after, RetryAfter(err))
			require.Equal(t, tc.paid, plan.Usage.InputTokens > 0, "%+v", plan.Usage)
			require.Equal(t, "one", plan.Usage.Model)
			require.Len(t, s.Calls(), 1)
		})
	}
}

func TestPlanConnectionErrors(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := newClient(t, gone.URL+"/v1", "one").PlanWith(t.Context(), "one", "key", ask("?"))
	require.Equal(t, models.CodeModelBusy, models.ErrorCode(err))
	require.Contains(t, models.ErrorMessage(err), "cannot be reached")

	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	_, err = newClient(t, untrusted.URL+"/v1", "one").PlanWith(t.Context(), "one", "key", ask("?"))
	require.Equal(t, models.CodeModel, models.ErrorCode(err))
	require.Contains(t, models.ErrorMessage(err), "certificate")

	s := llmtest.New(t, llmtest.Rule{Hang: true})
	slow := New(Config{BaseURL: s.URL, Models: []string{"one"}, Timeout: 50 * time.Millisecond})
	_, err = slow.PlanWith(t.Context(), "one", "key", ask("?"))
	require.Equal(t, models.CodeModelBusy, models.ErrorCode(err))
	require.Contains(t, models.ErrorMessage(err), "in time")
}

func TestPlanResponseTooLarge(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		page := make([]byte, 64<<10)
		for i := range page {
			page[i] = ' '
		}
		for range 2 * maxResponse / len(page) {
			if _, err := w.Write(page); err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	_, err := newClient(t, s.URL, "one").PlanWith(t.Context(), "one", "key", ask("?"))
	require.Equal(t, models.CodeModel, models.ErrorCode(err))
	require.Contains(t, models.ErrorMessage(err), "too large")
}

func TestRedirectOnTheSameHostIsFollowed(t *testing.T) {
	t.Parallel()
	s := llmtest.New(t, llmtest.Rule{Times: 1, Status: 307, Body: " ", Headers: map[string]string{"Location": "/v1/chat/completions"}}, llmtest.Rule{SQL: "SELECT 1"})
	plan, err := newClient(t, s.URL, "one").PlanWith(t.Context(), "one", "key", ask("?"))
	require.NoError(t, err)
	require.Equal(t, "SELECT 1", plan.SQL)
	require.Equal(t, "key", s.Calls()[1].IdempotencyKey)
}

func TestFormatFallback(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reject []string
		wants  []string // formats in order; the last one again for the second question
	}{
		"object":     {[]string{"json_schema"}, []string{"json_schema", "json_object"}},
		"none":       {[]string{"json_schema", "json_object"}, []string{"json_schema", "json_object", ""}},
		"all quirks": {[]string{"json_schema", "json_object", "max_tokens", "temperature"}, []string{"json_schema", "json_object", "", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := llmtest.New(t)
			s.Load(llmtest.Script{Rules: []llmtest.Rule{{SQL: "SELECT 1"}}, Reject: tc.reject})
			c := newClient(t, s.URL, "one", "two")
			for range 2 {
				plan, err := c.PlanWith(t.Context(), "one", "key", ask("?"))
				require.NoError(t, err)
				require.Equal(t, "SELECT 1", plan.SQL)
			}
			var got []string
			for _, call := range s.Calls() {
				require.Equal(t, llmtest.KindPlan, call.Kind)
				got = append(got, call.Format)
			}
			require.Equal(t, append(tc.wants, tc.wants[len(tc.wants)-1]), got)
			// What one model does not take says nothing of another.
			_, err := c.PlanWith(t.Context(), "two", "key", ask("?"))
			require.NoError(t, err)
			require.Equal(t, "json_schema", s.Calls()[len(got)].Format)
		})
	}
}

func TestReasoningModelsAreAskedAsTheyWant(t *testing.T) {
	t.Parallel()
	c := New(Config{MaxTokens: 700})
	for _, model := range []string{"o3-mini", "gpt-5"} {
		req := c.request(model, prompt{}, quirks{}, false)
		require.Zero(t, req.MaxTokens, model) //nolint:staticcheck // see request.go
		require.Equal(t, 700, req.MaxCompletionTokens, model)
		require.Zero(t, req.Temperature, model)
	}
	req := c.request("llama", prompt{}, quirks{}, true)
	require.Equal(t, 700, req.MaxTokens) //nolint:staticcheck // see request.go
	require.Nil(t, req.ResponseFormat)
	require.True(t, req.StreamOptions.IncludeUsage)
	require.True(t, json.Valid(planSchema))
}

func TestPlanUsageIsEstimated(t *testing.T) {
	t.Parallel()
	c, s := setup(t, llmtest.Rule{Content: `{"status":"refused","text":"no"}`, NoUsage: true})
	plan, err := c.PlanWith(t.Context(), "one", "key", ask("Change it"))
	require.NoError(t, err)
	require.Equal(t, models.PlanRefused, plan.Status)
	call := s.Calls()[0]
	require.Equal(t, estimate(call.System)+estimate(call.User), plan.Usage.InputTokens)
	require.Equal(t, 8, plan.Usage.OutputTokens)
	require.Equal(t, 1, estimate("ä"))
	require.Equal(t, 2, estimate("12345"))
}

func TestPlanCancellation(t *testing.T) {
	t.Parallel()
	c, s := setup(t, llmtest.Rule{Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := c.PlanWith(ctx, "one", "key", ask("?"))
		done <- err
	}()
	require.NoError(t, s.Await(t.Context(), func(calls []llmtest.Call) bool { return len(calls) == 1 }))
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.NoError(t, s.Await(t.Context(), func(calls []llmtest.Call) bool { return calls[0].Disconnected }))
	require.Zero(t, c.breaker("one").cb.Counts().TotalFailures)
}

func TestPlanner(t *testing.T) {
	t.Parallel()
	c, s := setup(t, llmtest.Rule{Model: "one", Content: "no plan", InputTokens: 5, OutputTokens: 2}, llmtest.Rule{Model: "two", SQL: "SELECT 2", InputTokens: 10, OutputTokens: 3})
	p := c.Planner()
	require.Equal(t, "one", p.Name())
	plan, err := p.Plan(t.Context(), ask("?"))
	require.NoError(t, err)
	require.Equal(t, "SELECT 2", plan.SQL)
	require.Equal(t, models.Usage{Model: "two", PromptVersion: planText.version, InputTokens: 15, OutputTokens: 5}, plan.Usage)
	require.NotEmpty(t, s.Calls()[0].IdempotencyKey)

	_, err = New(Config{}).Planner().Plan(t.Context(), ask("?"))
	require.Equal(t, models.CodeModel, models.ErrorCode(err))
}

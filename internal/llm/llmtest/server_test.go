package llmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	planBody  = `{"model":"m","messages":[{"role":"system","content":"You are the DataMind planner."},{"role":"user","content":"<question>\n\"How many orders?\"\n</question>"}],"response_format":{"type":"json_schema"}}`
	writeBody = `{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"system","content":"You are the DataMind writer."},{"role":"user","content":"<question>\n\"q\"\n</question>\n<facts>\n{\"id\":\"a\",\"text\":\"The total is 12\"}\n{\"id\":\"b\",\"text\":\"Oslo leads.\"}\n</facts>"}]}`
)

func post(t *testing.T, s *Server, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/chat/completions", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Idempotency-Key", "k")
	req.Header.Set("Authorization", "Bearer secret")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body) // a reply may be cut
	return resp.StatusCode, string(raw)
}

func do(t *testing.T, method, url, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewBufferString(body))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, raw
}

func TestRulesInOrder(t *testing.T) {
	t.Parallel()
	s := New(t, Rule{Kind: KindPlan, Contains: "ORDERS", Times: 2, Status: 503}, Rule{Kind: KindWrite, Content: "never"}, Rule{Contains: "orders", SQL: "SELECT 1"})
	for _, want := range []int{503, 503, 200} {
		status, body := post(t, s, planBody)
		require.Equal(t, want, status)
		if want == 200 {
			require.Contains(t, body, "SELECT 1")
		}
	}
	require.NoError(t, s.Await(t.Context(), func(calls []Call) bool { return len(calls) == 3 && calls[2].Ended() }))
	call := s.Calls()[2]
	require.Equal(t, 2, call.Rule)
	require.True(t, call.Completed)
	require.Equal(t, "How many orders?", call.Question)
	require.Equal(t, "k", call.IdempotencyKey)
	require.NotContains(t, body(t, s), "secret")
}

func body(t *testing.T, s *Server) string {
	status, raw := do(t, http.MethodGet, strings.TrimSuffix(s.URL, "/v1")+"/_calls", "")
	require.Equal(t, http.StatusOK, status)
	var calls []Call
	require.NoError(t, json.Unmarshal(raw, &calls))
	require.Len(t, calls, len(s.Calls()))
	return string(raw)
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	s := New(t)
	_, plan := post(t, s, planBody)
	require.Contains(t, plan, `\"status\":\"refused\"`)
	_, write := post(t, s, writeBody)
	require.Contains(t, write, `"content":"The total is"`)
	require.Contains(t, write, `"prompt_tokens":`)
	require.True(t, strings.HasSuffix(write, "data: [DONE]\n\n"))
	status, _ := post(t, s, "{")
	require.Equal(t, http.StatusBadRequest, status)
}

func TestScriptSettings(t *testing.T) {
	t.Parallel()
	s := New(t)
	for want, script := range map[int]Script{
		401: {Key: "other"}, 404: {Models: []string{"x"}}, 400: {Reject: []string{"json_schema"}}, 200: {Key: "secret", Models: []string{"m"}},
	} {
		s.Load(script)
		status, _ := post(t, s, planBody)
		require.Equal(t, want, status)
	}
	root := strings.TrimSuffix(s.URL, "/v1")
	status, _ := do(t, http.MethodPut, root+"/_script", `{"rules":[{"content":"new"}],"models":["m"]}`)
	require.Equal(t, http.StatusNoContent, status)
	_, reply := post(t, s, planBody)
	require.Contains(t, reply, `"content":"new"`)
	status, _ = do(t, http.MethodPut, root+"/_script", `{"rulez":[]}`)
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = do(t, http.MethodDelete, root+"/_calls", "")
	require.Equal(t, http.StatusNoContent, status)
	require.Equal(t, "[]\n", body(t, s))
	_, list := do(t, http.MethodGet, s.URL+"/models", "")
	require.Contains(t, string(list), `"id":"m"`)
	status, _ = do(t, http.MethodGet, root+"/_health", "")
	require.Equal(t, http.StatusNoContent, status)
}

func TestCuts(t *testing.T) {
	t.Parallel()
	s := New(t, Rule{Times: 1, Cut: "end", CutAfter: 1}, Rule{Times: 1, Cut: "abort", CutAfter: 1}, Rule{StreamError: "overloaded"})
	for _, want := range []string{`{"id":"scri`, `{"id":"scri`, "overloaded"} {
		_, reply := post(t, s, writeBody)
		require.Contains(t, reply, want)
		require.NotContains(t, reply, "[DONE]")
	}
	require.NoError(t, s.Await(t.Context(), func(calls []Call) bool { return len(calls) == 3 && calls[1].Ended() }))
	require.False(t, s.Calls()[1].Completed)
	require.False(t, s.Calls()[1].Disconnected)
}

func TestDisconnectAndClose(t *testing.T) {
	t.Parallel()
	s := New(t, Rule{Hang: true})
	for i, leave := range []func(context.CancelFunc){func(cancel context.CancelFunc) { cancel() }, func(context.CancelFunc) { s.Close() }} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/chat/completions", strings.NewReader(planBody))
			if err == nil {
				var resp *http.Response
				if resp, err = http.DefaultClient.Do(req); err == nil {
					err = resp.Body.Close()
				}
			}
			done <- err
		}()
		require.NoError(t, s.Await(t.Context(), func(calls []Call) bool { return len(calls) == i+1 }))
		leave(cancel)
		require.Error(t, <-done)
		require.NoError(t, s.Await(t.Context(), func(calls []Call) bool { return calls[i].Ended() }))
		require.Equal(t, i == 0, s.Calls()[i].Disconnected)
		cancel()
	}
}

func TestParseScript(t *testing.T) {
	t.Parallel()
	s, err := ParseScript([]byte(`{"rules":[{"kind":"plan","plan":{"status":"refused"},"times":1}],"delay_ms":5}`))
	require.NoError(t, err)
	require.Equal(t, 5, s.DelayMs)
	for _, bad := range []string{"", `{"rules":[{"kind":"x"}]}`, `{"rules":[{"cut":"x"}]}`, `{"rules":[{"containz":"x"}]}`} {
		_, err := ParseScript([]byte(bad))
		require.Error(t, err, bad)
	}
	_, err = Start("256.0.0.1:x", Script{})
	require.Error(t, err)
}

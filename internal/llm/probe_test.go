package llm

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

func anywhere(string, string, syscall.RawConn) error { return nil }

func probe(t *testing.T, config Config) models.ModelReport {
	t.Helper()
	if config.Models == nil {
		config.Models = []string{"m"}
	}
	if config.Control == nil {
		config.Control = anywhere
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	return New(config).Test(ctx)
}

var good = llmtest.Rule{Kind: llmtest.KindPlan, SQL: "SELECT count(*) FROM orders"}

func TestAModelThatWorks(t *testing.T) {
	t.Parallel()
	s := llmtest.New(t)
	for _, tc := range []struct {
		reject     []string
		structured string
	}{{nil, "json_schema"}, {[]string{"json_schema"}, "json_object"}, {[]string{"json_schema", "json_object"}, "none"}} {
		s.Load(llmtest.Script{Key: "k", Models: []string{"m", "n"}, Reject: tc.reject, Rules: []llmtest.Rule{good}})
		report := probe(t, Config{BaseURL: s.URL, Key: "k"})
		require.True(t, report.OK, report.Message)
		require.Equal(t, tc.structured, report.Structured)
		require.Equal(t, tc.structured == "none", len(report.Warnings) == 1)
		require.Equal(t, []string{"m", "n"}, report.Models)
		require.Positive(t, report.Tokens)
		require.Empty(t, report.Code)
	}
}

// An endpoint that repeats the key it was sent shows it to nobody.
func TestAnEndpointThatRepeatsTheKey(t *testing.T) {
	t.Parallel()
	const key = "sk-0123456789"
	s := llmtest.New(t)
	s.Load(llmtest.Script{Models: []string{"m", "for " + key}, Rules: []llmtest.Rule{{Kind: llmtest.KindPlan, SQL: "SELECT '" + key + "'"}}})
	report := probe(t, Config{BaseURL: s.URL, Key: key})
	require.Equal(t, []string{"for [key]", "m"}, report.Models)
	var call models.ModelCall
	client := New(Config{BaseURL: s.URL, Key: key, Models: []string{"m"}})
	_, err := client.PlanWith(Record(t.Context(), &call), "m", "k", models.PlanRequest{Question: probeQuestion, Catalog: probeCatalog})
	require.NoError(t, err)
	require.Contains(t, call.Reply, "[key]")
	require.NotContains(t, call.Reply, key)
}

// Each way in which a model can be set up wrongly is told apart, in words that
// say what to do and name no key.
func TestWhatIsWrongWithAModel(t *testing.T) {
	t.Parallel()
	script := func(s llmtest.Script) string {
		server := llmtest.New(t)
		server.Load(s)
		return server.URL
	}
	serve := func(f http.HandlerFunc) string {
		server := httptest.NewServer(f)
		t.Cleanup(server.Close)
		return server.URL + "/v1"
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	plain := script(llmtest.Script{})
	for name, tc := range map[string]struct {
		url  string
		code models.Code
		says string
	}{
		"wrong key":       {script(llmtest.Script{Key: "other"}), models.CodeModelKey, "does not accept the key"},
		"no such model":   {script(llmtest.Script{Models: []string{"alpha", "beta"}}), models.CodeModelMissing, `does not have the model "m". It has alpha, beta.`},
		"no such host":    {"http://nothing.invalid/v1", models.CodeHostUnknown, "no host with this name"},
		"nothing listens": {"http://" + closed.Addr().String() + "/v1", models.CodeRefused, "Nothing listens"},
		"a web page":      {serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html><body>Hello")) }), models.CodeNotOpenAI, "usually ends in /v1"},
		"other JSON":      {serve(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"a":1}`, http.StatusNotFound) }), models.CodeNotOpenAI, "/v1"},
		"the wrong path":  {plain[:len(plain)-len("/v1")], models.CodeNotOpenAI, "/v1"},
		"another address": {serve(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.com/", http.StatusFound)
		}), models.CodeNotOpenAI, "final address"},
		"certificate":      {secure.URL + "/v1", models.CodeTLS, "certificate"},
		"TLS to plain":     {"https" + plain[len("http"):], models.CodeTLS, "http://"},
		"it hangs":         {script(llmtest.Script{Rules: []llmtest.Rule{{Hang: true}}}), models.CodeTimeout, "in time"},
		"busy":             {script(llmtest.Script{Rules: []llmtest.Rule{{Status: http.StatusTooManyRequests}}}), models.CodeModelBusy, "too many requests"},
		"cannot be read":   {script(llmtest.Script{Rules: []llmtest.Rule{{Content: "Well, let me think."}}}), models.CodeModelReply, "could not be understood"},
		"no chat model":    {script(llmtest.Script{Rules: []llmtest.Rule{{Status: http.StatusBadRequest, Message: "This is not a chat model"}}}), models.CodeModel, "made for conversations"},
		"metadata address": {"http://169.254.169.254/v1", models.CodeAddressRefused, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := Config{BaseURL: tc.url, Key: "sk-secret"}
			if tc.code == models.CodeAddressRefused {
				config.Control = func(string, string, syscall.RawConn) error {
					return models.Errorf(models.CodeAddressRefused, "This address is refused.")
				}
			}
			report := probe(t, config)
			require.False(t, report.OK)
			require.Equal(t, tc.code, report.Code, report.Message)
			require.Contains(t, report.Message, tc.says)
			require.NotContains(t, report.Message, "sk-secret")
			require.NotContains(t, report.Message, "DATAMIND_")
		})
	}
}

func TestAzureIsSpokenTo(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.String()+" "+r.Header.Get("api-key")+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(server.Close)
	probe(t, Config{BaseURL: server.URL, Key: "k", Models: []string{"gpt-4.1 mini"}, AzureVersion: "2024-10-21"})
	require.Equal(t, []string{"GET /openai/models?api-version=2024-10-21 k",
		"POST /openai/deployments/gpt-4.1%20mini/chat/completions?api-version=2024-10-21 k"}, got)
}

// A question meets the same check of addresses, and is not tried again for it.
func TestAQuestionIsNotSentToARefusedAddress(t *testing.T) {
	t.Parallel()
	s := llmtest.New(t, good)
	c := New(Config{BaseURL: s.URL, Models: []string{"m"}, Control: func(string, string, syscall.RawConn) error {
		return models.Errorf(models.CodeAddressRefused, "This address is refused.")
	}})
	_, err := c.PlanWith(t.Context(), "m", "k", models.PlanRequest{Question: "q"})
	require.Equal(t, models.CodeAddressRefused, models.ErrorCode(err))
	require.Empty(t, s.Calls())
}

package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

// spans collects what processes send over OTLP.
type spans struct {
	mu  sync.Mutex
	all []span
}

type span struct {
	*trace.Span
	service string
}

func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var got collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &got)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range got.GetResourceSpans() {
		service := ""
		for _, a := range resource.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, one := range scope.GetSpans() {
				s.all = append(s.all, span{one, service})
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (s *spans) seen() []span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]span(nil), s.all...)
}

func (s span) attribute(key string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

// One question makes one trace, from the request through both workers to the
// model and the customer's database, and nothing in it quotes the customer.
func TestAQuestionIsOneTrace(t *testing.T) {
	t.Parallel()
	got := &spans{}
	endpoint := httptest.NewServer(got)
	t.Cleanup(endpoint.Close)
	s := system.Start(t, system.Options{Model: true, Workers: []string{"ask,model", "query"},
		Env: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + endpoint.URL, "OTEL_BSP_SCHEDULE_DELAY=50"},
		Rules: []llmtest.Rule{
			once(plan("secretive", "SELECT sum(amount) AS revenue FROM orders WHERE amount = 'tattletale'")),
			plan("secretive", "SELECT sum(amount) AS tattletale FROM orders WHERE amount > 4.711"),
		}})
	id := s.Owner.Ask("how secretive is our tattletale?")
	q := s.Owner.Await(id, models.StatusAnswered)
	require.Contains(t, kinds(q), "query 1 failed", "an error that quotes the SQL is in the trace, too")

	var trace []span
	system.Eventually(t, "the trace is whole", func() bool {
		trace = traceOf(got.seen(), func(one span) bool { return one.attribute("http.route") == "/api/v1/questions" })
		for _, want := range []string{"RunWorkflow:Ask", "RunActivity:PlanQuestion", "RunActivity:AnalyseResult"} {
			if find(trace, want) == nil {
				return false
			}
		}
		return true
	})
	path := func(one *span) string {
		names := []string{}
		for one != nil {
			names = append([]string{one.service + " " + one.GetName()}, names...)
			one = parent(trace, one)
		}
		return strings.Join(names, " / ")
	}
	const begin = "datamind-api POST /api/v1/questions / datamind-api StartWorkflow:Ask / datamind-worker RunWorkflow:Ask / "
	for _, one := range []struct{ peer, under string }{
		{"platform database", begin + "datamind-worker StartActivity:RunQuery / datamind-worker RunActivity:RunQuery / "},
		{"customer database", begin + "datamind-worker StartActivity:RunQuery / datamind-worker RunActivity:RunQuery / "},
	} {
		found := false
		for i := range trace {
			found = found || trace[i].attribute("peer.service") == one.peer && strings.HasPrefix(path(&trace[i]), one.under)
		}
		require.True(t, found, "%s under %s", one.peer, one.under)
	}
	require.Equal(t, begin+"datamind-worker StartActivity:PlanQuestion / datamind-worker RunActivity:PlanQuestion / datamind-worker model POST",
		path(find(trace, "model POST")))

	for _, one := range got.seen() {
		for _, secret := range []string{"tattletale", "secretive", "4.711", "127.0.0.1", "reader", "amount"} {
			require.NotContains(t, strings.ToLower(one.String()), secret)
		}
	}
}

// traceOf are the spans of the trace that the first matching span is in.
func traceOf(all []span, match func(span) bool) (found []span) {
	for _, one := range all {
		if match(one) {
			for _, other := range all {
				if string(other.GetTraceId()) == string(one.GetTraceId()) {
					found = append(found, other)
				}
			}
			return found
		}
	}
	return nil
}

func find(all []span, name string) *span {
	for i := range all {
		if all[i].GetName() == name {
			return &all[i]
		}
	}
	return nil
}

func parent(all []span, of *span) *span {
	for i := range all {
		if string(all[i].GetSpanId()) == string(of.GetParentSpanId()) {
			return &all[i]
		}
	}
	return nil
}

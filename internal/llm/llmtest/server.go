package llmtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const maxBody = 16 << 20

// Server is a running scripted model server.
//
// Beside POST /v1/chat/completions and GET /v1/models it serves GET /_calls
// (the record as JSON), DELETE /_calls (forgets it), PUT /_script (replaces
// the script, counts begin anew) and GET /_health.
type Server struct {
	URL string // base URL for clients, such as http://127.0.0.1:4000/v1

	player player
	record record
	http   *http.Server
	served chan struct{}
	// live ends when the server closes, so that slow replies do not outlast it.
	live  context.Context
	end   context.CancelFunc
	close sync.Once
}

// Start serves the script on addr, such as "127.0.0.1:0", until Close.
func Start(addr string, script Script) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{URL: "http://" + listener.Addr().String() + "/v1", served: make(chan struct{})}
	s.live, s.end = context.WithCancel(context.Background())
	s.player.load(script)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", s.complete)
	mux.HandleFunc("GET /v1/models", s.listModels)
	mux.HandleFunc("GET /_calls", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Calls()) })
	mux.HandleFunc("DELETE /_calls", func(w http.ResponseWriter, _ *http.Request) { s.Forget(); w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("PUT /_script", s.putScript)
	mux.HandleFunc("GET /_health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // always ErrServerClosed after Close
	}()
	return s, nil
}

// T is the part of testing.TB that New needs; the package itself does not
// import testing, because it is also part of a program.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// New starts a server with rules for a test, on a free port; it ends with the
// test and keeps prompts.
func New(t T, rules ...Rule) *Server {
	t.Helper()
	s, err := Start("127.0.0.1:0", Script{Rules: rules, KeepPrompts: true})
	if err != nil {
		t.Fatalf("start the scripted model: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Load replaces the script; its rules are unused.
func (s *Server) Load(script Script) { s.player.load(script) }

// Forget empties the record of calls.
func (s *Server) Forget() {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	s.record.calls = nil
	s.record.wake()
}

// Close ends calls that run and waits for them.
func (s *Server) Close() {
	s.close.Do(func() {
		s.end()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close() // the listener is gone already
		}
		<-s.served
	})
}

func (s *Server) putScript(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		var script Script
		if script, err = ParseScript(raw); err == nil {
			s.Load(script)
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	writeError(w, http.StatusBadRequest, err.Error(), "invalid_request_error")
}

func (s *Server) listModels(w http.ResponseWriter, _ *http.Request) {
	data := []map[string]string{}
	for _, m := range s.player.settings().Models {
		data = append(data, map[string]string{"id": m, "object": "model"})
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": data})
}

// complete answers one chat completion and records how it went.
func (s *Server) complete(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client is gone, or far too talkative
	}
	q, err := readRequest(raw)
	if err != nil {
		writeError(w, http.StatusBadRequest, "the body is not a chat completion request", "invalid_request_error")
		return
	}
	script := s.player.settings()
	call := Call{IdempotencyKey: r.Header.Get("Idempotency-Key"), Model: q.Model, Kind: q.kind, Question: q.question,
		Stream: q.Stream, Format: q.format(), Rule: -1, StartedAt: time.Now()}
	if q.MaxTokens != nil {
		call.MaxTokens = *q.MaxTokens
	}
	call.System, call.User = q.system, q.user
	rule := refusal(script, q, r.Header.Get("Authorization"))
	if rule == nil && script.Answer != nil {
		rule = script.Answer(call)
	}
	if !script.KeepPrompts {
		call.System, call.User = "", ""
	}
	if rule == nil {
		var picked Rule
		picked, call.Rule = s.player.pick(q.kind, q.Model, q.question)
		rule = &picked
	}
	slowed := *rule
	if slowed.DelayMs == 0 {
		slowed.DelayMs = script.DelayMs
	}
	if slowed.ChunkDelayMs == 0 {
		slowed.ChunkDelayMs = script.ChunkDelayMs
	}
	call.Status = http.StatusOK
	if rule.Status != 0 {
		call.Status = rule.Status
	}
	id := s.record.add(call)
	reply := &reply{w: w, ctx: r.Context(), live: s.live, rule: slowed, q: q}
	err = reply.write()
	s.record.update(id, func(c *Call) {
		c.EndedAt, c.Tokens = time.Now(), reply.tokens
		c.Completed = err == nil
		c.Disconnected = err != nil && s.live.Err() == nil && !errors.Is(err, errCut)
	})
	if err != nil {
		panic(http.ErrAbortHandler) // resets the connection without a word in the log
	}
}

// refusal is what a script refuses before its rules.
func refusal(script Script, q request, authorization string) *Rule {
	if script.Key != "" && authorization != "Bearer "+script.Key {
		return &Rule{Status: http.StatusUnauthorized, Message: "Incorrect API key provided: " + strings.TrimPrefix(authorization, "Bearer "), ErrorCode: "invalid_api_key"}
	}
	if len(script.Models) > 0 && !slices.Contains(script.Models, q.Model) {
		return &Rule{Status: http.StatusNotFound, Message: "The model '" + q.Model + "' does not exist", ErrorCode: "model_not_found"}
	}
	if part := q.rejected(script.Reject); part != "" {
		return &Rule{Status: http.StatusBadRequest, Message: complaints[part]}
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that went needs no reply
}

func writeError(w http.ResponseWriter, status int, message, code string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"message": message, "type": "invalid_request_error", "code": code, "param": nil}})
}

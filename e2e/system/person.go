package system

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/models"
)

// Person is somebody with an API key.
type Person struct {
	t    testing.TB
	s    *System
	key  string
	http http.Client
}

// signIn makes the first owner as an operator does, with a one-time link from
// the command line, and gives them an API key.
func (s *System) signIn() *Person {
	s.t.Helper()
	code, out := s.Command("link")
	require.Zero(s.t, code, out)
	_, token, found := strings.Cut(strings.TrimSpace(out), "#token=")
	require.True(s.t, found, out)
	p := &Person{t: s.t, s: s, http: http.Client{Timeout: 40 * time.Second}}
	status, body, cookies := p.send(0, http.MethodPost, "/auth/link", map[string]any{"token": token}, nil)
	require.Equal(s.t, http.StatusNoContent, status, body)
	scopes := []string{"ask", "questions.read", "connections.read", "connections.write", "catalog.read", "catalog.sync", "profile", "usage.read", "models.write",
		"feedback.give", "questions.verify", "steps.inspect", "notes.write", "alerts.read", "alerts.write", "reports.read", "reports.write", "channels.use", "channels.manage", "dashboards.read", "dashboards.write", "dashboards.publish",
		"exports.read", "exports.write"}
	status, body, _ = p.send(0, http.MethodPost, "/api-keys", map[string]any{"name": "tests", "scopes": scopes}, cookies)
	require.Equal(s.t, http.StatusCreated, status, body)
	var key api.NewAPIKey
	require.NoError(s.t, json.Unmarshal([]byte(body), &key))
	p.key = key.Key
	return p
}

// Key is the person's API key.
func (p *Person) Key() string { return p.key }

func (s *System) connectShop() string {
	s.t.Helper()
	var c api.Connection
	address := fmt.Sprintf("127.0.0.1:%d", s.Customer.Port)
	if s.options.Route != nil {
		address = s.options.Route("workers", ToCustomer, address)
	}
	host, text, err := net.SplitHostPort(address)
	require.NoError(s.t, err)
	port, err := strconv.Atoi(text)
	require.NoError(s.t, err)
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/connections", map[string]any{"name": "shop", "host": host, "port": port,
		"database": "shop", "username": "reader", "password": "reader-password", "tls_mode": "disable", "timeout_seconds": 300}, &c)
	Eventually(s.t, "the catalog is read", func() bool {
		status, _, _ := s.Owner.send(0, http.MethodGet, "/connections/"+c.ID+"/catalog", nil, nil)
		return status == http.StatusOK
	})
	return c.ID
}

// send sends one request to a replica.
func (p *Person) send(replica int, method, path string, body any, cookies []*http.Cookie, headers ...string) (int, string, []*http.Cookie) {
	p.t.Helper()
	status, text, set, err := p.try(context.Background(), replica, method, path, body, cookies, headers...)
	require.NoError(p.t, err)
	return status, text, set
}

// Try sends one request to a replica, which may be down.
func (p *Person) Try(ctx context.Context, replica int, method, path string, body any, headers ...string) (status int, text string, err error) {
	status, text, _, err = p.try(ctx, replica, method, path, body, nil, headers...)
	return status, text, err
}

func (p *Person) try(ctx context.Context, replica int, method, path string, body any, cookies []*http.Cookie, headers ...string) (int, string, []*http.Cookie, error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, "", nil, err
		}
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.s.APIs[replica].URL+"/api/v1"+path, payload)
	if err != nil {
		return 0, "", nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.key != "" {
		req.Header.Set("Authorization", "Bearer "+p.key)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	for _, c := range cookies {
		req.AddCookie(c)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), resp.Cookies(), err
}

// Call sends a request to the first replica, wants the status, and reads the
// answer into out where that is not nil.
func (p *Person) Call(want int, method, path string, body, out any, headers ...string) {
	p.t.Helper()
	status, text, _ := p.send(0, method, path, body, nil, headers...)
	require.Equal(p.t, want, status, "%s %s: %s", method, path, text)
	if out != nil {
		require.NoError(p.t, json.Unmarshal([]byte(text), out), text)
	}
}

// Ask asks a question and returns its id.
func (p *Person) Ask(text string, headers ...string) string {
	p.t.Helper()
	var q api.Question
	p.Call(http.StatusAccepted, http.MethodPost, "/questions", map[string]any{"connection_id": p.s.Connection, "question": text}, &q, headers...)
	return q.ID
}

// Question is the question as it stands.
func (p *Person) Question(id string) (q api.Question) {
	p.t.Helper()
	p.Call(http.StatusOK, http.MethodGet, "/questions/"+id, nil, &q)
	return q
}

// Await waits until the question has one of the statuses.
func (p *Person) Await(id string, statuses ...models.QuestionStatus) (q api.Question) {
	p.t.Helper()
	Eventually(p.t, "question "+id+" has its status", func() bool {
		q = p.Question(id)
		for _, status := range statuses {
			if q.Status == status {
				return true
			}
		}
		require.False(p.t, q.Status.Final(), "it ended %s: %s %s", q.Status, q.ErrorCode, q.Error)
		return false
	})
	return q
}

// Event is one frame of a question's live events.
type Event struct {
	ID   string          `json:"id"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Follow opens a socket at a replica; events come until it breaks or ctx ends.
func (p *Person) Follow(ctx context.Context, replica int, id, after string) <-chan Event {
	p.t.Helper()
	address := "ws" + strings.TrimPrefix(p.s.APIs[replica].URL, "http") + "/api/v1/questions/" + id + "/events?after=" + after
	ws, _, err := websocket.Dial( //nolint:bodyclose // the socket's own
		ctx, address, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + p.key}}})
	require.NoError(p.t, err)
	ws.SetReadLimit(16 << 20)
	events := make(chan Event, 4096)
	go func() {
		defer close(events)
		defer func() { _ = ws.CloseNow() }()
		for {
			var e Event
			if wsjson.Read(ctx, ws, &e) != nil {
				return
			}
			events <- e
		}
	}()
	return events
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/google/uuid"

	"github.com/datamind/datamind/models"
)

// maxPrintedRows bounds what `ask` fetches of a result.
const maxPrintedRows = 1000

// apiClient speaks to the API as the command line's own API key.
type apiClient struct {
	cred credentials
	http http.Client
}

func openAPIClient(dir string) (*apiClient, error) {
	cred, err := readCredentials(dir)
	if err != nil {
		return nil, err
	}
	return &apiClient{cred: cred, http: http.Client{Timeout: 30 * time.Second}}, nil
}

// call sends one request; a problem answer becomes a coded error.
func (c *apiClient) call(ctx context.Context, method, path string, body, out any) error {
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if out == nil {
		return nil
	}
	dec := json.NewDecoder(resp.Body)
	dec.UseNumber()
	return dec.Decode(out)
}

// raw fetches what is no JSON, such as a file.
func (c *apiClient) raw(ctx context.Context, path string) ([]byte, error) {
	resp, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(resp.Body)
}

func (c *apiClient) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.cred.Address+"/api/v1"+path, payload)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.cred.APIKey)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, models.Wrap(err, models.CodeUnavailable, "DataMind does not answer at %s. Is 'make up' running?", c.cred.Address)
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	var problem struct {
		Code   models.Code `json:"code"`
		Detail string      `json:"detail"`
		Title  string      `json:"title"`
	}
	_ = json.NewDecoder(resp.Body).Decode(&problem)
	return nil, models.Errorf(problem.Code, "%s %s", problem.Detail, problem.Title)
}

type questionView struct {
	models.Question
	Steps []models.QuestionStep `json:"steps"`
}

// ask posts the question, follows it to an end or a question back, and
// fetches the answer.
func (c *apiClient) ask(ctx context.Context, connection, text string, steps io.Writer) (answer, error) {
	body := map[string]any{"question": text}
	if connection != "" {
		id, err := c.connectionID(ctx, connection)
		if err != nil {
			return answer{}, err
		}
		body["connection_id"] = id
	}
	var q questionView
	if err := c.call(ctx, http.MethodPost, "/questions", body, &q); err != nil {
		return answer{}, err
	}
	after := ""
	for settled := false; !settled; {
		// A socket that breaks is opened again after the last event seen; the
		// row is the truth either way.
		c.follow(ctx, q.ID, &after, steps)
		if err := c.call(ctx, http.MethodGet, "/questions/"+q.ID, nil, &q); err != nil {
			return answer{}, err
		}
		settled = q.Status.Final() || q.Status == models.StatusClarify || q.Status == models.StatusApprove
		if !settled {
			select {
			case <-ctx.Done():
				return answer{}, ctx.Err()
			case <-time.After(500 * time.Millisecond):
			}
		}
	}
	return c.answer(ctx, q)
}

func (c *apiClient) connectionID(ctx context.Context, name string) (string, error) {
	cursor := ""
	for {
		var page struct {
			Items      []models.Connection `json:"items"`
			NextCursor string              `json:"next_cursor"`
		}
		if err := c.call(ctx, http.MethodGet, "/connections?limit=100&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return "", err
		}
		for _, connection := range page.Items {
			if connection.Name == name {
				return connection.ID, nil
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			return "", models.Errorf(models.CodeNotFound, "There is no connection named %q.", name)
		}
	}
}

// follow prints steps until the run ends, asks back, or the socket breaks.
func (c *apiClient) follow(ctx context.Context, id string, after *string, steps io.Writer) {
	address := "ws" + strings.TrimPrefix(c.cred.Address, "http") + "/api/v1/questions/" + id + "/events?after=" + url.QueryEscape(*after)
	ws, resp, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + c.cred.APIKey}}})
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		return
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(16 << 20)
	for {
		var event struct {
			ID   string          `json:"id"`
			Type string          `json:"type"`
			Data json.RawMessage `json:"data"`
		}
		if err := wsjson.Read(ctx, ws, &event); err != nil {
			return
		}
		if event.ID != "" {
			*after = event.ID
		}
		var data struct {
			Status  string          `json:"status"`
			Kind    models.StepKind `json:"kind"`
			Attempt int             `json:"attempt"`
			Summary string          `json:"summary"`
			Ms      int64           `json:"ms"`
		}
		_ = json.Unmarshal(event.Data, &data)
		if event.Type == "step" && data.Status != string(models.StepRunning) {
			_, _ = fmt.Fprintf(steps, "%-9s %-9s %6d ms  %s\n", data.Kind, data.Status, data.Ms, printable(data.Summary, false))
		}
		status := models.QuestionStatus(data.Status)
		if (event.Type == "end" || event.Type == "snapshot" || event.Type == "status") &&
			(status.Final() || status == models.StatusClarify || status == models.StatusApprove) {
			return
		}
	}
}

func (c *apiClient) answer(ctx context.Context, q questionView) (answer, error) {
	a := answer{ID: q.ID, Status: q.Status, SQL: q.SQL, Text: q.Answer, Chart: q.Chart, Planner: q.Planner,
		WorkflowID: "ask/" + q.ID, RunID: q.RunID, Ms: q.ActiveMs, Prompt: q.Prompt, ErrorCode: q.ErrorCode, Error: q.ErrorText,
		Columns: []models.Column{}, Rows: [][]any{}, Steps: []answerStep{}}
	for _, step := range q.Steps {
		a.Steps = append(a.Steps, answerStep{Kind: step.Kind, Attempt: step.Attempt, Status: step.Status, Ms: step.Ms})
	}
	if q.Status != models.StatusAnswered {
		return a, nil
	}
	var result struct {
		Columns  []models.Column `json:"columns"`
		Rows     [][]any         `json:"rows"`
		RowCount int             `json:"row_count"`
	}
	if err := c.call(ctx, http.MethodGet, fmt.Sprintf("/questions/%s/result?limit=%d", q.ID, maxPrintedRows), nil, &result); err != nil {
		return a, err
	}
	a.Columns, a.Rows, a.RowCount = result.Columns, result.Rows, result.RowCount
	return a, nil
}

package llm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	openai "github.com/sashabaranov/go-openai"
)

// format is how a plan's form is asked for, best first.
type format int

const (
	formatSchema format = iota
	formatObject
	formatNone
)

// quirks are what a model's endpoint was found not to take.
type quirks struct {
	format           format
	completionTokens bool // max_completion_tokens instead of max_tokens
	noTemperature    bool
	noUsageInStream  bool
}

// maxAdapt bounds how often one call is sent again for quirks: no knob turns
// more often than that.
const maxAdapt = 6

// temperature leaves a second try of an unreadable reply a chance to differ.
const temperature = 0.1

var planSchema = json.RawMessage(`{
  "type": "object",
  "properties": {
    "status": {"type": "string", "enum": ["sql", "clarify", "refused"]},
    "sql": {"type": "string", "description": "one SELECT statement when status is sql, else empty"},
    "understanding": {"type": "string", "description": "one sentence on how the question was read when status is sql, else empty"},
    "text": {"type": "string", "description": "the question back or the reason for refusing, else empty"},
    "choices": {"type": "array", "items": {"type": "string"}, "description": "at most six suggested replies when status is clarify, else empty"}
  },
  "required": ["status", "sql", "understanding", "text", "choices"],
  "additionalProperties": false
}`)

// request builds a call's body from a prompt and what the endpoint takes.
func (c *Client) request(model string, p prompt, q quirks, stream bool) openai.ChatCompletionRequest {
	//nolint:staticcheck // most endpoints know only the older max_tokens
	req := openai.ChatCompletionRequest{Model: model, MaxTokens: c.config.MaxTokens, Temperature: temperature,
		Messages: []openai.ChatCompletionMessage{
			{Role: openai.ChatMessageRoleSystem, Content: p.system},
			{Role: openai.ChatMessageRoleUser, Content: p.user},
		}}
	if stream {
		req.Stream = true
		if !q.noUsageInStream {
			req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
		}
	} else {
		switch q.format {
		case formatSchema:
			req.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
				JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: p.name, Schema: p.schema, Strict: true}}
		case formatObject:
			req.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
		}
	}
	// The library itself refuses max_tokens and a temperature for reasoning models.
	if q.completionTokens || openai.NewReasoningValidator().Validate(req) != nil {
		//nolint:staticcheck // see above
		req.MaxTokens, req.MaxCompletionTokens = 0, c.config.MaxTokens
	}
	if q.noTemperature || openai.NewReasoningValidator().Validate(req) != nil {
		req.Temperature = 0
	}
	return req
}

// send makes a call, again without what the endpoint says it does not take.
// Such a refusal costs nothing and is remembered for the model.
func (c *Client) send(ctx context.Context, model, idemKey string, p prompt, stream bool, call func(context.Context, openai.ChatCompletionRequest) error) (*exchange, error) {
	for try := 0; ; try++ {
		c.mu.Lock()
		q := c.quirks[model]
		c.mu.Unlock()
		x := &exchange{key: idemKey}
		err := call(withExchange(ctx, x), c.request(model, p, q, stream))
		if err == nil {
			return x, nil
		}
		if try < maxAdapt && c.adapt(model, q, stream, err) {
			continue
		}
		return x, c.failure(ctx, model, x, err)
	}
}

// adapt learns from a 400 which part of the request the endpoint rejects.
func (c *Client) adapt(model string, used quirks, stream bool, err error) bool {
	status, _ := statusOf(err)
	if status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
		return false
	}
	next, text := used, complaint(err)
	switch {
	case stream && !used.noUsageInStream && mentions(text, "stream_options", "include_usage"):
		next.noUsageInStream = true
	case !stream && used.format < formatNone && mentions(text, "response_format", "response format", "json_schema", "json schema", "json_object", "structured output", "guided_json", "grammar"):
		next.format++
	case !used.completionTokens && mentions(text, "max_completion_tokens"):
		next.completionTokens = true
	case !used.noTemperature && mentions(text, "temperature"):
		next.noTemperature = true
	default:
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quirks[model] == used { // else another call has learnt it meanwhile
		c.quirks[model] = next
	}
	return true
}

func complaint(err error) string {
	var req *openai.RequestError
	if errors.As(err, &req) {
		return strings.ToLower(string(req.Body))
	}
	var api *openai.APIError
	if !errors.As(err, &api) {
		return ""
	}
	text := api.Message
	if api.Param != nil {
		text += " " + *api.Param
	}
	return strings.ToLower(text)
}

func mentions(text string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

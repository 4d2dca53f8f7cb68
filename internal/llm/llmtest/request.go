package llmtest

import (
	"encoding/json"
	"strings"
)

// The words in system prompts that tell the kinds apart where no
// response_format does.
const (
	planMark  = "DataMind planner"
	writeMark = "DataMind writer"
)

// request is what the server reads of a chat completion request.
type request struct {
	Model    string `json:"model"`
	Stream   bool   `json:"stream"`
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
	ResponseFormat *struct {
		Type string `json:"type"`
	} `json:"response_format"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	MaxTokens   *int     `json:"max_tokens"`
	Temperature *float64 `json:"temperature"`

	kind, question, system, user string
}

func readRequest(raw []byte) (request, error) {
	var q request
	if err := json.Unmarshal(raw, &q); err != nil {
		return q, err
	}
	for _, m := range q.Messages {
		if m.Role == "system" || m.Role == "developer" {
			q.system += m.Content
		} else {
			q.user += m.Content
		}
	}
	switch {
	case strings.Contains(q.system, planMark):
		q.kind = KindPlan
	case strings.Contains(q.system, writeMark):
		q.kind = KindWrite
	case q.ResponseFormat != nil:
		q.kind = KindPlan
	default:
		q.kind = KindOther
	}
	q.question = q.user
	if text, ok := between(q.user, "<question>\n", "\n</question>"); ok {
		if json.Unmarshal([]byte(text), &q.question) != nil {
			q.question = text
		}
	}
	return q, nil
}

func (q request) format() string {
	if q.ResponseFormat == nil {
		return ""
	}
	return q.ResponseFormat.Type
}

// rejected names the first part of the request that the script does not take.
func (q request) rejected(reject []string) string {
	for _, part := range reject {
		switch {
		case part == q.format(),
			part == "max_tokens" && q.MaxTokens != nil,
			part == "temperature" && q.Temperature != nil,
			part == "stream_options" && q.StreamOptions != nil:
			return part
		}
	}
	return ""
}

// complaints are worded as endpoints word them.
var complaints = map[string]string{
	"json_schema":    "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
	"json_object":    "Invalid parameter: 'response_format' of type 'json_object' is not supported with this model.",
	"max_tokens":     "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
	"temperature":    "Unsupported value: 'temperature' does not support this value with this model.",
	"stream_options": "Unrecognized request argument supplied: stream_options",
}

// factsText is an answer whose numbers are all proven: the first facts.
func (q request) factsText() string {
	text, _ := between(q.user, "<facts>\n", "</facts>")
	var out []string
	for line := range strings.Lines(text) {
		var fact struct {
			Text string `json:"text"`
		}
		if json.Unmarshal([]byte(line), &fact) == nil && fact.Text != "" && len(out) < 2 {
			out = append(out, strings.TrimRight(fact.Text, ".")+".")
		}
	}
	if len(out) == 0 {
		return "This is the result of the query."
	}
	return strings.Join(out, " ")
}

func between(text, from, to string) (string, bool) {
	_, rest, ok := strings.Cut(text, from)
	if !ok {
		return "", false
	}
	inner, _, ok := strings.Cut(rest, to)
	return inner, ok
}

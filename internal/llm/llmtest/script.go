// Package llmtest is a scripted model server for tests, demonstrations and
// fault injection: an OpenAI-compatible endpoint on a real listener that
// answers by rules, records each call, and misbehaves on demand. It belongs to
// tests only, and depends on nothing of the platform, so that anything can use it.
package llmtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// Kinds of calls.
const (
	KindPlan  = "plan"
	KindWrite = "write"
	KindOther = "other"
)

// Script says how the server answers. The first rule that matches a call and
// has not been used up applies; without one, a plan is refused and a text is
// made of the facts in the prompt.
type Script struct {
	Rules []Rule `json:"rules"`
	// Key is the API key asked for; another one is answered with 401. "" takes any.
	Key string `json:"key,omitempty"`
	// Models are those known; another one is answered with 404. Empty knows all.
	Models []string `json:"models,omitempty"`
	// Reject lists parts of a request that are answered with 400: json_schema,
	// json_object, max_tokens, temperature, stream_options.
	Reject []string `json:"reject,omitempty"`
	// DelayMs and ChunkDelayMs slow every reply that its rule does not slow.
	DelayMs      int `json:"delay_ms,omitempty"`
	ChunkDelayMs int `json:"chunk_delay_ms,omitempty"`
	// KeepPrompts keeps the messages of each call in memory.
	KeepPrompts bool `json:"keep_prompts,omitempty"`
	// Answer, where it is set, is asked for the rule of each call before Rules
	// are; nil leaves the call to them. The call it gets has its messages.
	Answer func(Call) *Rule `json:"-"`
}

// Rule matches calls and says what happens to them. Its zero value matches
// every call and gives the default reply.
type Rule struct {
	Kind     string `json:"kind,omitempty"`     // plan or write; "" matches both
	Contains string `json:"contains,omitempty"` // part of the question, in any case; "" matches all
	Model    string `json:"model,omitempty"`    // "" matches all
	// Times is how many calls the rule applies to; 0 means all. With Status it
	// makes the first calls fail and later ones succeed.
	Times int `json:"times,omitempty"`

	// What is said: SQL (a plan with that SQL), Plan (any plan as JSON) or
	// Content (as it is). With none of them, the default reply.
	SQL     string          `json:"sql,omitempty"`
	Plan    json.RawMessage `json:"plan,omitempty"`
	Content string          `json:"content,omitempty"`

	// How it goes.
	DelayMs      int               `json:"delay_ms,omitempty"`       // before the first byte
	ChunkDelayMs int               `json:"chunk_delay_ms,omitempty"` // before each piece of a stream
	ChunkChars   int               `json:"chunk_chars,omitempty"`    // characters of a piece; 0 means 12
	FinishReason string            `json:"finish_reason,omitempty"`  // "" means stop
	Headers      map[string]string `json:"headers,omitempty"`
	NoUsage      bool              `json:"no_usage,omitempty"`
	InputTokens  int               `json:"input_tokens,omitempty"` // 0 estimates
	OutputTokens int               `json:"output_tokens,omitempty"`

	// What goes wrong. Status is an error with Message, or with Body as it is.
	Status  int    `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	// ErrorCode is the error's own code, such as insufficient_quota.
	ErrorCode string `json:"error_code,omitempty"`
	// Body replaces the whole reply, with Status or 200: garbage, a web page.
	Body string `json:"body,omitempty"`
	// Empty replies without content.
	Empty bool `json:"empty,omitempty"`
	// Until, where it is set, holds the reply up until it is closed.
	Until <-chan struct{} `json:"-"`
	// Hang never answers: the call ends when the client goes.
	Hang bool `json:"hang,omitempty"`
	// Cut breaks off after CutAfter pieces of a stream, or half a plain reply:
	// "abort" resets the connection, "end" closes it as if all had been said.
	Cut      string `json:"cut,omitempty"`
	CutAfter int    `json:"cut_after,omitempty"`
	// StreamError sends an error inside the stream after CutAfter pieces.
	StreamError string `json:"stream_error,omitempty"`
}

// ParseScript reads a script in JSON; unknown fields are errors, so that a
// misspelt fault is not a test that passes.
func ParseScript(raw []byte) (Script, error) {
	var s Script
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Script{}, fmt.Errorf("read script: %w", err)
	}
	for i, r := range s.Rules {
		if r.Kind != "" && r.Kind != KindPlan && r.Kind != KindWrite {
			return Script{}, fmt.Errorf("rule %d: kind %q is neither plan nor write", i, r.Kind)
		}
		if r.Cut != "" && r.Cut != "abort" && r.Cut != "end" {
			return Script{}, fmt.Errorf("rule %d: cut %q is neither abort nor end", i, r.Cut)
		}
	}
	return s, nil
}

// player picks rules and counts their use.
type player struct {
	mu     sync.Mutex
	script Script
	used   []int
}

func (p *player) load(s Script) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script, p.used = s, make([]int, len(s.Rules))
}

// settings is the script without its rules' use.
func (p *player) settings() Script {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.script
}

// pick uses the rule for a call; its place is -1 for the default.
func (p *player) pick(kind, model, question string) (Rule, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	question = strings.ToLower(question)
	for i, r := range p.script.Rules {
		switch {
		case r.Kind != "" && r.Kind != kind, r.Model != "" && r.Model != model:
		case !strings.Contains(question, strings.ToLower(r.Contains)):
		case r.Times > 0 && p.used[i] >= r.Times:
		default:
			p.used[i]++
			return r, i
		}
	}
	return Rule{}, -1
}

// content is what the rule says, before it goes wrong.
func (r Rule) content(q request) string {
	switch {
	case r.Empty:
		return ""
	case r.Content != "":
		return r.Content
	case len(r.Plan) > 0:
		return string(r.Plan)
	case r.SQL != "":
		return planJSON("sql", r.SQL, "As the script says.", "")
	case q.kind == KindWrite:
		return q.factsText()
	case q.kind == KindPlan:
		return planJSON("refused", "", "", "The scripted model has no rule for this question.")
	}
	return "ok"
}

func planJSON(status, sql, understanding, text string) string {
	raw, _ := json.Marshal(map[string]any{"status": status, "sql": sql, "understanding": understanding,
		"text": text, "choices": []string{}}) // strings can always be encoded
	return string(raw)
}

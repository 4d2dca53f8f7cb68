package llmtest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"
)

const defaultChunk = 12

// errCut is a reply that the script breaks off.
var errCut = errors.New("cut by the script")

// reply writes one reply as its rule says.
type reply struct {
	w    http.ResponseWriter
	ctx  context.Context // ends when the client goes
	live context.Context // ends when the server closes
	rule Rule
	q    request
	// tokens are those that the reply said it used.
	tokens int
}

func (r *reply) write() error {
	if r.rule.Hang {
		return r.wait(-1)
	}
	if r.rule.Until != nil {
		if err := r.await(r.rule.Until); err != nil {
			return err
		}
	}
	if err := r.wait(r.rule.DelayMs); err != nil {
		return err
	}
	for k, v := range r.rule.Headers {
		r.w.Header().Set(k, v)
	}
	switch {
	case r.rule.Body != "":
		if r.w.Header().Get("Content-Type") == "" {
			r.w.Header().Set("Content-Type", "application/json")
		}
		r.w.WriteHeader(max(r.rule.Status, http.StatusOK))
		return r.put([]byte(r.rule.Body))
	case r.rule.Status != 0 && r.rule.Status != http.StatusOK:
		message := r.rule.Message
		if message == "" {
			message = http.StatusText(r.rule.Status)
		}
		writeError(r.w, r.rule.Status, message, r.rule.ErrorCode)
		return r.ctx.Err()
	case r.q.Stream:
		return r.stream()
	}
	return r.whole()
}

// wait waits for ms, for ever when negative, unless an end comes first.
func (r *reply) wait(ms int) error {
	if ms == 0 {
		return r.ctx.Err()
	}
	after := make(chan struct{})
	if ms > 0 {
		defer time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { close(after) }).Stop()
	}
	return r.await(after)
}

// await waits until a channel is closed, unless an end comes first.
func (r *reply) await(closed <-chan struct{}) error {
	select {
	case <-closed:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	case <-r.live.Done():
		return r.live.Err()
	}
}

func (r *reply) put(raw []byte) error {
	if _, err := r.w.Write(raw); err != nil {
		return err
	}
	return http.NewResponseController(r.w).Flush()
}

func (r *reply) finish() string {
	if r.rule.FinishReason != "" {
		return r.rule.FinishReason
	}
	return "stop"
}

func (r *reply) usage(content string) map[string]int {
	in, out := r.rule.InputTokens, r.rule.OutputTokens
	if in == 0 {
		in = (utf8.RuneCountInString(r.q.system+r.q.user) + 3) / 4
	}
	if out == 0 {
		out = (utf8.RuneCountInString(content) + 3) / 4
	}
	r.tokens = in + out
	return map[string]int{"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out}
}

// whole writes a reply in one piece.
func (r *reply) whole() error {
	content := r.rule.content(r.q)
	body := map[string]any{"id": "scripted", "object": "chat.completion", "created": time.Now().Unix(), "model": r.q.Model,
		"choices": []any{map[string]any{"index": 0, "finish_reason": r.finish(), "message": map[string]string{"role": "assistant", "content": content}}}}
	if !r.rule.NoUsage {
		body["usage"] = r.usage(content)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r.w.Header().Set("Content-Type", "application/json")
	if r.rule.Cut != "" {
		raw = raw[:len(raw)/2]
	}
	if err := r.put(raw); err != nil {
		return err
	}
	return r.cut()
}

// cut ends a reply that breaks off: an error resets the connection.
func (r *reply) cut() error {
	if r.rule.Cut == "abort" {
		return errCut
	}
	return nil
}

// stream writes a reply as server-sent events.
func (r *reply) stream() error {
	r.w.Header().Set("Content-Type", "text/event-stream")
	content := r.rule.content(r.q)
	for i, piece := range pieces(content, r.rule.ChunkChars) {
		if (r.rule.Cut != "" || r.rule.StreamError != "") && i >= r.rule.CutAfter {
			return r.breakOff()
		}
		if err := r.wait(r.rule.ChunkDelayMs); err != nil {
			return err
		}
		if err := r.event(r.chunk(map[string]any{"content": piece}, nil)); err != nil {
			return err
		}
	}
	if r.rule.Cut != "" || r.rule.StreamError != "" {
		return r.breakOff()
	}
	if err := r.event(r.chunk(map[string]any{}, r.finish())); err != nil {
		return err
	}
	if !r.rule.NoUsage && r.q.StreamOptions != nil && r.q.StreamOptions.IncludeUsage {
		last := r.chunk(nil, nil)
		last["choices"], last["usage"] = []any{}, r.usage(content)
		if err := r.event(last); err != nil {
			return err
		}
	}
	return r.put([]byte("data: [DONE]\n\n"))
}

func (r *reply) breakOff() error {
	if r.rule.StreamError != "" {
		if err := r.event(map[string]any{"error": map[string]any{"message": r.rule.StreamError, "type": "server_error", "code": r.rule.ErrorCode}}); err != nil {
			return err
		}
	} else if err := r.put([]byte("data: {\"id\":\"scri")); err != nil {
		return err
	}
	return r.cut()
}

func (r *reply) chunk(delta map[string]any, finish any) map[string]any {
	return map[string]any{"id": "scripted", "object": "chat.completion.chunk", "created": time.Now().Unix(), "model": r.q.Model,
		"choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}}}
}

func (r *reply) event(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return r.put(append(append([]byte("data: "), raw...), "\n\n"...))
}

// pieces cuts a text into parts of size characters.
func pieces(text string, size int) []string {
	if size <= 0 {
		size = defaultChunk
	}
	var out []string
	for runes := []rune(text); len(runes) > 0; {
		n := min(size, len(runes))
		out = append(out, string(runes[:n]))
		runes = runes[n:]
	}
	return out
}

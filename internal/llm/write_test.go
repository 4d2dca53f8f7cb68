package llm

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

func result() WriteRequest {
	return WriteRequest{Question: "Revenue by city?", Understanding: "Revenue for each city.",
		Rows: &models.Rows{Columns: []models.Column{{Name: "city", Type: "text"}, {Name: "revenue", Type: "number"}},
			Rows: [][]any{{"Oslo", int64(1200)}, {"Bergen", 800.5}, {nil, nil}}},
		Facts: []models.Fact{{ID: "total", Text: "The total of revenue is 2,000.5"}, {ID: "max", Text: "Oslo is highest with 1,200."}, {ID: "min", Text: "Third."}}}
}

func TestWriteWith(t *testing.T) {
	t.Parallel()
	c, s := setup(t, llmtest.Rule{Kind: llmtest.KindWrite, InputTokens: 90, OutputTokens: 11})
	var got []string
	text, usage, err := c.WriteWith(t.Context(), "one", "step-2", result(), func(d string) { got = append(got, d) })
	require.NoError(t, err)
	require.Equal(t, "The total of revenue is 2,000.5. Oslo is highest with 1,200.", text)
	require.Equal(t, text, strings.Join(got, ""))
	require.Equal(t, models.Usage{Model: "one", PromptVersion: writeText.version, InputTokens: 90, OutputTokens: 11}, usage)
	call := s.Calls()[0]
	require.Equal(t, "step-2", call.IdempotencyKey)
	require.Equal(t, "Revenue by city?", call.Question)
	require.True(t, call.Stream)
	require.Empty(t, call.Format)

	again, _, err := c.WriteWith(t.Context(), "one", "step-2", result(), nil)
	require.NoError(t, err)
	require.Equal(t, text, again)
}

func TestWriteDeltasAreCoalesced(t *testing.T) {
	t.Parallel()
	text := strings.TrimSpace(strings.Repeat("Oslo leads the list again. ", 40))
	var got []string
	now := time.Now()
	d := deltas{emit: func(s string) { got = append(got, s) }, now: func() time.Time { return now }}
	for _, r := range text {
		d.add(string(r))
	}
	final, err := d.finish("one", "stop")
	require.NoError(t, err)
	require.Equal(t, text, final)
	require.Equal(t, text, strings.Join(got, ""))
	require.LessOrEqual(t, len(got), len(text)/deltaChars+2)

	got, d = nil, deltas{emit: d.emit, now: d.now}
	for range 10 {
		now = now.Add(deltaEvery)
		d.add("five ")
	}
	require.Len(t, got, 10)
}

func TestWriteDeltasAreClean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Go to ![a long name](https://evil.example/?q=1 2) and see https://evil.example/login now. Done.": "Go to and see [link removed] now. Done.",
		"<think>The total may be 12 or 13.</think>It is **7** in Oslo.":                                   "It is 7 in Oslo.",
		"A <a href='https://evil.example'>click here</a> now, a < b and more words follow here.":          "A click here now, a < b and more words follow here.",
		"Open (round and [square never close. Right?":                                                     "Open (round and [square never close. Right?",
	} {
		var sent string
		d := deltas{now: time.Now, emit: func(s string) { sent += s }}
		for _, r := range text {
			d.at = time.Time{} // as if each came late
			d.add(string(r))
			require.True(t, strings.HasPrefix(want, sent), "%q is not how %q begins", sent, want)
		}
		final, err := d.finish("one", "stop")
		require.NoError(t, err)
		require.Equal(t, want, final)
		require.Equal(t, want, sent)
	}
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	long := "The first sentence is whole. The second one is rather long and is cut off in the mid"
	for name, tc := range map[string]struct {
		rule llmtest.Rule
		code models.Code
		says string
		paid bool
	}{
		"429":             {llmtest.Rule{Status: 429, Headers: map[string]string{"Retry-After": "3"}}, models.CodeModelBusy, "too many requests", false},
		"401":             {llmtest.Rule{Status: 401, Message: testKey}, models.CodeModel, "DATAMIND_LLM_API_KEY", false},
		"reset":           {llmtest.Rule{Content: long, Cut: "abort", CutAfter: 2}, models.CodeModelBusy, "broke off", true},
		"closed early":    {llmtest.Rule{Content: long, Cut: "end", CutAfter: 2}, models.CodeModelBusy, "broke off", true},
		"closed at once":  {llmtest.Rule{Content: long, Cut: "end"}, models.CodeModelBusy, "broke off", true},
		"error inside":    {llmtest.Rule{Content: long, StreamError: "overloaded " + testKey, CutAfter: 1}, models.CodeModelBusy, "broke off", true},
		"garbage inside":  {llmtest.Rule{Body: "data: {{{\n\ndata: [DONE]\n\n"}, models.CodeModelBusy, "garbled", true},
		"not a stream":    {llmtest.Rule{Body: "hello"}, models.CodeModelBusy, "broke off", true},
		"web page":        {llmtest.Rule{Body: "<html></html>", Headers: map[string]string{"Content-Type": "text/html"}}, models.CodeModel, "DATAMIND_LLM_BASE_URL", true},
		"empty":           {llmtest.Rule{Empty: true}, models.CodeModelBusy, "empty reply", true},
		"only thinking":   {llmtest.Rule{Content: "<think>hm", FinishReason: "length"}, models.CodeModelReply, "DATAMIND_LLM_MAX_TOKENS", true},
		"content filter":  {llmtest.Rule{Content: long, FinishReason: "content_filter"}, models.CodeModelReply, "withheld", true},
		"only an address": {llmtest.Rule{Content: "![x](https://evil.example)"}, models.CodeModelBusy, "empty reply", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := setup(t, tc.rule)
			text, usage, err := c.WriteWith(t.Context(), "one", "key", result(), func(string) {})
			require.Error(t, err)
			require.Empty(t, text)
			require.Equal(t, tc.code, models.ErrorCode(err), "%v", err)
			require.Contains(t, models.ErrorMessage(err), tc.says)
			require.NotContains(t, err.Error(), testKey)
			require.Equal(t, tc.paid, usage.InputTokens > 0, "%+v", usage)
			require.Equal(t, "one", usage.Model)
		})
	}
}

func TestWriteIsBounded(t *testing.T) {
	t.Parallel()
	c, s := setup(t, llmtest.Rule{Content: strings.Repeat("Sentence after sentence. ", 1<<14), ChunkChars: 500})
	sent := 0
	text, usage, err := c.WriteWith(t.Context(), "one", "key", result(), func(d string) { sent += len(d) })
	require.NoError(t, err)
	require.LessOrEqual(t, len(text), maxAnswer)
	require.LessOrEqual(t, sent, maxAnswer)
	require.True(t, strings.HasSuffix(text, "."))
	require.Positive(t, usage.OutputTokens)
	require.NoError(t, s.Await(t.Context(), func(calls []llmtest.Call) bool { return calls[0].Ended() }))

	c, _ = setup(t, llmtest.Rule{Content: "One is whole. Two is n", FinishReason: "length"})
	text, _, err = c.WriteWith(t.Context(), "one", "key", result(), nil)
	require.NoError(t, err)
	require.Equal(t, "One is whole.", text)
}

func TestWriteWithoutUsageOrStreamOptions(t *testing.T) {
	t.Parallel()
	c, s := setup(t)
	s.Load(llmtest.Script{Rules: []llmtest.Rule{{Content: "Twelve."}}, Reject: []string{"stream_options"}, KeepPrompts: true})
	text, usage, err := c.WriteWith(t.Context(), "one", "key", result(), nil)
	require.NoError(t, err)
	require.Equal(t, "Twelve.", text)
	call := s.Calls()[1]
	require.Equal(t, estimate(call.System)+estimate(call.User), usage.InputTokens)
	require.Equal(t, 2, usage.OutputTokens)
}

func TestWriteCancellation(t *testing.T) {
	t.Parallel()
	c, s := setup(t, llmtest.Rule{Content: strings.Repeat("A word. ", 1000), ChunkDelayMs: 20})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, usage, err := c.WriteWith(ctx, "one", "key", result(), func(string) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
	require.Positive(t, usage.InputTokens)
	require.Positive(t, usage.OutputTokens)
	require.NoError(t, s.Await(t.Context(), func(calls []llmtest.Call) bool { return calls[0].Disconnected && !calls[0].Completed }))
}

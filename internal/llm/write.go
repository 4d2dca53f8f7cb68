package llm

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/datamind/datamind/models"
)

const (
	// maxAnswer bounds an answer's text; four short sentences are far below it.
	maxAnswer = 4000
	// maxRaw bounds what is read of a stream, thinking included.
	maxRaw = 64 << 10

	// A delta is passed on when it has this age or this length.
	deltaEvery = 50 * time.Millisecond
	deltaChars = 80
)

// WriteRequest is all a writer sees.
type WriteRequest struct {
	Question      string
	Understanding string // how the question was read
	Rows          *models.Rows
	Facts         []models.Fact
	// Unproven are numbers of an earlier text that are in neither rows nor facts.
	Unproven []string
}

// WriteReservation is how many tokens a call of WriteWith costs at most.
func (c *Client) WriteReservation(req WriteRequest) int { return c.reservation(writePrompt(req)) }

// WriteWith writes the answer's text with one model in one streaming call.
// onDelta, which may be nil, gets clean pieces of it in order, a few at a time;
// the text returned counts where the two differ. The usage is set also with an
// error, when the call was paid for. Errors are as with PlanWith.
func (c *Client) WriteWith(ctx context.Context, model, idemKey string, req WriteRequest, onDelta func(string)) (text string, usage models.Usage, err error) {
	return c.text(ctx, "write", model, idemKey, writePrompt(req), onDelta)
}

// text makes one streaming call whose reply is a text, as with WriteWith.
func (c *Client) text(ctx context.Context, kind, model, idemKey string, p prompt, onDelta func(string)) (text string, usage models.Usage, err error) {
	defer c.called(kind, time.Now(), &usage, &err)
	said := recorded(ctx, p)
	usage = models.Usage{Model: model, PromptVersion: p.version}
	err = c.breaker(model).do(func() error {
		// Leaving early closes the connection, and the endpoint stops writing.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var stream *openai.ChatCompletionStream
		x, err := c.send(ctx, model, idemKey, p, true, func(ctx context.Context, body openai.ChatCompletionRequest) (err error) {
			stream, err = c.api.CreateChatCompletionStream(ctx, body)
			return err
		})
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }()
		d := deltas{emit: onDelta, now: c.now}
		finish, counted, err := d.read(stream)
		said.Reply = c.hide(d.raw.String())
		usage = usageOf(model, p, counted, d.all())
		if err == nil && finish == "" && !x.done && !d.full() {
			err = io.ErrUnexpectedEOF // the connection closed in mid-sentence
		}
		if err != nil {
			return c.failure(ctx, model, x, err)
		}
		text, err = d.finish(model, finish)
		return err
	})
	return text, usage, err
}

// deltas gathers a stream and passes it on in clean, larger pieces.
type deltas struct {
	emit func(string)
	now  func() time.Time

	raw      strings.Builder
	thinking strings.Builder // reported apart by some endpoints; paid for, not shown
	sent     string          // what was passed on, clean
	at       time.Time
	seen     int // length of raw when it was last looked at
}

func (d *deltas) all() string { return d.thinking.String() + d.raw.String() }

func (d *deltas) full() bool {
	return d.raw.Len()+d.thinking.Len() >= maxRaw || len(d.sent) > maxAnswer-8
}

// read takes the stream to its end, or as far as an answer may go.
func (d *deltas) read(stream *openai.ChatCompletionStream) (finish string, said *openai.Usage, err error) {
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return finish, said, nil
		}
		if err != nil {
			return finish, said, err
		}
		if chunk.Usage != nil {
			said = chunk.Usage
		}
		for _, choice := range chunk.Choices[:min(len(chunk.Choices), 1)] {
			d.thinking.WriteString(choice.Delta.ReasoningContent)
			d.add(choice.Delta.Content + choice.Delta.Refusal)
			if choice.FinishReason != "" {
				finish = string(choice.FinishReason)
			}
		}
		if d.full() {
			return string(openai.FinishReasonLength), said, nil
		}
	}
}

func (d *deltas) add(text string) {
	if text == "" {
		return
	}
	d.raw.WriteString(text)
	if d.emit == nil || d.raw.Len()-d.seen < deltaChars && d.now().Sub(d.at) < deltaEvery {
		return
	}
	d.seen, d.at = d.raw.Len(), d.now()
	d.pass(clean(settled(d.raw.String()), maxAnswer))
}

// pass sends what is new. Where cleaning changed what was sent already,
// nothing is sent: the final text corrects it.
func (d *deltas) pass(text string) {
	if fresh, ok := strings.CutPrefix(text, d.sent); ok && fresh != "" && d.emit != nil {
		d.sent = text
		d.emit(fresh)
	}
}

// finish gives the text and passes on its last piece.
func (d *deltas) finish(model, finish string) (string, error) {
	text := clean(withoutThinking(d.raw.String()), maxAnswer)
	if finish == string(openai.FinishReasonLength) || len(text) > maxAnswer-8 {
		text = wholeSentences(text)
	}
	switch {
	case finish == string(openai.FinishReasonContentFilter), text == "" && finish == string(openai.FinishReasonLength):
		return "", unreadable(model, finish, "no text")
	case text == "":
		return "", empty(model)
	}
	d.pass(text)
	return text, nil
}

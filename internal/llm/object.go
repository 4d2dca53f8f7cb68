package llm

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/datamind/datamind/models"
)

var errNoObject = errors.New("the reply holds no JSON object of the form asked for")

// object makes one call whose reply is a JSON object, which read takes. The usage
// is set also with an error, when the call was paid for. Errors are as with PlanWith.
func (c *Client) object(ctx context.Context, kind, model, idemKey string, p prompt, read func(reply string) error) (usage models.Usage, err error) {
	defer c.called(kind, time.Now(), &usage, &err)
	said := recorded(ctx, p)
	usage = models.Usage{Model: model, PromptVersion: p.version}
	err = c.breaker(model).do(func() error {
		var reply openai.ChatCompletionResponse
		x, err := c.send(ctx, model, idemKey, p, false, func(ctx context.Context, body openai.ChatCompletionRequest) (err error) {
			reply, err = c.api.CreateChatCompletion(ctx, body)
			return err
		})
		if err != nil {
			if x.status >= 200 && x.status < 300 { // it was thought out, and lost on the way
				usage = usageOf(model, p, &reply.Usage, "")
			}
			return err
		}
		var m openai.ChatCompletionMessage
		var finish string
		if len(reply.Choices) > 0 {
			m, finish = reply.Choices[0].Message, string(reply.Choices[0].FinishReason)
		}
		said.Reply = c.hide(m.Content + m.Refusal)
		usage = usageOf(model, p, &reply.Usage, m.ReasoningContent+m.Content+m.Refusal)
		if strings.TrimSpace(m.Content) == "" {
			return empty(model)
		}
		if err := read(withoutThinking(cut(strings.ToValidUTF8(m.Content, "\uFFFD"), maxReply))); err != nil {
			return unreadable(model, finish, err.Error())
		}
		return nil
	})
	return usage, err
}

// lastObject decodes the last JSON object of a reply that has a field, amid prose
// and fences: models think before they conclude.
func lastObject(reply, field string, into any) error {
	var found json.RawMessage
	for tries := 0; tries < maxObjects; tries++ {
		i := strings.IndexByte(reply, '{')
		if i < 0 {
			break
		}
		reply = reply[i:]
		dec := json.NewDecoder(strings.NewReader(reply))
		var raw json.RawMessage
		var fields map[string]json.RawMessage
		if dec.Decode(&raw) != nil {
			reply = reply[1:]
			continue
		}
		if json.Unmarshal(raw, &fields) == nil && fields[field] != nil {
			found = raw
		}
		reply = reply[dec.InputOffset():]
	}
	if found == nil || json.Unmarshal(found, into) != nil {
		return errNoObject
	}
	return nil
}

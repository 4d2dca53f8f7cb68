package llm

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/models"
)

// PlanReservation is how many tokens a call of PlanWith costs at most.
func (c *Client) PlanReservation(req models.PlanRequest) int { return c.reservation(planPrompt(req)) }

// PlanWith plans with one model in one call. The plan's Usage is set also with
// an error, when the call was paid for. An error is coded model_busy, which
// time may cure, model_reply for what could not be understood, or model_failed
// for what a setting must cure; a cancelled ctx comes back as it is.
func (c *Client) PlanWith(ctx context.Context, model, idemKey string, req models.PlanRequest) (plan models.Plan, err error) {
	defer c.called("plan", time.Now(), &plan.Usage, &err)
	p := planPrompt(req)
	said := recorded(ctx, p)
	plan = models.Plan{Usage: models.Usage{Model: model, PromptVersion: p.version}}
	err = c.breaker(model).do(func() error {
		var reply openai.ChatCompletionResponse
		x, err := c.send(ctx, model, idemKey, p, false, func(ctx context.Context, body openai.ChatCompletionRequest) (err error) {
			reply, err = c.api.CreateChatCompletion(ctx, body)
			return err
		})
		if err != nil {
			if x.status >= 200 && x.status < 300 { // it was thought out, and lost on the way
				plan.Usage = usageOf(model, p, &reply.Usage, "")
			}
			return err
		}
		if len(reply.Choices) > 0 {
			said.Reply = c.hide(reply.Choices[0].Message.Content + reply.Choices[0].Message.Refusal)
		}
		got, usage, err := readReply(model, p, reply)
		got.Usage = usage
		plan = got
		return err
	})
	return plan, err
}

func readReply(model string, p prompt, reply openai.ChatCompletionResponse) (models.Plan, models.Usage, error) {
	var m openai.ChatCompletionMessage
	var finish string
	if len(reply.Choices) > 0 {
		m, finish = reply.Choices[0].Message, string(reply.Choices[0].FinishReason)
	}
	usage := usageOf(model, p, &reply.Usage, m.ReasoningContent+m.Content+m.Refusal)
	if strings.TrimSpace(m.Content) == "" {
		switch {
		case m.Refusal != "":
			return models.Plan{Status: models.PlanRefused, Text: clean(m.Refusal, maxText)}, usage, nil
		case finish == string(openai.FinishReasonLength), finish == string(openai.FinishReasonContentFilter):
			return models.Plan{}, usage, unreadable(model, finish, "no content")
		}
		return models.Plan{}, usage, empty(model)
	}
	plan, err := parsePlan(m.Content)
	if err != nil {
		return models.Plan{}, usage, unreadable(model, finish, err.Error())
	}
	return plan, usage, nil
}

// Planner plans in process: each model in its turn until one gives a verdict.
func (c *Client) Planner() planner.Planner { return chain{client: c} }

type chain struct{ client *Client }

// Name implements planner.Planner: the first model's name.
func (p chain) Name() string {
	if len(p.client.config.Models) == 0 {
		return ""
	}
	return p.client.config.Models[0]
}

// Plan implements planner.Planner. The usage is that of all models tried.
func (p chain) Plan(ctx context.Context, req models.PlanRequest) (models.Plan, error) {
	key := rand.Text()
	var used models.Usage
	err := error(models.Errorf(models.CodeModel, "No model is configured. An administrator must set DATAMIND_LLM_MODELS."))
	for _, model := range p.client.config.Models {
		var plan models.Plan
		plan, err = p.client.PlanWith(ctx, model, key, req)
		plan.Usage.InputTokens += used.InputTokens
		plan.Usage.OutputTokens += used.OutputTokens
		used = plan.Usage
		if err == nil {
			return plan, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return models.Plan{Usage: used}, err
}

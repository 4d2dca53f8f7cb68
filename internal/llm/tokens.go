package llm

import (
	"unicode/utf8"

	openai "github.com/sashabaranov/go-openai"

	"github.com/datamind/datamind/models"
)

// overhead covers what an endpoint adds to a prompt: the reply's schema, role marks.
const overhead = 400

// estimate is a usual token count of a text: four characters each, rounded up.
// It stands in where an endpoint reports no usage.
func estimate(text string) int { return (utf8.RuneCountInString(text) + 3) / 4 }

// ceiling is a token count that a text does not reach with the tokenizers in
// use: two characters each, two tokens for a character outside ASCII.
func ceiling(text string) int {
	ascii, other := 0, 0
	for _, r := range text {
		if r < utf8.RuneSelf {
			ascii++
		} else {
			other++
		}
	}
	return (ascii+1)/2 + 2*other
}

func (c *Client) reservation(p prompt) int {
	return ceiling(p.system) + ceiling(p.user) + overhead + c.config.MaxTokens
}

// usageOf is what a call cost: what the endpoint says, or an estimate.
func usageOf(model string, p prompt, said *openai.Usage, output string) models.Usage {
	u := models.Usage{Model: model, PromptVersion: p.version}
	if said != nil && (said.PromptTokens > 0 || said.CompletionTokens > 0) {
		u.InputTokens, u.OutputTokens = max(said.PromptTokens, 0), max(said.CompletionTokens, 0)
		return u
	}
	u.InputTokens, u.OutputTokens = estimate(p.system)+estimate(p.user), estimate(output)
	return u
}

// cut shortens a text to at most limit bytes at a character's end.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

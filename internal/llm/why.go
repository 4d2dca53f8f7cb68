package llm

import (
	"context"

	"github.com/datamind/datamind/models"
)

// WhyRequest is all that a writer sees of what was found behind an alert.
type WhyRequest struct {
	// Name is the alert's, Watched what it watches in words, Condition when it fires.
	Name, Watched, Condition string
	Facts                    []models.Fact
	// Unproven are numbers of an earlier text that are not in the facts.
	Unproven []string
}

// WhyReservation is how many tokens a call of WhyWith costs at most.
func (c *Client) WhyReservation(req WhyRequest) int { return c.reservation(whyPrompt(req)) }

// WhyWith puts a finding into words with one model in one call. The usage is set
// also with an error; errors are as with PlanWith.
func (c *Client) WhyWith(ctx context.Context, model, idemKey string, req WhyRequest) (text string, usage models.Usage, err error) {
	return c.text(ctx, "why", model, idemKey, whyPrompt(req), nil)
}

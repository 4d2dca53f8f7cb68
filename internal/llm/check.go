package llm

import (
	"context"
	"net/http"
	"slices"
	"strings"

	openai "github.com/sashabaranov/go-openai"

	"github.com/datamind/datamind/models"
)

// Check asks the endpoint for its models, which costs nothing, and reports
// those of the configuration that it does not name. An endpoint that lists
// none counts as well: not all can.
func (c *Client) Check(ctx context.Context) error {
	x := &exchange{}
	listed, err := c.api.ListModels(withExchange(ctx, x))
	if status, _ := statusOf(err); status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		return nil
	}
	if err != nil {
		return c.failure(ctx, strings.Join(c.config.Models, ", "), x, err)
	}
	var missing []string
	for _, name := range c.config.Models {
		if !slices.ContainsFunc(listed.Models, func(m openai.Model) bool { return m.ID == name }) {
			missing = append(missing, name)
		}
	}
	if len(listed.Models) > 0 && len(missing) > 0 {
		return models.Errorf(models.CodeModel, "The endpoint does not list the model %s.", strings.Join(missing, ", "))
	}
	return nil
}

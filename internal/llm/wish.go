package llm

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/datamind/datamind/models"
)

// Wish is an alert in words as a model has read it. Nothing of it is checked but
// its form.
type Wish struct {
	Understood bool
	// Text says why it was not understood.
	Text string
	// Question is what SQL watches, in words.
	Question  string
	SQL       string
	Condition models.AlertCondition
	Cron      string
}

var wishSchema = json.RawMessage(`{
  "type": "object",
  "properties": {
    "understood": {"type": "boolean"},
    "text": {"type": "string", "description": "why not, when understood is false, else empty"},
    "question": {"type": "string", "description": "what is watched, in words"},
    "sql": {"type": "string", "description": "one SELECT statement, empty when not understood"},
    "kind": {"type": "string", "enum": ["threshold", "change", "band", "rows", "freshness"]},
    "rows": {"type": "string", "enum": ["", "first", "last", "any", "all", "each", "count"]},
    "op": {"type": "string", "enum": ["", "above", "at_least", "below", "at_most", "equal", "not_equal", "either"]},
    "limit": {"type": "number"},
    "percent": {"type": "boolean"},
    "against": {"type": "string", "enum": ["", "previous", "weekday", "month_year"]},
    "change": {"type": "string", "enum": ["", "new", "missing"]},
    "unit": {"type": "string"},
    "cron": {"type": "string", "description": "five fields"}
  },
  "required": ["understood", "text", "question", "sql", "kind", "rows", "op", "limit", "percent", "against", "change", "unit", "cron"],
  "additionalProperties": false
}`)

// WishReservation is how many tokens a call of WishWith costs at most.
func (c *Client) WishReservation(req models.PlanRequest) int { return c.reservation(wishPrompt(req)) }

// WishWith reads a wish, the request's question, with one model in one call.
// The usage is set also with an error; errors are as with PlanWith.
func (c *Client) WishWith(ctx context.Context, model, idemKey string, req models.PlanRequest) (wish Wish, usage models.Usage, err error) {
	usage, err = c.object(ctx, "wish", model, idemKey, wishPrompt(req), func(reply string) (err error) {
		wish, err = parseWish(reply)
		return err
	})
	return wish, usage, err
}

func parseWish(reply string) (Wish, error) {
	var raw struct {
		Understood *bool   `json:"understood"`
		Text       string  `json:"text"`
		Question   string  `json:"question"`
		SQL        string  `json:"sql"`
		Limit      float64 `json:"limit"`
		Cron       string  `json:"cron"`
		models.AlertCondition
	}
	if err := lastObject(reply, "understood", &raw); err != nil {
		return Wish{}, err
	}
	w := Wish{Understood: raw.Understood != nil && *raw.Understood, Text: clean(raw.Text, maxText)}
	if !w.Understood {
		return w, nil
	}
	w.Question, w.SQL, w.Cron = clean(raw.Question, maxChoice), trimSQL(raw.SQL), strings.TrimSpace(cut(raw.Cron, maxChoice))
	if w.SQL == "" || len(w.SQL) > maxSQL || w.Question == "" {
		return Wish{}, errNoObject
	}
	// Only the fields that the model was asked for.
	w.Condition = models.AlertCondition{Kind: raw.Kind, Rows: raw.Rows, Op: raw.Op, Limit: raw.Limit, Percent: raw.Percent, Against: raw.Against,
		Change: raw.Change, Unit: clean(raw.Unit, 20)}
	return w, nil
}

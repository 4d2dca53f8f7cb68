package llm

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/datamind/datamind/models"
)

// Bounds of what is taken from a plan.
const (
	maxReply   = 512 << 10
	maxSQL     = 64 << 10
	maxText    = 4 << 10
	maxChoices = 6
	maxChoice  = 200
	maxObjects = 64 // places at which a JSON object is looked for
)

var (
	errNoPlan  = errors.New("the reply holds no plan")
	errLongSQL = errors.New("the SQL is longer than 64 KiB")
)

// rawPlan takes what models write for a plan; fields of a wrong type count as absent.
type rawPlan map[string]json.RawMessage

func (r rawPlan) text(key string) string {
	var s string
	if json.Unmarshal(r[key], &s) != nil {
		return ""
	}
	return strings.TrimSpace(s)
}

func (r rawPlan) list(key string) []string {
	var all []any
	if json.Unmarshal(r[key], &all) != nil {
		return nil
	}
	var out []string
	for _, v := range all {
		s, ok := v.(string)
		if s = clean(s, maxChoice); ok && s != "" && len(out) < maxChoices {
			out = append(out, s)
		}
	}
	return out
}

// parsePlan reads a plan from a model's reply: a JSON object, alone or amid
// prose and fences, or as a last resort SQL in a fence or bare. Where several
// objects are plans the last one counts, because models think before they
// conclude.
func parsePlan(reply string) (models.Plan, error) {
	text := strings.TrimSpace(cut(strings.ToValidUTF8(reply, "\uFFFD"), maxReply))
	var whole rawPlan
	if json.Unmarshal([]byte(text), &whole) == nil {
		return planOf(whole)
	}
	text = withoutThinking(text)
	found, err := errNoPlan, error(nil)
	var plan models.Plan
	for _, raw := range objects(text) {
		if plan, err = planOf(raw); err == nil {
			return plan, nil
		}
		found = err
	}
	if sql := bareSQL(text); sql != "" {
		return planOf(rawPlan{"sql": encode(sql)})
	}
	return models.Plan{}, found
}

func encode(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // a string can always be encoded
	return raw
}

// withoutThinking drops what a reasoning model thought aloud before its reply.
func withoutThinking(text string) string {
	if i := strings.LastIndex(text, "</think>"); i >= 0 {
		if rest := strings.TrimSpace(text[i+len("</think>"):]); rest != "" {
			return rest
		}
		return ""
	}
	if strings.HasPrefix(text, "<think>") {
		return ""
	}
	return text
}

// objects finds the JSON objects in a text that look like plans, last first.
func objects(text string) []rawPlan {
	var out []rawPlan
	for tries := 0; tries < maxObjects; tries++ {
		i := strings.IndexByte(text, '{')
		if i < 0 {
			break
		}
		text = text[i:]
		var raw rawPlan
		dec := json.NewDecoder(strings.NewReader(text))
		if dec.Decode(&raw) != nil {
			text = text[1:]
			continue
		}
		if raw.text("status") != "" || raw.text("sql") != "" {
			out = append([]rawPlan{raw}, out...)
		}
		text = text[dec.InputOffset():]
	}
	return out
}

// planOf checks a plan's fields and bounds them.
func planOf(raw rawPlan) (models.Plan, error) {
	sql := trimSQL(raw.text("sql"))
	plan := models.Plan{Status: models.PlanStatus(strings.ToLower(raw.text("status"))), Text: clean(raw.text("text"), maxText)}
	if plan.Status == "" && sql != "" {
		plan.Status = models.PlanSQL
	}
	switch plan.Status {
	case models.PlanSQL:
		if sql == "" {
			return models.Plan{}, errNoPlan
		}
		if len(sql) > maxSQL {
			return models.Plan{}, errLongSQL
		}
		plan.SQL, plan.Understanding, plan.Text = sql, clean(raw.text("understanding"), maxText), ""
	case models.PlanClarify:
		plan.Choices = raw.list("choices")
		if plan.Text == "" && len(plan.Choices) == 0 {
			return models.Plan{}, errNoPlan
		}
		if plan.Text == "" {
			plan.Text = "Which of these do you mean?"
		}
	case models.PlanRefused:
		if plan.Text == "" {
			plan.Text = "The connected data cannot answer this question."
		}
	default:
		return models.Plan{}, errNoPlan
	}
	return plan, nil
}

// trimSQL takes off one semicolon at the end; a second one is for the guard to see.
func trimSQL(sql string) string {
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(sql), ";"))
}

var (
	fenceBlock = regexp.MustCompile("(?s)```[ \t]*([A-Za-z0-9]*)[ \t]*\r?\n(.*?)```")
	// statement tells a query from prose that begins with "Select" or "With".
	statement = regexp.MustCompile(`(?is)^(?:select\b.*(?:\bfrom\b|;\s*$)|select\s+[\d'(]|with\s+(?:recursive\s+)?["\w]+\s*(?:\([^)]*\)\s*)?as\s+(?:not\s+)?(?:materialized\s*)?\()`)
	prose     = regexp.MustCompile(`;[ \t]*\r?\n[ \t]*\r?\n`)
)

// bareSQL finds a query that came without JSON: in the last fence that holds
// one, or as the whole text.
func bareSQL(text string) string {
	blocks := fenceBlock.FindAllStringSubmatch(text, -1)
	for i := len(blocks) - 1; i >= 0; i-- {
		if sql := strings.TrimSpace(blocks[i][2]); statement.MatchString(sql) || strings.EqualFold(blocks[i][1], "sql") && sql != "" {
			return sql
		}
	}
	if len(blocks) > 0 || !statement.MatchString(text) {
		return ""
	}
	if i := prose.FindStringIndex(text); i != nil {
		text = text[:i[0]]
	}
	return text
}

package planner

import (
	"context"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

type builtin struct {
	mu   sync.Mutex
	key  *models.Catalog
	said *models.Notes
	last *schema
}

// NewBuiltin returns the planner that works by rules over the catalog alone:
// the same question over the same catalog gives the same plan.
func NewBuiltin() Planner { return &builtin{} }

func (*builtin) Name() string { return "builtin" }

// schemaOf keeps the last catalog's index: the same one is asked again and again.
func (b *builtin) schemaOf(cat *models.Catalog, notes *models.Notes) *schema {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.key != cat || !reflect.DeepEqual(b.said, notes) {
		b.key, b.said, b.last = cat, notes, newSchema(cat)
		b.last.annotate(notes)
	}
	return b.last
}

func refuse(text string) models.Plan {
	return models.Plan{Status: models.PlanRefused, Text: text}
}

var writes = regexp.MustCompile(`(?i)^\s*(?:please\s+|can you\s+|could you\s+)?(?:delete|drop|truncate|insert|update|alter|create|grant|revoke|remove|erase|modify)\b`)

func (b *builtin) Plan(ctx context.Context, req models.PlanRequest) (models.Plan, error) {
	if err := ctx.Err(); err != nil {
		return models.Plan{}, err
	}
	if req.Catalog == nil || len(req.Catalog.Tables) == 0 {
		return refuse("This connection has no tables that DataMind may read."), nil
	}
	q := cap4000(req.Question)
	switch {
	case strings.TrimSpace(q) == "":
		return refuse("The question is empty. " + abilities(req.Catalog)), nil
	case writes.MatchString(q):
		return refuse("I only read data: nothing is ever changed in your database. " + abilities(req.Catalog)), nil
	}
	now := req.Now.UTC() // the zone of queries, wherever this machine is
	if now.IsZero() {
		now = time.Now().UTC()
	}
	s := b.schemaOf(req.Catalog, req.Notes)
	if len(s.tables) == 0 {
		return refuse("This connection has no columns that DataMind may read."), nil
	}
	whole := withHistory(s, q, req.History, now)
	for _, c := range req.Clarifications {
		whole += " by " + cap4000(c[1])
	}
	settled := len(req.Clarifications) > 0
	if c := req.Correction; c != nil && IsFollowUp(c.Wrong) {
		whole = merge(s, whole, cap4000(c.Wrong), now)
	}
	plan := plan(s, cap4000(whole), now, settled)
	if c := req.Correction; c != nil && plan.Status == models.PlanSQL && plan.SQL == c.SQL {
		return refuse("I read this question in one way only, the one that was wrong. Ask it in other words, or edit the SQL of the answer."), nil
	}
	if plan.Status == models.PlanRefused {
		plan.Text += " " + abilities(req.Catalog)
	}
	for _, a := range req.Attempts {
		if plan.Status == models.PlanSQL && a.SQL == plan.SQL {
			return refuse("I read the question in one way only, and that query did not work: " + a.Error), nil
		}
	}
	return plan, nil
}

func cap4000(q string) string {
	if len(q) > MaxQuestion {
		q = q[:MaxQuestion]
	}
	return strings.ToValidUTF8(q, string(utf8.RuneError))
}

func plan(s *schema, question string, now time.Time, settled bool) models.Plan {
	return read(s, question, now).plan(settled)
}

// plan understands a question that was read. settled says that nothing is asked back.
func (r *reading) plan(settled bool) models.Plan {
	if !r.understand() {
		if r.unknown != "" {
			return refuse("I found nothing in this database called “" + r.unknown + "”.")
		}
		return refuse("I could not tell what to look up.")
	}
	if r.unaveraged() {
		return refuse("I could not tell which column to average.")
	}
	if c := r.unclear(); c != nil && !settled {
		return *c
	}
	r.q.clean()
	sql, ok := render(&r.q)
	if !ok {
		return refuse("The question names tables that I cannot join: no keys lead from one to the other.")
	}
	return models.Plan{Status: models.PlanSQL, SQL: sql, Understanding: r.q.say()}
}

// unaveraged reports that an average is asked for and none is computed.
func (r *reading) unaveraged() bool {
	for i, t := range r.toks {
		if (t.low == "average" || t.low == "avg") && !t.used && r.at[i] == nil {
			for _, e := range r.q.sel {
				if e.agg != "" {
					return false
				}
			}
			return !strings.Contains(r.q.say(), "average")
		}
	}
	return false
}

// unclear asks back where a ranking says nothing of what to rank by.
func (r *reading) unclear() *models.Plan {
	if r.sup == nil || r.measure != nil || r.entity == nil {
		return nil
	}
	t := r.entity
	var choices []string
	if e := r.money([]*table{t}); e != nil && upward(e.owner(), t) {
		choices = append(choices, "revenue")
	}
	for _, e := range t.edges {
		if e.to == t && e.from != t && len(choices) < 4 {
			choices = append(choices, "number of "+strings.ReplaceAll(e.from.t.Name, "_", " "))
		}
	}
	for _, c := range t.cols {
		if c.num && !c.key && len(choices) < 5 {
			choices = append(choices, strings.ReplaceAll(c.name, "_", " "))
		}
	}
	if len(choices) < 2 {
		return nil
	}
	return &models.Plan{Status: models.PlanClarify, Text: "What should I rank the " + strings.ReplaceAll(t.t.Name, "_", " ") + " by?", Choices: choices}
}

// clean drops repeated columns and filters.
func (q *query) clean() {
	var sel []expr
	for _, e := range q.sel {
		if !containsExpr(sel, e) {
			sel = append(sel, e)
		}
	}
	q.sel = sel
	var where []cond
	seen := map[string]bool{}
	for _, c := range q.where {
		k := c.say()
		if !seen[k] {
			where = append(where, c)
		}
		seen[k] = true
	}
	q.where = where
}

func abilities(cat *models.Catalog) string {
	var names []string
	for _, t := range cat.Tables {
		if len(names) < 6 {
			names = append(names, strings.ReplaceAll(t.Name, "_", " "))
		}
	}
	return "I can count, add up, average, rank, filter and group what is in " + strings.Join(names, ", ") + "; for example: “how many " + names[0] + " are there?”"
}

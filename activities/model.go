package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/datamind/datamind/internal/insight"
	"github.com/datamind/datamind/internal/llm"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// historyTurns is how many earlier questions a follow-up sees.
const historyTurns = 6

// Model plans and writes, with the configured model or without one.
type Model struct {
	Store  *store.Store
	Events *realtime.Hub
	// Builtin answers where no model is configured.
	Builtin planner.Planner
	LLM     *llm.Client // nil without a model
	// MonthlyBudget of tokens for organisations that have none of their own.
	MonthlyBudget int64

	catalogs cache[*models.Catalog] // by snapshot and the time it was taken; nobody changes them
}

func (a *Model) steps() steps { return steps{store: a.Store, events: a.Events} }

// PlanQuestion turns the question into SQL, a question back, or a refusal.
func (a *Model) PlanQuestion(ctx context.Context, in PlanInput) (PlanResult, error) {
	defer heartbeat(ctx, func() any { return nil })()
	var plan models.Plan
	step, done, err := a.steps().begin(ctx, in.StepRef, models.StepPlan, in, &plan)
	if err == nil && !done {
		if plan, err = a.plan(ctx, in, step); err != nil {
			a.steps().fail(ctx, in.StepRef, step, err)
		}
	}
	if err == nil && plan.Status == models.PlanSQL {
		err = a.Store.SetPlan(ctx, in.Scope, in.QuestionID, in.Run, plan.SQL, plan.Understanding, plan.Usage.Model)
	}
	if err != nil {
		return PlanResult{}, toTemporal(ctx, err)
	}
	if plan.Status == models.PlanSQL {
		publish(ctx, a.Events, in.QuestionID, "sql", map[string]any{"run": in.Run, "attempt": in.Attempt,
			"sql": plan.SQL, "understanding": plan.Understanding})
	}
	return PlanResult{Status: plan.Status, SQL: plan.SQL, Text: plan.Text, Choices: plan.Choices}, nil
}

func (a *Model) plan(ctx context.Context, in PlanInput, step *models.QuestionStep) (models.Plan, error) {
	q, err := a.Store.GetQuestion(ctx, in.Scope, in.QuestionID)
	if err != nil {
		return models.Plan{}, err
	}
	catalog, err := a.catalog(ctx, in.Scope, in.ConnectionID)
	if err != nil {
		return models.Plan{}, err
	}
	history, err := a.Store.History(ctx, in.Scope, q.ConversationID, q.ID, historyTurns)
	if err != nil {
		return models.Plan{}, err
	}
	req := models.PlanRequest{Question: q.Text, Catalog: catalog, History: history, Attempts: in.Attempts,
		Clarifications: in.Clarifications, Now: time.Now()}
	var plan models.Plan
	if in.Planner == "builtin" || a.LLM == nil {
		plan, err = a.Builtin.Plan(ctx, req)
		plan.Usage.Model = a.Builtin.Name()
	} else {
		err = a.pay(ctx, in.StepRef, step, a.LLM.PlanReservation(req), func(name string) (models.Usage, error) {
			var err error
			plan, err = a.LLM.PlanWith(ctx, name, step.ID, req)
			return plan.Usage, err
		})
	}
	if err != nil {
		return models.Plan{}, err
	}
	step.Model, step.PromptVersion = plan.Usage.Model, plan.Usage.PromptVersion
	summary := plan.Understanding
	if plan.Status != models.PlanSQL {
		summary = plan.Text
	}
	return plan, a.steps().finish(ctx, in.StepRef, step, summary, plan)
}

// catalog returns the newest catalog of a connection.
func (a *Model) catalog(ctx context.Context, scope models.Scope, connectionID string) (*models.Catalog, error) {
	snapshot, err := a.Store.LatestSnapshot(ctx, scope, connectionID)
	if models.ErrorCode(err) == models.CodeNotFound { // the connection was changed a moment ago
		err = models.Wrap(err, models.CodeUnavailable, "The structure of this database is still being read.")
	}
	if err != nil {
		return nil, err
	}
	return a.catalogs.get(snapshot.ID+snapshot.TakenAt.String(), func() (*models.Catalog, error) { return a.Store.CatalogByID(ctx, scope, snapshot.ID) })
}

// pay reserves tokens, makes the call with the model of this attempt, and
// settles. A call that failed is released, unless it was paid for.
func (a *Model) pay(ctx context.Context, ref StepRef, step *models.QuestionStep, tokens int, call func(model string) (models.Usage, error)) error {
	key := fmt.Sprintf("ask/%s/%d/%s/%d", ref.QuestionID, ref.Run, step.Kind, ref.Attempt)
	if err := a.Store.Reserve(ctx, ref.Scope, ref.QuestionID, key, int64(tokens), a.MonthlyBudget); err != nil {
		return err
	}
	name := a.LLM.Pick(int(activity.GetInfo(ctx).Attempt))
	usage, err := call(name)
	// The books are put right even when the run was cancelled meanwhile.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	used := int64(usage.InputTokens + usage.OutputTokens)
	if used == 0 && err != nil {
		if relErr := a.Store.Release(ctx, ref.Scope, key); relErr != nil {
			activity.GetLogger(ctx).Warn("reservation not released", "key", key, "error", relErr)
		}
		return err
	}
	step.InputTokens, step.OutputTokens = step.InputTokens+usage.InputTokens, step.OutputTokens+usage.OutputTokens
	if setErr := a.Store.Settle(ctx, ref.Scope, key, used, name); setErr != nil && err == nil {
		return setErr
	}
	return err
}

// analysis is the stored output of an analyse step.
type analysis struct {
	Text    string               `json:"text"`
	Numbers []models.NumberCheck `json:"numbers"`
	Facts   []models.Fact        `json:"facts"`
	Chart   *models.Chart        `json:"chart,omitempty"`
}

// AnalyseResult computes facts, chooses a chart, and writes the text, in which
// every number is looked up.
func (a *Model) AnalyseResult(ctx context.Context, in AnalyseInput) (AnalyseResult, error) {
	defer heartbeat(ctx, func() any { return nil })()
	var got analysis
	step, done, err := a.steps().begin(ctx, in.StepRef, models.StepAnalyse, in, &got)
	if err == nil && !done {
		if got, err = a.analyse(ctx, in, step); err != nil {
			a.steps().fail(ctx, in.StepRef, step, err)
		}
	}
	if err == nil {
		err = a.Store.SetAnswer(ctx, in.Scope, in.QuestionID, in.Run, store.Answer{Text: got.Text, Numbers: got.Numbers, Facts: got.Facts, Chart: got.Chart})
	}
	if err != nil {
		return AnalyseResult{}, toTemporal(ctx, err)
	}
	publish(ctx, a.Events, in.QuestionID, "chart", map[string]any{"run": in.Run, "chart": got.Chart})
	publish(ctx, a.Events, in.QuestionID, "answer", map[string]any{"run": in.Run, "text": got.Text, "numbers": got.Numbers, "facts": got.Facts})
	var unproven []string
	for _, number := range got.Numbers {
		if !number.Proven {
			unproven = append(unproven, number.Text)
		}
	}
	return AnalyseResult{Unproven: unproven}, nil
}

func (a *Model) analyse(ctx context.Context, in AnalyseInput, step *models.QuestionStep) (analysis, error) {
	q, err := a.Store.GetQuestion(ctx, in.Scope, in.QuestionID)
	if err != nil {
		return analysis{}, err
	}
	rows, err := a.Store.ResultRows(ctx, in.Scope, in.QuestionID, in.Run, in.QueryAttempt)
	if err != nil {
		return analysis{}, err
	}
	got := analysis{Facts: insight.Facts(rows, time.Now()), Chart: insight.ChooseChart(q.Text, rows)}
	if in.Planner == "builtin" || a.LLM == nil {
		got.Text = insight.Write(q.Text, q.Understanding, rows, got.Facts)
		step.Model = a.Builtin.Name()
	} else if err := a.write(ctx, in, step, q, rows, &got); models.ErrorCode(err) == models.CodeModelReply {
		// The rows are there: a text that cannot be used does not cost the answer.
		got.Text, step.Model, step.PromptVersion = insight.Write(q.Text, q.Understanding, rows, got.Facts), a.Builtin.Name(), ""
	} else if err != nil {
		return analysis{}, err
	}
	got.Numbers = insight.CheckNumbers(got.Text, rows, got.Facts, insight.QuestionNumbers(q.Text))
	return got, a.steps().finish(ctx, in.StepRef, step, "wrote the answer", got)
}

// write streams the model's text. A new try tells the page to drop the partial text.
func (a *Model) write(ctx context.Context, in AnalyseInput, step *models.QuestionStep, q *models.Question, rows *models.Rows, got *analysis) error {
	try := step.Tries*10 + in.Attempt
	// A Redis that hangs must not hold up what the model says: the page gets
	// the whole text at the end.
	live := publish(ctx, a.Events, in.QuestionID, "text_reset", map[string]any{"run": in.Run, "try": try})
	req := llm.WriteRequest{Question: q.Text, Understanding: q.Understanding, Rows: rows, Facts: got.Facts, Unproven: in.Unproven}
	return a.pay(ctx, in.StepRef, step, a.LLM.WriteReservation(req), func(name string) (models.Usage, error) {
		text, usage, err := a.LLM.WriteWith(ctx, name, step.ID, req, func(delta string) {
			live = live && publish(ctx, a.Events, in.QuestionID, "text", map[string]any{"run": in.Run, "try": try, "delta": delta})
		})
		got.Text, step.Model, step.PromptVersion = text, usage.Model, usage.PromptVersion
		return usage, err
	})
}

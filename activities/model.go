package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"

	"github.com/datamind/datamind/internal/crypt"
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
	// CatalogTTL is how old a catalog may be that a run begins with.
	CatalogTTL time.Duration
	// Temporal gets the heartbeats; nil sends none, where no server waits for them.
	Temporal client.Client
	// Builtin answers where no model is configured.
	Builtin planner.Planner
	LLM     *llm.Client // nil without a model
	// Own is what the clients of organisations' own models have in common, and
	// Opener opens their keys; nil where this worker cannot.
	Own    llm.Config
	Opener *crypt.Opener
	// MonthlyBudget of tokens for organisations that have none of their own.
	MonthlyBudget int64

	catalogs cache[*models.Catalog] // by snapshot and the time it was taken; nobody changes them
	clients  cache[*llm.Client]     // by endpoint and the time it was changed
}

func (a *Model) steps() steps {
	return steps{store: a.Store, events: a.Events, catalogTTL: a.CatalogTTL}
}

// PlanQuestion turns the question into SQL, a question back, or a refusal.
func (a *Model) PlanQuestion(ctx context.Context, in PlanInput) (PlanResult, error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	var plan models.Plan
	var known *models.VerifiedQuestion
	req := models.PlanRequest{Attempts: in.Attempts, Clarifications: in.Clarifications, Now: time.Now()}
	var targets []llm.Target
	step, done, begun, err := a.steps().beginFirst(ctx, in.StepRef, in.First, in.Planner, models.StepPlan, in, &plan, func(tx *store.Store) error {
		q, err := tx.GetQuestion(ctx, in.Scope, in.QuestionID)
		if err != nil {
			return err
		}
		if req.Catalog, err = a.catalog(ctx, tx, in.Scope, in.ConnectionID); err != nil {
			return err
		}
		req.Question = q.Text
		if req.Notes, err = tx.Notes(ctx, in.Scope, in.ConnectionID); err != nil {
			return err
		}
		req.Hints = hints(req.Notes, q.Text)
		if req.History, err = tx.History(ctx, in.Scope, q.ConversationID, q.ID, historyTurns); err != nil {
			return err
		}
		if known, err = a.known(ctx, tx, in, q, &req); err != nil || known != nil {
			return err
		}
		if targets, err = a.targets(ctx, tx, in.Scope, in.Planner, in.Models); err != nil || targets == nil {
			return err
		}
		return a.reserve(ctx, tx, in.StepRef, models.StepPlan, targets[0].PlanReservation(req))
	})
	if err == nil && begun != (Begun{}) {
		return PlanResult{Begun: begun}, nil
	}
	if err == nil && !done {
		plan, err = a.plan(ctx, in, step, req, known, targets)
	}
	if err != nil {
		return PlanResult{}, toTemporal(ctx, err)
	}
	if plan.Status == models.PlanSQL {
		publish(ctx, a.Events, in.QuestionID, "sql", map[string]any{"run": in.Run, "attempt": in.Attempt,
			"sql": plan.SQL, "understanding": plan.Understanding, "verified": plan.Verified})
	}
	return PlanResult{Status: plan.Status, SQL: plan.SQL, Text: plan.Text, Choices: plan.Choices}, nil
}

func (a *Model) plan(ctx context.Context, in PlanInput, step *models.QuestionStep, req models.PlanRequest, known *models.VerifiedQuestion, targets []llm.Target) (plan models.Plan, err error) {
	paid := nothingPaid
	if known != nil {
		plan = verifiedPlan(known)
	} else if targets == nil {
		plan, err = a.Builtin.Plan(ctx, req)
		plan.Usage.Model = a.Builtin.Name()
	} else {
		paid, err = a.call(ctx, in.StepRef, step, targets, func(ctx context.Context, t llm.Target) (models.Usage, error) {
			var err error
			plan, err = t.PlanWith(ctx, t.Model, step.ID, req)
			return plan.Usage, err
		})
	}
	if err != nil {
		a.steps().fail(ctx, in.StepRef, step, err, paid)
		return models.Plan{}, err
	}
	step.Model, step.PromptVersion = plan.Usage.Model, plan.Usage.PromptVersion
	summary := plan.Understanding
	if plan.Status != models.PlanSQL {
		summary = plan.Text
	}
	return plan, a.steps().finish(ctx, in.StepRef, step, summary, plan, func(tx *store.Store) error {
		if err := paid(tx); err != nil || plan.Status != models.PlanSQL {
			return err
		}
		if err := tx.SetPlan(ctx, in.Scope, in.QuestionID, in.Run, plan.SQL, plan.Understanding, plan.Usage.Model); err != nil || plan.Verified == nil {
			return err
		}
		return tx.SetVerified(ctx, in.Scope, in.QuestionID, in.Run, plan.Verified)
	})
}

// catalog returns the newest catalog of a connection.
func (a *Model) catalog(ctx context.Context, tx *store.Store, scope models.Scope, connectionID string) (*models.Catalog, error) {
	snapshot, err := tx.LatestSnapshot(ctx, scope, connectionID)
	if models.ErrorCode(err) == models.CodeNotFound { // the connection was changed a moment ago
		err = models.Wrap(err, models.CodeUnavailable, "The structure of this database is still being read.")
	}
	if err != nil {
		return nil, err
	}
	return a.catalogs.get(snapshot.ID+snapshot.TakenAt.String(), func() (*models.Catalog, error) { return tx.CatalogByID(ctx, scope, snapshot.ID) })
}

func ledgerKey(ref StepRef, kind models.StepKind) string {
	return fmt.Sprintf("ask/%s/%d/%s/%d", ref.QuestionID, ref.Run, kind, ref.Attempt)
}

// reserve sets tokens aside for a step's call.
func (a *Model) reserve(ctx context.Context, tx *store.Store, ref StepRef, kind models.StepKind, tokens int) error {
	return tx.Reserve(ctx, ref.Scope, ref.QuestionID, ledgerKey(ref, kind), int64(tokens), a.MonthlyBudget)
}

// nothingPaid settles a step that made no call.
func nothingPaid(*store.Store) error { return nil }

// call makes the step's call, for which tokens are set aside, with the model of
// this attempt. Whether it succeeded or not, paid settles what it used, or
// releases what was set aside, with the end of the step.
func (a *Model) call(ctx context.Context, ref StepRef, step *models.QuestionStep, targets []llm.Target, call func(context.Context, llm.Target) (models.Usage, error)) (paid func(*store.Store) error, err error) {
	key, target := ledgerKey(ref, step.Kind), llm.Pick(int(activity.GetInfo(ctx).Attempt), targets)
	said := models.ModelCall{Try: step.Tries, Model: target.Model, StartedAt: time.Now()}
	usage, err := call(llm.Record(ctx, &said), target)
	keepCall(step, said, usage, err)
	used := int64(usage.InputTokens + usage.OutputTokens)
	step.InputTokens, step.OutputTokens = step.InputTokens+usage.InputTokens, step.OutputTokens+usage.OutputTokens
	return func(tx *store.Store) error {
		if used == 0 && err != nil {
			return tx.Release(ctx, ref.Scope, key)
		}
		return tx.Settle(ctx, ref.Scope, key, used, target.Model)
	}, err
}

// keepCall adds a call to the trace of its step.
func keepCall(step *models.QuestionStep, said models.ModelCall, usage models.Usage, err error) {
	said.InputTokens, said.OutputTokens, said.Ms = usage.InputTokens, usage.OutputTokens, time.Since(said.StartedAt).Milliseconds()
	if err != nil {
		said.ErrorCode, said.Error = models.ErrorCode(err), models.ErrorMessage(err)
	}
	if step.Trace == nil {
		step.Trace = &models.StepTrace{}
	}
	step.Trace.Add(said)
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
	begun := time.Now()
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	var got analysis
	var from source
	step, done, err := a.steps().begin(ctx, in.StepRef, models.StepAnalyse, in, &got, func(tx *store.Store) (err error) {
		if from.question, err = tx.GetQuestion(ctx, in.Scope, in.QuestionID); err != nil {
			return err
		}
		if from.stored, err = tx.GetResult(ctx, in.Scope, in.QuestionID, in.Run, in.QueryAttempt); err != nil {
			return err
		}
		from.targets, err = a.targets(ctx, tx, in.Scope, in.Planner, in.Models)
		return err
	})
	if !in.Since.IsZero() { // from Temporal's clock to this machine's, which need not agree
		in.Since = begun.Add(in.Since.Sub(activity.GetInfo(ctx).StartedTime))
	}
	var end *store.Ending
	switch {
	case err == nil && !done:
		got, end, err = a.analyse(ctx, in, step, from)
	case err == nil:
		end, err = a.end(ctx, a.Store, in, got)
	}
	if err != nil {
		return AnalyseResult{}, toTemporal(ctx, err)
	}
	news := []realtime.News{{Type: "chart", Data: map[string]any{"run": in.Run, "chart": got.Chart}},
		{Type: "answer", Data: map[string]any{"run": in.Run, "text": got.Text, "numbers": got.Numbers, "facts": got.Facts}}}
	result := AnalyseResult{Unproven: got.unproven()}
	if end != nil {
		news = append(news, endNews(in.StepRef, *end)...)
		result.Ended = ptr(finished(*end))
	}
	publishAll(ctx, a.Events, in.QuestionID, news...)
	return result, nil
}

// source is what an answer is written from, and who writes it: nil for nobody.
type source struct {
	question *models.Question
	stored   *models.Result
	targets  []llm.Target
}

func (a *Model) analyse(ctx context.Context, in AnalyseInput, step *models.QuestionStep, from source) (got analysis, end *store.Ending, err error) {
	paid, q := nothingPaid, from.question
	defer func() {
		if err != nil {
			a.steps().fail(ctx, in.StepRef, step, err, paid)
		}
	}()
	rows, err := a.Store.Rows(ctx, from.stored)
	if err != nil {
		return got, nil, err
	}
	now := time.Now()
	got = analysis{Facts: insight.Facts(rows, now), Chart: insight.ChooseChart(q.Text, rows, now)}
	if from.targets != nil {
		req := llm.WriteRequest{Question: q.Text, Understanding: q.Understanding, Rows: rows, Facts: got.Facts, Unproven: in.Unproven}
		if err := a.reserve(ctx, a.Store, in.StepRef, models.StepAnalyse, from.targets[0].WriteReservation(req)); err != nil {
			return got, nil, err
		}
		if paid, err = a.write(ctx, in, step, req, from.targets, &got); models.ErrorCode(err) == models.CodeModelReply {
			got.Text = "" // the rows are there: a text that cannot be used does not cost the answer
		} else if err != nil {
			return got, nil, err
		}
	}
	if got.Text == "" {
		got.Text, step.Model, step.PromptVersion = insight.Write(q.Text, q.Understanding, rows, got.Facts), a.Builtin.Name(), ""
	}
	got.Numbers = insight.CheckNumbers(got.Text, rows, got.Facts, insight.QuestionNumbers(q.Text))
	err = a.steps().finish(ctx, in.StepRef, step, "wrote the answer", got, func(tx *store.Store) (err error) {
		if err := paid(tx); err != nil {
			return err
		}
		err = tx.SetAnswer(ctx, in.Scope, in.QuestionID, in.Run, store.Answer{Text: got.Text, Numbers: got.Numbers, Facts: got.Facts, Chart: got.Chart})
		if err == nil {
			end, err = a.end(ctx, tx, in, got)
		}
		return err
	})
	return got, end, err
}

// end ends the question with its answer, unless the workflow is going to have
// the text written once more. The person need not wait for the workflow to learn
// that it is done.
func (a *Model) end(ctx context.Context, tx *store.Store, in AnalyseInput, got analysis) (*store.Ending, error) {
	if in.Since.IsZero() || !in.Last && len(got.unproven()) > 0 {
		return nil, nil
	}
	end, err := tx.Finish(ctx, in.Scope, in.QuestionID, in.Run, store.Ending{Status: models.StatusAnswered, ActiveMs: time.Since(in.Since).Milliseconds()})
	return &end, err
}

func ptr[T any](v T) *T { return &v }

// unproven are the numbers of the text that are in neither rows nor facts.
func (a *analysis) unproven() (out []string) {
	for _, number := range a.Numbers {
		if !number.Proven {
			out = append(out, number.Text)
		}
	}
	return out
}

// write streams the model's text. A new try tells the page to drop the partial text.
func (a *Model) write(ctx context.Context, in AnalyseInput, step *models.QuestionStep, req llm.WriteRequest, targets []llm.Target, got *analysis) (paid func(*store.Store) error, err error) {
	try := step.Tries*10 + in.Attempt
	// A Redis that hangs must not hold up what the model says: the page gets
	// the whole text at the end.
	live := publish(ctx, a.Events, in.QuestionID, "text_reset", map[string]any{"run": in.Run, "try": try})
	return a.call(ctx, in.StepRef, step, targets, func(ctx context.Context, t llm.Target) (models.Usage, error) {
		text, usage, err := t.WriteWith(ctx, t.Model, step.ID, req, func(delta string) {
			live = live && publish(ctx, a.Events, in.QuestionID, "text", map[string]any{"run": in.Run, "try": try, "delta": delta})
		})
		got.Text, step.Model, step.PromptVersion = text, usage.Model, usage.PromptVersion
		return usage, err
	})
}

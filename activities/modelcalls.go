package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/insight"
	"github.com/datamind/datamind/internal/llm"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Calls of a model that belong to no question: they read wishes, propose tiles and
// put findings into words. Each is worth two calls and no more; who waits for them
// has something of the built-in kind to fall back on.
const freeCalls = 2

// ModelInput is what a model is asked about a connection.
type ModelInput struct {
	Scope        models.Scope
	ConnectionID string
	Text         string
	// Attempts are what was tried for it before and did not work.
	Attempts []models.Attempt
}

// WishRead is a wish as a model has read it, its condition and schedule checked.
type WishRead struct {
	// Text says why there is none.
	Text      string
	Question  string
	SQL       string
	Condition models.AlertCondition
	Cron      string
}

// ReadWish has a model read an alert in words into the form that the built-in
// reader reads others into. Its SQL is for the guard to check.
func (a *Model) ReadWish(ctx context.Context, in ModelInput) (WishRead, error) {
	var out WishRead
	err := a.free(ctx, in, "wish", llm.Target.WishReservation, func(ctx context.Context, t llm.Target, key string, req models.PlanRequest) (models.Usage, *models.Attempt, error) {
		wish, usage, err := t.WishWith(ctx, t.Model, key, req)
		switch {
		case err != nil:
			return usage, nil, err
		case !wish.Understood:
			out = WishRead{Text: wish.Text}
			return usage, nil, nil
		}
		if wish.Cron == "" {
			wish.Cron = "0 8 * * *"
		}
		err = alert.Check(&wish.Condition, &models.AlertRule{})
		if err == nil {
			_, err = alert.ParseSpec(wish.Cron, "UTC")
		}
		if err != nil {
			return usage, &models.Attempt{SQL: wish.SQL, Code: models.ErrorCode(err), Error: models.ErrorMessage(err)}, err
		}
		out = WishRead{Question: wish.Question, SQL: wish.SQL, Condition: wish.Condition, Cron: wish.Cron}
		return usage, nil, nil
	})
	return out, toTemporal(ctx, err)
}

// DesignTiles has a model propose the tiles of a dashboard about something. Their
// SQL is for the guard to check.
func (a *Model) DesignTiles(ctx context.Context, in ModelInput) (tiles []models.ProposedTile, err error) {
	err = a.free(ctx, in, "tiles", llm.Target.TilesReservation, func(ctx context.Context, t llm.Target, key string, req models.PlanRequest) (usage models.Usage, _ *models.Attempt, err error) {
		tiles, usage, err = t.TilesWith(ctx, t.Model, key, req)
		return usage, nil, err
	})
	return tiles, toTemporal(ctx, err)
}

// freeCall makes a call; failed is what the next one is told of a reply that was
// no use.
type freeCall func(ctx context.Context, t llm.Target, key string, req models.PlanRequest) (usage models.Usage, failed *models.Attempt, err error)

// free asks about a connection's structure, twice where once was no use.
func (a *Model) free(ctx context.Context, in ModelInput, kind string, reservation func(llm.Target, models.PlanRequest) int, call freeCall) error {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	targets, err := a.anyTargets(ctx, in.Scope)
	if err != nil || targets == nil {
		return errors.Join(err, models.Errorf(models.CodeModel, "No model is configured."))
	}
	req := models.PlanRequest{Question: in.Text, Attempts: in.Attempts, Now: time.Now()}
	if req.Catalog, err = a.catalog(ctx, a.Store, in.Scope, in.ConnectionID); err != nil {
		return err
	}
	if req.Notes, err = a.Store.Notes(ctx, in.Scope, in.ConnectionID); err != nil {
		return err
	}
	req.Hints = hints(req.Notes, in.Text)
	key := kind + "/" + activity.GetInfo(ctx).WorkflowExecution.RunID + "/" + activity.GetInfo(ctx).ActivityID
	return a.twice(ctx, targets, func(ctx context.Context, t llm.Target, try int) error {
		one := fmt.Sprintf("%s/%d", key, try)
		return a.spend(ctx, in.Scope, store.NewID(), one, t.Model, reservation(t, req), func() (models.Usage, error) {
			usage, failed, err := call(ctx, t, one, req)
			if failed != nil {
				req.Attempts = append(req.Attempts, *failed)
			}
			return usage, err
		})
	})
}

// twice makes a call, and once more with the next model where it was no use and
// there is time left.
func (a *Model) twice(ctx context.Context, targets []llm.Target, call func(ctx context.Context, t llm.Target, try int) error) (err error) {
	for try := 1; try <= freeCalls; try++ {
		if err = call(ctx, llm.Pick(2*try-1, targets), try); err == nil || ctx.Err() != nil || models.ErrorCode(err) == models.CodeBudget {
			return err
		}
	}
	return err
}

// anyTargets are the models of an organisation, or the configured ones; nil where
// there are none.
func (a *Model) anyTargets(ctx context.Context, scope models.Scope) ([]llm.Target, error) {
	ids, err := a.Store.ModelsFor(ctx, scope, &models.Question{})
	if err != nil {
		return nil, err
	}
	return a.targets(ctx, a.Store, scope, plannerModel, ids)
}

// plannerModel is the planner of what a model plans and writes.
const plannerModel = "model"

// spend makes a call for whose tokens the budget of whoever it is made for is
// asked, as for a question.
func (a *Model) spend(ctx context.Context, scope models.Scope, of, key, model string, tokens int, call func() (models.Usage, error)) error {
	if err := a.Store.Reserve(ctx, scope, of, key, int64(tokens), a.MonthlyBudget); err != nil {
		return err
	}
	usage, err := call()
	end := context.WithoutCancel(ctx) // what was paid for is counted, whoever has stopped waiting
	if used := int64(usage.InputTokens + usage.OutputTokens); used > 0 || err == nil {
		return errors.Join(err, a.Store.Settle(end, scope, key, used, model))
	}
	return errors.Join(err, a.Store.Release(end, scope, key))
}

// wordsTime bounds how long a finding may be put into words.
const wordsTime = 40 * time.Second

// WriteFinding has a model put what was found about an episode into words. Numbers
// that are not among the figures give it one more try; where that does not do, or
// there is no model, no budget or no time, the built-in words stand.
func (a *Model) WriteFinding(ctx context.Context, in ExplainInput) error {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	l, episode, err := whyOf(ctx, a.Store, in)
	if err != nil || l == nil || episode.Finding == nil || len(episode.Finding.Parts) == 0 {
		return toTemporal(ctx, err)
	}
	scope := models.Scope{OrgID: l.OrgID, UserID: l.UserID, Role: l.Role}
	targets, err := a.anyTargets(ctx, scope)
	if err != nil || targets == nil {
		return toTemporal(ctx, err)
	}
	limited, cancel := context.WithTimeout(ctx, wordsTime)
	defer cancel()
	f := episode.Finding
	req := whyRequest(&l.Alert, f)
	err = a.twice(limited, targets, func(ctx context.Context, t llm.Target, try int) error {
		key := fmt.Sprintf("why/%s/%d/%d", in.EpisodeID, activity.GetInfo(ctx).Attempt, try)
		return a.spend(ctx, scope, in.EpisodeID, key, t.Model, t.WhyReservation(req), func() (models.Usage, error) {
			text, usage, err := t.WhyWith(ctx, t.Model, key, req)
			if err != nil {
				return usage, err
			}
			if req.Unproven = unprovenOf(text, *f.Now, *f.Before, f.Parts, insight.QuestionNumbers(req.Name+" "+req.Condition)...); len(req.Unproven) > 0 {
				return usage, models.Errorf(models.CodeModelReply, "The text has numbers that are not among the figures.")
			}
			f.Text, f.Writer = text, t.Model
			return usage, nil
		})
	})
	if ctx.Err() != nil {
		return toTemporal(ctx, ctx.Err())
	}
	if err != nil {
		activity.GetLogger(ctx).Info("the built-in words of a finding stand", "EpisodeID", in.EpisodeID, "Code", models.ErrorCode(err))
		return nil
	}
	return toTemporal(ctx, a.Store.SetFinding(ctx, in.Scope, in.EpisodeID, f))
}

func whyRequest(l *models.Alert, f *models.AlertFinding) llm.WhyRequest {
	c := l.Condition
	req := llm.WhyRequest{Name: l.Name, Watched: l.Question, Condition: alert.Describe(&c)}
	if l.Of != "" { // what was looked into is the first question's amount, not the percentage
		c.Unit = ""
	}
	for i, text := range alert.FindingFacts(&c, *f.Now, *f.Before, f.Baseline, f.Parts) {
		req.Facts = append(req.Facts, models.Fact{ID: fmt.Sprintf("f%d", i+1), Text: text})
	}
	return req
}

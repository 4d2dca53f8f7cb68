package bench

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/llm"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

// direct runs the same workflow and activities inside this process, in the
// SDK's test environment: without a server, a queue or another process, but
// with the same databases, Redis and model.
type direct struct {
	s         *system.System
	scope     models.Scope
	questions *activities.Questions
	model     *activities.Model
	query     *activities.Query
}

func newDirect(t testing.TB, s *system.System) *direct {
	t.Helper()
	c, err := config.Load(s.Environ())
	require.NoError(t, err)
	options, err := redis.ParseURL(string(c.RedisURL))
	require.NoError(t, err)
	hub := realtime.New(redis.NewClient(options))
	t.Cleanup(hub.Close)
	opener, err := crypt.NewOpener(string(c.SealPrivateKey))
	require.NoError(t, err)
	require.NoError(t, sqlguard.Warm())
	return &direct{s: s, scope: s.Owner.Scope(),
		questions: &activities.Questions{Store: s.Store, Events: hub, CatalogTTL: c.CatalogTTL},
		model: &activities.Model{CatalogTTL: c.CatalogTTL, Store: s.Store, Events: hub, Builtin: planner.NewBuiltin(), MonthlyBudget: c.TokenBudgetMonthly,
			LLM: llm.New(llm.Config{BaseURL: c.LLMBaseURL, Models: c.LLMModels, Timeout: c.LLMTimeout, MaxTokens: c.LLMMaxTokens})},
		query: &activities.Query{CatalogTTL: c.CatalogTTL, Store: s.Store, Events: hub, Opener: opener, Policy: connector.Policy{AllowPrivate: true}, MaxBytes: c.MaxResultBytes}}
}

// run stores a question and takes it to its end.
func (d *direct) run(t testing.TB, text string) (id string, took time.Duration) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.RegisterActivity(d.questions)
	env.RegisterActivity(d.model)
	env.RegisterActivity(d.query)
	begun := time.Now()
	conversation := &models.Conversation{ID: store.NewID(), ConnectionID: d.s.Connection, Title: text}
	q := &models.Question{ID: store.NewID(), ConnectionID: d.s.Connection, Text: text, Status: models.StatusQueued, Run: 1}
	q.IdempotencyKey = q.ID
	q, _, err := d.s.Store.CreateQuestion(context.Background(), d.scope, conversation, q)
	require.NoError(t, err)
	env.ExecuteWorkflow(workflows.Ask, workflows.AskInput{Scope: d.scope, QuestionID: q.ID, ConnectionID: q.ConnectionID, Run: 1,
		Planner: "model", MaxAttempts: 3, BeginsWithStep: true})
	took = time.Since(begun)
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	var end workflows.AskResult
	require.NoError(t, env.GetWorkflowResult(&end))
	require.Equal(t, models.StatusAnswered, end.Status, end.Code)
	return q.ID, took
}

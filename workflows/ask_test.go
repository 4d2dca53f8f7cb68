package workflows

import (
	"cmp"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// bundle is a test environment in which every step goes well until a test
// says otherwise: later expectations are set with on, before these.
type bundle struct {
	*testsuite.TestWorkflowEnvironment
	t        *testing.T
	finished []activities.FinishInput
	ended    models.QuestionStatus // an ending that was there before
	orphans  int
	recorded bool // the analysis ends the question
	asked    []activities.WaitInput
	plans    []activities.PlanInput
	queries  []activities.QueryInput
	analyses []activities.AnalyseInput

	begun    activities.BeginResult
	plan     func(activities.PlanInput) (activities.PlanResult, error)
	query    func(activities.QueryInput) (activities.QueryResult, error)
	analyse  func(activities.AnalyseInput) (activities.AnalyseResult, error)
	discover func() (activities.DiscoverResult, error)
}

func newBundle(t *testing.T) *bundle {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	b := &bundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t, begun: activities.BeginResult{SnapshotID: "snapshot"}}
	b.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // a busy machine is no deadlock
	b.plan = func(activities.PlanInput) (activities.PlanResult, error) {
		return activities.PlanResult{Status: models.PlanSQL, SQL: "SELECT 1"}, nil
	}
	b.query = func(activities.QueryInput) (activities.QueryResult, error) {
		return activities.QueryResult{RowCount: 1}, nil
	}
	b.analyse = func(activities.AnalyseInput) (activities.AnalyseResult, error) {
		return activities.AnalyseResult{}, nil
	}
	b.discover = func() (activities.DiscoverResult, error) {
		return activities.DiscoverResult{SnapshotID: "discovered", Tables: 3}, nil
	}
	var (
		q *activities.Questions
		m *activities.Model
		x *activities.Query
	)
	b.OnActivity(q.BeginQuestion, mock.Anything, mock.Anything).Return(func(context.Context, activities.BeginInput) (activities.BeginResult, error) { return b.begun, nil }).Maybe()
	b.OnActivity(q.AskPerson, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.WaitInput) error { b.asked = append(b.asked, in); return nil }).Maybe()
	b.OnActivity(q.FinishQuestion, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.FinishInput) (activities.FinishResult, error) {
		b.finished = append(b.finished, in)
		return activities.FinishResult{Status: cmp.Or(b.ended, in.Status), ErrorCode: in.ErrorCode}, nil
	}).Maybe()
	b.OnActivity(x.DiscoverSchema, mock.Anything, mock.Anything).Return(func(context.Context, activities.StepRef) (activities.DiscoverResult, error) { return b.discover() }).Maybe()
	b.OnActivity(m.PlanQuestion, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.PlanInput) (activities.PlanResult, error) {
		b.plans = append(b.plans, in)
		return b.plan(in)
	}).Maybe()
	b.OnActivity(x.RunQuery, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.QueryInput) (activities.QueryResult, error) {
		b.queries = append(b.queries, in)
		return b.query(in)
	}).Maybe()
	b.OnActivity(x.EndQuery, mock.Anything, mock.Anything).Return(func(context.Context, activities.StepRef) error { b.orphans++; return nil }).Maybe()
	b.OnActivity(m.AnalyseResult, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.AnalyseInput) (activities.AnalyseResult, error) {
		b.analyses = append(b.analyses, in)
		return b.analyse(in)
	}).Maybe()
	b.RegisterActivity(q)
	b.RegisterActivity(m)
	b.RegisterActivity(x)
	return b
}

func input() AskInput {
	return AskInput{Scope: models.Scope{OrgID: "org", UserID: "user"}, QuestionID: "question", ConnectionID: "connection", Run: 1,
		Planner: "model", MaxAttempts: 3, ApproveCost: 100, BeginsWithStep: true}
}

// run runs the workflow to its end, which it must reach without an error of its own.
func (b *bundle) run(in AskInput) AskResult {
	b.t.Helper()
	b.ExecuteWorkflow(Ask, in)
	require.True(b.t, b.IsWorkflowCompleted())
	require.NoError(b.t, b.GetWorkflowError())
	var got AskResult
	require.NoError(b.t, b.GetWorkflowResult(&got))
	if b.recorded {
		require.Empty(b.t, b.finished, "what an activity has ended is not recorded again")
		return got
	}
	require.Len(b.t, b.finished, 1, "the end is recorded once")
	require.Equal(b.t, got.Status, cmp.Or(b.ended, b.finished[0].Status))
	return got
}

// update sends an update after a while, and keeps what became of it.
func (b *bundle) update(after time.Duration, name string, arg any) *error {
	outcome := new(error)
	b.RegisterDelayedCallback(func() {
		b.UpdateWorkflow(name, "", &testsuite.TestUpdateCallback{
			OnReject:   func(err error) { *outcome = err },
			OnAccept:   func() {},
			OnComplete: func(_ any, err error) { *outcome = err },
		}, arg)
	}, after)
	return outcome
}

func failure(code models.Code) error {
	return temporal.NewNonRetryableApplicationError("why", string(code), nil)
}

func TestAnswered(t *testing.T) {
	b := newBundle(t)
	require.Equal(t, models.StatusAnswered, b.run(input()).Status)
	require.Len(t, b.plans, 1)
	require.Len(t, b.queries, 1)
	require.Len(t, b.analyses, 1)
}

// beginnings are inputs of runs by how they begin, each with what the bundle is
// to do when the run begins.
var beginnings = map[string]struct {
	in    func(*AskInput)
	found func(*bundle, activities.Begun)
}{
	"a step of its own": {func(in *AskInput) { in.BeginsWithStep = false }, func(b *bundle, begun activities.Begun) {
		b.begun = activities.BeginResult{Ended: begun.Ended}
	}},
	"its plan": {func(*AskInput) {}, func(b *bundle, begun activities.Begun) {
		plan := b.plan
		b.plan = func(in activities.PlanInput) (activities.PlanResult, error) {
			if in.RunID != "" {
				return activities.PlanResult{Begun: begun}, nil
			}
			return plan(in)
		}
	}},
	"its query": {func(in *AskInput) { in.Run, in.EditedSQL = 2, "SELECT 2" }, func(b *bundle, begun activities.Begun) {
		query := b.query
		b.query = func(in activities.QueryInput) (activities.QueryResult, error) {
			if in.RunID != "" {
				return activities.QueryResult{Begun: begun}, nil
			}
			return query(in)
		}
	}},
}

func TestDiscoversWhereThereIsNoFreshCatalog(t *testing.T) {
	for name, beginning := range beginnings {
		t.Run(name, func(t *testing.T) {
			b, in := newBundle(t), input()
			beginning.in(&in)
			beginning.found(b, activities.Begun{Undiscovered: true})
			discovered := 0
			b.discover = func() (activities.DiscoverResult, error) {
				discovered++
				return activities.DiscoverResult{SnapshotID: "discovered"}, nil
			}
			require.Equal(t, models.StatusAnswered, b.run(in).Status)
			require.Equal(t, 1, discovered)
		})
	}
}

func TestStoppedWhileQueued(t *testing.T) {
	for name, beginning := range beginnings {
		t.Run(name, func(t *testing.T) {
			b, in := newBundle(t), input()
			beginning.in(&in)
			beginning.found(b, activities.Begun{Ended: models.StatusCancelled})
			require.Equal(t, models.StatusCancelled, b.run(in).Status)
			require.Empty(t, b.analyses)
		})
	}
}

func TestOneStepBeginsTheRun(t *testing.T) {
	b := newBundle(t)
	b.plan = func(in activities.PlanInput) (activities.PlanResult, error) {
		if in.Attempt == 1 {
			return activities.PlanResult{}, failure(models.CodeModelReply)
		}
		return activities.PlanResult{Status: models.PlanSQL, SQL: "SELECT 1"}, nil
	}
	require.Equal(t, models.StatusAnswered, b.run(input()).Status)
	require.Len(t, b.plans, 2)
	require.NotEmpty(t, b.plans[0].RunID)
	require.Empty(t, b.plans[1].RunID)
	require.Empty(t, b.queries[0].RunID)
}

func TestRepairIsBoundedAndLearns(t *testing.T) {
	b := newBundle(t)
	b.query = func(in activities.QueryInput) (activities.QueryResult, error) {
		return activities.QueryResult{Code: models.CodeSQLError, Error: "no such column"}, nil
	}
	got := b.run(input())
	require.Equal(t, AskResult{Status: models.StatusFailed, Code: models.CodeSQLError}, got)
	require.Len(t, b.plans, 3)
	require.Equal(t, []models.Attempt{{SQL: "SELECT 1", Code: models.CodeSQLError, Error: "no such column"}}, b.plans[1].Attempts)
	require.Len(t, b.plans[2].Attempts, 2)
	require.Equal(t, 3, b.plans[2].Attempt, "each attempt has its own idempotency key")
}

func TestRepairEndsWithAnAnswer(t *testing.T) {
	b := newBundle(t)
	b.query = func(in activities.QueryInput) (activities.QueryResult, error) {
		if in.Attempt == 1 {
			return activities.QueryResult{Code: models.CodeGuardRefused, Error: "no"}, nil
		}
		return activities.QueryResult{RowCount: 2}, nil
	}
	require.Equal(t, models.StatusAnswered, b.run(input()).Status)
	require.Equal(t, 2, b.analyses[0].QueryAttempt)
}

func TestAnUnreadableReplyTakesAnAttempt(t *testing.T) {
	b := newBundle(t)
	b.plan = func(in activities.PlanInput) (activities.PlanResult, error) {
		if in.Attempt == 1 {
			return activities.PlanResult{}, failure(models.CodeModelReply)
		}
		return activities.PlanResult{Status: models.PlanSQL, SQL: "SELECT 2"}, nil
	}
	require.Equal(t, models.StatusAnswered, b.run(input()).Status)
	require.Equal(t, "SELECT 2", b.queries[0].SQL)
}

func TestTheBuiltinPlannerIsNotAskedTwice(t *testing.T) {
	b := newBundle(t)
	b.query = func(activities.QueryInput) (activities.QueryResult, error) {
		return activities.QueryResult{Code: models.CodeGuardRefused, Error: "no"}, nil
	}
	in := input()
	in.Planner = "builtin"
	require.Equal(t, AskResult{Status: models.StatusRefused, Code: models.CodeGuardRefused}, b.run(in))
	require.Len(t, b.plans, 1)
}

func TestEndings(t *testing.T) {
	t.Parallel()
	for code, status := range map[models.Code]models.QuestionStatus{models.CodeBudget: models.StatusBudget, models.CodeModel: models.StatusFailed,
		models.CodeInternal: models.StatusFailed, models.CodePassword: models.StatusFailed, models.CodeGuardRefused: models.StatusRefused} {
		t.Run(string(code), func(t *testing.T) {
			b := newBundle(t)
			b.plan = func(activities.PlanInput) (activities.PlanResult, error) {
				return activities.PlanResult{}, failure(code)
			}
			require.Equal(t, AskResult{Status: status, Code: code}, b.run(input()))
			require.Equal(t, "why", b.finished[0].ErrorText)
		})
	}
	t.Run("tried in vain", func(t *testing.T) {
		b := newBundle(t)
		b.query = func(activities.QueryInput) (activities.QueryResult, error) {
			return activities.QueryResult{}, temporal.NewApplicationError("Nothing listens.", string(models.CodeRefused))
		}
		require.Equal(t, AskResult{Status: models.StatusFailed, Code: models.CodeRefused}, b.run(input()))
		require.Equal(t, "Nothing listens. It was tried again and again for some time. Ask again when this is put right.", b.finished[0].ErrorText)
	})
	t.Run("not answerable", func(t *testing.T) {
		b := newBundle(t)
		b.plan = func(activities.PlanInput) (activities.PlanResult, error) {
			return activities.PlanResult{Status: models.PlanRefused, Text: "no such data"}, nil
		}
		require.Equal(t, models.StatusRefused, b.run(input()).Status)
		require.Equal(t, "no such data", b.finished[0].ErrorText)
	})
}

func TestClarifyWaitsForDaysAndDoesNotCountAsWork(t *testing.T) {
	b := newBundle(t)
	b.plan = func(in activities.PlanInput) (activities.PlanResult, error) {
		if len(in.Clarifications) == 0 {
			return activities.PlanResult{Status: models.PlanClarify, Text: "Which year?", Choices: []string{"2025"}}, nil
		}
		return activities.PlanResult{Status: models.PlanSQL, SQL: "SELECT 1"}, nil
	}
	empty := b.update(time.Hour, UpdateClarify, "  ")
	wrong := b.update(time.Hour, UpdateApprove, true)
	good := b.update(72*time.Hour, UpdateClarify, "2025")
	require.Equal(t, models.StatusAnswered, b.run(input()).Status)
	require.ErrorContains(t, *empty, "empty")
	require.ErrorContains(t, *wrong, "does not wait")
	require.NoError(t, *good)
	require.Equal(t, [][2]string{{"Which year?", "2025"}}, b.plans[1].Clarifications)
	require.Equal(t, 2, b.plans[1].Attempt)
	require.Equal(t, models.StatusClarify, b.asked[0].Status)
	require.Equal(t, models.StatusRunning, b.asked[1].Status)
	require.Less(t, b.finished[0].ActiveMs, int64(time.Hour/time.Millisecond))
}

func TestClarifyIsBounded(t *testing.T) {
	b := newBundle(t)
	b.plan = func(activities.PlanInput) (activities.PlanResult, error) {
		return activities.PlanResult{Status: models.PlanClarify, Text: "Hm?"}, nil
	}
	for i := range maxClarifications {
		b.update(time.Duration(i+1)*time.Hour, UpdateClarify, "that one")
	}
	require.Equal(t, models.StatusRefused, b.run(input()).Status)
	require.Len(t, b.plans, maxClarifications+1)
}

func TestNobodyReplies(t *testing.T) {
	b := newBundle(t)
	b.plan = func(activities.PlanInput) (activities.PlanResult, error) {
		return activities.PlanResult{Status: models.PlanClarify, Text: "Hm?"}, nil
	}
	require.Equal(t, models.StatusCancelled, b.run(input()).Status)
	require.Contains(t, b.finished[0].ErrorText, "30 days")
}

func TestApprove(t *testing.T) {
	t.Parallel()
	costly := func(in activities.QueryInput) (activities.QueryResult, error) {
		return activities.QueryResult{NeedsApproval: !in.Approved, Prompt: "Costly. Run it?"}, nil
	}
	t.Run("yes", func(t *testing.T) {
		b := newBundle(t)
		b.query = costly
		b.update(time.Hour, UpdateApprove, true)
		require.Equal(t, models.StatusAnswered, b.run(input()).Status)
		require.Len(t, b.queries, 2)
		require.Equal(t, b.queries[0].Attempt, b.queries[1].Attempt, "it is the same step, approved")
	})
	t.Run("no", func(t *testing.T) {
		b := newBundle(t)
		b.query = costly
		b.update(time.Hour, UpdateApprove, false)
		require.Equal(t, models.StatusCancelled, b.run(input()).Status)
		require.Len(t, b.queries, 1)
	})
	t.Run("other SQL instead", func(t *testing.T) {
		b := newBundle(t)
		b.query = func(in activities.QueryInput) (activities.QueryResult, error) {
			return activities.QueryResult{NeedsApproval: !in.Edited, Prompt: "Costly. Run it?"}, nil
		}
		b.update(time.Hour, UpdateEditSQL, "SELECT 3")
		require.Equal(t, models.StatusAnswered, b.run(input()).Status)
		require.Equal(t, "SELECT 3", b.queries[1].SQL)
		require.Equal(t, 2, b.queries[1].Attempt)
	})
}

// Both messages can arrive in one workflow task: the yes was for other SQL.
func TestAYesIsNotCarriedOverToEditedSQL(t *testing.T) {
	b := newBundle(t)
	b.query = func(in activities.QueryInput) (activities.QueryResult, error) {
		return activities.QueryResult{NeedsApproval: !in.Approved, Prompt: "Costly?"}, nil
	}
	b.RegisterDelayedCallback(func() {
		ignore := &testsuite.TestUpdateCallback{OnReject: func(error) {}, OnAccept: func() {}, OnComplete: func(any, error) {}}
		b.UpdateWorkflow(UpdateEditSQL, "", ignore, "SELECT 2")
		b.UpdateWorkflow(UpdateApprove, "", ignore, true)
	}, time.Minute)
	b.update(time.Hour, UpdateApprove, false)
	require.Equal(t, models.StatusCancelled, b.run(input()).Status, "the second query is asked about as well")
	for _, q := range b.queries {
		require.False(t, q.Approved, q.SQL)
	}
}

func TestEditedSQLBeginsAtTheGuardAndIsNotRewritten(t *testing.T) {
	b := newBundle(t)
	b.query = func(activities.QueryInput) (activities.QueryResult, error) {
		return activities.QueryResult{Code: models.CodeSQLError, Error: "no such column"}, nil
	}
	in := input()
	in.Run, in.EditedSQL = 2, "SELECT mine"
	require.Equal(t, models.StatusFailed, b.run(in).Status)
	require.Empty(t, b.plans)
	require.Len(t, b.queries, 1)
	require.True(t, b.queries[0].Edited)
}

func TestUnprovenNumbersGetOneMoreTry(t *testing.T) {
	b := newBundle(t)
	b.analyse = func(activities.AnalyseInput) (activities.AnalyseResult, error) {
		return activities.AnalyseResult{Unproven: []string{"42"}}, nil
	}
	require.Equal(t, models.StatusAnswered, b.run(input()).Status, "a number that stays unproven is marked, not hidden")
	require.Len(t, b.analyses, 2)
	require.Equal(t, []string{"42"}, b.analyses[1].Unproven)
}

func TestAnAnswerThatIsEndedIsNotRecordedTwice(t *testing.T) {
	b := newBundle(t)
	b.recorded = true
	b.analyse = func(in activities.AnalyseInput) (activities.AnalyseResult, error) {
		require.False(t, in.Last)
		require.False(t, in.Since.IsZero())
		return activities.AnalyseResult{Ended: &activities.FinishResult{Status: models.StatusAnswered}}, nil
	}
	require.Equal(t, models.StatusAnswered, b.run(input()).Status)
}

func TestTheEndingThatWasFirstCounts(t *testing.T) {
	b := newBundle(t)
	b.ended = models.StatusAnswered
	b.analyse = func(activities.AnalyseInput) (activities.AnalyseResult, error) {
		b.CancelWorkflow()
		return activities.AnalyseResult{}, temporal.NewCanceledError()
	}
	require.Equal(t, models.StatusAnswered, b.run(input()).Status, "Stop came after the answer")
}

func TestAQueryOfADeadWorkerIsEnded(t *testing.T) {
	b := newBundle(t)
	b.query = func(activities.QueryInput) (activities.QueryResult, error) {
		return activities.QueryResult{}, temporal.NewHeartbeatTimeoutError()
	}
	require.Equal(t, AskResult{Status: models.StatusFailed, Code: models.CodeUnavailable}, b.run(input()))
	require.Equal(t, 1, b.orphans)
}

func TestAQueryRunsOnUnlessItsActivityStoppedIt(t *testing.T) {
	t.Parallel()
	require.False(t, mayRunOn(temporal.NewCanceledError(activities.Stopped)))
	require.True(t, mayRunOn(temporal.NewCanceledError("ACTIVITY_ID_NOT_STARTED")), "between two attempts, by Temporal")
	require.True(t, mayRunOn(temporal.NewCanceledError()))
}

func TestStopIsRecorded(t *testing.T) {
	t.Parallel()
	t.Run("while waiting", func(t *testing.T) {
		b := newBundle(t)
		b.plan = func(activities.PlanInput) (activities.PlanResult, error) {
			return activities.PlanResult{Status: models.PlanClarify, Text: "Hm?"}, nil
		}
		b.RegisterDelayedCallback(b.CancelWorkflow, time.Hour)
		require.Equal(t, models.StatusCancelled, b.run(input()).Status)
	})
	t.Run("in the query", func(t *testing.T) {
		b := newBundle(t)
		b.query = func(activities.QueryInput) (activities.QueryResult, error) {
			b.CancelWorkflow()
			return activities.QueryResult{}, temporal.NewCanceledError()
		}
		require.Equal(t, models.StatusCancelled, b.run(input()).Status)
		require.Empty(t, b.analyses)
	})
}

// An update is kept when its workflow task ends: what it brings about must not
// be seen before, since a worker can die in between.
func TestAReplyIsKeptBeforeTheRowGoesOn(t *testing.T) {
	b := newBundle(t)
	asks := 0
	b.plan = func(activities.PlanInput) (activities.PlanResult, error) {
		if asks++; asks == 1 {
			return activities.PlanResult{Status: models.PlanClarify, Text: "Hm?"}, nil
		}
		return activities.PlanResult{Status: models.PlanSQL, SQL: "SELECT 1"}, nil
	}
	timers, atReply := 0, 0
	b.SetOnTimerScheduledListener(func(string, time.Duration) { timers++ })
	b.RegisterDelayedCallback(func() { atReply = timers }, time.Hour)
	b.update(time.Hour, UpdateClarify, "that one")
	var before []int // timers that had begun when a local activity did
	b.SetOnLocalActivityStartedListener(func(*activity.Info, context.Context, []any) { before = append(before, timers) })
	require.Equal(t, models.StatusAnswered, b.run(input()).Status)
	require.Equal(t, models.StatusRunning, b.asked[1].Status)
	require.Greater(t, before[2], atReply, "begin, ask and go on: a timer ends the task of the reply before the row goes on")
}

func TestProgress(t *testing.T) {
	b := newBundle(t)
	b.plan = func(activities.PlanInput) (activities.PlanResult, error) {
		return activities.PlanResult{Status: models.PlanClarify, Text: "Hm?"}, nil
	}
	b.RegisterDelayedCallback(func() {
		value, err := b.QueryWorkflow(QueryProgress)
		require.NoError(t, err)
		var p Progress
		require.NoError(t, value.Get(&p))
		require.Equal(t, models.StatusClarify, p.Status)
		require.Equal(t, "Hm?", p.Prompt.Text)
		b.CancelWorkflow()
	}, time.Minute)
	b.run(input())
}

func TestSummaryIsOneShortLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "revenue by month", summary(" revenue\n by\tmonth "))
	require.Len(t, []rune(summary(string(make([]rune, 1000)))), 160)
}

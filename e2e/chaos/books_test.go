package chaos

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/datamind/datamind/models"
)

// limit is how long after a fault's end every question must have ended.
const limit = time.Minute

// drainFloor is what draining a backlog may take after the shortest outages:
// processes that start again do not do so in no time on two busy cores.
const drainFloor = 20 * time.Second

// findings are what the books of one repetition say.
type findings struct {
	questions, lost, doubled, stuck, wrong, orphans, leaked, replay int
	// extraCalls and extraQueries had to be made again because the first one's
	// result had not been stored.
	extraCalls, extraQueries int
	slowest                  time.Duration // end after the fault
	drained, outage          time.Duration
	violations               []string
}

func (f *findings) violate(counter *int, format string, args ...any) {
	*counter++
	f.violations = append(f.violations, fmt.Sprintf(format, args...))
}

// settle waits for the end of all questions of the repetition and compares the
// books: what was accepted, what the platform's database says, what Temporal
// says, and what the model and the customer's database received.
func (w *world) settle(t *testing.T) *findings {
	t.Helper()
	if w.faultEnd.IsZero() {
		w.faultOver()
	}
	w.releaseAll()
	deadline := time.After(time.Until(w.faultEnd.Add(limit)))
	for _, q := range w.questions {
		select {
		case <-q.done:
		case <-deadline:
			w.stop() // all that still run: they are stuck
			<-q.done
		}
	}
	w.asking.Wait()
	w.ctx = context.Background()
	f := &findings{questions: len(w.questions), outage: w.lasted}
	w.acceptedBook(f)
	w.platformBook(f)
	w.temporalBook(f)
	w.leaks(f)
	w.receivedBook(f)
	return f
}

// acceptedBook compares what somebody was told with the rows that there are.
func (w *world) acceptedBook(f *findings) {
	for _, q := range w.questions {
		var rows int
		w.scan(f, w.platform, "SELECT count(*) FROM questions WHERE text = $1", []any{q.text()}, &rows)
		switch {
		case rows == 0 && q.accepted:
			f.violate(&f.lost, "question %d was accepted and is not there", q.n)
		case rows == 0:
			f.violate(&f.lost, "question %d was never taken, nobody answers", q.n)
		case rows > q.copies:
			f.violate(&f.doubled, "question %d is there %d times", q.n, rows)
		}
		for _, text := range q.trouble {
			f.violate(&f.wrong, "question %d: %s", q.n, text)
		}
		switch {
		case q.ended.IsZero():
			f.violate(&f.stuck, "question %d (%s, id %s) is still %s", q.n, q.kind, q.id, q.status)
			continue
		case !slices.Contains(q.ends, q.status):
			f.violate(&f.wrong, "question %d (%s, id %s) ended %s: %s", q.n, q.kind, q.id, q.status, w.why(q))
		}
		if late := q.ended.Sub(w.faultEnd); late > limit {
			f.violate(&f.stuck, "question %d (%s, id %s) ended %s after the fault", q.n, q.kind, q.id, late)
		}
		f.slowest = max(f.slowest, q.ended.Sub(w.faultEnd))
		if w.lasted > 0 && q.asked.Before(w.faultEnd) {
			f.drained = max(f.drained, q.ended.Sub(w.faultEnd))
		}
	}
	if most := max(2*w.lasted, drainFloor); w.lasted > 0 && f.drained > most {
		f.violate(&f.stuck, "the backlog of an outage of %s took %s", w.lasted, f.drained)
	}
}

func (w *world) why(q *question) (text string) {
	_ = w.platform.QueryRow(context.Background(), "SELECT error_code || ' ' || error_text FROM questions WHERE id = $1", q.id).Scan(&text)
	return text
}

// orphans are rows that belong to nothing, and what should have been closed.
var orphans = map[string]string{
	"steps open in a question that has ended": `SELECT count(*) FROM question_steps s JOIN questions q ON q.id = s.question_id
		WHERE s.status IN ('running', 'waiting') AND q.status IN ('answered', 'refused', 'failed', 'cancelled', 'budget_exhausted')`,
	"steps without a question":       `SELECT count(*) FROM question_steps s WHERE NOT EXISTS (SELECT FROM questions q WHERE q.id = s.question_id)`,
	"results without their step":     `SELECT count(*) FROM results r WHERE NOT EXISTS (SELECT FROM question_steps s WHERE (s.question_id, s.run, s.attempt, s.kind, s.status) = (r.question_id, r.run, r.attempt, 'query', 'done'))`,
	"queries done without rows":      `SELECT count(*) FROM question_steps s WHERE s.kind = 'query' AND s.status = 'done' AND NOT EXISTS (SELECT FROM results r WHERE (r.question_id, r.run, r.attempt) = (s.question_id, s.run, s.attempt))`,
	"questions whose rows are gone":  `SELECT count(*) FROM questions q WHERE q.result_id IS NOT NULL AND NOT EXISTS (SELECT FROM results r WHERE r.id = q.result_id)`,
	"answers without rows":           `SELECT count(*) FROM questions WHERE status = 'answered' AND (result_id IS NULL OR answer = '')`,
	"ended without a time":           `SELECT count(*) FROM questions WHERE (ended_at IS NULL) = (status IN ('answered', 'refused', 'failed', 'cancelled', 'budget_exhausted'))`,
	"tokens still reserved":          `SELECT count(*) FROM token_usages WHERE state = 'reserved'`,
	"tokens without a question":      `SELECT count(*) FROM token_usages u WHERE NOT EXISTS (SELECT FROM questions q WHERE q.id = u.question_id)`,
	"questions without conversation": `SELECT count(*) FROM questions q WHERE NOT EXISTS (SELECT FROM conversations c WHERE c.id = q.conversation_id)`,
	"conversations without question": `SELECT count(*) FROM conversations c WHERE NOT EXISTS (SELECT FROM questions q WHERE c.id = q.conversation_id)`,
}

func (w *world) platformBook(f *findings) {
	for what, sql := range orphans {
		var n int
		if w.scan(f, w.platform, sql, nil, &n); n > 0 {
			f.orphans += n - 1
			f.violate(&f.orphans, "%d %s", n, what)
		}
	}
}

func (w *world) scan(f *findings, p *pgxpool.Pool, sql string, args []any, out ...any) {
	if err := p.QueryRow(context.Background(), sql, args...).Scan(out...); err != nil {
		f.violate(&f.wrong, "the books cannot be read: %v", err)
	}
}

// temporalBook wants exactly one run ask/<id> for each run of a question, all
// completed, none of which ever failed to replay.
func (w *world) temporalBook(f *findings) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*limit)
	defer cancel()
	for _, q := range w.questions {
		if q.id == "" || q.ended.IsZero() {
			continue
		}
		runs, err := w.runs(ctx, q)
		if err != nil {
			f.violate(&f.wrong, "question %d: Temporal's book cannot be read: %v", q.n, err)
			continue
		}
		switch {
		case len(runs) > q.runs:
			f.violate(&f.doubled, "question %d has %d runs in Temporal, %d in the platform", q.n, len(runs), q.runs)
		case len(runs) < q.runs && q.status != models.StatusCancelled: // one stopped while queued need not have begun
			f.violate(&f.lost, "question %d has %d runs in Temporal, %d in the platform", q.n, len(runs), q.runs)
		}
		for _, run := range runs {
			if run.Status != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
				f.violate(&f.wrong, "question %d: its run is %s in Temporal", q.n, run.Status)
			}
			w.history(ctx, f, q, run)
		}
	}
}

// runs lists a question's runs, when those known to be there are closed: the
// list follows a moment later, and where a query was stopped between two tries a
// run looks after it until the customer's database can be asked.
func (w *world) runs(ctx context.Context, q *question) ([]*workflow.WorkflowExecutionInfo, error) {
	for deadline := time.Now().Add(limit); ; {
		list, err := w.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf("WorkflowId = 'ask/%s'", q.id)})
		if err != nil {
			return nil, err
		}
		open := slices.ContainsFunc(list.Executions, func(e *workflow.WorkflowExecutionInfo) bool {
			return e.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING
		})
		missing := len(list.Executions) < q.runs && q.status != models.StatusCancelled
		if !open && !missing || time.Now().After(deadline) {
			return list.Executions, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// history looks for workflow tasks that failed, and counts the attempts of
// activities that were lost or failed. A message that arrives while a task is
// being completed fails that task by design, and it is done again.
func (w *world) history(ctx context.Context, f *findings, q *question, run *workflow.WorkflowExecutionInfo) {
	types := map[int64]string{}
	it := w.temporal.GetWorkflowHistory(ctx, run.Execution.WorkflowId, run.Execution.RunId, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for it.HasNext() {
		event, err := it.Next()
		if err != nil {
			f.violate(&f.wrong, "question %d: its history cannot be read: %v", q.n, err)
			return
		}
		if failed := event.GetWorkflowTaskFailedEventAttributes(); failed != nil && failed.Cause != enums.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND {
			f.violate(&f.replay, "question %d: a workflow task failed: %s %s", q.n, failed.Cause, failed.GetFailure().GetMessage())
		}
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			types[event.EventId] = scheduled.ActivityType.Name
		}
		if started := event.GetActivityTaskStartedEventAttributes(); started != nil {
			q.retries[types[started.ScheduledEventId]] += int(started.Attempt) - 1
		}
	}
}

// sessions are those that should not be: of DataMind on the customer's server,
// and idle in a transaction, waiting, or with locks that nobody uses on its own.
var sessions = []struct {
	what, sql string
	platform  bool
}{
	{"sessions on the customer's database", "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'datamind/%'", false},
	{"locks on the customer's database", "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.application_name LIKE 'datamind/%'", false},
	{"sessions idle in a transaction", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'datamind_app' AND state LIKE 'idle in transaction%' AND state_change < now() - interval '1 second'", true},
	{"locks of sessions that do nothing", "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.usename = 'datamind_app' AND a.state <> 'active' AND a.state_change < now() - interval '1 second'", true},
	{"sessions that wait for a lock", "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.usename = 'datamind_app' AND NOT l.granted", true},
}

// leaks gives sessions a moment to end: what is left then, is left.
func (w *world) leaks(f *findings) {
	for _, s := range sessions {
		p := w.customer
		if s.platform {
			p = w.platform
		}
		var n int
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if w.scan(f, p, s.sql, nil, &n); n == 0 || time.Now().After(deadline) {
				break
			}
		}
		if n > 0 {
			f.leaked += n - 1
			f.violate(&f.leaked, "%d %s", n, s.what)
		}
	}
}

// step is what the platform's database says about a step.
type step struct {
	id, kind, status string
	question         string
	run, attempt     int
	ended            *time.Time
	tokens           int
	used             *int
	stored           *time.Time // its rows
}

// activityOf names the activities whose effects are counted.
var activityOf = map[string]string{"plan": "PlanQuestion", "analyse": "AnalyseResult", "query": "RunQuery"}

// receivedBook compares what was received with what was recorded: after a step
// was recorded as done, its call or query is not made again, and before that
// only by another attempt of its activity.
func (w *world) receivedBook(f *findings) {
	calls, executions := w.Model.Calls(), w.log.executions()
	for _, q := range w.questions {
		if q.id == "" {
			continue
		}
		steps, err := w.steps(q)
		if err != nil {
			f.violate(&f.wrong, "question %d: its steps cannot be read: %v", q.n, err)
			continue
		}
		if q.copies > 1 {
			if n := len(executions[q.label(1)]); n > q.copies {
				f.violate(&f.doubled, "question %d, sent %d times, ran %d times", q.n, q.copies, n)
			}
		}
		known, again := map[string]bool{}, map[string]int{}
		for _, s := range steps {
			known[s.id] = true
			switch s.kind {
			case string(models.StepPlan), string(models.StepAnalyse):
				made, tokens := 0, 0
				for _, c := range calls {
					if c.IdempotencyKey != s.id {
						continue
					}
					if c.Completed && c.Status == 200 {
						made, tokens = made+1, tokens+c.Tokens
					}
					if s.status == string(models.StepDone) && c.StartedAt.Add(w.ahead).After(*s.ended) {
						f.violate(&f.doubled, "question %d: the model was asked again for %s %d after that was done", q.n, s.kind, s.attempt)
					}
				}
				again[s.kind] += max(0, made-1)
				w.ledger(f, q, s, made, tokens)
			case string(models.StepQuery):
				if q.copies > 1 {
					continue // they have the same SQL
				}
				ran := executions[q.label(s.run)]
				again[s.kind] += max(0, len(ran)-1)
				for _, e := range ran {
					if s.stored != nil && e.start.Add(w.ahead).After(*s.stored) {
						f.violate(&f.doubled, "question %d: its query ran again after its rows were stored", q.n)
					}
				}
			}
		}
		for kind, n := range again {
			if kind == string(models.StepQuery) {
				f.extraQueries += n
			} else {
				f.extraCalls += n
			}
			if retries := q.retries[activityOf[kind]]; n > retries {
				f.violate(&f.doubled, "question %d: %s was done %d times more often than wanted, with %d attempts lost", q.n, kind, n, retries)
			}
		}
		for _, c := range calls {
			if q.asks(c) && !known[c.IdempotencyKey] && q.copies == 1 {
				f.violate(&f.doubled, "question %d: a call of the model belongs to no step", q.n)
			}
		}
	}
}

// ledger wants what was settled to be what the model said it used.
func (w *world) ledger(f *findings, q *question, s step, made, tokens int) {
	switch {
	case s.used == nil && s.tokens == 0:
	case s.used == nil:
		f.violate(&f.wrong, "question %d: %s %d used %d tokens that the ledger does not have", q.n, s.kind, s.attempt, s.tokens)
	case *s.used > tokens && !q.estimated, s.tokens > *s.used:
		f.violate(&f.wrong, "question %d: %s %d has %d tokens settled, %d in its step, %d at the model", q.n, s.kind, s.attempt, *s.used, s.tokens, tokens)
	case made == 1 && s.status == string(models.StepDone) && *s.used != tokens && !q.estimated:
		f.violate(&f.wrong, "question %d: %s %d has %d tokens settled of %d", q.n, s.kind, s.attempt, *s.used, tokens)
	}
}

func (w *world) steps(q *question) (all []step, err error) {
	rows, err := w.platform.Query(context.Background(), `SELECT s.id, s.kind, s.status, s.question_id, s.run, s.attempt, s.ended_at, s.input_tokens + s.output_tokens, u.used, r.created_at
		FROM question_steps s LEFT JOIN token_usages u ON u.key = format('ask/%s/%s/%s/%s', s.question_id, s.run, s.kind, s.attempt)
		LEFT JOIN results r ON s.kind = 'query' AND (r.question_id, r.run, r.attempt) = (s.question_id, s.run, s.attempt)
		WHERE s.question_id = $1 ORDER BY s.id`, q.id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s step
		if err := rows.Scan(&s.id, &s.kind, &s.status, &s.question, &s.run, &s.attempt, &s.ended, &s.tokens, &s.used, &s.stored); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

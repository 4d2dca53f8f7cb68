package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// steps records steps in the store and makes them live.
type steps struct {
	store  *store.Store
	events *realtime.Hub
	// catalogTTL is how old a catalog may be that a run begins with.
	catalogTTL time.Duration
}

type stepEvent struct {
	Run     int               `json:"run"`
	Kind    models.StepKind   `json:"kind"`
	Attempt int               `json:"attempt"`
	Status  models.StepStatus `json:"status"`
	Summary string            `json:"summary,omitempty"`
	Error   string            `json:"error,omitempty"`
	Ms      int64             `json:"ms"`
	Tries   int               `json:"tries"`
}

// open opens a step within a transaction. When it is done already its output is
// read into out and done is true: what was paid for or ran is not done twice.
func (s steps) open(ctx context.Context, tx *store.Store, ref StepRef, kind models.StepKind, input, out any) (step *models.QuestionStep, done bool, err error) {
	key := store.StepKey{QuestionID: ref.QuestionID, Run: ref.Run, Kind: kind, Attempt: ref.Attempt}
	if step, done, err = tx.BeginStep(ctx, ref.Scope, key, digest(input)); err == nil && done {
		if err = json.Unmarshal(step.Output, out); err != nil {
			err = fmt.Errorf("read the output of step %s: %w", step.ID, err)
		}
	}
	return step, done, err
}

// first begins a run with its first step, within that one's transaction. The
// step is not opened where the run is not ready for it.
func (s steps) first(ctx context.Context, tx *store.Store, ref StepRef, in First, planner string) (begun Begun, ready bool, err error) {
	if in.RunID == "" {
		return begun, true, nil
	}
	found, err := begin(ctx, tx, BeginInput{StepRef: ref, RunID: in.RunID, Planner: planner}, s.catalogTTL)
	begun = Begun{Ended: found.Ended, Undiscovered: found.Ended == "" && found.SnapshotID == ""}
	return begun, begun == Begun{}, err
}

// publishFirst makes it live that a run has begun.
func (s steps) publishFirst(ctx context.Context, ref StepRef, in First, planner string, begun Begun) {
	if in.RunID != "" && begun.Ended == "" {
		publishBegun(ctx, s.events, BeginInput{StepRef: ref, Planner: planner})
	}
}

// begin opens a step and has prepare, if any, read what it needs and set tokens
// aside, in one transaction. What prepare refuses is an error of the step.
func (s steps) begin(ctx context.Context, ref StepRef, kind models.StepKind, input, out any, prepare func(*store.Store) error) (step *models.QuestionStep, done bool, err error) {
	step, done, _, err = s.beginFirst(ctx, ref, First{}, "", kind, input, out, prepare)
	return step, done, err
}

// beginFirst is begin that begins the run too. There is no step where begun says
// so.
func (s steps) beginFirst(ctx context.Context, ref StepRef, in First, planner string, kind models.StepKind, input, out any, prepare func(*store.Store) error) (step *models.QuestionStep, done bool, begun Begun, err error) {
	var ready bool
	var refusal error
	err = s.store.Together(ctx, ref.Scope, func(tx *store.Store) (err error) {
		if begun, ready, err = s.first(ctx, tx, ref, in, planner); err != nil || !ready {
			return err
		}
		if step, done, err = s.open(ctx, tx, ref, kind, input, out); err == nil && !done && prepare != nil {
			refusal = prepare(tx)
		}
		return err
	})
	if err == nil {
		s.publishFirst(ctx, ref, in, planner, begun)
	}
	switch {
	case err == nil && !ready:
	case refusal != nil:
		s.publish(ctx, step)
		s.fail(ctx, ref, step, refusal, nil)
		return nil, false, begun, refusal
	case err == nil && !done:
		s.publish(ctx, step)
	}
	return step, done, begun, err
}

// finish closes a step as done with its output, in one transaction with what
// else follows from it. What was paid for is not given up for an outage of the
// platform's database: it is tried again for as long as storeLimit.
func (s steps) finish(ctx context.Context, ref StepRef, step *models.QuestionStep, summary string, output any, also func(*store.Store) error) error {
	if err := done(step, summary, output); err != nil {
		return err
	}
	err := keepTrying(ctx, func(ctx context.Context) error {
		return s.store.Together(ctx, ref.Scope, func(tx *store.Store) error {
			if err := tx.HoldQuestion(ctx, ref.Scope, ref.QuestionID); err != nil {
				return err
			}
			if _, err := tx.FinishStep(ctx, ref.Scope, step); err != nil || also == nil {
				return err
			}
			return also(tx)
		})
	})
	if err == nil {
		s.publish(ctx, step)
	}
	return err
}

// storeLimit bounds how long a finished step waits for the platform's database.
const storeLimit = 2 * time.Minute

// keepTrying repeats f while the platform's database is away. Stop does not
// undo what is being recorded, but ends the wait for the database.
func keepTrying(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := f(context.WithoutCancel(ctx))
		if models.ErrorCode(err) != models.CodeUnavailable {
			return err
		}
		activity.GetLogger(ctx).Warn("what is done waits to be stored", "why", models.ErrorMessage(err), "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// done gives a step its output, to be stored.
func done(step *models.QuestionStep, summary string, output any) error {
	raw, err := json.Marshal(output)
	if err != nil {
		return fmt.Errorf("write the output of step %s: %w", step.ID, err)
	}
	step.Status, step.Summary, step.Output = models.StepDone, summary, raw
	step.Ms = time.Since(step.StartedAt).Milliseconds()
	return nil
}

// fail closes a step as failed or cancelled, and puts right what was set aside
// for it: unless a later try has taken over, whose they are then. It is done even
// when the run was stopped; the activity's own error counts more than a failure
// to record it.
func (s steps) fail(ctx context.Context, ref StepRef, step *models.QuestionStep, cause error, also func(*store.Store) error) {
	step.Status, step.ErrorCode, step.ErrorText = models.StepFailed, models.ErrorCode(cause), models.ErrorMessage(cause)
	if retryable[step.ErrorCode] {
		step.ErrorText += " It is tried again on its own."
	}
	if ctx.Err() != nil {
		step.Status, step.ErrorCode, step.ErrorText = models.StepCancelled, "", ""
	}
	if err := s.close(ctx, ref, step, also); err != nil {
		activity.GetLogger(ctx).Warn("step not closed", "step", step.ID, "error", err)
	}
}

// close records the status that a step carries, together with what follows from it.
func (s steps) close(ctx context.Context, ref StepRef, step *models.QuestionStep, also func(*store.Store) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	step.Ms = time.Since(step.StartedAt).Milliseconds()
	err := s.store.Together(ctx, ref.Scope, func(tx *store.Store) error {
		if err := tx.HoldQuestion(ctx, ref.Scope, ref.QuestionID); err != nil {
			return err
		}
		closed, err := tx.FinishStep(ctx, ref.Scope, step)
		if err != nil || !closed || also == nil {
			return err
		}
		return also(tx)
	})
	if err == nil {
		s.publish(ctx, step)
	}
	return err
}

func (s steps) publish(ctx context.Context, step *models.QuestionStep) {
	publishAll(ctx, s.events, step.QuestionID, stepNews(step))
}

func stepNews(step *models.QuestionStep) realtime.News {
	return realtime.News{Type: "step", Data: stepEvent{Run: step.Run, Kind: step.Kind, Attempt: step.Attempt,
		Status: step.Status, Summary: step.Summary, Error: step.ErrorText, Ms: step.Ms, Tries: step.Tries}}
}

// digest identifies a step's input in the trace.
func digest(input any) string {
	raw, err := json.Marshal(input)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

const (
	// How often the server hears of an attempt, and so how soon Stop reaches it:
	// the longer an attempt has lasted, the more seldom, because each message is
	// a write of the server's and many wait for slow models at the same time.
	beatFirst, beatLast = 300 * time.Millisecond, 1500 * time.Millisecond
	// beatLimit bounds one message.
	beatLimit = 3 * time.Second
)

// heartbeat tells the server that the attempt lives until stop is called. The
// returned context ends when the run is stopped or the server has given the step
// to another attempt. It does not end when the server does not answer, as that
// of the SDK's own heartbeats does after a second: what a model or a database
// works on is finished and stored meanwhile, not paid for again.
func heartbeat(ctx context.Context, server client.Client) (work context.Context, stop func()) {
	return heartbeatWith(ctx, server, func() any { return nil })
}

// heartbeatWith is heartbeat with details of how far the attempt is.
func heartbeatWith(ctx context.Context, server client.Client, details func() any) (work context.Context, stop func()) {
	work, cancel := context.WithCancel(ctx)
	if server == nil {
		return work, cancel
	}
	token, done := activity.GetInfo(ctx).TaskToken, make(chan struct{})
	go func() {
		defer close(done)
		for wait := beatFirst; ; wait = min(wait+wait/4, beatLast) {
			select {
			case <-work.Done():
				return
			case <-time.After(wait):
			}
			if ended(beat(work, server, token, details())) {
				activity.RecordHeartbeat(ctx) // the SDK hears it too, and says that we stopped, not that we failed
				cancel()
			}
		}
	}()
	return work, func() { cancel(); <-done }
}

func beat(ctx context.Context, server client.Client, token []byte, details any) error {
	ctx, cancel := context.WithTimeout(ctx, beatLimit)
	defer cancel()
	if details == nil {
		return server.RecordActivityHeartbeat(ctx, token)
	}
	return server.RecordActivityHeartbeat(ctx, token, details)
}

// ended tells an attempt that is to end from a server that does not answer.
func ended(err error) bool {
	var lost *serviceerror.NotFound
	return temporal.IsCanceledError(err) || errors.As(err, &lost) || errors.Is(err, activity.ErrActivityPaused) || errors.Is(err, activity.ErrActivityReset)
}

package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// steps records steps in the store and makes them live.
type steps struct {
	store  *store.Store
	events *realtime.Hub
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

// begin opens a step. When it is done already its output is read into out and
// done is true: what was paid for or ran is not done twice.
func (s steps) begin(ctx context.Context, ref StepRef, kind models.StepKind, input, out any) (step *models.QuestionStep, done bool, err error) {
	key := store.StepKey{QuestionID: ref.QuestionID, Run: ref.Run, Kind: kind, Attempt: ref.Attempt}
	step, done, err = s.store.BeginStep(ctx, ref.Scope, key, digest(input))
	if err != nil {
		return nil, false, err
	}
	if done && step.Status == models.StepDone {
		if err := json.Unmarshal(step.Output, out); err != nil {
			return nil, false, fmt.Errorf("read the output of step %s: %w", step.ID, err)
		}
		return step, true, nil
	}
	s.publish(ctx, step)
	return step, false, nil
}

// finish closes a step as done with its output.
func (s steps) finish(ctx context.Context, ref StepRef, step *models.QuestionStep, summary string, output any) error {
	if err := done(step, summary, output); err != nil {
		return err
	}
	return s.close(ctx, ref, step)
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

// fail closes a step as failed or cancelled; the activity's own error counts
// more than a failure to record it.
func (s steps) fail(ctx context.Context, ref StepRef, step *models.QuestionStep, cause error) {
	step.Status, step.ErrorCode, step.ErrorText = models.StepFailed, models.ErrorCode(cause), models.ErrorMessage(cause)
	if ctx.Err() != nil {
		step.Status, step.ErrorCode, step.ErrorText = models.StepCancelled, "", ""
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := s.close(ctx, ref, step); err != nil {
		activity.GetLogger(ctx).Warn("step not closed", "step", step.ID, "error", err)
	}
}

func (s steps) close(ctx context.Context, ref StepRef, step *models.QuestionStep) error {
	step.Ms = time.Since(step.StartedAt).Milliseconds()
	if err := s.store.FinishStep(ctx, ref.Scope, step); err != nil {
		return err
	}
	s.publish(ctx, step)
	return nil
}

func (s steps) publish(ctx context.Context, step *models.QuestionStep) {
	publish(ctx, s.events, step.QuestionID, "step", stepEvent{Run: step.Run, Kind: step.Kind, Attempt: step.Attempt,
		Status: step.Status, Summary: step.Summary, Error: step.ErrorText, Ms: step.Ms, Tries: step.Tries})
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

// heartbeat tells the server that the activity lives, with details for the
// retry after a crash, until the returned stop is called. Cancellation comes
// back this way.
func heartbeat(ctx context.Context, details func() any) (stop func()) {
	quit := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(300 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx, details())
			}
		}
	}()
	return func() { close(quit); <-done }
}

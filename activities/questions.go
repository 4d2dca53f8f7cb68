package activities

import (
	"context"
	"log/slog"
	"time"

	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Questions keeps the books of a run: short calls on the platform's own
// database, run as local activities on the ask queue.
type Questions struct {
	Store      *store.Store
	Events     *realtime.Hub
	CatalogTTL time.Duration
}

// BeginQuestion marks the question as running and finds a fresh catalog.
func (a *Questions) BeginQuestion(ctx context.Context, in BeginInput) (found BeginResult, err error) {
	var q *models.Question
	err = a.Store.Together(ctx, in.Scope, func(tx *store.Store) (err error) {
		if q, err = tx.MarkRunning(ctx, in.Scope, in.QuestionID, in.Run, in.RunID, in.Planner); err != nil {
			return err
		}
		snapshot, err := tx.LatestSnapshot(ctx, in.Scope, in.ConnectionID)
		if models.ErrorCode(err) == models.CodeNotFound {
			return nil
		}
		if err == nil && time.Since(snapshot.TakenAt) <= a.CatalogTTL {
			found.SnapshotID = snapshot.ID
		}
		return err
	})
	switch {
	case err != nil:
		return BeginResult{}, toTemporal(ctx, err)
	case q.Status.Final():
		return BeginResult{Ended: q.Status}, nil
	case q.Run != in.Run: // a later run has taken over
		return BeginResult{Ended: models.StatusCancelled}, nil
	}
	publish(ctx, a.Events, in.QuestionID, "status", statusEvent{Status: q.Status, Run: in.Run, Planner: in.Planner})
	return found, nil
}

// AskPerson records that the run waits for a person, or goes on again.
func (a *Questions) AskPerson(ctx context.Context, in WaitInput) error {
	var prompt *models.Prompt
	if in.Status != models.StatusRunning {
		prompt = &in.Prompt
	}
	if err := a.Store.SetWaiting(ctx, in.Scope, in.QuestionID, in.Run, in.Status, prompt); err != nil {
		return toTemporal(ctx, err)
	}
	publish(ctx, a.Events, in.QuestionID, "status", statusEvent{Status: in.Status, Run: in.Run, Prompt: prompt})
	return nil
}

// FinishQuestion records the end: status, error and time. Steps that are
// still open are closed, reservations released.
func (a *Questions) FinishQuestion(ctx context.Context, in FinishInput) (FinishResult, error) {
	end, err := a.Store.Finish(ctx, in.Scope, in.QuestionID, in.Run, store.Ending{Status: in.Status,
		ErrorCode: in.ErrorCode, ErrorText: in.ErrorText, ActiveMs: in.ActiveMs})
	if err != nil {
		return FinishResult{}, toTemporal(ctx, err)
	}
	return finished(ctx, a.Events, in.StepRef, end), nil
}

// finished makes an ending live.
func finished(ctx context.Context, events *realtime.Hub, ref StepRef, end store.Ending) FinishResult {
	publish(ctx, events, ref.QuestionID, "status", statusEvent{Status: end.Status, Run: ref.Run, ErrorCode: end.ErrorCode, Error: end.ErrorText})
	publish(ctx, events, ref.QuestionID, "end", statusEvent{Status: end.Status, Run: ref.Run})
	return FinishResult{Status: end.Status, ErrorCode: end.ErrorCode, ActiveMs: end.ActiveMs, Earlier: end.Earlier}
}

type statusEvent struct {
	Status    models.QuestionStatus `json:"status"`
	Run       int                   `json:"run"`
	Planner   string                `json:"planner,omitempty"`
	Prompt    *models.Prompt        `json:"prompt,omitempty"`
	ErrorCode models.Code           `json:"error_code,omitempty"`
	Error     string                `json:"error,omitempty"`
}

// publish makes an event live. The row is the truth: a Redis that is down
// costs the live view, never the answer.
func publish(ctx context.Context, events *realtime.Hub, questionID, kind string, data any) (live bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := events.Publish(ctx, questionID, kind, data); err != nil {
		slog.WarnContext(ctx, "event not published", "question", questionID, "type", kind, "error", err)
		return false
	}
	return true
}

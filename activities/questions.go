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
func (a *Questions) BeginQuestion(ctx context.Context, in BeginInput) (BeginResult, error) {
	q, err := a.Store.MarkRunning(ctx, in.Scope, in.QuestionID, in.Run, in.RunID, in.Planner)
	if err != nil {
		return BeginResult{}, toTemporal(ctx, err)
	}
	if q.Status.Final() {
		return BeginResult{Ended: q.Status}, nil
	}
	if q.Run != in.Run { // a later run has taken over
		return BeginResult{Ended: models.StatusCancelled}, nil
	}
	publish(ctx, a.Events, in.QuestionID, "status", statusEvent{Status: q.Status, Run: in.Run, Planner: in.Planner})
	snapshot, err := a.Store.LatestSnapshot(ctx, in.Scope, in.ConnectionID)
	switch {
	case models.ErrorCode(err) == models.CodeNotFound:
		return BeginResult{}, nil
	case err != nil:
		return BeginResult{}, toTemporal(ctx, err)
	case time.Since(snapshot.TakenAt) > a.CatalogTTL:
		return BeginResult{}, nil
	}
	return BeginResult{SnapshotID: snapshot.ID}, nil
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
func (a *Questions) FinishQuestion(ctx context.Context, in FinishInput) error {
	err := a.Store.Finish(ctx, in.Scope, in.QuestionID, in.Run, store.Ending{Status: in.Status,
		ErrorCode: in.ErrorCode, ErrorText: in.ErrorText, ActiveMs: in.ActiveMs})
	if err != nil {
		return toTemporal(ctx, err)
	}
	publish(ctx, a.Events, in.QuestionID, "status", statusEvent{Status: in.Status, Run: in.Run, ErrorCode: in.ErrorCode, Error: in.ErrorText})
	publish(ctx, a.Events, in.QuestionID, "end", statusEvent{Status: in.Status, Run: in.Run})
	return nil
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

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

// BeginQuestion begins the runs that do not begin with their first step.
func (a *Questions) BeginQuestion(ctx context.Context, in BeginInput) (found BeginResult, err error) {
	err = a.Store.Together(ctx, in.Scope, func(tx *store.Store) (err error) {
		found, err = begin(ctx, tx, in, a.CatalogTTL)
		return err
	})
	if err == nil && found.Ended == "" {
		publishBegun(ctx, a.Events, in)
	}
	return found, toTemporal(ctx, err)
}

// begin marks the question as running and finds a fresh catalog.
func begin(ctx context.Context, tx *store.Store, in BeginInput, catalogTTL time.Duration) (found BeginResult, err error) {
	q, err := tx.MarkRunning(ctx, in.Scope, in.QuestionID, in.Run, in.RunID, in.Planner)
	switch {
	case err != nil:
		return found, err
	case q.Status.Final():
		return BeginResult{Ended: q.Status}, nil
	case q.Run != in.Run: // a later run has taken over
		return BeginResult{Ended: models.StatusCancelled}, nil
	}
	snapshot, err := tx.LatestSnapshot(ctx, in.Scope, in.ConnectionID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return found, nil
	}
	if err == nil && time.Since(snapshot.TakenAt) <= catalogTTL {
		found.SnapshotID = snapshot.ID
	}
	return found, err
}

func publishBegun(ctx context.Context, events *realtime.Hub, in BeginInput) {
	publish(ctx, events, in.QuestionID, "status", statusEvent{Status: models.StatusRunning, Run: in.Run, Planner: in.Planner})
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
	publishAll(ctx, a.Events, in.QuestionID, endNews(in.StepRef, end)...)
	return finished(end), nil
}

// endNews are the events of an ending.
func endNews(ref StepRef, end store.Ending) []realtime.News {
	return []realtime.News{{Type: "status", Data: statusEvent{Status: end.Status, Run: ref.Run, ErrorCode: end.ErrorCode, Error: end.ErrorText}},
		{Type: "end", Data: statusEvent{Status: end.Status, Run: ref.Run}}}
}

func finished(end store.Ending) FinishResult {
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
	return publishAll(ctx, events, questionID, realtime.News{Type: kind, Data: data})
}

func publishAll(ctx context.Context, events *realtime.Hub, questionID string, all ...realtime.News) (live bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := events.PublishAll(ctx, questionID, all...); err != nil {
		slog.WarnContext(ctx, "events not published", "question", questionID, "first", all[0].Type, "error", err)
		return false
	}
	return true
}

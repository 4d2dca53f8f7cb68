package api

import (
	"context"
	"log/slog"
	"strings"

	"github.com/datamind/datamind/models"
)

// stopQuestion ends a question that has not started in the store, so that it
// never starts, and cancels one that has.
func (s *Server) stopQuestion(ctx context.Context, in *IDParam) (*questionOut, error) {
	scope := scopeOf(ctx)
	q, err := s.deps.Store.GetQuestion(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if q.Status.Final() {
		return &questionOut{Body: questionView(q, nil)}, nil
	}
	if q.Status == models.StatusQueued {
		if q, err = s.cancelQueued(ctx, scope, q.ID); err != nil {
			return nil, err
		}
	}
	if err := s.deps.Runs.Stop(ctx, q.ID); err != nil && !q.Status.Final() {
		return nil, unavailable(err, "The run could not be reached to stop it. Try again in a moment.")
	}
	s.audit(ctx, "question.stop", q.ID, nil)
	return &questionOut{Body: questionView(q, nil)}, nil
}

// cancelQueued ends a question whose run has not begun. A start that comes
// later finds the question ended and does nothing.
func (s *Server) cancelQueued(ctx context.Context, scope models.Scope, id string) (*models.Question, error) {
	q, err := s.deps.Store.CancelQueued(ctx, scope, id)
	if err != nil || q.Status != models.StatusCancelled {
		return q, err
	}
	state := map[string]any{"status": q.Status, "run": q.Run}
	for _, kind := range []string{"status", "end"} {
		if err := s.deps.Hub.Publish(ctx, id, kind, state); err != nil {
			s.log(ctx).Warn("publish event", slog.String("question_id", id), slog.Any("error", err))
		}
	}
	return q, nil
}

func (s *Server) clarifyQuestion(ctx context.Context, in *clarifyIn) (*questionOut, error) {
	reply := strings.TrimSpace(in.Body.Reply)
	if reply == "" {
		return nil, invalidField("body.reply", "must not be blank")
	}
	key := in.IdempotencyKey
	if key == "" {
		key = requestFrom(ctx).ID
	}
	return s.decide(ctx, in.ID, models.StatusClarify, func(id string) error {
		return s.deps.Runs.Clarify(ctx, id, reply, key)
	})
}

func (s *Server) approveQuestion(ctx context.Context, in *approveIn) (*questionOut, error) {
	out, err := s.decide(ctx, in.ID, models.StatusApprove, func(id string) error {
		return s.deps.Runs.Approve(ctx, id, in.Body.Yes)
	})
	if err == nil {
		s.audit(ctx, "question.approve", in.ID, map[string]any{"yes": in.Body.Yes})
	}
	return out, err
}

// decide passes a person's decision to a run that waits for it.
func (s *Server) decide(ctx context.Context, id string, waiting models.QuestionStatus, send func(string) error) (*questionOut, error) {
	scope := scopeOf(ctx)
	q, err := s.deps.Store.GetQuestion(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	if q.Status != waiting {
		return nil, models.Errorf(codeNotWaiting, "This question is not waiting for that: it is %s.", q.Status)
	}
	if err := send(q.ID); err != nil {
		return nil, unavailable(err, "The run could not be reached. Try again in a moment.")
	}
	if q, err = s.deps.Store.GetQuestion(ctx, scope, id); err != nil {
		return nil, err
	}
	return &questionOut{Body: questionView(q, nil)}, nil
}

// editQuestionSQL gives a question SQL that a person wrote. A run that waits
// for that person takes it over; a question that has ended gets a new run.
func (s *Server) editQuestionSQL(ctx context.Context, in *editSQLIn) (*questionOut, error) {
	sql := strings.TrimSpace(in.Body.SQL)
	if sql == "" {
		return nil, invalidField("body.sql", "must not be blank")
	}
	scope := scopeOf(ctx)
	q, err := s.deps.Store.GetQuestion(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if key := in.IdempotencyKey; key != "" && key == q.EditKey {
		if q.SQL != sql {
			return nil, errReusedEditKey
		}
		return &questionOut{Body: questionView(q, nil)}, nil
	}
	if q.Status == models.StatusQueued || q.Status == models.StatusRunning {
		return nil, models.Errorf(codeNotFinished, "This question is still %s. Stop it or wait, then edit its SQL.", q.Status)
	}
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	if err := s.startEdit(ctx, scope, q, sql, in.IdempotencyKey); err != nil {
		return nil, unavailable(err, "The run could not be started. Try again in a moment.")
	}
	s.audit(ctx, "question.edit_sql", q.ID, nil)
	if q, err = s.deps.Store.GetQuestion(ctx, scope, in.ID); err != nil {
		return nil, err
	}
	return &questionOut{Body: questionView(q, nil)}, nil
}

var errReusedEditKey = models.Errorf(codeReusedKey, "This Idempotency-Key was used for other SQL. Send a new one.")

// startEdit looks first whether Temporal answers: a new run clears the old
// answer. A start that fails all the same is not the caller's problem: the row
// is queued and the relay starts it.
func (s *Server) startEdit(ctx context.Context, scope models.Scope, q *models.Question, sql, key string) error {
	if !q.Status.Final() {
		if err := s.deps.Runs.EditSQL(ctx, q.ID, sql, key); err != nil {
			return err
		}
		return s.deps.Store.SetEdit(ctx, scope, q.ID, q.Run, sql, key)
	}
	if err := s.deps.Runs.Ready(ctx); err != nil {
		return err
	}
	q, raised, err := s.deps.Store.StartRun(ctx, scope, q.ID, sql, key)
	if err != nil {
		return err
	}
	if !raised { // the same request a moment earlier won
		if q.SQL != sql {
			return errReusedEditKey
		}
		return nil
	}
	if err := s.deps.Runs.StartAsk(ctx, scope, q); err != nil {
		s.log(ctx).Warn("start run; it stays queued", slog.String("question_id", q.ID), slog.Any("error", err))
	}
	return nil
}

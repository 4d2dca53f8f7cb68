package api

import (
	"context"
	"net/http"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// StepDetail is all that a step saw and produced.
type StepDetail struct {
	Step
	SQL   string             `json:"sql,omitempty" doc:"The SQL that was checked or run"`
	Calls []models.ModelCall `json:"calls" doc:"The last calls of a model, retries included; empty for steps that make none"`
}

type stepIn struct {
	IDParam
	Run     int             `path:"run" minimum:"1" maximum:"100000" doc:"Run of the question"`
	Kind    models.StepKind `path:"kind" enum:"discover,plan,guard,query,analyse" doc:"Kind of the step"`
	Attempt int             `path:"attempt" minimum:"1" maximum:"1000" doc:"Attempt of the step within the run"`
}

type stepOut struct{ Body StepDetail }

func (s *Server) stepRoutes() {
	register(s, operation(http.MethodGet, "/questions/{id}/steps/{run}/{kind}/{attempt}", "inspect-step",
		"All that a step saw and produced: prompt, reply, SQL, errors", 200), auth.InspectSteps, s.inspectStep)
}

func (s *Server) inspectStep(ctx context.Context, in *stepIn) (*stepOut, error) {
	scope := scopeOf(ctx)
	q, err := s.deps.Store.ReadQuestion(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := s.deps.Store.GetConnection(ctx, scope, q.ConnectionID); err != nil {
		return nil, err
	}
	step, err := s.deps.Store.GetStep(ctx, scope, store.StepKey{QuestionID: q.ID, Run: in.Run, Kind: in.Kind, Attempt: in.Attempt})
	if err != nil {
		return nil, err
	}
	detail := StepDetail{Step: stepView(step), Calls: []models.ModelCall{}}
	if step.Trace != nil {
		detail.SQL, detail.Calls = step.Trace.SQL, list(step.Trace.Calls)
	}
	s.audit(ctx, "step.inspect", q.ID, map[string]any{"run": in.Run, "kind": in.Kind, "attempt": in.Attempt})
	return &stepOut{Body: detail}, nil
}

package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/models"
)

// Feedback is what the caller said of an answer.
type Feedback struct {
	Vote    models.Vote `json:"vote" enum:"up,down"`
	Comment string      `json:"comment"`
	At      time.Time   `json:"at"`
}

type feedbackIn struct {
	IDParam
	Body struct {
		Vote    models.Vote `json:"vote" enum:"up,down" doc:"up proposes the question as a verified one"`
		Comment string      `json:"comment,omitempty" maxLength:"2000" doc:"What was wrong, or right; asking again with corrects passes it on"`
	}
}

type feedbackOut struct{ Body Feedback }

func (s *Server) feedbackRoutes() {
	register(s, operation(http.MethodPost, "/questions/{id}/feedback", "give-feedback",
		"Say what you think of an answer; said again, it takes the place of what you said before", 200),
		auth.GiveFeedback, s.giveFeedback)
}

func (s *Server) giveFeedback(ctx context.Context, in *feedbackIn) (*feedbackOut, error) {
	scope := scopeOf(ctx)
	q, err := s.deps.Store.ReadQuestion(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if !q.Status.Final() {
		return nil, models.Errorf(codeNotFinished, "This question is still %s. Wait for its end, then say what you think of it.", q.Status)
	}
	f := &models.Feedback{QuestionID: q.ID, Vote: in.Body.Vote, Comment: strings.TrimSpace(in.Body.Comment)}
	if err := s.deps.Store.SetFeedback(ctx, scope, f); err != nil {
		return nil, err
	}
	if f.Vote == models.VoteUp {
		err = s.propose(ctx, scope, q)
	} else {
		err = s.deps.Store.TakeBack(ctx, scope, q.ID)
	}
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "question.feedback", q.ID, map[string]any{"vote": f.Vote})
	return &feedbackOut{Body: *feedbackView(f)}, nil
}

// propose offers an answered question for verification, unless it is there
// already, or means something only after the ones before it, or with the values of
// parameters, which nobody gives when it is asked again.
func (s *Server) propose(ctx context.Context, scope models.Scope, q *models.Question) error {
	if q.Status != models.StatusAnswered || q.SQL == "" || len(q.Arguments) > 0 || planner.IsFollowUp(q.Text) {
		return nil
	}
	err := s.deps.Store.CreateVerified(ctx, scope, verifiedFrom(q))
	if models.ErrorCode(err) == models.CodeConflict {
		return nil
	}
	return err
}

// verifiedFrom is the proposal that a question makes.
func verifiedFrom(q *models.Question) *models.VerifiedQuestion {
	v := &models.VerifiedQuestion{ConnectionID: q.ConnectionID, QuestionID: &q.ID, Question: q.Text, SQL: q.SQL}
	if q.Understanding != models.EditedUnderstanding {
		v.Understanding = q.Understanding
	}
	return v
}

func feedbackView(f *models.Feedback) *Feedback {
	if f == nil {
		return nil
	}
	return &Feedback{Vote: f.Vote, Comment: f.Comment, At: f.UpdatedAt}
}

// correcting checks that a question may be asked again because of another's
// answer: one of the same conversation, of which the caller said what was wrong.
func (s *Server) correcting(ctx context.Context, scope models.Scope, conversation *models.Conversation, id string) (*string, error) {
	if id == "" {
		return nil, nil
	}
	wrong, err := s.deps.Store.GetQuestion(ctx, scope, canonical(id))
	if err != nil {
		return nil, err
	}
	if wrong.ConversationID != conversation.ID {
		return nil, invalidField("body.corrects", "must be a question of this conversation")
	}
	said, err := s.deps.Store.GetFeedback(ctx, scope, wrong.ID)
	if err != nil {
		return nil, err
	}
	if said == nil || said.Vote != models.VoteDown {
		return nil, models.Errorf(models.CodeConflict, "Say first what was wrong with that answer: send feedback with the vote down and a comment.")
	}
	return &wrong.ID, nil
}

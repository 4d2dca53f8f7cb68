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

// VerifiedQuestion is a question with SQL that answers it when it is asked again.
type VerifiedQuestion struct {
	ID             string                `json:"id" format:"uuid"`
	ConnectionID   string                `json:"connection_id" format:"uuid"`
	QuestionID     string                `json:"question_id,omitempty" doc:"The question that it came from"`
	Question       string                `json:"question"`
	SQL            string                `json:"sql"`
	Understanding  string                `json:"understanding,omitempty"`
	Status         models.VerifiedStatus `json:"status" enum:"proposed,verified"`
	ProposedBy     string                `json:"proposed_by" format:"uuid"`
	VerifiedBy     string                `json:"verified_by,omitempty"`
	VerifiedByName string                `json:"verified_by_name,omitempty"`
	VerifiedAt     *time.Time            `json:"verified_at,omitempty"`
	CreatedAt      time.Time             `json:"created_at"`
	UpdatedAt      time.Time             `json:"updated_at"`
}

func verifiedView(v *models.VerifiedQuestion) VerifiedQuestion {
	view := VerifiedQuestion{ID: v.ID, ConnectionID: v.ConnectionID, Question: v.Question, SQL: v.SQL, Understanding: v.Understanding, Status: v.Status,
		ProposedBy: v.ProposedBy, VerifiedByName: v.VerifiedByName, VerifiedAt: v.VerifiedAt, CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt}
	view.QuestionID = orEmpty(v.QuestionID)
	if v.VerifiedBy != nil {
		view.VerifiedBy = *v.VerifiedBy
	}
	return view
}

type (
	verifiedOut    struct{ Body VerifiedQuestion }
	verifiedListIn struct {
		PageParams
		ConnectionID string                `query:"connection_id" maxLength:"36" doc:"Of this connection only"`
		Status       models.VerifiedStatus `query:"status" enum:"proposed,verified" doc:"Of this status only"`
	}
	verifiedCreateIn struct {
		Body struct {
			QuestionID string `json:"question_id" format:"uuid" maxLength:"36" doc:"An answered question; its SQL is what is proposed"`
			Question   string `json:"question,omitempty" maxLength:"2000" doc:"Other words for it, such as a follow-up's in full"`
			SQL        string `json:"sql,omitempty" maxLength:"20000" doc:"Other SQL than the answer's"`
		}
	}
	verifyIn struct {
		IDParam
		Seen time.Time `query:"seen" doc:"updated_at of what you looked at: where somebody has changed it since, it is not verified"`
	}
	verifiedPatchIn struct {
		IDParam
		Body struct {
			Question string `json:"question,omitempty" maxLength:"2000"`
			SQL      string `json:"sql,omitempty" maxLength:"20000"`
		}
	}
)

func (s *Server) verifiedRoutes() {
	register(s, operation(http.MethodGet, "/verified-questions", "list-verified-questions", "Verified and proposed questions, newest first", 200),
		auth.ReadQuestions, s.listVerified)
	register(s, operation(http.MethodPost, "/verified-questions", "propose-verified-question", "Propose an answered question for verification", 201),
		auth.VerifyQuestions, s.createVerified)
	register(s, operation(http.MethodGet, "/verified-questions/{id}", "get-verified-question", "One verified or proposed question", 200),
		auth.ReadQuestions, s.getVerified)
	register(s, operation(http.MethodPatch, "/verified-questions/{id}", "edit-verified-question", "Change its text or SQL; it must then be verified again", 200),
		auth.VerifyQuestions, s.editVerified)
	register(s, operation(http.MethodDelete, "/verified-questions/{id}", "delete-verified-question", "Delete it; answers keep their badge", 204),
		auth.VerifyQuestions, s.deleteVerified)
	register(s, slow(operation(http.MethodPost, "/verified-questions/{id}/verify", "verify-question",
		"Stand for its SQL, which is checked first: the same question is then answered with it", 200), 40*time.Second),
		auth.VerifyQuestions, s.verifyQuestion)
}

func (s *Server) listVerified(ctx context.Context, in *verifiedListIn) (*pageOut[VerifiedQuestion], error) {
	rows, next, err := s.deps.Store.ListVerified(ctx, scopeOf(ctx), canonical(in.ConnectionID), in.Status, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, verifiedView), next), nil
}

func (s *Server) createVerified(ctx context.Context, in *verifiedCreateIn) (*verifiedOut, error) {
	scope := scopeOf(ctx)
	q, err := s.deps.Store.ReadQuestion(ctx, scope, canonical(in.Body.QuestionID))
	if err != nil {
		return nil, err
	}
	if q.Status != models.StatusAnswered || q.SQL == "" {
		return nil, models.Errorf(models.CodeConflict, "Only an answered question with SQL can be proposed; this one is %s.", q.Status)
	}
	if len(q.Arguments) > 0 && strings.TrimSpace(in.Body.SQL) == "" {
		return nil, invalidField("body.sql", "is needed: the answer's SQL has parameters, and nobody gives their values when the question is asked again")
	}
	v := verifiedFrom(q)
	if sql := strings.TrimSpace(in.Body.SQL); sql != "" && sql != v.SQL {
		v.SQL, v.Understanding = sql, ""
	}
	if text := strings.TrimSpace(in.Body.Question); text != "" {
		v.Question = text
	}
	if err := s.deps.Store.CreateVerified(ctx, scope, v); err != nil {
		return nil, err
	}
	s.audit(ctx, "verified_question.propose", v.ID, nil)
	return &verifiedOut{Body: verifiedView(v)}, nil
}

func (s *Server) getVerified(ctx context.Context, in *IDParam) (*verifiedOut, error) {
	v, err := s.deps.Store.GetVerified(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &verifiedOut{Body: verifiedView(v)}, nil
}

func (s *Server) editVerified(ctx context.Context, in *verifiedPatchIn) (*verifiedOut, error) {
	question, sql := strings.TrimSpace(in.Body.Question), strings.TrimSpace(in.Body.SQL)
	if question == "" && sql == "" {
		return nil, models.Errorf(models.CodeInvalid, "Say what to change: question or sql.")
	}
	v, err := s.deps.Store.EditVerified(ctx, scopeOf(ctx), in.ID, question, sql)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "verified_question.edit", v.ID, nil)
	return &verifiedOut{Body: verifiedView(v)}, nil
}

func (s *Server) deleteVerified(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.DeleteVerified(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "verified_question.delete", in.ID, nil)
	return nil, nil
}

// verifyQuestion has the guard check the SQL first. It is checked again, with
// the rights of whoever asks, at every run.
func (s *Server) verifyQuestion(ctx context.Context, in *verifyIn) (*verifiedOut, error) {
	scope := scopeOf(ctx)
	v, err := s.deps.Store.GetVerified(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := s.deps.Store.GetConnection(ctx, scope, v.ConnectionID); err != nil {
		return nil, err
	}
	if !in.Seen.IsZero() && !in.Seen.Truncate(time.Microsecond).Equal(v.UpdatedAt.Truncate(time.Microsecond)) { // PostgreSQL keeps microseconds
		return nil, models.Errorf(models.CodeConflict, "Somebody has changed this question since you looked at it. Look at it again, then verify it.")
	}
	if planner.Stale(v.Question, v.SQL, time.Now()) {
		return nil, models.Errorf(models.CodeInvalid, "The question names a period that moves on, but the SQL has fixed dates: it would soon answer something else. "+
			"Use CURRENT_DATE in the SQL, or name the period by its date in the question.")
	}
	if err := s.deps.Runs.CheckSQL(ctx, scope, v.ConnectionID, v.SQL); err != nil {
		return nil, unavailable(err, "The SQL cannot be checked now. Try again in a moment.")
	}
	if v, err = s.deps.Store.MarkVerified(ctx, scope, v); err != nil {
		return nil, err
	}
	s.audit(ctx, "verified_question.verify", v.ID, nil)
	return &verifiedOut{Body: verifiedView(v)}, nil
}

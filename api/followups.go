package api

import (
	"context"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/models"
)

// How much of a conversation and of a result follow-ups are made from.
const (
	followHistory = 6
	followRows    = 500
)

type followUpsOut struct {
	Body struct {
		Questions []planner.Next `json:"questions" doc:"At most three; each is whole and can be asked as it is"`
	}
}

func (s *Server) followUpRoutes() {
	register(s, operation(http.MethodGet, "/questions/{id}/follow-ups", "get-follow-ups", "Questions that follow from an answer", 200),
		auth.ReadQuestions, s.getFollowUps)
}

// getFollowUps makes questions of the catalog and the answer, by rules. A
// question without an answer, or whose database is being read, has none.
func (s *Server) getFollowUps(ctx context.Context, in *IDParam) (*followUpsOut, error) {
	scope := scopeOf(ctx)
	out := &followUpsOut{}
	out.Body.Questions = []planner.Next{}
	q, err := s.deps.Store.ReadQuestion(ctx, scope, in.ID)
	if err != nil || q.Status != models.StatusAnswered {
		return out, err
	}
	cat, err := s.deps.Store.LatestCatalog(ctx, scope, q.ConnectionID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	answered := planner.Answered{Question: q.Text, SQL: q.SQL, Now: time.Now()}
	if answered.History, err = s.deps.Store.History(ctx, scope, q.ConversationID, q.ID, followHistory); err != nil {
		return nil, err
	}
	if q.ResultID != nil {
		if answered.Rows, _, err = s.deps.Store.GetResultPage(ctx, scope, q.ID, 0, followRows); err != nil {
			return nil, err
		}
	}
	out.Body.Questions = list(planner.FollowUps(cat, answered))
	return out, nil
}

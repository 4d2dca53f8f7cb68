package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Conversation is a thread of questions about one connection.
type Conversation struct {
	ID           string    `json:"id" format:"uuid"`
	UserID       string    `json:"user_id" format:"uuid"`
	ConnectionID string    `json:"connection_id" format:"uuid"`
	Title        string    `json:"title"`
	Shared       bool      `json:"shared" doc:"All members of the organisation may read it; only its owner asks in it"`
	Archived     bool      `json:"archived"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	// Match is set in answers to a search.
	Match *ConversationMatch `json:"match,omitempty" doc:"The question that fits a search best; absent where the title does"`
}

// ConversationMatch is a question that a search found.
type ConversationMatch struct {
	QuestionID string `json:"question_id" format:"uuid"`
	Question   string `json:"question"`
}

func conversationView(c *models.Conversation) Conversation {
	return Conversation{ID: c.ID, UserID: c.UserID, ConnectionID: c.ConnectionID, Title: c.Title,
		Shared: c.Shared, Archived: c.ArchivedAt != nil, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
}

type conversationOut struct{ Body Conversation }

type conversationCreateIn struct {
	Body struct {
		ConnectionID string `json:"connection_id" format:"uuid" maxLength:"36"`
		Title        string `json:"title,omitempty" maxLength:"200"`
	}
}

type conversationsIn struct {
	PageParams
	Query    string `query:"q" maxLength:"200" doc:"Each word occurs in the title or in a question, whole or as a part of a word"`
	Shared   bool   `query:"shared" doc:"Those shared with the organisation, by anybody, instead of your own"`
	Archived bool   `query:"archived" doc:"Those put away instead of the others"`
}

type conversationPatchIn struct {
	IDParam
	Body struct {
		Title    *string `json:"title,omitempty" minLength:"1" maxLength:"200"`
		Archived *bool   `json:"archived,omitempty" doc:"Put away, or back"`
		Shared   *bool   `json:"shared,omitempty" doc:"Let all members of the organisation read it, with its answers and rows"`
	}
}

type conversationQuestionsIn struct {
	IDParam
	PageParams
}

func (s *Server) conversationRoutes() {
	register(s, operation(http.MethodGet, "/conversations", "list-conversations", "Your conversations, or the shared ones, latest first", 200),
		auth.ReadQuestions, s.listConversations)
	register(s, operation(http.MethodPost, "/conversations", "create-conversation", "Start a conversation", 201),
		auth.Ask, s.createConversation)
	register(s, operation(http.MethodGet, "/conversations/{id}", "get-conversation", "One conversation", 200),
		auth.ReadQuestions, s.getConversation)
	register(s, operation(http.MethodPatch, "/conversations/{id}", "update-conversation", "Rename, archive or share a conversation", 200),
		auth.Ask, s.updateConversation)
	register(s, operation(http.MethodDelete, "/conversations/{id}", "delete-conversation",
		"Delete a conversation with its questions; open runs are stopped", 204),
		auth.Ask, s.deleteConversation)
	register(s, operation(http.MethodGet, "/conversations/{id}/questions", "list-questions",
		"A conversation's questions, oldest first, without steps", 200),
		auth.ReadQuestions, s.listQuestions)
}

func (s *Server) listConversations(ctx context.Context, in *conversationsIn) (*pageOut[Conversation], error) {
	scope := scopeOf(ctx)
	rows, next, err := s.deps.Store.ListConversations(ctx, scope,
		store.ConversationFilter{Query: in.Query, Shared: in.Shared, Archived: in.Archived}, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	found, err := s.deps.Store.MatchingQuestions(ctx, scope, in.Query, idsOf(rows))
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(c *models.Conversation) Conversation {
		v := conversationView(c)
		if q, ok := found[c.ID]; ok {
			v.Match = &ConversationMatch{QuestionID: q.ID, Question: q.Text}
		}
		return v
	}), next), nil
}

func idsOf(rows []models.Conversation) (ids []string) {
	for i := range rows {
		ids = append(ids, rows[i].ID)
	}
	return ids
}

func (s *Server) createConversation(ctx context.Context, in *conversationCreateIn) (*conversationOut, error) {
	scope := scopeOf(ctx)
	conn, err := s.deps.Store.GetConnection(ctx, scope, canonical(in.Body.ConnectionID))
	if err != nil {
		return nil, err
	}
	title := strings.TrimSpace(in.Body.Title)
	if title == "" {
		title = "New conversation"
	}
	c := &models.Conversation{ID: uuid.Must(uuid.NewV7()).String(), OrgID: scope.OrgID, UserID: scope.UserID,
		ConnectionID: conn.ID, Title: title}
	if err := s.deps.Store.CreateConversation(ctx, scope, c); err != nil {
		return nil, err
	}
	return &conversationOut{Body: conversationView(c)}, nil
}

func (s *Server) getConversation(ctx context.Context, in *IDParam) (*conversationOut, error) {
	c, err := s.deps.Store.ReadConversation(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &conversationOut{Body: conversationView(c)}, nil
}

func (s *Server) updateConversation(ctx context.Context, in *conversationPatchIn) (*conversationOut, error) {
	change := store.ConversationChange{Title: in.Body.Title, Archived: in.Body.Archived, Shared: in.Body.Shared}
	if change == (store.ConversationChange{}) {
		return nil, models.Errorf(models.CodeInvalid, "Say what to change: title, archived or shared.")
	}
	if change.Title != nil {
		title := strings.TrimSpace(*change.Title)
		if title == "" {
			return nil, models.Errorf(models.CodeInvalid, "A conversation needs a title.")
		}
		change.Title = &title
	}
	c, err := s.deps.Store.UpdateConversation(ctx, scopeOf(ctx), in.ID, change)
	if err != nil {
		return nil, err
	}
	if change.Shared != nil {
		s.audit(ctx, "conversation.share", in.ID, map[string]any{"shared": c.Shared})
	}
	return &conversationOut{Body: conversationView(c)}, nil
}

func (s *Server) deleteConversation(ctx context.Context, in *IDParam) (*empty, error) {
	scope := scopeOf(ctx)
	open, err := s.deps.Store.DeleteConversation(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	s.stopAll(ctx, open)
	s.audit(ctx, "conversation.delete", in.ID, nil)
	return nil, nil
}

// stopAll stops the runs of questions that were deleted; one that cannot be
// reached finds its question gone and ends.
func (s *Server) stopAll(ctx context.Context, questions []string) {
	for _, id := range questions {
		if err := s.deps.Runs.Stop(ctx, id); err != nil {
			s.log(ctx).Warn("stop the run of a deleted question", "question_id", id, "error", err)
		}
	}
}

func (s *Server) listQuestions(ctx context.Context, in *conversationQuestionsIn) (*pageOut[Question], error) {
	rows, next, err := s.deps.Store.ListQuestions(ctx, scopeOf(ctx), in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(q *models.Question) Question { return questionView(q, nil) }), next), nil
}

// views maps stored rows to what clients see.
func views[M, V any](rows []M, view func(*M) V) []V {
	out := make([]V, 0, len(rows))
	for i := range rows {
		out = append(out, view(&rows[i]))
	}
	return out
}

// canonical gives a UUID the one form in which ids are compared.
func canonical(id string) string { return strings.ToLower(id) }

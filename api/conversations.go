package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// Conversation is a thread of questions about one connection.
type Conversation struct {
	ID           string    `json:"id" format:"uuid"`
	UserID       string    `json:"user_id" format:"uuid"`
	ConnectionID string    `json:"connection_id" format:"uuid"`
	Title        string    `json:"title"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

func conversationView(c *models.Conversation) Conversation {
	return Conversation{ID: c.ID, UserID: c.UserID, ConnectionID: c.ConnectionID, Title: c.Title,
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
}

type conversationOut struct{ Body Conversation }

type conversationCreateIn struct {
	Body struct {
		ConnectionID string `json:"connection_id" format:"uuid" maxLength:"36"`
		Title        string `json:"title,omitempty" maxLength:"200"`
	}
}

type conversationPatchIn struct {
	IDParam
	Body struct {
		Title string `json:"title" minLength:"1" maxLength:"200"`
	}
}

type conversationQuestionsIn struct {
	IDParam
	PageParams
}

func (s *Server) conversationRoutes() {
	register(s, operation(http.MethodGet, "/conversations", "list-conversations", "Your conversations, latest first", 200),
		auth.ReadQuestions, s.listConversations)
	register(s, operation(http.MethodPost, "/conversations", "create-conversation", "Start a conversation", 201),
		auth.Ask, s.createConversation)
	register(s, operation(http.MethodGet, "/conversations/{id}", "get-conversation", "One conversation", 200),
		auth.ReadQuestions, s.getConversation)
	register(s, operation(http.MethodPatch, "/conversations/{id}", "rename-conversation", "Rename a conversation", 200),
		auth.Ask, s.renameConversation)
	register(s, operation(http.MethodDelete, "/conversations/{id}", "delete-conversation",
		"Delete a conversation with its questions; open runs are stopped", 204),
		auth.Ask, s.deleteConversation)
	register(s, operation(http.MethodGet, "/conversations/{id}/questions", "list-questions",
		"A conversation's questions, oldest first, without steps", 200),
		auth.ReadQuestions, s.listQuestions)
}

func (s *Server) listConversations(ctx context.Context, in *PageParams) (*pageOut[Conversation], error) {
	rows, next, err := s.deps.Store.ListConversations(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, conversationView), next), nil
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

func (s *Server) renameConversation(ctx context.Context, in *conversationPatchIn) (*conversationOut, error) {
	title := strings.TrimSpace(in.Body.Title)
	if title == "" {
		return nil, models.Errorf(models.CodeInvalid, "A conversation needs a title.")
	}
	c, err := s.deps.Store.RenameConversation(ctx, scopeOf(ctx), in.ID, title)
	if err != nil {
		return nil, err
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

package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

type questionOut struct{ Body Question }

// IdempotencyParam is the client's own name for a request that starts work:
// the same key gives the same question, however often it is sent.
type IdempotencyParam struct {
	IdempotencyKey string `header:"Idempotency-Key" minLength:"8" maxLength:"128" pattern:"^[A-Za-z0-9._:-]+$" doc:"A name of your own for this request; repeats answer the same question"`
}

type askIn struct {
	IdempotencyParam
	Body struct {
		ConnectionID string `json:"connection_id,omitempty" format:"uuid" maxLength:"36" doc:"Default: the sample, or else the first connection"`
		Question     string `json:"question" minLength:"1" maxLength:"2000"`
		ModelParam
	}
}

// ModelParam says which model a question is asked of.
type ModelParam struct {
	Model string `json:"model,omitempty" maxLength:"36" pattern:"^(|builtin|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$" doc:"Id of one of the organisation's models, or builtin for the built-in planner; default: the first that is enabled"`
}

type askInConversation struct {
	IDParam
	IdempotencyParam
	Body struct {
		Question string `json:"question" minLength:"1" maxLength:"2000"`
		ModelParam
		Corrects string `json:"corrects,omitempty" format:"uuid" maxLength:"36" doc:"A question of this conversation whose answer you voted down: its SQL and your comment help to answer this one"`
	}
}

type clarifyIn struct {
	IDParam
	IdempotencyParam
	Body struct {
		Reply string `json:"reply" minLength:"1" maxLength:"2000"`
	}
}

type approveIn struct {
	IDParam
	Body struct {
		Yes bool `json:"yes" doc:"Run the costly query, or not"`
	}
}

type editSQLIn struct {
	IDParam
	IdempotencyParam
	Body struct {
		SQL string `json:"sql" minLength:"1" maxLength:"20000"`
	}
}

func (s *Server) questionRoutes() {
	register(s, operation(http.MethodPost, "/questions", "ask", "Ask in a new conversation", 202), auth.Ask, s.ask)
	register(s, operation(http.MethodPost, "/conversations/{id}/questions", "ask-in-conversation",
		"Ask a question that sees the conversation's earlier ones", 202), auth.Ask, s.askIn)
	register(s, operation(http.MethodGet, "/questions/{id}", "get-question", "A question with its steps", 200),
		auth.ReadQuestions, s.getQuestion)
	register(s, operation(http.MethodPost, "/questions/{id}/stop", "stop-question",
		"Stop the run; its query is cancelled in the database", 202), auth.Ask, s.stopQuestion)
	register(s, operation(http.MethodPost, "/questions/{id}/clarify", "clarify-question",
		"Reply to the question back", 202), auth.Ask, s.clarifyQuestion)
	register(s, operation(http.MethodPost, "/questions/{id}/approve", "approve-question",
		"Decide on a costly query", 202), auth.Ask, s.approveQuestion)
	register(s, operation(http.MethodPost, "/questions/{id}/edit-sql", "edit-question-sql",
		"Run a finished question again with other SQL, which is checked like any", 202), auth.Ask, s.editQuestionSQL)
}

func (s *Server) ask(ctx context.Context, in *askIn) (*questionOut, error) {
	text, err := questionText(in.Body.Question)
	if err != nil {
		return nil, err
	}
	scope := scopeOf(ctx)
	conn, err := s.connectionToAsk(ctx, scope, in.Body.ConnectionID)
	if err != nil {
		return nil, err
	}
	model, err := s.modelToAsk(ctx, scope, in.Body.Model)
	if err != nil {
		return nil, err
	}
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	conversation := &models.Conversation{ID: newID(), OrgID: scope.OrgID, UserID: scope.UserID,
		ConnectionID: conn.ID, Title: titleOf(text)}
	q := newQuestion(scope, conversation, text, in.IdempotencyKey)
	q.Model = model
	return s.insertAndStart(ctx, scope, conversation, q, func(earlier *models.Question) bool {
		return in.Body.ConnectionID == "" || earlier.ConnectionID == conn.ID
	})
}

func (s *Server) askIn(ctx context.Context, in *askInConversation) (*questionOut, error) {
	text, err := questionText(in.Body.Question)
	if err != nil {
		return nil, err
	}
	scope := scopeOf(ctx)
	conversation, err := s.deps.Store.GetConversation(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	model, err := s.modelToAsk(ctx, scope, in.Body.Model)
	if err != nil {
		return nil, err
	}
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	q := newQuestion(scope, conversation, text, in.IdempotencyKey)
	q.Model = model
	if q.Corrects, err = s.correcting(ctx, scope, conversation, in.Body.Corrects); err != nil {
		return nil, err
	}
	return s.insertAndStart(ctx, scope, conversation, q,
		func(earlier *models.Question) bool { return earlier.ConversationID == conversation.ID })
}

// insertAndStart stores the question, and its conversation where that is new,
// and starts the run. A start that fails is not the caller's problem: the row
// is queued and the relay starts it. same says whether an earlier question
// with the same idempotency key was asked by the same request.
func (s *Server) insertAndStart(ctx context.Context, scope models.Scope, conversation *models.Conversation,
	q *models.Question, same func(earlier *models.Question) bool,
) (*questionOut, error) {
	done, err := s.takeTurn(ctx, scope.OrgID)
	if err != nil {
		return nil, err
	}
	defer done()
	stored, created, err := s.deps.Store.CreateQuestion(ctx, scope, conversation, q)
	if err != nil {
		return nil, err
	}
	if !created && (stored.Text != q.Text || stored.Model != q.Model || !same(stored)) {
		return nil, models.Errorf(codeReusedKey, "This Idempotency-Key was used for another question. Send a new one.")
	}
	if stored.Status == models.StatusQueued {
		if err := s.deps.Runs.StartAsk(ctx, scope, stored); err != nil {
			s.log(ctx).Warn("start run; it stays queued", slog.String("question_id", stored.ID), slog.Any("error", err))
		}
	}
	return &questionOut{Body: questionView(stored, nil)}, nil
}

func newQuestion(scope models.Scope, c *models.Conversation, text, key string) *models.Question {
	q := &models.Question{ID: newID(), OrgID: scope.OrgID, UserID: scope.UserID, ConversationID: c.ID,
		ConnectionID: c.ConnectionID, Text: text, Status: models.StatusQueued, Run: 1}
	q.IdempotencyKey = q.ID
	if key != "" {
		q.IdempotencyKey = scope.UserID + ":" + key
	}
	return q
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func questionText(raw string) (string, error) {
	text := strings.TrimSpace(raw)
	if text == "" {
		return "", invalidField("body.question", "must not be blank")
	}
	return text, nil
}

// titleOf shortens a question to a conversation's title.
func titleOf(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= 80 {
		return text
	}
	return string([]rune(text)[:79]) + "…"
}

func (s *Server) connectionToAsk(ctx context.Context, scope models.Scope, id string) (*models.Connection, error) {
	if id != "" {
		return s.deps.Store.GetConnection(ctx, scope, canonical(id))
	}
	conns, _, err := s.deps.Store.ListConnections(ctx, scope, "", 200)
	if err != nil {
		return nil, err
	}
	if len(conns) == 0 {
		return nil, models.Errorf(models.CodeConflict, "There is no database to ask yet. Connect one first.")
	}
	for i := range conns {
		if conns[i].Sample {
			return &conns[i], nil
		}
	}
	return &conns[len(conns)-1], nil
}

func (s *Server) getQuestion(ctx context.Context, in *IDParam) (*questionOut, error) {
	v, err := s.questionWithSteps(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &questionOut{Body: *v}, nil
}

func (s *Server) questionWithSteps(ctx context.Context, id string) (*Question, error) {
	scope := scopeOf(ctx)
	var q *models.Question
	var steps []models.QuestionStep
	var said *models.Feedback
	err := s.deps.Store.Together(ctx, scope, func(tx *store.Store) (err error) {
		if q, err = tx.ReadQuestion(ctx, scope, id); err == nil {
			steps, err = tx.ListSteps(ctx, scope, id)
		}
		if err == nil {
			said, err = tx.GetFeedback(ctx, scope, id)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	v := questionView(q, steps)
	v.Feedback = feedbackView(said)
	return &v, nil
}

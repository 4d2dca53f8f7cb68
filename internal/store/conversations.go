package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// CreateConversation stores a conversation of the scope's user.
func (s *Store) CreateConversation(ctx context.Context, scope models.Scope, c *models.Conversation) error {
	c.OrgID, c.UserID = scope.OrgID, scope.UserID
	return s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.Create(c).Error })
}

// GetConversation returns a conversation of the scope's user, who may change it.
func (s *Store) GetConversation(ctx context.Context, scope models.Scope, id string) (*models.Conversation, error) {
	var c models.Conversation
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return mine(tx, scope).First(&c, "id = ?", id).Error })
	return &c, err
}

func mine(tx *gorm.DB, scope models.Scope) *gorm.DB {
	return tx.Where("org_id = ? AND user_id = ?", scope.OrgID, scope.UserID)
}

// readable are the conversations that the scope's user may read: their own, and
// those that a colleague shares with the organisation.
func readable(tx *gorm.DB, scope models.Scope) *gorm.DB {
	return tx.Where("org_id = ? AND (user_id = ? OR shared)", scope.OrgID, scope.UserID)
}

// readableQuestions are the questions of readable conversations.
func readableQuestions(tx *gorm.DB, scope models.Scope) *gorm.DB {
	conversations := readable(tx.Session(&gorm.Session{NewDB: true}), scope).Model(&models.Conversation{}).Select("id")
	return tx.Where("org_id = ? AND (user_id = ? OR conversation_id IN (?))", scope.OrgID, scope.UserID, conversations)
}

// ReadConversation returns a conversation that the scope's user may read.
func (s *Store) ReadConversation(ctx context.Context, scope models.Scope, id string) (*models.Conversation, error) {
	var c models.Conversation
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return readable(tx, scope).First(&c, "id = ?", id).Error })
	return &c, err
}

// ReadQuestion returns a question that the scope's user may read.
func (s *Store) ReadQuestion(ctx context.Context, scope models.Scope, id string) (*models.Question, error) {
	var q models.Question
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return readableQuestions(tx, scope).First(&q, "id = ?", id).Error })
	return &q, err
}

// ConversationFilter says which conversations a list holds.
type ConversationFilter struct {
	// Query is text of which each word occurs in the title or in a question of
	// the conversation, as a part of a word or whole, whatever its case.
	Query string
	// Shared lists those that are shared with the organisation, by anybody;
	// else the scope's user's own.
	Shared bool
	// Archived lists those that were put away; else the others.
	Archived bool
}

// maxWords bounds what is looked for at once.
const maxWords = 8

// ListConversations lists conversations, last used first. Row-level security
// keeps an index of texts from being used, as it must see a row before any
// other condition does: a search looks through the conversations of one person,
// or the shared ones of one organisation, which an index finds.
func (s *Store) ListConversations(ctx context.Context, scope models.Scope, filter ConversationFilter, after string, limit int) (rows []models.Conversation, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		list := mine(tx, scope)
		if filter.Shared {
			list = tx.Where("org_id = ? AND shared", scope.OrgID)
		}
		archived := "archived_at IS NULL"
		if filter.Archived {
			archived = "archived_at IS NOT NULL"
		}
		list = list.Where(archived)
		if words := searchWords(filter.Query); words != "" {
			list = list.Where(`NOT EXISTS (SELECT FROM jsonb_array_elements_text(?::jsonb) w WHERE strpos(lower(title), lower(w)) = 0
				AND NOT EXISTS (SELECT FROM questions q WHERE q.org_id = conversations.org_id AND q.conversation_id = conversations.id AND strpos(lower(q.text), lower(w)) > 0))`, words)
		}
		rows, next, err = page(list, "updated_at", after, limit,
			func(r models.Conversation) (time.Time, string) { return r.UpdatedAt, r.ID })
		return err
	})
	return rows, next, err
}

// searchWords is a JSON array of the words of a query, "" for none.
func searchWords(query string) string {
	words := strings.Fields(query)
	if len(words) == 0 {
		return ""
	}
	raw, _ := json.Marshal(words[:min(len(words), maxWords)]) // strings can always be encoded
	return string(raw)
}

// MatchingQuestions finds, in each of some conversations that the scope's user
// may read, the question that holds the most words of a query, the newest of
// several; a conversation where none does is left out.
func (s *Store) MatchingQuestions(ctx context.Context, scope models.Scope, query string, conversationIDs []string) (found map[string]models.Question, err error) {
	words := searchWords(query)
	if words == "" || len(conversationIDs) == 0 {
		return nil, nil
	}
	var rows []models.Question
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		hits := "(SELECT count(*) FROM jsonb_array_elements_text(?::jsonb) w WHERE strpos(lower(text), lower(w)) > 0)"
		return readableQuestions(tx, scope).Select("DISTINCT ON (conversation_id) id, conversation_id, text").
			Where("conversation_id IN ? AND "+hits+" > 0", conversationIDs, words).
			Clauses(clause.OrderBy{Expression: clause.Expr{SQL: "conversation_id, " + hits + " DESC, id DESC", Vars: []any{words}}}).Find(&rows).Error
	})
	found = map[string]models.Question{}
	for _, q := range rows {
		found[q.ConversationID] = q
	}
	return found, err
}

// ConversationChange holds what is to change of a conversation; nil stays.
type ConversationChange struct {
	Title    *string
	Archived *bool
	Shared   *bool
}

// UpdateConversation changes a conversation of the scope's user. It keeps its
// place in the list, which is by when it was last used.
func (s *Store) UpdateConversation(ctx context.Context, scope models.Scope, id string, change ConversationChange) (*models.Conversation, error) {
	var c models.Conversation
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := mine(tx, scope).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).First(&c, "id = ?", id).Error; err != nil {
			return err
		}
		if change.Title != nil {
			c.Title = *change.Title
		}
		if change.Shared != nil {
			c.Shared = *change.Shared
		}
		switch now := time.Now(); {
		case change.Archived != nil && !*change.Archived:
			c.ArchivedAt = nil
		case change.Archived != nil && c.ArchivedAt == nil:
			c.ArchivedAt = &now
		}
		return tx.Model(&c).Select("Title", "Shared", "ArchivedAt").UpdateColumns(&c).Error
	})
	return &c, err
}

// DeleteConversation removes a conversation with its questions and returns
// the ids of those that were still open, for their runs to be stopped.
func (s *Store) DeleteConversation(ctx context.Context, scope models.Scope, id string) (open []string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		err := tx.Model(&models.Question{}).Where("org_id = ? AND conversation_id = ? AND status IN ?", scope.OrgID, id, openStatuses).Pluck("id", &open).Error
		if err != nil {
			return err
		}
		res := mine(tx, scope).Where("id = ?", id).Delete(&models.Conversation{})
		if res.Error == nil && res.RowsAffected == 0 {
			return notFound("conversation")
		}
		return res.Error
	})
	return open, err
}

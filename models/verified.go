package models

import (
	"strings"
	"time"
	"unicode"
)

// Vote is what a person thinks of an answer.
type Vote string

// The votes.
const (
	VoteUp   Vote = "up"
	VoteDown Vote = "down"
)

// Feedback is what a person said of an answer: one for each person, changeable.
type Feedback struct {
	QuestionID string `gorm:"type:uuid;primaryKey"`
	UserID     string `gorm:"type:uuid;primaryKey"`
	OrgID      string `gorm:"type:uuid;not null"`
	Vote       Vote   `gorm:"not null"`
	Comment    string `gorm:"not null"`
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName implements gorm's Tabler.
func (Feedback) TableName() string { return "question_feedback" }

// VerifiedStatus is where a verified question stands.
type VerifiedStatus string

// The statuses. Only verified ones are used for answers.
const (
	VerifiedProposed VerifiedStatus = "proposed"
	VerifiedVerified VerifiedStatus = "verified"
)

// VerifiedQuestion is a question with SQL that a person checked: asked again,
// that SQL answers it.
type VerifiedQuestion struct {
	ID           string `gorm:"type:uuid;primaryKey"`
	OrgID        string `gorm:"type:uuid;not null;uniqueIndex:verified_questions_text,priority:1"`
	ConnectionID string `gorm:"type:uuid;not null;uniqueIndex:verified_questions_text,priority:2"`
	// QuestionID is where it came from; nil when that is gone or there was none.
	QuestionID *string `gorm:"type:uuid"`
	Question   string  `gorm:"not null"`
	// Normal is the question as it is compared, by NormalQuestion.
	Normal string `gorm:"not null;uniqueIndex:verified_questions_text,priority:3"`
	SQL    string `gorm:"not null"`
	// Understanding says in words what the SQL answers; "" for none.
	Understanding  string         `gorm:"not null;default:''"`
	Status         VerifiedStatus `gorm:"not null"`
	ProposedBy     string         `gorm:"type:uuid;not null"`
	VerifiedBy     *string        `gorm:"type:uuid"`
	VerifiedByName string         `gorm:"not null;default:''"`
	VerifiedAt     *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Verification says that an answer's SQL was checked by a person.
type Verification struct {
	ID     string    `json:"id" format:"uuid" doc:"The verified question"`
	By     string    `json:"by" format:"uuid"`
	ByName string    `json:"by_name"`
	At     time.Time `json:"at"`
}

// Verification is what answers that use a verified question carry; nil for one
// that is only proposed.
func (v *VerifiedQuestion) Verification() *Verification {
	if v.Status != VerifiedVerified || v.VerifiedBy == nil || v.VerifiedAt == nil {
		return nil
	}
	return &Verification{ID: v.ID, By: *v.VerifiedBy, ByName: v.VerifiedByName, At: *v.VerifiedAt}
}

// NormalQuestion is a question as it is compared with others: its words and
// signs in lower case, without what ends a sentence.
func NormalQuestion(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	return strings.TrimRight(strings.Join(words, " "), " ?.!")
}

package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/datamind/datamind/models"
)

// maxUsageRows bounds what is read of each kind of use.
const maxUsageRows = 50000

// UsageDay is what one person used on one day (UTC).
type UsageDay struct {
	Day    time.Time
	UserID string
	Tokens int64
}

// UsageModel is what was used of one model on one day (UTC).
type UsageModel struct {
	Day    time.Time
	Model  string
	Tokens int64
	Calls  int64
}

// UsageQuestions counts the questions that one person asked on one day (UTC), by
// where they stand now.
type UsageQuestions struct {
	Day    time.Time
	UserID string
	Status models.QuestionStatus
	Count  int64
}

// Usage is what an organisation used.
type Usage struct {
	Days      []UsageDay
	Models    []UsageModel
	Questions []UsageQuestions
	// People are those who occur, as far as they are members still.
	People []MemberRow
}

// Usage returns what was used from a time until before another.
func (s *Store) Usage(ctx context.Context, scope models.Scope, from, until time.Time) (u Usage, err error) {
	const day = "date_trunc('day', created_at AT TIME ZONE 'UTC') AS day, "
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		during := func(model any) *gorm.DB {
			return tx.Model(model).Where("org_id = ? AND created_at >= ? AND created_at < ?", scope.OrgID, from, until).Limit(maxUsageRows)
		}
		if err := during(&models.TokenUsage{}).Select(day + "user_id, sum(used) AS tokens").Group("1, 2").Order("1, 2").Scan(&u.Days).Error; err != nil {
			return err
		}
		err := during(&models.TokenUsage{}).Where("state = ?", tokenSettled).
			Select(day + "model, sum(used) AS tokens, count(*) AS calls").Group("1, 2").Order("1, 2").Scan(&u.Models).Error
		if err != nil {
			return err
		}
		if err := during(&models.Question{}).Select(day + "user_id, status, count(*) AS count").Group("1, 2, 3").Order("1, 2, 3").Scan(&u.Questions).Error; err != nil {
			return err
		}
		return tx.Raw("SELECT m.user_id AS id, u.name, u.email, m.role, m.created_at FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.org_id = ? ORDER BY u.name, m.user_id LIMIT ?",
			scope.OrgID, maxUsageRows).Scan(&u.People).Error
	})
	return u, err
}

// Spent is what is used or set aside of this month's tokens (UTC).
func (s *Store) Spent(ctx context.Context, scope models.Scope) (tokens int64, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		tokens, err = spent(thisMonth(tx, scope))
		return err
	})
	return tokens, err
}

// SetBudget changes what the organisation, and each of its members, may use in a
// month: 0 is the configured default, and no limit.
func (s *Store) SetBudget(ctx context.Context, scope models.Scope, org, member int64) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.Org{}).Where("id = ?", scope.OrgID).Updates(map[string]any{"token_budget": org, "member_token_budget": member}).Error
	})
}

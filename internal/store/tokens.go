package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// States of a row of the token ledger.
const (
	tokenReserved = "reserved"
	tokenSettled  = "settled"
	tokenReleased = "released"
)

// Reserve sets tokens aside before a model call, or refuses when the month's
// budget does not hold them. The organisation's row is locked, so two
// questions that race for the last tokens cannot both win; not against rows that
// refer to it, or a question that is sent again would wait for its run, which
// waits for it. The same key reserves once.
func (s *Store) Reserve(ctx context.Context, scope models.Scope, questionID, key string, tokens, defaultBudget int64) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		var org models.Org
		if err := tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).First(&org, "id = ?", scope.OrgID).Error; err != nil {
			return err
		}
		var row models.TokenUsage
		found := tx.Where("org_id = ? AND key = ?", scope.OrgID, key).Limit(1).Find(&row)
		if found.Error != nil || found.RowsAffected == 1 && row.State == tokenReserved {
			return found.Error
		}
		budget := org.TokenBudget
		if budget == 0 {
			budget = defaultBudget
		}
		used, err := spent(thisMonth(tx, scope))
		if err != nil {
			return err
		}
		if used+tokens > budget {
			return models.Errorf(models.CodeBudget, "Your organisation's budget of %d model tokens for this month does not hold this question: %d are used or set aside, %d more are needed. An owner can raise it under Settings, Budget.", budget, used, tokens)
		}
		if err := holdsMember(tx, scope, org.MemberTokenBudget, tokens); err != nil {
			return err
		}
		if found.RowsAffected == 1 { // an earlier try was settled or released
			return tx.Model(&row).Updates(map[string]any{"state": tokenReserved, "reserved": tokens}).Error
		}
		return tx.Create(&models.TokenUsage{ID: NewID(), OrgID: scope.OrgID, UserID: scope.UserID, QuestionID: questionID, Key: key,
			State: tokenReserved, Reserved: tokens}).Error
	})
}

// holdsMember refuses what one member's part of the budget does not hold; 0 is all of it.
func holdsMember(tx *gorm.DB, scope models.Scope, budget, tokens int64) error {
	if budget == 0 {
		return nil
	}
	used, err := spent(thisMonth(tx, scope).Where("user_id = ?", scope.UserID))
	if err != nil || used+tokens <= budget {
		return err
	}
	return models.Errorf(models.CodeBudget, "Your own part of %d model tokens for this month does not hold this question: %d are used or set aside, %d more are needed. An owner of your organisation can raise it under Settings, Budget.", budget, used, tokens)
}

// thisMonth (UTC) are the organisation's rows of the ledger.
func thisMonth(tx *gorm.DB, scope models.Scope) *gorm.DB {
	return tx.Model(&models.TokenUsage{}).Where("org_id = ? AND created_at >= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'", scope.OrgID)
}

// spent sums what is used and set aside. A reservation that is being tried again
// counts with what it has used before, too.
func spent(rows *gorm.DB) (sum int64, err error) {
	err = rows.Select("coalesce(sum(used + CASE WHEN state = ? THEN reserved ELSE 0 END), 0)", tokenReserved).Scan(&sum).Error
	return sum, err
}

// Settle replaces a reservation by what was really used; a call that was
// tried again adds to what it used before.
func (s *Store) Settle(ctx context.Context, scope models.Scope, key string, used int64, model string) error {
	return s.setTokens(ctx, scope, key, map[string]any{"state": tokenSettled, "used": gorm.Expr("used + ?", used), "model": model})
}

// Release gives a reservation back.
func (s *Store) Release(ctx context.Context, scope models.Scope, key string) error {
	return s.setTokens(ctx, scope, key, map[string]any{"state": tokenReleased})
}

func (s *Store) setTokens(ctx context.Context, scope models.Scope, key string, fields map[string]any) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.TokenUsage{}).Where("org_id = ? AND key = ? AND state IN ?", scope.OrgID, key, []string{tokenReserved, tokenReleased}).Updates(fields).Error
	})
}

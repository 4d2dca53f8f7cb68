package store

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"gorm.io/gorm"

	"github.com/datamind/datamind/models"
)

// Collector exports how the pool is used ("go_sql_…").
func (s *Store) Collector() prometheus.Collector {
	return collectors.NewDBStatsCollector(s.sql, "datamind")
}

// Waiting counts the open questions of one status.
type Waiting struct {
	Status models.QuestionStatus
	Count  int
	// Age is how long ago the one that waits longest was stored, or a step of
	// it last began or ended.
	Age time.Duration
	// Oldest is the id of that one.
	Oldest string
}

// SystemWaiting counts open questions by status; a status without any is left
// out. A queued question of a later run, which was asked long before, counts
// from when it was last looked at.
func (s *Store) SystemWaiting(ctx context.Context) (all []Waiting, err error) {
	var rows []struct {
		Status  models.QuestionStatus
		Count   int
		Seconds float64
		Oldest  string
	}
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT status, count(*) AS count, extract(epoch FROM now() - min(moved)) AS seconds, (array_agg(id ORDER BY moved))[1] AS oldest
			FROM (SELECT q.id, q.status, greatest(m.moved, CASE WHEN q.run = 1 THEN q.created_at WHEN q.status = ? THEN q.updated_at END) AS moved
				FROM questions q LEFT JOIN LATERAL (SELECT max(greatest(s.started_at, s.ended_at)) AS moved FROM question_steps s WHERE s.question_id = q.id) m ON true
				WHERE q.status IN ?) open
			GROUP BY status`, models.StatusQueued, openStatuses).Scan(&rows).Error
	})
	for _, row := range rows {
		all = append(all, Waiting{row.Status, row.Count, time.Duration(max(row.Seconds, 0) * float64(time.Second)), row.Oldest})
	}
	return all, err
}

// Budget is what an organisation has used or set aside of this month's tokens.
type Budget struct {
	OrgID  string
	Name   string
	Used   int64
	Tokens int64 // the budget
}

// Ratio is the share that is used: 1 is all of it.
func (b Budget) Ratio() float64 { return float64(b.Used) / float64(max(b.Tokens, 1)) }

// SystemBudgets returns the organisations that have used any tokens this month
// (UTC), the largest share first. defaultBudget is for those without their own.
func (s *Store) SystemBudgets(ctx context.Context, defaultBudget int64) (all []Budget, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT o.id AS org_id, o.name, u.used, coalesce(nullif(o.token_budget, 0), ?) AS tokens
			FROM orgs o JOIN (SELECT org_id, sum(used + CASE WHEN state = ? THEN reserved ELSE 0 END)::bigint AS used FROM token_usages
				WHERE created_at >= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' GROUP BY org_id) u ON u.org_id = o.id
			ORDER BY u.used::float / greatest(coalesce(nullif(o.token_budget, 0), ?), 1) DESC LIMIT 100`,
			defaultBudget, tokenReserved, defaultBudget).Scan(&all).Error
	})
	return all, err
}

// ModelTrouble is what steps say of the model since a time.
type ModelTrouble struct {
	Steps int    // that failed because of it, and have not been done since
	Last  string // what the last of them was told, for a person
}

// SystemModelTrouble looks at steps that the model let down.
func (s *Store) SystemModelTrouble(ctx context.Context, since time.Time) (t ModelTrouble, err error) {
	var texts []string
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Model(&models.QuestionStep{}).Where("kind IN ? AND status = ? AND error_code IN ? AND ended_at >= ?", []models.StepKind{models.StepPlan, models.StepAnalyse},
			models.StepFailed, []models.Code{models.CodeModel, models.CodeModelBusy}, since).Order("ended_at DESC").Limit(1000).Pluck("error_text", &texts).Error
	})
	if len(texts) > 0 {
		t = ModelTrouble{len(texts), texts[0]}
	}
	return t, err
}

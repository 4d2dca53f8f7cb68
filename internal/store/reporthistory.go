package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/datamind/datamind/models"
)

// ReportRuns lists the runs of a report that the scope's user owns or gets, newest
// first. Previews are those of the user.
func (s *Store) ReportRuns(ctx context.Context, scope models.Scope, id, after string, limit int) (rows []models.ReportRun, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		if err := seenReports(tx, scope).Select("id").First(&models.Report{}, "id = ?", id).Error; err != nil {
			return err
		}
		q := tx.Where("org_id = ? AND report_id = ? AND (only_for IS NULL OR only_for = ?)", scope.OrgID, id, scope.UserID)
		rows, next, err = page(q, "at", after, limit, func(r models.ReportRun) (time.Time, string) { return r.At, r.ID })
		return err
	})
	return rows, next, err
}

// AnsweredQuestions returns the last questions of a conversation, which the scope's
// user may read, that have an answer with SQL, in their order.
func (s *Store) AnsweredQuestions(ctx context.Context, scope models.Scope, conversationID string, limit int) (rows []models.Question, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return readableQuestions(tx, scope).Select("id").Where("conversation_id = ? AND status = ? AND sql <> ''", conversationID, models.StatusAnswered).
			Order("created_at DESC, id DESC").Limit(limit).Find(&rows).Error
	})
	slices.Reverse(rows)
	return rows, err
}

// ReportTimes returns the times of a report's scheduled runs since a time. The
// caller has read the report in the same scope.
func (s *Store) ReportTimes(ctx context.Context, scope models.Scope, id string, from time.Time) (times []time.Time, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.ReportRun{}).Where("org_id = ? AND report_id = ? AND at >= ? AND kind = ?", scope.OrgID, id, from, models.ReportScheduled).Pluck("at", &times).Error
	})
	return times, err
}

// GetReportRun returns a run of a report that the scope's user owns or gets.
func (s *Store) GetReportRun(ctx context.Context, scope models.Scope, id string) (*models.ReportRun, error) {
	var run models.ReportRun
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := tx.First(&run, "org_id = ? AND id = ? AND (only_for IS NULL OR only_for = ?)", scope.OrgID, id, scope.UserID).Error; err != nil {
			return err
		}
		return seenReports(tx, scope).Select("id").First(&models.Report{}, "id = ?", run.ReportID).Error
	})
	return &run, err
}

// ReportFiles returns, for runs that the scope's user may see, the artifacts of
// what they showed to those with the user's rights; a run without one is left out.
func (s *Store) ReportFiles(ctx context.Context, scope models.Scope, runs []models.ReportRun) (map[string]string, error) {
	ids, files := make([]string, len(runs)), map[string]string{}
	for i := range runs {
		ids[i] = runs[i].ID
	}
	var parts []models.ReportPart
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Select("run_id", "file_id").Where("EXISTS (SELECT FROM artifacts a WHERE a.id = file_id AND a.expires_at > now())").
			Find(&parts, "org_id = ? AND rights = ? AND run_id IN ?", scope.OrgID, models.DataRights(scope), ids).Error
	})
	for _, p := range parts {
		files[p.RunID] = *p.FileID
	}
	return files, err
}

// FailReportRun ends a run that is gone, unless it has ended.
func (s *Store) FailReportRun(ctx context.Context, scope models.Scope, id string, code models.Code, text string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.ReportRun{}).Where("org_id = ? AND id = ? AND status = ?", scope.OrgID, id, models.ReportRunning).
			Updates(map[string]any{"status": models.ReportFailed, "error_code": code, "error_text": text, "finished_at": time.Now()}).Error
	})
}

// TouchReportRun notes that a run was looked at.
func (s *Store) TouchReportRun(ctx context.Context, scope models.Scope, id string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.ReportRun{}).Where("org_id = ? AND id = ?", scope.OrgID, id).Update("updated_at", time.Now()).Error
	})
}

// SystemOpenReportRuns returns runs that have not ended and that nobody has looked
// at for some time, the longest first.
func (s *Store) SystemOpenReportRuns(ctx context.Context, age time.Duration, limit int) (rows []models.ReportRun, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Where("status = ? AND updated_at < ?", models.ReportRunning, time.Now().Add(-age)).Order("updated_at").Limit(limit).Find(&rows).Error
	})
	return rows, err
}

// SystemPruneReports deletes runs of before a time.
func (s *Store) SystemPruneReports(ctx context.Context, before time.Time) error {
	return s.system(ctx, func(tx *gorm.DB) error { return tx.Where("at < ?", before).Delete(&models.ReportRun{}).Error })
}

// prunedAtOnce bounds how many deliveries one look deletes.
const prunedAtOnce = 20_000

// SystemPruneDeliveries deletes deliveries that ended before a time.
func (s *Store) SystemPruneDeliveries(ctx context.Context, before time.Time) error {
	return s.system(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE created_at < ? AND updated_at < ? AND status NOT IN ? LIMIT ?)`,
			before, before, openDeliveries, prunedAtOnce).Error
	})
}

func decodeSections(stored []byte) (sections []models.ReportSection, err error) {
	raw, err := zstdDecoder.DecodeAll(stored, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress a report's rows: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // exact decimals stay exact
	if err := dec.Decode(&sections); err != nil {
		return nil, fmt.Errorf("decode a report's rows: %w", err)
	}
	return sections, nil
}

package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// blockRows is how many rows are compressed together: a page of a large result
// is read by decoding the blocks that it touches and no others.
const blockRows = 500

// SaveResult stores the rows of a query, once for each (question, run,
// attempt), and closes its step: a query whose rows are kept never runs again.
func (s *Store) SaveResult(ctx context.Context, scope models.Scope, step *models.QuestionStep, rows *models.Rows, took time.Duration) (*models.Result, error) {
	result := models.Result{ID: NewID(), OrgID: scope.OrgID, QuestionID: step.QuestionID, Run: step.Run, Attempt: step.Attempt, Columns: rows.Columns,
		RowCount: len(rows.Rows), Truncated: rows.Truncated, QueryMs: took.Milliseconds()}
	if err := encodeRows(&result, rows.Rows); err != nil {
		return nil, err
	}
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "question_id"}, {Name: "run"}, {Name: "attempt"}},
			DoUpdates: clause.AssignmentColumns([]string{"columns", "rows", "block_rows", "block_ends", "row_count", "truncated", "query_ms"})},
			clause.Returning{Columns: []clause.Column{{Name: "id"}}}).
			Create(&result).Error
		if err != nil {
			return err
		}
		err = mine(tx, scope).Model(&models.Question{}).Where("id = ? AND run = ? AND status IN ?", step.QuestionID, step.Run, openStatuses).Update("result_id", result.ID).Error
		if err != nil {
			return err
		}
		_, err = finishStep(tx, scope, step)
		return err
	})
	return &result, err
}

func encodeRows(result *models.Result, rows [][]any) error {
	result.BlockRows, result.Rows = blockRows, []byte{}
	for from := 0; from < len(rows); from += blockRows {
		raw, err := json.Marshal(rows[from:min(from+blockRows, len(rows))])
		if err != nil {
			return fmt.Errorf("encode rows: %w", err)
		}
		result.Rows = zstdEncoder.EncodeAll(raw, result.Rows)
		result.BlockEnds = append(result.BlockEnds, len(result.Rows))
	}
	return nil
}

// GetResult returns what an attempt of a run brought, for Rows to decode.
func (s *Store) GetResult(ctx context.Context, scope models.Scope, questionID string, run, attempt int) (*models.Result, error) {
	var result models.Result
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.First(&result, "org_id = ? AND question_id = ? AND run = ? AND attempt = ?", scope.OrgID, questionID, run, attempt).Error
	})
	return &result, err
}

// GetResultPage returns a part of the current rows of a question that the
// scope's user may read, and how many there are in all.
func (s *Store) GetResultPage(ctx context.Context, scope models.Scope, questionID string, offset, limit int) (rows *models.Rows, total int, err error) {
	var result models.Result
	first := 0 // row of those that are read
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		var q models.Question
		if err := readableQuestions(tx, scope).Select("id", "result_id").First(&q, "id = ?", questionID).Error; err != nil {
			return err
		}
		if q.ResultID == nil {
			return notFound("result")
		}
		if err := tx.Omit("rows").First(&result, "org_id = ? AND id = ?", scope.OrgID, *q.ResultID).Error; err != nil {
			return err
		}
		var from, to int
		first, from, to = bytesOf(&result, offset, limit)
		if first < 0 {
			return nil
		}
		return tx.Model(&models.Result{}).Select("substring(rows FROM ? FOR ?)", from+1, to-from).Where("org_id = ? AND id = ?", scope.OrgID, result.ID).
			Row().Scan(&result.Rows)
	})
	if err != nil {
		return nil, 0, err
	}
	if first < 0 {
		return &models.Rows{Columns: result.Columns, Truncated: result.Truncated}, result.RowCount, nil
	}
	if rows, err = s.Rows(ctx, &result); err != nil {
		return nil, 0, err
	}
	from := min(offset-first, len(rows.Rows))
	rows.Rows = append([][]any(nil), rows.Rows[from:min(from+limit, len(rows.Rows))]...) // lets go of the rest
	return rows, result.RowCount, nil
}

// bytesOf says which bytes of a result's rows hold a page, and keeps the ends of
// those blocks only, as they are within these bytes. first is the number of the
// row that they begin with, -1 for a page behind the end.
func bytesOf(result *models.Result, offset, limit int) (first, from, to int) {
	if offset < 0 || limit < 1 || offset >= result.RowCount {
		return -1, 0, 0
	}
	if result.BlockRows == 0 {
		return 0, 0, 1<<30 - 1
	}
	head := offset / result.BlockRows
	tail := min((offset+limit-1)/result.BlockRows, len(result.BlockEnds)-1)
	if head > 0 {
		from = result.BlockEnds[head-1]
	}
	to = result.BlockEnds[tail]
	var ends []int
	for _, end := range result.BlockEnds[head : tail+1] {
		ends = append(ends, end-from)
	}
	result.BlockEnds = ends
	return head * result.BlockRows, from, to
}

// Rows decodes all blocks that a result holds. A large one takes many times its
// stored size, so few are decoded at the same time; it is not for within a
// transaction.
func (s *Store) Rows(ctx context.Context, result *models.Result) (*models.Rows, error) {
	if err := s.decoding.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.decoding.Release(1)
	rows := models.Rows{Columns: result.Columns, Truncated: result.Truncated}
	ends, from := result.BlockEnds, 0
	if result.BlockRows == 0 {
		ends = []int{len(result.Rows)}
	}
	for _, end := range ends {
		raw, err := zstdDecoder.DecodeAll(result.Rows[from:end], nil)
		if err != nil {
			return nil, fmt.Errorf("decompress result %s: %w", result.ID, err)
		}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber() // exact decimals stay exact
		var block [][]any
		if err := dec.Decode(&block); err != nil {
			return nil, fmt.Errorf("decode result %s: %w", result.ID, err)
		}
		rows.Rows, from = append(rows.Rows, block...), end
	}
	return &rows, nil
}

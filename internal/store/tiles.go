package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// TileResults returns what is cached under some keys for the scope's rights,
// without rows.
func (s *Store) TileResults(ctx context.Context, scope models.Scope, keys []string) (map[string]models.TileResult, error) {
	var rows []models.TileResult
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return cached(tx, scope).Omit("rows").Where("key IN ?", keys).Find(&rows).Error
	})
	found := map[string]models.TileResult{}
	for _, r := range rows {
		found[r.Key] = r
	}
	return found, err
}

// cached are the results that the scope's rights may read.
func cached(tx *gorm.DB, scope models.Scope) *gorm.DB {
	return tx.Where("org_id = ? AND rights = ?", scope.OrgID, models.DataRights(scope))
}

// TileRequest asks for the rows of a tile to be read.
type TileRequest struct {
	Key string
	Run models.TileRun
	// MaxAge is how old rows may be that are good enough.
	MaxAge time.Duration
}

// RequestTiles notes which results are to be read again and returns those that
// nobody has asked for yet: the same asked twice at once is returned once.
func (s *Store) RequestTiles(ctx context.Context, scope models.Scope, asked []TileRequest) (fresh []models.TileResult, err error) {
	asked = slices.Clone(asked)
	slices.SortFunc(asked, func(a, b TileRequest) int { return strings.Compare(a.Key, b.Key) }) // alike for all, so that none waits for another in a circle
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		fresh = nil
		now := time.Now()
		for _, a := range asked {
			r := models.TileResult{ID: NewID(), OrgID: scope.OrgID, Key: a.Key, Rights: models.DataRights(scope), ConnectionID: a.Run.ConnectionID,
				SQL: a.Run.SQL, Arguments: a.Run.Arguments, Narrow: a.Run.Narrow, RequestedAt: now}
			made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
			if made.Error != nil {
				return made.Error
			}
			if made.RowsAffected == 0 {
				r = models.TileResult{}
				if err := cached(tx, scope).Omit("rows").Clauses(clause.Locking{Strength: "UPDATE"}).First(&r, "key = ?", a.Key).Error; err != nil {
					return err
				}
				if r.Pending(now) || goodEnough(&r, now, a.MaxAge) {
					continue
				}
				r.RequestedAt = now
				if err := tx.Model(&r).Select("RequestedAt", "UpdatedAt").Updates(&r).Error; err != nil {
					return err
				}
			}
			if !slices.ContainsFunc(fresh, func(f models.TileResult) bool { return f.ID == r.ID }) {
				fresh = append(fresh, r)
			}
		}
		return nil
	})
	return fresh, err
}

// failedAge is how soon a tile that failed is tried again by those who take old
// rows as well.
const failedAge = time.Minute

func goodEnough(r *models.TileResult, now time.Time, maxAge time.Duration) bool {
	if r.FailedAt != nil {
		return now.Sub(*r.FailedAt) < min(maxAge, failedAge)
	}
	return r.RanAt != nil && now.Sub(*r.RanAt) < maxAge
}

// GetTile returns a result by its id, without rows.
func (s *Store) GetTile(ctx context.Context, scope models.Scope, id string) (*models.TileResult, error) {
	var r models.TileResult
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return cached(tx, scope).Omit("rows").First(&r, "id = ?", id).Error })
	return &r, err
}

// BeginTile notes that a worker reads a tile's rows, and returns the request.
// orphan says that somebody began and never ended.
func (s *Store) BeginTile(ctx context.Context, scope models.Scope, id string, since time.Time) (r *models.TileResult, orphan, done bool, err error) {
	r = &models.TileResult{}
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := cached(tx, scope).Omit("rows").Clauses(clause.Locking{Strength: "UPDATE"}).First(r, "id = ?", id).Error; err != nil {
			return err
		}
		if done = r.RanAt != nil && !r.RanAt.Before(since); done {
			return nil
		}
		ended := time.Time{}
		for _, at := range []*time.Time{r.RanAt, r.FailedAt} {
			if at != nil && at.After(ended) {
				ended = *at
			}
		}
		orphan = r.StartedAt != nil && r.StartedAt.After(ended)
		now := time.Now()
		r.StartedAt = &now
		return tx.Model(r).Select("StartedAt", "UpdatedAt").Updates(r).Error
	})
	return r, orphan, done, err
}

// SaveTile stores the rows of a tile in place of those before.
func (s *Store) SaveTile(ctx context.Context, scope models.Scope, id string, rows *models.Rows, chart *models.Chart, took time.Duration) (*models.TileResult, error) {
	var encoded models.Result
	if err := encodeRows(&encoded, rows.Rows); err != nil {
		return nil, err
	}
	now := time.Now()
	r := &models.TileResult{ID: id, RanAt: &now, Columns: rows.Columns, Rows: encoded.Rows, BlockRows: encoded.BlockRows, BlockEnds: encoded.BlockEnds,
		RowCount: len(rows.Rows), Truncated: rows.Truncated, QueryMs: took.Milliseconds(), Chart: chart}
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		return cached(tx, scope).Model(r).Select("RanAt", "FailedAt", "ErrorCode", "ErrorText", "Columns", "Rows", "BlockRows", "BlockEnds", "RowCount",
			"Truncated", "QueryMs", "Chart", "UpdatedAt").Updates(r).Error
	})
	return r, err
}

// FailTiles notes why tiles could not be read; the rows from before stay.
func (s *Store) FailTiles(ctx context.Context, scope models.Scope, ids []string, code models.Code, text string) error {
	now := time.Now()
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return cached(tx, scope).Model(&models.TileResult{}).Where("id IN ?", ids).Select("FailedAt", "ErrorCode", "ErrorText", "UpdatedAt").
			Updates(&models.TileResult{FailedAt: &now, ErrorCode: code, ErrorText: text}).Error
	})
}

// TilePage returns a part of the rows that are cached under a key for the
// scope's rights, nil where there are none yet.
func (s *Store) TilePage(ctx context.Context, scope models.Scope, key string, offset, limit int) (r *models.TileResult, rows *models.Rows, err error) {
	r = &models.TileResult{}
	var part models.Result
	first := -1
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := cached(tx, scope).Omit("rows").First(r, "key = ?", key).Error; err != nil {
			return err
		}
		part = models.Result{ID: r.ID, Columns: r.Columns, BlockRows: r.BlockRows, BlockEnds: r.BlockEnds, RowCount: r.RowCount, Truncated: r.Truncated}
		var from, to int
		if first, from, to = bytesOf(&part, offset, limit); first < 0 {
			return nil
		}
		return tx.Model(&models.TileResult{}).Select("substring(rows FROM ? FOR ?)", from+1, to-from).Where("org_id = ? AND id = ?", scope.OrgID, r.ID).Row().Scan(&part.Rows)
	})
	if err != nil || r.RanAt == nil {
		return r, nil, err
	}
	if first < 0 {
		return r, &models.Rows{Columns: r.Columns, Rows: [][]any{}, Truncated: r.Truncated}, nil
	}
	if rows, err = s.Rows(ctx, &part); err != nil {
		return r, nil, err
	}
	from := min(offset-first, len(rows.Rows))
	rows.Rows = slices.Clone(rows.Rows[from:min(from+limit, len(rows.Rows))])
	return r, rows, nil
}

// tilesKept bounds how many results an organisation keeps.
const tilesKept = 5000

// SystemPruneTiles deletes results that nobody asked for since a time, and of
// each organisation those past the newest tilesKept.
func (s *Store) SystemPruneTiles(ctx context.Context, before time.Time) error {
	return s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("updated_at < ?", before).Delete(&models.TileResult{}).Error; err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM tile_results WHERE id IN (SELECT id FROM (
			SELECT id, row_number() OVER (PARTITION BY org_id ORDER BY updated_at DESC) AS n FROM tile_results) t WHERE n > ?)`, tilesKept).Error
	})
}

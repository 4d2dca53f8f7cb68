package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/datamind/datamind/models"
)

// probeBytes is more than a table's last page has room for, so that the server
// must take more of its disk.
const probeBytes = 64 << 10

// errTaken takes a probe back.
var errTaken = errors.New("taken back")

// SystemWritable reports whether the database takes what is written. Nothing of
// what it writes stays.
func (s *Store) SystemWritable(ctx context.Context) error {
	noise := make([]byte, probeBytes) // does not compress
	_, _ = rand.Read(noise)           // never fails
	err := s.system(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("INSERT INTO orgs (id, name) VALUES (?, ?)", NewID(), hex.EncodeToString(noise)).Error; err != nil {
			return err
		}
		return errTaken
	})
	if errors.Is(err, errTaken) {
		return nil
	}
	return err
}

// SystemClock returns how far this process's clock is ahead of the database's.
// It is wrong by at most half the time that the answer takes.
func (s *Store) SystemClock(ctx context.Context) (ahead time.Duration, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		var there time.Time
		begun := time.Now()
		if err := tx.Raw("SELECT clock_timestamp()").Row().Scan(&there); err != nil {
			return err
		}
		ahead = begun.Add(time.Since(begun) / 2).Sub(there)
		return nil
	})
	return ahead, err
}

// Refused are the questions of an organisation that ended for want of tokens.
type Refused struct {
	Name  string
	Count int
}

// SystemRefused counts, by organisation, the questions that have ended since a
// time because what was left of the budget did not hold their worst case.
func (s *Store) SystemRefused(ctx context.Context, since time.Time) (all []Refused, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT o.name, count(*) AS count FROM questions q JOIN orgs o ON o.id = q.org_id
			WHERE q.status = ? AND q.ended_at >= ? GROUP BY o.id, o.name ORDER BY count(*) DESC LIMIT 100`, models.StatusBudget, since).Scan(&all).Error
	})
	return all, err
}

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

// slot gives a delivery its turn: zero for now, or how long it has to wait for the
// slot that it then has. Slots are handed out in the order in which they are asked
// for, whoever asks; one that somebody comes too late for is lost, and they get
// the next free one. The row of the pace is locked until the transaction ends, so
// that no two get the same.
func slot(tx *gorm.DB, d *models.Delivery) (wait time.Duration, err error) {
	p, now, err := lockPace(tx, d)
	if err != nil || p == nil {
		return 0, err
	}
	pace := d.ChannelKind.Pace(d.Recipient)
	open := p.LastAt.Add(pace)
	had := d.SlotAt != nil
	switch {
	case had && d.SlotAt.After(now): // asked before its time
		return d.SlotAt.Sub(now), nil
	case !open.After(now) && (had || !p.FreeAt.After(now)):
		p.LastAt, d.SlotAt = now, nil
		p.FreeAt = later(p.FreeAt, now.Add(pace))
	default:
		at := later(later(p.FreeAt, open), now)
		p.FreeAt, d.SlotAt, wait = at.Add(pace), &at, at.Sub(now)
	}
	err = tx.Model(p).Where("org_id = ?", d.OrgID).Select("LastAt", "FreeAt").UpdateColumns(p).Error
	if err == nil {
		err = tx.Model(d).Where("org_id = ?", d.OrgID).UpdateColumn("slot_at", d.SlotAt).Error
	}
	return wait, err
}

// lockPace locks the pace of a delivery's channel and returns it with the time of
// the database; nil for a channel that is gone.
func lockPace(tx *gorm.DB, d *models.Delivery) (*models.ChannelPace, time.Time, error) {
	p := &models.ChannelPace{ChannelID: d.ChannelID, Recipient: d.ChannelKind.PaceOf(d.Recipient), OrgID: d.OrgID}
	made := tx.Exec(`INSERT INTO channel_paces (channel_id, recipient, org_id, last_at, free_at)
		SELECT id, ?, org_id, 'epoch', 'epoch' FROM channels WHERE org_id = ? AND id = ? ON CONFLICT DO NOTHING`, p.Recipient, d.OrgID, d.ChannelID)
	if made.Error != nil {
		return nil, time.Time{}, made.Error
	}
	found := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("org_id = ? AND channel_id = ? AND recipient = ?", d.OrgID, d.ChannelID, p.Recipient).Limit(1).Find(p)
	if found.Error != nil || found.RowsAffected == 0 {
		return nil, time.Time{}, found.Error
	}
	var now time.Time // not of the transaction's begin: it may have waited for the lock
	err := tx.Raw("SELECT clock_timestamp()").Scan(&now).Error
	return p, now, err
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// HoldChannel keeps a channel's messages back for so long: its service asked for
// it when it was told a delivery.
func (s *Store) HoldChannel(ctx context.Context, scope models.Scope, d *models.Delivery, wait time.Duration) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		p, now, err := lockPace(tx, d)
		if err != nil || p == nil {
			return err
		}
		until := now.Add(wait)
		p.LastAt, p.FreeAt = later(p.LastAt, until.Add(-d.ChannelKind.Pace(d.Recipient))), later(p.FreeAt, until)
		return tx.Model(p).Where("org_id = ?", d.OrgID).Select("LastAt", "FreeAt").UpdateColumns(p).Error
	})
}

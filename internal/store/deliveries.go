package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/datamind/datamind/models"
)

var openDeliveries = []models.DeliveryStatus{models.DeliveryQueued, models.DeliverySending}

// Queue writes deliveries into the ledger and returns the ids of those that are
// still to be sent, in their order. Called inside of Together it takes effect
// with the change that causes them. What has the key of an earlier one is that
// one, so calling it again is safe.
//
// A delivery needs a subject, an episode, a channel and a message. Without a
// recipient it goes to each that the channel has; without times it is due now
// and news for a day. A channel that is off or gone is told nothing, and the
// ledger says so, as it does of a delivery that is skipped from the beginning.
func (s *Store) Queue(ctx context.Context, scope models.Scope, wanted []models.Delivery) (ids []string, err error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		channels, err := channelsOf(tx, scope, wanted)
		if err != nil {
			return err
		}
		rows, keys := []models.Delivery{}, []string{}
		for _, d := range wanted {
			for _, one := range expand(scope, d, channels[d.ChannelID]) {
				rows, keys = append(rows, one), append(keys, one.Key)
			}
		}
		again := clause.OnConflict{Columns: []clause.Column{{Name: "org_id"}, {Name: "key"}}, DoNothing: true}
		if err := tx.Clauses(again).CreateInBatches(&rows, 100).Error; err != nil {
			return err
		}
		var found []models.Delivery
		if err := tx.Select("id", "key").Where("org_id = ? AND key IN ? AND status IN ?", scope.OrgID, keys, openDeliveries).Find(&found).Error; err != nil {
			return err
		}
		slices.SortFunc(found, func(a, b models.Delivery) int { return slices.Index(keys, a.Key) - slices.Index(keys, b.Key) })
		for _, d := range found {
			ids = append(ids, d.ID)
		}
		return nil
	})
	return ids, err
}

func channelsOf(tx *gorm.DB, scope models.Scope, wanted []models.Delivery) (map[string]*models.Channel, error) {
	var ids []string
	for _, d := range wanted {
		ids = append(ids, d.ChannelID)
	}
	var rows []models.Channel
	if err := tx.Where("org_id = ? AND id IN ?", scope.OrgID, ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	channels := map[string]*models.Channel{}
	for i := range rows {
		channels[rows[i].ID] = &rows[i]
	}
	return channels, nil
}

// expand makes the rows of a delivery, one for each recipient.
func expand(scope models.Scope, d models.Delivery, c *models.Channel) (rows []models.Delivery) {
	now := time.Now()
	d.OrgID, d.TriesLeft, d.Message = scope.OrgID, models.DeliveryTries, d.Message.Bounded()
	d.CreatedAt, d.UpdatedAt = now, now
	if d.DueAt.IsZero() {
		d.DueAt = now
	}
	if d.Deadline.IsZero() {
		d.Deadline = d.DueAt.Add(models.DeliveryLateAfter)
	}
	to := []string{d.Recipient}
	switch {
	case d.Status == models.DeliverySkipped:
	case c == nil:
		d.Status, d.ReasonCode, d.Reason = models.DeliverySkipped, models.CodeChannelGone, "The channel has been removed."
	case !c.Enabled:
		d.Status, d.ReasonCode, d.Reason = models.DeliverySkipped, models.CodeChannelOff, "The channel is switched off."
	default:
		d.Status = models.DeliveryQueued
	}
	if c != nil {
		d.ChannelName, d.ChannelKind = c.Name, c.Kind
		if d.Recipient == "" {
			to = c.Recipients()
		}
	}
	for _, d.Recipient = range to {
		d.ID, d.Key = NewID(), models.DeliveryKey(scope.OrgID, d.Subject, d.Episode, d.ChannelID, d.Recipient)
		rows = append(rows, d)
	}
	return rows
}

// Claim is what came of asking for a delivery.
type Claim struct {
	models.Delivery
	// Mine says that the caller has it for one try.
	Mine bool
	// Ended says that it was ended here: nobody may try it any more.
	Ended bool
	// Wait is how long it is until its channel has room for it; nothing is counted
	// until then.
	Wait time.Duration
}

// ClaimDelivery takes a delivery for one try, and counts it before anything is
// sent, as soon as its channel has room for one more message. Until the lease is over nobody else gets it, but for the same caller,
// whose earlier try died.
func (s *Store) ClaimDelivery(ctx context.Context, scope models.Scope, id, by string, lease time.Duration) (c Claim, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) error {
		d := tx.Model(&models.Delivery{}).Where("org_id = ? AND id = ?", scope.OrgID, id).
			Where("(status = ? OR status = ? AND (claimed_by = ? OR claimed_until < now()))", models.DeliveryQueued, models.DeliverySending, by)
		var waiting models.Delivery
		open := d.Session(&gorm.Session{}).Clauses(clause.Locking{Strength: "UPDATE"}).Where("deadline > now() AND tries_left > 0").Limit(1).Find(&waiting)
		if open.Error != nil {
			return open.Error
		}
		if open.RowsAffected > 0 {
			if c.Ended, err = left(tx, &waiting); err != nil || c.Ended {
				c.Delivery = waiting
				return err
			}
			if c.Wait, err = slot(tx, &waiting); err != nil {
				return err
			}
			if c.Wait > 0 {
				c.Delivery = waiting
				return nil
			}
		}
		now := gorm.Expr("now()")
		res := d.Session(&gorm.Session{}).Where("deadline > now() AND tries_left > 0").UpdateColumns(map[string]any{
			"status": models.DeliverySending, "tries": gorm.Expr("tries + 1"), "tries_left": gorm.Expr("tries_left - 1"),
			"claimed_by": by, "claimed_until": gorm.Expr("now() + make_interval(secs => ?)", lease.Seconds()), "updated_at": now})
		if c.Mine = res.Error == nil && res.RowsAffected > 0; res.Error != nil {
			return res.Error
		}
		if !c.Mine {
			end := map[string]any{"claimed_by": "", "claimed_until": nil, "updated_at": now}
			late := func(then, otherwise string, args ...any) any {
				return gorm.Expr("CASE WHEN deadline <= now() THEN "+then+" ELSE "+otherwise+" END", args...)
			}
			end["status"] = late("?", "?", models.DeliveryLate, models.DeliveryFailed)
			end["reason_code"], end["reason"] = late("?", "reason_code", models.CodeDeliveryLate), late("?", "reason", lateReason)
			res = d.Session(&gorm.Session{}).Where("(deadline <= now() OR tries_left <= 0)").UpdateColumns(end)
			if c.Ended = res.Error == nil && res.RowsAffected > 0; res.Error != nil {
				return res.Error
			}
		}
		return tx.First(&c.Delivery, "org_id = ? AND id = ?", scope.OrgID, id).Error
	})
	return c, err
}

// left ends a delivery that is for a member who is none any more: it may have
// waited for hours since it was made, or be sent again after days.
func left(tx *gorm.DB, d *models.Delivery) (ended bool, err error) {
	if d.Member() == "" {
		return false, nil
	}
	var members int64
	err = tx.Model(&models.Membership{}).Where("org_id = ? AND user_id::text = ?", d.OrgID, d.Member()).Count(&members).Error
	if err != nil || members > 0 {
		return false, err
	}
	d.Status, d.ReasonCode, d.Reason = models.DeliverySkipped, models.CodeReportLeft, "This person is not a member of the organisation any more."
	return true, tx.Model(d).Where("org_id = ?", d.OrgID).UpdateColumns(map[string]any{"status": d.Status, "reason_code": d.ReasonCode, "reason": d.Reason,
		"claimed_by": "", "claimed_until": nil, "updated_at": gorm.Expr("now()")}).Error
}

const lateReason = "It could not be sent while it was news. “Send again” sends it all the same."

// CloseDelivery records how a try ended. queued leaves it for another one. That
// it was sent is recorded whoever has it by now; anything else only while it is
// still the caller's.
func (s *Store) CloseDelivery(ctx context.Context, scope models.Scope, id, by string, status models.DeliveryStatus, code models.Code, reason string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		q := tx.Model(&models.Delivery{}).Where("org_id = ? AND id = ?", scope.OrgID, id)
		set := map[string]any{"status": status, "reason_code": code, "reason": models.Clip(reason, 1000), "claimed_by": "", "claimed_until": nil, "updated_at": gorm.Expr("now()")}
		if status == models.DeliverySent {
			set["sent_at"], q = gorm.Expr("now()"), q.Where("status <> ?", models.DeliverySent)
		} else {
			q = q.Where("status = ? AND claimed_by = ?", models.DeliverySending, by)
		}
		return q.UpdateColumns(set).Error
	})
}

// SkipDeliveries ends those of the deliveries that nobody has begun to send.
func (s *Store) SkipDeliveries(ctx context.Context, scope models.Scope, ids []string, code models.Code, reason string) error {
	return s.tx(ctx, scope, func(tx *gorm.DB) error {
		return tx.Model(&models.Delivery{}).Where("org_id = ? AND id IN ? AND status = ?", scope.OrgID, ids, models.DeliveryQueued).
			UpdateColumns(map[string]any{"status": models.DeliverySkipped, "reason_code": code, "reason": reason, "updated_at": gorm.Expr("now()")}).Error
	})
}

// RetryDelivery queues a delivery again that has ended without being sent. Its
// key stays, so that who has got it nevertheless can tell.
func (s *Store) RetryDelivery(ctx context.Context, scope models.Scope, id string) (*models.Delivery, error) {
	d := &models.Delivery{}
	err := s.tx(ctx, scope, func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(d, "org_id = ? AND id = ?", scope.OrgID, id).Error; err != nil {
			return err
		}
		switch {
		case d.Status == models.DeliverySent:
			return models.Errorf(models.CodeConflict, "This has been sent already.")
		case !d.Status.Final():
			return models.Errorf(models.CodeConflict, "This is being sent just now.")
		case d.ChannelID == models.NoChannel:
			return models.Errorf(models.CodeConflict, "There is nothing to send again: nothing was made for this recipient.")
		case d.Tries >= models.DeliveryMaxTries:
			return models.Errorf(models.CodeConflict, "This has been tried %d times, which is as often as one message is tried. Repair the channel and send something new over it.", d.Tries)
		}
		now := time.Now()
		d.Status, d.TriesLeft, d.Deadline, d.UpdatedAt = models.DeliveryQueued, min(models.DeliveryTries, models.DeliveryMaxTries-d.Tries), now.Add(models.DeliveryLateAfter), now
		return tx.Model(d).Where("org_id = ?", scope.OrgID).Select("Status", "TriesLeft", "Deadline", "UpdatedAt").UpdateColumns(d).Error
	})
	return d, err
}

// DeliveryFilter chooses deliveries; its zero value chooses all.
type DeliveryFilter struct {
	Subject   string // as it is, or a beginning that ends with a slash, such as "alert/"
	Episode   string // as Subject
	ChannelID string
	Recipient string
	Status    models.DeliveryStatus
	From      time.Time
	Until     time.Time
}

func (f DeliveryFilter) of(tx *gorm.DB, scope models.Scope) *gorm.DB {
	q := tx.Where("org_id = ?", scope.OrgID)
	for column, value := range map[string]string{"subject": f.Subject, "episode": f.Episode} {
		switch {
		case value == "":
		case value[len(value)-1] == '/':
			q = q.Where(column+" LIKE ?", likePrefix(value))
		default:
			q = q.Where(column+" = ?", value)
		}
	}
	if f.ChannelID != "" {
		q = q.Where("channel_id = ?", f.ChannelID)
	}
	if f.Recipient != "" {
		q = q.Where("recipient = ?", f.Recipient)
	}
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	if !f.From.IsZero() {
		q = q.Where("created_at >= ?", f.From)
	}
	if !f.Until.IsZero() {
		q = q.Where("created_at < ?", f.Until)
	}
	return q
}

// ListDeliveries lists the organisation's deliveries, newest first.
func (s *Store) ListDeliveries(ctx context.Context, scope models.Scope, filter DeliveryFilter, after string, limit int) (rows []models.Delivery, next string, err error) {
	err = s.tx(ctx, scope, func(tx *gorm.DB) (err error) {
		rows, next, err = page(filter.of(tx, scope), "created_at", after, limit,
			func(d models.Delivery) (time.Time, string) { return d.CreatedAt, d.ID })
		return err
	})
	return rows, next, err
}

// GetDelivery returns a delivery of the scope's organisation.
func (s *Store) GetDelivery(ctx context.Context, scope models.Scope, id string) (*models.Delivery, error) {
	var d models.Delivery
	err := s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.First(&d, "org_id = ? AND id = ?", scope.OrgID, id).Error })
	return &d, err
}

// SystemLateDeliveries ends open deliveries that nobody has sent in their time
// and returns how many that were, by the kind of their channel.
func (s *Store) SystemLateDeliveries(ctx context.Context) (kinds map[models.ChannelKind]int, err error) {
	var ended []models.ChannelKind
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`UPDATE deliveries SET status = ?, reason_code = ?, reason = ?, claimed_by = '', claimed_until = NULL, updated_at = now()
			WHERE status IN ('queued', 'sending') AND deadline < now() AND (claimed_until IS NULL OR claimed_until < now()) RETURNING channel_kind`,
			models.DeliveryLate, models.CodeDeliveryLate, lateReason).Scan(&ended).Error
	})
	kinds = map[models.ChannelKind]int{}
	for _, kind := range ended {
		kinds[kind]++
	}
	return kinds, err
}

// SystemStaleDeliveries returns open deliveries that are due and that nobody has
// touched for so long: untried ones and those whose try died for idle, those
// between two tries for paused; those that wait for room in their channel after
// that. They count as touched from now on.
func (s *Store) SystemStaleDeliveries(ctx context.Context, idle, paused time.Duration, limit int) (rows []models.Delivery, err error) {
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`UPDATE deliveries SET updated_at = now() WHERE id IN (
				SELECT id FROM deliveries WHERE status IN ('queued', 'sending') AND due_at < now()
					AND updated_at < now() - make_interval(secs => CASE WHEN status = 'queued' AND tries > 0 THEN ?::float8 ELSE ?::float8 END)
					AND (claimed_until IS NULL OR claimed_until < now())
					AND (slot_at IS NULL OR slot_at < now() - make_interval(secs => ?::float8))
				ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED)
			RETURNING id, org_id`, paused.Seconds(), idle.Seconds(), idle.Seconds(), limit).Scan(&rows).Error
	})
	return rows, err
}

// RecordTest writes a test of a channel into the ledger, with how it ended.
func (s *Store) RecordTest(ctx context.Context, scope models.Scope, d *models.Delivery, failure error) error {
	now := time.Now()
	d.ID, d.OrgID, d.Tries, d.Message, d.Deadline, d.CreatedAt, d.UpdatedAt = NewID(), scope.OrgID, 1, d.Message.Bounded(), d.DueAt, now, now
	d.Status, d.SentAt = models.DeliverySent, &now
	if failure != nil {
		d.Status, d.SentAt, d.ReasonCode, d.Reason = models.DeliveryFailed, nil, models.ErrorCode(failure), models.ErrorMessage(failure)
	}
	again := clause.OnConflict{Columns: []clause.Column{{Name: "org_id"}, {Name: "key"}}, DoNothing: true}
	return s.tx(ctx, scope, func(tx *gorm.DB) error { return tx.Clauses(again).Create(d).Error })
}

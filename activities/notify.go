package activities

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/notify"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Notify sends what the ledger of deliveries holds. It alone opens the secrets
// of channels.
type Notify struct {
	Store *store.Store
	// Temporal gets the heartbeats; nil sends none, where no server waits for them.
	Temporal client.Client
	// Opener opens channels' secrets; nil where this worker has no key.
	Opener *crypt.Opener
	Client *notify.Client
	// BaseURL is the page's address, for links.
	BaseURL string
	// Ended is told how each delivery ended, and how long its last call took; nil for nobody.
	Ended func(kind models.ChannelKind, status models.DeliveryStatus, took time.Duration)
	// Failed is told of each try that did not do; nil for nobody.
	Failed func(kind models.ChannelKind, code models.Code)
}

// SendInput names a delivery of the ledger.
type SendInput struct {
	Scope      models.Scope
	DeliveryID string
}

// SendResult is how the delivery ended.
type SendResult struct {
	Status models.DeliveryStatus
}

// SkipInput names deliveries that are not to be sent any more.
type SkipInput struct {
	Scope       models.Scope
	DeliveryIDs []string
}

const (
	// sendLease is how long a try has its delivery to itself: the call, and the
	// wait for the platform's database after it.
	sendLease = notify.Timeout + 30*time.Second
	// sendFirst and sendLast are the pauses between tries, each twice the one before.
	sendFirst, sendLast = 2 * time.Second, time.Hour
)

// Send tries one delivery once. What the ledger says has ended is left alone. The
// ledger has the try before the call begins, and the key is the same at each: a
// worker that dies between the call and the record of its success makes a
// message come twice, with one key, and never makes it be lost.
func (a *Notify) Send(ctx context.Context, in SendInput) (SendResult, error) {
	work, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	info := activity.GetInfo(ctx)
	by := info.WorkflowExecution.RunID + "/" + info.ActivityID
	claim, err := a.Store.ClaimDelivery(work, in.Scope, in.DeliveryID, by, sendLease)
	switch {
	case err != nil:
		return SendResult{}, toTemporal(work, err)
	case claim.Ended:
		a.ended(claim.ChannelKind, claim.Status, 0)
		return SendResult{claim.Status}, nil
	case claim.Status.Final():
		return SendResult{claim.Status}, nil
	case claim.Wait > 0:
		return SendResult{}, later(claim.Wait, models.Errorf(models.CodeChannelBusy, "Its turn comes: the channel takes so many messages at a time."))
	case !claim.Mine:
		return SendResult{}, later(sendLease/4, models.Errorf(models.CodeUnavailable, "Somebody else sends this just now."))
	}
	begun := time.Now()
	// What has begun is finished and recorded, whatever is stopped meanwhile.
	status, failure := a.try(context.WithoutCancel(ctx), in.Scope, &claim.Delivery)
	if claim.Status = status; status == models.DeliveryQueued && claim.TriesLeft <= 0 {
		claim.Status = models.DeliveryFailed
	}
	code, reason := models.ErrorCode(failure), ""
	if failure != nil {
		reason = models.ErrorMessage(failure)
		if a.Failed != nil && status != models.DeliverySkipped {
			a.Failed(claim.ChannelKind, code)
		}
		if claim.Status == models.DeliveryFailed && status == models.DeliveryQueued {
			reason = fmt.Sprintf("It was tried %d times. The last time: %s", claim.Tries, reason)
		}
	}
	err = keepTrying(ctx, func(ctx context.Context) error {
		return a.Store.CloseDelivery(ctx, in.Scope, claim.ID, by, claim.Status, code, reason)
	})
	if wait := notify.RetryAfter(failure); wait > 0 && err == nil { // the service is asked by others as well
		err = a.Store.HoldChannel(ctx, in.Scope, &claim.Delivery, wait)
	}
	if err != nil {
		return SendResult{}, toTemporal(ctx, err)
	}
	if claim.Status == models.DeliveryQueued {
		return SendResult{}, later(pause(&claim.Delivery, failure), failure)
	}
	a.ended(claim.ChannelKind, claim.Status, time.Since(begun))
	return SendResult{claim.Status}, nil
}

// try makes the call. queued says that another try may do.
func (a *Notify) try(ctx context.Context, scope models.Scope, d *models.Delivery) (models.DeliveryStatus, error) {
	c, err := a.Store.GetChannel(ctx, scope, d.ChannelID)
	switch {
	case models.ErrorCode(err) == models.CodeNotFound:
		return models.DeliverySkipped, models.Errorf(models.CodeChannelGone, "The channel has been removed.")
	case err != nil:
		return models.DeliveryQueued, err
	case !c.Enabled:
		return models.DeliverySkipped, models.Errorf(models.CodeChannelOff, "The channel is switched off.")
	}
	err = a.call(ctx, scope, c, d)
	switch {
	case err == nil:
		return models.DeliverySent, nil
	case notify.Retryable(err), models.ErrorCode(err) == models.CodeUnavailable:
		return models.DeliveryQueued, err
	}
	return models.DeliveryFailed, err
}

// call tells a delivery over a channel.
func (a *Notify) call(ctx context.Context, scope models.Scope, c *models.Channel, d *models.Delivery) error {
	target, err := a.target(c)
	if err != nil {
		return err
	}
	out := notify.Delivery{Key: d.Key, Incident: d.Incident(), Subject: d.Subject, Recipient: d.Recipient, Message: d.Message, At: d.DueAt}
	if d.Message.PictureID != "" && len(d.Message.Sections) == 0 {
		if out.Picture, err = a.artifact(ctx, scope, d.Message.PictureID); err != nil {
			return err
		}
	}
	for _, s := range d.Message.Sections {
		if s.PictureID == "" || out.Pictures[s.PictureID] != nil {
			continue
		}
		file, err := a.artifact(ctx, scope, s.PictureID)
		if err != nil {
			return err
		}
		if out.Pictures == nil {
			out.Pictures = map[string]*notify.File{}
		}
		out.Pictures[s.PictureID] = file
	}
	if len(d.Message.Sections) > 0 {
		out.Picture = out.Pictures[d.Message.PictureID] // one of theirs
	}
	for _, id := range d.Message.FileIDs {
		file, err := a.artifact(ctx, scope, id)
		if err != nil {
			return err
		}
		if file != nil {
			out.Files = append(out.Files, *file)
		}
	}
	return a.Client.Send(ctx, target, out)
}

// target opens a channel's secret.
func (a *Notify) target(c *models.Channel) (notify.Target, error) {
	to := notify.Target{Kind: c.Kind, Settings: c.Settings}
	if len(c.SealedSecret) == 0 {
		return to, nil
	}
	err := crypt.ErrOpen
	if a.Opener != nil {
		to.Secret, err = a.Opener.Open(c.OrgID, c.ID, crypt.Sealed(c.SealedSecret))
	}
	if err != nil {
		return to, models.Wrap(err, models.CodeChannelSealed, "The stored secret of this channel cannot be opened by this worker. Enter it again under Settings, Channels; if that does not help, whoever runs DataMind must give alert workers DATAMIND_CHANNEL_SEAL_PRIVATE_KEY.")
	}
	return to, nil
}

// artifact reads what goes with a message; nil for what has expired: the message
// goes without.
func (a *Notify) artifact(ctx context.Context, scope models.Scope, id string) (*notify.File, error) {
	f, err := a.Store.GetArtifact(ctx, scope, id)
	switch {
	case models.ErrorCode(err) == models.CodeNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &notify.File{Name: f.Name, MediaType: f.MediaType, Content: f.Content}, nil
}

func (a *Notify) ended(kind models.ChannelKind, status models.DeliveryStatus, took time.Duration) {
	if a.Ended != nil {
		a.Ended(kind, status, took)
	}
}

// pause is how long a delivery rests after a failed try: what the service asks
// for, at least twice the last pause, and a little more or less than others.
func pause(d *models.Delivery, failure error) time.Duration {
	round := models.DeliveryTries - d.TriesLeft // of the tries since somebody asked for them
	wait := min(sendFirst<<min(max(round-1, 0), 16), sendLast)
	wait += time.Duration(rand.Int64N(int64(wait)/5 + 1))
	return max(wait, notify.RetryAfter(failure))
}

// later is an error after which Temporal waits for so long. Its cause is in the
// ledger, where people look.
func later(wait time.Duration, err error) error {
	return temporal.NewApplicationErrorWithOptions(models.ErrorMessage(err), string(models.ErrorCode(err)), temporal.ApplicationErrorOptions{NextRetryDelay: wait})
}

// SkipDeliveries ends deliveries that have not begun: what caused them was stopped.
func (a *Notify) SkipDeliveries(ctx context.Context, in SkipInput) error {
	return toTemporal(ctx, a.Store.SkipDeliveries(ctx, in.Scope, in.DeliveryIDs, models.CodeDeliveryStopped, "What caused it was stopped before it was sent."))
}

// TestChannelInput is a channel to try: a stored one by its id, or one that is
// not, its secret sealed.
type TestChannelInput struct {
	Scope     models.Scope
	ChannelID string
	Unsaved   *models.Channel
	// Sealed belongs to Unsaved: the channel's own field does not serialise.
	Sealed []byte
	// TestID makes the key of this test.
	TestID string
}

// TestChannel sends a message that says that it is a test to each recipient of a
// channel. What is wrong is in the report; the ledger has the tests of stored channels.
func (a *Notify) TestChannel(ctx context.Context, in TestChannelInput) (models.ChannelReport, error) {
	begun := time.Now()
	c, err := in.Unsaved, error(nil)
	if c == nil {
		if c, err = a.Store.GetChannel(ctx, in.Scope, in.ChannelID); err != nil {
			return models.ChannelReport{}, toTemporal(ctx, err)
		}
	} else {
		c.OrgID, c.SealedSecret = in.Scope.OrgID, in.Sealed
	}
	ctx, cancel := context.WithTimeout(ctx, activity.GetInfo(ctx).StartToCloseTimeout-testRoom)
	defer cancel()
	var sent int
	for _, recipient := range c.Recipients() {
		d := &models.Delivery{OrgID: in.Scope.OrgID, Subject: "test/" + c.ID, Episode: in.TestID, ChannelID: c.ID, ChannelName: c.Name, ChannelKind: c.Kind, Recipient: recipient,
			Key: models.DeliveryKey(in.Scope.OrgID, "test/"+c.ID, in.TestID, c.ID, recipient), Message: a.testMessage(c), DueAt: begun}
		failure := a.call(ctx, in.Scope, c, d)
		if in.Unsaved == nil {
			if err := a.Store.RecordTest(context.WithoutCancel(ctx), in.Scope, d, failure); err != nil {
				return models.ChannelReport{}, toTemporal(ctx, err)
			}
		}
		if failure != nil {
			return models.ChannelReport{Code: models.ErrorCode(failure), Message: toWhom(recipient) + models.ErrorMessage(failure), Ms: time.Since(begun).Milliseconds()}, nil
		}
		sent++
	}
	return models.ChannelReport{OK: true, Message: taken(c, sent), Warnings: warnings(c), Ms: time.Since(begun).Milliseconds()}, nil
}

func (a *Notify) testMessage(c *models.Channel) models.Message {
	m := models.Message{Title: "DataMind: this is a test", Text: fmt.Sprintf("The channel “%s” works. Nothing is wrong and nobody has to do anything.", c.Name),
		Severity: models.SeverityInfo, Facts: []models.MessageFact{{Name: "Channel", Value: c.Name}}}
	if a.BaseURL != "" {
		m.Link, m.LinkText = a.BaseURL+"/settings/channels", "Open the channels"
	}
	return m
}

func toWhom(recipient string) string {
	if recipient == "" {
		return ""
	}
	return recipient + ": "
}

// taken says what a test that went well means.
func taken(c *models.Channel, sent int) string {
	switch {
	case c.Kind == models.ChannelEmail && sent == 1:
		return "The mail server took the message for " + c.Settings.To[0] + ". Look into the inbox, and among the spam."
	case c.Kind == models.ChannelEmail:
		return fmt.Sprintf("The mail server took a message for each of the %d recipients. Look into an inbox, and among the spam.", sent)
	case c.Kind == models.ChannelPagerDuty:
		return "PagerDuty took the event and closed it again: look for a resolved incident."
	case sent > 1:
		return fmt.Sprintf("A message was sent to each of the %d chats.", sent)
	}
	return "The message was taken. Look whether it is there."
}

func warnings(c *models.Channel) (all []string) {
	if c.Kind == models.ChannelEmail && c.Settings.TLS == models.MailPlain {
		all = append(all, "Messages and the password go unencrypted to the mail server. Use STARTTLS or TLS unless it is on the same machine.")
	}
	return all
}

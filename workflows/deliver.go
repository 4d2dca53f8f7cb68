package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// DeliverInput names deliveries of the ledger that are to be sent.
type DeliverInput struct {
	Scope models.Scope
	IDs   []string
}

// DeliverResult counts how they ended.
type DeliverResult struct {
	Sent, Failed, Skipped, Late int
}

// Deliver sends deliveries, each on its own: what fails does not hold up or
// repeat the others. Cancelled, it lets end what has begun and skips the rest.
func Deliver(ctx workflow.Context, in DeliverInput) (DeliverResult, error) {
	return deliver(ctx, in.Scope, in.IDs)
}

// sendAtOnce bounds the sends of one run, so that one with many recipients
// leaves others their turn.
const sendAtOnce = 20

// deliver is Deliver as a part of another workflow. Its error is none but that
// of a cancellation: what became of each delivery is in the ledger.
func deliver(ctx workflow.Context, scope models.Scope, ids []string) (total DeliverResult, err error) {
	var n *activities.Notify
	room, all := workflow.NewSemaphore(ctx, sendAtOnce), workflow.NewWaitGroup(ctx)
	for _, id := range ids {
		if room.Acquire(ctx, 1) != nil {
			break // cancelled
		}
		all.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer all.Done()
			defer room.Release(1)
			var got activities.SendResult
			// An error is a cancellation or the end of a day without a worker: the
			// ledger ends that delivery as late.
			if workflow.ExecuteActivity(send(ctx, "send"), n.Send, activities.SendInput{Scope: scope, DeliveryID: id}).Get(ctx, &got) == nil {
				total.count(got.Status)
			} else if ctx.Err() == nil {
				total.Late++
			}
		})
	}
	end, _ := workflow.NewDisconnectedContext(ctx)
	all.Wait(end)
	if ctx.Err() == nil {
		return total, nil
	}
	stop := activities.SkipInput{Scope: scope, DeliveryIDs: ids}
	if err := workflow.ExecuteActivity(ledger(end, "skip the rest"), n.SkipDeliveries, stop).Get(end, nil); err != nil {
		return total, errors.Join(ctx.Err(), err)
	}
	return total, temporal.NewCanceledError()
}

func (r *DeliverResult) count(status models.DeliveryStatus) {
	switch status {
	case models.DeliverySent:
		r.Sent++
	case models.DeliverySkipped:
		r.Skipped++
	case models.DeliveryLate:
		r.Late++
	default:
		r.Failed++
	}
}

// TestChannel tries a channel from where messages are sent: only those workers
// have a route to the services and can open channels' secrets.
func TestChannel(ctx workflow.Context, in activities.TestChannelInput) (models.ChannelReport, error) {
	var n *activities.Notify
	var report models.ChannelReport
	err := workflow.ExecuteActivity(probe(ctx, QueueAlert, "try the channel"), n.TestChannel, in).Get(ctx, &report)
	return report, err
}

package api

import (
	"context"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Delivery is an entry of the ledger: one message to one recipient over one channel.
type Delivery struct {
	ID          string                `json:"id" format:"uuid"`
	Subject     string                `json:"subject" doc:"What told it: alert/ID, report/ID, export/ID, or test/CHANNEL"`
	Episode     string                `json:"episode" doc:"What it tells of; what comes before the first slash is the same for all that belongs together"`
	ChannelID   string                `json:"channel_id" format:"uuid"`
	ChannelName string                `json:"channel_name" doc:"At the time"`
	ChannelKind models.ChannelKind    `json:"channel_kind" doc:"Empty where the channel was gone already"`
	Recipient   string                `json:"recipient" doc:"An address or a chat; empty where the channel has but one"`
	Key         string                `json:"key" doc:"The same at each try; receivers of webhooks get it, and a mail's Message-ID begins with it"`
	Status      models.DeliveryStatus `json:"status" enum:"queued,sending,sent,failed,skipped,late"`
	ReasonCode  models.Code           `json:"reason_code,omitempty"`
	Reason      string                `json:"reason,omitempty" doc:"Why it was not sent, or why the last try did not do"`
	Tries       int                   `json:"tries"`
	Title       string                `json:"title"`
	Severity    string                `json:"severity,omitempty"`
	Message     *models.Message       `json:"message,omitempty" doc:"In an answer about one delivery"`
	Retriable   bool                  `json:"retriable" doc:"Whether it can be sent again"`
	DueAt       time.Time             `json:"due_at"`
	Deadline    time.Time             `json:"deadline" doc:"Until when it is news; after that it is late and is not sent by itself"`
	SentAt      *time.Time            `json:"sent_at,omitempty"`
	CreatedAt   time.Time             `json:"created_at"`
	UpdatedAt   time.Time             `json:"updated_at"`
}

func deliveryView(d *models.Delivery) Delivery {
	return Delivery{ID: d.ID, Subject: d.Subject, Episode: d.Episode, ChannelID: d.ChannelID, ChannelName: d.ChannelName, ChannelKind: d.ChannelKind,
		Recipient: d.Recipient, Key: d.Key, Status: d.Status, ReasonCode: d.ReasonCode, Reason: d.Reason, Tries: d.Tries, Title: d.Message.Title, Severity: d.Message.Severity,
		Retriable: d.Retriable(), DueAt: d.DueAt, Deadline: d.Deadline, SentAt: d.SentAt, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt}
}

type (
	deliveryListIn struct {
		Status  string `query:"status" enum:"queued,sending,sent,failed,skipped,late"`
		Channel string `query:"channel" format:"uuid" maxLength:"36" doc:"A channel's id"`
		Subject string `query:"subject" maxLength:"100" pattern:"^[a-z]*(/[0-9a-f-]*)?$" doc:"What told it, such as alert/ID; or a beginning that ends with a slash, such as alert/"`
		DayParams
		PageParams
	}
	deliveryOut struct{ Body Delivery }
)

func (s *Server) deliveryRoutes() {
	register(s, operation(http.MethodGet, "/deliveries", "list-deliveries", "The ledger of deliveries, latest first", 200), auth.ManageChannels, s.listDeliveries)
	register(s, operation(http.MethodGet, "/deliveries/{id}", "get-delivery", "One delivery with its message", 200), auth.ManageChannels, s.getDelivery)
	register(s, operation(http.MethodPost, "/deliveries/{id}/retry", "retry-delivery", "Send a delivery again that was not sent; its key stays", 202), auth.ManageChannels, s.retryDelivery)
}

func (s *Server) listDeliveries(ctx context.Context, in *deliveryListIn) (*pageOut[Delivery], error) {
	filter := store.DeliveryFilter{Status: models.DeliveryStatus(in.Status), ChannelID: canonical(in.Channel), Subject: in.Subject}
	var err error
	if filter.From, filter.Until, err = in.span(); err != nil {
		return nil, err
	}
	rows, next, err := s.deps.Store.ListDeliveries(ctx, scopeOf(ctx), filter, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, deliveryView), next), nil
}

func (s *Server) getDelivery(ctx context.Context, in *IDParam) (*deliveryOut, error) {
	d, err := s.deps.Store.GetDelivery(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := &deliveryOut{Body: deliveryView(d)}
	out.Body.Message = &d.Message
	return out, nil
}

func (s *Server) retryDelivery(ctx context.Context, in *IDParam) (*deliveryOut, error) {
	scope := scopeOf(ctx)
	d, err := s.deps.Store.RetryDelivery(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "delivery.retry", d.ID, map[string]any{"channel": d.ChannelName, "recipient": d.Recipient, "subject": d.Subject})
	if err := s.deps.Runs.Deliver(ctx, scope, d.ID); err != nil { // it stays queued; the relay starts it
		s.log(ctx).Warn("a delivery is not started", "delivery_id", d.ID, "cause", models.ErrorMessage(err))
	}
	return &deliveryOut{Body: deliveryView(d)}, nil
}

package api

import (
	"context"
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/models"
)

// TestConnectionInput says which connection to test: a stored one by its id,
// or one that is not saved yet, its password already sealed.
type TestConnectionInput struct {
	// ConnectionID names a stored connection of the scope's organisation.
	// With Unsaved set as well it is only where the sealed password came from.
	ConnectionID string
	// Unsaved is a connection that has no row; its SealedPassword is sealed
	// with its ID, which the caller made up.
	Unsaved *models.Connection
}

// TestModelInput says which model to test: a stored one by its id, or one that
// is not saved yet, its key already sealed with the ID that it carries.
type TestModelInput struct {
	EndpointID string
	Unsaved    *models.ModelEndpoint
}

// TestChannelInput says which channel to test: a stored one by its id, or one
// that is not saved yet, its secret already sealed with the ID that it carries.
type TestChannelInput struct {
	ChannelID string
	Unsaved   *models.Channel
}

// Runs is the API's way to the durable workflows: it starts them and passes
// on what a person decides. The permission has been checked and the row read
// in the caller's scope before any method is called.
type Runs interface {
	// StartAsk starts the workflow of a stored question. Starting it twice is
	// not an error. When Temporal cannot be reached the row stays queued and
	// a relay starts it later.
	StartAsk(ctx context.Context, scope models.Scope, q *models.Question) error
	// Stop cancels a question's run; a run that has not started or has ended
	// is not an error.
	Stop(ctx context.Context, questionID string) error
	// Clarify hands over a person's reply; requestKey makes repeats harmless.
	Clarify(ctx context.Context, questionID, reply, requestKey string) error
	// Approve hands over a person's yes or no to a costly query.
	Approve(ctx context.Context, questionID string, yes bool) error
	// EditSQL hands SQL that a person wrote to a run that waits for them;
	// requestKey makes repeats harmless.
	EditSQL(ctx context.Context, questionID, sql, requestKey string) error
	// TestConnection runs a test on a query worker and waits for its report.
	TestConnection(ctx context.Context, scope models.Scope, in TestConnectionInput) (models.ConnectionReport, error)
	// TestModel runs a test on a model worker and waits for its report.
	TestModel(ctx context.Context, scope models.Scope, in TestModelInput) (models.ModelReport, error)
	// TestChannel sends a test over a channel from an alert worker and waits for its report.
	TestChannel(ctx context.Context, scope models.Scope, in TestChannelInput) (models.ChannelReport, error)
	// Deliver starts sending a delivery of the ledger, unless a run does so. When
	// Temporal cannot be reached it stays queued and a relay starts it later.
	Deliver(ctx context.Context, scope models.Scope, deliveryID string) error
	// PreviewAlert tries an alert on a query worker and waits for what it brings.
	PreviewAlert(ctx context.Context, in alert.PreviewInput) (alert.Preview, error)
	// RunAlert starts runs of an alert as of some times; the same runs start once.
	RunAlert(ctx context.Context, scope models.Scope, alertID string, times []time.Time, kind models.RunKind) error
	// RunReport starts a run of a report: for all, or for one person alone. The same
	// run starts once.
	RunReport(ctx context.Context, scope models.Scope, reportID string, at time.Time, only string) error
	// PreviewReport makes a report as somebody would see it now, waits for it and
	// returns the id of its PDF's artifact.
	PreviewReport(ctx context.Context, scope models.Scope, r *models.Report) (fileID string, err error)
	// CheckSQL has the guard check SQL on a query worker and waits for its
	// verdict: an error coded guard_refused, or nil.
	CheckSQL(ctx context.Context, scope models.Scope, connectionID, sql string) error
	// SyncCatalog starts reading a connection's structure; one at a time.
	SyncCatalog(ctx context.Context, scope models.Scope, connectionID string) error
	// StartExport starts the workflow of a stored export, like StartAsk.
	StartExport(ctx context.Context, scope models.Scope, e *models.Export) error
	// StopExport cancels an export's run, like Stop.
	StopExport(ctx context.Context, id string) error
	// PauseExport pauses an export's run, or has it go on.
	PauseExport(ctx context.Context, id string, pause bool) error
	// DeleteExport has the files of an export deleted that is due for it.
	DeleteExport(ctx context.Context, scope models.Scope, e *models.Export) error
	// EstimateExport asks the database, on an export worker, how much an export
	// of that SQL would be.
	EstimateExport(ctx context.Context, scope models.Scope, e *models.Export) (models.ExportEstimate, error)
	// RunScheduledExport runs a scheduled export as of a time; now says that
	// somebody wants it.
	RunScheduledExport(ctx context.Context, scope models.Scope, id string, at time.Time, now bool) error
	// ProposeTiles has the model propose tiles for a dashboard about something, each
	// checked and run; none where there is no model.
	ProposeTiles(ctx context.Context, scope models.Scope, connectionID, about string) ([]models.ProposedTile, error)
	// RefreshDashboard starts reading results of tiles that were asked for since a
	// time. dashboardID is whose watchers are told, "" for nobody.
	RefreshDashboard(ctx context.Context, scope models.Scope, dashboardID string, results []string, since time.Time) error
	// Ready reports whether Temporal can be reached.
	Ready(ctx context.Context) error
	// Queue describes one of workflows.Queues: who polls it and what waits.
	Queue(ctx context.Context, name string) (models.QueueState, error)
}

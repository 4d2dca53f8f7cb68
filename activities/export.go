package activities

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"gocloud.dev/blob"

	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

const (
	// exportLimit bounds the reading of one export's query.
	exportLimit = 12 * time.Hour
	// progressEvery is how often the row is told how far the writing is, and
	// rightsEvery how often it is looked whether the owner may still export.
	progressEvery = time.Second
	rightsEvery   = 15 * time.Second
	// orderCost is how many times the cost of the bare query the unique order may
	// cost: a scan along an index costs a little more, a sort of everything much.
	orderCost = 3
)

// Export writes the rows of queries to files. Only its workers, and those of
// Query, hold the key that opens connection secrets.
type Export struct {
	Query  *Query
	Bucket *blob.Bucket
	// Targets are where the files of scheduled exports may be copied to, by their names.
	Targets map[string]*blob.Bucket
	// TempDir is where spreadsheets are put together.
	TempDir string
}

// WriteExport writes an export to its end, from its last finished part on where
// its rows have a unique order, or else anew. Whatever an earlier execution of it
// still does has no effect.
func (a *Export) WriteExport(ctx context.Context, in ExportRef) (ExportResult, error) {
	w := &exportRun{Export: a, scope: in.Scope}
	ctx, stop := heartbeatWith(ctx, a.Query.Temporal, func() any { return w.position() })
	defer stop()
	e, err := a.Query.Store.ClaimExport(ctx, in.Scope, in.ExportID)
	if errors.Is(err, store.ErrNotClaimed) { // it has ended, or was paused
		return ExportResult{Status: e.Status}, nil
	}
	if err != nil {
		return ExportResult{}, toTemporal(ctx, err)
	}
	w.row = e
	work, cancel := stoppable(ctx) // apart from ctx, whose end is a person's wish
	watched := make(chan struct{})
	go func() { defer close(watched); w.watch(work, cancel) }()
	err = w.write(work)
	cancel(nil)
	<-watched
	if errors.Is(err, store.ErrNotClaimed) { // another execution has it: how it stands is that one's to say
		err = models.Wrap(err, models.CodeUnavailable, "Another worker has taken this export over.")
	}
	if err != nil {
		return ExportResult{}, toTemporal(ctx, err)
	}
	return ExportResult{Status: models.ExportDone}, nil
}

// stoppable is a context that also ends as soon as the worker is told to stop:
// an export is too long to be waited for, and goes on elsewhere.
func stoppable(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stopping := activity.GetWorkerStopChannel(ctx)
	go func() {
		select {
		case <-stopping:
			cancel(models.Errorf(models.CodeUnavailable, "The worker of this export was shut down."))
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// exportRun is one execution that writes an export.
type exportRun struct {
	*Export
	scope models.Scope
	row   *models.Export
	// rows and bytes are all that is written, the unfinished part included.
	rows, bytes atomic.Int64
	part        atomic.Int64
}

// exportPosition is the detail of heartbeats.
type exportPosition struct{ Part, Rows, Bytes int64 }

func (w *exportRun) position() exportPosition {
	return exportPosition{w.part.Load(), w.rows.Load(), w.bytes.Load()}
}

// watch tells the row how far the writing is, and ends the writing when the row
// is not this execution's any more or its owner may not export any more.
func (w *exportRun) watch(ctx context.Context, cancel context.CancelCauseFunc) {
	var told exportPosition
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	checked := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := w.position(); now != told {
			if err := w.Query.Store.ExportProgress(ctx, w.scope, w.row, now.Rows, now.Bytes); errors.Is(err, store.ErrNotClaimed) {
				cancel(err)
				return
			}
			told = now
		}
		if time.Since(checked) < rightsEvery {
			continue
		}
		checked = time.Now()
		if err := w.Query.mayExport(ctx, w.scope); models.ErrorCode(err) == models.CodeForbidden {
			cancel(err)
			return
		}
	}
}

// mayExport looks whether the scope's user is still a member who may export.
func (a *Query) mayExport(ctx context.Context, scope models.Scope) error {
	member, err := a.Store.GetMember(ctx, scope, scope.UserID)
	switch {
	case models.ErrorCode(err) == models.CodeNotFound:
		return models.Errorf(models.CodeForbidden, "Whoever started this export is no member of the organisation any more.")
	case err != nil:
		return err
	}
	if _, may := (models.ExportSettings{}).Limit(member.Role); !may {
		return models.Errorf(models.CodeForbidden, "The role of whoever started this export does not allow exports any more.")
	}
	return nil
}

// write writes the export, and looks at the structure anew once where it changed
// since it was read.
func (w *exportRun) write(ctx context.Context) error {
	if err := w.Query.mayExport(ctx, w.scope); err != nil {
		return err
	}
	connection, err := w.Query.Store.GetConnection(ctx, w.scope, w.row.ConnectionID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return models.Errorf(models.CodeInvalid, "The database connection of this export is deleted.")
	}
	if err != nil {
		return err
	}
	err = w.from(ctx, connection)
	for try := 1; try <= 2 && (models.ErrorCode(err) == models.CodeStructureMoved || errors.Is(err, errBeginAnew)); try++ {
		if models.ErrorCode(err) == models.CodeStructureMoved {
			if _, err = w.Query.read(ctx, w.scope, connection); err != nil {
				return err
			}
		}
		err = w.from(ctx, connection)
	}
	if ctx.Err() != nil && err != nil { // what it was told to stop for, not what that broke
		return context.Cause(ctx)
	}
	return err
}

// from writes from where the export stands.
func (w *exportRun) from(ctx context.Context, connection *models.Connection) error {
	guard, err := w.Query.guardOf(ctx, w.scope, connection)
	if err != nil {
		return err
	}
	conn, _, err := w.Query.open(ctx, connection, exportPurpose(w.row.ID))
	if err != nil {
		return err
	}
	defer conn.Close()
	if w.row.Claim > 1 {
		if err := conn.EndOthers(ctx); err != nil {
			return err
		}
	}
	plan, err := planExport(ctx, conn, guard, w.row)
	if err != nil {
		return err
	}
	parts, err := w.finished(ctx, plan)
	if err != nil {
		return err
	}
	if err := w.sweep(ctx, parts); err != nil {
		return err
	}
	sql, after := plan.sql, []string(nil)
	if len(parts) > 0 {
		after = parts[len(parts)-1].LastKey
	}
	if plan.order != nil {
		if sql, err = guard.CheckOrdered(w.row.SQL, w.row.Arguments, plan.order, after); err != nil {
			return err
		}
	}
	out := newExportWriter(ctx, w, plan, parts)
	err = conn.Stream(ctx, sql, exportLimit, out)
	return out.end(err)
}

// exportPurpose names the sessions of an export on the customer's database.
func exportPurpose(id string) string { return "export/" + id }

// exportPlan is how a query's rows are read.
type exportPlan struct {
	sql      sqlguard.Approved // as it was written
	order    *sqlguard.Order   // nil where the export cannot go on in a new part
	estimate connector.Estimate
}

// planExport checks the SQL and decides whether its rows are read in a unique
// order, as far as that was not decided before.
func planExport(ctx context.Context, conn connector.Conn, guard *sqlguard.Guard, e *models.Export) (p exportPlan, err error) {
	if p.sql, err = guard.CheckWith(e.SQL, e.Arguments); err != nil {
		return p, err
	}
	if p.estimate, err = conn.Estimate(ctx, p.sql); err != nil {
		return p, err
	}
	if !e.Format.Joins() || e.Continues != nil && !*e.Continues {
		return p, nil
	}
	order := guard.UniqueOrder(e.SQL, e.Arguments)
	if order == nil {
		return p, nil
	}
	ordered, err := guard.CheckOrdered(e.SQL, e.Arguments, order, nil)
	if err != nil { // what is written around it is more than the guard allows: not the person's mistake
		activity.GetLogger(ctx).Info("the export is not read in a unique order", "export", e.ID, "why", models.ErrorMessage(err))
		return p, nil
	}
	estimate, err := conn.Estimate(ctx, ordered)
	if err != nil {
		return p, err
	}
	if e.Continues != nil || estimate.Cost <= orderCost*max(p.estimate.Cost, 1000) {
		p.order = order
	}
	return p, nil
}

// finished returns the parts that count, in order: none where the export cannot
// be gone on with.
func (w *exportRun) finished(ctx context.Context, plan exportPlan) ([]models.ExportPart, error) {
	if plan.order == nil || w.row.Parts == 0 || !reflect.DeepEqual(plan.order.Columns(), w.row.KeyColumns) {
		return nil, nil
	}
	return w.Query.Store.ExportParts(ctx, w.scope, w.row.ID)
}

// EndExportQuery ends what a worker that died left running of an export on the
// customer's database.
func (a *Export) EndExportQuery(ctx context.Context, in ExportRef) error {
	c, err := a.Query.Store.GetConnection(ctx, in.Scope, in.ConnectionID)
	if err != nil {
		return toTemporal(ctx, err)
	}
	conn, _, err := a.Query.open(ctx, c, exportPurpose(in.ExportID))
	if err != nil {
		return toTemporal(ctx, err)
	}
	defer conn.Close()
	return toTemporal(ctx, conn.EndOthers(ctx))
}

// DeleteExportFiles deletes the files of an export that has expired, was not
// done, or was deleted by its owner.
func (a *Export) DeleteExportFiles(ctx context.Context, in ExportRef) error {
	ctx, stop := heartbeat(ctx, a.Query.Temporal)
	defer stop()
	e, err := a.Query.Store.ExportToDelete(ctx, in.Scope, in.ExportID)
	if err == nil && e != nil {
		if err = a.deleteObjects(ctx, objectPrefix(e), nil); err == nil {
			err = a.Query.Store.ExportGone(ctx, in.Scope, in.ExportID)
		}
	}
	return toTemporal(ctx, err)
}

// EstimateInput is a query that somebody thinks of exporting.
type EstimateInput struct {
	Scope        models.Scope
	ConnectionID string
	SQL          string
	Arguments    []models.Argument
	Format       models.ExportFormat
}

// EstimateExport asks the database how much an export would be, without running it.
func (a *Export) EstimateExport(ctx context.Context, in EstimateInput) (models.ExportEstimate, error) {
	ctx, stop := heartbeat(ctx, a.Query.Temporal)
	defer stop()
	got, err := a.estimate(ctx, in)
	return got, toTemporal(ctx, err)
}

func (a *Export) estimate(ctx context.Context, in EstimateInput) (got models.ExportEstimate, err error) {
	connection, err := a.Query.Store.GetConnection(ctx, in.Scope, in.ConnectionID)
	if err != nil {
		return got, err
	}
	conn, _, err := a.Query.open(ctx, connection, "estimate")
	if err != nil {
		return got, err
	}
	defer conn.Close()
	e := &models.Export{SQL: in.SQL, Arguments: in.Arguments, Format: in.Format}
	var plan exportPlan
	for try := 1; ; try++ {
		guard, err := a.Query.guardOf(ctx, in.Scope, connection)
		if err == nil {
			plan, err = planExport(ctx, conn, guard, e)
		}
		if models.ErrorCode(err) == models.CodeStructureMoved && try == 1 {
			if _, err = a.Query.read(ctx, in.Scope, connection); err == nil {
				continue
			}
		}
		if err != nil {
			if isGuard(err) {
				err = models.Wrap(err, models.CodeGuardRefused, "%s", models.ErrorMessage(err))
			}
			return got, err
		}
		return models.ExportEstimate{Rows: int64(plan.estimate.Rows), Continues: plan.order != nil}, nil
	}
}

// objectPrefix begins the names of an export's objects.
func objectPrefix(e *models.Export) string { return e.OrgID + "/" + e.ID + "/" }

// sweep deletes what earlier executions left that is no finished part.
func (w *exportRun) sweep(ctx context.Context, parts []models.ExportPart) error {
	if w.row.Claim == 1 {
		return nil
	}
	keep := map[string]bool{}
	for _, p := range parts {
		keep[p.Object] = true
	}
	if err := w.deleteObjects(ctx, objectPrefix(w.row), keep); err != nil {
		return fmt.Errorf("delete what an earlier try left: %w", err)
	}
	return nil
}

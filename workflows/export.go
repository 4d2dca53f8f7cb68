package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// Names of the messages that a run of Export takes.
const (
	UpdatePause  = "pause"
	UpdateResume = "resume"
)

// pauseTimeout bounds how long an export stays paused.
const pauseTimeout = 30 * 24 * time.Hour

// ExportInput starts an export.
type ExportInput struct {
	activities.ExportRef
}

// Export writes an export to one of its endings. What it has written, and that
// it is done, the writing activity records; the run holds what a person wants of
// it meanwhile. Its files are deleted later, by DeleteExport.
func Export(ctx workflow.Context, in ExportInput) (activities.ExportResult, error) {
	e := &exporting{in: in}
	if err := e.handle(ctx); err != nil {
		return activities.ExportResult{}, err
	}
	return e.finish(ctx, e.work(ctx))
}

type exporting struct {
	in       ExportInput
	paused   bool // what the person wants
	ended    bool
	orphaned bool // a query may run on without a worker
}

// exportEnd is why an export stops.
type exportEnd struct {
	status models.ExportStatus
	code   models.Code
	text   string
}

// handle sets the handlers, before any work. A message that changes nothing is
// taken as well: it may come twice.
func (e *exporting) handle(ctx workflow.Context) error {
	for _, name := range []string{UpdatePause, UpdateResume} {
		err := workflow.SetUpdateHandlerWithOptions(ctx, name, func(workflow.Context) error {
			e.paused = name == UpdatePause
			return nil
		}, workflow.UpdateHandlerOptions{Validator: func() error {
			if e.ended {
				return refuse(models.CodeConflict, "The export is at its end. Reload to see where it stands.")
			}
			return nil
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// work writes and waits, as the person wants, until there is an ending.
func (e *exporting) work(ctx workflow.Context) exportEnd {
	for {
		got, err := e.write(ctx)
		switch {
		case ctx.Err() != nil && err != nil:
			return exportEnd{status: models.ExportCancelled}
		case err == nil && got.Status.Final():
			return exportEnd{status: got.Status}
		case err == nil && got.Status == models.ExportPaused:
			e.paused = true
		case !e.paused || err == nil:
			return exportFailed(ctx, err)
		}
		if end := e.pause(ctx); end != nil {
			return *end
		}
	}
}

// write runs the activity until it ends or the person wants a pause, which is
// waited for: paused means that the database does nothing for it any more.
func (e *exporting) write(ctx workflow.Context) (got activities.ExportResult, err error) {
	workflow.SetCurrentDetails(ctx, "writing")
	writing, cancel := workflow.WithCancel(export(ctx, "write the export"))
	defer cancel()
	var x *activities.Export
	future := workflow.ExecuteActivity(writing, x.WriteExport, e.in.ExportRef)
	if err := workflow.Await(ctx, func() bool { return future.IsReady() || e.paused }); err == nil && !future.IsReady() {
		cancel()
	}
	if err = future.Get(ctx, &got); err != nil {
		e.orphaned = mayRunOn(err)
	}
	return got, err
}

// pause waits, durably, until the person wants the export to go on.
func (e *exporting) pause(ctx workflow.Context) *exportEnd {
	var q *activities.Questions
	var got activities.ExportResult
	// A message is kept at the end of its workflow task, which the timer is: a
	// worker that dies in the local activity loses nothing.
	if err := workflow.Sleep(ctx, time.Millisecond); err != nil {
		return &exportEnd{status: models.ExportCancelled}
	}
	in := activities.PauseInput{ExportRef: e.in.ExportRef, Paused: true}
	if err := workflow.ExecuteLocalActivity(record(ctx, "pause"), q.MarkPaused, in).Get(ctx, &got); err != nil {
		return ptr(exportFailed(ctx, err))
	}
	if got.Status.Final() {
		return &exportEnd{status: got.Status}
	}
	workflow.SetCurrentDetails(ctx, "paused")
	e.endOrphan(ctx)
	ok, err := workflow.AwaitWithTimeout(ctx, pauseTimeout, func() bool { return !e.paused })
	if err != nil {
		return &exportEnd{status: models.ExportCancelled}
	}
	if !ok {
		return &exportEnd{status: models.ExportCancelled, text: "It was paused for 30 days."}
	}
	if err := workflow.Sleep(ctx, time.Millisecond); err != nil {
		return &exportEnd{status: models.ExportCancelled}
	}
	in.Paused = false
	if err := workflow.ExecuteLocalActivity(record(ctx, "go on"), q.MarkPaused, in).Get(ctx, &got); err != nil {
		return ptr(exportFailed(ctx, err))
	}
	return nil
}

// endOrphan ends the query of a worker that died. The query's own limit bounds it
// if nobody can. Where the run is cancelled meanwhile, its end tries again.
func (e *exporting) endOrphan(ctx workflow.Context) {
	if !e.orphaned {
		return
	}
	var x *activities.Export
	err := workflow.ExecuteActivity(orphan(ctx, QueueExport, "end the query of a worker that died"), x.EndExportQuery, e.in.ExportRef).Get(ctx, nil)
	if temporal.IsCanceledError(err) {
		return
	}
	e.orphaned = false
	if err != nil {
		workflow.GetLogger(ctx).Warn("an export's query may still run on the customer's database", "error", err)
	}
}

// finish records the end on a context that cancellation does not reach.
func (e *exporting) finish(ctx workflow.Context, end exportEnd) (activities.ExportResult, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	e.ended = true
	got := activities.ExportResult{Status: end.status}
	if end.status != models.ExportDone {
		var q *activities.Questions
		err := workflow.ExecuteLocalActivity(record(ctx, "record the end"), q.FinishExport, activities.EndExportInput{ExportRef: e.in.ExportRef,
			Status: end.status, ErrorCode: end.code, ErrorText: end.text}).Get(ctx, &got)
		if err != nil {
			return got, err
		}
	}
	workflow.SetCurrentDetails(ctx, string(got.Status))
	if err := workflow.UpsertTypedSearchAttributes(ctx, outcome.ValueSet(string(got.Status))); err != nil {
		return got, err
	}
	e.endOrphan(ctx)
	return got, workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// exportFailed translates an activity's error into an ending.
func exportFailed(ctx workflow.Context, err error) exportEnd {
	end := endOf(ctx, err)
	if end.status == models.StatusCancelled {
		return exportEnd{status: models.ExportCancelled}
	}
	return exportEnd{status: models.ExportFailed, code: end.code, text: end.text}
}

// DeleteExport deletes the files of an export when their time is over.
func DeleteExport(ctx workflow.Context, in ExportInput) error {
	var x *activities.Export
	return workflow.ExecuteActivity(orphan(ctx, QueueExport, "delete the files"), x.DeleteExportFiles, in.ExportRef).Get(ctx, nil)
}

// EstimateExport asks the database how much an export would be.
func EstimateExport(ctx workflow.Context, in activities.EstimateInput) (models.ExportEstimate, error) {
	var x *activities.Export
	var got models.ExportEstimate
	err := workflow.ExecuteActivity(probe(ctx, QueueExport, "estimate the export"), x.EstimateExport, in).Get(ctx, &got)
	return got, err
}

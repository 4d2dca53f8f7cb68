package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/models"
)

// ReportInput starts a run of a report.
type ReportInput struct {
	Scope    models.Scope // of the organisation; on whose behalf is looked up at each run
	ReportID string
	// At is when the run was due; zero for what the schedule says.
	At   time.Time
	Kind models.ReportRunKind
	Only string // who alone gets it, "" for all
}

// ReportResult is how a run ended.
type ReportResult struct {
	Status   models.ReportRunStatus
	Messages int
}

// Report makes a report and tells it. The run's row in the platform's database
// ends in one transaction with the messages that it causes: however often a step
// is tried, each recipient has one.
func Report(ctx workflow.Context, in ReportInput) (ReportResult, error) {
	if in.At.IsZero() {
		in.At = dueTime(ctx)
	}
	r := &reportRun{ref: activities.ReportRef{Scope: in.Scope, ReportID: in.ReportID, At: in.At.Truncate(time.Microsecond), Kind: in.Kind, Only: in.Only}}
	info := workflow.GetInfo(ctx)
	begin := activities.ReportBegin{ReportRef: r.ref, WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID}
	var begun activities.ReportBegun
	if err := workflow.ExecuteLocalActivity(record(ctx, "begin the report"), r.books.BeginReport, begin).Get(ctx, &begun); err != nil {
		return ReportResult{}, err
	}
	if begun.Done {
		return r.tell(ctx, activities.ReportEnded{Deliveries: begun.Deliveries}), nil
	}
	r.make(ctx, begun)
	end, _ := workflow.NewDisconnectedContext(ctx) // also of a run that is stopped
	var ended activities.ReportEnded
	ending := activities.ReportEnd{ReportRef: r.ref, Failures: r.failures}
	if err := workflow.ExecuteLocalActivity(record(end, "end the report"), r.books.EndReport, ending).Get(end, &ended); err != nil {
		return ReportResult{}, err
	}
	return r.tell(end, ended), ctx.Err()
}

type reportRun struct {
	ref      activities.ReportRef
	books    *activities.Reports
	query    *activities.Query
	failures []activities.ReportFailure
}

// make has all groups' reports made. What goes wrong with one is that one's.
func (r *reportRun) make(ctx workflow.Context, begun activities.ReportBegun) {
	read := activities.ReportRead{ReportRef: r.ref, Groups: begun.Groups, Since: begun.StartedAt}
	var asked activities.ReportAsked
	if err := workflow.ExecuteActivity(tile(ctx, "find what the report shows"), r.query.RequestReport, read).Get(ctx, &asked); err != nil {
		r.fail("", err)
		return
	}
	var results []activities.TileInput
	for i, g := range begun.Groups {
		results = append(results, tilesOf(g, asked.Groups[i], asked.DashboardID, begun.StartedAt)...)
	}
	readTiles(ctx, results)
	for i, g := range begun.Groups {
		read.Groups = []activities.ReportGroup{g}
		write := activities.ReportWrite{ReportRead: read, Tiles: asked.Groups[i]}
		if err := workflow.ExecuteActivity(tile(ctx, "make the report"), r.query.WriteReport, write).Get(ctx, nil); err != nil {
			r.fail(g.Rights, err)
		}
	}
}

// tilesOf are the results of a group that are to be read.
func tilesOf(g activities.ReportGroup, tiles []activities.ReportTile, dashboardID string, since time.Time) (all []activities.TileInput) {
	for _, t := range tiles {
		if t.ResultID != "" {
			all = append(all, activities.TileInput{Scope: g.Scope, DashboardID: dashboardID, ResultID: t.ResultID, Since: since})
		}
	}
	return all
}

func (r *reportRun) fail(rights string, err error) {
	code, text := reportFailure(err)
	r.failures = append(r.failures, activities.ReportFailure{Rights: rights, Code: code, Text: text})
}

// reportFailure says why a report could not be made.
func reportFailure(err error) (models.Code, string) {
	var app *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	switch {
	case temporal.IsCanceledError(err):
		return models.CodeReportStopped, "The run was stopped."
	case errors.As(err, &app) && app.Type() != "":
		return models.Code(app.Type()), app.Message()
	case errors.As(err, &timeout):
		return models.CodeUnavailable, "No worker made it in time. If that stays so, tell whoever runs DataMind."
	}
	return models.CodeInternal, models.ErrorMessage(err)
}

// tell has the messages sent, by a run of their own: a mail server that is away
// for hours does not keep the next report from being made. What is lost here the
// relay finds in the ledger.
func (r *reportRun) tell(ctx workflow.Context, ended activities.ReportEnded) ReportResult {
	if n := len(ended.Deliveries); n > 0 {
		leave(ctx, r.ref.Scope.OrgID, "deliver/"+ended.Deliveries[0], priorityDeliver, Deliver, DeliverInput{Scope: r.ref.Scope, IDs: ended.Deliveries})
	}
	return ReportResult{Status: ended.Status, Messages: len(ended.Deliveries)}
}

// PreviewReportInput is a report to show to somebody who waits.
type PreviewReportInput struct {
	Scope  models.Scope
	Report models.Report
	At     time.Time
}

// PreviewReport makes a report as its person would see it now and returns the
// PDF's artifact. Nobody is told.
func PreviewReport(ctx workflow.Context, in PreviewReportInput) (fileID string, err error) {
	var q *activities.Query
	group := activities.ReportGroup{Rights: models.DataRights(in.Scope), Scope: in.Scope}
	read := activities.ReportRead{ReportRef: activities.ReportRef{Scope: in.Scope, ReportID: in.Report.ID, At: in.At, Kind: models.ReportPreview},
		Unsaved: &in.Report, Groups: []activities.ReportGroup{group}, Since: in.At}
	var asked activities.ReportAsked
	if err := workflow.ExecuteActivity(probe(ctx, QueueQuery, "find what the report shows"), q.RequestReport, read).Get(ctx, &asked); err != nil {
		return "", err
	}
	readTiles(ctx, tilesOf(group, asked.Groups[0], "", in.At))
	var written activities.ReportWritten
	write := activities.ReportWrite{ReportRead: read, Tiles: asked.Groups[0], Preview: true}
	err = workflow.ExecuteActivity(probe(ctx, QueueQuery, "make the report"), q.WriteReport, write).Get(ctx, &written)
	return written.FileID, err
}

package activities

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// ScheduledExports keeps the books of scheduled exports: short calls on the
// platform's own database, run as local activities on the ask queue.
type ScheduledExports struct {
	Store *store.Store
	// BaseURL is the page's address, for links.
	BaseURL string
}

// ScheduledInput is a run of a scheduled export.
type ScheduledInput struct {
	Scope models.Scope // its organisation
	ID    string       // of the scheduled export
	At    time.Time    // when it was due
	Now   bool         // somebody wanted it, whether it is paused or not
}

// ScheduledBegun is what a run makes of it.
type ScheduledBegun struct {
	// Export is on behalf of the owner; its id is "" where nothing is exported.
	Export ExportRef
	Copy   bool // into a bucket
	Attach bool // to mail
	// Skipped says why nothing is exported.
	Skipped models.Code
	// Deliveries are to be sent: a pause is told.
	Deliveries []string
}

// BeginScheduledExport makes the export of a run, by the rights that the owner has
// now. Without them the schedule is paused. A repeated run finds its export.
func (a *ScheduledExports) BeginScheduledExport(ctx context.Context, in ScheduledInput) (out ScheduledBegun, err error) {
	deliveries, err := a.Store.BeginScheduledExport(ctx, in.Scope, in.ID, in.At, func(run *store.ScheduledRun) (step store.ScheduledStep) {
		out, step = a.begin(in, run)
		return step
	})
	if models.ErrorCode(err) == models.CodeNotFound { // deleted meanwhile
		return ScheduledBegun{Skipped: models.CodeNotFound}, nil
	}
	out.Deliveries = deliveries
	return out, toTemporal(ctx, err)
}

func (a *ScheduledExports) begin(in ScheduledInput, run *store.ScheduledRun) (out ScheduledBegun, step store.ScheduledStep) {
	e := run.Earlier
	if e == nil {
		if run.Paused && !in.Now {
			return ScheduledBegun{Skipped: models.PausedByPerson}, step
		}
		if step.Pause, step.PauseText = mustPause(run); step.Pause != "" {
			step.Deliveries = a.paused(in, run, step.PauseText)
			return ScheduledBegun{Skipped: step.Pause}, step
		}
		if run.Busy {
			return ScheduledBegun{Skipped: models.CodeScheduleBusy}, step
		}
		e = exportOfRun(in, run)
		step.Export = e
	}
	owner := models.Scope{OrgID: e.OrgID, UserID: e.UserID, Role: run.Role}
	return ScheduledBegun{Export: ExportRef{Scope: owner, ExportID: e.ID, ConnectionID: e.ConnectionID}, Copy: run.Target != "", Attach: run.Attach}, step
}

// mustPause says why a scheduled export must not run any more.
func mustPause(run *store.ScheduledRun) (models.Code, string) {
	_, may := run.Settings.Limit(run.Role)
	switch {
	case run.Role == "":
		return models.PausedOwnerLeft, "Its owner is not a member of the organisation any more. Somebody else can make it anew."
	case !may:
		return models.PausedRightLost, "Its owner's role does not allow exports any more."
	case !run.Connected:
		return models.PausedConnectionGone, "Its database connection was deleted."
	}
	return "", ""
}

// exportOfRun is the export of a run, as it is before its first row.
func exportOfRun(in ScheduledInput, run *store.ScheduledRun) *models.Export {
	limit, _ := run.Settings.Limit(run.Role)
	return &models.Export{ID: store.NewID(), OrgID: run.OrgID, UserID: run.UserID, ConnectionID: run.ConnectionID, IdempotencyKey: run.RunKey(in.At), Name: run.Name,
		QuestionID: run.QuestionID, SavedQueryID: run.SavedQueryID, ScheduleID: &run.ID, ScheduledAt: &in.At, SQL: run.SQL, Arguments: run.Arguments, Format: run.Format,
		Compression: run.Compression, Status: models.ExportQueued, KeyColumns: []string{}, Columns: []models.Column{}, Estimate: -1,
		MaxRows: limit.MaxRows, MaxBytes: limit.MaxBytes, KeepHours: run.Settings.Keep()}
}

// paused tells that a scheduled export has stopped by itself.
func (a *ScheduledExports) paused(in ScheduledInput, run *store.ScheduledRun, why string) []models.Delivery {
	return a.deliveries(&run.ExportSchedule, run.ID+"-paused/"+in.At.UTC().Format("20060102T150405"),
		models.Message{Title: run.Name + ": the scheduled export is paused", Text: why, Severity: models.SeverityWarning})
}

func (a *ScheduledExports) deliveries(s *models.ExportSchedule, episode string, m models.Message) (all []models.Delivery) {
	m.Link, m.LinkText = a.BaseURL+"/exports/scheduled", "Open the scheduled exports"
	for _, id := range slices.Compact(slices.Sorted(slices.Values(s.Channels))) {
		all = append(all, models.Delivery{Subject: "export/" + s.ID, Episode: episode, ChannelID: id, Message: m})
	}
	return all
}

// ScheduledExportStatus says where the export of a run stands.
func (a *ScheduledExports) ScheduledExportStatus(ctx context.Context, in ExportRef) (ExportResult, error) {
	e, _, err := a.Store.FindScheduledExport(ctx, in.Scope, in.ExportID)
	if models.ErrorCode(err) == models.CodeNotFound { // its owner has deleted it
		return ExportResult{Status: models.ExportExpired}, nil
	}
	return ExportResult{Status: e.Status}, toTemporal(ctx, err)
}

// TellInput is the end of a run: what became of the export's copy, and the file
// that goes with mail.
type TellInput struct {
	ExportRef
	CopiedTo, CopyError string
	FileID              string
}

// TellResult are messages that are to be sent.
type TellResult struct{ Deliveries []string }

// TellScheduledExport records the end of a run and queues what is told of it, once.
func (a *ScheduledExports) TellScheduledExport(ctx context.Context, in TellInput) (out TellResult, err error) {
	e, schedule, err := a.Store.FindScheduledExport(ctx, in.Scope, in.ExportID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return out, nil
	}
	if err != nil {
		return out, toTemporal(ctx, err)
	}
	e.CopiedTo, e.CopyError = in.CopiedTo, in.CopyError
	var told []models.Delivery
	if schedule != nil {
		switch e.Status {
		case models.ExportDone:
			m := readyMessage(e)
			if in.FileID != "" {
				m.FileIDs = []string{in.FileID}
			}
			told = a.deliveries(schedule, e.ID+"/ready", m)
		case models.ExportFailed:
			told = a.deliveries(schedule, e.ID+"/failed", models.Message{Title: e.Name + " could not be exported", Text: e.ErrorText, Severity: models.SeverityWarning,
				Facts: dueAt(e, schedule)})
		}
	}
	out.Deliveries, err = a.Store.TellExport(ctx, in.Scope, e, told)
	return out, toTemporal(ctx, err)
}

// readyMessage is what is told of an export that is done.
func readyMessage(e *models.Export) models.Message {
	m := models.Message{Title: e.Name + " is ready", Severity: models.SeverityInfo,
		Facts: []models.MessageFact{{Name: "File", Value: e.FileName()}, {Name: "Rows", Value: grouped(e.Rows)}, {Name: "Size", Value: byteSize(e.Bytes)}, {Name: "SHA-256", Value: e.SHA256}}}
	switch {
	case e.CopyError != "":
		m.Title, m.Text, m.Severity = e.Name+" is ready, and could not be copied", e.CopyError, models.SeverityWarning
	case e.CopiedTo != "":
		m.Facts = append(m.Facts, models.MessageFact{Name: "Copied to", Value: e.CopiedTo})
	}
	if e.ExpiresAt != nil {
		m.Facts = append(m.Facts, models.MessageFact{Name: "Can be fetched until", Value: e.ExpiresAt.UTC().Format("2006-01-02 15:04 UTC")})
	}
	return m
}

func dueAt(e *models.Export, s *models.ExportSchedule) []models.MessageFact {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil || e.ScheduledAt == nil {
		return nil
	}
	return []models.MessageFact{{Name: "Due at", Value: e.ScheduledAt.In(zone).Format("2006-01-02 15:04 MST")}}
}

// grouped writes a whole number with a comma before each three digits.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func byteSize(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if n >= u.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.size), u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

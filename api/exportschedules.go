package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// ExportSchedule makes an export again and again, and delivers it.
type ExportSchedule struct {
	ID           string              `json:"id" format:"uuid"`
	Name         string              `json:"name"`
	ConnectionID string              `json:"connection_id" format:"uuid"`
	QuestionID   string              `json:"question_id,omitempty" format:"uuid" doc:"The answer that it was made from"`
	SavedQueryID string              `json:"saved_query_id,omitempty" format:"uuid" doc:"The saved query that it was made from; what changes there does not change it"`
	SQL          string              `json:"sql"`
	Arguments    []models.Argument   `json:"arguments" doc:"Values of the parameters {{name}} in the SQL"`
	Format       models.ExportFormat `json:"format" enum:"csv,tsv,jsonl,xlsx,parquet"`
	Compression  models.Compression  `json:"compression" enum:"none,gzip,zstd"`
	models.Timing
	Next      []time.Time `json:"next" doc:"The next five runs; none while it is paused"`
	Channels  []string    `json:"channels" doc:"Ids of the channels that are told of each export"`
	Attach    bool        `json:"attach" doc:"Mail carries the file, up to 8 MB"`
	Target    string      `json:"target,omitempty" doc:"The place into which each file is copied"`
	Folder    string      `json:"folder,omitempty" doc:"The folder of that place"`
	Object    string      `json:"object,omitempty" doc:"What the next copy is called there"`
	Paused    bool        `json:"paused"`
	PauseCode models.Code `json:"pause_code,omitempty" doc:"paused, owner_left, right_lost, connection_gone"`
	PauseText string      `json:"pause_text,omitempty"`
	Last      *Export     `json:"last,omitempty" doc:"Its last export"`
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
}

func exportScheduleView(e *store.ExportScheduleRow) ExportSchedule {
	v := ExportSchedule{ID: e.ID, Name: e.Name, ConnectionID: e.ConnectionID, QuestionID: orEmpty(e.QuestionID), SavedQueryID: orEmpty(e.SavedQueryID), SQL: e.SQL,
		Arguments: list(e.Arguments), Format: e.Format, Compression: e.Compression, Timing: e.Timing, Next: []time.Time{}, Channels: list(e.Channels), Attach: e.Attach,
		Target: e.Target, Folder: e.Folder, Paused: e.Paused, PauseCode: e.PauseCode, PauseText: e.PauseText, CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt}
	if !e.Paused {
		v.Next = nextRuns(e.Timing, 5)
	}
	if e.Target != "" && len(v.Next) > 0 {
		v.Object = e.ObjectName(v.Next[0])
	}
	if e.Last != nil {
		last := exportView(e.Last)
		v.Last = &last
	}
	return v
}

// ExportDelivery says how and where a scheduled export is delivered.
type ExportDelivery struct {
	Channels []string `json:"channels,omitempty" maxItems:"20" doc:"Ids of the channels that are told of each export"`
	Attach   bool     `json:"attach,omitempty" doc:"Mail carries the file, up to 8 MB; needs a channel of the kind email"`
	Target   string   `json:"target,omitempty" maxLength:"40" doc:"One of the places that the installation allows, see the export settings"`
	Folder   string   `json:"folder,omitempty" maxLength:"300" doc:"A folder of that place, such as daily/orders: letters, digits, '.', '_' and '-'"`
}

// ExportScheduleInput describes a scheduled export to make.
type ExportScheduleInput struct {
	ExportSource
	Name        string              `json:"name,omitempty" maxLength:"200" doc:"What the files are called after; default: as for an export"`
	Format      models.ExportFormat `json:"format" enum:"csv,tsv,jsonl,xlsx,parquet"`
	Compression models.Compression  `json:"compression,omitempty" enum:"none,gzip,zstd" default:"none"`
	TimingInput
	ExportDelivery
}

// ExportSchedulePatch changes the fields that are given. What is exported stays.
type ExportSchedulePatch struct {
	Name        *string              `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Format      *models.ExportFormat `json:"format,omitempty" enum:"csv,tsv,jsonl,xlsx,parquet"`
	Compression *models.Compression  `json:"compression,omitempty" enum:"none,gzip,zstd"`
	Timing      *models.Timing       `json:"timing,omitempty"`
	Delivery    *ExportDelivery      `json:"delivery,omitempty" doc:"All of it"`
}

// ScheduledExport is an export of a schedule, with what was told of it.
type ScheduledExport struct {
	Export
	Messages []ExportMessage `json:"messages"`
}

// ExportMessage is a message about a scheduled export.
type ExportMessage struct {
	ID          string                `json:"id" format:"uuid"`
	ChannelName string                `json:"channel_name"`
	ChannelKind models.ChannelKind    `json:"channel_kind" enum:"email,slack,teams,discord,pagerduty,telegram,webhook"`
	Recipient   string                `json:"recipient,omitempty"`
	Status      models.DeliveryStatus `json:"status" enum:"queued,sending,sent,failed,skipped,late"`
	Reason      string                `json:"reason,omitempty"`
	SentAt      *time.Time            `json:"sent_at,omitempty"`
}

type (
	exportScheduleOut      struct{ Body ExportSchedule }
	exportScheduleCreateIn struct{ Body ExportScheduleInput }
	exportSchedulePatchIn  struct {
		IDParam
		Body ExportSchedulePatch
	}
	scheduledExportsIn struct {
		IDParam
		PageParams
	}
)

func (s *Server) exportScheduleRoutes() {
	const path = "/export-schedules"
	register(s, operation(http.MethodGet, path, "list-export-schedules", "Your scheduled exports, newest first", 200), auth.ReadExports, s.listExportSchedules)
	register(s, slow(operation(http.MethodPost, path, "create-export-schedule", "Have an export made again and again, and delivered", 201), probeTimeout),
		auth.WriteExports, s.createExportSchedule)
	register(s, operation(http.MethodGet, path+"/{id}", "get-export-schedule", "One scheduled export", 200), auth.ReadExports, s.getExportSchedule)
	register(s, operation(http.MethodPatch, path+"/{id}", "update-export-schedule", "Change a scheduled export", 200), auth.WriteExports, s.updateExportSchedule)
	register(s, operation(http.MethodDelete, path+"/{id}", "delete-export-schedule", "Delete a scheduled export; what it has exported stays until it expires", 204),
		auth.WriteExports, s.deleteExportSchedule)
	register(s, operation(http.MethodPost, path+"/{id}/pause", "pause-export-schedule", "Pause a scheduled export", 200), auth.WriteExports, s.pauseExportSchedule)
	register(s, operation(http.MethodPost, path+"/{id}/resume", "resume-export-schedule", "Let a paused scheduled export run again", 200), auth.WriteExports, s.resumeExportSchedule)
	register(s, operation(http.MethodPost, path+"/{id}/run", "run-export-schedule", "Run a scheduled export now, and deliver it", 202), auth.WriteExports, s.runExportSchedule)
	register(s, operation(http.MethodGet, path+"/{id}/exports", "list-scheduled-exports", "What a schedule has exported, newest first", 200), auth.ReadExports, s.listScheduledExports)
}

func (s *Server) listExportSchedules(ctx context.Context, in *PageParams) (*pageOut[ExportSchedule], error) {
	rows, next, err := s.deps.Store.ListExportSchedules(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, exportScheduleView), next), nil
}

func (s *Server) getExportSchedule(ctx context.Context, in *IDParam) (*exportScheduleOut, error) {
	e, err := s.deps.Store.GetExportSchedule(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &exportScheduleOut{Body: exportScheduleView(e)}, nil
}

func (s *Server) createExportSchedule(ctx context.Context, in *exportScheduleCreateIn) (*exportScheduleOut, error) {
	if s.deps.Bucket == nil {
		return nil, errExportSetup
	}
	scope, b := scopeOf(ctx), &in.Body
	of, err := s.exportOf(ctx, b.ExportSource)
	if err != nil {
		return nil, err
	}
	if _, _, err := s.exportLimit(ctx, scope); err != nil {
		return nil, err
	}
	e := &models.ExportSchedule{ID: newID(), Name: strings.TrimSpace(b.Name), ConnectionID: of.ConnectionID, QuestionID: of.QuestionID, SavedQueryID: of.SavedQueryID,
		SQL: of.SQL, Arguments: of.Arguments, Format: b.Format, Compression: b.Compression, Timing: models.Timing(b.TimingInput)}
	if e.Name == "" {
		e.Name = titleOf(of.Name)
	}
	if e.Cron == "" {
		e.Cron = defaultCron
	}
	if err := s.checkExportSchedule(ctx, e, b.ExportDelivery); err != nil {
		return nil, err
	}
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	of.Format = e.Format
	if _, err := s.deps.Runs.EstimateExport(ctx, scope, of); err != nil { // it would fail each time
		return nil, estimateError(err)
	}
	if err := s.deps.Store.CreateExportSchedule(ctx, scope, e); err != nil {
		return nil, err
	}
	s.audit(ctx, "export_schedule.create", e.ID, exportScheduleDetail(e))
	return &exportScheduleOut{Body: exportScheduleView(&store.ExportScheduleRow{ExportSchedule: *e})}, nil
}

// exportScheduleDetail is what the audit log says of a scheduled export: what goes
// where.
func exportScheduleDetail(e *models.ExportSchedule) map[string]any {
	return map[string]any{"name": e.Name, "format": e.Format, "connection_id": e.ConnectionID, "cron": e.Cron, "channels": e.Channels, "attach": e.Attach, "target": e.Target, "folder": e.Folder}
}

// checkExportSchedule checks a scheduled export, and takes over how it is delivered.
func (s *Server) checkExportSchedule(ctx context.Context, e *models.ExportSchedule, d ExportDelivery) error {
	if err := checkTiming(&e.Timing); err != nil {
		return err
	}
	e.Channels, e.Attach, e.Target, e.Folder = list(d.Channels), d.Attach, d.Target, strings.Trim(strings.TrimSpace(d.Folder), "/")
	known, err := s.knownChannels(ctx, e.Channels)
	if err != nil {
		return err
	}
	switch {
	case e.Attach && !slices.ContainsFunc(known, func(c models.Channel) bool { return c.Kind == models.ChannelEmail }):
		return invalidField("body.attach", "needs a channel of the kind email: others carry no files")
	case e.Target == "" && e.Folder != "":
		return invalidField("body.folder", "needs a target")
	case e.Target != "" && !slices.Contains(s.deps.Config.ExportTargets, e.Target):
		return models.Errorf(models.CodeExportTarget, "This installation has no place of this name for copies. Choose one of the export settings' targets, or ask whoever runs DataMind for one.")
	case !models.ExportFolder.MatchString(e.Folder):
		return invalidField("body.folder", "is made of up to ten names between slashes; each begins with a letter or digit and has letters, digits, '.', '_' and '-' only")
	}
	return nil
}

func (s *Server) updateExportSchedule(ctx context.Context, in *exportSchedulePatchIn) (*exportScheduleOut, error) {
	scope, p := scopeOf(ctx), in.Body
	row, err := s.deps.Store.GetExportSchedule(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	e := &row.ExportSchedule
	delivery := ExportDelivery{Channels: e.Channels, Attach: e.Attach, Target: e.Target, Folder: e.Folder}
	set(&e.Name, p.Name)
	set(&e.Format, p.Format)
	set(&e.Compression, p.Compression)
	set(&e.Timing, p.Timing)
	set(&delivery, p.Delivery)
	if e.Name = strings.TrimSpace(e.Name); e.Name == "" {
		return nil, invalidField("body.name", "must not be blank")
	}
	if err := s.checkExportSchedule(ctx, e, delivery); err != nil {
		return nil, err
	}
	if err := s.deps.Store.UpdateExportSchedule(ctx, scope, e); err != nil {
		return nil, err
	}
	s.audit(ctx, "export_schedule.update", e.ID, exportScheduleDetail(e))
	return s.getExportSchedule(ctx, &in.IDParam)
}

func (s *Server) deleteExportSchedule(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.DeleteExportSchedule(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "export_schedule.delete", in.ID, nil)
	return nil, nil
}

func (s *Server) pauseExportSchedule(ctx context.Context, in *IDParam) (*exportScheduleOut, error) {
	if err := s.deps.Store.PauseExportSchedule(ctx, scopeOf(ctx), in.ID, true); err != nil {
		return nil, err
	}
	s.audit(ctx, "export_schedule.pause", in.ID, nil)
	return s.getExportSchedule(ctx, in)
}

func (s *Server) resumeExportSchedule(ctx context.Context, in *IDParam) (*exportScheduleOut, error) {
	if err := s.deps.Store.PauseExportSchedule(ctx, scopeOf(ctx), in.ID, false); err != nil {
		return nil, err
	}
	s.audit(ctx, "export_schedule.resume", in.ID, nil)
	return s.getExportSchedule(ctx, in)
}

func (s *Server) runExportSchedule(ctx context.Context, in *IDParam) (*exportScheduleOut, error) {
	scope := scopeOf(ctx)
	e, err := s.deps.Store.GetExportSchedule(ctx, scope, in.ID)
	switch {
	case err != nil:
		return nil, err
	case s.deps.Bucket == nil:
		return nil, errExportSetup
	case e.Last != nil && !e.Last.Status.Final():
		return nil, models.Errorf(models.CodeConflict, "Its last export is not at its end. Wait for it, or cancel it.")
	}
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	if err := s.deps.Runs.RunScheduledExport(ctx, scope, e.ID, time.Now().UTC().Truncate(time.Millisecond), true); err != nil {
		return nil, err
	}
	s.audit(ctx, "export_schedule.run", e.ID, nil)
	return &exportScheduleOut{Body: exportScheduleView(e)}, nil
}

func (s *Server) listScheduledExports(ctx context.Context, in *scheduledExportsIn) (*pageOut[ScheduledExport], error) {
	scope := scopeOf(ctx)
	rows, next, err := s.deps.Store.ScheduledExports(ctx, scope, in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	told, err := s.deps.Store.ExportMessages(ctx, scope, in.ID, rows)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(e *models.Export) ScheduledExport {
		return ScheduledExport{Export: exportView(e), Messages: views(told[e.ID], func(d *models.Delivery) ExportMessage {
			return ExportMessage{ID: d.ID, ChannelName: d.ChannelName, ChannelKind: d.ChannelKind, Recipient: d.Recipient, Status: d.Status, Reason: d.Reason, SentAt: d.SentAt}
		})}
	}), next), nil
}

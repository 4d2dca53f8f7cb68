package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// Export is a query's rows as a file.
type Export struct {
	ID           string              `json:"id" format:"uuid"`
	ConnectionID string              `json:"connection_id" format:"uuid"`
	QuestionID   string              `json:"question_id,omitempty" format:"uuid"`
	SavedQueryID string              `json:"saved_query_id,omitempty" format:"uuid"`
	ScheduleID   string              `json:"schedule_id,omitempty" format:"uuid" doc:"The scheduled export that made it"`
	ScheduledAt  *time.Time          `json:"scheduled_at,omitempty" doc:"When it was due"`
	CopiedTo     string              `json:"copied_to,omitempty" doc:"Where the copy of the file is: place and name"`
	CopyError    string              `json:"copy_error,omitempty" doc:"Why there is no copy"`
	Name         string              `json:"name"`
	FileName     string              `json:"file_name"`
	SQL          string              `json:"sql"`
	Arguments    []models.Argument   `json:"arguments" doc:"Values of the parameters {{name}} in the SQL"`
	Format       models.ExportFormat `json:"format" enum:"csv,tsv,jsonl,xlsx,parquet"`
	Compression  models.Compression  `json:"compression" enum:"none,gzip,zstd"`
	Status       models.ExportStatus `json:"status" enum:"queued,running,paused,done,failed,cancelled,expired"`
	WorkflowID   string              `json:"workflow_id" doc:"Name of the run in Temporal"`
	Columns      []models.Column     `json:"columns" doc:"Empty before the first row"`
	Continues    *bool               `json:"continues,omitempty" doc:"After a crash or a pause it goes on after the last finished part, and not from the beginning; left out before that is known"`
	Rows         int64               `json:"rows" doc:"Written so far"`
	Bytes        int64               `json:"bytes" doc:"Written so far, compressed"`
	Parts        int                 `json:"parts" doc:"Finished"`
	Estimate     int64               `json:"estimate" doc:"Rows that the database expected; -1 where it was not asked yet"`
	Snapshots    int                 `json:"snapshots" doc:"Of how many moments of the database the rows are: 1 for a file that is of one"`
	Cut          int64               `json:"cut" doc:"Texts that were cut because a spreadsheet's cell holds no longer ones"`
	SHA256       string              `json:"sha256,omitempty" doc:"Of the whole file, in hexadecimal digits"`
	MaxRows      int64               `json:"max_rows"`
	MaxBytes     int64               `json:"max_bytes"`
	ErrorCode    models.Code         `json:"error_code,omitempty"`
	Error        string              `json:"error,omitempty" doc:"Why it is not done, and what to do"`
	CreatedAt    time.Time           `json:"created_at"`
	StartedAt    *time.Time          `json:"started_at,omitempty"`
	EndedAt      *time.Time          `json:"ended_at,omitempty"`
	ExpiresAt    *time.Time          `json:"expires_at,omitempty" doc:"When the file is deleted"`
}

func exportView(e *models.Export) Export {
	v := Export{ID: e.ID, ConnectionID: e.ConnectionID, Name: e.Name, FileName: e.FileName(), SQL: e.SQL, Arguments: list(e.Arguments), Format: e.Format,
		Compression: e.Compression, Status: e.Status, WorkflowID: "export/" + e.ID, Columns: list(e.Columns), Continues: e.Continues, Rows: e.Rows, Bytes: e.Bytes,
		Parts: e.Parts, Estimate: e.Estimate, Snapshots: e.Snapshots, Cut: e.Cut, SHA256: e.SHA256, MaxRows: e.MaxRows, MaxBytes: e.MaxBytes,
		ScheduledAt: e.ScheduledAt, CopiedTo: e.CopiedTo, CopyError: e.CopyError, ErrorCode: e.ErrorCode, Error: e.ErrorText, CreatedAt: e.CreatedAt, StartedAt: e.StartedAt, EndedAt: e.EndedAt, ExpiresAt: e.ExpiresAt}
	if e.Status == models.ExportRunning {
		v.Rows, v.Bytes = max(e.Rows, e.LiveRows), max(e.Bytes, e.LiveBytes)
	}
	v.QuestionID, v.SavedQueryID, v.ScheduleID = orEmpty(e.QuestionID), orEmpty(e.SavedQueryID), orEmpty(e.ScheduleID)
	return v
}

type exportOut struct{ Body Export }

// ExportSource says what is exported: a question's answer, a saved query or SQL.
type ExportSource struct {
	QuestionID   string           `json:"question_id,omitempty" format:"uuid" maxLength:"36" doc:"An answered question: its SQL runs again, with the values that it ran with"`
	SavedQueryID string           `json:"saved_query_id,omitempty" format:"uuid" maxLength:"36"`
	Values       map[string]any   `json:"values,omitempty" maxProperties:"30" doc:"Values of a saved query's parameters by name; those left out have their defaults"`
	ConnectionID string           `json:"connection_id,omitempty" format:"uuid" maxLength:"36" doc:"The database of the SQL"`
	SQL          string           `json:"sql,omitempty" maxLength:"20000" doc:"One SELECT; {{name}} stands for a parameter's value"`
	Parameters   []BoundParameter `json:"parameters,omitempty" maxItems:"30" doc:"Of the SQL"`
}

type exportIn struct {
	IdempotencyParam
	Body struct {
		ExportSource
		Name        string              `json:"name,omitempty" maxLength:"200" doc:"What the file is called after; default: the question, the saved query's name or the SQL's beginning"`
		Format      models.ExportFormat `json:"format" enum:"csv,tsv,jsonl,xlsx,parquet"`
		Compression models.Compression  `json:"compression,omitempty" enum:"none,gzip,zstd" default:"none" doc:"Of the file; Parquet compresses its pages with it"`
	}
}

type estimateIn struct {
	Body struct {
		ExportSource
		Format models.ExportFormat `json:"format" enum:"csv,tsv,jsonl,xlsx,parquet"`
	}
}

// ExportEstimate is how much an export would be.
type ExportEstimate struct {
	models.ExportEstimate
	MaxRows  int64 `json:"max_rows" doc:"The most that your role may export"`
	MaxBytes int64 `json:"max_bytes"`
}

type estimateOut struct{ Body ExportEstimate }

// ExportLink is where an export's file can be fetched for a short time.
type ExportLink struct {
	URL       string    `json:"url" doc:"Works without a session, for as long as whoever made it may still fetch the file"`
	ExpiresAt time.Time `json:"expires_at" doc:"Until when a download can begin"`
}

type linkOut struct{ Body ExportLink }

func (s *Server) exportRoutes() {
	register(s, operation(http.MethodPost, "/exports", "create-export", "Write all rows of a query into a file", 202), auth.WriteExports, s.createExport)
	register(s, slow(operation(http.MethodPost, "/exports/estimate", "estimate-export", "How many rows an export would have, by the database's own estimate", 200), probeTimeout),
		auth.WriteExports, s.estimateExport)
	register(s, operation(http.MethodGet, "/exports", "list-exports", "Your exports, newest first", 200), auth.ReadExports, s.listExports)
	register(s, operation(http.MethodGet, "/exports/{id}", "get-export", "One export", 200), auth.ReadExports, s.getExport)
	register(s, operation(http.MethodPost, "/exports/{id}/pause", "pause-export", "Pause an export; its query is cancelled in the database", 202), auth.WriteExports, s.pauseExport)
	register(s, operation(http.MethodPost, "/exports/{id}/resume", "resume-export", "Go on with a paused export", 202), auth.WriteExports, s.resumeExport)
	register(s, operation(http.MethodPost, "/exports/{id}/cancel", "cancel-export", "Cancel an export for good; its query is cancelled in the database", 202),
		auth.WriteExports, s.cancelExport)
	register(s, operation(http.MethodDelete, "/exports/{id}", "delete-export", "Delete an export that is at its end, with its file", 204), auth.WriteExports, s.deleteExport)
	register(s, operation(http.MethodPost, "/exports/{id}/link", "link-export", "A link to the file, for some minutes", 200), auth.ReadExports, s.linkExport)
	register(s, operation(http.MethodGet, "/export-settings", "get-export-settings", "How much each role may export, and how long files are kept", 200),
		auth.ReadExports, s.getExportSettings)
	register(s, operation(http.MethodPut, "/export-settings", "set-export-settings", "Change how much each role may export, and how long files are kept", 200),
		auth.WriteOrg, s.setExportSettings)
	s.handle(http.MethodGet, exportFilePath, public, s.exportFile)
	s.exportScheduleRoutes()
}

// probeTimeout is for requests that wait for a worker's look at a database.
const probeTimeout = 40 * time.Second

var errExportSetup = &models.Error{Code: models.CodeExportSetup,
	Message: "This installation has nowhere to put exports. Whoever runs it must set DATAMIND_EXPORT_BUCKET for the API and the workers of the queue export."}

func (s *Server) createExport(ctx context.Context, in *exportIn) (*exportOut, error) {
	if s.deps.Bucket == nil {
		return nil, errExportSetup
	}
	scope := scopeOf(ctx)
	e, err := s.exportOf(ctx, in.Body.ExportSource)
	if err != nil {
		return nil, err
	}
	limit, keep, err := s.exportLimit(ctx, scope)
	if err != nil {
		return nil, err
	}
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	e.ID, e.Status, e.Format, e.Compression = newID(), models.ExportQueued, in.Body.Format, in.Body.Compression
	if name := strings.TrimSpace(in.Body.Name); name != "" {
		e.Name = name
	}
	e.KeyColumns, e.Columns, e.Estimate = []string{}, []models.Column{}, -1
	e.MaxRows, e.MaxBytes, e.KeepHours = limit.MaxRows, limit.MaxBytes, keep
	e.IdempotencyKey = e.ID
	if in.IdempotencyKey != "" {
		e.IdempotencyKey = scope.UserID + ":" + in.IdempotencyKey
	}
	stored, created, err := s.deps.Store.CreateExport(ctx, scope, e)
	if err != nil {
		return nil, err
	}
	if !created && (stored.SQL != e.SQL || stored.ConnectionID != e.ConnectionID || stored.Format != e.Format || stored.Compression != e.Compression) {
		return nil, models.Errorf(codeReusedKey, "This Idempotency-Key was used for another export. Send a new one.")
	}
	if created {
		s.audit(ctx, "export.create", e.ID, map[string]any{"name": e.Name, "format": e.Format, "connection_id": e.ConnectionID})
	}
	s.startExport(ctx, scope, stored)
	return &exportOut{Body: exportView(stored)}, nil
}

// startExport starts the run of a queued export. A start that fails is not the
// caller's problem: the row is queued and the relay starts it.
func (s *Server) startExport(ctx context.Context, scope models.Scope, e *models.Export) {
	if e.Status != models.ExportQueued {
		return
	}
	if err := s.deps.Runs.StartExport(ctx, scope, e); err != nil {
		s.log(ctx).Warn("start export; it stays queued", slog.String("export_id", e.ID), slog.Any("error", err))
	}
}

// exportOf reads what is to be exported.
func (s *Server) exportOf(ctx context.Context, in ExportSource) (*models.Export, error) {
	scope := scopeOf(ctx)
	e := &models.Export{Arguments: []models.Argument{}}
	given := 0
	for _, one := range []string{in.QuestionID, in.SavedQueryID, in.SQL} {
		if one != "" {
			given++
		}
	}
	if given != 1 {
		return nil, invalidField("body", "must have one of question_id, saved_query_id and sql")
	}
	switch {
	case in.QuestionID != "":
		q, err := s.deps.Store.ReadQuestion(ctx, scope, canonical(in.QuestionID))
		if err != nil {
			return nil, err
		}
		if q.Status != models.StatusAnswered || q.SQL == "" {
			return nil, models.Errorf(codeNotFinished, "Only an answered question can be exported.")
		}
		e.QuestionID, e.ConnectionID, e.Name, e.SQL = &q.ID, q.ConnectionID, q.Text, q.SQL
		e.Arguments = append(e.Arguments, q.Arguments...)
	case in.SavedQueryID != "":
		q, err := s.deps.Store.GetSavedQuery(ctx, scope, canonical(in.SavedQueryID))
		if err != nil {
			return nil, err
		}
		e.SavedQueryID, e.ConnectionID, e.Name, e.SQL = &q.ID, q.ConnectionID, q.Name, q.SQL
		if e.Arguments, err = models.BindParameters(q.Parameters, in.Values); err != nil {
			return nil, err
		}
	default:
		if in.ConnectionID == "" {
			return nil, invalidField("body.connection_id", "is needed with sql")
		}
		conn, err := s.deps.Store.GetConnection(ctx, scope, canonical(in.ConnectionID))
		if err != nil {
			return nil, err
		}
		if e.SQL = strings.TrimSpace(in.SQL); e.SQL == "" {
			return nil, invalidField("body.sql", "must not be blank")
		}
		e.ConnectionID, e.Name = conn.ID, titleOf(e.SQL)
		parameters, values := make([]models.Parameter, 0, len(in.Parameters)), map[string]any{}
		for _, p := range in.Parameters {
			parameters = append(parameters, p.model())
			values[p.Name] = p.Value
		}
		if e.Arguments, err = models.BindParameters(parameters, values); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// exportLimit is what the caller's role may export, and how long files are kept.
func (s *Server) exportLimit(ctx context.Context, scope models.Scope) (models.ExportLimit, int, error) {
	settings, err := s.deps.Store.ExportSettings(ctx, scope)
	if err != nil {
		return models.ExportLimit{}, 0, err
	}
	limit, may := settings.Limit(scope.Role)
	if !may {
		return limit, 0, models.Errorf(models.CodeForbidden, "Your role does not allow exports. Ask an administrator of your organisation.")
	}
	return limit, settings.Keep(), nil
}

func (s *Server) estimateExport(ctx context.Context, in *estimateIn) (*estimateOut, error) {
	scope := scopeOf(ctx)
	e, err := s.exportOf(ctx, in.Body.ExportSource)
	if err != nil {
		return nil, err
	}
	limit, _, err := s.exportLimit(ctx, scope)
	if err != nil {
		return nil, err
	}
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	e.Format = in.Body.Format
	got, err := s.deps.Runs.EstimateExport(ctx, scope, e)
	if err != nil {
		return nil, estimateError(err)
	}
	return &estimateOut{Body: ExportEstimate{ExportEstimate: got, MaxRows: limit.MaxRows, MaxBytes: limit.MaxBytes}}, nil
}

// estimateError keeps what a person can act on: a refusal by the guard, SQL that
// the database does not take, a database that is away.
func estimateError(err error) error {
	code, message := models.ErrorCode(err), models.ErrorMessage(err)
	if _, known := statuses[code]; known || code == models.CodeInternal {
		return err
	}
	switch code {
	case models.CodeSQLError, models.CodeQueryTimeout:
		return models.Wrap(err, models.CodeInvalid, "%s", message)
	}
	return models.Wrap(err, models.CodeUnavailable, "%s", message)
}

func (s *Server) listExports(ctx context.Context, in *PageParams) (*pageOut[Export], error) {
	rows, next, err := s.deps.Store.ListExports(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, exportView), next), nil
}

func (s *Server) getExport(ctx context.Context, in *IDParam) (*exportOut, error) {
	e, err := s.deps.Store.GetExport(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &exportOut{Body: exportView(e)}, nil
}

var errExportEnded = &models.Error{Code: models.CodeConflict, Message: "The export is at its end. Reload to see where it stands."}

func (s *Server) pauseExport(ctx context.Context, in *IDParam) (*exportOut, error) {
	return s.steerExport(ctx, in.ID, "export.pause", func(id string) error { return s.deps.Runs.PauseExport(ctx, id, true) })
}

func (s *Server) resumeExport(ctx context.Context, in *IDParam) (*exportOut, error) {
	return s.steerExport(ctx, in.ID, "export.resume", func(id string) error { return s.deps.Runs.PauseExport(ctx, id, false) })
}

func (s *Server) cancelExport(ctx context.Context, in *IDParam) (*exportOut, error) {
	return s.steerExport(ctx, in.ID, "export.cancel", func(id string) error { return s.deps.Runs.StopExport(ctx, id) })
}

// steerExport sends a message to the run of an export that is not at its end.
func (s *Server) steerExport(ctx context.Context, id, action string, send func(id string) error) (*exportOut, error) {
	scope := scopeOf(ctx)
	e, err := s.deps.Store.GetExport(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	if e.Status.Final() {
		return nil, errExportEnded
	}
	s.startExport(ctx, scope, e) // one that is not started yet has no run to hear it
	if err := send(e.ID); err != nil {
		return nil, unavailable(err, "The export's run does not answer just now. Try again in a moment.")
	}
	s.audit(ctx, action, e.ID, nil)
	return s.getExport(ctx, &IDParam{ID: id})
}

func (s *Server) deleteExport(ctx context.Context, in *IDParam) (*empty, error) {
	scope := scopeOf(ctx)
	e, err := s.deps.Store.GetExport(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Store.RemoveExport(ctx, scope, e.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "export.delete", e.ID, map[string]any{"name": e.Name})
	if err := s.deps.Runs.DeleteExport(ctx, scope, e); err != nil { // the relay has it deleted later
		s.log(ctx).Warn("start the deletion of an export", slog.String("export_id", e.ID), slog.Any("error", err))
	}
	return &empty{}, nil
}

func (s *Server) linkExport(ctx context.Context, in *IDParam) (*linkOut, error) {
	scope := scopeOf(ctx)
	e, err := s.deps.Store.GetExport(ctx, scope, in.ID)
	if err == nil {
		err = fetchable(e)
	}
	if err != nil {
		return nil, err
	}
	url, until := s.exportLink(scope, e.ID)
	return &linkOut{Body: ExportLink{URL: url, ExpiresAt: until}}, nil
}

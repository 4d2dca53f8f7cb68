package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

// AuditEvent is an entry of the audit log.
type AuditEvent struct {
	ID        string         `json:"id" format:"uuid"`
	UserID    string         `json:"user_id" format:"uuid"`
	UserName  string         `json:"user_name" doc:"At the time"`
	UserEmail string         `json:"user_email" doc:"At the time"`
	Action    string         `json:"action"`
	TargetID  string         `json:"target_id"`
	Detail    map[string]any `json:"detail"`
	IP        string         `json:"ip"`
	RequestID string         `json:"request_id"`
	CreatedAt time.Time      `json:"created_at"`
}

func auditView(e *models.AuditEvent) AuditEvent {
	return AuditEvent{ID: e.ID, UserID: e.UserID, UserName: e.ActorName, UserEmail: e.ActorEmail, Action: e.Action, TargetID: e.TargetID, Detail: e.Detail,
		IP: e.IP, RequestID: e.RequestID, CreatedAt: e.CreatedAt}
}

// auditActions are all actions that are recorded.
var auditActions = []string{
	"alert.acknowledge", "alert.backfill", "alert.create", "alert.delete", "alert.pause", "alert.resume", "alert.run", "alert.snooze", "alert.update",
	"api_key.create", "api_key.revoke", "audit.export", "budget.update", "catalog.read", "catalog.sync",
	"channel.create", "channel.delete", "channel.test", "channel.update",
	"connection.create", "connection.delete", "connection.update", "conversation.delete", "conversation.share",
	"dashboard.create", "dashboard.delete", "dashboard.export", "dashboard.import", "dashboard.publish", "dashboard.read", "dashboard.restore", "dashboard.unpublish", "dashboard.update",
	"delivery.retry", "export.cancel", "export.create", "export.delete", "export.download", "export.pause", "export.resume", "export.settings",
	"export_schedule.create", "export_schedule.delete", "export_schedule.pause", "export_schedule.resume", "export_schedule.run", "export_schedule.update",
	"invitation.accept", "invitation.create", "invitation.revoke", "member.link", "member.remove", "member.role",
	"metric.create", "metric.delete", "metric.update", "model.create", "model.delete", "model.update", "note.put", "organisation.update",
	"question.approve", "question.edit_sql", "question.feedback", "question.sql", "question.stop", "result.read", "run.inspect",
	"report.create", "report.delete", "report.leave", "report.pause", "report.read", "report.resume", "report.run", "report.update",
	"saved_query.create", "saved_query.delete", "saved_query.update", "session.create", "session.refuse", "session.revoke", "session.revoke_all", "session.switch", "step.inspect",
	"term.create", "term.delete", "term.update", "user.password", "user.update",
	"verified_question.delete", "verified_question.edit", "verified_question.propose", "verified_question.verify",
}

// AuditParams choose entries of the audit log.
type AuditParams struct {
	User   string `query:"user" format:"uuid" maxLength:"36" doc:"Whose actions"`
	Action string `query:"action" maxLength:"60" pattern:"^[a-z_.]*$" doc:"An action, or the beginning of some, such as connection."`
	Target string `query:"target" maxLength:"100" doc:"What was acted on, by its id"`
	DayParams
}

func (p AuditParams) filter() (f store.AuditFilter, err error) {
	f = store.AuditFilter{UserID: canonical(p.User), Action: p.Action, TargetID: p.Target}
	f.From, f.Until, err = p.span()
	return f, err
}

type (
	auditIn struct {
		AuditParams
		PageParams
	}
	auditExportIn struct {
		AuditParams
		Format string `query:"format" enum:"csv,jsonl" default:"csv"`
	}
	// auditExportOut writes the entries while they are read.
	auditExportOut struct {
		ContentType string `header:"Content-Type"`
		Disposition string `header:"Content-Disposition"`
		Body        func(huma.Context)
	}
	auditActionsOut struct {
		Body struct {
			Actions []string `json:"actions"`
		}
	}
)

// exportTimeout bounds an export of the audit log.
const exportTimeout = 10 * time.Minute

func (s *Server) auditRoutes() {
	register(s, operation(http.MethodGet, "/audit", "list-audit", "The audit log, latest first", 200), auth.ReadAudit, s.listAudit)
	register(s, operation(http.MethodGet, "/audit/actions", "list-audit-actions", "All actions that the audit log knows", 200), auth.ReadAudit, s.listAuditActions)
	op := slow(operation(http.MethodGet, "/audit/export", "export-audit", "The audit log as a file, latest first", 200), exportTimeout)
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{
		"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}, "application/jsonl": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	register(s, op, auth.ReadAudit, s.exportAudit)
}

func (s *Server) listAudit(ctx context.Context, in *auditIn) (*pageOut[AuditEvent], error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	rows, next, err := s.deps.Store.ListAudit(ctx, scopeOf(ctx), filter, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, auditView), next), nil
}

func (s *Server) listAuditActions(context.Context, *empty) (*auditActionsOut, error) {
	out := &auditActionsOut{}
	out.Body.Actions = auditActions
	return out, nil
}

// exportAudit streams the log. It is recorded before its first byte; an error
// in the middle breaks the connection, so that half a file does not pass for one.
func (s *Server) exportAudit(ctx context.Context, in *auditExportIn) (*auditExportOut, error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	scope := scopeOf(ctx)
	rows, next, err := s.deps.Store.ListAudit(ctx, scope, filter, "", auditBatch) // what is wrong is still said as a problem
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "audit.export", scope.OrgID, map[string]any{"format": in.Format, "user": in.User, "action": in.Action, "target": in.Target, "from": in.From, "to": in.To})
	out := &auditExportOut{ContentType: "text/csv; charset=utf-8", Disposition: fmt.Sprintf(`attachment; filename="audit-%s.%s"`, time.Now().UTC().Format(time.DateOnly), in.Format)}
	if in.Format == "jsonl" {
		out.ContentType = "application/jsonl; charset=utf-8"
	}
	out.Body = func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		control := http.NewResponseController(c.Writer)
		write := auditWriter(in.Format, c.Writer)
		for {
			// Each part has the time that a whole answer usually has.
			_ = control.SetWriteDeadline(time.Now().Add(time.Minute)) // all servers of ours can
			if err == nil {
				err = write(rows)
			}
			if err != nil {
				s.log(ctx).Warn("the export of the audit log broke off", "cause", telemetry.Cause(err))
				panic(http.ErrAbortHandler)
			}
			c.Writer.Flush()
			if next == "" {
				return
			}
			rows, next, err = s.deps.Store.ListAudit(ctx, scope, filter, next, auditBatch)
		}
	}
	return out, nil
}

// auditBatch is how many entries are read at once.
const auditBatch = 200

// auditWriter writes entries as lines of a format.
func auditWriter(format string, w http.ResponseWriter) func([]models.AuditEvent) error {
	if format == "jsonl" {
		enc := json.NewEncoder(w)
		return func(rows []models.AuditEvent) error {
			for i := range rows {
				if err := enc.Encode(auditView(&rows[i])); err != nil {
					return err
				}
			}
			return nil
		}
	}
	lines := csv.NewWriter(w)
	_ = lines.Write([]string{"time", "user_name", "user_email", "user_id", "action", "target_id", "detail", "ip", "request_id", "id"}) // flushed below
	return func(rows []models.AuditEvent) error {
		for _, e := range rows {
			detail, err := json.Marshal(e.Detail)
			if err != nil {
				return err
			}
			cells := []string{e.CreatedAt.UTC().Format(time.RFC3339Nano), e.ActorName, e.ActorEmail, e.UserID, e.Action, e.TargetID, string(detail), e.IP, e.RequestID, e.ID}
			for i := range cells {
				cells[i] = plainCell(cells[i])
			}
			_ = lines.Write(cells) // its error is kept for Error
		}
		lines.Flush()
		return lines.Error()
	}
}

// formula is where a spreadsheet would begin one: at the beginning of a text, also
// of what is behind a separator that is another locale's, with full-width signs too.
var formula = regexp.MustCompile("(^|[;\t\r\n])([ \t\r\n]*[=+@\uff1d\uff0b\uff0d\uff20-])")

// plainCell keeps a spreadsheet from taking a text for a formula (OWASP, CSV injection).
func plainCell(text string) string { return formula.ReplaceAllString(text, "$1'$2") }

// audit records what the caller did. The action has happened: a failure to
// record it is logged with everything an operator needs to add it.
func (s *Server) audit(ctx context.Context, action, target string, detail map[string]any) {
	if detail == nil {
		detail = map[string]any{}
	}
	caller := who(ctx)
	if caller.KeyID != "" {
		detail["api_key_id"] = caller.KeyID
	}
	s.auditAs(ctx, caller.Scope, action, target, detail)
}

// auditAs records an action of somebody whom the request does not name.
func (s *Server) auditAs(ctx context.Context, scope models.Scope, action, target string, detail map[string]any) {
	r := requestFrom(ctx)
	e := &models.AuditEvent{ID: newID(), OrgID: scope.OrgID, UserID: scope.UserID, Action: action,
		TargetID: target, Detail: detail, IP: r.IP, RequestID: r.ID, CreatedAt: time.Now().UTC()}
	if err := s.deps.Store.AppendAudit(context.WithoutCancel(ctx), scope, e); err != nil {
		s.log(ctx).Error("write audit event", "action", action, "target_id", target, "cause", telemetry.Cause(err))
	}
}

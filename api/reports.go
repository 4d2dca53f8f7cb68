package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

type (
	oneReportOut   struct{ Body Report }
	reportCreateIn struct{ Body ReportInput }
	reportPatchIn  struct {
		IDParam
		Body ReportPatch
	}
	reportRunIn struct {
		IDParam
		Body struct {
			OnlyMe bool `json:"only_me,omitempty" doc:"Send it to you alone; what the next one is compared with stays"`
		}
	}
	reportRunsIn struct {
		IDParam
		PageParams
	}
	reportRunsOut      struct{ Body ReportRuns }
	reportDeliveriesIn struct {
		IDParam
		At time.Time `query:"at" doc:"Only of the run of this time"`
		PageParams
	}
	peopleOut struct {
		Body struct {
			People []ReportPerson `json:"people" doc:"Members, by their names; the first 1,000"`
			Mail   bool           `json:"mail" doc:"There is an e-mail channel over which they can be mailed"`
		}
	}
	// pdfOut is a PDF.
	pdfOut struct {
		ContentType string `header:"Content-Type"`
		Disposition string `header:"Content-Disposition"`
		Cache       string `header:"Cache-Control"`
		Body        []byte
	}
)

// pdf gives an operation a PDF as its answer.
func pdf(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The report", Content: map[string]*huma.MediaType{"application/pdf": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	return op
}

func (s *Server) reportRoutes() {
	const wait = 40 * time.Second
	register(s, operation(http.MethodGet, "/reports", "list-reports", "Your reports and those that you get, changed last first", 200), auth.ReadReports, s.listReports)
	register(s, operation(http.MethodPost, "/reports", "create-report", "Make a report of a dashboard, a conversation, or questions", 201), auth.WriteReports, s.createReport)
	register(s, pdf(slow(operation(http.MethodPost, "/reports/preview", "preview-report", "A report that is not stored yet, as you would get it now", 200), wait)), auth.WriteReports, s.previewReport)
	register(s, operation(http.MethodGet, "/reports/people", "list-report-people", "Who can be a recipient, beside channels", 200), auth.WriteReports, s.listReportPeople)
	register(s, operation(http.MethodGet, "/reports/{id}", "get-report", "One report", 200), auth.ReadReports, s.getReport)
	register(s, operation(http.MethodPatch, "/reports/{id}", "update-report", "Change a report of your own", 200), auth.WriteReports, s.updateReport)
	register(s, operation(http.MethodDelete, "/reports/{id}", "delete-report", "Delete a report of your own, with its runs", 204), auth.WriteReports, s.deleteReport)
	register(s, operation(http.MethodPost, "/reports/{id}/pause", "pause-report", "Pause a report of your own", 200), auth.WriteReports, s.pauseReport)
	register(s, operation(http.MethodPost, "/reports/{id}/resume", "resume-report", "Let a paused report run again", 200), auth.WriteReports, s.resumeReport)
	register(s, operation(http.MethodPost, "/reports/{id}/run", "run-report", "Make a report of your own now, and send it", 202), auth.WriteReports, s.runReport)
	register(s, operation(http.MethodPost, "/reports/{id}/leave", "leave-report", "Get a report no more", 204), auth.ReadReports, s.leaveReport)
	register(s, pdf(slow(operation(http.MethodPost, "/reports/{id}/preview", "show-report", "A report as you would get it now", 200), wait)), auth.ReadReports, s.showReport)
	register(s, operation(http.MethodGet, "/reports/{id}/runs", "list-report-runs", "Runs of a report, newest first, and those that were missed", 200), auth.ReadReports, s.listReportRuns)
	register(s, operation(http.MethodGet, "/reports/{id}/deliveries", "list-report-deliveries", "What a report told, newest first: to all where it is yours, else to you", 200), auth.ReadReports, s.listReportDeliveries)
	register(s, pdf(operation(http.MethodGet, "/report-runs/{id}/file", "get-report-file", "What a run showed to those with your rights", 200)), auth.ReadReports, s.getReportFile)
}

// mailReady says whether a report's members can be mailed.
func (s *Server) mailReady(ctx context.Context) (func(*models.Report) bool, error) {
	channels, err := s.deps.Store.ListChannels(ctx, scopeOf(ctx))
	return func(r *models.Report) bool {
		return slices.ContainsFunc(channels, func(c models.Channel) bool {
			return c.Kind == models.ChannelEmail && c.Enabled && (r.MailChannelID == nil || *r.MailChannelID == c.ID)
		})
	}, err
}

// reportViews are reports as the caller sees them.
func (s *Server) reportViews(ctx context.Context, rows []store.ReportInfo) ([]Report, error) {
	scope := scopeOf(ctx)
	mail, err := s.mailReady(ctx)
	if err != nil {
		return nil, err
	}
	var last []models.ReportRun
	for i := range rows {
		if rows[i].Last != nil {
			last = append(last, *rows[i].Last)
		}
	}
	files, err := s.deps.Store.ReportFiles(ctx, scope, last)
	if err != nil {
		return nil, err
	}
	return views(rows, func(r *store.ReportInfo) Report {
		v := reportView(scope, r, mail(&r.Report))
		if r.Last != nil {
			run := reportRunView(r.Last, files[r.Last.ID] != "")
			v.LastRun = &run
		}
		return v
	}), nil
}

func (s *Server) listReports(ctx context.Context, in *PageParams) (*pageOut[Report], error) {
	rows, next, err := s.deps.Store.ListReports(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	shown, err := s.reportViews(ctx, rows)
	return page(shown, next), err
}

func (s *Server) getReport(ctx context.Context, in *IDParam) (*oneReportOut, error) {
	r, err := s.deps.Store.GetReport(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	shown, err := s.reportViews(ctx, []store.ReportInfo{*r})
	if err != nil {
		return nil, err
	}
	return &oneReportOut{Body: shown[0]}, nil
}

var errNotReportOwner = &models.Error{Code: models.CodeForbidden, Message: "Only its owner may change a report. Make one of your own."}

// ownReport returns a report that the caller may change.
func (s *Server) ownReport(ctx context.Context, id string) (*store.ReportInfo, error) {
	r, err := s.deps.Store.GetReport(ctx, scopeOf(ctx), id)
	if err == nil && r.UserID != scopeOf(ctx).UserID {
		err = errNotReportOwner
	}
	return r, err
}

func (s *Server) createReport(ctx context.Context, in *reportCreateIn) (*oneReportOut, error) {
	r, err := s.reportDraft(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Store.CreateReport(ctx, scopeOf(ctx), r); err != nil {
		return nil, err
	}
	s.audit(ctx, "report.create", r.ID, reportDetail(r))
	return s.getReport(ctx, &IDParam{ID: r.ID})
}

// reportDetail is what the audit log notes: who is told by a report, and over what.
func reportDetail(r *models.Report) map[string]any {
	people, channels := 0, []string{}
	for _, to := range r.Recipients {
		if to.ChannelID != "" {
			channels = append(channels, to.ChannelID)
		} else {
			people++
		}
	}
	return map[string]any{"name": r.Name, "people": people, "channels": channels}
}

func (s *Server) updateReport(ctx context.Context, in *reportPatchIn) (*oneReportOut, error) {
	info, err := s.ownReport(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	r, p := &info.Report, in.Body
	set(&r.Name, p.Name)
	set(&r.Timing, p.Timing)
	set(&r.SkipUnchanged, p.SkipUnchanged)
	set(&r.PDF, p.PDF)
	set(&r.Locale, p.Locale)
	if r.Name = strings.TrimSpace(r.Name); r.Name == "" {
		return nil, invalidField("body.name", "must not be blank")
	}
	if p.Values != nil {
		r.Values = *p.Values
	}
	if p.MailChannelID != nil {
		r.MailChannelID = p.MailChannelID
		if *p.MailChannelID == "" {
			r.MailChannelID = nil
		}
	}
	if p.Questions != nil {
		if r.Kind != models.ReportQuestions {
			return nil, models.Errorf(models.CodeInvalid, "This report shows a dashboard and has no questions.")
		}
		if r.Questions, err = s.standing(ctx, r.Questions, *p.Questions); err != nil {
			return nil, err
		}
	}
	if err := s.checkChange(ctx, r, p.Recipients); err != nil {
		return nil, err
	}
	if err := s.deps.Store.UpdateReport(ctx, scopeOf(ctx), r); err != nil {
		return nil, err
	}
	s.audit(ctx, "report.update", r.ID, reportDetail(r))
	return s.getReport(ctx, &in.IDParam)
}

// checkChange checks a changed report. Recipients who are left as they are may
// have left meanwhile.
func (s *Server) checkChange(ctx context.Context, r *models.Report, to *[]ReportTo) error {
	have := r.Recipients
	if to != nil {
		return s.checkReport(ctx, r, *to)
	}
	err := s.checkReport(ctx, r, nil)
	r.Recipients = have
	return err
}

func (s *Server) deleteReport(ctx context.Context, in *IDParam) (*empty, error) {
	if _, err := s.ownReport(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := s.deps.Store.DeleteReport(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "report.delete", in.ID, nil)
	return nil, nil
}

func (s *Server) pauseReport(ctx context.Context, in *IDParam) (*oneReportOut, error) {
	out, err := s.setReport(ctx, in, models.ReportPaused, models.PausedByPerson)
	if err == nil {
		s.audit(ctx, "report.pause", in.ID, nil)
	}
	return out, err
}

func (s *Server) resumeReport(ctx context.Context, in *IDParam) (*oneReportOut, error) {
	out, err := s.setReport(ctx, in, models.ReportActive, "")
	if err == nil {
		s.audit(ctx, "report.resume", in.ID, nil)
	}
	return out, err
}

func (s *Server) setReport(ctx context.Context, in *IDParam, status models.ReportStatus, code models.Code) (*oneReportOut, error) {
	if _, err := s.ownReport(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := s.deps.Store.SetReportStatus(ctx, scopeOf(ctx), in.ID, status, code, ""); err != nil {
		return nil, err
	}
	return s.getReport(ctx, in)
}

func (s *Server) runReport(ctx context.Context, in *reportRunIn) (*oneReportOut, error) {
	scope := scopeOf(ctx)
	if _, err := s.ownReport(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	only := ""
	if in.Body.OnlyMe {
		only = scope.UserID
	}
	if err := s.deps.Runs.RunReport(ctx, scope, in.ID, time.Now().Truncate(time.Millisecond), only); err != nil {
		return nil, err
	}
	s.audit(ctx, "report.run", in.ID, map[string]any{"only_me": in.Body.OnlyMe})
	return s.getReport(ctx, &in.IDParam)
}

func (s *Server) leaveReport(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.LeaveReport(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "report.leave", in.ID, nil)
	return nil, nil
}

package api

import (
	"context"
	"mime"
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// reportPeople bounds the people that are offered as recipients.
const reportPeople = 1000

func (s *Server) listReportPeople(ctx context.Context, _ *struct{}) (*peopleOut, error) {
	rows, err := s.deps.Store.People(ctx, scopeOf(ctx), reportPeople)
	if err != nil {
		return nil, err
	}
	mail, err := s.mailReady(ctx)
	if err != nil {
		return nil, err
	}
	out := &peopleOut{}
	out.Body.Mail = mail(&models.Report{})
	out.Body.People = views(rows, func(m *store.MemberRow) ReportPerson { return ReportPerson{ID: m.ID, Name: m.Name, Email: m.Email} })
	return out, nil
}

func (s *Server) previewReport(ctx context.Context, in *reportCreateIn) (*pdfOut, error) {
	r, err := s.reportDraft(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	return s.previewed(ctx, r)
}

func (s *Server) showReport(ctx context.Context, in *IDParam) (*pdfOut, error) {
	r, err := s.deps.Store.GetReport(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.seesShown(ctx, &r.Report); err != nil {
		return nil, err
	}
	return s.previewed(ctx, &r.Report)
}

// seesShown is why the caller may not see what a report shows, or showed, nil where
// they may: a dashboard's rows are seen by those who may see the dashboard now. Of
// one that is deleted nobody can tell any more who that was.
func (s *Server) seesShown(ctx context.Context, r *models.Report) error {
	if r.Kind != models.ReportDashboard {
		return nil
	}
	if r.DashboardID == nil {
		return models.Errorf(models.CodeConflict, "The dashboard of this report has been deleted.")
	}
	_, err := s.deps.Store.GetDashboard(ctx, scopeOf(ctx), *r.DashboardID)
	return err
}

func (s *Server) previewed(ctx context.Context, r *models.Report) (*pdfOut, error) {
	scope := scopeOf(ctx)
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	id, err := s.deps.Runs.PreviewReport(ctx, scope, r)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "report.read", r.ID, map[string]any{"name": r.Name})
	return s.artifact(ctx, id)
}

// artifact is a stored PDF.
func (s *Server) artifact(ctx context.Context, id string) (*pdfOut, error) {
	f, err := s.deps.Store.GetArtifact(ctx, scopeOf(ctx), id)
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, models.Errorf(models.CodeReportExpired, "This report was deleted, as reports are after 30 days. Run it again.")
	}
	if err != nil {
		return nil, err
	}
	return &pdfOut{ContentType: f.MediaType, Disposition: mime.FormatMediaType("inline", map[string]string{"filename": f.Name}), Cache: "private, no-store", Body: f.Content}, nil
}

// missedDays is how far back missed runs are shown.
const missedDays = 90

func (s *Server) listReportRuns(ctx context.Context, in *reportRunsIn) (*reportRunsOut, error) {
	scope := scopeOf(ctx)
	r, err := s.deps.Store.GetReport(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	rows, next, err := s.deps.Store.ReportRuns(ctx, scope, in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	files, err := s.deps.Store.ReportFiles(ctx, scope, rows)
	if err != nil {
		return nil, err
	}
	if s.seesShown(ctx, &r.Report) != nil { // asking for one says why
		files = nil
	}
	out := &reportRunsOut{}
	out.Body.Page = page(views(rows, func(run *models.ReportRun) ReportRun { return reportRunView(run, files[run.ID] != "") }), next).Body
	out.Body.Missed = []time.Time{}
	if in.Cursor == "" {
		out.Body.Missed, err = s.missedReports(ctx, &r.Report)
	}
	return out, err
}

// missedReports are times at which a report was due and did not run.
func (s *Server) missedReports(ctx context.Context, r *models.Report) ([]time.Time, error) {
	now, out := time.Now(), []time.Time{}
	spec, err := alert.ParseSpec(r.Cron, r.TimeZone)
	if err != nil || r.Status != models.ReportActive {
		return out, nil //nolint:nilerr // it was checked when it was stored
	}
	from := now.AddDate(0, 0, -missedDays)
	if from.Before(r.ActiveSince) {
		from = r.ActiveSince
	}
	times, err := s.deps.Store.ReportTimes(ctx, scopeOf(ctx), r.ID, from)
	if err != nil {
		return nil, err
	}
	ran := map[int64]bool{}
	for _, at := range times {
		ran[at.Unix()] = true
	}
	for _, at := range spec.Between(from, now.Add(-missedGrace-time.Duration(r.JitterSeconds)*time.Second), 10_000) {
		if !ran[at.Unix()] {
			out = append(out, at)
		}
	}
	return out[max(0, len(out)-missedShown):], nil
}

func (s *Server) listReportDeliveries(ctx context.Context, in *reportDeliveriesIn) (*pageOut[ReportDelivery], error) {
	scope := scopeOf(ctx)
	r, err := s.deps.Store.GetReport(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	filter := store.DeliveryFilter{Subject: store.ReportSubject(in.ID)}
	if !in.At.IsZero() {
		filter.Episode = store.ReportEpisode(in.At)
	}
	if r.UserID != scope.UserID {
		me, err := s.deps.Store.GetMember(ctx, scope, scope.UserID)
		if err != nil {
			return nil, err
		}
		filter.Recipient = me.Email
	}
	rows, next, err := s.deps.Store.ListDeliveries(ctx, scope, filter, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, reportDeliveryView), next), nil
}

func (s *Server) getReportFile(ctx context.Context, in *IDParam) (*pdfOut, error) {
	scope := scopeOf(ctx)
	run, err := s.deps.Store.GetReportRun(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	r, err := s.deps.Store.GetReport(ctx, scope, run.ReportID)
	if err != nil {
		return nil, err
	}
	if err := s.seesShown(ctx, &r.Report); err != nil {
		return nil, err
	}
	files, err := s.deps.Store.ReportFiles(ctx, scope, []models.ReportRun{*run})
	if err != nil {
		return nil, err
	}
	id := files[run.ID]
	if id == "" {
		return nil, errNotFound
	}
	s.audit(ctx, "report.read", r.ID, map[string]any{"name": r.Name, "run": run.ID})
	return s.artifact(ctx, id)
}

package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.temporal.io/sdk/activity"

	"github.com/datamind/datamind/internal/insight"
	"github.com/datamind/datamind/internal/report"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// ReportWrite asks for a report to be made of results that have been read, for
// those with some rights.
type ReportWrite struct {
	ReportRead // with the one group that it is for
	Tiles      []ReportTile
	// Preview makes the PDF alone, for somebody who waits; nobody is told.
	Preview bool
}

// ReportWritten is what came of it.
type ReportWritten struct {
	Status models.ReportPartStatus
	// FileID is the PDF of a preview.
	FileID string
}

// WriteReport makes a report for a group and stores it, to be told with the end
// of the run. A part that is there already stays as it is.
func (a *Query) WriteReport(ctx context.Context, in ReportWrite) (out ReportWritten, err error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	r, d, err := a.report(ctx, in.ReportRead)
	if err != nil {
		return out, toTemporal(ctx, err)
	}
	w := &reportWriter{Query: a, in: in, scope: in.Groups[0].Scope, report: r, dashboard: d}
	if in.Preview {
		out.FileID, err = w.preview(ctx)
	} else {
		out.Status, err = w.part(ctx)
	}
	return out, toTemporal(ctx, err)
}

// reportWriter makes a report for one group.
type reportWriter struct {
	*Query
	in        ReportWrite
	scope     models.Scope
	report    *models.Report
	dashboard *models.Dashboard

	doc      report.Document
	remember []models.ReportSection
	// read and failed count sections that should have rows.
	read, failed int
	failure      string // of the last that failed
}

// preview stores the PDF alone, for somebody who waits.
func (w *reportWriter) preview(ctx context.Context) (fileID string, err error) {
	if err := w.compose(ctx, nil); err != nil {
		return "", err
	}
	file, err := w.pdf(ctx, models.ReportPreviewsKept)
	if err != nil {
		return "", err
	}
	return file.ID, w.Store.PutArtifact(ctx, w.scope, file)
}

func (w *reportWriter) part(ctx context.Context) (models.ReportPartStatus, error) {
	run, err := w.Store.ReportRunAt(ctx, w.scope, w.report.ID, w.in.At)
	if err != nil {
		return "", err
	}
	memory, before, err := w.Store.Memory(ctx, w.scope, w.report.ID, w.rights())
	if err != nil {
		return "", err
	}
	if err := w.compose(ctx, before); err != nil {
		return "", err
	}
	part := &models.ReportPart{RunID: run.ID, Rights: w.rights(), Status: models.PartReady, Digest: report.Digest(w.doc), Failed: w.failed}
	var files []*models.Artifact
	var pdf *models.Artifact
	switch {
	case w.read > 0 && w.failed == w.read:
		part.Status, part.ErrorCode, part.ErrorText = models.PartFailed, models.CodeReportEmpty, models.Clip(w.failure, 1000)
	case memory != nil && memory.Digest == part.Digest && w.report.SkipUnchanged && w.in.Kind != models.ReportPreview:
		part.Status = models.PartUnchanged
	default:
		if files, pdf, err = w.draw(ctx, part); err != nil {
			return "", err
		}
	}
	err = keepTrying(ctx, func(ctx context.Context) error {
		_, err := w.Store.KeepPart(ctx, w.scope, part, w.remember, func(one *store.Store) error { return w.put(ctx, one, part, files, pdf) })
		return err
	})
	return part.Status, err
}

func (w *reportWriter) rights() string { return w.in.Groups[0].Rights }

// draw makes the message of a part, with the pictures and the PDF; their ids are
// known once they are stored.
func (w *reportWriter) draw(ctx context.Context, part *models.ReportPart) (pictures []*models.Artifact, pdf *models.Artifact, err error) {
	drawn, err := report.Pictures(w.doc)
	if err != nil { // those that could be drawn are there: the rows say the rest
		activity.GetLogger(ctx).Warn("charts of a report are not drawn", "report", w.report.ID, "error", err)
	}
	pictures = make([]*models.Artifact, len(w.doc.Sections))
	for i, png := range drawn {
		if png != nil {
			pictures[i] = &models.Artifact{Name: "chart.png", MediaType: "image/png", Content: png, ExpiresAt: time.Now().Add(models.ReportFilesKept)}
		}
	}
	if pdf, err = w.pdf(ctx, models.ReportFilesKept); err != nil {
		if ctx.Err() != nil {
			return nil, nil, err
		}
		activity.GetLogger(ctx).Warn("a report goes without its PDF", "report", w.report.ID, "error", err)
	}
	part.Message = &models.Message{} // once the pictures have ids
	return pictures, pdf, nil
}

// put stores the files of a part, and completes it with their ids.
func (w *reportWriter) put(ctx context.Context, one *store.Store, part *models.ReportPart, pictures []*models.Artifact, pdf *models.Artifact) error {
	if part.Message == nil {
		return nil
	}
	ids := make([]string, len(pictures))
	for i, p := range pictures {
		if p == nil {
			continue
		}
		if err := one.PutArtifact(ctx, w.scope, p); err != nil {
			return err
		}
		ids[i] = p.ID
	}
	message := report.Message(w.doc, ids)
	if pdf != nil {
		if err := one.PutArtifact(ctx, w.scope, pdf); err != nil {
			return err
		}
		if part.FileID = &pdf.ID; w.report.PDF {
			message.FileIDs = []string{pdf.ID}
		}
	}
	part.Message = &message
	return nil
}

func (w *reportWriter) pdf(ctx context.Context, kept time.Duration) (*models.Artifact, error) {
	content, err := report.PDF(ctx, w.doc)
	if err != nil {
		return nil, err
	}
	return &models.Artifact{Name: fileName(w.report.Name, w.doc.At) + ".pdf", MediaType: "application/pdf", Content: content, ExpiresAt: time.Now().Add(kept)}, nil
}

// fileName is a name of a file that all systems take.
func fileName(name string, at time.Time) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' || r == ' ' {
			return r
		}
		return ' '
	}, name)
	clean = strings.Join(strings.Fields(clean), " ")
	if clean == "" {
		clean = "Report"
	}
	return models.Clip(clean, 80) + " " + at.Format(time.DateOnly)
}

// reportWords are what is said around a report, by its language.
var reportWords = map[string]struct{ report, dashboard, footer string }{
	"en": {"Open the report", "Open the dashboard", "You get this because you are a recipient of the report “%s”. On its page you can stop that: %s"},
	"de": {"Bericht öffnen", "Dashboard öffnen", "Sie erhalten dies als Empfänger des Berichts „%s“. Auf seiner Seite können Sie das beenden: %s"},
}

// compose fills the document, with what changed since what was told before.
func (w *reportWriter) compose(ctx context.Context, before []models.ReportSection) error {
	zone, err := time.LoadLocation(w.report.TimeZone)
	if err != nil { // its name was known when it was stored
		zone = time.UTC
	}
	words, known := reportWords[w.report.Locale]
	if !known {
		words = reportWords["en"]
	}
	page := w.BaseURL + "/reports/" + w.report.ID
	w.doc = report.Document{Title: w.report.Name, At: w.in.At, Zone: zone, Locale: w.report.Locale, Link: page, LinkText: words.report, Footer: fmt.Sprintf(words.footer, w.report.Name, page)}
	if w.dashboard != nil {
		w.doc.Link, w.doc.LinkText = w.BaseURL+"/dashboards/"+w.dashboard.ID, words.dashboard
		if w.dashboard.Name != w.report.Name {
			w.doc.Subtitle = w.dashboard.Name
		}
	}
	sections, err := w.sections(ctx, w.scope, w.report, w.dashboard, w.in.Since)
	if err != nil {
		return err
	}
	told := map[string]models.ReportSection{}
	for _, s := range before {
		told[s.Key] = s
	}
	for _, s := range sections {
		var tile *ReportTile
		for i := range w.in.Tiles {
			if w.in.Tiles[i].Key == s.key {
				tile = &w.in.Tiles[i]
			}
		}
		if tile == nil { // added since the rows were asked for
			continue
		}
		if err := w.add(ctx, s, tile, told); err != nil {
			return err
		}
	}
	return nil
}

// add adds a section to the document.
func (w *reportWriter) add(ctx context.Context, s section, tile *ReportTile, told map[string]models.ReportSection) error {
	out := report.Section{Title: s.title, Text: s.text}
	before, known := told[s.key]
	if s.tile == nil || s.tile.Kind == models.TileQuery {
		w.read++
		result, rows, failure, err := w.rows(ctx, tile)
		if err != nil {
			return err
		}
		if failure != "" {
			out.Failed, w.failure = failure, failure
			w.failed++
			if known { // the next one is compared with the last that there was
				w.remember = append(w.remember, before)
			}
		} else {
			w.show(&out, s, result, rows)
			kept := cutRows(rows, result.RowCount)
			if known {
				out.Since, out.Changes = before.At, report.Changes(&before.Rows, kept, w.report.Locale)
			}
			w.remember = append(w.remember, models.ReportSection{Key: s.key, At: w.in.At, Rows: *kept})
		}
	}
	w.doc.Sections = append(w.doc.Sections, out)
	return nil
}

// show fills a section with its rows, and with the chart that they are drawn as.
func (w *reportWriter) show(out *report.Section, s section, result *models.TileResult, rows *models.Rows) {
	out.Rows, out.Total, out.Truncated = rows, result.RowCount, result.Truncated
	if s.tile == nil {
		written := *rows
		written.Truncated = rows.Truncated || result.RowCount > len(rows.Rows)
		out.Text = insight.Write(s.question, "", &written, insight.Facts(rows, w.in.At))
	}
	if result.RowCount > len(rows.Rows) {
		return
	}
	var chart *models.Chart
	if s.tile != nil {
		chart = s.tile.ChartOf(result)
	} else {
		chart = insight.ChooseChart(s.question, rows, w.in.At)
	}
	if chart != nil {
		out.Chart = &chart.ChartSpec
	}
}

// rows are those of a section, or why there are none. An error is one of the
// platform's own.
func (w *reportWriter) rows(ctx context.Context, tile *ReportTile) (result *models.TileResult, rows *models.Rows, failure string, err error) {
	if tile.Failed != "" {
		return nil, nil, tile.Failed, nil
	}
	result, rows, err = w.Store.TilePage(ctx, w.scope, tile.ResultKey, 0, models.ReportRowsDrawn)
	switch {
	case models.ErrorCode(err) == models.CodeNotFound:
		return nil, nil, "The database of this part is not connected any more.", nil
	case err != nil:
		return nil, nil, "", err
	case result.FailedAt != nil:
		return nil, nil, result.ErrorText, nil
	case rows == nil:
		return nil, nil, "This part could not be read in time.", nil
	}
	return result, rows, "", nil
}

// cellKept bounds a text cell of what is remembered.
const cellKept = 500

// cutRows are the rows that are remembered of a section.
func cutRows(rows *models.Rows, total int) *models.Rows {
	kept := models.Rows{Columns: rows.Columns, Rows: [][]any{}}
	for _, row := range rows.Rows[:min(len(rows.Rows), models.ReportRowsKept)] {
		row = slices.Clone(row)
		for i, cell := range row {
			if text, is := cell.(string); is {
				row[i] = models.Clip(text, cellKept)
			}
		}
		kept.Rows = append(kept.Rows, row)
	}
	kept.Truncated = rows.Truncated || total > len(kept.Rows)
	return &kept
}

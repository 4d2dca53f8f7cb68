package activities

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// PreviewInput is an alert to try.
type PreviewInput = alert.PreviewInput

// Preview is what an alert would see and do now.
type Preview = alert.Preview

const (
	previewValues = 20
	// dryDays is how far a dry run goes back, dryPoints how many moments of the
	// past a question is asked again of, and dryTime how long that may take.
	dryDays   = 90
	dryPoints = 60
	dryTime   = 12 * time.Second
)

// PreviewAlert tries an alert as its person sees it now, and over the past.
func (a *Query) PreviewAlert(ctx context.Context, in PreviewInput) (out Preview, err error) {
	out.Alert, out.ByModel = in.Alert, in.ByModel
	l := &out.Alert
	l.OrgID, l.UserID = in.Scope.OrgID, in.Scope.UserID
	r := &alertReader{Query: a, purpose: "alert/preview/" + store.NewID()[24:]}
	defer r.close()
	now := time.Now()
	if err := r.connect(ctx, in.Scope, l.ConnectionID); err != nil {
		return out, toTemporal(ctx, err)
	}
	if in.Plan || !in.AskedAt.IsZero() {
		if err := r.plan(ctx, in, l, now); err != nil {
			out.Code, out.Text = models.ErrorCode(err), models.ErrorMessage(err)
			return out, nil
		}
	}
	rows, failure, err := r.read(ctx, in.Scope, l, now)
	if err != nil {
		return out, toTemporal(ctx, err)
	}
	if failure != nil {
		out.Code, out.Text = models.ErrorCode(failure), models.ErrorMessage(failure)
		return out, nil
	}
	out.Columns = rows.Columns[:min(len(rows.Columns), 100)]
	if in.Propose {
		l.Condition = alert.Propose(rows)
	}
	if planner.Stale(l.Question, l.SQL, now) && !l.Replan {
		out.Warning = "fixed_dates"
	}
	past, err := r.recorded(ctx, in.Scope, l, now)
	if err != nil {
		return out, toTemporal(ctx, err)
	}
	o := alert.Evaluate(&l.Condition, alert.View{Rows: rows, Past: samples(past), State: &models.AlertState{}, At: now, Zone: zoneOf(l)})
	out.Code, out.Text, out.More, out.Keys = o.Code, o.Text, o.More, len(o.Readings)
	out.Values = alert.ValuesOf(o)[:min(len(o.Readings), previewValues)]
	rule := l.Rule
	rule.ForRuns, rule.ForMinutes = 0, 0
	state, _ := alert.Step(alert.Input{Rule: rule, Zone: zoneOf(l), Now: now, EpisodeID: "preview"}, models.AlertState{}, o)
	if out.Status = alert.Status(&state); out.Code == "" && len(out.Values) > 0 && !slices.ContainsFunc(o.Readings, alert.Reading.Known) {
		out.Status = models.EmptyUnknown
	}
	if in.DryRun && out.Code == "" {
		if err := r.dryRun(ctx, in.Scope, &out, rows, past, now); err != nil {
			return out, toTemporal(ctx, err)
		}
	}
	return out, nil
}

// plan reads the questions. One whose period moves on is read anew at each run.
func (r *alertReader) plan(ctx context.Context, in PreviewInput, l *models.Alert, now time.Time) error {
	if r.known == nil { // a structure that was never read is read
		if _, err := r.check(ctx, Read{Scope: in.Scope, ConnectionID: l.ConnectionID, SQL: "SELECT 1"}, r.connection); err != nil {
			return err
		}
	}
	asked := in.AskedAt
	if in.Plan {
		asked = now
	}
	if in.Plan {
		if err := r.english(ctx, in.Scope, l, asked); err != nil {
			return err
		}
	}
	sql, failure, err := r.replan(ctx, in.Scope, l, asked)
	if in.Plan && failure == nil && err == nil {
		sql, failure, err = r.onevalue(ctx, in.Scope, l, asked, sql)
	}
	if err := errors.Join(failure, err); err != nil {
		if in.Plan {
			return err
		}
		return nil // a model planned it, or a person
	}
	if !in.Plan && sql != l.SQL && planner.Moving(l.Question, sql, asked) != l.SQL { // a tile's SQL moves by itself
		return nil
	}
	l.SQL = sql
	later, failure, err := r.replan(ctx, in.Scope, l, asked.AddDate(1, 1, 1))
	l.Replan = failure == nil && err == nil && later != sql
	return nil
}

// english puts questions in English that the planner cannot read as they are:
// German words that nobody in the organisation has taught it.
func (r *alertReader) english(ctx context.Context, scope models.Scope, l *models.Alert, asked time.Time) error {
	for _, question := range []*string{&l.Question, &l.Of} {
		put := alert.English(*question)
		if put == *question {
			continue
		}
		_, failure, err := r.replan(ctx, scope, &models.Alert{OrgID: l.OrgID, ConnectionID: l.ConnectionID, Question: *question}, asked)
		if err != nil {
			return err
		}
		if failure != nil {
			*question = put
		}
	}
	return nil
}

// onevalue words the questions of an alert so that they are about an amount:
// “refunds” is a list, “total amount of refunds” is a number. Where no wording
// helps, they stay.
func (r *alertReader) onevalue(ctx context.Context, scope models.Scope, l *models.Alert, asked time.Time, sql string) (_ string, failure, err error) {
	if l.Condition.Kind == models.ConditionRows {
		return sql, nil, nil
	}
	amounts := l.Of != "" || l.Condition.Unit == "€" || l.Condition.Unit == "$" || l.Condition.Unit == "£"
	for _, question := range []*string{&l.Question, &l.Of} {
		if *question == "" {
			continue
		}
		for _, wording := range alert.Wordings(*question, l.Condition.Kind, amounts) {
			one := models.Alert{OrgID: l.OrgID, ConnectionID: l.ConnectionID, Question: wording}
			plan, failure, err := r.replan(ctx, scope, &one, asked)
			if err != nil {
				return "", nil, err
			}
			if failure == nil && alert.IsAmount(plan, l.Condition.Kind) {
				*question = wording
				break
			}
		}
	}
	return r.replan(ctx, scope, l, asked)
}

func (r *alertReader) recorded(ctx context.Context, scope models.Scope, l *models.Alert, now time.Time) ([]models.AlertRun, error) {
	if l.ID == "" {
		return nil, nil
	}
	since := max(alert.Needs(&l.Condition), dryDays*24*time.Hour)
	return r.Store.PastRuns(ctx, scope, l.ID, now.Add(-since), 5000)
}

func samples(runs []models.AlertRun) (out []alert.Sample) {
	for _, run := range runs[max(0, len(runs)-models.MaxAlertSample):] {
		out = append(out, alert.Sample{At: run.At, Values: run.Values})
	}
	return out
}

// dryRun tries the past: what a series holds of it, or what the question would
// have brought, or what runs have seen.
func (r *alertReader) dryRun(ctx context.Context, scope models.Scope, out *Preview, rows *models.Rows, runs []models.AlertRun, now time.Time) error {
	l := &out.Alert
	from := now.AddDate(0, 0, -dryDays)
	past := alert.Series(&l.Condition, rows)
	out.PastOf = "series"
	if past == nil && l.Replan {
		var err error
		if past, err = r.asked(ctx, scope, l, from, now); err != nil {
			return err
		}
		out.PastOf = "question"
	}
	if past == nil {
		for _, run := range runs {
			if !run.At.Before(from) {
				past = append(past, alert.Past{At: run.At, Values: run.Values, Code: run.ErrorCode, Text: run.ErrorText})
			}
		}
		out.PastOf = "runs"
	}
	if len(past) < 2 {
		out.PastOf = ""
		return nil
	}
	replayed := alert.DryRun(l, zoneOf(l), past)
	replayed.Points = replayed.Points[max(0, len(replayed.Points)-500):]
	out.Past = &replayed
	return nil
}

// asked asks the question as of moments of the past, evenly spread, as far as
// there is time.
func (r *alertReader) asked(ctx context.Context, scope models.Scope, l *models.Alert, from, now time.Time) (past []alert.Past, err error) {
	spec, err := alert.ParseSpec(l.Cron, l.TimeZone)
	if err != nil { // one that is being written
		return nil, nil //nolint:nilerr // there is no past to try then
	}
	moments := spec.Between(from, now, 3000)
	by := max(1, (len(moments)+dryPoints-1)/dryPoints)
	begun := time.Now()
	for i := (len(moments) - 1) % by; i < len(moments) && i >= 0; i += by {
		if time.Since(begun) > dryTime {
			break
		}
		rows, failure, err := r.read(ctx, scope, l, moments[i])
		if err != nil {
			return nil, err
		}
		p := alert.Past{At: moments[i], Rows: rows}
		if failure != nil {
			p.Code, p.Text = models.ErrorCode(failure), models.ErrorMessage(failure)
		}
		past = append(past, p)
	}
	return past, nil
}

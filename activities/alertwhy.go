package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/insight"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// ExplainInput names an episode to look into.
type ExplainInput struct {
	Scope     models.Scope
	AlertID   string
	EpisodeID string
	At        time.Time
	// Later leaves it to the workflow to have the finding put into words and told.
	Later bool `json:",omitempty"`
}

// Explained says whether there is a finding to put into words and tell.
type Explained struct {
	Found bool
}

// explainTime bounds how long a look takes.
const explainTime = 45 * time.Second

// ExplainAlert looks into why an alert fired: it compares with an earlier time,
// takes the value apart by the dimensions of its tables, and adds to the episode
// what explains the change. What it does not understand for sure it says.
func (a *Query) ExplainAlert(ctx context.Context, in ExplainInput) (Explained, error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	l, episode, err := whyOf(ctx, a.Store, in)
	if err != nil || l == nil {
		return Explained{}, toTemporal(ctx, err)
	}
	limited, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	scope := models.Scope{OrgID: l.OrgID, UserID: l.UserID, Role: l.Role}
	x := &explanation{alertReader: &alertReader{Query: a, purpose: "alert/why/" + in.EpisodeID[:8]}, scope: scope, alert: &l.Alert, at: in.At}
	defer x.close()
	if len(episode.Keys) > 0 {
		x.key = episode.Keys[0]
	}
	finding := x.find(limited)
	if ctx.Err() != nil {
		return Explained{}, toTemporal(ctx, ctx.Err())
	}
	finding.At = time.Now()
	err = a.Store.SetFinding(ctx, in.Scope, in.EpisodeID, finding)
	if err == nil && !in.Later { // a run of an earlier build; the relay sends what the ledger holds
		_, err = tellFinding(ctx, a.Store, a.BaseURL, in)
	}
	return Explained{Found: finding.Status == models.FindingFound}, toTemporal(ctx, err)
}

// whyOf loads what a look is about; nil for an alert that is gone, or whose owner
// may not have it any more.
func whyOf(ctx context.Context, st *store.Store, in ExplainInput) (*store.LoadedAlert, *models.AlertEpisode, error) {
	loaded, err := st.LoadAlerts(ctx, in.Scope, []string{in.AlertID}, time.Time{})
	if err != nil || len(loaded) == 0 || !loaded[0].Role.OwnsAlerts() {
		return nil, nil, err
	}
	episode, err := st.GetEpisode(ctx, in.Scope, in.EpisodeID)
	return &loaded[0], episode, err
}

// TellFinding queues what was found about an episode, where the alert says so, and
// returns the deliveries. Repeated, it queues nothing more.
func (a *Alerts) TellFinding(ctx context.Context, in ExplainInput) ([]string, error) {
	ids, err := tellFinding(ctx, a.Store, a.BaseURL, in)
	return ids, toTemporal(ctx, err)
}

func tellFinding(ctx context.Context, st *store.Store, baseURL string, in ExplainInput) ([]string, error) {
	l, episode, err := whyOf(ctx, st, in)
	if err != nil || l == nil || !l.Rule.TellFinding || episode.Finding == nil || episode.Finding.Status != models.FindingFound {
		return nil, err
	}
	var out []models.Delivery
	for _, id := range l.Channels {
		out = append(out, models.Delivery{Subject: "alert/" + l.ID, Episode: in.EpisodeID + "/finding", ChannelID: id,
			Message: models.Message{Title: "Why: " + l.Name, Text: episode.Finding.Text, Severity: models.SeverityInfo, Link: baseURL + "/alerts/" + l.ID, LinkText: "Open the alert"}})
	}
	return st.Queue(ctx, in.Scope, out)
}

// explanation is a look into an alert.
type explanation struct {
	*alertReader
	scope models.Scope
	alert *models.Alert
	at    time.Time
	key   string
}

func notUnderstood(text string) *models.AlertFinding {
	return &models.AlertFinding{Status: models.FindingNotUnderstood, Text: text}
}

func (x *explanation) find(ctx context.Context) *models.AlertFinding {
	c := &x.alert.Condition
	if c.Kind == models.ConditionFreshness || c.Kind == models.ConditionRows || c.Rows == models.RowsCount {
		return notUnderstood("This condition is not about an amount that could be taken apart.")
	}
	part := *x.alert
	part.Of = "" // of a ratio the first question is looked into
	then, baseline := x.before()
	nowSQL, beforeSQL, err := x.queries(ctx, &part, then)
	if err != nil {
		return &models.AlertFinding{Status: models.FindingFailed, Text: "It could not be looked into: " + models.ErrorMessage(err)}
	}
	q, ok := alert.ReadQuery(nowSQL)
	if !ok {
		return notUnderstood("The query is not a plain sum or count over tables, so it was not taken apart.")
	}
	earlier, ok := q, true
	if beforeSQL != nowSQL {
		earlier, ok = alert.ReadQuery(beforeSQL)
	}
	series := q.Group != "" && c.Rows == models.RowsLast
	if !ok || beforeSQL == nowSQL && !series {
		return notUnderstood("What the value was made of before cannot be asked any more: the query does not say of which time it is.")
	}
	if series {
		baseline = "the time before"
	}
	return x.compare(ctx, q, earlier, series, baseline)
}

// before is the time that the value is compared with.
func (x *explanation) before() (time.Time, string) {
	local := x.at.In(zoneOf(x.alert))
	if x.alert.Condition.Kind == models.ConditionChange {
		switch x.alert.Condition.Against {
		case models.AgainstMonthYear:
			return local.AddDate(-1, 0, 0), "a year before"
		case models.AgainstPrevious, "":
			if spec, err := alert.ParseSpec(x.alert.Cron, x.alert.TimeZone); err == nil {
				return local.Add(-spec.Interval(x.at)), "the run before"
			}
		}
	}
	return local.AddDate(0, 0, -7), "a week before"
}

func (x *explanation) queries(ctx context.Context, part *models.Alert, then time.Time) (now, before string, err error) {
	if err := x.connect(ctx, x.scope, part.ConnectionID); err != nil {
		return "", "", err
	}
	now, before = part.SQL, part.SQL
	asked := *part
	asked.Replan = false
	asked.SQL = "SELECT 1"
	if _, failure, err := x.read(ctx, x.scope, &asked, x.at); failure != nil || err != nil { // the structure is there, and the database answers
		return "", "", firstError(failure, err)
	}
	if part.Question != "" {
		if sql, failure, err := x.replan(ctx, x.scope, part, x.at); err != nil {
			return "", "", err
		} else if part.Replan && failure == nil {
			now = sql
			if before, failure, err = x.replan(ctx, x.scope, part, then); failure != nil || err != nil {
				return "", "", firstError(failure, err)
			}
		}
	}
	if x.catalog == nil {
		_, _, err = x.replan(ctx, x.scope, &models.Alert{ConnectionID: part.ConnectionID, OrgID: part.OrgID, Question: "how many"}, x.at)
	}
	return now, before, err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// compare takes the value apart, now and before. A dimension whose parts do not
// add up to the whole is not one, and is left out.
func (x *explanation) compare(ctx context.Context, q, earlier alert.Query, series bool, baseline string) *models.AlertFinding {
	var now, before float64
	var splits []alert.Split
	var looked []string
	for _, d := range q.Dimensions(x.catalog) {
		s := alert.Split{Dimension: d.Name}
		nowRows, err := x.parts(ctx, q.By(d))
		if err != nil {
			continue
		}
		if series {
			s.Now, s.Before = lastTwo(nowRows)
		} else {
			beforeRows, err := x.parts(ctx, earlier.By(d))
			if err != nil {
				continue
			}
			s.Now, s.Before = x.of(nowRows), x.of(beforeRows)
		}
		if s.Now == nil || s.Before == nil {
			continue
		}
		a, b := total(s.Now), total(s.Before)
		switch {
		case len(splits) == 0:
			now, before = a, b
		case !near(a, now) || !near(b, before):
			continue // a join that multiplies or drops rows
		}
		splits = append(splits, s)
		looked = append(looked, d.Name)
	}
	if len(splits) == 0 {
		return notUnderstood("The tables have nothing to take the value apart by.")
	}
	parts := alert.Contributions(now, before, splits)
	c := x.alert.Condition
	if x.alert.Of != "" {
		c.Unit = ""
	}
	text := alert.Finding(&c, now, before, baseline, parts, looked)
	if len(unprovenOf(text, now, before, parts)) > 0 {
		text = ""
	}
	return &models.AlertFinding{Status: models.FindingFound, Text: text, Now: &now, Before: &before, Baseline: baseline, Parts: parts}
}

// parts runs SQL of parts.
func (x *explanation) parts(ctx context.Context, sql string) (*models.Rows, error) {
	one := *x.alert
	one.SQL, one.Replan, one.Of = sql, false, ""
	rows, failure, err := x.read(ctx, x.scope, &one, x.at)
	if err := firstError(failure, err); err != nil {
		return nil, err
	}
	if rows.Truncated {
		return nil, models.Errorf(models.CodeQueryTooLarge, "too many parts")
	}
	return rows, nil
}

// of are the parts of the key that fired, or of all where there are no keys.
func (x *explanation) of(rows *models.Rows) map[string]float64 {
	out := map[string]float64{}
	keyed := len(rows.Columns) == 3
	for _, row := range rows.Rows {
		if keyed && x.key != "" && fmt.Sprint(row[0]) != x.key {
			continue
		}
		out[named(row[len(row)-2])] += value(row[len(row)-1])
	}
	return out
}

// lastTwo are the parts of a series' last time and of the one before it.
func lastTwo(rows *models.Rows) (last, before map[string]float64) {
	at := map[string]map[string]float64{}
	var newest, second string
	for _, row := range rows.Rows {
		key := fmt.Sprint(row[0])
		if at[key] == nil {
			at[key] = map[string]float64{}
			if key > newest {
				newest, second = key, newest
			} else if key > second {
				second = key
			}
		}
		at[key][named(row[1])] += value(row[2])
	}
	return at[newest], at[second]
}

func named(v any) string {
	if v == nil {
		return "(none)"
	}
	return fmt.Sprint(v)
}

func value(v any) float64 {
	switch n := v.(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	case json.Number:
		f, _ := n.Float64()
		return f
	case string:
		f, _ := strconv.ParseFloat(n, 64)
		return f
	}
	return 0
}

func total(parts map[string]float64) (sum float64) {
	for _, v := range parts {
		sum += v
	}
	return sum
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(math.Abs(a), math.Abs(b), 1) }

// unprovenOf are the numbers of a finding's text that are not among its figures.
func unprovenOf(text string, now, before float64, parts []models.AlertPart, more ...float64) (out []string) {
	change := 0.0
	if before != 0 {
		change = 100 * math.Abs(now-before) / math.Abs(before)
	}
	numbers := append([]float64{now, before, math.Round(10*change) / 10}, more...)
	for _, p := range parts {
		numbers = append(numbers, p.Now, p.Before, math.Round(100*p.Share))
		numbers = append(numbers, insight.QuestionNumbers(p.Value+" "+p.Dimension)...)
	}
	for _, check := range insight.CheckNumbers(text, nil, nil, numbers) {
		if !check.Proven {
			out = append(out, check.Text)
		}
	}
	return out
}

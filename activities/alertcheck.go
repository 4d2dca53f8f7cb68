package activities

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

const (
	// checkSlice is how long alerts are checked in one go: then those that wait
	// with a higher priority, such as questions, have their turn.
	checkSlice = time.Second
	// alertRows bounds the rows that an alert looks at.
	alertRows = 5000
)

// CheckAlerts runs the queries of alerts and takes each alert a step further.
// The steps and what they tell take effect together; those of an earlier try are
// left as they are. What a customer's database refuses is a result like any; what
// fails here is tried again.
func (a *Query) CheckAlerts(ctx context.Context, in AlertCheck) (out AlertsChecked, err error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	turn := &turn{}
	if err := turn.take(ctx); err != nil {
		return out, toTemporal(ctx, err)
	}
	defer turn.leave()
	begun := time.Now()
	loaded, err := a.Store.LoadAlerts(ctx, in.Scope, in.IDs, in.At)
	if err != nil || len(loaded) == 0 {
		return out, toTemporal(ctx, err)
	}
	r := &alertReader{Query: a, in: in, turn: turn, purpose: "alert/" + in.IDs[0], again: activity.GetInfo(ctx).Attempt > 1}
	defer r.close()
	b := &bookkeeper{in: in, baseURL: a.BaseURL, seen: map[string]*fetchedAlert{}, pictures: map[string]*models.Artifact{}}
	var ids []string
	rows := 0
	for i := range loaded {
		if i > 0 && (time.Since(begun) > checkSlice || rows > alertRows) {
			for _, l := range loaded[i:] {
				out.Left = append(out.Left, l.ID)
			}
			break
		}
		f, err := r.fetch(ctx, loaded[i])
		if err != nil {
			return out, toTemporal(ctx, err)
		}
		if f.rows != nil {
			rows += len(f.rows.Rows)
		}
		b.seen[f.loaded.ID] = f
		ids = append(ids, f.loaded.ID)
	}
	err = keepTrying(ctx, func(ctx context.Context) error {
		b.fired, b.checked = nil, nil
		out.Deliveries, err = a.Store.StepAlerts(ctx, in.Scope, ids, in.At, b.run)
		return err
	})
	out.Fired = b.fired
	if err == nil && a.Checked != nil && in.Kind == models.RunScheduled {
		for _, status := range b.checked {
			a.Checked(status, time.Since(in.At))
		}
	}
	return out, toTemporal(ctx, err)
}

// alertReader reads for alerts of a group, with one session and one guard for
// each connection.
type alertReader struct {
	*Query
	in      AlertCheck
	turn    *turn
	purpose string
	again   bool

	connection *models.Connection
	conn       connector.Conn
	limits     connector.Limits
	known      *sqlguard.Guard
	catalog    *models.Catalog
	notes      *models.Notes
}

func (r *alertReader) close() {
	if r.conn != nil {
		r.conn.Close()
		r.conn = nil
	}
}

// fetch brings the rows of an alert, or why there are none. An error is one of
// the platform's own.
func (r *alertReader) fetch(ctx context.Context, l store.LoadedAlert) (*fetchedAlert, error) {
	f := &fetchedAlert{loaded: l, began: time.Now()}
	switch {
	case l.Role == "":
		f.pause, f.pauseText = models.PausedOwnerLeft, "Its owner is not a member of the organisation any more. Somebody else can make it anew."
		return f, nil
	case !l.Role.OwnsAlerts():
		f.pause, f.pauseText = models.PausedRightLost, "Its owner may not have alerts any more."
		return f, nil
	}
	scope := models.Scope{OrgID: l.OrgID, UserID: l.UserID, Role: l.Role}
	if since := alert.Needs(&l.Condition); since > 0 {
		if err := r.past(ctx, scope, f, since, models.MaxAlertSample); err != nil {
			return nil, err
		}
	}
	var err error
	if f.rows, f.failure, err = r.read(ctx, scope, &l.Alert, r.in.At); err == nil && r.turns(f) {
		err = r.past(ctx, scope, f, pictureSpan, pictureRuns)
	}
	return f, err
}

// past brings the earlier runs of an alert.
func (r *alertReader) past(ctx context.Context, scope models.Scope, f *fetchedAlert, since time.Duration, most int) error {
	runs, err := r.Store.PastRuns(ctx, scope, f.loaded.ID, r.in.At.Add(-since), most)
	for _, run := range runs {
		f.past = append(f.past, alert.Sample{At: run.At, Values: run.Values})
	}
	return err
}

// turns says that the run may tell of a limit that was passed, one way or the
// other. The earlier values are then wanted for a picture, and only then.
func (r *alertReader) turns(f *fetchedAlert) bool {
	l := &f.loaded
	if f.rows == nil || l.Condition.Kind != models.ConditionThreshold || len(l.Channels)+len(l.EscalateTo) == 0 || r.in.Kind == models.RunBackfill {
		return false
	}
	o := alert.Evaluate(&l.Condition, alert.View{Rows: f.rows, State: &l.State, At: r.in.At, Zone: zoneOf(&l.Alert)})
	breach := slices.ContainsFunc(o.Readings, func(one alert.Reading) bool { return one.Breach })
	return breach != l.State.EpisodeTold
}

// read runs an alert's query as of a time.
func (r *alertReader) read(ctx context.Context, scope models.Scope, l *models.Alert, at time.Time) (rows *models.Rows, failure, err error) {
	if err := r.connect(ctx, scope, l.ConnectionID); err != nil {
		return nil, nil, err
	}
	for try := 1; ; try++ {
		rows, failure, err = r.once(ctx, l, at)
		if models.ErrorCode(failure) != models.CodeStructureMoved || try > 1 {
			break
		}
		r.close()
		r.known, r.catalog = nil, nil
		if _, err := r.Query.read(ctx, scope, r.connection); err != nil {
			return nil, err, nil
		}
	}
	if ctx.Err() != nil {
		return nil, nil, errors.Join(ctx.Err(), failure)
	}
	return rows, failure, err
}

func (r *alertReader) connect(ctx context.Context, scope models.Scope, connectionID string) error {
	if r.connection != nil && r.connection.ID == connectionID {
		return nil
	}
	r.close()
	r.known, r.catalog, r.notes = nil, nil, nil
	var err error
	r.connection, err = r.Store.GetConnection(ctx, scope, connectionID)
	return err
}

func (r *alertReader) once(ctx context.Context, l *models.Alert, at time.Time) (rows *models.Rows, failure, err error) {
	scope := models.Scope{OrgID: l.OrgID, UserID: l.UserID}
	if r.known == nil {
		r.known, err = r.guard(ctx, r.Store, scope, l.ConnectionID)
		if errors.Is(err, errNoCatalog) {
			if _, failure = r.Query.read(ctx, scope, r.connection); failure != nil {
				return nil, failure, nil
			}
			r.known, err = r.guard(ctx, r.Store, scope, l.ConnectionID)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	sql := l.SQL
	if l.Replan {
		if sql, failure, err = r.replan(ctx, scope, l, at); failure != nil || err != nil {
			return nil, failure, err
		}
	}
	approved, failure := r.known.CheckWith(sql, l.Arguments)
	if newer, failed := r.moved(ctx, scope, r.connection, failure); failed != nil {
		return nil, failed, nil
	} else if newer != nil {
		r.known, r.catalog = newer, nil
		approved, failure = newer.CheckWith(sql, l.Arguments)
	}
	if failure != nil {
		if isGuard(failure) {
			failure = models.Wrap(failure, models.CodeGuardRefused, "%s", models.ErrorMessage(failure))
		}
		return nil, failure, nil
	}
	if r.conn == nil {
		if r.conn, r.limits, failure = r.open(ctx, r.connection, r.purpose); failure != nil {
			r.conn = nil
			return nil, failure, nil
		}
		r.limits.MaxRows = min(r.limits.MaxRows, alertRows)
		if r.again {
			if failure = r.conn.EndOthers(ctx); failure != nil {
				r.close()
				return nil, failure, nil
			}
			r.again = false
		}
	}
	err = r.turn.wait(ctx, func() {
		if rows, failure = r.conn.Run(ctx, approved, r.limits); failure != nil {
			r.close()
		}
	})
	return rows, failure, err
}

// replan reads the question anew, as of a time: its period has moved on.
func (r *alertReader) replan(ctx context.Context, scope models.Scope, l *models.Alert, at time.Time) (sql string, failure, err error) {
	if r.catalog == nil {
		snapshot, err := r.Store.LatestSnapshot(ctx, scope, l.ConnectionID)
		if err == nil {
			r.catalog, err = r.catalogs.get(snapshot.ID+snapshot.TakenAt.String(), func() (*models.Catalog, error) {
				return r.Store.CatalogByID(ctx, scope, snapshot.ID)
			})
		}
		if err == nil {
			r.notes, err = r.Store.Notes(ctx, scope, l.ConnectionID)
		}
		if err != nil {
			return "", nil, err
		}
	}
	sql, failure = alertSQL(ctx, r.builtin(), r.catalog, r.notes, l, at)
	return sql, failure, nil
}

func (a *Query) builtin() planner.Planner {
	a.planning.Do(func() { a.planner = planner.NewBuiltin() })
	return a.planner
}

// alertSQL plans the question of an alert, or the ratio of its two questions.
func alertSQL(ctx context.Context, p planner.Planner, catalog *models.Catalog, notes *models.Notes, l *models.Alert, at time.Time) (string, error) {
	one := func(question string) (string, error) {
		plan, err := p.Plan(ctx, models.PlanRequest{Question: question, Catalog: catalog, Notes: notes, Now: at})
		switch {
		case err != nil:
			return "", err
		case plan.Status != models.PlanSQL:
			return "", models.Errorf(models.CodeNotAnswerable, "The question “%s” cannot be read any more: %s", models.Clip(question, 200), plan.Text)
		}
		return plan.SQL, nil
	}
	sql, err := one(l.Question)
	if err != nil || l.Of == "" {
		return sql, err
	}
	whole, err := one(l.Of)
	return alert.Ratio(sql, whole), err
}

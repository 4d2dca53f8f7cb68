package activities

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Query is all that reaches customers' databases. Only its workers hold the
// key that opens connection secrets.
type Query struct {
	Store  *store.Store
	Events *realtime.Hub
	// CatalogTTL is how old a catalog may be that a run begins with.
	CatalogTTL time.Duration
	// Temporal gets the heartbeats; nil sends none, where no server waits for them.
	Temporal client.Client
	Opener   *crypt.Opener
	Policy   connector.Policy
	MaxBytes int64 // cap on one result
	// BaseURL is the page's address, for links in messages.
	BaseURL string
	// Checked is told of each alert that was checked: the status after it, and how
	// long after its time; nil for nobody.
	Checked func(status string, late time.Duration)

	guards   cache[*sqlguard.Guard] // by snapshot; making one parses every view
	catalogs cache[*models.Catalog] // by snapshot, for alerts whose question is read anew
	sessions connector.Sessions
	planning sync.Once
	planner  planner.Planner
}

func (a *Query) steps() steps {
	return steps{store: a.Store, events: a.Events, catalogTTL: a.CatalogTTL}
}

// RunQuery guards and runs SQL and stores its rows. A retry after a crash
// first ends the query that the dead worker left behind.
func (a *Query) RunQuery(ctx context.Context, in QueryInput) (QueryResult, error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	q, err := a.admit(ctx, in)
	if err != nil {
		if models.ErrorCode(err) == models.CodeGuardRefused || isGuard(err) {
			return failed(err), nil
		}
		return QueryResult{}, toTemporal(ctx, err)
	}
	if q.done || q.begun != (Begun{}) {
		q.got.Begun = q.begun
		return q.got, nil
	}
	got, err := a.run(ctx, in, q)
	if models.ErrorCode(err) == models.CodeStructureMoved {
		if q.sql, err = a.checkAgain(ctx, in, q.connection, q.args); err == nil {
			got, err = a.run(ctx, in, q)
		}
	}
	switch {
	case err == nil && got.NeedsApproval:
		q.step.Status, q.step.Summary = models.StepWaiting, "waits for a yes: the query is costly"
		err = a.steps().close(ctx, in.StepRef, q.step, nil)
	case err == nil: // closed with its rows, and published with them
	default:
		a.steps().fail(ctx, in.StepRef, q.step, err, nil)
		if (curable(err) || isGuard(err)) && ctx.Err() == nil {
			return failed(err), nil
		}
	}
	return got, toTemporal(ctx, err)
}

// EndQuery ends what a worker that died left running of a question on the
// customer's database.
func (a *Query) EndQuery(ctx context.Context, ref StepRef) error {
	c, err := a.Store.GetConnection(ctx, ref.Scope, ref.ConnectionID)
	if err != nil {
		return toTemporal(ctx, err)
	}
	conn, _, err := a.open(ctx, c, ref.QuestionID)
	if err != nil {
		return toTemporal(ctx, err)
	}
	defer conn.Close()
	return toTemporal(ctx, conn.EndOthers(ctx))
}

// CheckSQL checks SQL against the newest catalog of a connection without running it.
func (a *Query) CheckSQL(ctx context.Context, in CheckInput) (CheckResult, error) {
	ctx, stop := heartbeat(ctx, a.Temporal)
	defer stop()
	c, err := a.Store.GetConnection(ctx, in.Scope, in.ConnectionID)
	if err != nil {
		return CheckResult{}, toTemporal(ctx, err)
	}
	_, err = a.check(ctx, Read{Scope: in.Scope, SQL: in.SQL}, c)
	switch models.ErrorCode(err) {
	case models.CodeGuardRefused:
		return CheckResult{Code: models.CodeGuardRefused, Error: models.ErrorMessage(err)}, nil
	case "":
		return CheckResult{}, nil
	}
	return CheckResult{}, toTemporal(ctx, err)
}

// failed is the result of SQL that other SQL may cure.
func failed(err error) QueryResult {
	code := models.ErrorCode(err)
	if isGuard(err) {
		code = models.CodeGuardRefused
	}
	return QueryResult{Code: code, Error: models.ErrorMessage(err)}
}

// checkAgain reads the structure anew and checks the SQL against it: somebody
// changed the database since the last time.
func (a *Query) checkAgain(ctx context.Context, in QueryInput, c *models.Connection, args []models.Argument) (sqlguard.Approved, error) {
	if _, err := a.read(ctx, in.Scope, c); err != nil {
		return sqlguard.Approved{}, err
	}
	guard, err := a.guard(ctx, a.Store, in.Scope, c.ID)
	if err != nil {
		return sqlguard.Approved{}, err
	}
	return guard.CheckWith(in.SQL, args)
}

// admitted is SQL that was checked, with the step that runs it.
type admitted struct {
	connection *models.Connection
	sql        sqlguard.Approved
	args       []models.Argument // of SQL that a person wrote
	step       *models.QuestionStep
	// done says that the step has been done before, with the result got.
	done bool
	got  QueryResult
	// begun says why there is no step yet.
	begun Begun
}

// admit checks the SQL as a step of its own and opens the step that runs it.
// Permissions and grammar are looked at again at every execution, by the newest
// that is known of where the connection leads now.
func (a *Query) admit(ctx context.Context, in QueryInput) (admitted, error) {
	var q admitted
	var guard *sqlguard.Guard
	var check *models.QuestionStep
	var checked, ready bool
	open := func(tx *store.Store) (err error) {
		if q.begun, ready, err = a.steps().first(ctx, tx, in.StepRef, in.First, in.Planner); err != nil || !ready {
			return err
		}
		if q.connection, err = tx.GetConnection(ctx, in.Scope, in.ConnectionID); err != nil {
			return err
		}
		if in.Edited {
			if q.args, err = tx.Arguments(ctx, in.Scope, in.QuestionID); err != nil {
				return err
			}
		}
		if guard, err = a.guard(ctx, tx, in.Scope, in.ConnectionID); err != nil {
			return err // before the step: an outage here is no try of the check
		}
		check, checked, err = a.steps().open(ctx, tx, in.StepRef, models.StepGuard, in.SQL, &struct{}{})
		return err
	}
	err := a.Store.Together(ctx, in.Scope, open)
	if errors.Is(err, errNoCatalog) { // the connection was changed
		if _, err = a.read(ctx, in.Scope, q.connection); err == nil {
			err = a.Store.Together(ctx, in.Scope, open)
		}
	}
	if err != nil {
		return q, err
	}
	a.steps().publishFirst(ctx, in.StepRef, in.First, in.Planner, q.begun)
	if !ready {
		return q, nil
	}
	check.Trace = &models.StepTrace{SQL: in.SQL}
	a.steps().publish(ctx, check)
	q.sql, err = approve(guard, in.SQL, q.args, check)
	if newer, failed := a.moved(ctx, in.Scope, q.connection, err); failed != nil {
		err = failed
	} else if newer != nil {
		q.sql, err = approve(newer, in.SQL, q.args, check)
	}
	if err != nil {
		a.steps().fail(ctx, in.StepRef, check, err, nil)
		return q, err
	}
	err = a.Store.Together(ctx, in.Scope, func(tx *store.Store) (err error) {
		if err := done(check, "checked: reads only what it may", struct{}{}); err != nil {
			return err
		}
		if q.step, q.done, err = a.steps().open(ctx, tx, in.StepRef, models.StepQuery, in.SQL, &q.got); err != nil {
			return err
		}
		q.step.Trace = &models.StepTrace{SQL: in.SQL}
		if in.Edited && !checked {
			if err := tx.SetPlan(ctx, in.Scope, in.QuestionID, in.Run, in.SQL, models.EditedUnderstanding, ""); err != nil {
				return err
			}
		}
		if _, err = tx.FinishStep(ctx, in.Scope, check); err != nil || checked {
			return err
		}
		return tx.SetTables(ctx, in.Scope, in.QuestionID, in.ConnectionID, q.sql.Reads())
	})
	if err != nil || q.done {
		return q, err
	}
	news := []realtime.News{stepNews(check)}
	if in.Edited {
		news = append(news, realtime.News{Type: "sql", Data: map[string]any{"run": in.Run, "attempt": in.Attempt, "sql": in.SQL, "understanding": models.EditedUnderstanding}})
	}
	publishAll(ctx, a.Events, in.QuestionID, append(news, stepNews(q.step))...)
	return q, nil
}

// maxGuardTries bounds how often a check is begun: SQL that ends the worker
// which checks it must not end one after the other.
const maxGuardTries = 3

func approve(guard *sqlguard.Guard, sql string, args []models.Argument, step *models.QuestionStep) (sqlguard.Approved, error) {
	if step.Tries > maxGuardTries && step.Status != models.StepDone {
		return sqlguard.Approved{}, models.Errorf(models.CodeGuardRefused, "The check of this SQL did not come to its end %d times. Write it more simply.", maxGuardTries)
	}
	return guard.CheckWith(sql, args)
}

// errNoCatalog says that the connection's schema has to be read first.
var errNoCatalog = errors.New("no catalog of the connection")

// guard returns the guard for where a connection leads now, or errNoCatalog.
func (a *Query) guard(ctx context.Context, tx *store.Store, scope models.Scope, connectionID string) (*sqlguard.Guard, error) {
	snapshot, err := tx.LatestSnapshot(ctx, scope, connectionID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, errNoCatalog
	}
	if err != nil {
		return nil, err
	}
	return a.guards.get(snapshot.ID+snapshot.TakenAt.String(), func() (*sqlguard.Guard, error) {
		catalog, err := tx.CatalogByID(ctx, scope, snapshot.ID)
		if err != nil {
			return nil, err
		}
		return sqlguard.New(catalog, sqlguard.Options{})
	})
}

// run runs the query and stores its rows together with the end of its step.
func (a *Query) run(ctx context.Context, in QueryInput, q admitted) (QueryResult, error) {
	fetched, err := a.fetch(ctx, in, q)
	if err != nil || fetched.prompt != "" {
		return QueryResult{NeedsApproval: fetched.prompt != "", Prompt: fetched.prompt}, err
	}
	rows := fetched.rows
	got := QueryResult{RowCount: len(rows.Rows), Truncated: rows.Truncated}
	if err := done(q.step, fmt.Sprintf("%d rows", got.RowCount), got); err != nil {
		return QueryResult{}, err
	}
	err = keepTrying(ctx, func(ctx context.Context) error {
		_, err := a.Store.SaveResult(ctx, in.Scope, q.step, rows, fetched.took)
		return err
	})
	if err != nil {
		return QueryResult{}, err
	}
	publishAll(ctx, a.Events, in.QuestionID, realtime.News{Type: "rows", Data: map[string]any{"run": in.Run, "result_ready": true, "row_count": got.RowCount, "columns": rows.Columns}},
		stepNews(q.step))
	return got, nil
}

// fetched is what a query brought, or why a person must say yes to it first.
type fetched struct {
	rows   *models.Rows
	took   time.Duration
	prompt string
}

func (a *Query) fetch(ctx context.Context, in QueryInput, q admitted) (got fetched, err error) {
	conn, limits, err := a.open(ctx, q.connection, in.QuestionID)
	if err != nil {
		return got, err
	}
	defer conn.Close()
	if q.step.Tries > 1 {
		if err := conn.EndOthers(ctx); err != nil {
			return got, err
		}
	}
	if in.ApproveCost > 0 && !in.Approved {
		estimate, err := conn.Estimate(ctx, q.sql)
		if err != nil {
			return got, err
		}
		if estimate.Cost > in.ApproveCost {
			got.prompt = fmt.Sprintf("This query looks costly for the database: by its own estimate %s times what runs without asking. Run it all the same?",
				times(estimate.Cost/in.ApproveCost))
			return got, nil
		}
	}
	begun := time.Now()
	got.rows, err = conn.Run(ctx, q.sql, limits)
	got.took = time.Since(begun)
	return got, err
}

// times writes a ratio above 1 as a person would say it.
func times(ratio float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, " trillion"}, {1e9, " billion"}, {1e6, " million"}, {1e3, " thousand"}} {
		if ratio >= unit.size {
			return fmt.Sprintf("%.0f%s", ratio/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.1f", ratio)
}

// open dials a connection with its secret opened.
func (a *Query) open(ctx context.Context, c *models.Connection, purpose string) (connector.Conn, connector.Limits, error) {
	limits := connector.Limits{Timeout: time.Duration(c.TimeoutSeconds) * time.Second, MaxRows: c.MaxRows, MaxBytes: a.MaxBytes}
	config, err := a.config(c, purpose)
	if err != nil {
		return nil, limits, err
	}
	conn, err := a.sessions.Open(ctx, config)
	return conn, limits, err
}

func (a *Query) config(c *models.Connection, purpose string) (connector.Config, error) {
	password, err := a.Opener.Open(c.OrgID, c.ID, crypt.Sealed(c.SealedPassword))
	if err != nil {
		return connector.Config{}, models.Wrap(err, models.CodeSealedPassword,
			"The stored password cannot be opened with this worker's key. Enter the connection's password again.")
	}
	return connector.Config{Owner: c.OrgID, Kind: c.Kind, Host: c.Host, Port: c.Port, Database: c.Database, User: c.Username, Password: password,
		TLSMode: c.TLSMode, TLSCA: c.TLSCA, Schemas: c.Schemas, Purpose: purpose, Policy: a.Policy}, nil
}

// isGuard tells a guard's refusal from an outage while guarding.
func isGuard(err error) bool {
	var refusal *sqlguard.Refusal
	return errors.As(err, &refusal)
}

// curable errors are those that other SQL may cure.
func curable(err error) bool {
	code := models.ErrorCode(err)
	return code == models.CodeSQLError || code == models.CodeQueryTimeout
}

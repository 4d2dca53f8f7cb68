package sample

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/datamind/datamind/models"
)

//go:embed tables.sql
var tablesSQL string

//go:embed keys.sql
var keysSQL string

// The private schema holds one row that says what public holds. Tables are
// built there too, and moved to public when they are complete.
const (
	privateSchema = "datamind_sample"

	createState = `
CREATE SCHEMA IF NOT EXISTS datamind_sample;
CREATE TABLE IF NOT EXISTS datamind_sample.state (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version integer NOT NULL,
  seed bigint NOT NULL,
  scale double precision NOT NULL,
  anchor date NOT NULL,
  through date NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT now()
)`

	// loadLock is the advisory lock that lets one process load at a time.
	loadLock = 0x6e6f7274687065
)

// loading is one transaction that holds the lock.
type loading struct {
	ctx context.Context
	tx  pgx.Tx
}

// state is what the last complete load left.
type state struct {
	version         int
	seed            int64
	scale           float64
	anchor, through time.Time
	complete        bool // all tables are there
}

func (s state) matches(o Options) bool {
	return s.version == version && s.seed == o.Seed && s.scale == o.Scale
}

func inLock(ctx context.Context, db DB, work func(*loading) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin sample load: %w", err)
	}
	defer func() {
		rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = tx.Rollback(rollback) // after a commit this does nothing
	}()
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", loadLock); err != nil {
		return fmt.Errorf("wait for another sample load: %w", err)
	}
	if err := work(&loading{ctx, tx}); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit sample load: %w", err)
	}
	return nil
}

// state reads the marker; the zero state means that nothing was ever loaded.
func (l *loading) state() (state, error) {
	var s state
	var exists bool
	err := l.tx.QueryRow(l.ctx, "SELECT to_regclass('datamind_sample.state') IS NOT NULL").Scan(&exists)
	if err != nil || !exists {
		return s, wrap(err, "look for the sample marker")
	}
	present, err := l.present()
	if err != nil {
		return s, err
	}
	s.complete = len(present) == len(tables)
	err = l.tx.QueryRow(l.ctx, "SELECT version, seed, scale, anchor, through FROM datamind_sample.state").
		Scan(&s.version, &s.seed, &s.scale, &s.anchor, &s.through)
	if errors.Is(err, pgx.ErrNoRows) {
		return state{}, nil
	}
	return s, wrap(err, "read the sample marker")
}

func wrap(err error, action string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", action, err)
}

// present lists which of our table names exist in public.
func (l *loading) present() ([]string, error) {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.name
	}
	found, err := l.tx.Query(l.ctx, `SELECT relname::text FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relname::text = ANY($1) ORDER BY 1`, names)
	if err != nil {
		return nil, fmt.Errorf("list sample tables: %w", err)
	}
	present, err := pgx.CollectRows(found, pgx.RowTo[string])
	return present, wrap(err, "list sample tables")
}

// replace builds the data and puts it in place of what was there.
func (l *loading) replace(o Options, anchor time.Time) error {
	old, err := l.state()
	if err != nil {
		return err
	}
	present, err := l.present()
	if err != nil {
		return err
	}
	if old.version == 0 && len(present) > 0 {
		return models.Errorf(models.CodeConflict, "The database already has a table %q that is not part of the sample company. Use an empty database for the sample.", present[0])
	}
	if err := l.build(o, anchor); err != nil {
		return err
	}
	if err := l.publish(present); err != nil {
		return err
	}
	_, err = l.tx.Exec(l.ctx, `INSERT INTO datamind_sample.state (version, seed, scale, anchor, through) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (only_row) DO UPDATE SET version = $1, seed = $2, scale = $3, anchor = $4, through = $5, loaded_at = now()`,
		version, o.Seed, o.Scale, anchor, o.Through)
	return wrap(err, "write the sample marker")
}

// build makes all tables with their rows, keys and statistics in the private
// schema. Rows are generated while the tables are created.
func (l *loading) build(o Options, anchor time.Time) error {
	generated := make(chan *company, 1)
	go func() {
		c := newCompany(o, anchor)
		c.run()
		generated <- c
	}()
	for _, sql := range []string{
		createState,
		"SET LOCAL search_path = " + privateSchema + "; SET LOCAL maintenance_work_mem = '128MB'",
		tablesSQL,
	} {
		if err := l.exec("create the sample tables", sql); err != nil {
			return err
		}
	}
	if err := l.copyRows(<-generated); err != nil {
		return err
	}
	if err := l.exec("create the sample keys", keysSQL); err != nil {
		return err
	}
	for _, t := range tables {
		if err := l.exec("analyze the sample tables", "ANALYZE "+t.name); err != nil {
			return err
		}
	}
	return nil
}

func (l *loading) exec(action, sql string) error {
	_, err := l.tx.Conn().PgConn().Exec(l.ctx, sql).ReadAll()
	return wrap(err, action)
}

// copyRows sends the rows of one table while the next are being written out.
func (l *loading) copyRows(c *company) error {
	written := make(chan *rows, 1)
	go func() {
		for _, t := range tables {
			r := &rows{}
			t.write(c, r)
			written <- r
		}
	}()
	var failed error
	for _, t := range tables {
		r := <-written // always all of them, so that the writer ends
		if failed != nil {
			continue
		}
		// FREEZE: the rows need no second visit by vacuum.
		_, err := l.tx.Conn().PgConn().CopyFrom(l.ctx, r.reader(), "COPY "+t.name+" FROM STDIN WITH (FREEZE)")
		failed = wrap(err, "copy "+t.name)
	}
	return failed
}

// publish moves the tables to public in place of the old ones. Who could read
// those can read the new ones. Only here do readers have to wait, for a moment.
func (l *loading) publish(old []string) error {
	readers, err := l.readers(old)
	if err != nil {
		return err
	}
	sql := "SET LOCAL lock_timeout = '30s';\n"
	for _, name := range old {
		sql += "DROP TABLE public." + name + " CASCADE;\n"
	}
	for _, t := range tables {
		sql += "ALTER TABLE " + privateSchema + "." + t.name + " SET SCHEMA public;\n"
	}
	for _, role := range readers {
		sql += grantSelect(role)
	}
	return l.exec("publish the sample tables", sql+"SET LOCAL search_path = public")
}

// readers lists the roles that may read all of the old tables.
func (l *loading) readers(old []string) ([]string, error) {
	found, err := l.tx.Query(l.ctx, `SELECT r.rolname::text FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
		WHERE c.relnamespace = 'public'::regnamespace AND c.relname::text = ANY($1)
		  AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
		GROUP BY 1 HAVING count(*) = $2 ORDER BY 1`, old, len(tables))
	if err != nil {
		return nil, fmt.Errorf("list readers of the sample: %w", err)
	}
	roles, err := pgx.CollectRows(found, pgx.RowTo[string])
	return roles, wrap(err, "list readers of the sample")
}

package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options of the one-machine stack.
type Options struct {
	DataDir  string
	UIAddr   string // of the Temporal web UI
	RedisURL string // "" runs Redis in this process
	CodecURL string // where the Temporal UI has payloads decoded
	// TemporalAddr is an existing cluster's address; "" starts one.
	TemporalAddr string
}

// Names of the databases on the stack's PostgreSQL.
const (
	platformDatabase = "datamind"
	sampleDatabase   = "sample_company"
	appRole          = "datamind_app"
)

// Stack is the running stack.
type Stack struct {
	OwnerDSN, AppDSN, SampleDSN string // platform as owner and as application; the sample company as owner
	PostgresPort                int
	TemporalAddr, RedisURL      string
	// Failed is closed when a server ends that should run; Err then says which
	// and how.
	Failed chan struct{}
	Err    error

	options  Options
	lock     *Lock
	postgres *Postgres
	temporal *Temporal
	redis    *redis
	logs     []io.Closer
	closing  chan struct{} // closed when servers end because they shall
	once     sync.Once
}

// Start locks the data directory and starts PostgreSQL and Redis on it;
// StartTemporal starts the rest, so that a caller can fill databases
// meanwhile. What was started is stopped again when something fails.
func Start(ctx context.Context, o Options) (s *Stack, err error) {
	// Others may pass through: as root, PostgreSQL runs as another user.
	if err := errors.Join(os.MkdirAll(o.DataDir, 0o711), os.MkdirAll(filepath.Join(o.DataDir, "log"), 0o700)); err != nil {
		return nil, err
	}
	s = &Stack{Failed: make(chan struct{}), closing: make(chan struct{}), TemporalAddr: o.TemporalAddr, options: o}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.lock, err = Acquire(o.DataDir); err != nil {
		return s, err
	}
	if o.UIAddr != "" && o.TemporalAddr == "" {
		if err := portFree(o.UIAddr, "--temporal-ui", s.lock.Crashed); err != nil {
			return s, err
		}
	}
	if err := s.startPostgres(ctx, o); err != nil {
		return s, err
	}
	if s.RedisURL = o.RedisURL; s.RedisURL == "" {
		password, err := KeepSecret(o.DataDir, "redis-password", rand.Text)
		if err != nil {
			return s, err
		}
		if s.redis, err = startRedis(password, time.Tick(redisTick)); err != nil {
			return s, err
		}
		s.RedisURL = "redis://:" + password + "@" + s.redis.Addr()
	}
	return s, nil
}

func (s *Stack) startPostgres(ctx context.Context, o Options) error {
	dir, err := postgresDir(o.DataDir)
	if err != nil {
		return err
	}
	s.postgres = &Postgres{Dir: dir, Durable: true, Log: s.log("postgres")}
	if err := s.postgres.Start(ctx); err != nil {
		return s.withLog(err, "postgres", s.postgres.child)
	}
	s.PostgresPort = s.postgres.Port
	conn, err := pgx.Connect(ctx, s.postgres.DSN("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, name := range []string{platformDatabase, sampleDatabase} {
		var exists bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
				return err
			}
		}
	}
	password, err := KeepSecret(o.DataDir, "app-password", rand.Text)
	if err != nil {
		return err
	}
	// The migration grants rights to the role; here it may log in.
	_, err = conn.Exec(ctx, fmt.Sprintf(`DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '%[1]s') THEN CREATE ROLE %[1]s; END IF;
		ALTER ROLE %[1]s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '%[2]s'; END $$`, appRole, password))
	s.OwnerDSN, s.SampleDSN = s.postgres.DSN(platformDatabase), s.postgres.DSN(sampleDatabase)
	s.AppDSN = s.postgres.dsn(appRole, password, platformDatabase)
	return err
}

// StartTemporal starts Temporal, unless the options name a cluster, and from
// then on watches over all servers.
func (s *Stack) StartTemporal(ctx context.Context) error {
	if s.options.TemporalAddr == "" {
		port, err := FreePort()
		if err != nil {
			return err
		}
		s.TemporalAddr = "127.0.0.1:" + strconv.Itoa(port)
		s.temporal = &Temporal{Addr: s.TemporalAddr, UIAddr: s.options.UIAddr, CodecEndpoint: s.options.CodecURL, Postgres: s.postgres, Log: s.log("temporal")}
		if err := s.temporal.Start(ctx); err != nil {
			return s.withLog(err, "temporal", s.temporal.child)
		}
	}
	go s.watch()
	return nil
}

// log opens a server's log. What the run before wrote is kept beside it: it
// may say why that run ended.
func (s *Stack) log(name string) io.Writer {
	path := s.logPath(name)
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		if err := os.Rename(path, path+".1"); err != nil {
			slog.Warn("the log of the run before is not kept", "error", err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		slog.Warn("a server's log is not kept", "error", err)
		return nil
	}
	s.logs = append(s.logs, f)
	return f
}

func (s *Stack) logPath(name string) string {
	return filepath.Join(s.options.DataDir, "log", name+".log")
}

// withLog adds where a server's log is to why it did not start, when it was run at all.
func (s *Stack) withLog(err error, name string, c *child) error {
	if c == nil {
		return err
	}
	return fmt.Errorf("%w. Its own log is %s", err, s.logPath(name))
}

// watch reports a server that ends by itself.
func (s *Stack) watch() {
	var temporal <-chan struct{}
	if s.temporal != nil {
		temporal = s.temporal.Done()
	}
	name, title, ended := "postgres", "PostgreSQL", s.postgres.child
	select {
	case <-s.closing:
		return
	case <-s.postgres.Done():
	case <-temporal:
		name, title, ended = "temporal", "Temporal", s.temporal.child
	}
	select {
	case <-s.closing:
		return
	default:
	}
	if s.postgres.child.ended() { // Temporal does not last without it
		name, title, ended = "postgres", "PostgreSQL", s.postgres.child
	}
	s.Err = fmt.Errorf("%s %s. Its own log is %s", title, ended.how(), s.logPath(name))
	// It is returned as well, but the terminal that shows it may be gone by
	// the time that somebody asks.
	slog.Error("a server has ended", "server", name, "error", s.Err)
	close(s.Failed)
}

// Close stops everything, in the order in which it depends on each other. A
// second call does nothing.
func (s *Stack) Close() { s.once.Do(s.stop) }

func (s *Stack) stop() {
	close(s.closing)
	if s.temporal != nil && s.temporal.child != nil {
		_ = s.temporal.Stop()
	}
	if s.redis != nil {
		s.redis.close()
	}
	if s.postgres != nil && s.postgres.child != nil {
		_ = s.postgres.Stop()
	}
	for _, f := range s.logs {
		_ = f.Close()
	}
	if s.lock != nil {
		s.lock.Release()
	}
}

// KeepSecret returns a secret of the data directory, made at the first call.
func KeepSecret(dir, name string, generate func() string) (string, error) {
	path := filepath.Join(dir, "secrets", name)
	raw, err := os.ReadFile(path)
	if err == nil && len(raw) > 0 {
		return strings.TrimSpace(string(raw)), nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	value := generate()
	half := path + ".new"
	if err := os.WriteFile(half, []byte(value+"\n"), 0o600); err != nil {
		return "", err
	}
	return value, os.Rename(half, path)
}

// orphanLimit is how long servers that a crash left over may take to end.
const orphanLimit = 10 * time.Second

// portFree fails with the port and the flag to change it when it is taken.
// After a crash it first gives a server of our own time to end.
func portFree(addr, flag string, crashed bool) error {
	for end := time.Now().Add(orphanLimit); ; time.Sleep(50 * time.Millisecond) {
		l, err := net.Listen("tcp", addr)
		if err == nil {
			return l.Close()
		}
		if !crashed || time.Now().After(end) {
			return fmt.Errorf("the address %s is taken by another program; choose another with %s (%w)", addr, flag, err)
		}
	}
}

// stopLimit is how long Down waits for a running stack to end by itself.
const stopLimit = 40 * time.Second

// Package embedded supervises DataMind's stack on one machine: PostgreSQL,
// Temporal with its web UI, and Redis.
package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is a PostgreSQL server run as a child process.
type Postgres struct {
	// Dir holds the cluster; it is created where it is missing.
	Dir string
	// Port to listen on, on 127.0.0.1; 0 picks a free one.
	Port int
	// Durable is off for tests: no fsync.
	Durable bool
	// Settings are more "name=value" pairs of the configuration.
	Settings []string
	// Log receives the server's log; nil discards it.
	Log io.Writer

	password string
	bin      string
	child    *child
}

// superuser is the role that owns the cluster.
const superuser = "postgres"

// Start makes the cluster where it is missing, starts the server and waits
// until it answers. A server that a crash left behind on the directory is
// stopped first.
func (p *Postgres) Start(ctx context.Context) error {
	var err error
	if p.bin, err = findPostgres(p.version()); err != nil {
		return err
	}
	if err := p.initialise(ctx); err != nil {
		return err
	}
	if err := p.stopLeftover(ctx); err != nil {
		return err
	}
	if p.Port == 0 {
		if p.Port, err = FreePort(); err != nil {
			return err
		}
	}
	for end := time.Now().Add(orphanLimit); ; time.Sleep(50 * time.Millisecond) {
		if err := p.launch(); err != nil {
			return err
		}
		err := p.wait(ctx)
		// What is left of a server that was killed ends by itself, a moment
		// later; one that starts beside it refuses to, and leaves its pid file.
		if err == nil || ctx.Err() != nil || !p.child.ended() || !p.leftOver() || time.Now().After(end) {
			return err
		}
	}
}

// launch starts the server's process.
func (p *Postgres) launch() (err error) {
	args := []string{"-D", p.cluster(), "-p", fmt.Sprint(p.Port), "-h", "127.0.0.1", "-k", "", "-c", "logging_collector=off",
		"-c", "max_connections=300", "-c", "log_min_messages=warning"}
	if !p.Durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	for _, setting := range p.Settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), args...)
	cmd.Dir, cmd.Env = p.Dir, bareEnviron()
	p.child, err = startChild("postgres", cmd, p.Log, true)
	return err
}

// leftOver reports whether a server runs on the directory or did not end in order.
func (p *Postgres) leftOver() bool {
	_, err := os.Stat(filepath.Join(p.cluster(), "postmaster.pid"))
	return err == nil
}

func (p *Postgres) cluster() string { return filepath.Join(p.Dir, "cluster") }

// version is the major version that wrote the cluster, "" where there is none yet.
func (p *Postgres) version() string {
	raw, _ := os.ReadFile(filepath.Join(p.cluster(), "PG_VERSION"))
	return strings.TrimSpace(string(raw))
}

// initialise runs initdb once; a directory that a crash left half made is made again.
func (p *Postgres) initialise(ctx context.Context) error {
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return err
	}
	secret := filepath.Join(p.Dir, "password")
	if raw, err := os.ReadFile(secret); err == nil {
		if _, err := os.Stat(filepath.Join(p.cluster(), "PG_VERSION")); err == nil {
			p.password = strings.TrimSpace(string(raw))
			return nil
		}
	}
	half := filepath.Join(p.Dir, "cluster.new")
	if err := errors.Join(os.RemoveAll(half), os.RemoveAll(secret)); err != nil {
		return err
	}
	p.password = rand.Text()
	if err := os.WriteFile(secret, []byte(p.password+"\n"), 0o600); err != nil {
		return err
	}
	if err := giveToServer(p.Dir); err != nil {
		return err
	}
	args := []string{"-D", half, "-U", superuser, "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8"}
	args = append(args, locale()...)
	if !p.Durable {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "initdb"), args...)
	cmd.Dir = p.Dir
	if err := asServer(cmd); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w: %s", p.Dir, err, strings.TrimSpace(string(out)))
	}
	return os.Rename(half, p.cluster())
}

// locale compares by code points and knows the letters of Unicode, under the
// names that the operating system has for that.
func locale() []string {
	if runtime.GOOS == "darwin" {
		return []string{"--locale", "C", "--lc-ctype", "en_US.UTF-8"}
	}
	return []string{"--locale", "C.UTF-8"}
}

// stopLeftover ends a server that still runs on the directory without us.
func (p *Postgres) stopLeftover(ctx context.Context) error {
	if !p.leftOver() {
		return nil
	}
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "pg_ctl"), "stop", "-D", p.cluster(), "-m", "immediate", "-w", "-t", "20")
	cmd.Dir = p.Dir
	if err := asServer(cmd); err != nil {
		return err
	}
	_ = cmd.Run() // a stale file without a server is an error here and fine for the server
	return nil
}

func (p *Postgres) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, p.DSN("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not become ready: %w", err)
		case <-p.child.done:
			return fmt.Errorf("while it started, PostgreSQL %s", p.child.how())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// DSN is the superuser's address of a database.
func (p *Postgres) DSN(database string) string { return p.dsn(superuser, p.password, database) }

func (p *Postgres) dsn(user, password, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: fmt.Sprintf("127.0.0.1:%d", p.Port), Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Done is closed when the server has ended, for whatever reason.
func (p *Postgres) Done() <-chan struct{} { return p.child.done }

// Stop shuts the server down, fast mode: open transactions are rolled back.
func (p *Postgres) Stop() error { return p.child.stop(os.Interrupt, 20*time.Second) }

// Kill ends the server as a power cut would.
func (p *Postgres) Kill() { p.child.kill() }

// FreePort returns a TCP port on 127.0.0.1 that nothing listens on.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

type doctorCmd struct {
	Data string `help:"Data directory of 'datamind up'; used where the environment configures nothing." default:".datamind" type:"path"`
	JSON bool   `help:"Print one JSON object."`
}

// finding is the outcome of one check.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
	Ms     int64  `json:"ms"`
}

// checkLimit bounds each check.
const checkLimit = 10 * time.Second

// errUnhealthy ends the process with 1 after everything has been printed.
var errUnhealthy = errors.New("something is wrong")

// Run checks everything that the configuration names.
func (d doctorCmd) Run(ctx context.Context) error {
	x := &examination{}
	x.all(ctx, d.Data)
	healthy := true
	for _, f := range x.findings {
		healthy = healthy && f.OK
	}
	if d.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"ok": healthy, "checks": x.findings}); err != nil {
			return err
		}
	} else {
		printFindings(os.Stdout, x.findings)
	}
	if !healthy {
		return errUnhealthy
	}
	return nil
}

func printFindings(w io.Writer, findings []finding) {
	for _, f := range findings {
		mark := "ok   "
		if !f.OK {
			mark = "WRONG"
		}
		_, _ = fmt.Fprintf(w, "%s  %-24s %s\n", mark, printable(f.Name, false), printable(f.Detail, false))
		if f.Fix != "" {
			_, _ = fmt.Fprintf(w, "       %-24s → %s\n", "", printable(f.Fix, false))
		}
	}
}

type examination struct{ findings []finding }

// check runs one check and keeps what it found.
func (x *examination) check(ctx context.Context, name, fix string, f func(context.Context) (string, error)) bool {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	detail, err := f(ctx)
	found := finding{Name: name, OK: err == nil, Detail: detail, Ms: time.Since(begun).Milliseconds()}
	if err != nil {
		found.Fix = fix
		found.Detail = oneLine(err)
		var coded *models.Error
		if errors.As(err, &coded) {
			found.Detail = coded.Message
		}
	}
	x.findings = append(x.findings, found)
	return err == nil
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

func (x *examination) all(ctx context.Context, dir string) {
	var c config.Config
	configured := x.check(ctx, "configuration", "Correct the variables named; .env.example documents each of them. For a stack made by 'make up', start it first.", func(context.Context) (source string, err error) {
		c, source, err = installedConfig(dir, "DATABASE_URL", "REDIS_URL", "TEMPORAL_ADDRESS", "PAYLOAD_KEY")
		return source, err
	})
	if !configured {
		return
	}
	s, err := connect(ctx, c, discard)
	if err != nil {
		x.check(ctx, "clients", "Correct the configuration.", func(context.Context) (string, error) { return "", err })
		return
	}
	defer s.close()
	database := x.check(ctx, "database", "Start PostgreSQL, and check DATAMIND_DATABASE_URL.", func(ctx context.Context) (string, error) {
		return "the platform's database answers", s.store.Ready(ctx)
	})
	x.check(ctx, "migrations", "Run: datamind migrate up", func(ctx context.Context) (string, error) { return migrations(ctx, c) })
	x.check(ctx, "redis", "Start Redis, and check DATAMIND_REDIS_URL. Without it nobody can sign in or ask, and answers are not live.", func(ctx context.Context) (string, error) {
		return "answers", s.redis.Ping(ctx).Err()
	})
	temporal := x.check(ctx, "temporal", "Start Temporal, and check DATAMIND_TEMPORAL_ADDRESS and _NAMESPACE. Questions wait until it is back.", func(ctx context.Context) (string, error) {
		return "answers at " + c.TemporalAddress, s.runs.Ready(ctx)
	})
	if temporal {
		for _, queue := range []string{"ask", "model", "query"} {
			x.check(ctx, "workers: "+queue, "Start one: datamind worker --queues "+queue, func(ctx context.Context) (string, error) {
				n, err := s.runs.Workers(ctx, queue)
				return fmt.Sprintf("%d poll the queue", n), err
			})
		}
	}
	x.check(ctx, "model", "Check DATAMIND_LLM_BASE_URL, _API_KEY and _MODELS, and that the endpoint runs.", func(ctx context.Context) (string, error) {
		if c.LLMBaseURL == "" {
			return "none is configured; the built-in planner answers", nil
		}
		return strings.Join(c.LLMModels, ", ") + " at " + c.LLMBaseURL, newLLM(c).Check(ctx)
	})
	if database && temporal {
		x.connections(ctx, s)
	}
}

// discard is the logger of commands that print findings instead.
var discard = slog.New(slog.DiscardHandler)

// installedConfig reads the environment or, where that names no database, what
// 'up' left in its data directory. source says which.
func installedConfig(dir string, required ...string) (c config.Config, source string, err error) {
	environ, source := os.Environ(), "from the environment"
	c, err = config.Load(environ)
	if err == nil && c.DatabaseURL == "" {
		if raw, readErr := os.ReadFile(filepath.Join(dir, environFile)); readErr == nil {
			source = "from " + filepath.Join(dir, environFile)
			c, err = config.Load(append(strings.Split(strings.TrimSpace(string(raw)), "\n"), environ...)) // what is set wins
		}
	}
	if err == nil {
		err = c.Require(required...)
	}
	return c, source, err
}

func migrations(ctx context.Context, c config.Config) (string, error) {
	if c.MigrateDatabaseURL == "" {
		return "not looked at: DATAMIND_MIGRATE_DATABASE_URL is not set", nil
	}
	all, err := store.Migrate(ctx, string(c.MigrateDatabaseURL), "status")
	if err != nil {
		return "", err
	}
	for _, m := range all {
		if !m.Applied {
			return "", models.Errorf(models.CodeUnavailable, "The migration %s is not applied.", m.Name)
		}
	}
	return fmt.Sprintf("all %d are applied", len(all)), nil
}

// connections tests each connection from a query worker, as a question would.
func (x *examination) connections(ctx context.Context, s *services) {
	var all []models.Connection
	if !x.check(ctx, "connections", "Check the database.", func(ctx context.Context) (detail string, err error) {
		all, err = s.store.SystemConnections(ctx)
		return fmt.Sprintf("%d are stored", len(all)), err
	}) {
		return
	}
	for _, c := range all {
		x.check(ctx, "connection: "+c.Name, "Correct the connection on the page 'Connections'.", func(ctx context.Context) (string, error) {
			report, err := s.runs.TestConnection(ctx, activities.TestInput{Scope: models.Scope{OrgID: c.OrgID}, Connection: c, Sealed: c.SealedPassword})
			if err == nil && !report.OK {
				err = models.Errorf(report.Code, "%s", report.Message)
			}
			return strings.Join(append([]string{report.Message}, report.Warnings...), " "), err
		})
	}
}

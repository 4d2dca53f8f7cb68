package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/embedded"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

// all runs every check that can tell something: what depends on a thing that
// is missing is not looked at.
func (x *examination) all(ctx context.Context, dir string) {
	c, source, err := installedConfig(dir, "DATABASE_URL", "REDIS_URL", "TEMPORAL_ADDRESS", "PAYLOAD_KEY")
	x.hide = hider(c)
	if source == leftBy(dir) && !embedded.Running(dir) {
		x.notRunning(ctx, dir)
		return
	}
	if !x.check(ctx, "configuration", "Correct the variables named; .env.example documents each of them. For a stack made by 'make up', start it first.",
		func(context.Context) (string, error) { return source, err }) {
		return
	}
	s, err := connect(ctx, c, discard, "datamind-doctor")
	if err != nil {
		x.check(ctx, "clients", "Correct the configuration.", func(context.Context) (string, error) { return "", err })
		return
	}
	defer s.close()
	database := x.check(ctx, "database", "Start PostgreSQL, and check DATAMIND_DATABASE_URL.", func(ctx context.Context) (string, error) {
		return "the platform's database answers", s.store.Ready(ctx)
	})
	if database {
		x.check(ctx, "database writes", "Give the database's server more disk, or end what makes it read-only.", func(ctx context.Context) (string, error) {
			return "a row was taken, and taken back", s.store.SystemWritable(ctx)
		})
		x.check(ctx, "clock", "Set both clocks by NTP: sessions, links and budgets go by them.", s.clock)
		x.check(ctx, "migrations", "Check DATAMIND_MIGRATE_DATABASE_URL.", func(ctx context.Context) (string, error) { return migrations(ctx, c) })
		x.check(ctx, "questions", "Look at the other lines first. If all else is well, see the run 'ask/…' in the Temporal UI, or stop the question on its page.", s.waiting)
		x.check(ctx, "budgets", "Raise DATAMIND_TOKEN_BUDGET_MONTHLY in all processes, or that organisation's own budget.", s.budgets)
		for _, what := range store.OverdueKinds {
			x.check(ctx, "overdue: "+string(what), overdueFixes[what], func(ctx context.Context) (string, error) { return s.overdue(ctx, what) })
		}
	}
	if source == leftBy(dir) {
		x.check(ctx, "disk", "Make room: when the disk is full, PostgreSQL ends, and everything with it.", func(context.Context) (string, error) { return diskSpace(dir) })
	}
	x.check(ctx, "redis", "Start Redis, and check DATAMIND_REDIS_URL. Without it nobody can sign in or ask, and answers are not live.", func(ctx context.Context) (string, error) {
		return "answers", s.redis.Ping(ctx).Err()
	})
	workers := x.temporal(ctx, s)
	x.check(ctx, "model", "Check DATAMIND_LLM_BASE_URL, _API_KEY and _MODELS, and that the endpoint runs.", func(ctx context.Context) (string, error) {
		if c.LLMBaseURL == "" {
			return "none is configured; the built-in planner answers", nil
		}
		if err := newLLM(c, nil).Check(ctx); err != nil || !database {
			return strings.Join(c.LLMModels, ", ") + " at " + c.LLMBaseURL, err
		}
		return s.modelTrouble(ctx)
	})
	if database && workers {
		x.connections(ctx, s)
	}
}

// notRunning is said instead of a list of servers that do not answer.
func (x *examination) notRunning(ctx context.Context, dir string) {
	start := fmt.Sprintf("make up ARGS=\"--data %s\"", dir)
	if used, err := filepath.Abs(".datamind"); err == nil && used == dir {
		start = "make up"
	}
	x.check(ctx, "datamind", fmt.Sprintf("Run: %s. If nobody stopped it, %s says why it ended.", start, filepath.Join(dir, "log", "datamind.log")),
		func(context.Context) (string, error) {
			return "", fmt.Errorf("DataMind does not run on %s: start it with make up", dir)
		})
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
			return "", errFix{models.Errorf(models.CodeUnavailable, "The migration %s is not applied.", m.Name), "Run: datamind migrate up"}
		}
	}
	return fmt.Sprintf("all %d are applied", len(all)), nil
}

// temporal checks the server and what runs need of it. It reports whether the
// test of a connection would find its workers.
func (x *examination) temporal(ctx context.Context, s *services) bool {
	if !x.check(ctx, "temporal", "Start Temporal, and check DATAMIND_TEMPORAL_ADDRESS. Questions wait until it is back.", func(ctx context.Context) (string, error) {
		return "answers at " + s.config.TemporalAddress, s.runs.Ready(ctx)
	}) || !x.check(ctx, "namespace", "Check that this user may use it.", s.namespace) {
		return false
	}
	x.check(ctx, "search attributes", "Check that this user may list them.", s.searchAttributes)
	polled := map[string]bool{}
	for _, name := range workflows.Queues {
		var queue models.QueueState
		var described bool
		polled[name] = x.check(ctx, "workers: "+name, "Start one: datamind worker --queues "+name, func(ctx context.Context) (_ string, err error) {
			if queue, err = worker.Queue(ctx, s.temporal, s.config.TemporalNamespace, name); err != nil {
				return "", err
			}
			described = true
			return fmt.Sprintf("%d poll the queue", queue.Workers), queue.Polled(name)
		})
		if described {
			x.check(ctx, "backlog: "+name, "Start more workers: datamind worker --queues "+name+". If there are enough, see what holds them up: the log of one says which steps fail.",
				func(context.Context) (string, error) { return backlog(queue) })
		}
	}
	return x.builds(ctx, s) && polled[workflows.QueueAsk] && polled[workflows.QueueQuery]
}

// operator is the command that changes something of the namespace.
func (s *services) operator(command string) string {
	return fmt.Sprintf("Run: temporal operator %s --address %s --namespace %s", command, s.config.TemporalAddress, s.config.TemporalNamespace)
}

// namespace checks that the configuration's namespace exists.
func (s *services) namespace(ctx context.Context) (string, error) {
	name := s.config.TemporalNamespace
	_, err := s.temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	var missing *serviceerror.NamespaceNotFound
	if errors.As(err, &missing) {
		return "", errFix{models.Errorf(models.CodeUnavailable, "There is no namespace %q at %s: no worker starts, and what is asked waits.", name, s.config.TemporalAddress),
			s.operator("namespace create --retention 168h") + ", or correct DATAMIND_TEMPORAL_NAMESPACE"}
	}
	if mayNot(err) {
		return name + "; not looked at: this user may not describe it", nil
	}
	return name, err
}

// searchAttributes checks that the namespace knows those that runs carry.
func (s *services) searchAttributes(ctx context.Context) (string, error) {
	known, err := s.temporal.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: s.config.TemporalNamespace})
	if mayNot(err) {
		return "not looked at: this user may not list them", nil
	}
	if err != nil {
		return "", err
	}
	var missing []string
	for _, name := range workflows.SearchAttributes {
		switch kind, ok := known.GetCustomAttributes()[name]; {
		case !ok:
			missing = append(missing, name)
		case kind != enums.INDEXED_VALUE_TYPE_KEYWORD:
			return "", errFix{models.Errorf(models.CodeUnavailable, "The search attribute %s is of the type %s, not Keyword: every run is refused.", name, kind),
				"Use a namespace of DataMind's own: DATAMIND_TEMPORAL_NAMESPACE"}
		}
	}
	if len(missing) > 0 {
		command := "search-attribute create"
		for _, name := range missing {
			command += " --name " + name + " --type Keyword"
		}
		return "", errFix{models.Errorf(models.CodeUnavailable, "The namespace lacks %s: every run is refused.", strings.Join(missing, ", ")),
			s.operator(command) + ", or restart a worker whose user may add them"}
	}
	return fmt.Sprintf("all %d are there", len(workflows.SearchAttributes)), nil
}

// mayNot reports whether a server does not offer a call to this user: some
// clusters leave operators' calls out.
func mayNot(err error) bool {
	var (
		denied  *serviceerror.PermissionDenied
		unknown *serviceerror.Unimplemented
	)
	return errors.As(err, &denied) || errors.As(err, &unknown)
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
		x.checkWithin(ctx, connectionLimit, "connection: "+c.Name, connectionFix(""), func(ctx context.Context) (string, error) {
			report, err := s.runs.TestConnection(ctx, activities.TestInput{Scope: models.Scope{OrgID: c.OrgID}, Connection: c, Sealed: c.SealedPassword})
			switch {
			case models.ErrorCode(err) == models.CodeUnavailable:
				return "", errFix{err, "Look at the run 'test-connection/…' in the Temporal UI."}
			case err != nil: // the worker itself refused
				return "", errFix{err, connectionFix(models.ErrorCode(err))}
			case !report.OK:
				return "", errFix{models.Errorf(report.Code, "%s", report.Message), connectionFix(report.Code)}
			}
			return strings.Join(append([]string{report.Message}, report.Warnings...), " "), nil
		})
	}
}

// connectionFix is what to do about a connection whose test failed so.
func connectionFix(code models.Code) string {
	const page = "on the page 'Connections'"
	return cmp.Or(map[models.Code]string{
		models.CodeHostUnknown:     "Correct the host " + page + ", or let the query workers' machine resolve it.",
		models.CodeRefused:         "Start that database, or open the way to it from the query workers; if it has moved, change host and port " + page + ".",
		models.CodeTimeout:         "Let the query workers through the firewall to it, or see what keeps that server busy; if it has moved, change host and port " + page + ".",
		models.CodeTLS:             "Change the TLS mode or the CA certificate " + page + ", or the certificate on that server.",
		models.CodeTLSMissing:      "Switch TLS on in that server (ssl = on), or choose the TLS mode 'disable' " + page + ".",
		models.CodeLoginRefused:    "Make that user, or let it in from the query workers' machine (pg_hba.conf), or choose the TLS mode 'require' " + page + ".",
		models.CodeSealedPassword:  "Enter the password again " + page + ", or give the query workers the key that it was sealed for (DATAMIND_SEAL_PRIVATE_KEY).",
		models.CodePassword:        "Enter user and password again " + page + ".",
		models.CodeDatabaseMissing: "Correct the database's name " + page + ", or restore that database.",
		models.CodeNoPermission:    "Have that server's administrator grant it, or change user and schemas " + page + ".",
		models.CodeAddressRefused: "Connect another server " + page + "; an operator can allow private networks (DATAMIND_ALLOW_PRIVATE_CONNECTIONS) " +
			"or one database of the platform's own server (DATAMIND_ALLOW_CONNECTIONS).",
	}[code], "See what that server's log says; the connection is kept "+page+".")
}

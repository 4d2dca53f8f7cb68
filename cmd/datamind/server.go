package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/telemetry"
)

type apiCmd struct{}

// Run serves the API and the page until a signal comes.
func (apiCmd) Run(ctx context.Context) error {
	c, log, err := loadConfig("DATABASE_URL", "REDIS_URL", "TEMPORAL_ADDRESS", "JWT_KEY", "PAYLOAD_KEY", "SEAL_PUBLIC_KEY", "BASE_URL")
	if err != nil {
		return err
	}
	s, err := connect(ctx, c, log, "datamind-api")
	if err != nil {
		return err
	}
	defer s.close()
	defer s.reporter.Crash("api")
	a, err := s.auth()
	if err != nil {
		return err
	}
	server, err := s.newAPI(a)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.HTTPAddr)
	if err != nil {
		return fmt.Errorf("the address %s cannot be listened on; choose another with DATAMIND_HTTP_ADDR: %w", c.HTTPAddr, err)
	}
	go func() { _ = sqlguard.Warm() }() // who checks SQL first does not wait for the parser
	go s.relay(ctx)
	go s.watch(ctx, true)
	log.Info("api is ready", "addr", listener.Addr().String(), "version", version)
	return s.serve(ctx, server, listener)
}

type workerCmd struct {
	Queues []string `help:"Queues to serve: ask, model, query, alert." enum:"ask,model,query,alert" env:"DATAMIND_QUEUES" default:"ask,model,query,alert"`
}

// Run works until a signal comes, then lets running activities finish.
func (w workerCmd) Run(ctx context.Context) error {
	c, log, err := loadConfig("DATABASE_URL", "REDIS_URL", "TEMPORAL_ADDRESS", "PAYLOAD_KEY")
	if err != nil {
		return err
	}
	for _, queue := range w.Queues {
		if queue == "query" {
			if err := c.Require("SEAL_PRIVATE_KEY"); err != nil {
				return errConfig{err}
			}
		}
	}
	s, err := connect(ctx, c, log, "datamind-worker")
	if err != nil {
		return err
	}
	defer s.close()
	defer s.reporter.Crash("worker")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop, err := s.startWorkers(ctx, w.Queues, cancel)
	if err != nil {
		return err
	}
	metrics := s.serveMetrics()
	defer func() { _ = metrics.Close() }()
	go s.relay(ctx)
	go s.watch(ctx, false)
	log.Info("worker is ready", "queues", w.Queues, "version", version)
	if c.BuildID != "" {
		s.announceBuild(ctx)
	}
	<-ctx.Done()
	stop()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		s.reporter.Error(cause, telemetry.Fault{Where: "worker"})
		log.Error("the worker cannot go on", "cause", telemetry.Cause(cause))
		return fmt.Errorf("the worker cannot go on: %w", cause)
	}
	return nil
}

type migrateCmd struct {
	Direction string `arg:"" enum:"up,down,status" help:"up, down or status"`
	Yes       bool   `help:"Take the last migration back although its tables and columns, with all that is in them, go with it."`
}

// Run migrates as the owner of the tables.
func (m migrateCmd) Run(ctx context.Context) error {
	c, _, err := loadConfig("MIGRATE_DATABASE_URL")
	if err != nil {
		return err
	}
	if m.Direction == "down" && !m.Yes {
		return errConfig{errors.New("'migrate down' deletes the tables and columns that the last migration made, with all that is in them; add --yes if you mean it")}
	}
	all, err := store.Migrate(ctx, string(c.MigrateDatabaseURL), m.Direction)
	for _, one := range all {
		state := "pending"
		if one.Applied {
			state = "applied"
		}
		fmt.Printf("%-8s %s\n", state, one.Name)
	}
	return err
}

type keysCmd struct{}

// Run prints fresh pairs of keys.
func (keysCmd) Run() error {
	for _, name := range []string{"SEAL", "MODEL_SEAL", "CHANNEL_SEAL"} {
		public, private := crypt.GenerateKeys()
		fmt.Printf("DATAMIND_%[1]s_PUBLIC_KEY=%[2]s\nDATAMIND_%[1]s_PRIVATE_KEY=%[3]s\n", name, public, private)
	}
	return nil
}

type openapiCmd struct{}

// Run prints the OpenAPI document of the API.
func (openapiCmd) Run() error {
	doc, err := api.OpenAPI()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(doc, '\n'))
	return err
}

// Command temporal-dev runs a Temporal server with its web UI in one process,
// persisted in PostgreSQL: the engine of a one-machine DataMind.
//
// It is a module of its own because the server needs other versions of shared
// dependencies than the platform, and hundreds more of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"go.temporal.io/server/common/log"
)

type options struct {
	grpcAddr, uiAddr, uiCodec        string
	pgAddr, pgUser, pgPassword, pgDB string
	logLevel                         string
	parent, fairness                 bool
}

func main() {
	var o options
	flag.StringVar(&o.grpcAddr, "grpc", "127.0.0.1:7233", "address of the gRPC frontend")
	flag.StringVar(&o.uiAddr, "ui", "127.0.0.1:8233", "address of the web UI; empty for none")
	flag.StringVar(&o.uiCodec, "ui-codec-endpoint", "", "URL of the codec endpoint that the web UI decodes payloads with")
	flag.StringVar(&o.pgAddr, "postgres", "127.0.0.1:5432", "host:port of PostgreSQL")
	flag.StringVar(&o.pgUser, "postgres-user", "postgres", "PostgreSQL user, who may create databases")
	flag.StringVar(&o.pgDB, "postgres-db", "temporal", "name of the database; <name>_visibility is the second")
	flag.StringVar(&o.logLevel, "log-level", "warn", "debug, info, warn or error")
	flag.BoolVar(&o.parent, "exit-with-stdin", false, "stop when standard input is closed, as it is when the parent dies")
	flag.BoolVar(&o.fairness, "fairness", true, "share workers fairly between organisations; off only to measure what it does")
	flag.Parse()
	o.pgPassword = os.Getenv("TEMPORAL_DEV_POSTGRES_PASSWORD") // not a flag: those are visible to other users
	if err := run(o); err != nil {
		slog.Error("temporal-dev stopped", "error", err)
		os.Exit(1)
	}
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if o.parent {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Stdout: true, Level: o.logLevel, Format: "json"}))
	if err := prepareDatabases(ctx, o, logger); err != nil {
		return fmt.Errorf("prepare databases: %w", err)
	}
	server, err := newServer(o, logger)
	if err != nil {
		return fmt.Errorf("configure server: %w", err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start server: %w", err)
	}
	defer func() { _ = server.Stop() }()
	if err := registerNamespace(ctx, o.grpcAddr); err != nil {
		return fmt.Errorf("register namespace: %w", err)
	}
	if o.uiAddr == "" {
		fmt.Println("temporal-dev ready", o.grpcAddr)
		<-ctx.Done()
		return nil
	}
	ui, err := newUI(o)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- ui.Start() }()
	defer ui.Stop()
	fmt.Println("temporal-dev ready", o.grpcAddr, strings.TrimPrefix(o.uiAddr, "http://"))
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return errors.Join(errors.New("the web UI stopped"), err)
	}
}

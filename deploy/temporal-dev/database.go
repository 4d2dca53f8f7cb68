package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/tools/common/schema"
	sqltool "go.temporal.io/server/tools/sql"
)

var _ = postgresql.PluginNamePGX // registers the plugin

// prepareDatabases creates the two databases where they are missing and brings
// their schemas to the server's version. It is safe to repeat.
func prepareDatabases(ctx context.Context, o options, logger log.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	dsn := url.URL{Scheme: "postgres", User: url.UserPassword(o.pgUser, o.pgPassword), Host: o.pgAddr, Path: "/postgres"}
	conn, err := pgx.Connect(ctx, dsn.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for name, dir := range map[string]string{o.pgDB: "postgresql/v12/temporal", o.pgDB + "_visibility": "postgresql/v12/visibility"} {
		var exists bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
				return err
			}
		}
		if err := migrate(o, name, dir, logger); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func migrate(o options, name, dir string, logger log.Logger) error {
	db, err := sqltool.NewConnection(sqlConfig(o, name), logger)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ReadSchemaVersion(); err != nil { // no version table yet
		setup := &schema.SetupConfig{InitialVersion: "0.0"}
		if err := schema.NewSetupSchemaTask(db, setup, logger).Run(); err != nil {
			return err
		}
	}
	update := &schema.UpdateConfig{DBName: name, SchemaName: dir}
	return schema.NewUpdateSchemaTask(db, update, logger).Run()
}

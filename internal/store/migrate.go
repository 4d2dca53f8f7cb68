package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// AppRole is the role that the application runs as. It owns nothing, so
// row-level security holds for it.
const AppRole = "datamind_app"

// Migration is one migration and whether it is applied.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

// Migrate brings the schema up ("up"), takes the last migration back
// ("down"), or only reports ("status"), as the owner of the tables.
func Migrate(ctx context.Context, dsn, direction string) ([]Migration, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		return nil, err
	}
	switch direction {
	case "up":
		_, err = provider.Up(ctx)
	case "down":
		_, err = provider.Down(ctx)
	case "status":
	default:
		return nil, fmt.Errorf("migrate %q: want up, down or status", direction)
	}
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", direction, err)
	}
	status, err := provider.Status(ctx)
	if err != nil {
		return nil, err
	}
	var all []Migration
	for _, m := range status {
		all = append(all, Migration{Version: m.Source.Version, Name: m.Source.Path, Applied: m.State == goose.StateApplied})
	}
	return all, nil
}

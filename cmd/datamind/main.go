// Command datamind is the whole platform in one program: the API, the workers,
// the one-machine stack and the command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/models"
)

// version is set by the build.
var version = "dev"

type cli struct {
	Up        upCmd            `cmd:"" help:"Run everything on this machine."`
	Down      downCmd          `cmd:"" help:"Stop what 'up' runs, or what a crash left over."`
	Ask       askCmd           `cmd:"" help:"Ask a question."`
	Export    exportCmd        `cmd:"" help:"Write all rows of an answer or of a saved query into a file."`
	Alert     alertCmd         `cmd:"" help:"List alerts, check one now, pause it or have it go on."`
	Dashboard dashboardCmd     `cmd:"" help:"Write a dashboard as YAML, or make one of it."`
	Report    reportCmd        `cmd:"" help:"List reports, and make one now."`
	API       apiCmd           `cmd:"" name:"api" help:"Run the HTTP API and the web page."`
	Worker    workerCmd        `cmd:"" help:"Run workers."`
	Deploy    deployCmd        `cmd:"" help:"Say which build of the workers takes new questions, and move questions between builds."`
	Migrate   migrateCmd       `cmd:"" help:"Change the platform's database schema: up, down or status."`
	Doctor    doctorCmd        `cmd:"" help:"Check everything, and say what is wrong and how to put it right."`
	Guard     guardCmd         `cmd:"" help:"Check SQL: JSON lines in, JSON lines out."`
	Plan      planCmd          `cmd:"" help:"Plan questions in process: JSON lines in, JSON lines out."`
	Link      linkCmd          `cmd:"" help:"Print a one-time sign-in link, for the first owner or for somebody who forgot the password."`
	Keys      keysCmd          `cmd:"" help:"Make the pairs of keys that seal connection passwords and models' keys."`
	OpenAPI   openapiCmd       `cmd:"" name:"openapi" help:"Print the OpenAPI document."`
	Version   kong.VersionFlag `help:"Print the version."`
}

// errConfig marks errors that end the process with 2.
type errConfig struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	var c cli
	parser := kong.Must(&c, kong.Name("datamind"), kong.Description("Ask questions of your company's databases in plain language."),
		kong.Vars{"version": version}, kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	command, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	err = command.Run()
	if err == nil {
		return
	}
	if !errors.Is(err, errNotAnswered) && !errors.Is(err, errUnhealthy) {
		var coded *models.Error
		if errors.As(err, &coded) {
			_, _ = fmt.Fprintf(os.Stderr, "datamind: %s (%s)\n", coded.Message, coded.Code)
		} else {
			_, _ = fmt.Fprintf(os.Stderr, "datamind: %v\n", err)
		}
	}
	stop()
	if errors.As(err, &errConfig{}) {
		os.Exit(2)
	}
	os.Exit(1)
}

// loadConfig reads the configuration and makes the process's logger from it.
func loadConfig(require ...string) (config.Config, *slog.Logger, error) {
	c, err := config.Load(os.Environ())
	if err == nil {
		err = c.Require(require...)
	}
	if err != nil {
		return c, nil, errConfig{err}
	}
	return c, newLogger(c, os.Stderr), nil
}

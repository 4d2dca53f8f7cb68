package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/datamind/datamind/api"
)

type dashboardCmd struct {
	Export dashboardExportCmd `cmd:"" help:"Write a dashboard as YAML."`
	Import dashboardImportCmd `cmd:"" help:"Make a dashboard of a YAML file, or say what is wrong with it."`
}

type dashboardExportCmd struct {
	ID     string `arg:"" help:"Id of the dashboard."`
	Output string `short:"o" help:"File to write; default the standard output." type:"path"`
	Data   string `help:"Data directory of 'datamind up'." default:".datamind" type:"path"`
}

// Run writes the dashboard's file.
func (c *dashboardExportCmd) Run(ctx context.Context) error {
	client, err := openAPIClient(c.Data)
	if err != nil {
		return err
	}
	raw, err := client.raw(ctx, "/dashboards/"+c.ID+"/export")
	if err != nil {
		return err
	}
	if c.Output == "" || filepath.Base(c.Output) == "-" {
		_, err = os.Stdout.Write(raw)
		return err
	}
	return os.WriteFile(c.Output, raw, 0o600)
}

type dashboardImportCmd struct {
	File      string `arg:"" help:"YAML file; - is the standard input."`
	Check     bool   `help:"Only say what is wrong."`
	Dashboard string `help:"Id of a dashboard that gets this as its new version. Default: a new, private one."`
	Data      string `help:"Data directory of 'datamind up'." default:".datamind" type:"path"`
}

// Run makes the dashboard, or prints what is wrong with the file, by part and line.
func (c *dashboardImportCmd) Run(ctx context.Context) error {
	client, err := openAPIClient(c.Data)
	if err != nil {
		return err
	}
	file := os.Stdin
	if c.File != "-" {
		if file, err = os.Open(c.File); err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
	}
	raw, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	body := map[string]any{"yaml": string(raw), "check": true}
	if c.Dashboard != "" {
		body["dashboard_id"] = c.Dashboard
	}
	var got struct {
		Name      string              `json:"name"`
		Tiles     int                 `json:"tiles"`
		Problems  []api.ImportProblem `json:"problems"`
		Dashboard *api.Dashboard      `json:"dashboard"`
	}
	if err := client.call(ctx, http.MethodPost, "/dashboards/import", body, &got); err != nil {
		return err
	}
	for _, p := range got.Problems {
		fmt.Fprintf(os.Stderr, "%s:%d: %s: %s\n", c.File, p.Line, printable(p.Where, false), printable(p.Message, false))
	}
	if len(got.Problems) > 0 {
		return errNotAnswered // what is wrong has been said
	}
	if c.Check {
		fmt.Printf("%s: %d tiles, nothing is wrong\n", printable(got.Name, false), got.Tiles)
		return nil
	}
	body["check"] = false
	if err := client.call(ctx, http.MethodPost, "/dashboards/import", body, &got); err != nil {
		return err
	}
	fmt.Printf("%s %s: %d tiles, version %d\n", got.Dashboard.ID, printable(got.Name, false), got.Tiles, got.Dashboard.Version)
	return nil
}

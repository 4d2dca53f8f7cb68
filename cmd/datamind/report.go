package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/models"
)

type reportCmd struct {
	List reportListCmd `cmd:"" help:"List reports that are yours, or that you get."`
	Run  reportRunCmd  `cmd:"" help:"Make a report now, send it, and say what came of it."`
}

type reportListCmd struct {
	Data string `help:"Data directory of 'datamind up'." default:".datamind" type:"path"`
}

// Run lists the reports.
func (c *reportListCmd) Run(ctx context.Context) error {
	client, err := openAPIClient(c.Data)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "ID\tNAME\tSTATUS\tNEXT\tLAST")
	for cursor := ""; ; {
		var page api.Page[api.Report]
		if err := client.call(ctx, http.MethodGet, "/reports?limit=200&cursor="+cursor, nil, &page); err != nil {
			return err
		}
		for _, r := range page.Items {
			next, last := "-", "-"
			if len(r.Next) > 0 {
				next = r.Next[0].Local().Format(time.DateTime)
			}
			if r.LastRun != nil {
				last = string(r.LastRun.Status) + " " + r.LastRun.At.Local().Format(time.DateTime)
			}
			_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", r.ID, printable(r.Name, false), r.Status, next, last)
		}
		if cursor = page.NextCursor; cursor == "" {
			return out.Flush()
		}
	}
}

type reportRunCmd struct {
	ID     string `arg:"" help:"Id of a report of yours."`
	OnlyMe bool   `help:"Send it to you alone."`
	Data   string `help:"Data directory of 'datamind up'." default:".datamind" type:"path"`
}

// Run runs a report and waits for its end.
func (c *reportRunCmd) Run(ctx context.Context) error {
	client, err := openAPIClient(c.Data)
	if err != nil {
		return err
	}
	before, err := client.lastReportRun(ctx, c.ID)
	if err != nil {
		return err
	}
	if err := client.call(ctx, http.MethodPost, "/reports/"+c.ID+"/run", map[string]any{"only_me": c.OnlyMe}, nil); err != nil {
		return err
	}
	for {
		run, err := client.lastReportRun(ctx, c.ID)
		switch {
		case err != nil:
			return err
		case run.ID == before.ID || run.Status == models.ReportRunning:
		case run.Status == models.ReportFailed:
			return models.Errorf(run.Code, "The report failed: %s", run.Text)
		default:
			fmt.Printf("%s: %d told, %d skipped\n", run.Status, run.Told, run.Skipped)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// lastReportRun is the newest run of a report, or none.
func (c *apiClient) lastReportRun(ctx context.Context, id string) (run api.ReportRun, err error) {
	var runs api.ReportRuns
	if err = c.call(ctx, http.MethodGet, "/reports/"+id+"/runs?limit=1", nil, &runs); err == nil && len(runs.Items) > 0 {
		run = runs.Items[0]
	}
	return run, err
}

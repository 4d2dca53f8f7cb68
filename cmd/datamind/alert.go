package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"github.com/datamind/datamind/api"
)

type alertCmd struct {
	List   alertListCmd   `cmd:"" help:"List the alerts that you may see."`
	Run    alertActionCmd `cmd:"" name:"run" help:"Check an alert now."`
	Pause  alertActionCmd `cmd:"" name:"pause" help:"Pause an alert."`
	Resume alertActionCmd `cmd:"" name:"resume" help:"Have a paused alert go on."`
}

type alertListCmd struct {
	Data string `help:"Data directory of 'datamind up'." default:".datamind" type:"path"`
}

// Run prints a line for each alert.
func (c *alertListCmd) Run(ctx context.Context) error {
	client, err := openAPIClient(c.Data)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "ID\tSTATUS\tLAST RUN\tNAME\tTELLS WHEN")
	for cursor := ""; ; {
		var page api.Page[api.Alert]
		if err := client.call(ctx, http.MethodGet, "/alerts?limit=100&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return err
		}
		for _, a := range page.Items {
			last := "never"
			if a.LastRun != nil {
				last = a.LastRun.Local().Format(time.DateTime)
			}
			_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", a.ID, a.Status, last, printable(a.Name, false), printable(a.Described, false))
		}
		if cursor = page.NextCursor; cursor == "" {
			return out.Flush()
		}
	}
}

type alertActionCmd struct {
	ID   string `arg:"" help:"Id of the alert, as 'list' prints it."`
	Data string `help:"Data directory of 'datamind up'." default:".datamind" type:"path"`
	// action is the last part of the route: what the command is called.
	action string
}

// AfterApply implements kong's hook: the command's name is the action.
func (c *alertActionCmd) AfterApply(k *kong.Context) error {
	c.action = k.Selected().Name
	return nil
}

// Run asks for the action.
func (c *alertActionCmd) Run(ctx context.Context) error {
	client, err := openAPIClient(c.Data)
	if err != nil {
		return err
	}
	if err := client.call(ctx, http.MethodPost, "/alerts/"+url.PathEscape(c.ID)+"/"+c.action, nil, nil); err != nil {
		return err
	}
	fmt.Println(map[string]string{"run": "It runs. 'alert list' shows how it stands.", "pause": "It is paused.", "resume": "It goes on."}[c.action])
	return nil
}

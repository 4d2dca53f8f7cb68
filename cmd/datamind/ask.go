package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/datamind/datamind/models"
)

// credentials is what `up` leaves for the command line, mode 0600.
type credentials struct {
	Address string `json:"address"`
	APIKey  string `json:"api_key"`
	KeyID   string `json:"key_id"`
}

const credentialsFile = "cli.json"

type askCmd struct {
	Connection string `help:"Name of the connection to ask; the sample company's or the only one if not given."`
	JSON       bool   `help:"Print one JSON object."`
	Data       string `help:"Data directory of 'datamind up'." default:".datamind" type:"path"`
	Question   string `arg:"" help:"The question."`
}

// answer is the JSON contract of `ask --json`.
type answer struct {
	ID         string                `json:"id"`
	Status     models.QuestionStatus `json:"status"`
	SQL        string                `json:"sql"`
	Columns    []models.Column       `json:"columns"`
	Rows       [][]any               `json:"rows"`
	RowCount   int                   `json:"row_count"`
	Text       string                `json:"text"`
	Chart      *models.Chart         `json:"chart"`
	Planner    string                `json:"planner"`
	Steps      []answerStep          `json:"steps"`
	WorkflowID string                `json:"workflow_id"`
	RunID      string                `json:"run_id"`
	Ms         int64                 `json:"ms"`
	Prompt     *models.Prompt        `json:"prompt,omitempty"`
	ErrorCode  models.Code           `json:"error_code,omitempty"`
	Error      string                `json:"error,omitempty"`
}

type answerStep struct {
	Kind    models.StepKind   `json:"kind"`
	Attempt int               `json:"attempt"`
	Status  models.StepStatus `json:"status"`
	Ms      int64             `json:"ms"`
}

// errNotAnswered ends the process with 1 after everything has been printed.
var errNotAnswered = fmt.Errorf("the question was not answered")

// Run asks through the API and prints the steps as they happen.
func (c *askCmd) Run(ctx context.Context) error {
	api, err := openAPIClient(c.Data)
	if err != nil {
		return err
	}
	steps := io.Writer(os.Stderr)
	if c.JSON {
		steps = io.Discard
	}
	got, err := api.ask(ctx, c.Connection, c.Question, steps)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(got); err != nil {
			return err
		}
	} else {
		printAnswer(os.Stdout, got)
	}
	if got.Status != models.StatusAnswered {
		return errNotAnswered
	}
	return nil
}

func readCredentials(dir string) (credentials, error) {
	var cred credentials
	raw, err := os.ReadFile(filepath.Join(dir, credentialsFile))
	if err != nil {
		return cred, models.Wrap(err, models.CodeUnavailable,
			"No running DataMind was found under %s. Start it with 'make up', or name its data directory with --data.", dir)
	}
	if err := json.Unmarshal(raw, &cred); err != nil {
		return cred, models.Wrap(err, models.CodeInvalid, "%s is damaged. Start 'make up' again: it writes a new one.", credentialsFile)
	}
	return cred, nil
}

func writeCredentials(dir string, cred credentials) error {
	raw, err := json.Marshal(cred)
	if err != nil {
		return err
	}
	return writeSecret(filepath.Join(dir, credentialsFile), append(raw, '\n'))
}

func printAnswer(w io.Writer, a answer) {
	if a.SQL != "" {
		_, _ = fmt.Fprintf(w, "\n%s\n\n", printable(a.SQL, true))
	}
	if len(a.Columns) > 0 {
		tw := tabwriter.NewWriter(w, 0, 2, 2, ' ', 0)
		head := make([]string, len(a.Columns))
		for i, column := range a.Columns {
			head[i] = printable(column.Name, false)
		}
		_, _ = fmt.Fprintln(tw, strings.Join(head, "\t"))
		for _, row := range a.Rows {
			cells := make([]string, len(row))
			for i, cell := range row {
				if cells[i] = "null"; cell != nil {
					cells[i] = printable(fmt.Sprint(cell), false)
				}
			}
			_, _ = fmt.Fprintln(tw, strings.Join(cells, "\t"))
		}
		_ = tw.Flush()
		if a.RowCount > len(a.Rows) {
			_, _ = fmt.Fprintf(w, "… %d of %d rows\n", len(a.Rows), a.RowCount)
		}
		_, _ = fmt.Fprintln(w)
	}
	switch {
	case a.Status == models.StatusAnswered:
		_, _ = fmt.Fprintf(w, "%s\n\n%s · %s\n", printable(a.Text, true), a.Planner, time.Duration(a.Ms)*time.Millisecond)
	case a.Prompt != nil:
		_, _ = fmt.Fprintf(w, "%s\n", printable(a.Prompt.Text, true))
		for _, choice := range a.Prompt.Choices {
			_, _ = fmt.Fprintf(w, "  - %s\n", printable(choice, false))
		}
		_, _ = fmt.Fprintln(w, "It waits for your reply on the web page.")
	default:
		_, _ = fmt.Fprintf(w, "%s: %s\n", a.Status, printable(a.Error, true))
	}
}

// printable drops control characters, so that data cannot drive the terminal.
func printable(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' && lines {
			return r
		}
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
}

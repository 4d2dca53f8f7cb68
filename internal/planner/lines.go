package planner

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/datamind/datamind/models"
)

// maxLine bounds one input line of PlanLines; longer lines are answered with a refusal.
const maxLine = 1 << 20

type lineIn struct {
	ID       json.RawMessage `json:"id"`
	Question string          `json:"question"`
	Hints    string          `json:"hints"`
}

// line is one output line of PlanLines.
type line struct {
	ID     json.RawMessage   `json:"id"`
	Status models.PlanStatus `json:"status"`
	SQL    string            `json:"sql"`
	Text   string            `json:"text"`
	Ms     float64           `json:"ms"`
	Tokens int               `json:"tokens"`
}

// PlanLines reads one JSON object {"id","question","hints"?} a line from r and
// writes exactly one verdict a line to w, in order, also for malformed lines.
// It ends at EOF or when ctx is cancelled.
func PlanLines(ctx context.Context, r io.Reader, w io.Writer, cat *models.Catalog, p Planner, now time.Time) error {
	in := bufio.NewReaderSize(r, 64<<10)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		text, tooLong, err := readLine(in)
		last := errors.Is(err, io.EOF)
		if last && len(text) == 0 {
			return nil
		}
		if err != nil && !last {
			return fmt.Errorf("read question: %w", err)
		}
		if err := enc.Encode(planLine(ctx, text, tooLong, cat, p, now)); err != nil {
			return fmt.Errorf("write plan: %w", err)
		}
		if last {
			return nil
		}
	}
}

func planLine(ctx context.Context, text []byte, tooLong bool, cat *models.Catalog, p Planner, now time.Time) line {
	out := line{ID: json.RawMessage("null"), Status: models.PlanRefused}
	if tooLong {
		out.Text = "The line is longer than 1 MiB."
		return out
	}
	var q lineIn
	if err := json.Unmarshal(text, &q); err != nil {
		out.Text = "The line is not a JSON object with id and question."
		return out
	}
	if len(q.ID) > 0 {
		out.ID = q.ID
	}
	start := time.Now()
	plan, err := p.Plan(ctx, models.PlanRequest{Question: q.Question, Hints: q.Hints, Catalog: cat, Now: now})
	out.Ms = float64(time.Since(start).Microseconds()) / 1000
	if err != nil {
		out.Text = models.ErrorMessage(err)
		return out
	}
	out.Status, out.SQL, out.Text = plan.Status, plan.SQL, plan.Text
	if out.Text == "" {
		out.Text = plan.Understanding
	}
	out.Tokens = plan.Usage.InputTokens + plan.Usage.OutputTokens
	return out
}

// readLine returns the next line without its end; of a longer one than maxLine only that it was.
func readLine(in *bufio.Reader) (text []byte, tooLong bool, err error) {
	for {
		part, e := in.ReadSlice('\n')
		if len(text)+len(part) > maxLine {
			tooLong = true
		} else {
			text = append(text, part...)
		}
		if !errors.Is(e, bufio.ErrBufferFull) {
			if tooLong {
				text = []byte(" ")
			}
			return text, tooLong, e
		}
	}
}

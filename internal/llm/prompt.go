package llm

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"text/template"

	"github.com/datamind/datamind/models"
)

//go:embed prompts/*.md
var promptFiles embed.FS

var (
	planText  = mustLoad(promptFiles, "prompts/plan.v1.md").of("plan", planSchema)
	writeText = mustLoad(promptFiles, "prompts/write.v1.md")
	wishText  = mustLoad(promptFiles, "prompts/wish.v1.md").of("wish", wishSchema)
	tilesText = mustLoad(promptFiles, "prompts/tiles.v1.md").of("tiles", tilesSchema)
	whyText   = mustLoad(promptFiles, "prompts/why.v1.md")
)

// promptText is a prompt file. Its version names the file and its content, so
// that a stored step says exactly what the model was told.
type promptText struct {
	version  string
	template *template.Template
	name     string
	schema   json.RawMessage
}

// prompt is what a model is sent.
type prompt struct {
	version, system, user string
	// name and schema are of the JSON object that the reply is; none for a text.
	name   string
	schema json.RawMessage
}

// of says which form the reply has.
func (p promptText) of(name string, schema json.RawMessage) promptText {
	p.name, p.schema = name, schema
	return p
}

func mustLoad(files fs.FS, name string) promptText {
	p, err := load(files, name)
	if err != nil {
		panic(err) // an embedded file that does not parse is a defect that each test finds
	}
	return p
}

func load(files fs.FS, name string) (promptText, error) {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return promptText{}, fmt.Errorf("read prompt: %w", err)
	}
	base := strings.TrimSuffix(path.Base(name), ".md")
	t, err := template.New(base).Option("missingkey=error").Funcs(template.FuncMap{"quote": quote, "fenced": fenced}).Parse(string(raw))
	if err != nil {
		return promptText{}, fmt.Errorf("parse prompt: %w", err)
	}
	sum := sha256.Sum256(raw)
	return promptText{version: base + "+" + hex.EncodeToString(sum[:4]), template: t}, nil
}

func (p promptText) render(data any) prompt {
	part := func(name string) string {
		var b strings.Builder
		if err := p.template.ExecuteTemplate(&b, name, data); err != nil {
			panic(err) // as with mustLoad: data is always of the type that the file is written for
		}
		return b.String()
	}
	return prompt{version: p.version, system: part("system"), user: part("user"), name: p.name, schema: p.schema}
}

// How much of a conversation a plan prompt holds.
const (
	maxTurns    = 6
	maxAttempts = 4
	maxReplies  = 8
	maxExamples = 3
)

type planData struct {
	Dialect, Version, Schema, Hints, Today, Question string
	History                                          []turnData
	Clarifications                                   []replyData
	Attempts                                         []attemptData
	Examples                                         []models.Example
	Correction                                       *models.Correction
}

type turnData struct {
	Question string `json:"question"`
	SQL      string `json:"sql,omitempty"`
}

type replyData struct {
	Asked string `json:"asked"`
	Reply string `json:"reply"`
}

type attemptData struct {
	SQL   string `json:"sql"`
	Code  string `json:"code"`
	Error string `json:"error"`
}

func planPrompt(req models.PlanRequest) prompt  { return planText.render(planDataOf(req)) }
func wishPrompt(req models.PlanRequest) prompt  { return wishText.render(planDataOf(req)) }
func tilesPrompt(req models.PlanRequest) prompt { return tilesText.render(planDataOf(req)) }

// planDataOf is what a model is told of a request. Answers of earlier turns are
// left out: results never flow back into SQL.
func planDataOf(req models.PlanRequest) planData {
	d := planData{Question: req.Question, Schema: schemaText(req)}
	if req.Catalog != nil {
		d.Dialect, d.Version = req.Catalog.Dialect, req.Catalog.ServerVersion
	}
	if req.Hints != "" {
		d.Hints = quote(req.Hints, maxHints)
	}
	if !req.Now.IsZero() {
		d.Today = req.Now.UTC().Format("Monday, 2006-01-02")
	}
	for _, t := range last(req.History, maxTurns) {
		d.History = append(d.History, turnData{short(t.Question, 500), short(t.SQL, 1500)})
	}
	for _, c := range last(req.Clarifications, maxReplies) {
		d.Clarifications = append(d.Clarifications, replyData{short(c[0], 500), short(c[1], 1000)})
	}
	for _, a := range last(req.Attempts, maxAttempts) {
		d.Attempts = append(d.Attempts, attemptData{short(a.SQL, 3000), short(string(a.Code), 100), short(a.Error, 600)})
	}
	for _, e := range req.Examples[:min(len(req.Examples), maxExamples)] {
		d.Examples = append(d.Examples, models.Example{Question: short(e.Question, 500), SQL: short(e.SQL, 3000)})
	}
	if c := req.Correction; c != nil {
		d.Correction = &models.Correction{Question: short(c.Question, 500), SQL: short(c.SQL, 3000), Wrong: short(c.Wrong, 2000)}
	}
	return d
}

func last[T any](all []T, n int) []T { return all[max(0, len(all)-n):] }

// How much of a result a write prompt holds.
const (
	maxRows     = 50
	maxColumns  = 40
	maxCell     = 200
	maxRowBytes = 24000
	maxFacts    = 40
	maxUnproven = 30
)

type writeData struct {
	Question, Understanding, Columns string
	Rows                             []string
	More, Truncated                  bool
	Facts                            []factData
	Unproven                         []string
}

type factData struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

type whyData struct {
	Name, Watched, Condition string
	Facts                    []factData
	Unproven                 []string
}

func whyPrompt(req WhyRequest) prompt {
	facts, unproven := factsOf(req.Facts, req.Unproven)
	return whyText.render(whyData{Name: req.Name, Watched: req.Watched, Condition: req.Condition, Facts: facts, Unproven: unproven})
}

func factsOf(facts []models.Fact, unproven []string) (out []factData, numbers []string) {
	for _, f := range facts[:min(len(facts), maxFacts)] {
		out = append(out, factData{short(f.ID, 60), short(f.Text, 400)})
	}
	for _, u := range unproven[:min(len(unproven), maxUnproven)] {
		numbers = append(numbers, short(u, 60))
	}
	return out, numbers
}

func writePrompt(req WriteRequest) prompt {
	d := writeData{Question: req.Question, Understanding: req.Understanding, Columns: "[]"}
	if req.Rows != nil {
		d.Truncated = req.Rows.Truncated
		d.rows(req.Rows)
	}
	d.Facts, d.Unproven = factsOf(req.Facts, req.Unproven)
	return writeText.render(d)
}

// rows adds the first rows, as many as the bounds allow.
func (d *writeData) rows(rows *models.Rows) {
	var names []string
	for _, c := range rows.Columns[:min(len(rows.Columns), maxColumns)] {
		names = append(names, short(c.Name, maxCell))
	}
	d.Columns = fenced(names)
	size := 0
	for i, row := range rows.Rows {
		cells := make([]any, 0, len(names))
		for _, cell := range row[:min(len(row), maxColumns)] {
			cells = append(cells, shortCell(cell))
		}
		line := fenced(cells)
		if size += len(line); i == maxRows || i > 0 && size > maxRowBytes {
			d.More = true
			return
		}
		d.Rows = append(d.Rows, line)
	}
}

func shortCell(cell any) any {
	switch v := cell.(type) {
	case string:
		return short(v, maxCell)
	case nil, bool, int64, float64, int:
		return v
	case fmt.Stringer: // json.Number
		return short(v.String(), maxCell)
	}
	return short(fmt.Sprint(cell), maxCell)
}

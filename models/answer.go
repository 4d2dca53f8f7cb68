package models

import "time"

// Chart is a typed chart specification made from a result. Field names refer
// to result columns; there are no expressions and no URLs in it.
type Chart struct {
	Type       string   `json:"type"` // line, area, bar, stacked_bar, grouped_bar, pie, scatter, heatmap, single_value
	Title      string   `json:"title,omitempty"`
	X          string   `json:"x,omitempty"`      // category or time column
	Y          []string `json:"y,omitempty"`      // measure columns
	Series     string   `json:"series,omitempty"` // column that splits into series
	XType      string   `json:"x_type,omitempty"` // time, category, number
	Horizontal bool     `json:"horizontal,omitempty"`
	// Format of the measures: number, percent, currency:<ISO code>.
	Format string `json:"format,omitempty"`
}

// Fact is something computed from a result, such as a total, a trend or an outlier.
type Fact struct {
	ID     string  `json:"id"`
	Kind   string  `json:"kind"`  // count, total, mean, min, max, first, last, change, change_pct, share, outlier, …
	Label  string  `json:"label"` // "total of revenue"
	Value  float64 `json:"value"`
	Unit   string  `json:"unit,omitempty"` // "%", column name, ""
	Column string  `json:"column,omitempty"`
	Row    *int    `json:"row,omitempty"`
	Text   string  `json:"text"` // one sentence
}

// NumberCheck says where a number in an answer's text comes from. Start and
// End are byte offsets of the number in the text (half open).
type NumberCheck struct {
	Text   string  `json:"text"`
	Start  int     `json:"start"`
	End    int     `json:"end"`
	Value  float64 `json:"value"`
	Proven bool    `json:"proven"`
	Row    *int    `json:"row,omitempty"`
	Column string  `json:"column,omitempty"`
	Fact   string  `json:"fact,omitempty"` // Fact.ID
}

// PlanStatus is a planner's verdict.
type PlanStatus string

// The verdicts.
const (
	PlanSQL     PlanStatus = "sql"
	PlanClarify PlanStatus = "clarify"
	PlanRefused PlanStatus = "refused"
)

// Turn is an earlier question of the same conversation.
type Turn struct {
	Question string `json:"question"`
	SQL      string `json:"sql,omitempty"`
	Answer   string `json:"answer,omitempty"`
}

// Attempt is an earlier try at the same question that did not work.
type Attempt struct {
	SQL   string `json:"sql"`
	Code  Code   `json:"code"` // guard_refused, sql_error, suspicious, …
	Error string `json:"error"`
}

// PlanRequest is all a planner sees.
type PlanRequest struct {
	Question string
	Hints    string // the organisation's own notes on the data; "" for none
	// Notes are what people say of the data; nil for nothing.
	Notes    *Notes
	Catalog  *Catalog
	History  []Turn
	Attempts []Attempt
	// Clarifications are the person's replies to earlier prompts: prompt, reply.
	Clarifications [][2]string
	Now            time.Time
}

// Plan is how a question is to be answered.
type Plan struct {
	Status PlanStatus `json:"status"`
	SQL    string     `json:"sql,omitempty"`
	// Understanding says in words how the question was read (status sql).
	Understanding string `json:"understanding,omitempty"`
	// Text is the question back (clarify) or the reason (refused).
	Text    string   `json:"text,omitempty"`
	Choices []string `json:"choices,omitempty"`
	Usage   Usage    `json:"usage"`
}

// Usage is what a model call cost.
type Usage struct {
	Model         string `json:"model,omitempty"`
	PromptVersion string `json:"prompt_version,omitempty"`
	InputTokens   int    `json:"input_tokens,omitempty"`
	OutputTokens  int    `json:"output_tokens,omitempty"`
}

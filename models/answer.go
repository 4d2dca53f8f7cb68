package models

import "time"

// ChartType is a kind of chart.
type ChartType string

// The kinds of charts.
const (
	ChartLine     ChartType = "line"
	ChartArea     ChartType = "area" // stacked where it has a Series
	ChartBar      ChartType = "bar"
	ChartStacked  ChartType = "stacked_bar"
	ChartGrouped  ChartType = "grouped_bar"
	ChartPie      ChartType = "pie"
	ChartScatter  ChartType = "scatter"
	ChartHeatmap  ChartType = "heatmap"
	ChartSingle   ChartType = "single_value"
	ChartFunnel   ChartType = "funnel"
	ChartMap      ChartType = "map"
	RegionAlpha2            = "iso_3166_alpha_2"
	RegionAlpha3            = "iso_3166_alpha_3"
	FormatNumber            = "number"
	FormatPercent           = "percent" // 12.5 is 12.5 %
	FormatRatio             = "ratio"   // 0.125 is 12.5 %
	AxisTime                = "time"
	AxisCategory            = "category"
	AxisNumber              = "number"
)

// ChartSpec is one way to draw a result. Field names refer to result columns;
// there are no expressions and no URLs in it.
type ChartSpec struct {
	Type   ChartType `json:"type" enum:"line,area,bar,stacked_bar,grouped_bar,pie,scatter,heatmap,single_value,funnel,map"`
	Title  string    `json:"title,omitempty"`
	X      string    `json:"x,omitempty" doc:"Category, time or region column; of a scatter the first measure"`
	Y      []string  `json:"y,omitempty" doc:"Measure columns"`
	Series string    `json:"series,omitempty" doc:"Column that splits into series; of a heat map the other axis"`
	Label  string    `json:"label,omitempty" doc:"Column that names the points of a scatter"`
	XType  string    `json:"x_type,omitempty" enum:"time,category,number"`
	// Horizontal bars have room for long labels.
	Horizontal bool   `json:"horizontal,omitempty"`
	Format     string `json:"format,omitempty" enum:"number,percent,ratio" doc:"Of the measures: percent is 12.5 for 12.5 %, ratio is 0.125"`
	Region     string `json:"region,omitempty" enum:"iso_3166_alpha_2,iso_3166_alpha_3" doc:"What the X of a map holds"`
	// Value and Previous are the cells of a single value and of what it is compared with.
	Value    *Cell `json:"value,omitempty" doc:"The cell that a single value shows"`
	Previous *Cell `json:"previous,omitempty" doc:"The cell that it is compared with"`
	// Partial is the row of a period that is not over yet.
	Partial *int `json:"partial,omitempty" doc:"Row of a period that is not over yet: draw it apart"`
}

// Chart is the chart that suits a result, with the other honest ways to draw it.
type Chart struct {
	ChartSpec
	Alternatives []ChartSpec `json:"alternatives,omitempty" doc:"Other charts that are honest for these rows"`
}

// Cell is a place in a result: the number of the row, from 0, and the column's name.
type Cell struct {
	Row    int    `json:"row"`
	Column string `json:"column"`
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
	// Of says which cells of Column it was computed from: all of them, or those
	// of Rows, in the order in which they count.
	Of   FactSource `json:"of,omitempty" enum:"all,rows" doc:"Computed from all cells of the column, or from those of rows"`
	Rows []int      `json:"rows,omitempty" doc:"Rows whose cells it was computed from, in the order in which they count"`
}

// FactSource says which cells a fact was computed from.
type FactSource string

// What facts are computed from.
const (
	OfAll  FactSource = "all"
	OfRows FactSource = "rows"
)

// NumberSource says what proves a number.
type NumberSource string

// What proves a number. A number without any is not proven.
const (
	FromCell     NumberSource = "cell"     // Row and Column
	FromFact     NumberSource = "fact"     // Fact and FactIndex
	FromQuestion NumberSource = "question" // the person wrote it
	FromName     NumberSource = "name"     // a column's name has it
)

// NumberCheck says where a number in an answer's text comes from. Start and
// End are byte offsets of the number in the text (half open).
type NumberCheck struct {
	Text   string       `json:"text"`
	Start  int          `json:"start"`
	End    int          `json:"end"`
	Value  float64      `json:"value"`
	Proven bool         `json:"proven"`
	Source NumberSource `json:"source,omitempty" enum:"cell,fact,question,name" doc:"What proves the number"`
	Row    *int         `json:"row,omitempty" doc:"Row of the cell, or of the one that the fact names"`
	Column string       `json:"column,omitempty"`
	Fact   string       `json:"fact,omitempty"` // Fact.ID
	// FactIndex is the place of the fact in the answer's facts.
	FactIndex *int `json:"fact_index,omitempty" doc:"Place of the fact among the answer's facts"`
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
	// Examples are verified questions that are like this one.
	Examples []Example
	// Correction is set when the question is asked again because of a wrong answer.
	Correction *Correction
	Now        time.Time
}

// Example is a question with SQL that a person checked.
type Example struct {
	Question string `json:"question"`
	SQL      string `json:"sql"`
}

// Correction is an earlier answer that was said to be wrong.
type Correction struct {
	Question string `json:"question"`
	SQL      string `json:"sql"`
	Wrong    string `json:"wrong"` // the person's words
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
	// Verified is set when the SQL is that of a verified question.
	Verified *Verification `json:"verified,omitempty"`
	Usage    Usage         `json:"usage"`
}

// Usage is what a model call cost.
type Usage struct {
	Model         string `json:"model,omitempty"`
	PromptVersion string `json:"prompt_version,omitempty"`
	InputTokens   int    `json:"input_tokens,omitempty"`
	OutputTokens  int    `json:"output_tokens,omitempty"`
}

package planner

type superlative struct {
	desc  bool
	hints []string // columns that the word itself suggests
	pos   int
	top   bool // said as "top 5", "bottom 3"
	fewer bool // most and least: of a count
}

var superlatives = map[string]superlative{
	"most": {desc: true, fewer: true}, "least": {fewer: true}, "fewest": {fewer: true},
	"highest": {desc: true, hints: []string{"height", "altitude", "elevation"}}, "lowest": {}, "greatest": {desc: true}, "biggest": {desc: true, hints: []string{"area", "size", "population"}},
	"largest": {desc: true, hints: []string{"area", "size", "population", "amount", "total"}}, "smallest": {hints: []string{"area", "size", "population"}},
	"oldest": {desc: true, hints: []string{"age"}}, "youngest": {hints: []string{"age"}},
	"newest": {desc: true, hints: []string{"@date"}}, "latest": {desc: true, hints: []string{"@date"}}, "earliest": {hints: []string{"@date"}},
	"longest": {desc: true, hints: []string{"length", "duration", "distance"}}, "shortest": {hints: []string{"length", "duration", "height", "distance"}},
	"cheapest": {hints: []string{"price", "cost", "fare", "amount"}}, "priciest": {desc: true, hints: []string{"price", "cost"}},
	"tallest": {desc: true, hints: []string{"height"}}, "heaviest": {desc: true, hints: []string{"weight"}}, "lightest": {hints: []string{"weight"}},
	"fastest": {desc: true, hints: []string{"speed"}}, "slowest": {hints: []string{"speed"}}, "best": {desc: true, hints: []string{"rating", "score"}}, "worst": {hints: []string{"rating", "score"}},
	"highest-paid": {desc: true, hints: []string{"salary"}}, "deepest": {desc: true, hints: []string{"depth"}}, "richest": {desc: true, hints: []string{"wealth", "money", "balance"}},
}

// after a most or least: what the adjective measures.
var adjectives = map[string][]string{
	"expensive": {"price", "cost", "fare", "amount"}, "populous": {"population"}, "populated": {"population"}, "recent": {"@date"}, "valuable": {"value", "revenue", "price"},
	"profitable": {"profit", "margin", "revenue"}, "experienced": {"experience", "year"}, "paid": {"salary"}, "old": {"age"}, "costly": {"cost", "price"},
	"common": {"@count"}, "popular": {"@count"}, "frequent": {"@count"}, "frequently": {"@count"}, "often": {"@count"}, "active": {"@count"}, "money": {"revenue"}, "sold": {"@sold"}, "selling": {"@sold"}, "revenue": {"revenue"},
}

// revenueWords ask for money taken; the column is chosen by what it can be grouped by.
var revenueWords = set("revenue sale turnover spent spend spending earning income takings gmv sold bought value worth selling")

var moneyColumns = []string{"revenue", "grand total", "line total", "total amount", "total price", "order total", "total", "sale", "amount paid", "amount", "net amount", "gross amount", "subtotal", "payment amount"}

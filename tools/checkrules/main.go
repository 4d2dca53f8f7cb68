// Command checkrules reads alert rules and Grafana dashboards as Prometheus
// does, and fails on what it would not take:
//
//	checkrules alerts.yml dashboard.json …
package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	failed := false
	for _, path := range os.Args[1:] {
		for _, err := range check(path) {
			failed = true
			_, _ = fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(path string) []error {
	expressions := parser.NewParser(parser.Options{})
	if filepath.Ext(path) != ".json" {
		_, problems := rulefmt.ParseFile(path, false, model.UTF8Validation, expressions, slog.New(slog.DiscardHandler))
		return problems
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return []error{err}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &dashboard); err != nil {
		return []error{err}
	}
	var problems []error
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			// Grafana puts a duration where the variable stands.
			expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
			if _, err := expressions.ParseExpr(expr); err != nil {
				problems = append(problems, fmt.Errorf("panel %q: %w", panel.Title, err))
			}
		}
	}
	return problems
}

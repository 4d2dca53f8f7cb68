package main

import (
	"context"
	"os"
	"time"

	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

type guardCmd struct {
	Dialect string   `help:"SQL dialect." enum:"postgres" default:"postgres"`
	DSN     string   `help:"Database whose catalog says what may be read." required:""`
	Schemas []string `help:"Schemas that may be read." default:"public"`
}

// Run checks the SQL of each line of standard input.
func (g guardCmd) Run(ctx context.Context) error {
	catalog, err := discover(ctx, g.DSN, g.Schemas)
	if err != nil {
		return err
	}
	guard, err := sqlguard.New(catalog, sqlguard.Options{})
	if err != nil {
		return err
	}
	return sqlguard.GuardLines(ctx, os.Stdin, os.Stdout, guard)
}

type planCmd struct {
	DSN     string   `help:"Database to plan for." required:""`
	Schemas []string `help:"Schemas to plan with." default:"public"`
	Planner string   `help:"Planner to use." enum:"builtin,model" default:"builtin"`
}

// Run plans the question of each line of standard input.
func (p planCmd) Run(ctx context.Context) error {
	catalog, err := discover(ctx, p.DSN, p.Schemas)
	if err != nil {
		return err
	}
	use := planner.NewBuiltin()
	if p.Planner == "model" {
		c, _, err := loadConfig()
		if err != nil {
			return err
		}
		if c.LLMBaseURL == "" {
			return models.Errorf(models.CodeInvalid, "No model is configured. Set DATAMIND_LLM_BASE_URL and DATAMIND_LLM_MODELS, or use --planner builtin.")
		}
		use = newLLM(c, nil).Planner()
	}
	return planner.PlanLines(ctx, os.Stdin, os.Stdout, catalog, use, time.Now())
}

// discover reads the catalog behind an operator's own DSN.
func discover(ctx context.Context, dsn string, schemas []string) (*models.Catalog, error) {
	config, err := connector.ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	config.Schemas, config.Purpose = schemas, "catalog"
	config.Policy = connector.Policy{AllowPrivate: true}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := connector.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.Discover(ctx)
}

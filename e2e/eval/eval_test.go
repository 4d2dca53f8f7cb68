// Package eval measures the built-in planner's accuracy on question sets with
// known answers: how many questions get SQL, and how often its rows are right.
package eval

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sort"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

type question struct {
	ID           string   `json:"id"`
	DB           string   `json:"db"`
	Question     string   `json:"question"`
	Gold         []string `json:"gold_sql"`
	Core         bool     `json:"core"`
	Set          string   `json:"set"`
	Evidence     string   `json:"evidence"`
	Instructions string   `json:"instructions"`
	Trivial      bool     `json:"trivial_gold"`
	Unstable     bool     `json:"tie_unstable"`
}

type score struct{ asked, sql, clarify, refused, failed, strict, lenient int }

func (s score) String() string {
	p := func(n int) string { return fmt.Sprintf("%5.1f %%", 100*float64(n)/float64(max(1, s.asked))) }
	return fmt.Sprintf("asked %4d  answered %s  clarify %s  refused %s  sql error %s  strict %s  lenient %s", s.asked, p(s.sql), p(s.clarify), p(s.refused), p(s.failed), p(s.strict), p(s.lenient))
}

// TestEval prints the figures of docs/accuracy.md and fails when accuracy
// falls under the floor. EVAL_ALL=1 asks every question instead of the core
// subset; EVAL_PG names a server with the databases already loaded;
// EVAL_OUT a file for each question's verdict.
func TestEval(t *testing.T) {
	qs := load(t, testkit.Shared(t, "eval", "questions.jsonl"))
	var out io.Writer = io.Discard
	if f := os.Getenv("EVAL_OUT"); f != "" {
		w, err := os.Create(f)
		require.NoError(t, err)
		defer w.Close()
		out = w
	}
	total, sets := score{}, map[string]*score{}
	byDB := map[string][]question{}
	for _, q := range qs {
		byDB[q.DB] = append(byDB[q.DB], q)
	}
	names := make([]string, 0, len(byDB))
	for n := range byDB {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		db := open(t, n)
		cat := discover(t, db)
		p := planner.NewBuiltin()
		for _, q := range byDB[n] {
			s := judge(t, db, cat, p, q, out)
			if sets[q.Set] == nil {
				sets[q.Set] = &score{}
			}
			add(sets[q.Set], s)
			add(&total, s)
		}
		db.Close(context.Background())
	}
	for _, n := range sortedKeys(sets) {
		t.Logf("%-16s %s", n, sets[n])
	}
	t.Logf("%-16s %s", "all", total)
	require.Greater(t, float64(total.lenient)/float64(total.asked), 0.15, "accuracy fell")
}

func sortedKeys(m map[string]*score) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func add(a *score, b score) {
	a.asked += b.asked
	a.sql += b.sql
	a.clarify += b.clarify
	a.refused += b.refused
	a.failed += b.failed
	a.strict += b.strict
	a.lenient += b.lenient
}

func load(t *testing.T, path string) []question {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var out []question
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<22)
	for sc.Scan() {
		var q question
		require.NoError(t, json.Unmarshal(sc.Bytes(), &q))
		if (q.Core || os.Getenv("EVAL_ALL") != "") && !q.Trivial {
			out = append(out, q)
		}
	}
	require.NoError(t, sc.Err())
	return out
}

// open connects to a database of the corpus, loading its dump unless EVAL_PG has it.
func open(t *testing.T, name string) *pgx.Conn {
	ctx := context.Background()
	if base := os.Getenv("EVAL_PG"); base != "" {
		db, err := pgx.Connect(ctx, base+"/"+name)
		require.NoError(t, err)
		return db
	}
	dsn := testkit.Postgres(t)
	f, err := os.Open(testkit.Shared(t, "eval", "pg", name+".sql.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	psql := exec.Command("psql", "-q", "-d", dsn, "-c", "SET synchronous_commit=off", "-f", "-", "-c", "ANALYZE")
	psql.Stdin = z
	require.NoError(t, psql.Run(), name)
	db, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	return db
}

func judge(t *testing.T, db *pgx.Conn, cat *models.Catalog, p planner.Planner, q question, out io.Writer) score {
	ctx := context.Background()
	s := score{asked: 1}
	plan, err := p.Plan(ctx, models.PlanRequest{Question: q.Question, Hints: q.Evidence + q.Instructions, Catalog: cat, Now: time.Now()})
	require.NoError(t, err)
	defer func() {
		_ = json.NewEncoder(out).Encode(map[string]any{"id": q.ID, "q": q.Question, "status": plan.Status, "sql": plan.SQL, "gold": q.Gold[0], "strict": s.strict, "lenient": s.lenient, "failed": s.failed})
	}()
	switch plan.Status {
	case models.PlanClarify:
		s.clarify = 1
		return s
	case models.PlanRefused:
		s.refused = 1
		return s
	}
	s.sql = 1
	pred, m, err := run(ctx, db, plan.SQL)
	if err != nil {
		s.failed = 1
		t.Logf("%s: %v\n%s", q.ID, err, plan.SQL)
		return s
	}
	for _, g := range q.Gold {
		gold, n, err := run(ctx, db, g)
		if err != nil {
			continue
		}
		if matches(gold, n, pred, m, false) {
			s.strict = 1
		}
		if matches(gold, n, pred, m, true) || s.strict == 1 {
			s.lenient = 1
		}
		if s.strict == 1 {
			break
		}
	}
	return s
}

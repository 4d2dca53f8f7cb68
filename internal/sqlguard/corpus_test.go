package sqlguard

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/testkit"
)

// leftToLimits are attacks on resources only: nothing in the statement tells
// them from an ordinary question, so the session's time, row and byte limits
// end them. Every other attack must be refused here.
var leftToLimits = map[string]bool{
	"A-PG-306": true, // cartesian product
	"A-PG-307": true, // endless recursion
	"A-PG-312": true, // string_agg of many
	"A-PG-314": true, // big numeric
	"A-PG-316": true, // join that spills
	"A-PG-323": true, // 14-way cross join
	"A-PG-324": true, // jsonb_agg of many
	"A-PG-326": true, // three million rows
}

type corpusLine struct {
	ID, Dialect, SQL, Class, Expected string
}

func readCorpus(t testing.TB, name string) []corpusLine {
	t.Helper()
	f, err := os.Open(testkit.Shared(t, "corpus", name))
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	var out []corpusLine
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var l corpusLine
		require.NoError(t, json.Unmarshal(lines.Bytes(), &l))
		if l.Dialect == DialectPostgres {
			out = append(out, l)
		}
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, out)
	return out
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	conn := attackedDatabase(t)
	guard, err := New(readCatalog(t, conn, "dm_reader"), Options{})
	require.NoError(t, err)
	for _, l := range readCorpus(t, "sql_attacks.jsonl") {
		t.Run(l.ID, func(t *testing.T) {
			_, err := guard.Check(l.SQL)
			if leftToLimits[l.ID] && l.Expected == "refuse_or_limit" {
				require.NoError(t, err, "refused now: take it off the list\n%s", l.SQL)
				return
			}
			var refusal *Refusal
			require.ErrorAs(t, err, &refusal, "%s: %.300s", l.Class, l.SQL)
			require.NotEmpty(t, refusal.Reason())
			t.Log(err)
		})
	}
	for _, l := range readCorpus(t, "sql_benign.jsonl") {
		t.Run(l.ID, func(t *testing.T) {
			approved, err := guard.Check(l.SQL)
			require.NoError(t, err, l.SQL)
			require.Equal(t, l.SQL, approved.SQL())
		})
	}
}

func TestOrdinaryStatementsPass(t *testing.T) {
	t.Parallel()
	conn := attackedDatabase(t)
	guard, err := New(readCatalog(t, conn, "dm_reader"), Options{})
	require.NoError(t, err)
	for _, sql := range benign {
		approved, err := guard.Check(sql)
		require.NoError(t, err, sql)
		_, err = conn.Exec(t.Context(), approved.SQL())
		require.NoError(t, err, "PostgreSQL does not run this: %s", sql)
	}
}

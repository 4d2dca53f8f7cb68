package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func said(changes []Change) (out []string) {
	for _, c := range changes {
		out = append(out, c.Text)
	}
	return out
}

func TestChangesAreSaidInSentences(t *testing.T) {
	t.Parallel()
	cities := []string{"city text", "orders integer"}
	before := rowsOf(cities, []any{"Berlin", int64(1204)}, []any{"Kiel", int64(10)}, []any{"Ulm", int64(0)}, []any{"Bonn", int64(7)}, []any{"Trier", nil})
	after := rowsOf(cities, []any{"Rostock", int64(88)}, []any{"Trier", int64(3)}, []any{"Ulm", int64(4)}, []any{"Berlin", int64(1377)}, []any{"Kiel", int64(10)})
	for _, c := range []struct {
		name          string
		before, after *models.Rows
		en, de        []string
	}{
		{"rows by their names", before, after,
			[]string{"New: Rostock (88)", "Gone: Bonn (7)", "Ulm: 0 → 4", "Trier: null → 3", "Berlin: 1,204 → 1,377 (+14.4 %)"},
			[]string{"Neu: Rostock (88)", "Nicht mehr da: Bonn (7)", "Ulm: 0 → 4", "Trier: null → 3", "Berlin: 1.204 → 1.377 (+14,4 %)"}},
		{"one row by its place", rowsOf([]string{"net_revenue number", "orders integer"}, []any{json.Number("1204.50"), int64(3)}), rowsOf([]string{"orders integer", "net_revenue number"}, []any{int64(3), json.Number("602.25")}),
			[]string{"net revenue: 1,204.50 → 602.25 (−50.0 %)"}, []string{"net revenue: 1.204,50 → 602,25 (−50,0 %)"}},
		{"one row of a day", rowsOf([]string{"day date", "n integer"}, []any{"2026-11-22", int64(50)}), rowsOf([]string{"day date", "n integer"}, []any{"2026-11-23", int64(60)}),
			[]string{"day: 22 Nov 2026 → 23 Nov 2026", "n: 50 → 60 (+20.0 %)"}, []string{"day: 22.11.2026 → 23.11.2026", "n: 50 → 60 (+20,0 %)"}},
		{"several measures, ids as names", rowsOf([]string{"shop_id integer", "n integer", "share number"}, []any{int64(1000), int64(4), .5}, []any{int64(2000), int64(4), .5}), rowsOf([]string{"shop_id integer", "n integer", "share number"}, []any{int64(2000), int64(4), .25}, []any{int64(1000), int64(5), .5}),
			[]string{"2000, share: 0.50 → 0.25 (−50.0 %)", "1000, n: 4 → 5 (+25.0 %)"}, []string{"2000, share: 0,50 → 0,25 (−50,0 %)", "1000, n: 4 → 5 (+25,0 %)"}},
		{"a key of two columns, and a text", rowsOf([]string{"a text", "b text", "state text"}, []any{"x", "1", "open"}, []any{"x", "2", "open"}, []any{"y", "1", "open"}), rowsOf([]string{"a text", "b text", "state text"}, []any{"x", "1", "open"}, []any{"x", "2", "done"}, []any{"y", "1", "open"}),
			[]string{"x · 2: open → done"}, []string{"x · 2: open → done"}},
		{"no key", rowsOf([]string{"a text", "n integer"}, []any{"x", int64(1)}, []any{"x", int64(2)}, []any{"x", int64(3)}), rowsOf([]string{"a text", "n integer"}, []any{"x", int64(3)}, []any{"x", int64(9)}, []any{"x", int64(1)}, []any{"x", int64(1)}),
			[]string{"Rows: 3 → 4", "1 row has changed"}, []string{"Zeilen: 3 → 4", "1 Zeile hat sich geändert"}},
		{"other columns", rowsOf([]string{"a text"}, []any{"x"}), rowsOf([]string{"b text"}, []any{"x"}), []string{"The table has other columns than before."}, []string{"Die Tabelle hat andere Spalten als zuvor."}},
		{"sums that differ by the order of their parts", rowsOf([]string{"n number"}, []any{0.1 + 0.2 + 0.3}), rowsOf([]string{"n number"}, []any{0.3 + 0.2 + 0.1}), nil, nil},
		{"the same number, written otherwise", rowsOf([]string{"a text", "n number"}, []any{"x", json.Number("10.50")}), rowsOf([]string{"a text", "n number"}, []any{"x", 10.5}), nil, nil},
		{"nothing before", rowsOf(cities), rowsOf(cities, []any{"Kiel", int64(3)}), []string{"New: Kiel (3)"}, []string{"Neu: Kiel (3)"}},
	} {
		require.Equal(t, c.en, said(Changes(c.before, c.after, "en")), c.name)
		require.Equal(t, c.de, said(Changes(c.before, c.after, "de")), c.name)
	}
}

func TestOfResultsThatWereCutItIsNotSaidWhatCameAndWent(t *testing.T) {
	t.Parallel()
	before := rowsOf([]string{"a text", "n integer"}, []any{"x", int64(1)}, []any{"y", int64(2)})
	after := rowsOf([]string{"a text", "n integer"}, []any{"x", int64(4)}, []any{"z", int64(2)})
	after.Truncated = true
	require.Equal(t, []string{"x: 1 → 4 (+300.0 %)"}, said(Changes(before, after, "en")))
	before.Rows[1][0], after.Rows[1][0] = "x", "x" // no key
	require.Equal(t, []string{"1 of the first 2 rows are others than before"}, said(Changes(before, after, "en")))
	require.Empty(t, Changes(after, after, "en"))
}

func TestTheLargestChangesAreSaid(t *testing.T) {
	t.Parallel()
	before, after := rowsOf([]string{"name text", "n integer"}), rowsOf([]string{"name text", "n integer"})
	for i := range 20 {
		before.Rows = append(before.Rows, []any{fmt.Sprint("shop ", i), int64(100)})
		after.Rows = append(after.Rows, []any{fmt.Sprint("shop ", i), int64(101 + i)})
	}
	got := Changes(before, after, "en")
	require.Len(t, got, maxSaid+1)
	require.Equal(t, "shop 19: 100 → 120 (+20.0 %)", got[0].Text)
	require.Equal(t, Change{ChangeRows, "and 12 more"}, got[maxSaid])
}

// tables are results as they come, with keys or without.
func tables(dice *rand.Rand) *models.Rows {
	t := rowsOf([]string{"name text", "day date", "n number", "id integer", "x"})
	names := 1 + dice.IntN(20)
	for range dice.IntN(25) {
		t.Rows = append(t.Rows, []any{fmt.Sprint("n", dice.IntN(names)), time.Unix(int64(dice.IntN(1e9)), 0).UTC().Format(time.DateOnly), odd(dice), int64(dice.IntN(30)), odd(dice)}[:3+dice.IntN(3)])
	}
	return t
}

func odd(dice *rand.Rand) any {
	all := []any{nil, math.NaN(), math.Inf(1), "NaN", "12.50", json.Number("1e400"), json.Number("-0.00"), "", "text", true, int64(7), 1e-300, 1e300, json.Number("99999999999999999999.5"), map[string]any{"a": 1}, dice.NormFloat64()}
	return all[dice.IntN(len(all))]
}

func shuffled(t *models.Rows, dice *rand.Rand) *models.Rows {
	out := &models.Rows{Columns: t.Columns, Truncated: t.Truncated}
	for _, i := range dice.Perm(len(t.Rows)) {
		out.Rows = append(out.Rows, t.Rows[i])
	}
	return out
}

func TestChangesAndDigestsDoNotDependOnTheOrderOfRows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		dice := rand.New(rand.NewPCG(seed, 1))
		a, b := tables(dice), tables(dice)
		require.Empty(t, Changes(a, a, "en"), seed)
		require.Empty(t, Changes(a, shuffled(a, dice), "de"), seed)
		require.Equal(t, Changes(a, b, "en"), Changes(shuffled(a, dice), shuffled(b, dice), "en"), seed)
		require.LessOrEqual(t, len(Changes(a, b, "en")), maxSaid+3)
		of := func(r *models.Rows) string { return Digest(Document{Sections: []Section{{Rows: r}}}) }
		require.Equal(t, of(a), of(shuffled(a, dice)), seed)
		if len(Changes(a, b, "en")) > 0 {
			require.NotEqual(t, of(a), of(b), "what is said to have changed has another digest")
		}
	}
}

func TestADigestIsOfWhatIsSaid(t *testing.T) {
	t.Parallel()
	of := func(change func(d *Document)) string {
		d := dashboard("en")
		change(&d)
		return Digest(d)
	}
	same := of(func(*Document) {})
	for name, change := range map[string]func(d *Document){
		"when":             func(d *Document) { d.At, d.Zone = d.At.Add(time.Hour), nil },
		"the language":     func(d *Document) { d.Locale = "de" },
		"around it":        func(d *Document) { d.Footer, d.Link, d.Subtitle = "", "", "Monday" },
		"what has changed": func(d *Document) { d.Sections[2].Changes, d.Sections[2].Since = nil, time.Time{} },
		"words about rows": func(d *Document) { d.Sections[2].Text = "France follows Germany." },
		"why it failed":    func(d *Document) { d.Sections[13].Failed = "The database did not answer within 31 seconds." },
		"a last digit":     func(d *Document) { d.Sections[2].Rows.Rows[0][1] = 820_400.0000001 },
	} {
		require.Equal(t, same, of(change), name)
	}
	for name, change := range map[string]func(d *Document){
		"a value":           func(d *Document) { d.Sections[2].Rows.Rows[0][1] = 820_401. },
		"a row":             func(d *Document) { d.Sections[2].Rows.Rows = d.Sections[2].Rows.Rows[1:] },
		"a text":            func(d *Document) { d.Sections[0].Text += "." },
		"a section":         func(d *Document) { d.Sections = d.Sections[1:] },
		"an end of failing": func(d *Document) { d.Sections[13].Failed = "" },
		"a title":           func(d *Document) { d.Sections[4].Title = "New" },
		"how many":          func(d *Document) { d.Sections[11].Total++ },
		"a cell with marks": func(d *Document) { d.Sections[11].Rows.Rows[0][1] = "a\x00b" },
	} {
		require.NotEqual(t, same, of(change), name)
	}
}

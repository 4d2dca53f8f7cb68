package insight

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func randomRows(r *rand.Rand) *models.Rows {
	rows := &models.Rows{}
	kinds := []string{}
	for i := range 1 + r.IntN(4) {
		k := []string{"label", "number", "money", "date", "month", "mixed", "nil"}[r.IntN(7)]
		kinds = append(kinds, k)
		rows.Columns = append(rows.Columns, models.Column{Name: fmt.Sprintf("%s_%d", k, i)})
	}
	for i := range r.IntN(30) {
		var row []any
		for _, k := range kinds {
			var v any
			switch k {
			case "label":
				v = fmt.Sprintf("Item 4%d-%d%%", i, r.IntN(99))
			case "number":
				v = int64(r.IntN(2_000_000) - 500_000)
			case "money":
				v = json.Number(fmt.Sprintf("%.4f", r.NormFloat64()*1e5))
			case "date":
				v = fmt.Sprintf("202%d-0%d-1%d", r.IntN(9), 1+r.IntN(9), r.IntN(9))
			case "month":
				v = fmt.Sprintf("20%02d-01-01T00:00:00Z", i)
			case "mixed":
				v = r.Float64()
			}
			row = append(row, v)
		}
		rows.Rows = append(rows.Rows, row)
	}
	return rows
}

func TestWriteIsAlwaysProven(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		rows := randomRows(r)
		facts := Facts(rows, today)
		text := Write("q", "u", rows, facts)
		for _, c := range CheckNumbers(text, rows, facts, nil) {
			require.True(t, c.Proven, "%q in %q rows %v", c.Text, text, rows.Rows)
			require.Equal(t, c.Text, text[c.Start:c.End])
		}
		_ = ChooseChart("share", rows, today)
	}
}

func TestWrongNumbersAreCaught(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	total, caught := 0, 0
	for range 1000 {
		rows := &models.Rows{Columns: []models.Column{{Name: "city"}, {Name: "revenue"}}}
		for i := range 10 {
			rows.Rows = append(rows.Rows, []any{fmt.Sprintf("City %d", i), json.Number(fmt.Sprintf("%.2f", 1000+r.Float64()*90000))})
		}
		facts := Facts(rows, today)
		v, _ := number(rows.Rows[r.IntN(10)][1])
		wrong := v * (1.01 + r.Float64()/5)
		for _, c := range CheckNumbers("The revenue was "+format(wrong, "revenue")+".", rows, facts, nil) {
			total++
			if !c.Proven {
				caught++
			}
		}
	}
	require.GreaterOrEqual(t, float64(caught)/float64(total), 0.95)
}

func TestCheckNumbersReadsForms(t *testing.T) {
	t.Parallel()
	rows := &models.Rows{Columns: []models.Column{{Name: "name"}, {Name: "total"}, {Name: "at"}, {Name: "rate"}},
		Rows: [][]any{{"Model 77", json.Number("1234567.891"), "2026-05-01T00:00:00Z", 0.4521}, {"B", int64(-42), "2025-04-03", 0.1}}}
	for text, proven := range map[string]bool{
		"$1,234,567.89": true, "1,234,568": true, "1.23M": true, "1.2 million": true, "1.3M": false, "1,234.6K": true,
		"45.2%": true, "45.21 percent": true, "46%": false, "-42": true, "−42": true, "42": false, "2026": true, "2024": false,
		"May 2026": true, "June 2026": false, "2025-04-03": true, "2025-04-04": false, "April 3, 2025": true, "April 4, 2025": false,
		"Model 77": true, "77": false, "2 rows": true, "3 rows": false, "top 7": true,
	} {
		cs := CheckNumbers("Here: "+text+".", rows, nil, []float64{7})
		require.Len(t, cs, 1, text)
		require.Equal(t, proven, cs[0].Proven, text)
	}
}

func TestFactsOverTime(t *testing.T) {
	t.Parallel()
	r := &models.Rows{Columns: []models.Column{{Name: "month"}, {Name: "revenue"}}}
	for i, v := range []float64{100, 110, 120, 130, 500, 150, 160, 170, 180} {
		r.Rows = append(r.Rows, []any{fmt.Sprintf("2026-0%d-01", i+1), v})
	}
	by := map[string]models.Fact{}
	for _, f := range Facts(r, today) {
		by[f.ID] = f
	}
	require.InDelta(t, 80, by["change_pct:revenue"].Value, 1e-9)
	require.InDelta(t, 10, by["trend:revenue"].Value, 1e-9)
	require.Equal(t, 4, *by["outlier1:revenue"].Row)
	require.Equal(t, "Revenue rose from 100 (January 2026) to 180 (September 2026), a change of 80.0%. The highest value was 500 (May 2026). Over 9 periods it adds up to 1,620.", Write("", "", r, Facts(r, today)))
}

func TestAPeriodThatIsNotOverIsNotCompared(t *testing.T) {
	t.Parallel()
	tests := []struct {
		periods []string
		open    string
	}{
		{[]string{"2026-09-01", "2026-10-01", "2026-11-01"}, "November 2026 is not over yet: 12 so far."},
		{[]string{"2026-01-01", "2026-04-01", "2026-07-01"}, ""}, // quarters that are over
		{[]string{"2026-01-01", "2026-04-01", "2026-10-01"}, "October 2026 is not over yet: 12 so far."},
		{[]string{"2024-01-01", "2025-01-01", "2026-01-01"}, "2026 is not over yet: 12 so far."},
		{[]string{"2026-11-09", "2026-11-16", "2026-11-23"}, "2026-11-23 is not over yet: 12 so far."},
		{[]string{"2026-11-23", "2026-11-24", "2026-11-25"}, "2026-11-25 is not over yet: 12 so far."},
		{[]string{"2026-11-22", "2026-11-23", "2026-11-24"}, ""},
		{[]string{"2026-10-01", "2026-11-01", "2026-12-01"}, ""}, // a forecast
		{[]string{"2026-10-01", "2026-11-01"}, ""},
	}
	for _, test := range tests {
		r := &models.Rows{Columns: []models.Column{{Name: "period"}, {Name: "orders"}}}
		for i, p := range test.periods {
			r.Rows = append(r.Rows, []any{p, int64(10 + i)})
		}
		facts := Facts(r, today)
		text := Write("", "", r, facts)
		if test.open == "" {
			require.NotContains(t, text, "not over")
			continue
		}
		require.Contains(t, text, test.open)
		require.Contains(t, text, " to 11 (", "the comparison ends before it")
		for _, n := range CheckNumbers(text, r, facts, nil) {
			require.True(t, n.Proven, n.Text)
		}
	}
}

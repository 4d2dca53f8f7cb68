package insight

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

// Each number of a text leads to where it comes from.
func TestNumbersAreLinked(t *testing.T) {
	t.Parallel()
	rows := table([]string{"month", "orders_2x"}, []any{"2026-01-01", int64(100)}, []any{"2026-02-01", int64(170)}, []any{"2026-03-01", int64(130)})
	facts := Facts(rows, today)
	check := func(text string) models.NumberCheck {
		t.Helper()
		all := CheckNumbers(text, rows, facts, []float64{7})
		require.Len(t, all, 1)
		return all[0]
	}
	cell := check("170 orders")
	require.Equal(t, models.FromCell, cell.Source)
	require.Equal(t, 1, *cell.Row)
	require.Equal(t, "orders_2x", cell.Column)
	require.Nil(t, cell.FactIndex)

	total := check("400 in all")
	require.Equal(t, models.FromFact, total.Source)
	require.Equal(t, "total:orders_2x", total.Fact)
	require.Equal(t, total.Fact, facts[*total.FactIndex].ID)
	require.Equal(t, models.OfAll, facts[*total.FactIndex].Of)

	change := check("up by 30%")
	require.Equal(t, "change_pct:orders_2x", change.Fact)
	require.Equal(t, []int{0, 2}, facts[*change.FactIndex].Rows, "from the first to the last")
	require.Equal(t, models.OfRows, facts[*change.FactIndex].Of)

	count := check("3 rows")
	require.Equal(t, "count", facts[*count.FactIndex].ID)
	require.Equal(t, models.FromQuestion, check("top 7").Source)
	require.Equal(t, models.FromName, check("orders 2x").Source)

	wrong := check("999 orders")
	require.False(t, wrong.Proven)
	require.Empty(t, wrong.Source)
}

func TestEveryFactSaysWhatItIsMadeOf(t *testing.T) {
	t.Parallel()
	rows := table([]string{"month", "revenue"})
	for i, v := range []float64{100, 110, 120, 130, 500, 150, 160, 170, 180} {
		rows.Rows = append(rows.Rows, []any{someMonths(9)[i], v})
	}
	for _, f := range Facts(rows, today) {
		require.NotEmpty(t, f.Of, f.ID)
		require.Equal(t, f.Of == models.OfRows, len(f.Rows) > 0, f.ID)
	}
}

package insight

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func table(columns []string, rows ...[]any) *models.Rows {
	r := &models.Rows{Rows: rows}
	for _, c := range columns {
		r.Columns = append(r.Columns, models.Column{Name: c})
	}
	return r
}

// each makes a row for each value, with a number that falls from row to row.
func each[T any](values ...T) (rows [][]any) {
	for i, v := range values {
		rows = append(rows, []any{v, int64(1000 - 7*i)})
	}
	return rows
}

// cross makes a row for each pair.
func cross(a, b []any) (rows [][]any) {
	for i, x := range a {
		for j, y := range b {
			rows = append(rows, []any{x, y, int64(10 + 3*i + j)})
		}
	}
	return rows
}

func someMonths(n int) (out []any) {
	for i := range n {
		out = append(out, fmt.Sprintf("%d-%02d-01", 2024+i/12, 1+i%12))
	}
	return out
}

func names(prefix string, n int) (out []any) {
	for i := range n {
		out = append(out, fmt.Sprintf("%s %c%c", prefix, 'A'+i%26, 'A'+i/26))
	}
	return out
}

func TestCharts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, question string
		rows           *models.Rows
		want           []models.ChartType // the chosen one first, then the others
	}{
		{"no rows", "", table([]string{"n"}), nil},
		{"no measure", "", table([]string{"a"}, []any{"x"}, []any{"y"}), nil},
		{"one number", "", table([]string{"n"}, []any{int64(3)}), kinds(models.ChartSingle)},
		{"one number and its earlier one", "", table([]string{"revenue", "previous_revenue"}, []any{int64(3), int64(2)}), kinds(models.ChartSingle)},
		{"one row of unrelated numbers", "", table([]string{"orders", "revenue"}, []any{int64(3), int64(2)}), nil},
		{"months", "", table([]string{"month", "orders"}, each(someMonths(6)...)...), kinds(models.ChartLine, models.ChartBar, models.ChartArea)},
		{"many days", "", table([]string{"at", "price"}, each(someDays("2026-%02d-%02dT10:00:00Z", 100)...)...), kinds(models.ChartLine)},
		{"an area asked for", "cumulative orders by month", table([]string{"month", "orders"}, each(someMonths(6)...)...), kinds(models.ChartArea, models.ChartLine, models.ChartBar)},
		{"an average has no area", "area of it", table([]string{"month", "avg_price"}, each(someMonths(6)...)...), kinds(models.ChartLine, models.ChartBar)},
		{"months that are missing", "", table([]string{"month", "orders"}, each[any]("2026-01-01", "2026-02-01", "2026-07-01")...), kinds(models.ChartBar)},
		{"two periods", "", table([]string{"year", "orders"}, each[any](int64(2024), int64(2025))...), kinds(models.ChartLine, models.ChartBar, models.ChartArea, models.ChartSingle)},
		{"two periods compared", "orders this year compared with last year", table([]string{"year", "orders"}, each[any](int64(2024), int64(2025))...), kinds(models.ChartSingle, models.ChartLine, models.ChartBar, models.ChartArea)},
		{"a moment twice", "", table([]string{"month", "orders"}, each[any]("2026-01-01", "2026-01-01")...), nil},
		{"series over time", "", table([]string{"month", "city", "orders"}, cross(someMonths(6), names("city", 3))...), kinds(models.ChartLine, models.ChartStacked, models.ChartArea, models.ChartHeatmap)},
		{"shares over time", "share of each city by month", table([]string{"month", "city", "orders"}, cross(someMonths(6), names("city", 3))...), kinds(models.ChartStacked, models.ChartLine, models.ChartArea, models.ChartHeatmap)},
		{"series with holes have no area", "", table([]string{"month", "city", "orders"}, cross(someMonths(6), names("city", 3))[1:]...), kinds(models.ChartLine, models.ChartStacked, models.ChartHeatmap)},
		{"averages are not stacked", "", table([]string{"month", "city", "avg_price"}, cross(someMonths(6), names("city", 3))...), kinds(models.ChartLine, models.ChartHeatmap)},
		{"too many series", "", table([]string{"month", "city", "orders"}, cross(someMonths(3), names("city", 20))...), kinds(models.ChartHeatmap)},
		{"far too many series", "", table([]string{"month", "city", "orders"}, cross(someMonths(3), names("city", 60))...), nil},
		{"years by month", "", table([]string{"year", "month", "orders"}, cross([]any{int64(2024), int64(2025)}, []any{int64(1), int64(2), int64(3)})...), kinds(models.ChartLine, models.ChartStacked, models.ChartArea, models.ChartHeatmap)},
		{"categories", "", table([]string{"city", "orders"}, each("A", "B", "C")...), kinds(models.ChartBar, models.ChartPie)},
		{"shares", "share of each city", table([]string{"city", "orders"}, each("A", "B", "C")...), kinds(models.ChartPie, models.ChartBar)},
		{"the top ones are not the whole", "share of the top 3 cities", table([]string{"city", "orders"}, each("A", "B", "C")...), kinds(models.ChartBar)},
		{"averages have no shares", "share of avg price by city", table([]string{"city", "avg_price"}, each("A", "B", "C")...), kinds(models.ChartBar)},
		{"too many slices", "share of each city", table([]string{"city", "orders"}, each(names("c", 7)...)...), kinds(models.ChartBar)},
		{"a loss is no part", "share of profit", table([]string{"city", "profit"}, []any{"A", int64(3)}, []any{"B", int64(-2)}), kinds(models.ChartBar)},
		{"too many categories", "", table([]string{"city", "orders"}, each(names("c", 41)...)...), nil},
		{"a category twice", "", table([]string{"city", "orders"}, each("A", "A")...), nil},
		{"two measures of one scale", "", table([]string{"city", "orders", "returns"}, []any{"A", int64(3), int64(1)}, []any{"B", int64(4), int64(1)}), kinds(models.ChartGrouped)},
		{"two measures of two scales", "", table([]string{"city", "orders", "revenue"}, []any{"A", int64(3), int64(9000)}, []any{"B", int64(4), int64(8000)}, []any{"C", int64(4), int64(8000)}), kinds(models.ChartBar, models.ChartScatter)},
		{"two measures against each other", "price versus quantity", table([]string{"product", "price", "quantity"}, []any{"A", int64(3), int64(1)}, []any{"B", int64(4), int64(1)}, []any{"C", int64(4), int64(2)}), kinds(models.ChartScatter, models.ChartBar)},
		{"pairs", "", table([]string{"city", "status", "orders"}, cross(names("city", 5), names("s", 3))...), kinds(models.ChartGrouped, models.ChartHeatmap, models.ChartStacked)},
		{"pairs stacked", "stacked orders by city and status", table([]string{"city", "status", "orders"}, cross(names("city", 5), names("s", 3))...), kinds(models.ChartStacked, models.ChartGrouped, models.ChartHeatmap)},
		{"many pairs", "", table([]string{"city", "product", "orders"}, cross(names("city", 10), names("p", 9))...), kinds(models.ChartHeatmap)},
		{"a pair twice", "", table([]string{"city", "status", "orders"}, []any{"A", "x", int64(1)}, []any{"A", "x", int64(2)}), nil},
		{"two measures without names", "", table([]string{"a", "b"}, []any{1.5, 2.0}, []any{2.5, 3.0}, []any{3.5, 3.0}), kinds(models.ChartScatter)},
		{"a distribution", "", table([]string{"stars", "reviews"}, each(int64(1), int64(2), int64(3), int64(4))...), kinds(models.ChartBar, models.ChartScatter)},
		{"three measures without names", "", table([]string{"a", "b", "c"}, []any{1.5, 2.0, 3.0}, []any{2.5, 2.0, 3.0}, []any{3.5, 2.0, 3.0}), nil},
		{"stages", "", table([]string{"stage", "users"}, each("visit", "cart", "order")...), kinds(models.ChartBar, models.ChartFunnel, models.ChartPie)},
		{"a funnel", "conversion funnel", table([]string{"event", "users"}, each("visit", "cart", "order")...), kinds(models.ChartFunnel, models.ChartBar, models.ChartPie)},
		{"a funnel that widens", "conversion funnel", table([]string{"stage", "users"}, []any{"a", int64(3)}, []any{"b", int64(5)}, []any{"c", int64(1)}), kinds(models.ChartBar, models.ChartPie)},
		{"countries", "orders by country", table([]string{"country_code", "orders"}, each("DE", "FR", "US", "JP", "BR")...), kinds(models.ChartMap, models.ChartBar, models.ChartPie)},
		{"countries of three letters", "", table([]string{"country", "orders"}, each("DEU", "FRA", "USA", "JPN", "BRA")...), kinds(models.ChartMap, models.ChartBar, models.ChartPie)},
		{"countries ranked", "top 5 countries", table([]string{"country", "orders"}, each("DE", "FR", "US", "JP", "BR")...), kinds(models.ChartBar, models.ChartMap)},
		{"states are no countries", "", table([]string{"state", "orders"}, each("CA", "DE", "IN", "GA", "AL")...), kinds(models.ChartBar, models.ChartPie)},
		{"unknown codes", "", table([]string{"country", "orders"}, each("DE", "FR", "US", "JP", "QQ")...), kinds(models.ChartBar, models.ChartPie)},
		{"names of countries", "", table([]string{"country", "orders"}, each("Germany", "France")...), kinds(models.ChartBar, models.ChartPie)},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			var got []models.ChartType
			if chart := ChooseChart(test.question, test.rows, today); chart != nil {
				got = append(got, chart.Type)
				for _, a := range chart.Alternatives {
					got = append(got, a.Type)
				}
			}
			require.Equal(t, test.want, got)
			test.rows.Truncated = true
			require.Nil(t, ChooseChart(test.question, test.rows, today), "of a result that was cut")
		})
	}
}

func kinds(all ...models.ChartType) []models.ChartType { return all }

// someDays makes distinct days.
func someDays(form string, n int) (out []any) {
	for i := range n {
		out = append(out, fmt.Sprintf(form, 1+i/28, 1+i%28))
	}
	return out
}

func TestChartsNameTheirParts(t *testing.T) {
	t.Parallel()
	now := ChooseChart("", table([]string{"revenue", "previous_revenue"}, []any{int64(3), int64(2)}), today)
	require.Equal(t, &models.Cell{Column: "revenue"}, now.Value)
	require.Equal(t, &models.Cell{Column: "previous_revenue"}, now.Previous)

	two := ChooseChart("compared", table([]string{"year", "orders"}, each[any](int64(2025), int64(2024))...), today)
	require.Equal(t, &models.Cell{Row: 0, Column: "orders"}, two.Value, "the later one, wherever it stands")
	require.Equal(t, &models.Cell{Row: 1, Column: "orders"}, two.Previous)

	open := ChooseChart("", table([]string{"month", "orders"}, each[any]("2026-09-01", "2026-10-01", "2026-11-01")...), today)
	require.Equal(t, 2, *open.Partial)

	countries := ChooseChart("", table([]string{"country", "orders"}, each("DEU", "FRA", "USA", "JPN", "BRA")...), today)
	require.Equal(t, models.RegionAlpha3, countries.Region)

	points := ChooseChart("price versus quantity", table([]string{"product", "price", "quantity"}, []any{"A", int64(3), int64(1)}, []any{"B", int64(4), int64(1)}, []any{"C", int64(4), int64(2)}), today)
	require.Equal(t, "product", points.Label)
	require.Equal(t, []string{"price", "quantity"}, append([]string{points.X}, points.Y...))

	for column, format := range map[string]string{"orders": models.FormatNumber, "return_rate": models.FormatRatio, "pct_returned": models.FormatPercent} {
		require.Equal(t, format, ChooseChart("", table([]string{"city", column}, []any{"A", 0.5}, []any{"B", 0.25}), today).Format)
	}
	require.Equal(t, models.FormatNumber, ChooseChart("", table([]string{"city", "hourly_rate"}, []any{"A", 50.0}, []any{"B", 25.0}), today).Format)
}

// Whatever the rows, a chart names columns that exist, in roles that they have.
func TestChartsFitTheirRows(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	charts := 0
	for range 3000 {
		rows := randomRows(r)
		chart := ChooseChart("share of the stages compared on a map", rows, today)
		if chart == nil {
			continue
		}
		charts++
		columns := map[string]bool{"": true}
		for _, c := range rows.Columns {
			columns[c.Name] = true
		}
		seen := map[models.ChartType]bool{}
		for _, spec := range append([]models.ChartSpec{chart.ChartSpec}, chart.Alternatives...) {
			require.False(t, seen[spec.Type], "%s twice", spec.Type)
			seen[spec.Type] = true
			require.NotEmpty(t, spec.Y)
			for _, name := range append([]string{spec.X, spec.Series, spec.Label}, spec.Y...) {
				require.True(t, columns[name], name)
			}
		}
	}
	require.Greater(t, charts, 100)
}

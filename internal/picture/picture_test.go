package picture

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

var keep = flag.String("keep", "", "directory to write the pictures to, for looking at them")

func rowsOf(columns []string, rows ...[]any) *models.Rows {
	r := &models.Rows{Rows: rows}
	for _, c := range columns {
		r.Columns = append(r.Columns, models.Column{Name: c, Type: "text"})
	}
	return r
}

func months(n int, f func(i int) []any) (rows [][]any) {
	for i := range n {
		rows = append(rows, append([]any{time.Date(2025, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}, f(i)...))
	}
	return rows
}

// pictures are one of each kind, with data as it comes.
func pictures() map[string]struct {
	spec models.ChartSpec
	rows *models.Rows
	o    Options
} {
	type one = struct {
		spec models.ChartSpec
		rows *models.Rows
		o    Options
	}
	limit, partial := 118_000., 11
	split := &models.Rows{Columns: []models.Column{{Name: "month"}, {Name: "region"}, {Name: "revenue"}}}
	for i := range 12 {
		for j, region := range []string{"North", "South", "West"} {
			split.Rows = append(split.Rows, []any{time.Date(2025, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), region, 40_000 + 3000*float64(i) + 9000*float64(j) + 6000*math.Sin(float64(i*(j+1)))})
		}
	}
	scatter := &models.Rows{Columns: []models.Column{{Name: "orders"}, {Name: "spent"}}}
	dice := rand.New(rand.NewPCG(1, 2))
	for range 120 {
		x := dice.Float64() * 60
		scatter.Rows = append(scatter.Rows, []any{x, x*34 + dice.NormFloat64()*300})
	}
	heat := &models.Rows{Columns: []models.Column{{Name: "hour"}, {Name: "weekday"}, {Name: "visits"}}}
	for _, day := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		for hour := range 12 {
			heat.Rows = append(heat.Rows, []any{fmt.Sprintf("%02d:00", 8+hour), day, float64(dice.IntN(900))})
		}
	}
	return map[string]one{
		"line": {models.ChartSpec{Type: models.ChartLine, X: "month", Y: []string{"revenue"}, XType: models.AxisTime, Partial: &partial},
			rowsOf([]string{"month", "revenue"}, months(12, func(i int) []any { return []any{90_000 + 4000*float64(i) - 70_000*float64(i/11)} })...), Options{Title: "Revenue by month", Limit: &limit, LimitName: "above 118,000"}},
		"lines":   {models.ChartSpec{Type: models.ChartLine, X: "month", Y: []string{"revenue"}, Series: "region", XType: models.AxisTime}, split, Options{Title: "Revenue by month and region"}},
		"area":    {models.ChartSpec{Type: models.ChartArea, X: "month", Y: []string{"revenue"}, Series: "region", XType: models.AxisTime}, split, Options{Title: "Revenue, stacked"}},
		"stacked": {models.ChartSpec{Type: models.ChartStacked, X: "month", Y: []string{"revenue"}, Series: "region", XType: models.AxisTime}, split, Options{Title: "Revenue by month and region"}},
		"bar": {models.ChartSpec{Type: models.ChartBar, X: "country", Y: []string{"revenue"}, XType: models.AxisCategory},
			rowsOf([]string{"country", "revenue"}, []any{"Germany", 820_400.}, []any{"France", 610_200.}, []any{"Japan", 402_000.}, []any{"Peru", 95_000.}, []any{"Italy", -42_000.}), Options{Title: "Revenue by country"}},
		"grouped": {models.ChartSpec{Type: models.ChartGrouped, X: "quarter", Y: []string{"planned", "actual"}, XType: models.AxisCategory, Format: models.FormatPercent},
			rowsOf([]string{"quarter", "planned", "actual"}, []any{"Q1", 12., 11.5}, []any{"Q2", 14., 15.25}, []any{"Q3", 15., nil}, []any{"Q4", 18., 17.}), Options{Title: "Margin, planned and actual"}},
		"lying": {models.ChartSpec{Type: models.ChartBar, X: "product", Y: []string{"units"}, XType: models.AxisCategory, Horizontal: true},
			rowsOf([]string{"product", "units"}, []any{"Stainless steel water bottle, 750 ml", int64(9120)}, []any{"Canvas tote bag", int64(7011)}, []any{"Notebook, dotted, A5, recycled paper, blue", int64(6500)},
				[]any{"Pen", int64(1200)}, []any{"Backpack", int64(640)}, []any{"Umbrella", int64(33)}), Options{Title: "Best-selling products"}},
		"pie": {models.ChartSpec{Type: models.ChartPie, X: "channel", Y: []string{"orders"}, XType: models.AxisCategory},
			rowsOf([]string{"channel", "orders"}, []any{"Web", 5210.}, []any{"App", 3120.}, []any{"Store", 1800.}, []any{"Phone", 220.}), Options{Title: "Orders by channel"}},
		"scatter": {models.ChartSpec{Type: models.ChartScatter, X: "orders", Y: []string{"spent"}, XType: models.AxisNumber}, scatter, Options{Title: "Orders and spending of customers"}},
		"heatmap": {models.ChartSpec{Type: models.ChartHeatmap, X: "hour", Y: []string{"visits"}, Series: "weekday", XType: models.AxisCategory}, heat, Options{Title: "Visits by weekday and hour"}},
		"single": {models.ChartSpec{Type: models.ChartSingle, Y: []string{"refund_rate"}, Value: &models.Cell{Column: "refund_rate"}, Previous: &models.Cell{Column: "last_week"}, Format: models.FormatRatio},
			rowsOf([]string{"refund_rate", "last_week"}, []any{0.0412, 0.0287}), Options{Title: "Refunds this week"}},
		"words": {models.ChartSpec{Type: models.ChartBar, X: "city", Y: []string{"人数"}, XType: models.AxisCategory},
			rowsOf([]string{"city", "人数"}, []any{"東京", 13.9e6}, []any{"القاهرة", 10.1e6}, []any{"Zürich 🚀", 0.4e6}, []any{"Москва", 13.1e6}, []any{"Αθήνα", 3.1e6}, []any{"🎉", 1.1e6}), Options{Title: "Cities 🌍 of the world"}},
		"days": {models.ChartSpec{Type: models.ChartLine, X: "day", Y: []string{"errors"}, XType: models.AxisTime}, days(), Options{Title: "Errors a day"}},
	}
}

func days() *models.Rows {
	r := rowsOf([]string{"day", "errors"})
	dice := rand.New(rand.NewPCG(3, 4))
	for i := range 90 {
		if i > 40 && i < 48 {
			continue // a week without data
		}
		r.Rows = append(r.Rows, []any{time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), float64(dice.IntN(40))})
	}
	return r
}

func TestEachKindOfChartIsDrawn(t *testing.T) {
	t.Parallel()
	for name, c := range pictures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := Chart(c.spec, c.rows, c.o)
			require.NoError(t, err)
			image, err := png.Decode(bytes.NewReader(raw))
			require.NoError(t, err)
			require.Equal(t, Width*Scale, image.Bounds().Dx())
			require.LessOrEqual(t, image.Bounds().Dy(), maxHeight*Scale)
			require.Less(t, len(raw), 400<<10)
			if *keep != "" {
				require.NoError(t, os.WriteFile(filepath.Join(*keep, name+".png"), raw, 0o644))
			}
		})
	}
}

func TestPicturesAreInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	de := languageOf("de")
	require.Equal(t, "1.204,5", de.numbers(grouped)(1204.5))
	require.Equal(t, "1,2 Mio.", de.numbers(compact)(1.2e6))
	require.Equal(t, "4,12 %", de.write("4.12%"))
	at := time.Date(2026, 3, 7, 9, 5, 0, 0, time.UTC)
	require.Equal(t, "März 2026", de.moment(at, layoutMonth))
	require.Equal(t, "7.3.2026", de.moment(at, layoutDay))
	require.Equal(t, "7.3. 09:05", de.moment(at, layoutTime))
	require.Equal(t, "7 Mar 2026", languageOf("en").moment(at, layoutDay))
	for name, c := range pictures() {
		c.o.Locale = "de"
		raw, err := Chart(c.spec, c.rows, c.o)
		require.NoError(t, err)
		if *keep != "" {
			require.NoError(t, os.WriteFile(filepath.Join(*keep, name+"-de.png"), raw, 0o644))
		}
	}
}

func TestWhatCannotBeDrawnSaysSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec models.ChartSpec
		rows *models.Rows
	}{
		"no rows":            {models.ChartSpec{Type: models.ChartBar, X: "a", Y: []string{"b"}}, rowsOf([]string{"a", "b"})},
		"nothing":            {models.ChartSpec{Type: models.ChartBar}, nil},
		"no such column":     {models.ChartSpec{Type: models.ChartLine, X: "a", Y: []string{"c"}}, rowsOf([]string{"a", "b"}, []any{"x", 1.})},
		"no numbers":         {models.ChartSpec{Type: models.ChartLine, X: "a", Y: []string{"b"}}, rowsOf([]string{"a", "b"}, []any{"x", "y"}, []any{"z", nil})},
		"a cell that is not": {models.ChartSpec{Type: models.ChartSingle, Y: []string{"b"}, Value: &models.Cell{Row: 7, Column: "b"}}, rowsOf([]string{"a", "b"}, []any{"x", 1.})},
	} {
		_, err := Chart(c.spec, c.rows, Options{})
		require.ErrorIs(t, err, ErrNone, name)
	}
}

// Whatever a database returns, nothing panics and nothing grows without bounds.
func FuzzChart(f *testing.F) {
	for seed := range uint64(24) {
		f.Add(seed, uint8(seed), "label", 1.5)
	}
	f.Add(uint64(7), uint8(3), "\x00\u202e\U0001F600", math.Inf(1))
	f.Add(uint64(9), uint8(1), "東京", math.NaN())
	f.Add(uint64(11), uint8(4), "x", math.MaxFloat64)
	f.Fuzz(func(t *testing.T, seed uint64, kind uint8, label string, value float64) {
		dice := rand.New(rand.NewPCG(seed, 1))
		all := []models.ChartType{models.ChartLine, models.ChartArea, models.ChartBar, models.ChartStacked, models.ChartGrouped, models.ChartPie, models.ChartScatter,
			models.ChartHeatmap, models.ChartSingle, models.ChartFunnel, models.ChartMap, "unknown"}
		odd := func() any {
			switch dice.IntN(12) {
			case 0:
				return nil
			case 1:
				return label
			case 2:
				return value
			case 3:
				return -value
			case 4:
				return int64(dice.Uint64())
			case 5:
				return time.Unix(int64(dice.IntN(2e9)), 0).UTC().Format(time.RFC3339)
			case 6:
				return true
			case 7:
				return 0.
			case 8:
				return label + label
			}
			return dice.NormFloat64() * math.Pow(10, float64(dice.IntN(40)-20))
		}
		rows := rowsOf([]string{"a", "b", "c"})
		for range dice.IntN(60) {
			row := make([]any, dice.IntN(4))
			for i := range row {
				row[i] = odd()
			}
			rows.Rows = append(rows.Rows, row)
		}
		partial := dice.IntN(70) - 5
		spec := models.ChartSpec{Type: all[int(kind)%len(all)], X: "a", Y: []string{"b"}, Horizontal: dice.IntN(2) == 0, Partial: &partial,
			Value: &models.Cell{Row: dice.IntN(9) - 1, Column: "b"}, Previous: &models.Cell{Row: dice.IntN(9), Column: "c"}}
		if dice.IntN(2) == 0 {
			spec.Series = "c"
		} else {
			spec.Y = append(spec.Y, "c", "a")
		}
		_, err := draw(spec, rows, Options{Title: label, Limit: &value, LimitName: label})
		if err != nil {
			require.ErrorIs(t, err, ErrNone)
		}
	})
}

package alert

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/picture"
	"github.com/datamind/datamind/models"
)

func number64(v float64) *float64 { return &v }

// What an alert tells has a chart where there is more to see than one value.
func TestChartsOfAlerts(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 3, 8, 0, 0, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	one := []models.AlertValue{{Value: number64(4.1), High: number64(3), Breach: true}}
	value := &models.Rows{Columns: []models.Column{{Name: "share", Type: "number"}}, Rows: [][]any{{"4.1"}}}
	series := &models.Rows{Columns: []models.Column{{Name: "day", Type: "date"}, {Name: "revenue", Type: "number"}},
		Rows: [][]any{{"2026-03-01", "100"}, {"2026-03-02", "90"}, {"2026-03-03", "10"}}}
	past := []Sample{{At: at.AddDate(0, 0, -2), Values: []models.AlertValue{{Value: number64(1)}}}, {At: at.AddDate(0, 0, -1), Values: []models.AlertValue{{Text: "NULL"}}}}
	for name, test := range map[string]struct {
		condition models.AlertCondition
		view      View
		values    []models.AlertValue
		rows      [][]any // nil for no chart
		limit     string
	}{
		"earlier runs in the alert's zone, without those that had no value": {models.AlertCondition{Kind: models.ConditionThreshold, Limit: 3, Unit: "%"},
			View{Rows: value, Past: past, At: at, Zone: berlin}, one, [][]any{{"2026-03-01T09:00:00", 1.}, {"2026-03-03T09:00:00", 4.1}}, "limit 3 %"},
		"the first run": {models.AlertCondition{Kind: models.ConditionThreshold, Limit: 3}, View{Rows: value, At: at, Zone: berlin}, one, nil, ""},
		"a series with the bound that it broke": {models.AlertCondition{Kind: models.ConditionBand, Rows: models.RowsLast, Op: models.OpEither}, View{Rows: series, At: at, Zone: berlin},
			[]models.AlertValue{{Value: number64(10), Low: number64(80), High: number64(120), Breach: true}},
			[][]any{{"2026-03-01T00:00:00", 100.}, {"2026-03-02T00:00:00", 90.}, {"2026-03-03T00:00:00", 10.}}, "at least 80"},
		"keys, those that fire first": {models.AlertCondition{Kind: models.ConditionThreshold, Rows: models.RowsEach, Limit: 3}, View{Rows: series, At: at, Zone: berlin},
			[]models.AlertValue{{Key: "north", Value: number64(1), High: number64(3)}, {Key: "none"}, {Key: "south", Value: number64(5), High: number64(3), Breach: true}},
			[][]any{{"south", 5.}, {"north", 1.}}, "limit 3"},
		"rows that came": {models.AlertCondition{Kind: models.ConditionRows}, View{Rows: series, At: at, Zone: berlin}, one, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chart, ok := ChartOf(&models.Alert{Condition: test.condition}, test.view, test.values)
			require.Equal(t, test.rows != nil, ok)
			if !ok {
				return
			}
			require.Equal(t, test.rows, chart.Rows.Rows)
			require.Equal(t, test.limit, chart.LimitName)
			png, err := picture.Chart(chart.Spec, chart.Rows, picture.Options{Limit: chart.Limit, LimitName: chart.LimitName})
			require.NoError(t, err)
			require.NotEmpty(t, png)
		})
	}
}

package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestAMessageOfAReport(t *testing.T) {
	t.Parallel()
	d := dashboard("de")
	ids := make([]string, len(d.Sections))
	ids[1], ids[2] = "one", "two"
	m := Message(d, ids)
	require.Equal(t, "one", m.PictureID)
	require.Equal(t, "de", m.Locale)
	require.Equal(t, models.SeverityInfo, m.Severity)
	require.Len(t, m.Sections, len(d.Sections))
	require.Equal(t, "Everything that the Monday round looks at. Region: all, channel: all.\n23.11.2026, 08:00 CET", m.Text)
	about, country, orders := m.Sections[0], m.Sections[2], m.Sections[11]
	require.Contains(t, about.Text, "Revenue without refunds, from the ledger (https://data.example.com/ledger).")
	require.Contains(t, about.Text, "• West reports weekly:\n  1. on Mondays\n  2. before noon")
	require.Equal(t, "two", country.PictureID)
	require.Equal(t, [][]string{{"Germany", "820.400"}, {"France", "610.200"}, {"Japan", "402.000"}, {"Peru", "95.000"}, {"Italy", "-42.000"}}, country.Rows)
	require.Contains(t, country.Changes, "Germany: 717.000 → 820.400 (+14,4 %)")
	require.Equal(t, "16.11.2026, 08:00 CET", country.Since)
	require.Len(t, orders.Rows, messageRows)
	require.Equal(t, 5120-messageRows, orders.More)
	require.Equal(t, "null", orders.Rows[0][5])
	require.Contains(t, m.Sections[13].Failed, "30 seconds")
	require.Equal(t, m, m.Bounded())
}

func TestAMessageOfAnythingIsBounded(t *testing.T) {
	t.Parallel()
	d := hostile()
	for i := range d.Sections {
		d.Sections[i].Text = strings.Repeat("long ü ", 3000)
	}
	m := Message(d, nil)
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	require.Less(t, len(raw), 600<<10)
	require.False(t, strings.Contains(strings.ReplaceAll(string(raw), `\\`, ""), `\u0000`), "no jsonb can hold it")
}

func TestPicturesAreThoseOfTheSections(t *testing.T) {
	t.Parallel()
	d := dashboard("en")
	d.Sections[3].Chart = &models.ChartSpec{Type: models.ChartLine, X: "no such column", Y: []string{"revenue"}}
	all, err := Pictures(d)
	require.NoError(t, err)
	require.Len(t, all, len(d.Sections))
	for i, png := range all {
		require.Equal(t, i >= 1 && i <= 10 && i != 3, png != nil, "section %d", i)
	}
}

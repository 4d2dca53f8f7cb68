package activities

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestHints(t *testing.T) {
	t.Parallel()
	notes := &models.Notes{
		Metrics: []models.Metric{{Name: "net revenue", SchemaName: "public", TableName: "orders", Expression: "sum(total)", Filter: "status <> 'cancelled'", Description: "After returns"}},
		Terms:   []models.GlossaryTerm{{Term: "churned", Meaning: "Has left"}},
		Notes:   []models.CatalogNote{{SchemaName: "public", TableName: "orders", ColumnName: "total", Synonyms: []string{"turnover"}, Description: "Gross"}},
	}
	require.Equal(t, `Column public.orders.total, also called turnover (Gross)
Metric "net revenue": sum(total) over public.orders where status <> 'cancelled' (After returns)
Term "churned" (Has left)
`, hints(notes, "Turnover by month"), "what the question names comes first")
	require.Empty(t, hints(&models.Notes{}, "x"))
	notes.Terms[0].Meaning = strings.Repeat("x", 2*maxHints)
	require.NotContains(t, hints(notes, "x"), "churned")
}

package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	cat := &models.Catalog{Tables: []models.Table{
		{Schema: "public", Name: "customers", Comment: "Who buys from us", Columns: []models.CatalogColumn{
			{Name: "id"}, {Name: "country", Type: "text", Values: []string{"Germany", "France"}}, {Name: "email", Values: []string{"ann@example.com"}, Masked: true}}},
		{Schema: "public", Name: "orders", Columns: []models.CatalogColumn{{Name: "customer_id"}, {Name: "total", Type: "numeric", Comment: "Net of returns"}}},
	}}
	notes := []models.CatalogNote{{SchemaName: "public", TableName: "orders", ColumnName: "total", Synonyms: []string{"turnover"}, Description: "What was paid"},
		{SchemaName: "public", TableName: "gone", Synonyms: []string{"ghost"}}}
	for query, want := range map[string]string{
		"customers": "customers.", "Customer": "customers.", "country": "customers.country", "germany": "customers.country", "turnover": "orders.total",
		"net returns": "orders.total", "orders total": "orders.total", "orders.total": "orders.total", "paid": "orders.total", "buys": "customers.",
		"customer id": "orders.customer_id",
	} {
		hits := Search(cat, notes, query, 10)
		require.NotEmpty(t, hits, query)
		require.Equal(t, want, hits[0].Table+"."+hits[0].Column, query)
	}
	for _, nothing := range []string{"", "  ", "ann@example.com", "ghost", "orders germany"} {
		require.Empty(t, Search(cat, notes, nothing, 10), nothing)
	}
	require.Len(t, Search(cat, notes, "o", 2), 2)
}

package sqlguard

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

// shop is a small catalog with one of everything that can hide a function.
func shop() *models.Catalog {
	table := func(schema, name, kind string, columns ...string) models.Table {
		t := models.Table{Schema: schema, Name: name, Kind: kind}
		for _, c := range columns {
			t.Columns = append(t.Columns, models.CatalogColumn{Name: c, Type: "text", TypeKind: "base"})
		}
		return t
	}
	view := func(name, definition string, columns ...string) models.Table {
		t := table("public", name, "view", columns...)
		t.Definition = definition
		return t
	}
	customers := table("public", "customers", "table", "id", "name", "email", "country")
	customers.Columns[2].Masked = true
	odd := table("public", "odd", "table", "id", "dom", "wrap", "mood")
	odd.Columns[1] = models.CatalogColumn{Name: "dom", Type: "dom_purge", TypeKind: "domain", UserType: true}
	odd.Columns[2] = models.CatalogColumn{Name: "wrap", Type: "wrapped", TypeKind: "composite", UserType: true}
	odd.Columns[3] = models.CatalogColumn{Name: "mood", Type: "mood", TypeKind: "enum", UserType: true}
	return &models.Catalog{
		Dialect: "postgres", ServerVersion: "17.2", Database: "shop", Schemas: []string{"public", "sales"},
		Tables: []models.Table{
			customers, odd,
			table("public", "orders", "table", "id", "customer_id", "status", "ordered_at", "total", "note"),
			table("sales", "orders", "table", "id", "region"),
			table("sales", "deals", "table", "id", "amount"),
			table("public", "rowcast", "table", "id"),
			table("public", "ft_remote", "foreign", "id"),
			table("public", "Mixed Case", "table", "Id"),
			view("v_good", "SELECT o.id, sum(o.total) AS total FROM orders o GROUP BY o.id;", "id", "total"),
			view("v_good_too", "SELECT v.id FROM v_good v", "id"),
			view("v_bad", "SELECT purge() AS n FROM orders", "n"),
			view("v_worse", "SELECT v_bad.n FROM v_bad", "n"),
			view("v_operator", "SELECT 1 ### 2 AS n", "n"),
			view("v_masked", "SELECT customers.email FROM customers", "email"),
			view("v_elsewhere", "SELECT s.id FROM secret.salaries s", "id"),
			view("v_sequence", "SELECT nextval('s'::regclass) AS n", "n"),
			view("v_empty", "", "n"),
		},
		Routines: []models.Routine{
			{Schema: "public", Name: "purge"}, {Schema: "public", Name: "purge_row"}, {Schema: "public", Name: "md5"},
			{Schema: "public", Name: "max", Extension: "citext"}, {Schema: "public", Name: "dblink", Extension: "dblink"},
		},
		Types: []models.UserType{
			{Schema: "public", Name: "dom_purge", Kind: "domain"}, {Schema: "public", Name: "wrapped", Kind: "composite"},
			{Schema: "public", Name: "mood", Kind: "enum"}, {Schema: "public", Name: "citext", Kind: "base"},
		},
		Operators: []string{"###", "%"},
		Casts:     []models.UserCast{{Source: "wrapped", Target: "text"}, {Source: "rowcast", Target: "json"}, {Source: "integer", Target: "uuid"}},
	}
}

func shopGuard(t testing.TB) *Guard {
	t.Helper()
	g, err := New(shop(), Options{})
	require.NoError(t, err)
	return g
}

package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

// A glossary is shown without parsing all of it again.
func TestAStructureRemembersItsVerdicts(t *testing.T) {
	t.Parallel()
	s := &structure{catalog: &models.Catalog{Dialect: "postgres", Schemas: []string{"public"}, Tables: []models.Table{{Schema: "public", Name: "orders", Kind: "table",
		Columns: []models.CatalogColumn{{Name: "total", Type: "numeric"}}}}}}
	first, err := s.condition("public", "orders", "total > 1")
	require.NoError(t, err)
	require.Equal(t, "orders.total > 1", first)
	_, refusal := s.metric("public", "orders", "total")
	require.Error(t, refusal)
	s.guard = nil // whoever asks it now fails
	again, err := s.condition("public", "orders", "total > 1")
	require.NoError(t, err)
	require.Equal(t, first, again)
	_, err = s.metric("public", "orders", "total")
	require.Equal(t, refusal, err)
}

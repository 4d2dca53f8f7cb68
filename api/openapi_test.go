package api_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
)

var update = flag.Bool("update", false, "write openapi.json")

// The committed document is what the web client's types are made from.
func TestOpenAPIDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	doc, err := api.OpenAPI()
	require.NoError(t, err)
	again, err := api.OpenAPI()
	require.NoError(t, err)
	require.Equal(t, string(doc), string(again), "the document must be the same each time")
	if *update {
		require.NoError(t, os.WriteFile("openapi.json", doc, 0o644))
	}
	committed, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	require.True(t, bytes.Equal(doc, committed), "openapi.json is stale: run make gen") // not Equal: it would print both
}

// A time limit for reading bodies, which huma sets where there is none, stays
// on the connection: it would cancel whatever takes longer than five seconds,
// and all that comes after it on the same connection.
func TestNoOperationLimitsTheConnection(t *testing.T) {
	t.Parallel()
	operations := api.Operations(t)
	require.NotEmpty(t, operations)
	for _, op := range operations {
		require.Negative(t, op.BodyReadTimeout, op.OperationID)
	}
}

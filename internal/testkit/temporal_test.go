package testkit_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/datamind/datamind/internal/testkit"
)

func TestTemporalAnswers(t *testing.T) {
	t.Parallel()
	c, err := client.Dial(client.Options{HostPort: testkit.Temporal(t)})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.CheckHealth(context.Background(), &client.CheckHealthRequest{})
	require.NoError(t, err)
}

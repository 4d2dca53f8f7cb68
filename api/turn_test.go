package api_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
)

func TestOrganisationsAskInTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		take := api.TakeTurn()
		done, err := take(t.Context(), "loud")
		require.NoError(t, err)
		begun := time.Now()
		other, err := take(t.Context(), "quiet")
		require.NoError(t, err)
		other()
		require.Zero(t, time.Since(begun), "another organisation has its own turns")

		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err = take(ctx, "loud")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		go func() {
			time.Sleep(9 * time.Millisecond)
			done()
		}()
		_, err = take(t.Context(), "loud") // and is stuck
		require.NoError(t, err)
		require.Equal(t, 10*time.Millisecond, time.Since(begun))
		done, err = take(t.Context(), "loud")
		require.NoError(t, err)
		require.Equal(t, 60*time.Millisecond, time.Since(begun), "what is stuck holds nobody up")
		done()
	})
}

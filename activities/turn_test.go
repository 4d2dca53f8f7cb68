package activities

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Checks of a quick database come one after the other; one that waits for a slow
// database is not waited for.
func TestASlowDatabaseHoldsNoOtherChecksUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		saved := turns
		turns = make(chan struct{}, 1)
		defer func() { turns = saved }()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := &turn{}, &turn{}
		require.NoError(t, first.take(ctx))
		release := make(chan struct{})
		ended := make(chan error)
		go func() { ended <- first.wait(ctx, func() { <-release }) }()

		begun := time.Now()
		require.NoError(t, second.take(ctx))
		require.Equal(t, moment, time.Since(begun))
		require.NoError(t, second.wait(ctx, func() { time.Sleep(moment / 2) }))
		close(release)
		synctest.Wait()
		require.Len(t, turns, 1, "the second has it")
		second.leave()
		require.NoError(t, <-ended)
		require.Len(t, turns, 1, "the first has it back")
		first.leave()

		// Who is cancelled while others have the turn takes nobody's.
		require.NoError(t, second.take(ctx))
		cancel()
		require.ErrorIs(t, first.take(ctx), context.Canceled)
		first.leave()
		require.Len(t, turns, 1)
		second.leave()
		require.Empty(t, turns)
	})
}

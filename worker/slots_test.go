package worker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdk "go.temporal.io/sdk/worker"
)

// used and released are what the SDK says of a slot.
type used struct {
	sdk.SlotMarkUsedInfo
	permit *sdk.SlotPermit
}

type released struct {
	sdk.SlotReleaseInfo
	permit *sdk.SlotPermit
}

func (u used) Permit() *sdk.SlotPermit     { return u.permit }
func (r released) Permit() *sdk.SlotPermit { return r.permit }

func reserve(t *testing.T, s sdk.SlotSupplier) *sdk.SlotPermit {
	t.Helper()
	permit, err := s.ReserveSlot(t.Context(), nil)
	require.NoError(t, err)
	return permit
}

func TestSlotsAreGivenToFewThatAreBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTuner(3, 1).GetActivityTaskSlotSupplier()
		require.Equal(t, 3, s.MaxSlots())
		first := reserve(t, s)
		require.Nil(t, s.TryReserveSlot(nil), "the first is busy")
		go func() {
			time.Sleep(busyFor / 2)
			s.ReleaseSlot(released{permit: first})
		}()
		begun := time.Now()
		second := reserve(t, s)
		require.Equal(t, busyFor/2, time.Since(begun), "as soon as the first has left")

		time.Sleep(2 * busyFor) // a poll without a task
		third := reserve(t, s)
		time.Sleep(2 * busyFor)
		s.MarkSlotUsed(used{permit: second})
		require.Nil(t, s.TryReserveSlot(nil), "the second has its task")
		begun = time.Now()
		reserve(t, s)
		require.Equal(t, busyFor, time.Since(begun), "what takes longer waits for something")

		time.Sleep(2 * busyFor)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := s.ReserveSlot(ctx, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded, "all three are taken")
		s.ReleaseSlot(released{permit: third})
		reserve(t, s)
	})
}

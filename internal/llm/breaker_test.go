package llm

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/models"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := func() error { return models.Errorf(models.CodeModelBusy, "busy") }
		b := newBreaker("one")
		for range breakerFailures - 1 {
			require.Error(t, b.do(busy))
		}
		// What is not the endpoint's weakness does not count, nor is it forgotten by it.
		require.ErrorIs(t, b.do(func() error { return fmt.Errorf("call: %w", context.Canceled) }), context.Canceled)
		require.False(t, b.open())
		require.Error(t, b.do(busy))
		require.True(t, b.open())

		time.Sleep(5 * time.Second) // of the bubble's clock
		ran := false
		err := b.do(func() error { ran = true; return nil })
		require.False(t, ran)
		require.Equal(t, models.CodeModelBusy, models.ErrorCode(err))
		require.Equal(t, 10*time.Second, RetryAfter(err))

		time.Sleep(10*time.Second + time.Millisecond)
		require.False(t, b.open())
		require.Error(t, b.do(busy)) // half open: one failure opens it again
		require.True(t, b.open())
		time.Sleep(breakerOpen + time.Millisecond)
		require.NoError(t, b.do(func() error {
			// A second call waits while the first one tries.
			err := b.do(busy)
			require.Equal(t, models.CodeModelBusy, models.ErrorCode(err))
			require.Equal(t, breakerOpen, RetryAfter(err), "the first one may take minutes: waiting for it must not use up the attempts")
			return nil
		}))
		require.NoError(t, b.do(func() error { return nil }))
	})
}

func TestBreakerSuccessResets(t *testing.T) {
	t.Parallel()
	b := newBreaker("one")
	for range 3 {
		for range breakerFailures - 1 {
			require.Error(t, b.do(func() error { return models.Errorf(models.CodeModelBusy, "busy") }))
		}
		require.Error(t, b.do(func() error { return models.Errorf(models.CodeModel, "unreadable") }))
	}
	require.False(t, b.open())
}

func TestBreakerKeepsCallsAway(t *testing.T) {
	t.Parallel()
	c, s := setup(t, llmtest.Rule{Status: 500})
	for range breakerFailures + 2 {
		_, err := c.PlanWith(t.Context(), "one", "key", ask("?"))
		require.Equal(t, models.CodeModelBusy, models.ErrorCode(err))
	}
	_, err := c.PlanWith(t.Context(), "one", "key", ask("?"))
	require.Contains(t, models.ErrorMessage(err), "left alone for a moment. The last time: The model's server has a problem (status 500).")
	require.Len(t, s.Calls(), breakerFailures)
	require.Equal(t, "two", Pick(1, c.Targets()).Model)
}

func TestPick(t *testing.T) {
	t.Parallel()
	trip := func(c *Client, names ...string) {
		for _, n := range names {
			for range breakerFailures {
				require.Error(t, c.breaker(n).do(func() error { return models.Errorf(models.CodeModelBusy, "busy") }))
			}
		}
	}
	for name, tc := range map[string]struct {
		open []string
		want []string // for the attempts 1 to 6
	}{
		"all well":     {nil, []string{"a", "a", "b", "c", "c", "c"}},
		"first open":   {[]string{"a"}, []string{"b", "b", "b", "c", "c", "c"}},
		"second open":  {[]string{"b"}, []string{"a", "a", "c", "c", "c", "c"}},
		"last open":    {[]string{"c"}, []string{"a", "a", "b", "a", "a", "a"}},
		"only one":     {[]string{"a", "b"}, []string{"c", "c", "c", "c", "c", "c"}},
		"all are open": {[]string{"a", "b", "c"}, []string{"c", "c", "c", "c", "c", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := New(Config{Models: []string{"a", "b", "c"}})
			trip(c, tc.open...)
			for i, want := range tc.want {
				require.Equal(t, want, Pick(i+1, c.Targets()).Model, "attempt %d", i+1)
			}
			require.Equal(t, tc.want[0], Pick(0, c.Targets()).Model)
		})
	}
}

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "NaN": 0, "0": time.Second, "0.2": time.Second, "12": 12 * time.Second, " 3 ": 3 * time.Second,
		"2.5": 2500 * time.Millisecond, "99999": 5 * time.Minute, "1e300": 5 * time.Minute, "Inf": 5 * time.Minute,
		"Sat, 14 Mar 2026 10:00:30 GMT": 30 * time.Second, "Sat, 14 Mar 2026 09:00:00 GMT": time.Second, "Sun, 14 Mar 2027 09:00:00 GMT": 5 * time.Minute,
	} {
		require.Equal(t, want, parseRetryAfter(text, now), "%q", text)
	}
	require.Zero(t, RetryAfter(errors.New("other")))
	require.Zero(t, RetryAfter(nil))
}

package embedded

import (
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func TestKeysExpireAsTimePasses(t *testing.T) {
	t.Parallel()
	ticks := make(chan time.Time)
	r, err := startRedis("secret", ticks)
	require.NoError(t, err)
	c := client.NewClient(&client.Options{Addr: r.Addr(), Password: "secret"})
	defer func() { _ = c.Close() }()
	ctx := t.Context()
	for key, ttl := range map[string]time.Duration{"short": 2 * time.Minute, "long": time.Hour, "kept": 0} {
		require.NoError(t, c.Set(ctx, key, "x", ttl).Err())
	}
	left := func() (keys []string) {
		t.Helper()
		keys, err := c.Keys(ctx, "*").Result()
		require.NoError(t, err)
		return keys
	}
	// A tick has been worked off once another is taken.
	begun := time.Now()
	pass := func(total time.Duration) { ticks <- begun.Add(total); ticks <- begun.Add(total) }

	pass(time.Minute)
	require.ElementsMatch(t, []string{"short", "long", "kept"}, left())
	pass(-time.Hour) // the clock is put back: nothing lives longer for it
	pass(-time.Hour + 61*time.Second)
	require.ElementsMatch(t, []string{"long", "kept"}, left())
	pass(24 * time.Hour) // the machine slept
	require.Equal(t, []string{"kept"}, left())

	r.close()
	select {
	case ticks <- begun:
		require.Fail(t, "it still takes ticks")
	default:
	}
	require.Error(t, c.Ping(ctx).Err())
}

func TestRedisOfTheStackAgesByItself(t *testing.T) {
	t.Parallel()
	r, err := startRedis("secret", time.Tick(time.Millisecond))
	require.NoError(t, err)
	defer r.close()
	require.NoError(t, r.Set("key", "x"))
	r.SetTTL("key", 5*time.Millisecond)
	require.Eventually(t, func() bool { return !r.Exists("key") }, 10*time.Second, time.Millisecond)
}

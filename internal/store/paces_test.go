package store_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// A burst over one channel keeps to its service's pace, however many workers send
// it, and waiting for a turn is no try.
func TestABurstKeepsToThePaceOfItsChannel(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), setup(t)
	var mu sync.Mutex
	var came []time.Time
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		came = append(came, time.Now())
	}))
	t.Cleanup(service.Close)
	c := &models.Channel{ID: store.NewID(), Name: "room", Kind: models.ChannelTeams, SealedSecret: []byte{}, Enabled: true}
	require.NoError(t, b.CreateChannel(ctx, b.a, c))
	var burst []models.Delivery
	for i := range 16 {
		burst = append(burst, told(c, fmt.Sprint(i)))
	}
	ids, err := b.Queue(ctx, b.a, burst)
	require.NoError(t, err)
	require.Len(t, ids, len(burst))

	second, err := store.Open(ctx, b.app) // another worker
	require.NoError(t, err)
	t.Cleanup(func() { _ = second.Close() })
	var all sync.WaitGroup
	for i, id := range ids {
		by := []*store.Store{b.Store, second}[i%2]
		all.Go(func() { assert.NoError(t, sendOne(ctx, by, b.a, id, service.URL)) })
	}
	all.Wait()

	pace := c.Kind.Pace("")
	slices.SortFunc(came, time.Time.Compare)
	require.Len(t, came, len(ids))
	for i := range came { // in any second no more than the service takes, and one that was on its way
		end, _ := slices.BinarySearchFunc(came, came[i].Add(time.Second), time.Time.Compare)
		require.LessOrEqual(t, end-i, int(time.Second/pace)+1, "from message %d on", i)
	}
	require.GreaterOrEqual(t, came[len(came)-1].Sub(came[0]), time.Duration(len(came)-2)*pace)
	for _, id := range ids {
		d, err := b.GetDelivery(ctx, b.a, id)
		require.NoError(t, err)
		require.Equal(t, models.DeliverySent, d.Status)
		require.Equal(t, 1, d.Tries, "waiting is no try")
	}
}

// sendOne sends a delivery as a worker does.
func sendOne(ctx context.Context, st *store.Store, scope models.Scope, id, address string) error {
	for {
		claim, err := st.ClaimDelivery(ctx, scope, id, id, time.Minute)
		switch {
		case err != nil:
			return err
		case claim.Wait > 0:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(claim.Wait):
			}
			continue
		case !claim.Mine:
			return fmt.Errorf("%s is somebody else's", id)
		}
		res, err := http.Get(address)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		return st.CloseDelivery(ctx, scope, id, id, models.DeliverySent, "", "")
	}
}

// When a service asks for a pause, the channel's other messages wait as well; other
// chats of the same bot do not.
func TestAChannelThatAsksForAPauseIsLeftAlone(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), setup(t)
	c := &models.Channel{ID: store.NewID(), Name: "bot", Kind: models.ChannelTelegram, Settings: models.ChannelSettings{To: []string{"-1", "2"}}, SealedSecret: []byte{}, Enabled: true}
	require.NoError(t, b.CreateChannel(ctx, b.a, c))
	ids, err := b.Queue(ctx, b.a, []models.Delivery{told(c, "1"), told(c, "2")})
	require.NoError(t, err)
	require.Len(t, ids, 4)
	claims := map[string][]store.Claim{}
	for i, id := range ids {
		claim, err := b.ClaimDelivery(ctx, b.a, id, "w", time.Minute)
		require.NoError(t, err)
		if i == 0 {
			require.True(t, claim.Mine)
			require.NoError(t, b.HoldChannel(ctx, b.a, &claim.Delivery, time.Minute))
		}
		claims[claim.Recipient] = append(claims[claim.Recipient], claim)
	}
	require.Greater(t, claims["-1"][1].Wait, 55*time.Second, "the group was to be left alone")
	require.Zero(t, claims["-1"][1].Tries)
	require.True(t, claims["2"][0].Mine, "the other chat has a pace of its own")
	require.InDelta(t, time.Second, claims["2"][1].Wait, float64(time.Second))
	stale, err := b.SystemStaleDeliveries(ctx, 0, 0, 10)
	require.NoError(t, err)
	for _, d := range stale {
		require.NotEqual(t, claims["-1"][1].ID, d.ID, "somebody waits with it")
	}
}

package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func (b *bundle) channel(t *testing.T, scope models.Scope, to ...string) *models.Channel {
	t.Helper()
	c := &models.Channel{ID: store.NewID(), Name: "c-" + store.NewID(), Kind: models.ChannelEmail, Settings: models.ChannelSettings{To: to}, SealedSecret: []byte{}, Enabled: true}
	require.NoError(t, b.CreateChannel(context.Background(), scope, c))
	return c
}

func told(c *models.Channel, episode string) models.Delivery {
	return models.Delivery{Subject: "alert/1", Episode: episode, ChannelID: c.ID, Message: models.Message{Title: "t"}}
}

// Rows go to nobody who has left since the message was made, also not when an
// administrator sends it again.
func TestAReportIsNotSentToWhoHasLeft(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	c, viewer := b.channel(t, b.a, "team@example.com"), b.colleague(t, models.RoleViewer)
	ids, err := b.Queue(ctx, b.a, []models.Delivery{
		{Subject: store.ReportSubject(store.NewID()), Episode: store.ReportEpisode(time.Now()) + "member/" + viewer.UserID, ChannelID: c.ID, Recipient: "v@example.com", Message: models.Message{Title: "rows"}},
		{Subject: store.ReportSubject(store.NewID()), Episode: store.ReportEpisode(time.Now()) + "member/" + b.a.UserID, ChannelID: c.ID, Recipient: "a@example.com", Message: models.Message{Title: "rows"}}})
	require.NoError(t, err)
	_, err = b.RemoveMember(ctx, b.a, viewer.UserID)
	require.NoError(t, err)
	claim, err := b.ClaimDelivery(ctx, b.a, ids[0], "w", time.Minute)
	require.NoError(t, err)
	require.True(t, claim.Ended)
	require.False(t, claim.Mine)
	_, err = b.RetryDelivery(ctx, b.a, ids[0])
	require.NoError(t, err)
	claim, err = b.ClaimDelivery(ctx, b.a, ids[0], "w", time.Minute)
	require.NoError(t, err)
	require.False(t, claim.Mine)
	d, err := b.GetDelivery(ctx, b.a, ids[0])
	require.NoError(t, err)
	require.Equal(t, []any{models.DeliverySkipped, models.CodeReportLeft}, []any{d.Status, d.ReasonCode})
	claim, err = b.ClaimDelivery(ctx, b.a, ids[1], "w", time.Minute)
	require.NoError(t, err)
	require.True(t, claim.Mine)
}

func TestADeliveryIsQueuedOnceForEachRecipient(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	c := b.channel(t, b.a, "ann@example.com", "bob@example.com")
	first, err := b.Queue(ctx, b.a, []models.Delivery{told(c, "1/firing")})
	require.NoError(t, err)
	require.Len(t, first, 2)
	again, err := b.Queue(ctx, b.a, []models.Delivery{told(c, "1/firing")})
	require.NoError(t, err)
	require.Equal(t, first, again, "calling it again is safe")
	other, err := b.Queue(ctx, b.a, []models.Delivery{told(c, "1/resolved")})
	require.NoError(t, err)
	require.Len(t, other, 2)
	require.NotContains(t, other, first[0])
	rows, _, err := b.ListDeliveries(ctx, b.a, store.DeliveryFilter{Subject: "alert/", Episode: "1/"}, "", 50)
	require.NoError(t, err)
	require.Len(t, rows, 4)
	require.NotEqual(t, rows[0].Key, rows[1].Key)
	require.Equal(t, rows[0].Incident(), rows[3].Incident(), "the alarm and its end belong together")

	// With a change that does not happen, nothing is told.
	err = b.Together(ctx, b.a, func(tx *store.Store) error {
		if _, err := tx.Queue(ctx, b.a, []models.Delivery{told(c, "2/firing")}); err != nil {
			return err
		}
		return errors.New("no")
	})
	require.Error(t, err)
	rows, _, err = b.ListDeliveries(ctx, b.a, store.DeliveryFilter{Episode: "2/firing"}, "", 50)
	require.NoError(t, err)
	require.Empty(t, rows)
}

func TestChannelsThatAreOffOrGoneOrSomebodyElsesAreToldNothing(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	off, gone, theirs := b.channel(t, b.a, "a@example.com"), b.channel(t, b.a, "a@example.com"), b.channel(t, b.b, "b@example.com")
	off.Enabled = false
	require.NoError(t, b.UpdateChannel(ctx, b.a, off))
	require.NoError(t, b.DeleteChannel(ctx, b.a, gone.ID))
	ids, err := b.Queue(ctx, b.a, []models.Delivery{told(off, "1"), told(gone, "1"), told(theirs, "1")})
	require.NoError(t, err)
	require.Empty(t, ids)
	rows, _, err := b.ListDeliveries(ctx, b.a, store.DeliveryFilter{Status: models.DeliverySkipped}, "", 50)
	require.NoError(t, err)
	codes := map[models.Code]int{}
	for _, d := range rows {
		codes[d.ReasonCode]++
		if d.ChannelID != off.ID {
			require.Empty(t, d.ChannelName, "nothing is told of another organisation's channel")
		}
	}
	require.Equal(t, map[models.Code]int{models.CodeChannelOff: 1, models.CodeChannelGone: 2}, codes)
	rows, _, err = b.ListDeliveries(ctx, b.b, store.DeliveryFilter{}, "", 50)
	require.NoError(t, err)
	require.Empty(t, rows)
}

// Of many that want the same delivery, one has it; who dies gets it again at once.
func TestADeliveryIsTriedByOneAtATime(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	c := b.channel(t, b.a, "ann@example.com")
	ids, err := b.Queue(ctx, b.a, []models.Delivery{told(c, "1")})
	require.NoError(t, err)
	var all sync.WaitGroup
	var mu sync.Mutex
	var winners []string
	for i := range 8 {
		all.Go(func() {
			by := fmt.Sprint("worker ", i)
			got, err := b.ClaimDelivery(ctx, b.a, ids[0], by, time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && got.Mine {
				winners = append(winners, by)
			}
		})
	}
	all.Wait()
	require.Len(t, winners, 1)
	var got store.Claim
	require.Eventually(t, func() bool { // when its channel has room again
		got, err = b.ClaimDelivery(ctx, b.a, ids[0], winners[0], time.Minute)
		return err != nil || got.Wait == 0
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, err)
	require.True(t, got.Mine, "the same caller, after a crash")
	require.Equal(t, 2, got.Tries)
	require.Equal(t, models.DeliverySending, got.Status)

	require.NoError(t, b.CloseDelivery(ctx, b.a, ids[0], "somebody else", models.DeliveryFailed, models.CodeTimeout, "late news"))
	d, err := b.GetDelivery(ctx, b.a, ids[0])
	require.NoError(t, err)
	require.Equal(t, models.DeliverySending, d.Status, "another's failure counts for nothing")
	require.NoError(t, b.CloseDelivery(ctx, b.a, ids[0], "somebody else", models.DeliverySent, "", ""))
	d, err = b.GetDelivery(ctx, b.a, ids[0])
	require.NoError(t, err)
	require.Equal(t, models.DeliverySent, d.Status, "but that it was sent is true whoever says so")
	require.NotNil(t, d.SentAt)
	_, err = b.RetryDelivery(ctx, b.a, ids[0])
	require.Equal(t, models.CodeConflict, models.ErrorCode(err))
	_, err = b.RetryDelivery(ctx, b.b, ids[0])
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	_, err = b.ClaimDelivery(ctx, b.b, ids[0], "x", time.Minute)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

func TestTriesAreBoundedAndBeginAnewWhenAskedFor(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	c := b.channel(t, b.a, "ann@example.com")
	ids, err := b.Queue(ctx, b.a, []models.Delivery{told(c, "1")})
	require.NoError(t, err)
	key := ""
	turn := func() { exec(t, b.owner, "DELETE FROM channel_paces; UPDATE deliveries SET slot_at = NULL") } // its next slot has come
	for round := 0; ; round++ {
		for range models.DeliveryTries {
			turn()
			got, err := b.ClaimDelivery(ctx, b.a, ids[0], "w", time.Minute)
			require.NoError(t, err)
			require.True(t, got.Mine)
			require.True(t, key == "" || key == got.Key)
			key = got.Key
			require.NoError(t, b.CloseDelivery(ctx, b.a, ids[0], "w", models.DeliveryQueued, models.CodeTimeout, "no answer"))
		}
		turn()
		got, err := b.ClaimDelivery(ctx, b.a, ids[0], "w", time.Minute)
		require.NoError(t, err)
		require.False(t, got.Mine)
		require.True(t, got.Ended)
		require.Equal(t, models.DeliveryFailed, got.Status)
		require.Equal(t, "no answer", got.Reason)
		_, err = b.RetryDelivery(ctx, b.a, ids[0])
		if got.Tries >= models.DeliveryMaxTries {
			require.Equal(t, models.CodeConflict, models.ErrorCode(err))
			require.Equal(t, models.DeliveryMaxTries/models.DeliveryTries, round+1)
			return
		}
		require.NoError(t, err)
	}
}

func TestWhatNobodySendsIsLateOrFoundAgain(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	c := b.channel(t, b.a, "ann@example.com")
	past, stale := told(c, "past"), told(c, "stale")
	past.DueAt = time.Now().Add(-48 * time.Hour)
	ids, err := b.Queue(ctx, b.a, []models.Delivery{past, stale, told(c, "fresh")})
	require.NoError(t, err)
	got, err := b.ClaimDelivery(ctx, b.a, ids[0], "w", time.Minute)
	require.NoError(t, err)
	require.True(t, got.Ended)
	require.Equal(t, models.DeliveryLate, got.Status)
	_, err = b.RetryDelivery(ctx, b.a, ids[0])
	require.NoError(t, err, "it is sent all the same for whoever asks")
	exec(t, b.owner, "UPDATE deliveries SET deadline = now() - interval '1 minute' WHERE id = '"+ids[0]+"'; UPDATE deliveries SET updated_at = now() - interval '1 hour' WHERE id = '"+ids[1]+"'")
	late, err := b.SystemLateDeliveries(ctx)
	require.NoError(t, err)
	require.Equal(t, map[models.ChannelKind]int{models.ChannelEmail: 1}, late)
	rows, err := b.SystemStaleDeliveries(ctx, time.Minute, time.Hour, 10)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, ids[1], rows[0].ID)
	require.Equal(t, b.a.OrgID, rows[0].OrgID)
	rows, err = b.SystemStaleDeliveries(ctx, time.Minute, time.Hour, 10)
	require.NoError(t, err)
	require.Empty(t, rows, "once is enough")

	require.NoError(t, b.SkipDeliveries(ctx, b.a, ids, models.CodeDeliveryStopped, "stopped"))
	d, err := b.GetDelivery(ctx, b.a, ids[0])
	require.NoError(t, err)
	require.Equal(t, models.DeliveryLate, d.Status, "what has ended stays")
	d, err = b.GetDelivery(ctx, b.a, ids[2])
	require.NoError(t, err)
	require.Equal(t, models.DeliverySkipped, d.Status)
}

func TestArtifactsExpireAndAreOnesOwn(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	a := &models.Artifact{Name: "chart.png", MediaType: "image/png", Content: []byte("x"), ExpiresAt: time.Now().Add(time.Hour)}
	require.NoError(t, b.PutArtifact(ctx, b.a, a))
	_, err := b.GetArtifact(ctx, b.a, a.ID)
	require.NoError(t, err)
	_, err = b.GetArtifact(ctx, b.b, a.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	exec(t, b.owner, "UPDATE artifacts SET expires_at = now() - interval '1 second'")
	_, err = b.GetArtifact(ctx, b.a, a.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	require.NoError(t, b.SystemPrune(ctx, time.Now()))
	require.Equal(t, models.CodeInvalid, models.ErrorCode(b.PutArtifact(ctx, b.a, &models.Artifact{Name: "big", Content: make([]byte, models.MaxArtifact+1)})))
}

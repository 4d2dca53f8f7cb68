package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/notify"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// hook is a webhook's receiver that remembers which keys it had for which message.
type hook struct {
	*httptest.Server
	mu   sync.Mutex
	keys map[string]map[string]int // by the message's title, then by key
	hold time.Duration             // how long it takes to answer
}

func newHook(t *testing.T, hold time.Duration) *hook {
	t.Helper()
	h := &hook{keys: map[string]map[string]int{}, hold: hold}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var body struct {
			Key     string
			Message struct{ Title string }
		}
		if err != nil || json.Unmarshal(raw, &body) != nil || body.Key != r.Header.Get(notify.HeaderDelivery) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		h.mu.Lock()
		if h.keys[body.Message.Title] == nil {
			h.keys[body.Message.Title] = map[string]int{}
		}
		h.keys[body.Message.Title][body.Key]++ // the effect, before the answer that may not arrive
		h.mu.Unlock()
		select {
		case <-r.Context().Done():
		case <-time.After(h.hold):
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) had() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.keys)
}

// hookChannel sets a channel up that leads to a receiver.
func hookChannel(t *testing.T, s *system.System, h *hook) (scope models.Scope, id string) {
	t.Helper()
	var c api.Channel
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/channels", map[string]any{"name": "hook", "kind": "webhook", "secret": "a secret of some length", "settings": map[string]any{"url": h.URL}}, &c)
	return s.Owner.Scope(), c.ID
}

// Workers that die while they send: every message arrives, none with two keys,
// and the ledger says so.
func TestMessagesOutliveWorkersThatDieWhileSending(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Workers: []string{"ask,model,query", "alert"}})
	h := newHook(t, 40*time.Millisecond)
	scope, channel := hookChannel(t, s, h)
	const messages, kills = 60, 5
	var wanted []models.Delivery
	for i := range messages {
		wanted = append(wanted, models.Delivery{Subject: "alert/" + store.NewID(), Episode: "1/firing", ChannelID: channel, Message: models.Message{Title: fmt.Sprint("message ", i)}})
	}
	ids, err := s.Store.Queue(t.Context(), scope, wanted)
	require.NoError(t, err)
	require.Len(t, ids, messages)
	s.Deliver(scope, ids...)
	dice, worker := rand.New(rand.NewPCG(5, 7)), s.Workers[1]
	for kill := range kills {
		// Somewhere in the middle of it: when so many more have arrived.
		until := min(kill*messages/(kills+1)+1+dice.IntN(4), messages-1)
		system.Eventually(t, fmt.Sprint(until, " messages have arrived"), func() bool { return h.had() >= until })
		worker.Kill()
		worker.Start(system.WorkerReady)
	}
	var rows []models.Delivery
	system.Eventually(t, "all are sent", func() bool {
		rows, _, err = s.Store.ListDeliveries(context.Background(), scope, store.DeliveryFilter{Status: models.DeliverySent}, "", 200)
		return err == nil && len(rows) == messages
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Len(t, h.keys, messages, "lost: none")
	repeated, tries := 0, 0
	for _, d := range rows {
		keys := h.keys[d.Message.Title]
		require.Len(t, keys, 1, "%s: with two keys it is two messages", d.Message.Title)
		require.GreaterOrEqual(t, keys[d.Key], 1, "the ledger has the same key")
		require.GreaterOrEqual(t, d.Tries, keys[d.Key], "each call was counted before it was made")
		repeated, tries = repeated+keys[d.Key]-1, tries+d.Tries
	}
	t.Logf("%d messages, %d kills: %d calls, of which %d repeated a message with its key; %d tries in the ledger", messages, kills, messages+repeated, repeated, tries)
}

// What fails for good is sent again when somebody asks for it, with the same
// key; what is told over a channel that is off is not.
func TestAMessageIsSentAgainOnceItsChannelIsRepaired(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{})
	h := newHook(t, 0)
	scope, channel := hookChannel(t, s, h)
	var report models.ChannelReport
	s.Owner.Call(http.StatusOK, http.MethodPost, "/channels/"+channel+"/test", nil, &report)
	require.True(t, report.OK, report.Message)
	s.Owner.Call(http.StatusOK, http.MethodPatch, "/channels/"+channel, map[string]any{"settings": map[string]any{"url": s.APIs[0].URL + "/"}}, nil)
	s.Owner.Call(http.StatusOK, http.MethodPost, "/channels/"+channel+"/test", nil, &report)
	require.Equal(t, models.CodeAddressRefused, report.Code, "the platform's own address: %s", report.Message)

	ids, err := s.Store.Queue(t.Context(), scope, []models.Delivery{{Subject: "alert/1", Episode: "1/firing", ChannelID: channel, Message: models.Message{Title: "the message"}}})
	require.NoError(t, err)
	s.Deliver(scope, ids[0])
	status := func(want models.DeliveryStatus) (d api.Delivery) {
		system.Eventually(t, "the delivery is "+string(want), func() bool {
			s.Owner.Call(http.StatusOK, http.MethodGet, "/deliveries/"+ids[0], nil, &d)
			return d.Status == want
		})
		return d
	}
	failed := status(models.DeliveryFailed)
	require.Equal(t, models.CodeAddressRefused, failed.ReasonCode)
	require.Equal(t, 1, failed.Tries, "time does not cure it")
	s.Owner.Call(http.StatusOK, http.MethodPatch, "/channels/"+channel, map[string]any{"settings": map[string]any{"url": h.URL}}, nil)
	s.Owner.Call(http.StatusAccepted, http.MethodPost, "/deliveries/"+ids[0]+"/retry", nil, nil)
	sent := status(models.DeliverySent)
	require.Equal(t, failed.Key, sent.Key)
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Equal(t, map[string]int{sent.Key: 1}, h.keys["the message"])
}

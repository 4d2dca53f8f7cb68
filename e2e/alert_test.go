package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

// receiver is a webhook that keeps what it was told.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	keys []string
	said []string // titles
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		raw, _ := io.ReadAll(req.Body)
		var body struct {
			Key     string         `json:"key"`
			Message models.Message `json:"message"`
		}
		_ = json.Unmarshal(raw, &body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.keys, r.said = append(r.keys, req.Header.Get("Datamind-Delivery")), append(r.said, body.Message.Title)
	}))
	t.Cleanup(r.Close)
	return r
}

// told are the titles of messages, each once: a message that comes twice has one key.
func (r *receiver) told() (titles []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	for i, key := range r.keys {
		if !seen[key] {
			titles = append(titles, r.said[i])
		}
		seen[key] = true
	}
	return titles
}

// webhook sets up a channel that tells the receiver.
func webhook(s *system.System, r *receiver) string {
	var c api.Channel
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/channels", map[string]any{"name": "hook", "kind": "webhook",
		"settings": map[string]any{"url": r.URL}, "secret": "a secret of the receiver"}, &c)
	return c.ID
}

func savedQuery(s *system.System, sql string) string {
	var q api.SavedQuery
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/saved-queries", map[string]any{"connection_id": s.Connection, "name": "watched", "sql": sql}, &q)
	return q.ID
}

var alertEnv = []string{"DATAMIND_ALLOW_PRIVATE_CHANNELS=true"}

// An alert runs by its schedule, tells that it fires and that it is over, and
// finds out why.
func TestAnAlertRunsByItsSchedule(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Env: alertEnv})
	r := newReceiver(t)
	channel := webhook(s, r)
	var a api.Alert
	s.Owner.Call(http.StatusCreated, http.MethodPost, "/alerts", map[string]any{"saved_query_id": savedQuery(s, "SELECT count(*) AS n FROM orders"), "name": "Orders",
		"condition": map[string]any{"kind": "threshold", "op": "below", "limit": 100}, "rule": map[string]any{"recovery": true}, "cron": "* * * * *", "channels": []string{channel}}, &a)
	require.Len(t, a.Next, 5)
	get := func() (got api.Alert) {
		s.Owner.Call(http.StatusOK, http.MethodGet, "/alerts/"+a.ID, nil, &got)
		return got
	}
	system.Eventually(t, "Temporal has the schedule", func() bool {
		return number(t, s, "SELECT count(*) FROM schedules WHERE applied = version") == 1
	})
	within(t, 3*time.Minute, "it has run by itself", func() bool { return get().LastRun != nil })
	require.Equal(t, "ok", get().Status)
	s.Exec("shop", "DELETE FROM orders WHERE id > 10")
	run := func(status string) {
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/alerts/"+a.ID+"/run", nil, nil)
		system.Eventually(t, "the alert is "+status, func() bool { return get().Status == status })
	}
	run("firing")
	system.Eventually(t, "it was told", func() bool { return slices.Equal(r.told(), []string{"Orders: 10"}) })
	require.Equal(t, 1, number(t, s, "SELECT count(*) FROM deliveries d JOIN artifacts p ON p.id::text = d.message->>'picture_id' AND p.media_type = 'image/png'"),
		"the alarm shows how the value fell")
	var episodes api.Page[api.AlertEpisode]
	system.Eventually(t, "it was looked into", func() bool {
		s.Owner.Call(http.StatusOK, http.MethodGet, "/alerts/"+a.ID+"/episodes", nil, &episodes)
		return len(episodes.Items) == 1 && episodes.Items[0].Finding != nil
	})
	require.Equal(t, models.FindingNotUnderstood, episodes.Items[0].Finding.Status, "a count over all time has no before")
	s.Owner.Call(http.StatusOK, http.MethodPatch, "/alerts/"+a.ID, map[string]any{"condition": map[string]any{"kind": "threshold", "op": "below", "limit": 5}}, nil)
	run("ok")
	system.Eventually(t, "its end was told", func() bool { return slices.Equal(r.told(), []string{"Orders: 10", "Over: Orders"}) })
	s.Owner.Call(http.StatusOK, http.MethodPost, "/alerts/"+a.ID+"/pause", nil, nil)
	system.Eventually(t, "Temporal has no schedule any more", func() bool {
		return number(t, s, "SELECT count(*) FROM schedules") == 0
	})
}

// Workers that are killed at any moment lose no run and no message, and make
// none twice.
func TestKilledWhileAlertsRun(t *testing.T) {
	t.Parallel()
	s := system.Start(t, system.Options{Env: alertEnv, Workers: []string{"ask,alert", "query"}})
	r := newReceiver(t)
	channel := webhook(s, r)
	saved := savedQuery(s, "SELECT count(*) + (SELECT count(*) FROM pg_catalog.generate_series(1, 400000)) AS n FROM orders")
	const many = 12
	var ids []string
	for i := range many {
		var a api.Alert
		s.Owner.Call(http.StatusCreated, http.MethodPost, "/alerts", map[string]any{"saved_query_id": saved, "name": fmt.Sprint("Alert ", i),
			"condition": map[string]any{"kind": "threshold", "limit": 1}, "cron": "0 0 1 1 *", "channels": []string{channel}}, &a)
		ids = append(ids, a.ID)
	}
	at := time.Now().UTC().Truncate(time.Second)
	tc, err := worker.Dial(t.Context(), s.Temporal, s.Namespace, nil, s.Codec(), slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	defer tc.Close()
	runs := &workflows.Client{Temporal: tc}
	owner, err := s.Store.SystemBootstrap(t.Context(), "", "", "")
	require.NoError(t, err)
	for _, id := range ids {
		require.NoError(t, runs.RunAlert(t.Context(), owner, id, []time.Time{at}, models.RunScheduled))
		require.NoError(t, runs.RunAlert(t.Context(), owner, id, []time.Time{at}, models.RunScheduled), "the same run again")
	}
	for i := range 6 { // while there is work
		w := s.Workers[i%2]
		time.Sleep(time.Duration(50+70*i) * time.Millisecond) // any moment will do
		w.Kill()
		w.Start(system.WorkerReady)
	}
	within(t, 3*time.Minute, "all have run", func() bool { return number(t, s, "SELECT count(*) FROM alert_runs") == many })
	within(t, 4*time.Minute, "all was sent", func() bool {
		return number(t, s, "SELECT count(*) FROM deliveries WHERE status = 'sent'") == many
	})
	told := r.told()
	slices.Sort(told)
	require.Len(t, told, many, strings.Join(told, ", "))
	require.Len(t, slices.Compact(told), many, "nothing is told twice")
	require.EqualValues(t, many, number(t, s, "SELECT count(*) FROM alert_episodes"))
	require.EqualValues(t, many, number(t, s, "SELECT count(*) FROM deliveries"))
}

// number reads a number from the platform's database.
func number(t *testing.T, s *system.System, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Platform.DSN("datamind"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

// within waits for what takes longer than system.Eventually does.
func within(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, limit, 200*time.Millisecond, what)
}

// A year of schedules, with both changes of the clocks: what the page says and
// what Temporal does are the same.
func TestSchedulesMeanWhatTemporalDoes(t *testing.T) {
	t.Parallel()
	address := testkit.Temporal(t)
	namespace := testkit.Namespace(t, address)
	c, err := client.Dial(client.Options{HostPort: address, Namespace: namespace})
	require.NoError(t, err)
	t.Cleanup(c.Close) // after the parallel ones
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	until := from.AddDate(1, 0, 0)
	for i, test := range []struct{ cron, zone string }{
		{"0 8 * * *", "Europe/Berlin"}, {"30 2 * * *", "Europe/Berlin"}, {"30 1 * * *", "America/New_York"}, {"30 2 * * *", "America/New_York"},
		{"0 * * * *", "Europe/Berlin"}, {"15 */3 * * mon-fri", "Australia/Lord_Howe"}, {"0 0 1,15 * *", "UTC"}, {"0 9 * * 5-7", "Asia/Kolkata"}, {"59 23 31 12 *", "Pacific/Auckland"},
	} {
		t.Run(test.cron+" "+test.zone, func(t *testing.T) {
			t.Parallel()
			id := fmt.Sprint("spec-", i)
			_, err := c.ScheduleClient().Create(t.Context(), client.ScheduleOptions{ID: id, Paused: true,
				Spec: client.ScheduleSpec{CronExpressions: []string{test.cron}, TimeZoneName: test.zone}, Action: &client.ScheduleWorkflowAction{Workflow: "none", TaskQueue: "none"}})
			require.NoError(t, err)
			spec, err := alert.ParseSpec(test.cron, test.zone)
			require.NoError(t, err)
			want := spec.Between(from.Add(-time.Second), until.Add(-time.Second), 10_000)
			var got []time.Time
			for begin := from; begin.Before(until); { // it answers a thousand at a time
				end := begin.AddDate(0, 1, 0)
				res, err := c.WorkflowService().ListScheduleMatchingTimes(t.Context(), &workflowservice.ListScheduleMatchingTimesRequest{Namespace: namespace, ScheduleId: id,
					StartTime: timestamppb.New(begin.Add(-time.Second)), EndTime: timestamppb.New(end.Add(-time.Second))})
				require.NoError(t, err)
				for _, at := range res.GetStartTime() {
					got = append(got, at.AsTime())
				}
				begin = end
			}
			require.Equal(t, len(got), len(want))
			for i := range want {
				require.True(t, got[i].Equal(want[i]), "run %d: Temporal %s, here %s", i, got[i], want[i])
			}
		})
	}
}

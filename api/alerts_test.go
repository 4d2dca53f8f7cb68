package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// alert makes an alert of a saved query.
func (p *person) alert(saved string, change map[string]any) (a api.Alert) {
	p.t.Helper()
	body := map[string]any{"saved_query_id": saved, "parameters": map[string]any{"country": "DE"}, "name": "Orders", "condition": map[string]any{"kind": "threshold", "limit": 5}, "cron": "0 8 * * *", "time_zone": "Europe/Berlin"}
	for k, v := range change {
		body[k] = v
	}
	res := p.do(http.MethodPost, "/alerts", body)
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	res.into(p.t, &a)
	return a
}

// steps has an alert step as a worker would, with a value.
func (p *person) steps(id string, at time.Time, value float64) (deliveries []string) {
	p.t.Helper()
	deliveries, err := p.store.StepAlerts(p.t.Context(), p.scope, []string{id}, at, func(a *models.Alert, row *models.AlertStateRow) *store.AlertStep {
		o := alert.Evaluate(&a.Condition, alert.View{Rows: &models.Rows{Columns: []models.Column{{Name: "n", Type: "number"}}, Rows: [][]any{{value}}}, At: at, Zone: time.UTC})
		state, effects := alert.Step(alert.Input{Rule: a.Rule, Zone: time.UTC, Now: at, EpisodeID: store.NewID()}, row.State, o)
		state.LastAt = at
		row.State, row.UpdatedAt = state, at
		step := &store.AlertStep{State: row, Run: &models.AlertRun{AlertID: a.ID, OrgID: a.OrgID, At: at, Kind: models.RunScheduled, Status: alert.Status(&state), Values: alert.ValuesOf(o), StartedAt: at, FinishedAt: at}}
		for _, e := range effects {
			step.Events = append(step.Events, models.AlertEvent{At: at, Kind: e.Kind})
			if e.Kind == alert.Opened {
				step.Opened = &models.AlertEpisode{ID: e.EpisodeID, OrgID: a.OrgID, AlertID: a.ID, StartedAt: at, Keys: e.Keys}
			}
			if e.Kind == alert.Closed {
				step.Closed = e.EpisodeID
			}
			if e.Tell {
				for _, c := range a.Channels {
					step.Deliveries = append(step.Deliveries, models.Delivery{Subject: "alert/" + a.ID, Episode: e.EpisodeID + "/" + e.Kind, ChannelID: c, Message: models.Message{Title: e.Kind}})
				}
			}
		}
		return step
	})
	require.NoError(p.t, err)
	return deliveries
}

func TestAnAlertFromItsMakingToItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	channel := b.a.channel("ops", nil)
	a := b.a.alert(b.a.savedQuery(connection, false), map[string]any{"channels": []string{channel.ID}, "rule": map[string]any{"recovery": true}})
	require.Equal(t, "unknown", a.Status)
	require.Equal(t, "the value is above 5", a.Described)
	require.Len(t, a.Next, 5)
	pending, err := b.store.SystemPendingSchedules(t.Context(), 0, time.Hour, 10)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	require.True(t, pending[0].Wanted)
	require.NoError(t, b.store.ScheduleApplied(t.Context(), b.a.scope, &pending[0]))

	at := time.Now().UTC().Truncate(time.Second)
	require.Len(t, b.a.steps(a.ID, at, 7), 1)
	require.Empty(t, b.a.steps(a.ID, at, 7), "the same run again changes nothing")
	get := func() (got api.Alert) {
		b.a.do(http.MethodGet, "/alerts/"+a.ID, nil).into(t, &got)
		return got
	}
	require.Equal(t, "firing", get().Status)
	require.InDelta(t, 7, *get().Keys[0].Value, 0)

	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/alerts/"+a.ID+"/acknowledge", nil).status)
	require.Equal(t, b.a.scope.UserID, get().AckedBy)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/alerts/"+a.ID+"/snooze", map[string]any{"minutes": 30}).status)
	require.NotNil(t, get().Snoozed)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodDelete, "/alerts/"+a.ID+"/snooze", nil).status)
	require.Nil(t, get().Snoozed)

	require.Len(t, b.a.steps(a.ID, at.Add(time.Minute), 1), 1, "its end is told")
	require.Equal(t, "ok", get().Status)
	require.Equal(t, http.StatusConflict, b.a.do(http.MethodPost, "/alerts/"+a.ID+"/acknowledge", nil).status)
	var runs api.AlertRuns
	b.a.do(http.MethodGet, "/alerts/"+a.ID+"/runs", nil).into(t, &runs)
	require.Len(t, runs.Runs, 2)
	require.Empty(t, runs.Missed, "none was due since it was made")
	var episodes api.Page[api.AlertEpisode]
	b.a.do(http.MethodGet, "/alerts/"+a.ID+"/episodes", nil).into(t, &episodes)
	require.NotNil(t, episodes.Items[0].EndedAt)
	require.NotNil(t, episodes.Items[0].AckedAt)
	var told api.Page[api.AlertDelivery]
	b.a.do(http.MethodGet, "/alerts/"+a.ID+"/deliveries", nil).into(t, &told)
	require.Len(t, told.Items, 2)
	require.Equal(t, "ops", told.Items[0].ChannelName)

	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/alerts/"+a.ID+"/pause", nil).status)
	require.Equal(t, "paused", get().Status)
	pending, err = b.store.SystemPendingSchedules(t.Context(), 0, time.Hour, 10)
	require.NoError(t, err)
	require.False(t, pending[0].Wanted, "nobody needs the schedule any more")
	require.NoError(t, b.store.ScheduleApplied(t.Context(), b.a.scope, &pending[0]))
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPost, "/alerts/"+a.ID+"/resume", nil).status)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/alerts/"+a.ID, nil).status)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/alerts/"+a.ID, nil).status)
}

// Runs that were due and are not there are missed, and can be made up for.
func TestMissedRunsAreSeenAndMadeUpFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	a := b.a.alert(b.a.savedQuery(connection, false), map[string]any{"cron": "0 * * * *", "time_zone": "UTC"})
	execSQL(t, b.owner, "UPDATE alerts SET active_since = now() - interval '5 hours 30 minutes'")
	hour := time.Now().UTC().Truncate(time.Hour)
	b.a.steps(a.ID, hour.Add(-2*time.Hour), 1)
	var runs api.AlertRuns
	b.a.do(http.MethodGet, "/alerts/"+a.ID+"/runs", nil).into(t, &runs)
	require.GreaterOrEqual(t, len(runs.Missed), 3)
	require.NotContains(t, runs.Missed, hour.Add(-2*time.Hour))
	b.runs.take()
	res := b.a.do(http.MethodPost, "/alerts/"+a.ID+"/backfill", map[string]any{"times": runs.Missed[:2]})
	require.Equal(t, http.StatusAccepted, res.status, res.body)
	require.Equal(t, []string{"run alert backfill " + a.ID}, b.runs.take())
	res = b.a.do(http.MethodPost, "/alerts/"+a.ID+"/backfill", map[string]any{"times": []time.Time{hour.Add(time.Minute)}})
	require.Equal(t, http.StatusUnprocessableEntity, res.status, res.body)
}

func TestASharedAlertIsReadByOthersAndChangedByItsOwner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	a := b.a.alert(b.a.savedQuery(connection, false), nil)
	analyst, admin, viewer := b.member(models.RoleAnalyst), b.member(models.RoleAdmin), b.member(models.RoleViewer)
	require.Equal(t, http.StatusNotFound, analyst.do(http.MethodGet, "/alerts/"+a.ID, nil).status)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodPatch, "/alerts/"+a.ID, map[string]any{"shared": true}).status)
	for _, p := range []*person{analyst, admin, viewer} {
		require.Equal(t, http.StatusOK, p.do(http.MethodGet, "/alerts/"+a.ID, nil).status)
	}
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodPatch, "/alerts/"+a.ID, map[string]any{"name": "x"}).status)
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodPost, "/alerts/"+a.ID+"/pause", nil).status)
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodPost, "/alerts/"+a.ID+"/run", nil).status)
	require.Equal(t, http.StatusNotFound, analyst.do(http.MethodDelete, "/alerts/"+a.ID, nil).status)
	require.Equal(t, http.StatusOK, analyst.do(http.MethodPost, "/alerts/"+a.ID+"/snooze", map[string]any{"minutes": 5}).status)
	require.Equal(t, http.StatusForbidden, viewer.do(http.MethodPost, "/alerts/"+a.ID+"/snooze", map[string]any{"minutes": 5}).status)
	require.Equal(t, http.StatusOK, admin.do(http.MethodPost, "/alerts/"+a.ID+"/pause", nil).status, "an administrator stops what is too loud")
}

func TestAlertsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	saved, values := b.a.savedQuery(connection, false), map[string]any{"country": "DE"}
	for code, body := range map[string]map[string]any{
		"invalid":         {"name": "nothing to watch"},
		"alert_schedule":  {"saved_query_id": saved, "parameters": values, "cron": "61 * * * *", "condition": map[string]any{"kind": "failure"}},
		"alert_condition": {"saved_query_id": saved, "parameters": values, "condition": map[string]any{"kind": "freshness"}},
		"not_answerable":  {"words": "sing me a song", "connection_id": connection},
	} {
		res := b.a.do(http.MethodPost, "/alerts", body)
		require.Equal(t, http.StatusUnprocessableEntity, res.status, res.body)
		require.Equal(t, code, res.code(t))
	}
	require.Equal(t, http.StatusUnprocessableEntity, b.a.do(http.MethodGet, "/alerts/schedule?cron=nonsense", nil).status)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodGet, "/alerts/schedule?cron=0+8+*+*+*&time_zone=Europe/Berlin", nil).status)
	res := b.a.do(http.MethodPost, "/alerts/preview", map[string]any{"words": "tell me when refunds exceed 3 % of revenue in a week", "connection_id": connection})
	require.Equal(t, http.StatusOK, res.status, res.body)
	var p api.AlertPreview
	res.into(t, &p)
	require.Equal(t, "Refunds in the last 7 days", p.Name)
	require.Equal(t, "revenue in the last 7 days", p.Of)
	require.Equal(t, "percent is above 3 %", "percent is above "+alert.Value(&p.Condition, p.Condition.Limit))
}

// An alert of a tile watches what the tile shows, with the values that are set
// bound as arguments.
func TestAnAlertOfATile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	d := b.a.filtered(connection)
	tile := func(i int, values map[string]any) map[string]any {
		return map[string]any{"dashboard_id": d.ID, "tile_id": d.Tiles[i].ID, "values": values, "condition": map[string]any{"kind": "threshold", "limit": 5}}
	}
	var a api.Alert
	res := b.a.do(http.MethodPost, "/alerts", tile(0, map[string]any{"country": "FR"}))
	require.Equal(t, http.StatusCreated, res.status, res.body)
	res.into(t, &a)
	require.Equal(t, "Orders", a.Name)
	tried := b.runs.previewed()
	require.Equal(t, "SELECT count(*) AS n FROM customers WHERE country = {{country}}", tried.Alert.SQL)
	require.Equal(t, []models.Argument{{Name: "country", Type: "text", Values: []string{"FR"}}}, tried.Alert.Arguments)

	require.Equal(t, http.StatusCreated, b.a.do(http.MethodPost, "/alerts", tile(1, map[string]any{"least": 10})).status)
	require.Contains(t, b.runs.previewed().Alert.SQL, `AS tile WHERE tile."total" >=`)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodPost, "/alerts", map[string]any{"dashboard_id": d.ID, "tile_id": store.NewID()}).status)
	require.Equal(t, http.StatusUnprocessableEntity, b.a.do(http.MethodPost, "/alerts", map[string]any{"dashboard_id": d.ID, "tile_id": d.Tiles[0].ID, "words": "tell me when orders today are below 5"}).status, "one source")
}

// Words that nobody can read are the person's to change; SQL that was read of words
// is taken as it is.
func TestAlertsOfWordsAndOfSQL(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection := b.a.connection()
	b.a.known(connection)
	res := b.a.do(http.MethodPost, "/alerts/preview", map[string]any{"words": "Sag mir Bescheid, wenn die Bestellungen heute unter 5 liegen", "connection_id": connection})
	require.Equal(t, http.StatusOK, res.status, res.body)
	tried := b.runs.previewed()
	require.Equal(t, "bestellungen today", tried.Alert.Question)
	require.True(t, tried.Plan)
	require.NotEmpty(t, tried.Words, "a model may read what the planner cannot")

	b.a.do(http.MethodPost, "/alerts/preview", map[string]any{"words": "keep an eye on the shop", "connection_id": connection})
	tried = b.runs.previewed()
	require.Equal(t, "keep an eye on the shop", tried.Words)
	require.False(t, tried.Plan)

	var a api.Alert
	res = b.a.do(http.MethodPost, "/alerts", map[string]any{"sql": "SELECT count(*) AS n FROM orders", "question": "orders", "connection_id": connection,
		"condition": map[string]any{"kind": "threshold", "op": "below", "limit": 5}})
	require.Equal(t, http.StatusCreated, res.status, res.body)
	res.into(t, &a)
	require.Equal(t, "Orders", a.Name)
	require.Equal(t, "SELECT count(*) AS n FROM orders", a.SQL)
}

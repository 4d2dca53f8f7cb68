package api_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func scheduleBody(connection string, more map[string]any) map[string]any {
	body := map[string]any{"connection_id": connection, "sql": "SELECT id FROM orders", "format": "csv", "compression": "gzip", "name": "Orders " + store.NewID(), "cron": "0 6 * * 1", "time_zone": "Europe/Berlin"}
	maps.Copy(body, more)
	return body
}

// scheduled is a new scheduled export of one's own.
func (p *person) scheduled(connection string, more map[string]any) (e api.ExportSchedule) {
	p.t.Helper()
	res := p.do(http.MethodPost, "/export-schedules", scheduleBody(connection, more))
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	res.into(p.t, &e)
	return e
}

func TestAnExportIsScheduled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection, channel := b.a.connection(), b.a.channel("room", nil).ID
	e := b.a.scheduled(connection, map[string]any{"name": "Orders: März", "channels": []any{channel}, "target": "lake", "folder": "/daily/orders/"})
	require.Contains(t, b.runs.take(), "estimate SELECT id FROM orders", "bad SQL is found out at once")
	require.Equal(t, []any{"0 6 * * 1", "Europe/Berlin", "daily/orders", false}, []any{e.Cron, e.TimeZone, e.Folder, e.Paused})
	require.Len(t, e.Next, 5)
	require.Equal(t, "daily/orders/Orders-März-"+e.Next[0].UTC().Format("20060102T150405Z")+".csv.gz", e.Object)

	var got api.ExportSchedule
	change := map[string]any{"name": "Sales", "compression": "none", "timing": map[string]any{"cron": "30 7 * * *", "time_zone": "UTC"}, "delivery": map[string]any{"target": "archive"}}
	b.a.do(http.MethodPatch, "/export-schedules/"+e.ID, change).into(t, &got)
	require.Equal(t, []any{"Sales", models.CompressionNone, "30 7 * * *", "archive", ""}, []any{got.Name, got.Compression, got.Cron, got.Target, got.Folder})
	require.Empty(t, got.Channels)
	b.a.do(http.MethodPost, "/export-schedules/"+e.ID+"/pause", nil).into(t, &got)
	require.Equal(t, []any{true, models.PausedByPerson}, []any{got.Paused, got.PauseCode})
	require.Empty(t, got.Next)
	b.a.do(http.MethodPost, "/export-schedules/"+e.ID+"/resume", nil).into(t, &got)
	require.False(t, got.Paused)
	require.Equal(t, http.StatusAccepted, b.a.do(http.MethodPost, "/export-schedules/"+e.ID+"/run", nil).status)
	require.Contains(t, b.runs.take(), "run scheduled export "+e.ID+" true")

	made := b.a.madeBy(e.ID)
	b.a.do(http.MethodGet, "/export-schedules/"+e.ID, nil).into(t, &got)
	require.Equal(t, made, got.Last.ID)
	require.Equal(t, "conflict", b.a.do(http.MethodPost, "/export-schedules/"+e.ID+"/run", nil).code(t), "one at a time")
	b.a.finishExport(made, "id\n")
	_, err := b.store.TellExport(t.Context(), b.a.scope, &models.Export{ID: made, CopiedTo: "archive: Sales.csv"},
		[]models.Delivery{{Subject: "export/" + e.ID, Episode: made + "/ready", ChannelID: channel, Message: models.Message{Title: "Sales is ready"}}})
	require.NoError(t, err)
	var history api.Page[api.ScheduledExport]
	b.a.do(http.MethodGet, "/export-schedules/"+e.ID+"/exports", nil).into(t, &history)
	require.Len(t, history.Items, 1)
	require.Equal(t, []any{e.ID, "archive: Sales.csv", models.ExportDone}, []any{history.Items[0].ScheduleID, history.Items[0].CopiedTo, history.Items[0].Status})
	require.Equal(t, []any{"room", models.DeliveryQueued}, []any{history.Items[0].Messages[0].ChannelName, history.Items[0].Messages[0].Status})

	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/export-schedules/"+e.ID, nil).status)
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodGet, "/export-schedules/"+e.ID, nil).status)
	require.Equal(t, http.StatusOK, b.a.do(http.MethodGet, "/exports/"+made, nil).status, "what it has exported stays")
	var log api.Page[api.AuditEvent]
	b.a.do(http.MethodGet, "/audit?action=export_schedule.", nil).into(t, &log)
	var actions []string
	for _, event := range log.Items {
		actions = append(actions, event.Action)
	}
	require.Equal(t, []string{"export_schedule.delete", "export_schedule.run", "export_schedule.resume", "export_schedule.pause", "export_schedule.update", "export_schedule.create"}, actions)
}

// madeBy is an export that a schedule made.
func (p *person) madeBy(schedule string) string {
	p.t.Helper()
	id := store.NewID()
	_, err := p.store.BeginScheduledExport(p.t.Context(), p.scope, schedule, time.Now(), func(run *store.ScheduledRun) store.ScheduledStep {
		now := time.Now()
		return store.ScheduledStep{Export: &models.Export{ID: id, OrgID: run.OrgID, UserID: run.UserID, ConnectionID: run.ConnectionID, IdempotencyKey: run.RunKey(now), Name: run.Name, SQL: run.SQL,
			ScheduleID: &run.ID, ScheduledAt: &now, Arguments: []models.Argument{}, Format: run.Format, Compression: run.Compression, Status: models.ExportQueued, KeyColumns: []string{}, Columns: []models.Column{},
			Estimate: -1, MaxRows: 10, MaxBytes: 1 << 20, KeepHours: 24}}
	})
	require.NoError(p.t, err)
	return id
}

func TestWhatIsNotScheduled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection, room := b.a.connection(), b.a.channel("room", nil).ID
	for name, more := range map[string]map[string]any{
		"no cron": {"cron": "every day"}, "no zone": {"time_zone": "Mars/Base"}, "upwards": {"target": "lake", "folder": "../secrets"}, "within": {"target": "lake", "folder": "a/../../b"},
		"hidden": {"target": "lake", "folder": "a/.b"}, "an address": {"target": "s3://other"}, "another place": {"target": "elsewhere"}, "folder of nothing": {"folder": "a"}, "backslash": {"target": "lake", "folder": "a\\b"},
		"no channel": {"channels": []any{store.NewID()}}, "nothing that carries files": {"channels": []any{room}, "attach": true},
	} {
		res := b.a.do(http.MethodPost, "/export-schedules", scheduleBody(connection, more))
		require.Equal(t, http.StatusUnprocessableEntity, res.status, "%s: %s", name, res.body)
	}
	require.Equal(t, "invalid", b.a.do(http.MethodPost, "/export-schedules", map[string]any{"format": "csv"}).code(t))
	b.runs.fail(models.Errorf(models.CodeGuardRefused, "no"))
	require.Equal(t, "guard_refused", b.a.do(http.MethodPost, "/export-schedules", scheduleBody(connection, nil)).code(t))
	b.runs.fail(nil)
	viewer := b.member(models.RoleViewer)
	require.Equal(t, http.StatusForbidden, viewer.do(http.MethodGet, "/export-schedules", nil).status)

	e := b.a.scheduled(connection, map[string]any{"name": "Orders", "target": "lake", "folder": "daily"})
	require.Equal(t, "conflict", b.a.do(http.MethodPost, "/export-schedules", scheduleBody(connection, map[string]any{"name": "Orders", "target": "lake", "folder": "daily"})).code(t))
	require.Equal(t, "conflict", b.b.do(http.MethodPost, "/export-schedules", scheduleBody(b.b.connection(), map[string]any{"name": "Orders", "target": "lake", "folder": "daily"})).code(t),
		"nobody writes over the files of another organisation")
	other := b.a.scheduled(connection, map[string]any{"name": "Orders", "target": "archive", "folder": "daily"})
	require.Equal(t, "conflict", b.a.do(http.MethodPatch, "/export-schedules/"+other.ID, map[string]any{"delivery": map[string]any{"target": "lake", "folder": "daily"}}).code(t))
	analyst := b.member(models.RoleAnalyst)
	require.Equal(t, http.StatusNotFound, analyst.do(http.MethodGet, "/export-schedules/"+e.ID, nil).status, "it is its owner's")
	var settings api.ExportSettings
	analyst.do(http.MethodGet, "/export-settings", nil).into(t, &settings)
	require.Equal(t, []string{"archive", "lake"}, settings.Targets)
}

package e2e

import (
	"flag"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/llm/llmtest"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

var record = flag.String("record", "", "write the histories of this build to workflows/testdata/replay/<its version>")

// TestRecordHistories runs each workflow to each of its endings and keeps the
// histories, decoded, for TestReplay. Record from a build that is released,
// never from a change that is to be tested against them: see docs/workflows.md.
func TestRecordHistories(t *testing.T) {
	if *record == "" {
		t.Skip("without -record there is nothing to do")
	}
	require.NotContains(t, *record, "dirty", "record from a commit, so that it is known which code the histories are of")
	t.Run("endings", recordEndings)
	t.Run("waits", recordWaits)
	t.Run("limits", recordLimits)
	t.Run("connections", recordConnections)
	t.Run("messages", recordMessages)
	t.Run("exports", recordExports)
	t.Run("scheduled exports", recordScheduledExports)
	t.Run("alerts", recordAlerts)
	t.Run("dashboards", recordDashboards)
	t.Run("reports", recordReports)
}

// recordAlerts keeps runs of alerts, and what they lead to.
func recordAlerts(t *testing.T) {
	h := newRecorder(t, system.Options{Env: alertEnv})
	tc, err := worker.Dial(t.Context(), h.s.Temporal, h.s.Namespace, nil, h.s.Codec(), slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	t.Cleanup(tc.Close)
	runs, owner := &workflows.Client{Temporal: tc}, h.s.Owner.Scope()
	body := func(name, cron string, limit float64, channels ...string) map[string]any {
		return map[string]any{"saved_query_id": savedQuery(h.s, "SELECT count(*) AS n FROM orders"), "name": name, "cron": cron, "channels": channels,
			"condition": map[string]any{"kind": "threshold", "op": "below", "limit": limit}, "rule": map[string]any{"recovery": true}}
	}
	create := func(of map[string]any) (a api.Alert) {
		h.s.Owner.Call(http.StatusCreated, http.MethodPost, "/alerts", of, &a)
		return a
	}
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	run := func(name, id string, kind models.RunKind, times ...time.Time) {
		require.NoError(t, runs.RunAlert(t.Context(), owner, id, times, kind))
		h.keep(name, "alert-run/"+id+"/"+times[0].Format(time.RFC3339Nano))
	}
	h.s.Owner.Call(http.StatusOK, http.MethodPost, "/alerts/preview", body("tried", "0 8 * * *", 5), nil)
	h.keepNewest("alert_previewed", "PreviewAlert")

	never := "0 0 1 1 *"
	calm := create(body("calm", never, 5)).ID
	run("alert_calm", calm, models.RunNow, at)
	run("alert_again", calm, models.RunScheduled, at) // there is a run of this time
	run("alert_made_up_for", calm, models.RunBackfill, at.AddDate(0, 0, -2), at.AddDate(0, 0, -1))

	_, channel := hookChannel(t, h.s, newHook(t, 0))
	fires := create(body("fires", never, 5000, channel)).ID
	run("alert_fires", fires, models.RunScheduled, at)
	h.keepNewest("alert_why", "AlertWhy")
	tells := body("tells", never, 5000, channel)
	tells["rule"] = map[string]any{"tell_finding": true}
	run("alert_fires_and_tells", create(tells).ID, models.RunScheduled, at)
	h.keepNewest("alert_why_told", "AlertWhy")
	require.NoError(t, runs.WakeAlert(t.Context(), owner.OrgID, fires, at))
	h.keep("alert_woken", "alert-wake/"+fires)

	create(body("scheduled", "15 6 * * *", 5000))
	system.Eventually(t, "Temporal has the schedules", func() bool {
		return number(t, h.s, "SELECT count(*) FROM schedules WHERE applied <> version") == 0
	})
	schedule, err := h.s.Store.FindSchedule(t.Context(), owner, models.ScheduleAlerts, "", models.Timing{Cron: "15 6 * * *", TimeZone: "UTC"})
	require.NoError(t, err)
	require.NoError(t, h.client().ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(&schedule)).Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	system.Eventually(t, "the schedule has run", func() bool { return number(t, h.s, "SELECT count(*) FROM alert_runs WHERE at > '2026-04-01'") == 1 })
	h.keep("alert_scheduled", h.newest("AlertRun", "alert-run/"+schedule.ID))
}

// recordScheduledExports keeps runs of scheduled exports.
func recordScheduledExports(t *testing.T) {
	_, env := place(t)
	h := newRecorder(t, system.Options{Env: append([]string{env}, alertEnv...)})
	s, post := h.s, newMailbox(t).channel(h.s)
	body := func(name, sql string) map[string]any {
		return map[string]any{"connection_id": s.Connection, "sql": sql, "name": name, "format": "csv", "channels": []string{webhook(s, newReceiver(t)), post}, "attach": true, "target": "lake"}
	}
	e, trigger := scheduled(t, s, body("delivered", "SELECT id FROM orders"))
	trigger()
	system.EventuallyWithin(t, time.Minute, "it is told", func() bool { all := history(s, e.ID); return len(all) == 1 && told(all[0]) })
	h.keep("scheduled_export_delivered", h.newest("ScheduledExport", "scheduled-export/"))
	run := func(name string) {
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/export-schedules/"+e.ID+"/run", map[string]any{}, nil)
		h.keep(name, h.newest("ScheduledExport", "scheduled-export/"+e.ID))
	}
	s.Exec("shop", "ALTER TABLE orders RENAME TO orders_before")
	run("scheduled_export_failed")
	s.Owner.Call(http.StatusNoContent, http.MethodDelete, "/connections/"+s.Connection+"?conversations=true", nil, nil)
	run("scheduled_export_paused")
}

// recordDashboards keeps refreshes: one with a tile that fails, one that is stopped.
func recordDashboards(t *testing.T) {
	h := newRecorder(t, system.Options{})
	refresh := func(name string, tiles ...any) (d api.Dashboard) {
		h.s.Owner.Call(http.StatusCreated, http.MethodPost, "/dashboards", map[string]any{"name": name, "tiles": tiles}, &d)
		h.s.Owner.Call(http.StatusAccepted, http.MethodPost, "/dashboards/"+d.ID+"/refresh", map[string]any{}, nil)
		return d
	}
	refresh("Read", newTile(h.s, "Counted", "SELECT count(*) AS n FROM orders"), newTile(h.s, "Fails", "SELECT 1 / (amount - amount) AS n FROM orders"))
	h.keepNewest("dashboard_read", "RefreshDashboard")

	refresh("Stopped", newTile(h.s, "Endless", system.EndlessSQL))
	system.Eventually(t, "the query runs", func() bool { return h.s.Running("pairs") == 1 })
	id := h.newest("RefreshDashboard", "")
	require.NoError(t, h.client().CancelWorkflow(t.Context(), id, ""))
	h.keep("dashboard_stopped", id)
}

// recordMessages keeps runs that send messages.
func recordMessages(t *testing.T) {
	h := newRecorder(t, system.Options{Env: alertEnv})
	receiver := newHook(t, 0)
	scope, channel := hookChannel(t, h.s, receiver)
	h.s.Owner.Call(http.StatusOK, http.MethodPost, "/channels/"+channel+"/test", nil, nil)
	h.keepNewest("test_channel", "TestChannel")
	send := func(name string, until models.DeliveryStatus) string {
		ids, err := h.s.Store.Queue(t.Context(), scope, []models.Delivery{{Subject: "alert/1", Episode: name, ChannelID: channel, Message: models.Message{Title: name}}})
		require.NoError(t, err)
		h.s.Deliver(scope, ids...)
		system.Eventually(t, name, func() bool {
			d, err := h.s.Store.GetDelivery(t.Context(), scope, ids[0])
			return err == nil && d.Status == until && d.Tries > 0
		})
		return "deliver/" + ids[0]
	}
	h.keep("deliver_sent", send("sent", models.DeliverySent))
	receiver.Close() // nothing listens: it is tried again
	stopped := send("stopped", models.DeliveryQueued)
	require.NoError(t, h.client().CancelWorkflow(t.Context(), stopped, ""))
	h.keep("deliver_stopped", stopped)
}

// recordExports keeps exports, estimates of them and the deletion of their files.
func recordExports(t *testing.T) {
	t.Helper()
	h := newRecorder(t, system.Options{Workers: []string{"ask,model,query,alert", "export"}})
	s, worker := h.s, h.s.Workers[1]
	start := func(sql string) (e api.Export) {
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/exports", map[string]any{"connection_id": s.Connection, "sql": sql, "format": "csv"}, &e)
		return e
	}
	await := func(e api.Export, status models.ExportStatus) {
		system.EventuallyWithin(t, time.Minute, "the export is "+string(status), func() bool {
			s.Owner.Call(http.StatusOK, http.MethodGet, "/exports/"+e.ID, nil, &e)
			return e.Status == status
		})
	}
	reads := func() { system.Eventually(t, "the query runs", func() bool { return s.Running("pairs") == 1 }) }
	steer := func(e api.Export, what string) {
		s.Owner.Call(http.StatusAccepted, http.MethodPost, "/exports/"+e.ID+"/"+what, map[string]any{}, nil)
	}
	keep := func(name string, e api.Export, status models.ExportStatus) {
		await(e, status)
		h.keep("export_"+name, "export/"+e.ID)
	}
	estimate := func(name, sql string, status int) {
		s.Owner.Call(status, http.MethodPost, "/exports/estimate", map[string]any{"connection_id": s.Connection, "sql": sql, "format": "csv"}, nil)
		h.keepNewest(name, "EstimateExport")
	}
	estimate("estimate_export", "SELECT * FROM orders", http.StatusOK)
	estimate("estimate_export_refused", "DELETE FROM orders", http.StatusUnprocessableEntity)

	done := start("SELECT * FROM orders")
	keep("done", done, models.ExportDone)
	s.Owner.Call(http.StatusNoContent, http.MethodDelete, "/exports/"+done.ID, nil, nil)
	h.keepNewest("delete_export", "DeleteExport")
	keep("failed", start("SELECT 1 / (id - id) AS nothing FROM orders"), models.ExportFailed)

	e := start(system.EndlessSQL)
	reads()
	steer(e, "cancel")
	keep("cancelled", e, models.ExportCancelled)

	e = start(system.EndlessSQL)
	reads()
	steer(e, "pause")
	await(e, models.ExportPaused)
	steer(e, "resume")
	reads()
	steer(e, "pause")
	await(e, models.ExportPaused)
	steer(e, "cancel")
	keep("cancelled_while_paused", e, models.ExportCancelled)

	for _, what := range []string{"cancel", "pause"} { // of a query that a dead worker left
		e = start(system.EndlessSQL)
		reads()
		worker.Kill()
		steer(e, what)
		worker.Start(system.WorkerReady)
		if what == "pause" {
			await(e, models.ExportPaused)
			steer(e, "cancel")
		}
		keep("orphan_"+what, e, models.ExportCancelled)
	}

	worker.Kill()
	e = start("SELECT id FROM orders")
	steer(e, "pause")
	await(e, models.ExportPaused)
	worker.Start(system.WorkerReady)
	steer(e, "resume")
	keep("paused_while_queued", e, models.ExportDone)

	hasty := system.Build{Bin: system.Compile(t, system.Change{File: "workflows/export.go", Old: "pauseTimeout = 30 * 24 * time.Hour", New: "pauseTimeout = time.Second"})}
	h = newRecorder(t, system.Options{})
	s = h.s
	s.Workers[0].Kill()
	s.StartBuild(hasty, "ask,model,query,alert,export")
	e = start(system.EndlessSQL)
	reads()
	steer(e, "pause")
	keep("paused_for_long", e, models.ExportCancelled)
}

// unclear is a plan that asks back, so many times.
func unclear(contains string, times int) llmtest.Rule {
	return rawPlan(contains, times, map[string]any{"status": "clarify", "text": "Which?", "choices": []string{"all"}})
}

// recordEndings keeps runs that need nobody's reply.
func recordEndings(t *testing.T) {
	t.Helper()
	h := newRecorder(t, system.Options{Env: []string{"DATAMIND_CATALOG_TTL=1h"}},
		once(plan("repaired", "SELECT nonsense FROM orders")),
		once(llmtest.Rule{Kind: llmtest.KindPlan, Contains: "garbled once", Content: "Sure!"}),
		llmtest.Rule{Kind: llmtest.KindPlan, Contains: "garbled always", Content: "Sure!"},
		rawPlan("not answerable", 0, map[string]any{"status": "refused", "text": "No."}),
		llmtest.Rule{Kind: llmtest.KindPlan, Contains: "model refuses", Status: http.StatusUnauthorized},
		plan("guarded", "DELETE FROM orders"), plan("failed", "SELECT 1 / (id - id) FROM orders"),
		llmtest.Rule{Kind: llmtest.KindPlan, Contains: "stopped planning", Hang: true}, plan("stopped querying", system.EndlessSQL),
		llmtest.Rule{Kind: llmtest.KindWrite, Contains: "stopped writing", Hang: true},
		llmtest.Rule{Kind: llmtest.KindWrite, Contains: "unproven", Content: "There are 4711."},
		llmtest.Rule{Kind: llmtest.KindWrite, Contains: "unwritten", Status: http.StatusUnauthorized})
	s := h.s
	answered := h.end("answered", models.StatusAnswered)
	for _, name := range []string{"repaired", "garbled once", "unproven"} {
		h.end(name, models.StatusAnswered)
	}
	for _, name := range []string{"not answerable", "guarded"} {
		h.end(name, models.StatusRefused)
	}
	for _, name := range []string{"garbled always", "model refuses", "failed"} {
		h.end(name, models.StatusFailed)
	}
	h.end("unwritten", models.StatusAnswered, models.StatusFailed)

	h.stop("stopped querying", func() bool { return s.Running("pairs") == 1 })
	h.stop("stopped planning", func() bool { return len(callsOf(s, llmtest.KindPlan, "stopped planning")) == 1 })
	h.stop("stopped writing", func() bool { return len(callsOf(s, llmtest.KindWrite, "stopped writing")) == 1 })
	h.post(answered, "edit-sql", map[string]any{"sql": "SELECT 1 AS one"})
	s.Owner.Await(answered, models.StatusAnswered)
	h.keep("ask_edited", "ask/"+answered)

	orphaned := s.Owner.Ask("stopped querying, when the worker was gone")
	system.Eventually(t, "the query runs", func() bool { return s.Running("pairs") == 1 })
	s.Workers[0].Kill()
	h.post(orphaned, "stop", map[string]any{})
	s.Workers[0].Start(system.WorkerReady)
	s.Owner.Await(orphaned, models.StatusCancelled)
	h.keep("ask_stopped_orphan", "ask/"+orphaned)

	s.Workers[0].Kill()
	queued := s.Owner.Ask("stopped while queued")
	h.post(queued, "stop", map[string]any{})
	s.Workers[0].Start(system.WorkerReady)
	s.Owner.Await(queued, models.StatusCancelled)
	h.keep("ask_stopped_queued", "ask/"+queued)

	poor := newRecorder(t, system.Options{Env: []string{"DATAMIND_TOKEN_BUDGET_MONTHLY=1"}})
	poor.end("budget", models.StatusBudget)
}

// recordWaits keeps runs that wait for a person.
func recordWaits(t *testing.T) {
	t.Helper()
	h := newRecorder(t, system.Options{}, unclear("clarified", 1), unclear("rewritten", 1), unclear("stopped waiting", 1), unclear("unclear", 0))
	h.wait("clarified", models.StatusClarify, "clarify", map[string]any{"reply": "all"}, models.StatusAnswered)
	h.wait("rewritten", models.StatusClarify, "edit-sql", map[string]any{"sql": system.QuickSQL}, models.StatusAnswered)
	h.wait("stopped waiting", models.StatusClarify, "stop", map[string]any{}, models.StatusCancelled)
	id := h.s.Owner.Ask("unclear")
	for n := 1; !h.s.Owner.Await(id, models.StatusClarify, models.StatusRefused).Status.Final(); n++ {
		h.post(id, "clarify", map[string]any{"reply": "all"})
		system.Eventually(t, "it has been planned again", func() bool { return len(callsOf(h.s, llmtest.KindPlan, "unclear")) > n })
	}
	h.keep("ask_unclear", "ask/"+id)

	costly := newRecorder(t, system.Options{Env: []string{"DATAMIND_APPROVE_COST=1"}})
	costly.wait("approved", models.StatusApprove, "approve", map[string]any{"yes": true}, models.StatusAnswered)
	costly.wait("not approved", models.StatusApprove, "approve", map[string]any{"yes": false}, models.StatusCancelled)
	costly.wait("approval stopped", models.StatusApprove, "stop", map[string]any{}, models.StatusCancelled)
	costly.wait("approval rewritten", models.StatusApprove, "edit-sql", map[string]any{"sql": "SELECT 1 AS one"}, models.StatusAnswered)
}

// recordLimits keeps runs that end at a limit, which here is shorter than it is.
func recordLimits(t *testing.T) {
	t.Helper()
	hasty := system.Build{Bin: system.Compile(t,
		system.Change{File: "workflows/ask.go", Old: "askTimeout = 30 * 24 * time.Hour", New: "askTimeout = time.Second"},
		system.Change{File: "workflows/options.go", Old: "closeLimit = 24 * time.Hour", New: "closeLimit = 2 * time.Second"})}
	h := newRecorder(t, system.Options{}, unclear("nobody replies", 1), llmtest.Rule{Kind: llmtest.KindPlan, Contains: "timed out", Hang: true})
	h.s.Workers[0].Kill()
	h.s.StartBuild(hasty, "ask,model,query,alert")
	h.end("nobody replies", models.StatusCancelled)
	h.end("timed out", models.StatusFailed)
}

// recordConnections keeps runs that read a schema, and those that only that.
func recordConnections(t *testing.T) {
	t.Helper()
	h := newRecorder(t, system.Options{Env: []string{"DATAMIND_CATALOG_TTL=1ms"}})
	test := func(name string, ok bool) {
		var report models.ConnectionReport
		h.s.Owner.Call(http.StatusOK, http.MethodPost, "/connections/"+h.s.Connection+"/test", nil, &report)
		require.Equal(t, ok, report.OK)
		h.keepNewest(name, "TestConnection")
	}
	h.keep("sync_catalog", "sync-catalog/"+h.s.Connection)
	answered := h.end("discovered", models.StatusAnswered)
	test("test_connection", true)
	verify := func(name, sql string, status int) {
		var v api.VerifiedQuestion
		h.s.Owner.Call(http.StatusCreated, http.MethodPost, "/verified-questions", map[string]any{"question_id": answered, "question": name, "sql": sql}, &v)
		h.s.Owner.Call(status, http.MethodPost, "/verified-questions/"+v.ID+"/verify", nil, nil)
		h.keepNewest(name, "CheckSQL")
	}
	verify("check_sql", system.QuickSQL, http.StatusOK)
	verify("check_sql_refused", "DELETE FROM orders", http.StatusUnprocessableEntity)
	h.s.Exec("postgres", "ALTER ROLE reader PASSWORD 'another-password'")
	h.s.Exec("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'") // a session that is kept would still do
	h.end("not discovered", models.StatusFailed)
	test("test_connection_refused", false)
	h.s.Owner.Call(http.StatusAccepted, http.MethodPost, "/connections/"+h.s.Connection+"/catalog/sync", nil, nil)
	h.keep("sync_catalog_failed", "sync-catalog/"+h.s.Connection)

	var report models.ModelReport
	h.s.Owner.Call(http.StatusOK, http.MethodPost, "/models/test", map[string]any{"preset": "other", "base_url": h.s.Model.URL, "model": "scripted"}, &report)
	require.True(t, report.OK, report.Message)
	h.keepNewest("test_model", "TestModel")
	h.s.Owner.Call(http.StatusOK, http.MethodPost, "/models/test", map[string]any{"preset": "other", "base_url": h.s.Model.URL + "/nowhere", "model": "scripted"}, &report)
	require.False(t, report.OK)
	h.keepNewest("test_model_refused", "TestModel")
}

// recorder writes histories with their payloads decoded.
type recorder struct {
	t *testing.T
	s *system.System
}

// newRecorder starts a system whose model answers what the rules do not name.
func newRecorder(t *testing.T, o system.Options, rules ...llmtest.Rule) recorder {
	t.Helper()
	o.Model, o.Rules = true, append(rules, plan("", system.QuickSQL))
	return recorder{t: t, s: system.Start(t, o)}
}

// end asks a question that is called as its ending is, and keeps its run.
func (r recorder) end(name string, statuses ...models.QuestionStatus) string {
	r.t.Helper()
	id := r.s.Owner.Ask(name)
	r.s.Owner.Await(id, statuses...)
	r.keep("ask_"+strings.ReplaceAll(name, " ", "_"), "ask/"+id)
	return id
}

// stop asks a question, stops it when it is so far, and keeps its run.
func (r recorder) stop(name string, reached func() bool) {
	r.t.Helper()
	id := r.s.Owner.Ask(name)
	system.Eventually(r.t, name, reached)
	r.post(id, "stop", map[string]any{})
	r.s.Owner.Await(id, models.StatusCancelled)
	r.keep("ask_"+strings.ReplaceAll(name, " ", "_"), "ask/"+id)
}

// wait asks a question, does what it waits for, and keeps its run.
func (r recorder) wait(name string, waits models.QuestionStatus, action string, body map[string]any, end models.QuestionStatus) {
	r.t.Helper()
	id := r.s.Owner.Ask(name)
	r.s.Owner.Await(id, waits)
	r.post(id, action, body)
	r.s.Owner.Await(id, end)
	r.keep("ask_"+strings.ReplaceAll(name, " ", "_"), "ask/"+id)
}

func (r recorder) post(id, action string, body map[string]any) {
	r.t.Helper()
	r.s.Owner.Call(http.StatusAccepted, http.MethodPost, "/questions/"+id+"/"+action, body, nil)
}

func (r recorder) client() client.Client {
	r.t.Helper()
	c, err := client.Dial(client.Options{HostPort: r.s.Temporal, Namespace: r.s.Namespace})
	require.NoError(r.t, err)
	r.t.Cleanup(c.Close)
	return c
}

// kept are the runs that were kept of a type whose ids the test does not know.
var kept = map[string]bool{}

// keepNewest keeps the run of a type that has not been kept.
func (r recorder) keepNewest(name, workflowType string) {
	r.t.Helper()
	r.keep(name, r.newest(workflowType, ""))
}

// newest is the id of the run of a type that has not been kept, whose id begins so.
func (r recorder) newest(workflowType, begins string) (id string) {
	r.t.Helper()
	c := r.client()
	system.Eventually(r.t, "the run is listed", func() bool {
		runs, err := c.ListWorkflow(r.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = '" + workflowType + "'"})
		require.NoError(r.t, err)
		for _, run := range runs.Executions {
			if !kept[run.Execution.WorkflowId] && strings.HasPrefix(run.Execution.WorkflowId, begins) {
				id = run.Execution.WorkflowId
			}
		}
		return id != ""
	})
	kept[id] = true
	return id
}

func (r recorder) keep(name, id string) {
	r.t.Helper()
	c := r.client()
	_ = c.GetWorkflow(r.t.Context(), id, "").Get(r.t.Context(), nil) // its end; how, is in the history
	var history historypb.History
	for it := c.GetWorkflowHistory(r.t.Context(), id, "", false, 0); it.HasNext(); {
		event, err := it.Next()
		require.NoError(r.t, err)
		history.Events = append(history.Events, event)
	}
	codec := r.s.Codec()
	require.NoError(r.t, proxy.VisitPayloads(r.t.Context(), &history, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			out := slices.Clone(payloads)
			for i, p := range payloads {
				if string(p.GetMetadata()[crypt.MetadataEncoding]) != crypt.EncodingSealed {
					continue // Temporal's own, such as of an activity cancelled before its start
				}
				plain, err := codec.Decode(payloads[i : i+1])
				if err != nil {
					return nil, err
				}
				out[i] = plain[0]
			}
			return out, nil
		}}))
	raw, err := protojson.MarshalOptions{Indent: " "}.Marshal(&history)
	require.NoError(r.t, err)
	dir := filepath.Join(testkit.Root(r.t), "workflows", "testdata", "replay", *record)
	require.NoError(r.t, os.MkdirAll(dir, 0o755))
	require.NoError(r.t, os.WriteFile(filepath.Join(dir, name+".json"), append(raw, '\n'), 0o644))
}

package bench

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/datamind/datamind/e2e/system"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

// TestAlerts measures alerts of one organisation that are all due in the same
// minute, over a query that is quick, and that organisation's questions
// meanwhile: with the priorities that there are, and with the same one for both.
func TestAlerts(t *testing.T) {
	out := table{name: "alerts", header: []string{"alerts due at once", "priority", "all checked after", "lateness: p50", "p99", "questions alone: p50", "p95", "questions meanwhile", "p50", "p95", "p95 of alone"}}
	s := measured(t, system.Options{Model: true, Workers: layout, Rules: quick})
	for _, n := range []int{1000, 10_000} {
		for _, priority := range []bool{true, false} {
			alerts(t, s, &out, n, priority)
		}
	}
	out.publish(t)
}

func alerts(t *testing.T, s *system.System, out *table, n int, priority bool) {
	var alone, beside times
	for range count(20, 2) {
		alone = append(alone, ask(t, s.Owner, "how many orders?").wall)
	}
	owner, dsn := s.Owner.Scope(), s.Platform.DSN("datamind")
	at := time.Now().UTC().Truncate(time.Minute).Add(2 * time.Minute)
	if !priority {
		at = time.Now().UTC().Truncate(time.Second)
	}
	schedule := plant(t, s, owner, n, at)
	if priority {
		require.Eventually(t, func() bool {
			return number[int](t, dsn, "SELECT count(*) FROM schedules WHERE version = applied") == 1
		}, time.Minute, time.Second)
		time.Sleep(time.Until(at))
	} else {
		c, err := worker.Dial(t.Context(), s.Temporal, s.Namespace, nil, s.Codec(), slog.New(slog.DiscardHandler), nil)
		require.NoError(t, err)
		defer c.Close()
		_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "alert-run/" + schedule, TaskQueue: workflows.QueueAsk, Priority: temporal.Priority{PriorityKey: 2}},
			workflows.AlertRun, workflows.AlertRunInput{Scope: models.Scope{OrgID: owner.OrgID}, ScheduleID: schedule, At: at, Kind: models.RunScheduled})
		require.NoError(t, err)
	}
	checked := func() int { return number[int](t, dsn, "SELECT count(*) FROM alert_runs WHERE at = $1", at) }
	for checked() < n {
		beside = append(beside, ask(t, s.Owner, "how many orders?").wall)
	}
	late := func(q float64) time.Duration {
		return time.Duration(number[float64](t, dsn, fmt.Sprintf("SELECT percentile_disc(%v) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - at))::float8 FROM alert_runs WHERE at = $1", q), at) * float64(time.Second))
	}
	how := map[bool]string{true: "questions first", false: "the same for both"}[priority]
	out.add(n, how, late(1), late(.5), late(.99), alone.p50(), alone.p95(), len(beside), beside.p50(), beside.p95(), ratio(beside.p95(), alone.p95()))
	require.Zero(t, number[int](t, dsn, "SELECT count(*) FROM alert_runs WHERE at = $1 AND error_code <> ''", at))
}

// plant stores alerts that are due at a time, in place of earlier ones.
func plant(t *testing.T, s *system.System, owner models.Scope, n int, at time.Time) (schedule string) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.Platform.DSN("datamind"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range []string{"DELETE FROM alerts", "UPDATE schedules SET version = version + 1"} {
		_, err := conn.Exec(ctx, sql)
		require.NoError(t, err)
	}
	first := &models.Alert{ConnectionID: s.Connection, Name: "Orders", SQL: system.QuickSQL, Condition: models.AlertCondition{Kind: models.ConditionThreshold, Limit: 1e12},
		Timing: models.Timing{Cron: fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour()), TimeZone: "UTC"}, Channels: []string{}, EscalateTo: []string{}}
	require.NoError(t, s.Store.CreateAlert(ctx, owner, first))
	const fields = `org_id, user_id, connection_id, name, question, "of", replan, sql, arguments, condition, rule, cron, time_zone, jitter_seconds, catch_up_minutes, channels, escalate_to, shared, status, pause_code, pause_text, active_since, created_at, updated_at`
	_, err = conn.Exec(ctx, "INSERT INTO alerts (id, "+fields+") SELECT gen_random_uuid(), "+fields+" FROM alerts, generate_series(2, $1)", n)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "INSERT INTO alert_states (alert_id, org_id, state, updated_at) SELECT id, org_id, '{}', now() FROM alerts WHERE id <> $1", first.ID)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "UPDATE alerts SET active_since = now() - interval '1 hour'; ANALYZE alerts; ANALYZE alert_states")
	require.NoError(t, err)
	found, err := s.Store.FindSchedule(ctx, owner, models.ScheduleAlerts, "", first.Timing)
	require.NoError(t, err)
	return found.ID
}

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// OverdueWhat is a kind of work that runs by itself, and that nobody waits for at a page.
type OverdueWhat string

// What can be overdue, and from when on it counts as that.
const (
	// OverdueSchedules are those that Temporal does not have as they are wanted. A
	// new one is that for some seconds; nothing says since when, so its age is 0.
	OverdueSchedules OverdueWhat = "schedules"
	// OverdueAlerts have something to tell for more than a minute.
	OverdueAlerts OverdueWhat = "alerts"
	// OverdueReports have been made for more than an hour.
	OverdueReports OverdueWhat = "reports"
	// OverdueExports are of schedules, ended more than an hour ago, and are not
	// delivered: most often a place for copies does not take them.
	OverdueExports OverdueWhat = "exports"
	// OverdueMessages are due for more than a quarter of an hour.
	OverdueMessages OverdueWhat = "messages"
)

// OverdueKinds are all of them, in the order in which one leads to the next.
var OverdueKinds = []OverdueWhat{OverdueSchedules, OverdueAlerts, OverdueReports, OverdueExports, OverdueMessages}

// Overdue is work of one kind that should have been done by now.
type Overdue struct {
	What  OverdueWhat
	Count int
	// Age is how long ago the oldest was due, Oldest its id; of reports that of the report.
	Age    time.Duration
	Oldest string
}

// SystemOverdue counts what should have been done by now, of all organisations. A
// kind of which there is nothing is left out.
func (s *Store) SystemOverdue(ctx context.Context) (all []Overdue, err error) {
	var rows []struct {
		What    OverdueWhat
		Count   int
		Seconds float64
		Oldest  string
	}
	err = s.system(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT what, count(*) AS count, extract(epoch FROM now() - min(since)) AS seconds, (array_agg(id ORDER BY since))[1] AS oldest FROM (
				SELECT ? AS what, id, now() AS since FROM schedules WHERE version <> applied AND kind IN ?
				UNION ALL
				SELECT ?, a.id, s.wake_at FROM alert_states s JOIN alerts a ON a.id = s.alert_id
					WHERE s.wake_at < now() - interval '1 minute' AND a.status = 'active'
				UNION ALL
				SELECT ?, report_id, started_at FROM report_runs WHERE status = 'running' AND started_at < now() - interval '1 hour'
				UNION ALL
				SELECT ?, e.id, e.ended_at FROM exports e JOIN export_schedules s ON s.id = e.schedule_id AND s.org_id = e.org_id
					WHERE e.told_at IS NULL AND e.ended_at < now() - interval '1 hour' AND e.ended_at > now() - interval '2 days'
				UNION ALL
				SELECT ?, id, due_at FROM deliveries WHERE status IN ('queued', 'sending') AND due_at < now() - interval '15 minutes') overdue
			GROUP BY what`, OverdueSchedules, scheduleKinds, OverdueAlerts, OverdueReports, OverdueExports, OverdueMessages).Scan(&rows).Error
	})
	for _, r := range rows {
		all = append(all, Overdue{r.What, r.Count, time.Duration(max(r.Seconds, 0) * float64(time.Second)), r.Oldest})
	}
	return all, err
}

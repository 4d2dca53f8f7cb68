package sample

import "github.com/datamind/datamind/models"

// Alerts are two that show what an alert can do, over a connection to this
// database: a limit on a share that moves with each day, and a band around what
// is usual of a day of the week. Both look at a series, so that they know from
// their first run on what was before.
func Alerts(connectionID string) []models.Alert {
	watch := func(name, sql string, c models.AlertCondition) models.Alert {
		return models.Alert{ConnectionID: connectionID, Name: name, SQL: sql, Condition: c, Rule: models.AlertRule{Recovery: true},
			Timing: models.Timing{Cron: "0 8 * * *", TimeZone: "UTC"}, Channels: []string{}, EscalateTo: []string{}, Shared: true}
	}
	clear := 2.5
	return []models.Alert{
		watch("Refund share above 3 % in the last 7 days", `WITH days AS (
  SELECT day, sum(revenue) AS revenue, sum(refunded) AS refunded
  FROM (
    SELECT o.ordered_at::date AS day, o.total AS revenue, 0 AS refunded
    FROM orders o
    WHERE o.status <> 'cancelled' AND o.ordered_at >= CURRENT_DATE - 97 AND o.ordered_at < CURRENT_DATE
    UNION ALL
    SELECT r.refunded_at::date, 0, r.amount
    FROM refunds r
    WHERE r.refunded_at >= CURRENT_DATE - 97 AND r.refunded_at < CURRENT_DATE
  ) AS moved
  GROUP BY day
), weeks AS (
  SELECT day, sum(revenue) OVER week AS revenue, sum(refunded) OVER week AS refunded
  FROM days
  WINDOW week AS (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW)
)
SELECT day, round(100 * refunded / nullif(revenue, 0), 2) AS refund_share
FROM weeks
WHERE day >= CURRENT_DATE - 90
ORDER BY day`,
			models.AlertCondition{Kind: models.ConditionThreshold, Column: "refund_share", Rows: models.RowsLast, Op: models.OpAbove, Limit: 3, Clear: &clear, Unit: "%"}),
		watch("Daily revenue outside its band", `SELECT o.ordered_at::date AS day, sum(o.total) AS revenue
FROM orders o
WHERE o.status <> 'cancelled' AND o.ordered_at >= CURRENT_DATE - 120 AND o.ordered_at < CURRENT_DATE
GROUP BY 1
ORDER BY 1`,
			models.AlertCondition{Kind: models.ConditionBand, Column: "revenue", Rows: models.RowsLast, Op: models.OpEither, Limit: 4, Unit: "$"}),
	}
}

package sample

import (
	"github.com/google/uuid"

	"github.com/datamind/datamind/models"
)

// Report is one that shows what a report can do, over a connection to this
// database: three standing questions, asked again every Monday morning, with what
// changed since. Their periods move on by themselves.
func Report(userID, connectionID string) *models.Report {
	ask := func(question, sql string) models.StandingQuestion {
		return models.StandingQuestion{ID: uuid.NewString(), ConnectionID: connectionID, Question: question, SQL: sql}
	}
	return &models.Report{Name: "Sales every Monday", Kind: models.ReportQuestions, Values: map[string]any{}, Locale: "en", PDF: true,
		Timing:     models.Timing{Cron: "0 8 * * 1", TimeZone: "UTC"},
		Recipients: []models.ReportRecipient{{UserID: userID}},
		Questions: []models.StandingQuestion{
			ask("Revenue and orders by sales channel, last week", `SELECT o.channel, count(*) AS orders, sum(o.total) AS revenue
FROM orders o
WHERE o.status <> 'cancelled' AND o.ordered_at >= date_trunc('week', CURRENT_DATE) - INTERVAL '1 week' AND o.ordered_at < date_trunc('week', CURRENT_DATE)
GROUP BY o.channel
ORDER BY revenue DESC`),
			ask("Revenue by week, last 12 weeks", `SELECT date_trunc('week', o.ordered_at)::date AS week, sum(o.total) AS revenue
FROM orders o
WHERE o.status <> 'cancelled' AND o.ordered_at >= date_trunc('week', CURRENT_DATE) - INTERVAL '12 weeks' AND o.ordered_at < date_trunc('week', CURRENT_DATE)
GROUP BY 1
ORDER BY 1`),
			ask("Best-selling products of last week", `SELECT p.name AS product, sum(i.quantity) AS sold, sum(i.line_total) AS revenue
FROM order_items i
JOIN orders o ON o.id = i.order_id
JOIN products p ON p.id = i.product_id
WHERE o.status <> 'cancelled' AND o.ordered_at >= date_trunc('week', CURRENT_DATE) - INTERVAL '1 week' AND o.ordered_at < date_trunc('week', CURRENT_DATE)
GROUP BY p.id, p.name
ORDER BY revenue DESC
LIMIT 10`),
		}}
}

package sample

import (
	"github.com/google/uuid"

	"github.com/datamind/datamind/models"
)

// Dashboard is one that shows what a dashboard can do, over a connection to this
// database: a filter that all tiles share, one that a click sets, numbers with
// their change, charts, rows and a text. Its periods move on by themselves.
func Dashboard(connectionID string) models.DashboardSpec {
	channels := models.Parameter{Name: "channels", Type: models.ParameterList, Label: "Sales channel"}
	own := channels
	own.Default = []any{"web", "store"}
	tile := func(title string, x, y, w, h int, sql string) models.Tile {
		return models.Tile{ID: uuid.NewString(), Kind: models.TileQuery, Title: title, ConnectionID: connectionID, SQL: sql, Parameters: []models.Parameter{own},
			View: models.ViewAuto, X: x, Y: y, W: w, H: h}
	}
	byChannel := tile("Revenue by channel, last 12 months", 8, 4, 4, 7, `SELECT o.channel, sum(o.total) AS revenue
FROM orders o
WHERE o.status <> 'cancelled' AND o.ordered_at >= CURRENT_DATE - INTERVAL '12 months'
GROUP BY o.channel
ORDER BY revenue DESC`)
	byChannel.Parameters = nil
	byChannel.Links = []models.TileLink{{Filter: channels.Name, Column: "channel", How: models.LinkSets}}
	latest := tile("Latest orders", 0, 11, 7, 8, `SELECT o.id, o.ordered_at::date AS ordered_on, c.name AS customer, o.channel, o.status, o.total
FROM orders o
JOIN customers c ON c.id = o.customer_id
WHERE o.channel IN ({{channels}})
ORDER BY o.ordered_at DESC
LIMIT 50`)
	latest.View = models.ViewTable
	latest.Links = []models.TileLink{{Filter: channels.Name, Column: "channel", How: models.LinkSets}}
	spec := models.DashboardSpec{Name: "Sales at a glance", Description: "How the sample company sells. Click on a channel to look at it alone.",
		Filters: []models.DashboardFilter{{Parameter: channels, Choices: []string{"web", "store"}}},
		Tiles: []models.Tile{
			{ID: uuid.NewString(), Kind: models.TileText, Text: "### Sales at a glance\n\nRevenue counts orders that were **not cancelled**. The numbers compare the last 30 days with the 30 days before.", W: 3, H: 4},
			tile("Revenue, last 30 days", 3, 0, 3, 4, `SELECT sum(o.total) FILTER (WHERE o.ordered_at >= CURRENT_DATE - 30) AS revenue,
  sum(o.total) FILTER (WHERE o.ordered_at < CURRENT_DATE - 30) AS previous_revenue
FROM orders o
WHERE o.status <> 'cancelled' AND o.channel IN ({{channels}}) AND o.ordered_at >= CURRENT_DATE - 60 AND o.ordered_at < CURRENT_DATE`),
			tile("Orders, last 30 days", 6, 0, 3, 4, `SELECT count(*) FILTER (WHERE o.ordered_at >= CURRENT_DATE - 30) AS orders,
  count(*) FILTER (WHERE o.ordered_at < CURRENT_DATE - 30) AS previous_orders
FROM orders o
WHERE o.status <> 'cancelled' AND o.channel IN ({{channels}}) AND o.ordered_at >= CURRENT_DATE - 60 AND o.ordered_at < CURRENT_DATE`),
			tile("Average order, last 30 days", 9, 0, 3, 4, `SELECT round(avg(o.total) FILTER (WHERE o.ordered_at >= CURRENT_DATE - 30), 2) AS average_order,
  round(avg(o.total) FILTER (WHERE o.ordered_at < CURRENT_DATE - 30), 2) AS previous_average
FROM orders o
WHERE o.status <> 'cancelled' AND o.channel IN ({{channels}}) AND o.ordered_at >= CURRENT_DATE - 60 AND o.ordered_at < CURRENT_DATE`),
			tile("Revenue by month", 0, 4, 8, 7, `SELECT date_trunc('month', o.ordered_at)::date AS month, sum(o.total) AS revenue
FROM orders o
WHERE o.status <> 'cancelled' AND o.channel IN ({{channels}})
  AND o.ordered_at >= (date_trunc('month', CURRENT_DATE) - INTERVAL '12 months')::date
GROUP BY 1
ORDER BY 1`),
			byChannel,
			latest,
			tile("Top 10 products by revenue, last 12 months", 7, 11, 5, 8, `SELECT p.name AS product, sum(i.line_total) AS revenue
FROM order_items i
JOIN orders o ON o.id = i.order_id
JOIN products p ON p.id = i.product_id
WHERE o.status <> 'cancelled' AND o.channel IN ({{channels}}) AND o.ordered_at >= CURRENT_DATE - INTERVAL '12 months'
GROUP BY p.id, p.name
ORDER BY revenue DESC
LIMIT 10`),
		}}
	for i := range spec.Tiles {
		spec.Tiles[i].Order = i
	}
	return spec
}

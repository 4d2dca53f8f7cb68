package activities

import (
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/picture"
	"github.com/datamind/datamind/models"
)

const (
	// pictureKept is how long a message's picture is kept: one that could not be
	// sent is sent again by hand, some time.
	pictureKept = 30 * 24 * time.Hour
	// pictureRuns is how many earlier runs a picture shows, of pictureSpan.
	pictureRuns = 60
	pictureSpan = 400 * 24 * time.Hour
)

// drawn is the chart of what an alert tells, nil where there is nothing to draw:
// the message says all that is needed without it.
func drawn(a *models.Alert, f *fetchedAlert, values []models.AlertValue, at time.Time) *models.Artifact {
	if f == nil || f.rows == nil {
		return nil
	}
	chart, ok := alert.ChartOf(a, alert.View{Rows: f.rows, Past: f.past, At: at, Zone: zoneOf(a)}, values)
	if !ok {
		return nil
	}
	png, err := picture.Chart(chart.Spec, chart.Rows, picture.Options{Title: a.Name, Limit: chart.Limit, LimitName: chart.LimitName})
	if err != nil {
		return nil
	}
	return &models.Artifact{Name: "chart.png", MediaType: "image/png", Content: png, ExpiresAt: time.Now().Add(pictureKept)}
}

package notify

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// pagerDuty opens and resolves incidents (Events API v2). The incident's name is
// its dedup_key, so that a second telling changes nothing and the end of an
// alarm closes what its beginning opened.
type pagerDuty struct{}

var pagerDutyURLs = map[string]string{"": "https://events.pagerduty.com/v2/enqueue", "us": "https://events.pagerduty.com/v2/enqueue", "eu": "https://events.eu.pagerduty.com/v2/enqueue"}

const pagerDutySummary = 1024

func (p pagerDuty) send(ctx context.Context, c *Client, to Target, d Delivery) error {
	if len(d.Message.Sections) > 0 {
		return models.Errorf(models.CodeChannelMessage, "PagerDuty calls people to incidents, and a report is none. Send it by mail or into a chat.")
	}
	if strings.HasPrefix(d.Subject, "test/") { // nobody is to be woken by a test
		if err := p.event(ctx, c, to, d, "trigger"); err != nil {
			return err
		}
		return p.event(ctx, c, to, d, "resolve")
	}
	if d.Message.Severity == models.SeverityResolved {
		return p.event(ctx, c, to, d, "resolve")
	}
	return p.event(ctx, c, to, d, "trigger")
}

func (pagerDuty) event(ctx context.Context, c *Client, to Target, d Delivery, action string) error {
	m := d.Message
	body := map[string]any{"routing_key": to.Secret, "event_action": action, "dedup_key": d.Incident}
	if action == "trigger" {
		severity := m.Severity
		if severity != models.SeverityCritical && severity != models.SeverityWarning {
			severity = models.SeverityInfo
		}
		details := map[string]any{}
		for _, f := range m.Facts {
			details[f.Name] = f.Value
		}
		if m.Text != "" {
			details["text"] = m.Text
		}
		if t := table(m.Columns, m.Rows, 100); t != "" {
			details["rows"] = t
		}
		body["client"] = "DataMind"
		body["payload"] = map[string]any{"summary": models.Clip(oneLine(m.Title), pagerDutySummary), "source": "DataMind", "severity": severity,
			"timestamp": d.At.UTC().Format(time.RFC3339Nano), "class": "alert", "custom_details": details}
		if m.Link != "" {
			body["client_url"] = m.Link
			body["links"] = []any{map[string]any{"href": m.Link, "text": linkText(m)}}
		}
	}
	u, _ := url.Parse(pagerDutyURLs[to.Settings.Region]) // constants
	r, err := c.postJSON(ctx, u, "PagerDuty", body)
	if err != nil {
		return err
	}
	if r.status == http.StatusBadRequest && strings.Contains(strings.ToLower(strings.ReplaceAll(r.text(), "_", " ")), "routing key") {
		return models.Errorf(models.CodeChannelSecret, "PagerDuty does not know the integration key. Copy it from the service's integration “Events API v2”, and check the region.")
	}
	return r.refused("PagerDuty", time.Now())
}

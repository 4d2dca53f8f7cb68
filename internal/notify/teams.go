package notify

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/datamind/datamind/models"
)

// teams posts an adaptive card to a workflow of Microsoft Teams ("Post to a
// channel when a webhook request is received"). A card may have 28 KB, too little
// for a picture.
type teams struct{}

// teamsLimit leaves room for what Teams puts around a card.
const teamsLimit = 24 << 10

func (teams) send(ctx context.Context, c *Client, to Target, d Delivery) error {
	u, err := secretURL(to, "Microsoft Teams' workflows")
	if err != nil {
		return err
	}
	r, err := c.postJSON(ctx, u, "Microsoft Teams", teamsMessage(d.Message))
	if err != nil {
		return err
	}
	var said struct{ Error struct{ Code string } }
	r.json(&said)
	switch {
	case said.Error.Code == "WorkflowNotFound", said.Error.Code == "WorkflowTriggerNotFound":
		return models.Errorf(models.CodeChannelMissing, "The workflow in Microsoft Teams does not exist any more. Make a new one and enter its address.")
	case said.Error.Code == "WorkflowTriggerIsNotEnabled", said.Error.Code == "TriggerNotEnabled":
		return models.Errorf(models.CodeChannelMissing, "The workflow in Microsoft Teams is switched off. Its owner can switch it on in Power Automate.")
	case said.Error.Code == "DirectApiAuthorizationRequired", said.Error.Code == "SecurityTokenMissing":
		return models.Errorf(models.CodeChannelSecret, "The workflow in Microsoft Teams takes messages from signed-in people only. Let its trigger take them from anyone, and enter its address again: it changes.")
	case r.status < 300 && strings.Contains(r.text(), "HTTP error 429"): // as connectors say it
		return tooMany("Microsoft Teams", 0)
	case r.status < 300 && strings.Contains(r.text(), "HTTP error 4"):
		return models.Errorf(models.CodeChannelMessage, "Microsoft Teams does not take the message.")
	}
	return r.refused("Microsoft Teams", time.Now())
}

// teamsMessage makes a card that is small enough: rows go first, the link stays.
func teamsMessage(m models.Message) any {
	if len(m.Sections) > 0 {
		return teamsReport(m)
	}
	for rows := len(m.Rows); ; rows /= 2 {
		card := teamsCard(m, rows)
		raw, err := json.Marshal(card)
		if err != nil || len(raw) <= teamsLimit || rows == 0 && len(m.Text) < 500 {
			return card
		}
		if rows == 0 {
			m.Text, m.Facts = models.Clip(m.Text, 400), m.Facts[:min(len(m.Facts), 8)]
		}
	}
}

// teamsReport makes a card of a report that is small enough: rows go first, then
// the last sections.
func teamsReport(m models.Message) any {
	m.Text = models.Clip(m.Text, 1000)
	for rows := briefRows; ; {
		card := teamsCard(m, rows)
		raw, err := json.Marshal(card)
		if err != nil || len(raw) <= teamsLimit || len(m.Sections) == 1 && rows == 0 {
			return card
		}
		if rows > 0 {
			rows -= 2 - rows%2
			continue
		}
		m.Sections = m.Sections[:len(m.Sections)-1]
		m.MoreSections++
	}
}

// teamsColumns bounds the columns of a section's table: more would be too narrow.
const teamsColumns = 4

var teamsColours = map[string]string{models.SeverityCritical: "Attention", models.SeverityWarning: "Warning", models.SeverityResolved: "Good"}

// teamsCard is written with runs of text, which unlike blocks are not markup.
func teamsCard(m models.Message, rows int) any {
	run := func(text string, more ...any) map[string]any {
		// Two braces would be a function of the card.
		out := map[string]any{"type": "TextRun", "text": strings.ReplaceAll(text, "{{", "{\u200b{")}
		for i := 0; i+1 < len(more); i += 2 {
			out[more[i].(string)] = more[i+1]
		}
		return out
	}
	block := func(runs ...any) map[string]any { return map[string]any{"type": "RichTextBlock", "inlines": runs} }
	title := run(oneLine(m.Title), "weight", "Bolder", "size", "Large")
	if colour := teamsColours[m.Severity]; colour != "" {
		title["color"] = colour
	}
	body := []any{block(title)}
	if m.Text != "" {
		body = append(body, block(run(m.Text)))
	}
	for _, f := range m.Facts {
		fact := block(run(oneLine(f.Name)+":  ", "isSubtle", true), run(f.Value, "weight", "Bolder"))
		fact["spacing"] = "Small"
		body = append(body, fact)
	}
	grid := func(columns []string, rows [][]string) map[string]any {
		line := func(cells []string, weight string) map[string]any {
			var out []any
			for c := range columns {
				out = append(out, map[string]any{"type": "TableCell", "items": []any{block(run(cell(cells, c), "weight", weight, "size", "Small"))}})
			}
			return map[string]any{"type": "TableRow", "cells": out}
		}
		lines := []any{line(columns, "Bolder")}
		for _, row := range rows {
			lines = append(lines, line(row, "Default"))
		}
		var widths []any
		for range columns {
			widths = append(widths, map[string]any{"width": 1})
		}
		return map[string]any{"type": "Table", "columns": widths, "rows": lines, "firstRowAsHeader": true, "spacing": "Medium"}
	}
	if len(m.Sections) == 0 && rows > 0 && len(m.Columns) > 0 {
		body = append(body, grid(m.Columns, m.Rows[:rows]))
	}
	small := func(text string) {
		if text != "" {
			body = append(body, block(run(text, "isSubtle", true, "size", "Small")))
		}
	}
	if left := m.More + len(m.Rows) - rows; left > 0 && len(m.Columns) > 0 {
		small(more(left))
	}
	w := wordsOf(m)
	for _, s := range m.Sections {
		heading := block(run(orDash(oneLine(s.Title)), "weight", "Bolder"))
		heading["separator"], heading["spacing"] = true, "Large"
		body = append(body, heading)
		text, _ := w.brief(s, 0)
		for part := range strings.SplitSeq(text, "\n") { // a run has no lines
			if part != "" {
				said := block(run(part))
				said["spacing"] = "Small"
				body = append(body, said)
			}
		}
		if shown := s.Rows[:min(len(s.Rows), rows)]; len(shown) > 0 && len(s.Columns) > 0 {
			body = append(body, grid(s.Columns[:min(len(s.Columns), teamsColumns)], shown))
			small(w.rows(s.More + len(s.Rows) - len(shown)))
		}
	}
	if len(m.Sections) > 0 {
		small(w.sections(m.MoreSections))
		small(m.Footer)
	}
	card := map[string]any{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.5",
		"msteams": map[string]any{"width": "Full"}, "body": body, "fallbackText": oneLine(m.Title)}
	if m.Link != "" {
		card["actions"] = []any{map[string]any{"type": "Action.OpenUrl", "title": linkText(m), "url": m.Link}}
	}
	return map[string]any{"type": "message", "attachments": []any{map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}}}
}

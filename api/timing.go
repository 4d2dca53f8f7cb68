package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/models"
)

// TimingInput is when something is to run.
type TimingInput struct {
	Cron          string `json:"cron,omitempty" maxLength:"100" doc:"Minute, hour, day of month, month, day of week; not both kinds of days at once. Default: what suits the words, or every day at 08:00"`
	TimeZone      string `json:"time_zone,omitempty" maxLength:"60" doc:"A name such as Europe/Berlin; default UTC"`
	JitterSeconds int    `json:"jitter_seconds,omitempty" minimum:"0" maximum:"3600" doc:"Begins up to so many seconds later"`
	CatchUp       int    `json:"catch_up_minutes,omitempty" minimum:"0" maximum:"10080" doc:"After an outage, runs of so many minutes ago are made up for; default 60"`
}

// defaultCron is when something runs of which nobody says when.
const defaultCron = "0 8 * * *"

// checkTiming checks a timing, and fills in defaults.
func checkTiming(t *models.Timing) error {
	if t.TimeZone == "" {
		t.TimeZone = "UTC"
	}
	t.Cron = strings.Join(strings.Fields(t.Cron), " ")
	_, err := alert.ParseSpec(t.Cron, t.TimeZone)
	return err
}

// knownChannels returns the organisation's channels with some ids, and refuses
// ids of others.
func (s *Server) knownChannels(ctx context.Context, ids []string) (chosen []models.Channel, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	known, err := s.deps.Store.ListChannels(ctx, scopeOf(ctx))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		i := slices.IndexFunc(known, func(c models.Channel) bool { return c.ID == canonical(id) })
		if i < 0 {
			return nil, models.Errorf(models.CodeInvalid, "One of the channels does not exist any more. Choose again.")
		}
		chosen = append(chosen, known[i])
	}
	return chosen, nil
}

// nextRuns are the next times of a timing, none where it cannot be read.
func nextRuns(timing models.Timing, n int) []time.Time {
	out := []time.Time{}
	spec, err := alert.ParseSpec(timing.Cron, timing.TimeZone)
	if err != nil {
		return out
	}
	for at := spec.Next(time.Now()); len(out) < n && !at.IsZero(); at = spec.Next(at) {
		out = append(out, at)
	}
	return out
}

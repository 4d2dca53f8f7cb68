package api

import (
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

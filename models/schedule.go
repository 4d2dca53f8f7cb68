package models

import "time"

// Timing is when something runs, again and again.
type Timing struct {
	Cron          string `gorm:"not null" json:"cron" maxLength:"100" doc:"Minute, hour, day of month, month, day of week; not both kinds of days at once"`
	TimeZone      string `gorm:"not null" json:"time_zone" maxLength:"60" doc:"A name such as Europe/Berlin; default UTC"`
	JitterSeconds int    `gorm:"not null" json:"jitter_seconds,omitempty" minimum:"0" maximum:"3600" doc:"Begins up to so many seconds later"`
	CatchUp       int    `gorm:"not null;column:catch_up_minutes" json:"catch_up_minutes,omitempty" minimum:"0" maximum:"10080" doc:"After an outage, runs of so many minutes ago are made up for; default 60"`
}

// ScheduleKind is what a schedule runs.
type ScheduleKind string

// The kinds of schedules.
const (
	ScheduleAlerts ScheduleKind = "alerts" // all alerts of the organisation that have the timing
	ScheduleExport ScheduleKind = "export" // one scheduled export
	ScheduleReport ScheduleKind = "report" // one report
)

// Schedule is a timing of an organisation, and whether Temporal knows it. It is a
// shadow of what has the timing: a row is there for each that is wanted, and until
// Temporal has forgotten it for each that was.
type Schedule struct {
	ID    string       `gorm:"type:uuid;primaryKey"`
	OrgID string       `gorm:"type:uuid;not null;uniqueIndex:schedules_key,priority:1"`
	Kind  ScheduleKind `gorm:"not null;uniqueIndex:schedules_key,priority:2"`
	// ObjectID is what it runs, "" for alerts: those with the same timing share one.
	ObjectID string `gorm:"not null;uniqueIndex:schedules_key,priority:3,expression:object_id\\, cron\\, time_zone\\, jitter_seconds\\, catch_up_minutes"`
	Timing
	// Version moves with every change to what has the timing, Applied is the
	// version that Temporal has.
	Version   int64     `gorm:"not null"`
	Applied   int64     `gorm:"not null"`
	CheckedAt time.Time `gorm:"not null;index:schedules_open,where:version <> applied"`
}

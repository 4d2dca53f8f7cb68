package models

import (
	"path"
	"regexp"
	"time"
)

// ExportSchedule makes an export again and again, and delivers it.
type ExportSchedule struct {
	ID           string `gorm:"type:uuid;primaryKey"`
	OrgID        string `gorm:"type:uuid;not null;index:export_schedules_list,priority:1"`
	UserID       string `gorm:"type:uuid;not null;index:export_schedules_list,priority:2"` // by whose rights it runs
	ConnectionID string `gorm:"type:uuid;not null"`
	Name         string `gorm:"not null"`
	// QuestionID and SavedQueryID are where it came from.
	QuestionID   *string      `gorm:"type:uuid"`
	SavedQueryID *string      `gorm:"type:uuid"`
	SQL          string       `gorm:"not null"`
	Arguments    []Argument   `gorm:"serializer:json;type:jsonb;not null"`
	Format       ExportFormat `gorm:"not null"`
	Compression  Compression  `gorm:"not null"`
	Timing
	// Channels are told of each export, by their ids; mail carries the file where
	// Attach says so and it is small enough.
	Channels []string `gorm:"serializer:json;type:jsonb;not null"`
	Attach   bool     `gorm:"not null"`
	// Target is one of the places that the operator allows, "" for none; copies go
	// into a folder of it.
	Target string `gorm:"not null;uniqueIndex:export_schedules_target,priority:1,where:target <> ''"`
	Folder string `gorm:"not null"`
	// TargetPath is the copies' name without their time. No two schedules write the
	// same one: neither would overwrite the other's files.
	TargetPath string `gorm:"not null;uniqueIndex:export_schedules_target,priority:2"`
	Paused     bool   `gorm:"not null"`
	// PauseCode and PauseText say why it is paused.
	PauseCode Code      `gorm:"not null"`
	PauseText string    `gorm:"not null"`
	CreatedAt time.Time `gorm:"index:export_schedules_list,priority:3,sort:desc"`
	UpdatedAt time.Time
}

// MaxOrgExportSchedules bounds the scheduled exports of an organisation.
const MaxOrgExportSchedules = 1000

// Why a scheduled export is paused, beside the reasons of alerts, and why one is
// not made.
const (
	PausedConnectionGone Code = "connection_gone" // its database connection is deleted
	CodeScheduleLimit    Code = "export_schedule_limit"
	CodeScheduleBusy     Code = "export_schedule_busy" // its export before is not at its end
)

// ExportFolder is the form of a folder's name in a target: nothing in it leads
// upwards.
var ExportFolder = regexp.MustCompile(`^([\p{L}\p{N}][\p{L}\p{N}._-]{0,99}(/[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}){0,9})?$`)

// ObjectName is what the copy of the run of a time is called in its target.
func (s *ExportSchedule) ObjectName(at time.Time) string {
	return path.Join(s.Folder, fileStem(s.Name)+"-"+at.UTC().Format("20060102T150405Z")+"."+Extension(s.Format, s.Compression))
}

// PathInTarget is ObjectName without the time.
func (s *ExportSchedule) PathInTarget() string {
	return path.Join(s.Folder, fileStem(s.Name)+"."+Extension(s.Format, s.Compression))
}

// RunKey is the idempotency key of the export of a run: one for each time, however
// often the run is tried.
func (s *ExportSchedule) RunKey(at time.Time) string {
	return "schedule/" + s.ID + "/" + at.UTC().Format(time.RFC3339Nano)
}

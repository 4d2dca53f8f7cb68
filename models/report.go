package models

import (
	"slices"
	"time"
)

// ReportKind is what a report shows.
type ReportKind string

// The kinds of reports.
const (
	ReportDashboard ReportKind = "dashboard"
	ReportQuestions ReportKind = "questions" // standing questions, asked again at each run
)

// ReportStatus says whether a report runs.
type ReportStatus string

// The statuses of a report.
const (
	ReportActive ReportStatus = "active"
	ReportPaused ReportStatus = "paused"
)

// Why a report is paused, beside what pauses alerts, and why somebody does not
// get one.
const (
	PausedDashboardGone Code = "dashboard_gone"
	CodeReportLimit     Code = "report_limit"
	CodeReportEmpty     Code = "report_empty"      // nothing of it could be read
	CodeReportRights    Code = "recipient_rights"  // the recipient may not see what it shows
	CodeReportLeft      Code = "recipient_left"    // the recipient is no member any more
	CodeReportNoMail    Code = "no_mail_channel"   // there is none to mail people over
	CodeReportStopped   Code = "report_stopped"    // its run was ended from outside
	CodeReportMoved     Code = "recipient_changed" // the recipient's rights changed during the run
	CodeReportExpired   Code = "report_expired"    // the file of a run was deleted
)

// Bounds of reports.
const (
	MaxOrgReports       = 2000
	MaxReportQuestions  = 10
	MaxReportRecipients = 50
	MinReportMinutes    = 15   // from one run to the next
	ReportRowsDrawn     = 2000 // rows of a section that a chart is drawn of
	ReportRowsKept      = 200  // rows of a section that the next run is compared with
	ReportRunsKept      = AlertRunsKept
	DeliveriesKept      = 90 * 24 * time.Hour // after they have ended
	ReportFilesKept     = 30 * 24 * time.Hour
	ReportPreviewsKept  = time.Hour
)

// Report is what a dashboard shows, or the answers of standing questions, told to
// people by a schedule.
type Report struct {
	ID     string     `gorm:"type:uuid;primaryKey"`
	OrgID  string     `gorm:"type:uuid;not null;index:reports_list,priority:1"`
	UserID string     `gorm:"type:uuid;not null"` // the owner, by whose rights channels are told
	Name   string     `gorm:"not null"`
	Kind   ReportKind `gorm:"not null"`
	// DashboardID is nil for questions, and once the dashboard is gone. Values are
	// of its filters; those left out have their defaults.
	DashboardID *string            `gorm:"type:uuid"`
	Values      map[string]any     `gorm:"serializer:json;type:jsonb;not null"`
	Questions   []StandingQuestion `gorm:"serializer:json;type:jsonb;not null"`
	// ConversationID is where the questions were from, nil when that is gone.
	ConversationID *string `gorm:"type:uuid"`
	Timing
	Recipients []ReportRecipient `gorm:"serializer:json;type:jsonb;not null"`
	// MailChannelID is over whose server members are mailed; nil for the first
	// channel of that kind that the organisation has.
	MailChannelID *string `gorm:"type:uuid"`
	// SkipUnchanged tells nobody whose report says what the last one said.
	SkipUnchanged bool         `gorm:"not null"`
	PDF           bool         `gorm:"not null"` // attached
	Locale        string       `gorm:"not null"` // "en" or "de"
	Status        ReportStatus `gorm:"not null"`
	PauseCode     Code         `gorm:"not null"`
	PauseText     string       `gorm:"not null"`
	// ActiveSince is from when on runs are expected of it.
	ActiveSince time.Time `gorm:"not null"`
	CreatedAt   time.Time
	UpdatedAt   time.Time `gorm:"index:reports_list,priority:2,sort:desc"`
}

// StandingQuestion is a question that a report asks again at each run.
type StandingQuestion struct {
	ID           string `json:"id"`
	ConnectionID string `json:"connection_id"`
	// Question is what the SQL answers, in words.
	Question  string     `json:"question"`
	SQL       string     `json:"sql"`
	Arguments []Argument `json:"arguments,omitempty"`
	// AskedAt is when the built-in planner read the question; nil where a model or
	// a person wrote the SQL. It is read anew at each run, as long as it is still
	// read as it was: periods such as "last week" move on.
	AskedAt *time.Time `json:"asked_at,omitempty"`
	// QuestionID and SavedQueryID say where it was copied from.
	QuestionID   string `json:"question_id,omitempty"`
	SavedQueryID string `json:"saved_query_id,omitempty"`
}

// ReportRecipient is a member, who gets a mail of what they may see, or a channel,
// which gets what the report's owner may see.
type ReportRecipient struct {
	UserID    string `json:"user_id,omitempty"`
	ChannelID string `json:"channel_id,omitempty"`
}

// Gets says whether a member is among the report's recipients.
func (r *Report) Gets(userID string) bool {
	return slices.ContainsFunc(r.Recipients, func(to ReportRecipient) bool { return to.UserID == userID })
}

// ReportRunKind is why a report was run.
type ReportRunKind string

// The kinds of runs of a report.
const (
	ReportScheduled ReportRunKind = "scheduled"
	ReportNow       ReportRunKind = "now"     // somebody wanted it sent to all
	ReportPreview   ReportRunKind = "preview" // to the person alone who wanted it
)

// ReportRunStatus is where a run of a report stands.
type ReportRunStatus string

// The statuses of a run.
const (
	ReportRunning   ReportRunStatus = "running"
	ReportSent      ReportRunStatus = "sent"      // its messages are in the ledger
	ReportUnchanged ReportRunStatus = "unchanged" // it says what was said before, so that nobody is told
	ReportFailed    ReportRunStatus = "failed"
)

// ReportRun is one run of a report. (ReportID, At) is unique: a run that is
// repeated tells nobody twice.
type ReportRun struct {
	ID       string          `gorm:"type:uuid;primaryKey"`
	OrgID    string          `gorm:"type:uuid;not null"`
	ReportID string          `gorm:"type:uuid;not null;uniqueIndex:report_runs_key,priority:1"`
	At       time.Time       `gorm:"not null;uniqueIndex:report_runs_key,priority:2,sort:desc"` // when it was due
	Kind     ReportRunKind   `gorm:"not null"`
	Status   ReportRunStatus `gorm:"not null"`
	// OnlyFor is who alone gets a preview.
	OnlyFor *string `gorm:"type:uuid"`
	// WorkflowID and TemporalRunID name the run in Temporal.
	WorkflowID    string `gorm:"not null"`
	TemporalRunID string `gorm:"not null"`
	// Told counts the messages, Skipped the recipients who got none because of
	// their rights, or for want of a channel.
	Told       int       `gorm:"not null"`
	Skipped    int       `gorm:"not null"`
	ErrorCode  Code      `gorm:"not null"`
	ErrorText  string    `gorm:"not null"`
	StartedAt  time.Time `gorm:"not null"`
	FinishedAt *time.Time
	UpdatedAt  time.Time `gorm:"index:report_runs_open,where:status = 'running'"`
}

// ReportPartStatus is what came of a report for those with the same rights.
type ReportPartStatus string

// The statuses of a part.
const (
	PartReady     ReportPartStatus = "ready"
	PartUnchanged ReportPartStatus = "unchanged"
	PartFailed    ReportPartStatus = "failed" // nothing of it could be read
)

// ReportPart is what a run of a report shows to those with the same rights.
type ReportPart struct {
	RunID  string           `gorm:"type:uuid;primaryKey"`
	Rights string           `gorm:"primaryKey"`
	OrgID  string           `gorm:"type:uuid;not null"`
	Status ReportPartStatus `gorm:"not null"`
	Digest string           `gorm:"not null"` // of what it says
	// Message and Sections wait here for the end of the run, which sends and keeps
	// them; then they are emptied.
	Message  *Message `gorm:"serializer:json;type:jsonb"`
	Sections []byte
	// FileID is the PDF's artifact, as long as that is kept.
	FileID    *string `gorm:"type:uuid"`
	Failed    int     `gorm:"not null"` // sections without rows
	ErrorCode Code    `gorm:"not null"`
	ErrorText string  `gorm:"not null"`
}

// ReportMemory is what those with the same rights were told last of a report.
type ReportMemory struct {
	ReportID  string    `gorm:"type:uuid;primaryKey"`
	Rights    string    `gorm:"primaryKey"`
	OrgID     string    `gorm:"type:uuid;not null"`
	At        time.Time `gorm:"not null"`
	Digest    string    `gorm:"not null"`
	Sections  []byte    `gorm:"not null"` // ReportSections, compressed
	UpdatedAt time.Time
}

// TableName implements gorm's Tabler.
func (ReportMemory) TableName() string { return "report_memories" }

// ReportSection is what is remembered of a section: a tile or a standing question.
type ReportSection struct {
	Key  string    `json:"key"` // the tile's or the question's id
	At   time.Time `json:"at"`  // when the rows were told
	Rows Rows      `json:"rows"`
}

// OwnsReports reports whether members with the role may have reports made: those
// who may ask.
func (r Role) OwnsReports() bool { return r.OwnsAlerts() }

// GetsReports reports whether members with the role may see what reports show.
func (r Role) GetsReports() bool { return slices.Contains(roles, r) }

// MaySee reports whether somebody may see a dashboard.
func (d *Dashboard) MaySee(userID string) bool {
	return d.Sharing != SharePrivate || d.UserID == userID
}

package models

import "time"

// ConditionKind is what of a result an alert looks at.
type ConditionKind string

// The kinds of conditions.
const (
	ConditionThreshold ConditionKind = "threshold" // a value, or rows, against a limit
	ConditionChange    ConditionKind = "change"    // a value against an earlier one
	ConditionBand      ConditionKind = "band"      // a value against what is usual
	ConditionRows      ConditionKind = "rows"      // rows that came or went, by their keys
	ConditionFreshness ConditionKind = "freshness" // the age of the newest time of a column
	ConditionFailure   ConditionKind = "failure"   // the query itself
)

// RowChoice is which rows of a result a condition looks at.
type RowChoice string

// The choices.
const (
	RowsFirst RowChoice = "first" // the first row's value
	RowsLast  RowChoice = "last"  // the last row's value
	RowsAny   RowChoice = "any"   // one row is enough
	RowsAll   RowChoice = "all"   // all rows must
	RowsEach  RowChoice = "each"  // each key on its own
	RowsCount RowChoice = "count" // how many rows there are
)

// Comparisons of conditions.
const (
	OpAbove    = "above"
	OpAtLeast  = "at_least"
	OpBelow    = "below"
	OpAtMost   = "at_most"
	OpEqual    = "equal"
	OpNotEqual = "not_equal"
	OpEither   = "either" // changes and bands: up or down
)

// What a change is against.
const (
	AgainstPrevious  = "previous"
	AgainstWeekday   = "weekday"    // a week before
	AgainstMonthYear = "month_year" // the same month of the year before
)

// What a result without rows or without a value means.
const (
	EmptyUnknown = "unknown" // nothing is known: the state stays
	EmptyOK      = "ok"
	EmptyBreach  = "breach"
)

// Which rows a condition of the kind rows looks for.
const (
	RowsNew     = "new"
	RowsMissing = "missing"
)

// AlertCondition is when an alert fires. Which fields count depends on its kind.
type AlertCondition struct {
	Kind   ConditionKind `json:"kind" enum:"threshold,change,band,rows,freshness,failure"`
	Column string        `json:"column,omitempty" maxLength:"200" doc:"The column of the value, or of the time; default: the first with numbers, or times"`
	Rows   RowChoice     `json:"rows,omitempty" enum:"first,last,any,all,each,count" doc:"Which rows; default first"`
	Keys   []string      `json:"keys,omitempty" maxItems:"5" doc:"The columns that name a row, for each and for the kind rows; default: those without numbers"`
	Op     string        `json:"op,omitempty" enum:"above,at_least,below,at_most,equal,not_equal,either" doc:"Default above; either is for changes and bands"`
	Limit  float64       `json:"limit,omitempty" doc:"What the value is compared with; of a change its size, of a band its width in robust standard deviations (default 4), of freshness the age in seconds"`
	Clear  *float64      `json:"clear,omitempty" doc:"What it must come back to before it counts as over; default: the limit"`
	// Against and Percent belong to changes.
	Against string `json:"against,omitempty" enum:"previous,weekday,month_year" doc:"Changes: against the run before, a week before, or the same month of the year before"`
	Percent bool   `json:"percent,omitempty" doc:"Changes: the limit is a percentage"`
	// Runs belongs to bands.
	Runs int `json:"runs,omitempty" minimum:"0" maximum:"1000" doc:"Bands: how many earlier values it needs; default 14"`
	// Change belongs to the kind rows.
	Change string `json:"change,omitempty" enum:"new,missing" doc:"Rows: those that came, or those that went"`
	Empty  string `json:"empty,omitempty" enum:"unknown,ok,breach" doc:"What a result without rows means; default unknown, for any ok, and for count it is 0 rows"`
	Unit   string `json:"unit,omitempty" maxLength:"20" doc:"What is written behind values"`
}

// MuteWindow is a time of the week at which nothing is told.
type MuteWindow struct {
	Days []int  `json:"days,omitempty" maxItems:"7" doc:"Days of the week on which it begins, 0 is Sunday; none means every day"`
	From string `json:"from" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"In the alert's time zone"`
	To   string `json:"to" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"May be on the next day"`
}

// AlertRule is how an alert goes from what it sees to what it tells.
type AlertRule struct {
	ForRuns         int          `json:"for_runs,omitempty" minimum:"0" maximum:"1000" doc:"Fires after so many runs in a row; default 1"`
	ForMinutes      int          `json:"for_minutes,omitempty" minimum:"0" maximum:"525600" doc:"And after so many minutes"`
	FailAfter       int          `json:"fail_after,omitempty" minimum:"0" maximum:"1000" doc:"The query counts as failing after so many failures in a row; default 3"`
	CooldownMinutes int          `json:"cooldown_minutes,omitempty" minimum:"0" maximum:"525600" doc:"How often it tells: at least so many minutes from one alarm to the next"`
	RemindMinutes   int          `json:"remind_minutes,omitempty" minimum:"0" maximum:"525600" doc:"Reminds every so many minutes while it fires and nobody has acknowledged it; 0 never"`
	EscalateMinutes int          `json:"escalate_minutes,omitempty" minimum:"0" maximum:"525600" doc:"Tells the second channels after so many minutes unacknowledged; 0 never"`
	Recovery        bool         `json:"recovery" doc:"Tells when it is over"`
	TellFinding     bool         `json:"tell_finding,omitempty" doc:"Sends what was found about why as a second message"`
	Severity        string       `json:"severity,omitempty" enum:"info,warning,critical" doc:"Default warning"`
	Mute            []MuteWindow `json:"mute,omitempty" maxItems:"20" doc:"When nothing is told; what still holds is told afterwards"`
}

// AlertStatus says whether an alert runs.
type AlertStatus string

// The statuses.
const (
	AlertActive AlertStatus = "active"
	AlertPaused AlertStatus = "paused"
)

// Why an alert is paused.
const (
	PausedByPerson    Code = "paused"     // somebody did
	PausedOwnerLeft   Code = "owner_left" // its owner is no member any more
	PausedRightLost   Code = "right_lost" // its owner may not have alerts any more
	CodeNotNumber     Code = "alert_not_a_number"
	CodeColumnMissing Code = "alert_column_missing"
	CodeCondition     Code = "alert_condition"
	CodeSchedule      Code = "alert_schedule"
	CodeAlertLimit    Code = "alert_limit"
)

// Alert watches the result of a query.
type Alert struct {
	ID           string `gorm:"type:uuid;primaryKey;index:alerts_due,priority:3"`
	OrgID        string `gorm:"type:uuid;not null;index:alerts_list,priority:1;index:alerts_due,priority:1,where:status = 'active'"`
	UserID       string `gorm:"type:uuid;not null"` // the owner, by whose rights it runs
	ConnectionID string `gorm:"type:uuid;not null;index:alerts_due,priority:2,expression:cron\\, time_zone\\, jitter_seconds\\, catch_up_minutes\\, connection_id"`
	Name         string `gorm:"not null"`
	// QuestionID and SavedQueryID are where it came from, nil when that is gone or there was none.
	QuestionID   *string `gorm:"type:uuid"`
	SavedQueryID *string `gorm:"type:uuid"`
	// Question is what the SQL answers, in words; "" where there were none.
	Question string `gorm:"not null"`
	// Of is a second question, of whose answer the first one's is a percentage.
	Of string `gorm:"not null"`
	// Replan has the question read anew at each run, as its period moves on
	// ("last week"); SQL is then as it was read when the alert was stored.
	Replan    bool           `gorm:"not null"`
	SQL       string         `gorm:"not null"`
	Arguments []Argument     `gorm:"serializer:json;type:jsonb"`
	Condition AlertCondition `gorm:"serializer:json;type:jsonb;not null"`
	Rule      AlertRule      `gorm:"serializer:json;type:jsonb;not null"`
	// Timing may be that of other alerts: one schedule runs all of them.
	Timing
	Channels   []string    `gorm:"serializer:json;type:jsonb;not null"` // ids
	EscalateTo []string    `gorm:"serializer:json;type:jsonb;not null"` // ids
	Shared     bool        `gorm:"not null"`
	Status     AlertStatus `gorm:"not null"`
	PauseCode  Code        `gorm:"not null"`
	PauseText  string      `gorm:"not null"`
	// ActiveSince is from when on runs are expected of it.
	ActiveSince time.Time `gorm:"not null"`
	CreatedAt   time.Time
	UpdatedAt   time.Time `gorm:"index:alerts_list,priority:2,sort:desc"`
}

// KeyStatus is where a key of an alert stands.
type KeyStatus string

// The statuses of a key. What was firing and is over is resolved once, and ok.
const (
	KeyOK      KeyStatus = "ok"
	KeyPending KeyStatus = "pending"
	KeyFiring  KeyStatus = "firing"
)

// KeyState is what an alert remembers of a key; an alert without keys has one,
// whose name is "".
type KeyState struct {
	Status  KeyStatus `json:"status"`
	Since   time.Time `json:"since"`              // of the status
	Breach  int       `json:"breach,omitempty"`   // runs in a row
	BreachT time.Time `json:"breach_at,omitzero"` // since when
	Absent  int       `json:"absent,omitempty"`   // runs without a row of it
	Value   *float64  `json:"value,omitempty"`
	Text    string    `json:"text,omitempty"` // why there is no value, or what it stands for
	// Told says that the firing was told.
	Told bool `json:"told,omitempty"`
}

// AlertState is all that an alert remembers from run to run.
type AlertState struct {
	Keys map[string]*KeyState `json:"keys,omitempty"`
	// Seen are the keys of rows that were there, with how many runs they have been away.
	Seen map[string]int `json:"seen,omitempty"`
	// Learnt says that Seen has been filled once.
	Learnt bool `json:"learnt,omitempty"`
	// Failures counts failures in a row; Failing says that it was too many, told
	// that somebody was told.
	Failures    int       `json:"failures,omitempty"`
	Failing     bool      `json:"failing,omitempty"`
	FailingTold bool      `json:"failing_told,omitempty"`
	FailCode    Code      `json:"fail_code,omitempty"`
	FailText    string    `json:"fail_text,omitempty"`
	FailSince   time.Time `json:"fail_since,omitzero"`
	// The episode: from the first key that fires until none does any more.
	EpisodeID   string    `json:"episode_id,omitempty"`
	EpisodeAt   time.Time `json:"episode_at,omitzero"`
	EpisodeTold bool      `json:"episode_told,omitempty"`
	FirstToldAt time.Time `json:"first_told_at,omitzero"`
	ToldAt      time.Time `json:"told_at,omitzero"`  // the last alarm or reminder
	AlarmAt     time.Time `json:"alarm_at,omitzero"` // the last alarm of any episode
	Reminders   int       `json:"reminders,omitempty"`
	Escalated   bool      `json:"escalated,omitempty"`
	AckedAt     time.Time `json:"acked_at,omitzero"`
	AckedBy     string    `json:"acked_by,omitempty"`
	// OwesRecovery says that the end of OwedEpisode is still to be told.
	OwesRecovery  bool   `json:"owes_recovery,omitempty"`
	OwedEpisode   string `json:"owed_episode,omitempty"`
	OwedEscalated bool   `json:"owed_escalated,omitempty"`
	// SnoozedUntil is until when nothing is told.
	SnoozedUntil time.Time `json:"snoozed_until,omitzero"`
	// LastAt is the scheduled time of the last run that was taken into account.
	LastAt time.Time `json:"last_at,omitzero"`
}

// AlertStateRow is the state of an alert as it is stored, with what lists show.
type AlertStateRow struct {
	AlertID string     `gorm:"type:uuid;primaryKey"`
	OrgID   string     `gorm:"type:uuid;not null"`
	State   AlertState `gorm:"serializer:json;type:jsonb;not null"`
	// WakeAt is when something is to be told without a run, nil for never.
	WakeAt    *time.Time `gorm:"index:alert_states_wake,where:wake_at is not null"`
	UpdatedAt time.Time
}

// TableName implements gorm's Tabler.
func (AlertStateRow) TableName() string { return "alert_states" }

// AlertValue is what a run saw of a key.
type AlertValue struct {
	Key   string   `json:"key,omitempty"`
	Value *float64 `json:"value"`
	// Low and High are what the value was held against, where there was such.
	Low    *float64 `json:"low,omitempty"`
	High   *float64 `json:"high,omitempty"`
	Breach bool     `json:"breach,omitempty"`
	// Text says why there is no value, or names what the value stands for.
	Text string `json:"text,omitempty"`
}

// RunKind is why an alert was run.
type RunKind string

// The kinds of runs.
const (
	RunScheduled RunKind = "scheduled"
	RunBackfill  RunKind = "backfill" // a missed run made up for: it changes no state
	RunNow       RunKind = "now"      // somebody wanted it
)

// AlertRun is one evaluation of an alert. (AlertID, At) is unique: a run that
// is repeated changes nothing.
type AlertRun struct {
	AlertID string    `gorm:"type:uuid;primaryKey"`
	At      time.Time `gorm:"primaryKey;index:alert_runs_at,type:brin"` // when it was due
	OrgID   string    `gorm:"type:uuid;not null"`
	Kind    RunKind   `gorm:"not null"`
	// Status is of the alert after the run: ok, pending, firing, failing, unknown.
	Status     string       `gorm:"not null"`
	Values     []AlertValue `gorm:"serializer:json;type:jsonb;not null"`
	More       int          `gorm:"not null"` // keys beyond those that are watched
	ErrorCode  Code         `gorm:"not null"`
	ErrorText  string       `gorm:"not null"`
	StartedAt  time.Time    `gorm:"not null"`
	FinishedAt time.Time    `gorm:"not null"`
}

// AlertEvent is a change of an alert's state, or something that was told.
type AlertEvent struct {
	ID        string    `gorm:"type:uuid;primaryKey"`
	OrgID     string    `gorm:"type:uuid;not null"`
	AlertID   string    `gorm:"type:uuid;not null;index:alert_events_list,priority:1"`
	At        time.Time `gorm:"not null;index:alert_events_list,priority:2,sort:desc"`
	Kind      string    `gorm:"not null"` // an effect's kind
	Key       string    `gorm:"not null"`
	EpisodeID string    `gorm:"not null"`
	UserID    string    `gorm:"not null"` // who did it, "" for nobody
	Text      string    `gorm:"not null"`
}

// AlertEpisode is the time from the first key that fires until none does.
type AlertEpisode struct {
	ID        string    `gorm:"type:uuid;primaryKey"`
	OrgID     string    `gorm:"type:uuid;not null"`
	AlertID   string    `gorm:"type:uuid;not null;index:alert_episodes_list,priority:1"`
	StartedAt time.Time `gorm:"not null;index:alert_episodes_list,priority:2,sort:desc"`
	EndedAt   *time.Time
	Keys      []string `gorm:"serializer:json;type:jsonb;not null"` // that fired
	Value     *float64 `gorm:"type:double precision"`               // of the first of them
	AckedAt   *time.Time
	AckedBy   string        `gorm:"not null"`
	Finding   *AlertFinding `gorm:"serializer:json;type:jsonb"`
}

// The statuses of a finding.
const (
	FindingFound         = "found"
	FindingNotUnderstood = "not_understood"
	FindingFailed        = "failed"
)

// AlertFinding is what was found when it was looked into why.
type AlertFinding struct {
	Status string `json:"status" enum:"found,not_understood,failed"`
	Text   string `json:"text"`
	Writer string `json:"writer,omitempty" doc:"The model that put it into words; none for the built-in writer"`
	// Now and Before are the value and what it was compared with.
	Now      *float64    `json:"now,omitempty"`
	Before   *float64    `json:"before,omitempty"`
	Baseline string      `json:"baseline,omitempty" doc:"What it was compared with, in words"`
	Parts    []AlertPart `json:"parts,omitempty"`
	At       time.Time   `json:"at"`
}

// AlertPart is a part of the data, with how much of the change it explains.
type AlertPart struct {
	Dimension string  `json:"dimension"`
	Value     string  `json:"value"`
	Now       float64 `json:"now"`
	Before    float64 `json:"before"`
	Share     float64 `json:"share" doc:"Share of the whole change, 1 is all of it; may be below 0 or above 1"`
}

// Bounds of alerts.
const (
	MaxAlertKeys   = 200  // keys with a state
	MaxAlertSeen   = 2000 // keys of rows that are remembered
	MaxOrgAlerts   = 20_000
	AlertRunsKept  = 400 * 24 * time.Hour
	MaxAlertSample = 400 // earlier runs that a condition looks at
)

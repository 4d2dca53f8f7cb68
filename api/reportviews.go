package api

import (
	"slices"
	"time"

	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Report is a dashboard, or standing questions, told to people by a schedule.
type Report struct {
	ID             string             `json:"id" format:"uuid"`
	Name           string             `json:"name"`
	UserID         string             `json:"user_id" format:"uuid" doc:"The owner, who alone may change it, and by whose rights channels are told"`
	OwnerName      string             `json:"owner_name"`
	Mine           bool               `json:"mine"`
	Gets           bool               `json:"gets" doc:"You are one of its recipients"`
	Kind           models.ReportKind  `json:"kind" enum:"dashboard,questions"`
	DashboardID    string             `json:"dashboard_id,omitempty" doc:"What it shows; none for questions, or where the dashboard is gone"`
	DashboardName  string             `json:"dashboard_name,omitempty"`
	Values         map[string]any     `json:"values" doc:"Of the dashboard's filters, by name; those left out have their defaults"`
	Questions      []StandingQuestion `json:"questions" doc:"Asked again at each run"`
	ConversationID string             `json:"conversation_id,omitempty" doc:"Where the questions are from"`
	models.Timing
	Next          []time.Time         `json:"next" doc:"The next five runs; none while it is paused"`
	Recipients    []ReportRecipient   `json:"recipients"`
	MailChannelID string              `json:"mail_channel_id,omitempty" doc:"The channel over whose server members are mailed; none for the organisation's first"`
	SkipUnchanged bool                `json:"skip_unchanged" doc:"Whose report says what the last one said is sent nothing"`
	PDF           bool                `json:"pdf" doc:"The report is attached as a PDF"`
	Locale        string              `json:"locale" enum:"en,de"`
	Status        models.ReportStatus `json:"status" enum:"active,paused"`
	PauseCode     models.Code         `json:"pause_code,omitempty" doc:"paused, owner_left, right_lost, or dashboard_gone"`
	PauseText     string              `json:"pause_text,omitempty"`
	Warnings      []string            `json:"warnings" enum:"no_mail_channel,dashboard_private,fixed_dates" doc:"no_mail_channel: members are mailed nothing until there is an e-mail channel; the report is kept here. dashboard_private: recipients other than its owner may not see the dashboard. fixed_dates: a question names a period that moves on, and its SQL dates that do not"`
	LastRun       *ReportRun          `json:"last_run,omitempty" doc:"The last run that was for all"`
	CreatedAt     time.Time           `json:"created_at"`
	UpdatedAt     time.Time           `json:"updated_at"`
}

// StandingQuestion is a question that a report asks again at each run.
type StandingQuestion struct {
	ID           string `json:"id" format:"uuid"`
	ConnectionID string `json:"connection_id" format:"uuid"`
	Question     string `json:"question"`
	SQL          string `json:"sql" doc:"As it was when the question was added"`
	Replan       bool   `json:"replan" doc:"The question is read anew at each run, as its period moves on"`
	QuestionID   string `json:"question_id,omitempty" doc:"The answer that it was copied from"`
	SavedQueryID string `json:"saved_query_id,omitempty" doc:"The saved query that it was copied from"`
}

// ReportRecipient is a member or a channel.
type ReportRecipient struct {
	UserID    string `json:"user_id,omitempty" doc:"A member, who is mailed what they may see themselves"`
	ChannelID string `json:"channel_id,omitempty" doc:"A channel, which is told what the report's owner may see"`
	Name      string `json:"name" doc:"Empty for somebody who has left, or a channel that was removed"`
}

// ReportRun is one run of a report.
type ReportRun struct {
	ID         string                 `json:"id" format:"uuid"`
	At         time.Time              `json:"at" doc:"When it was due"`
	Kind       models.ReportRunKind   `json:"kind" enum:"scheduled,now,preview" doc:"preview: to you alone"`
	Status     models.ReportRunStatus `json:"status" enum:"running,sent,unchanged,failed" doc:"sent: its messages are in the ledger"`
	Told       int                    `json:"told" doc:"Messages that were queued"`
	Skipped    int                    `json:"skipped" doc:"Recipients who got none because of their rights, or for want of a mail channel"`
	Code       models.Code            `json:"code,omitempty" doc:"Why it failed"`
	Text       string                 `json:"text,omitempty"`
	File       bool                   `json:"file" doc:"There is a PDF of what you may see of it"`
	StartedAt  time.Time              `json:"started_at"`
	FinishedAt *time.Time             `json:"finished_at,omitempty"`
}

// ReportRuns are runs of a report.
type ReportRuns struct {
	Page[ReportRun]
	Missed []time.Time `json:"missed" doc:"Times of the last 90 days at which it was due and did not run; the last 100, with the first page"`
}

// ReportDelivery is a message of a report.
type ReportDelivery struct {
	ID          string                `json:"id" format:"uuid"`
	At          *time.Time            `json:"at,omitempty" doc:"Of the run"`
	ChannelName string                `json:"channel_name"`
	ChannelKind models.ChannelKind    `json:"channel_kind" doc:"Empty where there was none to tell it over"`
	Recipient   string                `json:"recipient,omitempty"`
	Title       string                `json:"title"`
	Status      models.DeliveryStatus `json:"status" enum:"queued,sending,sent,failed,skipped,late"`
	ReasonCode  models.Code           `json:"reason_code,omitempty"`
	Reason      string                `json:"reason,omitempty"`
	Tries       int                   `json:"tries"`
	CreatedAt   time.Time             `json:"created_at"`
	SentAt      *time.Time            `json:"sent_at,omitempty"`
}

// ReportPerson is somebody who can be a recipient.
type ReportPerson struct {
	ID    string `json:"id" format:"uuid"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

func reportView(scope models.Scope, r *store.ReportInfo, mail bool) Report {
	v := Report{ID: r.ID, Name: r.Name, UserID: r.UserID, OwnerName: r.Names[r.UserID], Mine: r.UserID == scope.UserID, Gets: r.Gets(scope.UserID), Kind: r.Kind,
		Values: r.Values, Questions: []StandingQuestion{}, Timing: r.Timing, Next: []time.Time{}, Recipients: []ReportRecipient{}, SkipUnchanged: r.SkipUnchanged,
		PDF: r.PDF, Locale: r.Locale, Status: r.Status, PauseCode: r.PauseCode, PauseText: r.PauseText, Warnings: reportWarnings(r, mail), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	if v.Values == nil {
		v.Values = map[string]any{}
	}
	if r.DashboardID != nil {
		v.DashboardID = *r.DashboardID
	}
	if r.Dashboard != nil && r.Dashboard.MaySee(scope.UserID) {
		v.DashboardName = r.Dashboard.Name
	}
	if r.ConversationID != nil {
		v.ConversationID = *r.ConversationID
	}
	if r.MailChannelID != nil {
		v.MailChannelID = *r.MailChannelID
	}
	if r.Status == models.ReportActive {
		v.Next = nextRuns(r.Timing, 5)
	}
	for _, q := range r.Questions {
		v.Questions = append(v.Questions, StandingQuestion{ID: q.ID, ConnectionID: q.ConnectionID, Question: q.Question, SQL: models.InlineArguments(q.SQL, q.Arguments),
			Replan: q.AskedAt != nil, QuestionID: q.QuestionID, SavedQueryID: q.SavedQueryID})
	}
	for _, to := range r.Recipients {
		v.Recipients = append(v.Recipients, ReportRecipient{UserID: to.UserID, ChannelID: to.ChannelID, Name: r.Names[to.UserID+to.ChannelID]})
	}
	if r.Last != nil {
		last := reportRunView(r.Last, false)
		v.LastRun = &last
	}
	return v
}

// reportWarnings name what keeps a report from reaching people, or from being right.
func reportWarnings(r *store.ReportInfo, mail bool) []string {
	out := []string{}
	if !mail && slices.ContainsFunc(r.Recipients, func(to models.ReportRecipient) bool { return to.UserID != "" }) {
		out = append(out, "no_mail_channel")
	}
	if d := r.Dashboard; d != nil && slices.ContainsFunc(r.Recipients, func(to models.ReportRecipient) bool { return to.UserID != "" && !d.MaySee(to.UserID) }) {
		out = append(out, "dashboard_private")
	}
	if slices.ContainsFunc(r.Questions, func(q models.StandingQuestion) bool {
		return q.AskedAt == nil && planner.Stale(q.Question, q.SQL, time.Now())
	}) {
		out = append(out, "fixed_dates")
	}
	return out
}

func reportRunView(r *models.ReportRun, file bool) ReportRun {
	return ReportRun{ID: r.ID, At: r.At, Kind: r.Kind, Status: r.Status, Told: r.Told, Skipped: r.Skipped, Code: r.ErrorCode, Text: r.ErrorText, File: file,
		StartedAt: r.StartedAt, FinishedAt: r.FinishedAt}
}

func reportDeliveryView(d *models.Delivery) ReportDelivery {
	v := ReportDelivery{ID: d.ID, ChannelName: d.ChannelName, ChannelKind: d.ChannelKind, Recipient: d.Recipient, Title: d.Message.Title,
		Status: d.Status, ReasonCode: d.ReasonCode, Reason: d.Reason, Tries: d.Tries, CreatedAt: d.CreatedAt, SentAt: d.SentAt}
	if at, err := store.ReportEpisodeAt(d.Episode); err == nil {
		v.At = &at
	}
	return v
}

package api

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/models"
)

// ReportInput describes a report to make: of a dashboard, or of standing questions.
type ReportInput struct {
	Name           string                  `json:"name,omitempty" maxLength:"200" doc:"Default: the dashboard's, or the first question"`
	DashboardID    string                  `json:"dashboard_id,omitempty" format:"uuid" maxLength:"36"`
	Values         FilterValues            `json:"values,omitempty" maxProperties:"30" doc:"Of the dashboard's filters, by name; those left out have their defaults, null is none"`
	ConversationID string                  `json:"conversation_id,omitempty" format:"uuid" maxLength:"36" doc:"Its answered questions are the standing ones: those of questions, or the last ten"`
	Questions      []StandingQuestionInput `json:"questions,omitempty" maxItems:"10"`
	TimingInput
	Recipients    []ReportTo `json:"recipients,omitempty" maxItems:"50" doc:"Default: you"`
	MailChannelID string     `json:"mail_channel_id,omitempty" format:"uuid" maxLength:"36" doc:"An e-mail channel over whose server members are mailed; default the organisation's first"`
	SkipUnchanged bool       `json:"skip_unchanged,omitempty" doc:"Send nothing to those whose report says what the last one said"`
	PDF           *bool      `json:"pdf,omitempty" doc:"Attach the report as a PDF; default true"`
	Locale        string     `json:"locale,omitempty" enum:"en,de" doc:"Of the report's own words; default en"`
}

// StandingQuestionInput names a question: one that the report has, an answer, or a
// saved query.
type StandingQuestionInput struct {
	ID           string         `json:"id,omitempty" format:"uuid" maxLength:"36" doc:"One that the report has already"`
	QuestionID   string         `json:"question_id,omitempty" format:"uuid" maxLength:"36" doc:"An answer"`
	SavedQueryID string         `json:"saved_query_id,omitempty" format:"uuid" maxLength:"36"`
	Parameters   map[string]any `json:"parameters,omitempty" maxProperties:"30" doc:"Values of the saved query's parameters; those left out have their defaults"`
}

// ReportTo is a recipient: a member or a channel.
type ReportTo struct {
	UserID    string `json:"user_id,omitempty" format:"uuid" maxLength:"36"`
	ChannelID string `json:"channel_id,omitempty" format:"uuid" maxLength:"36"`
}

// ReportPatch changes the fields that are given.
type ReportPatch struct {
	Name          *string                  `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Values        *FilterValues            `json:"values,omitempty" maxProperties:"30"`
	Questions     *[]StandingQuestionInput `json:"questions,omitempty" minItems:"1" maxItems:"10"`
	Timing        *models.Timing           `json:"timing,omitempty"`
	Recipients    *[]ReportTo              `json:"recipients,omitempty" minItems:"1" maxItems:"50"`
	MailChannelID *string                  `json:"mail_channel_id,omitempty" maxLength:"36" doc:"Empty for the organisation's first"`
	SkipUnchanged *bool                    `json:"skip_unchanged,omitempty"`
	PDF           *bool                    `json:"pdf,omitempty"`
	Locale        *string                  `json:"locale,omitempty" enum:"en,de"`
}

// reportDraft makes a report of what somebody asked for.
func (s *Server) reportDraft(ctx context.Context, b *ReportInput) (*models.Report, error) {
	r := &models.Report{Name: strings.TrimSpace(b.Name), Values: b.Values, SkipUnchanged: b.SkipUnchanged, PDF: b.PDF == nil || *b.PDF, Locale: b.Locale,
		Timing: models.Timing(b.TimingInput), Questions: []models.StandingQuestion{}}
	if r.Cron == "" {
		r.Cron = "0 8 * * 1"
	}
	if r.Locale == "" {
		r.Locale = "en"
	}
	switch {
	case b.DashboardID != "" && (b.ConversationID != "" || len(b.Questions) > 0):
		return nil, models.Errorf(models.CodeInvalid, "A report shows a dashboard, or standing questions: one of them.")
	case b.DashboardID != "":
		id := canonical(b.DashboardID)
		r.Kind, r.DashboardID = models.ReportDashboard, &id
	case b.ConversationID != "" || len(b.Questions) > 0:
		r.Kind = models.ReportQuestions
		if err := s.draftQuestions(ctx, r, b); err != nil {
			return nil, err
		}
	default:
		return nil, models.Errorf(models.CodeInvalid, "Say what to report: a dashboard, a conversation, or questions.")
	}
	to := b.Recipients
	if len(to) == 0 {
		to = []ReportTo{{UserID: scopeOf(ctx).UserID}}
	}
	if b.MailChannelID != "" {
		r.MailChannelID = &b.MailChannelID
	}
	return r, s.checkReport(ctx, r, to)
}

func (s *Server) draftQuestions(ctx context.Context, r *models.Report, b *ReportInput) (err error) {
	wanted := b.Questions
	if b.ConversationID != "" {
		scope, id := scopeOf(ctx), canonical(b.ConversationID)
		c, err := s.deps.Store.ReadConversation(ctx, scope, id)
		if err != nil {
			return err
		}
		r.ConversationID = &id
		if r.Name == "" {
			r.Name = cut(c.Title, 200)
		}
		if len(wanted) == 0 {
			answered, err := s.deps.Store.AnsweredQuestions(ctx, scope, id, models.MaxReportQuestions)
			if err != nil {
				return err
			}
			for _, q := range answered {
				wanted = append(wanted, StandingQuestionInput{QuestionID: q.ID})
			}
		}
		if len(wanted) == 0 {
			return models.Errorf(codeNotFinished, "Only answers can be reported; this conversation has none.")
		}
	}
	r.Questions, err = s.standing(ctx, nil, wanted)
	return err
}

// standing makes standing questions of answers and saved queries; those that a
// report has already are kept.
func (s *Server) standing(ctx context.Context, have []models.StandingQuestion, wanted []StandingQuestionInput) ([]models.StandingQuestion, error) {
	out := []models.StandingQuestion{}
	for _, w := range wanted {
		named := 0
		for _, id := range []string{w.ID, w.QuestionID, w.SavedQueryID} {
			if id != "" {
				named++
			}
		}
		if named != 1 {
			return nil, models.Errorf(models.CodeInvalid, "A standing question is an answer or a saved query; one of them.")
		}
		if w.ID != "" {
			at := slices.IndexFunc(have, func(q models.StandingQuestion) bool { return q.ID == canonical(w.ID) })
			if at < 0 {
				return nil, errNotFound
			}
			out = append(out, have[at])
			continue
		}
		q, err := s.standingOf(ctx, w)
		if err != nil {
			return nil, err
		}
		out = append(out, *q)
	}
	return out, nil
}

func (s *Server) standingOf(ctx context.Context, w StandingQuestionInput) (*models.StandingQuestion, error) {
	scope := scopeOf(ctx)
	if w.SavedQueryID != "" {
		q, err := s.deps.Store.GetSavedQuery(ctx, scope, canonical(w.SavedQueryID))
		if err != nil {
			return nil, err
		}
		args, err := models.BindParameters(q.Parameters, w.Parameters)
		return &models.StandingQuestion{ID: newID(), ConnectionID: q.ConnectionID, Question: q.Name, SQL: q.SQL, Arguments: args, SavedQueryID: q.ID}, err
	}
	q, err := s.deps.Store.ReadQuestion(ctx, scope, canonical(w.QuestionID))
	if err != nil {
		return nil, err
	}
	if q.Status != models.StatusAnswered || q.SQL == "" {
		return nil, models.Errorf(codeNotFinished, "Only an answer can be reported; the question “%s” has none.", cut(q.Text, 100))
	}
	out := &models.StandingQuestion{ID: newID(), ConnectionID: q.ConnectionID, Question: cut(q.Text, 300), SQL: q.SQL, Arguments: q.Arguments, QuestionID: q.ID}
	if q.Planner == models.ModelBuiltin {
		out.AskedAt = &q.CreatedAt
	} else {
		out.SQL = planner.Moving(q.Text, q.SQL, q.CreatedAt)
	}
	return out, nil
}

// checkReport checks what of a report can be checked here, and fills in defaults.
func (s *Server) checkReport(ctx context.Context, r *models.Report, to []ReportTo) error {
	scope := scopeOf(ctx)
	if err := checkReportTiming(&r.Timing); err != nil {
		return err
	}
	if r.Kind == models.ReportDashboard {
		if r.DashboardID == nil {
			return models.Errorf(models.CodeConflict, "The dashboard of this report has been deleted. Make a report of another one.")
		}
		d, err := s.deps.Store.GetDashboard(ctx, scope, *r.DashboardID)
		if err != nil {
			return err
		}
		if raw, err := json.Marshal(r.Values); err != nil || len(raw) > models.MaxFilterValues {
			return models.Errorf(models.CodeParameter, "The values of the filters are longer than %d KiB together. Choose fewer.", models.MaxFilterValues>>10)
		}
		if err := d.Spec.CheckValues(r.Values); err != nil {
			return err
		}
		if r.Name == "" {
			r.Name = d.Name
		}
	} else if r.Name == "" {
		r.Name = titleOf(r.Questions[0].Question)
	}
	if r.Values == nil {
		r.Values = map[string]any{}
	}
	return s.checkRecipients(ctx, r, to)
}

// checkReportTiming checks when a report is to be made: not so often that it floods people.
func checkReportTiming(t *models.Timing) error {
	if err := checkTiming(t); err != nil {
		return err
	}
	spec, err := alert.ParseSpec(t.Cron, t.TimeZone)
	if err != nil {
		return err
	}
	last := time.Now()
	for range 60 {
		next := spec.Next(last)
		if next.IsZero() {
			break
		}
		if following := spec.Next(next); !following.IsZero() && following.Sub(next) < models.MinReportMinutes*time.Minute {
			return models.Errorf(models.CodeSchedule, "A report is made every %d minutes at most. For what must be known sooner make an alert.", models.MinReportMinutes)
		}
		last = next
	}
	return nil
}

func (s *Server) checkRecipients(ctx context.Context, r *models.Report, to []ReportTo) error {
	scope := scopeOf(ctx)
	channels, err := s.deps.Store.ListChannels(ctx, scope)
	if err != nil {
		return err
	}
	channel := func(id string) *models.Channel {
		if at := slices.IndexFunc(channels, func(c models.Channel) bool { return c.ID == canonical(id) }); at >= 0 {
			return &channels[at]
		}
		return nil
	}
	r.Recipients = []models.ReportRecipient{}
	for _, one := range to {
		recipient := models.ReportRecipient{UserID: canonical(one.UserID), ChannelID: canonical(one.ChannelID)}
		switch {
		case (one.UserID == "") == (one.ChannelID == ""):
			return models.Errorf(models.CodeInvalid, "A recipient is a member or a channel; one of them.")
		case one.UserID != "":
			if _, err := s.deps.Store.GetMember(ctx, scope, recipient.UserID); err != nil {
				return err
			}
		default:
			c := channel(one.ChannelID)
			if c == nil {
				return errNotFound
			}
			if c.Kind == models.ChannelPagerDuty {
				return models.Errorf(models.CodeInvalid, "PagerDuty is for incidents, not for reports. Choose another channel.")
			}
		}
		if !slices.Contains(r.Recipients, recipient) {
			r.Recipients = append(r.Recipients, recipient)
		}
	}
	if r.MailChannelID == nil {
		return nil
	}
	c := channel(*r.MailChannelID)
	if c == nil {
		return errNotFound
	}
	if c.Kind != models.ChannelEmail {
		return models.Errorf(models.CodeInvalid, "Members are mailed over an e-mail channel; this one is another.")
	}
	r.MailChannelID = &c.ID
	return nil
}

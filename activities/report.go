package activities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Reports keeps the books of reports: short calls on the platform's own database,
// run as local activities on the ask queue.
type Reports struct {
	Store *store.Store
	// BaseURL is the page's address, for links.
	BaseURL string
	// Ended is told how each scheduled run ended, and how long after its time; nil
	// for nobody.
	Ended func(status models.ReportRunStatus, late time.Duration)
}

// ReportRef names a run of a report.
type ReportRef struct {
	Scope    models.Scope
	ReportID string
	At       time.Time // when it was due
	Kind     models.ReportRunKind
	Only     string // who alone gets it, "" for all
}

// ReportBegin begins a run.
type ReportBegin struct {
	ReportRef
	WorkflowID, RunID string
}

// ReportGroup are those of a report's recipients who have the same rights, with
// somebody on whose behalf it is read.
type ReportGroup struct {
	Rights string
	Scope  models.Scope
}

// ReportBegun says what is to be made, and for whom.
type ReportBegun struct {
	// Done says that there is nothing to make, or any more.
	Done bool
	// Deliveries are to be sent, of a run that is done.
	Deliveries []string
	Groups     []ReportGroup
	// StartedAt is from when on rows are new enough.
	StartedAt time.Time
}

// BeginReport begins a run, or finds it begun or done. A report whose owner may
// not have it any more is paused instead.
func (a *Reports) BeginReport(ctx context.Context, in ReportBegin) (out ReportBegun, err error) {
	l, deliveries, err := a.Store.BeginReport(ctx, in.Scope, store.ReportBegin{ReportID: in.ReportID, At: in.At, Kind: in.Kind, Only: in.Only, WorkflowID: in.WorkflowID, RunID: in.RunID},
		func(l *store.LoadedReport) *store.ReportEnding { return a.paused(l) })
	if models.ErrorCode(err) == models.CodeNotFound { // deleted meanwhile
		return ReportBegun{Done: true}, nil
	}
	if err != nil {
		return out, toTemporal(ctx, err)
	}
	out.Deliveries, out.StartedAt = deliveries, l.Run.StartedAt
	if out.Done = l.Run.Status != models.ReportRunning; out.Done {
		return out, nil
	}
	for _, to := range audience(l) {
		if to.code == "" && !slices.ContainsFunc(out.Groups, func(g ReportGroup) bool { return g.Rights == to.rights() }) {
			out.Groups = append(out.Groups, ReportGroup{Rights: to.rights(), Scope: to.scope})
		}
	}
	if len(out.Groups) == 0 { // nobody gets it: it is made for its owner to look at
		owner := ownerScope(l)
		out.Groups = []ReportGroup{{Rights: models.DataRights(owner), Scope: owner}}
	}
	return out, nil
}

func ownerScope(l *store.LoadedReport) models.Scope {
	return models.Scope{OrgID: l.OrgID, UserID: l.UserID, Role: l.People[l.UserID].Role}
}

// paused is the ending of a run of a report that may not run any more, nil where it may.
func (a *Reports) paused(l *store.LoadedReport) *store.ReportEnding {
	owner, member := l.People[l.UserID]
	end := &store.ReportEnding{Status: models.ReportFailed}
	switch {
	case !member:
		end.Pause, end.PauseText = models.PausedOwnerLeft, "Its owner is not a member of the organisation any more. Somebody else can make it anew."
	case !owner.Role.OwnsReports():
		end.Pause, end.PauseText = models.PausedRightLost, "Its owner may not have reports any more."
	case l.Kind == models.ReportDashboard && l.Dashboard == nil:
		end.Pause, end.PauseText = models.PausedDashboardGone, "The dashboard that it shows has been deleted."
	case l.Kind == models.ReportDashboard && !l.Dashboard.MaySee(l.UserID):
		end.Pause, end.PauseText = models.PausedRightLost, "Its owner may not see the dashboard any more."
	default:
		return nil
	}
	end.ErrorCode, end.ErrorText = end.Pause, end.PauseText
	message := models.Message{Title: l.Name + " is paused", Text: end.PauseText, Severity: models.SeverityInfo, Link: a.link(l), LinkText: "Open the report"}
	for _, to := range l.Recipients {
		if to.ChannelID != "" {
			end.Deliveries = append(end.Deliveries, delivery(l, "paused", to.ChannelID, "", message))
		}
	}
	if member && l.Mail != nil {
		end.Deliveries = append(end.Deliveries, delivery(l, "paused", l.Mail.ID, owner.Email, message))
	}
	return end
}

func (a *Reports) link(l *store.LoadedReport) string { return a.BaseURL + "/reports/" + l.ID }

// delivery is a message of a run. Its key is the same whenever it is made.
func delivery(l *store.LoadedReport, about, channelID, recipient string, message models.Message) models.Delivery {
	return models.Delivery{Subject: store.ReportSubject(l.ID), Episode: store.ReportEpisode(l.Run.At) + about, ChannelID: channelID, Recipient: recipient, Message: message}
}

// reached is a recipient of a report with the rights by which they get it.
type reached struct {
	models.ReportRecipient
	scope   models.Scope
	address string // of a member
	// code and reason say why they get nothing.
	code   models.Code
	reason string
}

func (r reached) rights() string { return models.DataRights(r.scope) }

// audience is who gets a report: members by their own rights, channels by its
// owner's, all as they are now.
func audience(l *store.LoadedReport) (all []reached) {
	recipients := l.Recipients
	if l.Run.OnlyFor != nil {
		recipients = []models.ReportRecipient{{UserID: *l.Run.OnlyFor}}
	}
	for _, to := range recipients {
		r := reached{ReportRecipient: to, scope: ownerScope(l)}
		if to.UserID != "" {
			person, member := l.People[to.UserID]
			r.scope, r.address = models.Scope{OrgID: l.OrgID, UserID: to.UserID, Role: person.Role}, person.Email
			switch {
			case !member:
				r.address = to.UserID // the ledger says of whom it speaks
				r.code, r.reason = models.CodeReportLeft, "This person is not a member of the organisation any more."
			case !person.Role.GetsReports():
				r.code, r.reason = models.CodeReportRights, "The role of this person does not allow reports."
			case l.Dashboard != nil && !l.Dashboard.MaySee(to.UserID):
				r.code, r.reason = models.CodeReportRights, "This person may not see the dashboard: it is private. Its owner can share it."
			}
		}
		all = append(all, r)
	}
	return all
}

// ReportFailure says why a report could not be made for some rights; "" for all.
type ReportFailure struct {
	Rights string
	Code   models.Code
	Text   string
}

// ReportEnd ends a run.
type ReportEnd struct {
	ReportRef
	Failures []ReportFailure
}

// ReportEnded is how a run ended, with the deliveries that are to be sent.
type ReportEnded struct {
	Status     models.ReportRunStatus
	Deliveries []string
}

// EndReport ends a run: what is told, what is remembered of it and that it has
// ended take effect together. Repeated, it finds the end.
func (a *Reports) EndReport(ctx context.Context, in ReportEnd) (out ReportEnded, err error) {
	mine := false
	run, deliveries, err := a.Store.EndReport(ctx, in.Scope, in.ReportID, in.At, func(l *store.LoadedReport, parts []models.ReportPart) *store.ReportEnding {
		mine = true
		return a.ending(l, parts, in.Failures)
	})
	if models.ErrorCode(err) == models.CodeNotFound { // deleted meanwhile
		return out, nil
	}
	if err == nil && mine && run.Kind == models.ReportScheduled && a.Ended != nil {
		a.Ended(run.Status, time.Since(run.At))
	}
	return ReportEnded{Status: run.Status, Deliveries: deliveries}, toTemporal(ctx, err)
}

func (a *Reports) ending(l *store.LoadedReport, parts []models.ReportPart, failures []ReportFailure) *store.ReportEnding {
	end := &store.ReportEnding{Status: models.ReportUnchanged}
	ready := false
	for _, p := range parts {
		switch p.Status {
		case models.PartReady:
			ready = true
			if l.Run.Kind != models.ReportPreview {
				end.Remember = append(end.Remember, p.Rights)
			}
		case models.PartFailed:
			failures = append(failures, ReportFailure{Rights: p.Rights, Code: p.ErrorCode, Text: p.ErrorText})
		case models.PartUnchanged:
		}
	}
	if len(failures) > 0 {
		end.Status, end.ErrorCode, end.ErrorText = models.ReportFailed, failures[0].Code, models.Clip(failures[0].Text, 1000)
	}
	if ready {
		end.Status = models.ReportSent
	}
	for _, to := range audience(l) {
		a.tell(l, end, to, parts, failures)
	}
	if end.Status == models.ReportFailed && l.Run.Kind == models.ReportScheduled && l.Before != models.ReportFailed {
		a.warn(l, end)
	}
	return end
}

// tell adds what a recipient gets.
func (a *Reports) tell(l *store.LoadedReport, end *store.ReportEnding, to reached, parts []models.ReportPart, failures []ReportFailure) {
	about, channel := "channel/"+to.ChannelID, to.ChannelID
	if to.UserID != "" {
		about, channel = "member/"+to.UserID, models.NoChannel
		if l.Mail != nil {
			channel = l.Mail.ID
		}
	}
	at := slices.IndexFunc(parts, func(p models.ReportPart) bool { return p.Rights == to.rights() })
	failed := slices.ContainsFunc(failures, func(f ReportFailure) bool { return f.Rights == "" || f.Rights == to.rights() })
	switch {
	case to.code != "":
	case at >= 0 && parts[at].Status == models.PartReady && channel != models.NoChannel:
		end.Deliveries = append(end.Deliveries, delivery(l, about, channel, to.address, *parts[at].Message))
		end.Told++
		return
	case at >= 0 && parts[at].Status == models.PartReady:
		to.code, to.reason = models.CodeReportNoMail, "There is no e-mail channel, so that nothing is mailed; the report is kept on its page. An administrator sets one up under Settings, Channels."
	case at >= 0, failed:
		return // nothing new, or nothing at all: the run says so
	default:
		to.code, to.reason = models.CodeReportMoved, "The rights of this person changed while the report was made. The next one is made for them."
	}
	end.Skipped++
	d := delivery(l, about, models.NoChannel, to.address, models.Message{Title: l.Name, Severity: models.SeverityInfo})
	d.Status, d.ReasonCode, d.Reason = models.DeliverySkipped, to.code, to.reason
	end.Deliveries = append(end.Deliveries, d)
}

// warn tells the owner that a report could not be made, once until it can.
func (a *Reports) warn(l *store.LoadedReport, end *store.ReportEnding) {
	owner, member := l.People[l.UserID]
	if !member || l.Mail == nil {
		return
	}
	end.Deliveries = append(end.Deliveries, delivery(l, "failed", l.Mail.ID, owner.Email, models.Message{Title: l.Name + " could not be made", Severity: models.SeverityWarning,
		Text: fmt.Sprintf("Nobody was sent this report. %s You are told again once it has worked in between.", end.ErrorText), Link: a.link(l), LinkText: "Open the report"}))
}

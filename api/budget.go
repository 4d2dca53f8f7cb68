package api

import (
	"context"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// Budget is what the organisation may use of models in a calendar month (UTC).
type Budget struct {
	TokensPerMonth  *int64 `json:"tokens_per_month,omitempty" doc:"The organisation's own; left out where the default holds"`
	Default         int64  `json:"default" doc:"What this installation gives an organisation"`
	TokensPerMember *int64 `json:"tokens_per_member,omitempty" doc:"What each member may use of it; left out for no limit"`
	Month           string `json:"month" doc:"2026-01"`
	Used            int64  `json:"used" doc:"Used, or set aside for questions that run"`
	Remaining       int64  `json:"remaining"`
}

// Usage is what was used of models in a span of days (UTC), of the current month
// where none is asked for.
type Usage struct {
	Month       string          `json:"month" doc:"2026-01, of the last day"`
	From        string          `json:"from" doc:"2026-01-01, the first day"`
	To          string          `json:"to" doc:"2026-01-31, the last day"`
	TokensUsed  int64           `json:"tokens_used" doc:"In the span"`
	TokenBudget int64           `json:"token_budget" doc:"Of a month"`
	Days        []UsageDay      `json:"days" doc:"By person and day"`
	Models      []UsageModel    `json:"models" doc:"By model and day"`
	Questions   []UsageQuestion `json:"questions" doc:"Questions by person, day and how they ended"`
	People      []UsagePerson   `json:"people" doc:"The members, for their names"`
}

// UsageDay is what one person used on one day (UTC).
type UsageDay struct {
	Day    string `json:"day" doc:"2026-01-31"`
	UserID string `json:"user_id" format:"uuid"`
	Tokens int64  `json:"tokens"`
}

// UsageModel is what was used of one model on one day (UTC).
type UsageModel struct {
	Day    string `json:"day" doc:"2026-01-31"`
	Model  string `json:"model"`
	Tokens int64  `json:"tokens"`
	Calls  int64  `json:"calls"`
}

// UsageQuestion counts one person's questions of one day (UTC) that stand alike.
type UsageQuestion struct {
	Day    string                `json:"day" doc:"2026-01-31"`
	UserID string                `json:"user_id" format:"uuid"`
	Status models.QuestionStatus `json:"status" enum:"queued,running,clarify,approve,answered,refused,failed,cancelled,budget_exhausted"`
	Count  int64                 `json:"count"`
}

// UsagePerson names somebody.
type UsagePerson struct {
	UserID string `json:"user_id" format:"uuid"`
	Name   string `json:"name"`
	Email  string `json:"email"`
}

// DayParams are the first and the last day of a span (UTC).
type DayParams struct {
	From string `query:"from" format:"date" maxLength:"10" doc:"First day, 2026-01-01"`
	To   string `query:"to" format:"date" maxLength:"10" doc:"Last day, 2026-01-31"`
}

// span reads the days; one that is left out is zero. until is the moment after the last one.
func (p DayParams) span() (from, until time.Time, err error) {
	if p.From != "" {
		if from, err = time.Parse(time.DateOnly, p.From); err != nil {
			return from, until, invalidField("query.from", "must be a day such as 2026-01-31")
		}
	}
	if p.To != "" {
		if until, err = time.Parse(time.DateOnly, p.To); err != nil {
			return from, until, invalidField("query.to", "must be a day such as 2026-01-31")
		}
		until = until.AddDate(0, 0, 1)
	}
	if !from.IsZero() && !until.IsZero() && !from.Before(until) {
		return from, until, invalidField("query.to", "must not be before from")
	}
	return from, until, nil
}

type (
	usageOut  struct{ Body Usage }
	budgetOut struct{ Body Budget }
	budgetIn  struct {
		Body struct {
			TokensPerMonth  *int64 `json:"tokens_per_month,omitempty" minimum:"1" maximum:"1000000000000" doc:"Left out: the default"`
			TokensPerMember *int64 `json:"tokens_per_member,omitempty" minimum:"1" maximum:"1000000000000" doc:"Left out: no limit"`
		}
	}
)

// maxUsageDays bounds a span.
const maxUsageDays = 366

func (s *Server) budgetRoutes() {
	register(s, operation(http.MethodGet, "/usage", "get-usage", "Use of models by person, day and model, with questions by outcome", 200), auth.ReadUsage, s.getUsage)
	register(s, operation(http.MethodGet, "/budget", "get-budget", "What may be used in a month", 200), auth.ReadUsage, s.getBudget)
	register(s, operation(http.MethodPut, "/budget", "set-budget", "Set what may be used in a month", 200), auth.WriteOrg, s.setBudget)
}

func (s *Server) getBudget(ctx context.Context, _ *empty) (*budgetOut, error) {
	scope := scopeOf(ctx)
	org, err := s.deps.Store.GetOrg(ctx, scope)
	if err != nil {
		return nil, err
	}
	used, err := s.deps.Store.Spent(ctx, scope)
	if err != nil {
		return nil, err
	}
	b := Budget{Default: s.deps.Config.MonthlyBudget, Month: time.Now().UTC().Format("2006-01"), Used: used,
		TokensPerMonth: unlessZero(org.TokenBudget), TokensPerMember: unlessZero(org.MemberTokenBudget)}
	b.Remaining = max(s.budgetOf(org)-used, 0)
	return &budgetOut{Body: b}, nil
}

func unlessZero(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func (s *Server) budgetOf(org *models.Org) int64 {
	if org.TokenBudget == 0 {
		return s.deps.Config.MonthlyBudget
	}
	return org.TokenBudget
}

func (s *Server) setBudget(ctx context.Context, in *budgetIn) (*budgetOut, error) {
	var org, member int64
	set(&org, in.Body.TokensPerMonth)
	set(&member, in.Body.TokensPerMember)
	scope := scopeOf(ctx)
	if err := s.deps.Store.SetBudget(ctx, scope, org, member); err != nil {
		return nil, err
	}
	s.audit(ctx, "budget.update", scope.OrgID, map[string]any{"tokens_per_month": org, "tokens_per_member": member})
	return s.getBudget(ctx, &empty{})
}

func (s *Server) getUsage(ctx context.Context, in *DayParams) (*usageOut, error) {
	scope, now := scopeOf(ctx), time.Now().UTC()
	from, until, err := in.span()
	if err != nil {
		return nil, err
	}
	if until.IsZero() {
		until = now.Truncate(24*time.Hour).AddDate(0, 0, 1)
	}
	last := until.AddDate(0, 0, -1)
	if from.IsZero() {
		from = time.Date(last.Year(), last.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	if until.Sub(from) > maxUsageDays*24*time.Hour || !from.Before(until) {
		return nil, invalidField("query.from", "must be at most a year before to, and not after it")
	}
	org, err := s.deps.Store.GetOrg(ctx, scope)
	if err != nil {
		return nil, err
	}
	u, err := s.deps.Store.Usage(ctx, scope, from, until)
	if err != nil {
		return nil, err
	}
	out := &usageOut{Body: Usage{Month: last.Format("2006-01"), From: from.Format(time.DateOnly), To: last.Format(time.DateOnly), TokenBudget: s.budgetOf(org),
		Days: []UsageDay{}, Models: []UsageModel{}, Questions: []UsageQuestion{}, People: []UsagePerson{}}}
	for _, r := range u.Days {
		out.Body.TokensUsed += r.Tokens
		out.Body.Days = append(out.Body.Days, UsageDay{Day: r.Day.Format(time.DateOnly), UserID: r.UserID, Tokens: r.Tokens})
	}
	for _, r := range u.Models {
		out.Body.Models = append(out.Body.Models, UsageModel{Day: r.Day.Format(time.DateOnly), Model: r.Model, Tokens: r.Tokens, Calls: r.Calls})
	}
	for _, r := range u.Questions {
		out.Body.Questions = append(out.Body.Questions, UsageQuestion{Day: r.Day.Format(time.DateOnly), UserID: r.UserID, Status: r.Status, Count: r.Count})
	}
	for _, r := range u.People {
		out.Body.People = append(out.Body.People, UsagePerson{UserID: r.ID, Name: r.Name, Email: r.Email})
	}
	return out, nil
}

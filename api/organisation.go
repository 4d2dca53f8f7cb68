package api

import (
	"context"
	"net/http"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
)

// AuditEvent is an entry of the audit log.
type AuditEvent struct {
	ID        string         `json:"id" format:"uuid"`
	UserID    string         `json:"user_id" format:"uuid"`
	Action    string         `json:"action"`
	TargetID  string         `json:"target_id"`
	Detail    map[string]any `json:"detail"`
	IP        string         `json:"ip"`
	RequestID string         `json:"request_id"`
	CreatedAt time.Time      `json:"created_at"`
}

// Member is a person of the organisation.
type Member struct {
	UserID    string      `json:"user_id" format:"uuid"`
	Name      string      `json:"name"`
	Email     string      `json:"email"`
	Role      models.Role `json:"role" enum:"owner,admin,analyst,viewer"`
	CreatedAt time.Time   `json:"created_at"`
}

// Usage is this calendar month's use of the model (UTC).
type Usage struct {
	Month       string     `json:"month" doc:"2026-01"`
	TokensUsed  int64      `json:"tokens_used"`
	TokenBudget int64      `json:"token_budget"`
	Days        []UsageDay `json:"days"`
}

// UsageDay is what one person used on one day (UTC).
type UsageDay struct {
	Day    string `json:"day" doc:"2026-01-31"`
	UserID string `json:"user_id" format:"uuid"`
	Tokens int64  `json:"tokens"`
}

type usageOut struct{ Body Usage }

func (s *Server) organisationRoutes() {
	register(s, operation(http.MethodGet, "/audit", "list-audit", "The audit log, latest first", 200), auth.ReadAudit, s.listAudit)
	register(s, operation(http.MethodGet, "/members", "list-members", "The organisation's people", 200), auth.ReadMembers, s.listMembers)
	register(s, operation(http.MethodGet, "/usage", "get-usage", "This month's use of the model", 200), auth.ReadUsage, s.getUsage)
}

func (s *Server) listAudit(ctx context.Context, in *PageParams) (*pageOut[AuditEvent], error) {
	rows, next, err := s.deps.Store.ListAudit(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(e *models.AuditEvent) AuditEvent {
		return AuditEvent{ID: e.ID, UserID: e.UserID, Action: e.Action, TargetID: e.TargetID, Detail: e.Detail,
			IP: e.IP, RequestID: e.RequestID, CreatedAt: e.CreatedAt}
	}), next), nil
}

// audit records what the caller did. The action has happened: a failure to
// record it is logged with everything an operator needs to add it.
func (s *Server) audit(ctx context.Context, action, target string, detail map[string]any) {
	r := requestFrom(ctx)
	if detail == nil {
		detail = map[string]any{}
	}
	e := &models.AuditEvent{ID: newID(), OrgID: r.who.Scope.OrgID, UserID: r.who.Scope.UserID, Action: action,
		TargetID: target, Detail: detail, IP: r.IP, RequestID: r.ID, CreatedAt: time.Now().UTC()}
	if r.who.KeyID != "" {
		e.Detail["api_key_id"] = r.who.KeyID
	}
	if err := s.deps.Store.AppendAudit(context.WithoutCancel(ctx), r.who.Scope, e); err != nil {
		s.log(ctx).Error("write audit event", "action", action, "target_id", target, "cause", telemetry.Cause(err))
	}
}

func (s *Server) listMembers(ctx context.Context, in *PageParams) (*pageOut[Member], error) {
	rows, next, err := s.deps.Store.ListMembers(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, func(m *store.MemberRow) Member {
		return Member{UserID: m.ID, Name: m.Name, Email: m.Email, Role: m.Role, CreatedAt: m.CreatedAt}
	}), next), nil
}

func (s *Server) getUsage(ctx context.Context, _ *empty) (*usageOut, error) {
	scope, now := scopeOf(ctx), time.Now().UTC()
	org, err := s.deps.Store.GetOrg(ctx, scope)
	if err != nil {
		return nil, err
	}
	rows, err := s.deps.Store.Usage(ctx, scope, time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		return nil, err
	}
	out := &usageOut{Body: Usage{Month: now.Format("2006-01"), TokenBudget: org.TokenBudget, Days: []UsageDay{}}}
	if org.TokenBudget == 0 {
		out.Body.TokenBudget = s.deps.Config.MonthlyBudget
	}
	for _, r := range rows {
		out.Body.TokensUsed += r.Tokens
		out.Body.Days = append(out.Body.Days, UsageDay{Day: r.Day.Format(time.DateOnly), UserID: r.UserID, Tokens: r.Tokens})
	}
	return out, nil
}

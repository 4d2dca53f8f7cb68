package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Member is a person of the organisation.
type Member struct {
	UserID    string      `json:"user_id" format:"uuid"`
	Name      string      `json:"name"`
	Email     string      `json:"email"`
	Role      models.Role `json:"role" enum:"owner,admin,analyst,viewer"`
	CreatedAt time.Time   `json:"created_at"`
}

func memberView(m *store.MemberRow) Member {
	return Member{UserID: m.ID, Name: m.Name, Email: m.Email, Role: m.Role, CreatedAt: m.CreatedAt}
}

// Invitation is an open invitation. Its link is shown once, when it is made.
type Invitation struct {
	ID        string      `json:"id" format:"uuid"`
	Email     string      `json:"email"`
	Role      models.Role `json:"role" enum:"owner,admin,analyst,viewer"`
	InvitedBy string      `json:"invited_by" format:"uuid"`
	ExpiresAt time.Time   `json:"expires_at"`
	CreatedAt time.Time   `json:"created_at"`
}

func invitationView(inv *models.Invitation) Invitation {
	return Invitation{ID: inv.ID, Email: inv.Email, Role: inv.Role, InvitedBy: inv.InvitedBy, ExpiresAt: inv.ExpiresAt, CreatedAt: inv.CreatedAt}
}

// NewInvitation is an invitation that was just made.
type NewInvitation struct {
	Invitation
	Link string `json:"link" doc:"Shown this once, to be handed to the person; works once"`
}

// InvitedTo is what an invitation is for.
type InvitedTo struct {
	Organisation string      `json:"organisation"`
	Email        string      `json:"email"`
	Role         models.Role `json:"role" enum:"owner,admin,analyst,viewer"`
	HasAccount   bool        `json:"has_account" doc:"Whether the person accepts with the password of the account that they have"`
	ExpiresAt    time.Time   `json:"expires_at"`
}

// SignInLink lets a member in once, without the password.
type SignInLink struct {
	Link      string    `json:"link" doc:"Shown this once, to be handed to the person"`
	ExpiresAt time.Time `json:"expires_at"`
}

type (
	memberOut     struct{ Body Member }
	memberPatchIn struct {
		IDParam
		Body struct {
			Role models.Role `json:"role" enum:"owner,admin,analyst,viewer"`
		}
	}
	signInLinkOut struct{ Body SignInLink }
	invitationIn  struct {
		Body struct {
			Email string      `json:"email" minLength:"3" maxLength:"254"`
			Role  models.Role `json:"role" enum:"owner,admin,analyst,viewer"`
		}
	}
	newInvitationOut struct{ Body NewInvitation }
	invitedToIn      struct {
		Body struct {
			Token string `json:"token" minLength:"16" maxLength:"200"`
		}
	}
	invitedToOut struct{ Body InvitedTo }
	acceptIn     struct {
		Body struct {
			Token    string `json:"token" minLength:"16" maxLength:"200"`
			Name     string `json:"name,omitempty" maxLength:"100" doc:"Needed where there is no account yet"`
			Password string `json:"password" minLength:"1" maxLength:"256" doc:"A new one, or that of the account that there is"`
		}
	}
)

func (s *Server) memberRoutes() {
	register(s, operation(http.MethodGet, "/members", "list-members", "The organisation's people", 200), auth.ReadMembers, s.listMembers)
	register(s, operation(http.MethodPatch, "/members/{id}", "update-member", "Give a person another role, at once", 200), auth.WriteMembers, s.updateMember)
	register(s, operation(http.MethodDelete, "/members/{id}", "delete-member",
		"Remove a person; their sessions, API keys and running questions here end at once", 204), auth.WriteMembers, s.deleteMember)
	register(s, operation(http.MethodPost, "/members/{id}/link", "create-member-link", "Make a one-time sign-in link for who forgot the password", 201),
		auth.WriteMembers, s.linkMember)
	register(s, operation(http.MethodGet, "/invitations", "list-invitations", "Open invitations, latest first", 200), auth.ReadMembers, s.listInvitations)
	register(s, operation(http.MethodPost, "/invitations", "create-invitation", "Invite somebody; an earlier invitation of theirs ends", 201),
		auth.WriteMembers, s.invite)
	register(s, operation(http.MethodDelete, "/invitations/{id}", "revoke-invitation", "Take an invitation back", 204), auth.WriteMembers, s.revokeInvitation)
	register(s, operation(http.MethodPost, "/auth/invitation/check", "check-invitation", "What an invitation is for", 200), public, s.checkInvitation)
	register(s, operation(http.MethodPost, "/auth/invitation", "accept-invitation", "Accept an invitation and sign in", 204), public, s.acceptInvitation)
}

func (s *Server) listMembers(ctx context.Context, in *PageParams) (*pageOut[Member], error) {
	rows, next, err := s.deps.Store.ListMembers(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, memberView), next), nil
}

func (s *Server) updateMember(ctx context.Context, in *memberPatchIn) (*memberOut, error) {
	scope := scopeOf(ctx)
	if err := notByKey(ctx); err != nil {
		return nil, err
	}
	before, err := s.deps.Auth.SetRole(ctx, scope, in.ID, in.Body.Role)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "member.role", in.ID, map[string]any{"from": before, "to": in.Body.Role})
	m, err := s.deps.Store.GetMember(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	return &memberOut{Body: memberView(m)}, nil
}

func (s *Server) deleteMember(ctx context.Context, in *IDParam) (*empty, error) {
	scope := scopeOf(ctx)
	m, err := s.deps.Store.GetMember(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	open, err := s.deps.Store.RemoveMember(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	s.stopAll(ctx, open)
	s.audit(ctx, "member.remove", in.ID, map[string]any{"email": m.Email, "role": m.Role})
	return nil, nil
}

func (s *Server) linkMember(ctx context.Context, in *IDParam) (*signInLinkOut, error) {
	scope := scopeOf(ctx)
	m, err := s.deps.Store.GetMember(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	if err := notByKey(ctx); err != nil {
		return nil, err
	}
	if m.Role == models.RoleOwner && scope.Role != models.RoleOwner {
		return nil, models.Errorf(models.CodeForbidden, "Only an owner can make a sign-in link for an owner.")
	}
	expires := time.Now().Add(auth.LinkTTL).UTC()
	token, err := s.deps.Auth.NewLink(ctx, models.Scope{OrgID: scope.OrgID, UserID: m.ID})
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "member.link", in.ID, nil)
	return &signInLinkOut{Body: SignInLink{Link: s.pageLink("/link", token), ExpiresAt: expires}}, nil
}

// pageLink is an address of the page with a secret that browsers do not send on.
func (s *Server) pageLink(path, token string) string {
	return strings.TrimRight(s.deps.Config.BaseURL, "/") + path + "#token=" + token
}

func (s *Server) listInvitations(ctx context.Context, in *PageParams) (*pageOut[Invitation], error) {
	rows, next, err := s.deps.Store.ListInvitations(ctx, scopeOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(views(rows, invitationView), next), nil
}

func (s *Server) invite(ctx context.Context, in *invitationIn) (*newInvitationOut, error) {
	scope := scopeOf(ctx)
	if err := notByKey(ctx); err != nil {
		return nil, err
	}
	if err := s.deps.Auth.Limit(ctx, "invite:"+scope.OrgID, 60, time.Hour); err != nil {
		return nil, err
	}
	inv, token, err := s.deps.Auth.Invite(ctx, scope, in.Body.Email, in.Body.Role)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "invitation.create", inv.ID, map[string]any{"email": inv.Email, "role": inv.Role})
	return &newInvitationOut{Body: NewInvitation{Invitation: invitationView(inv), Link: s.pageLink("/invitation", token)}}, nil
}

func (s *Server) revokeInvitation(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.RevokeInvitation(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "invitation.revoke", in.ID, nil)
	return nil, nil
}

func (s *Server) checkInvitation(ctx context.Context, in *invitedToIn) (*invitedToOut, error) {
	if err := s.limitIP(ctx, "invitation"); err != nil {
		return nil, err
	}
	inv, err := s.deps.Auth.Invitation(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return &invitedToOut{Body: InvitedTo{Organisation: inv.OrgName, Email: inv.Email, Role: inv.Role,
		HasAccount: inv.User != nil && (inv.User.PasswordHash != "" || inv.Memberships > 0), ExpiresAt: inv.ExpiresAt}}, nil
}

func (s *Server) acceptInvitation(ctx context.Context, in *acceptIn) (*sessionOut, error) {
	if err := s.limitIP(ctx, "invitation"); err != nil {
		return nil, err
	}
	name := strings.TrimSpace(in.Body.Name)
	if !printable(name) {
		return nil, invalidField("body.name", "must be plain text")
	}
	tokens, err := s.deps.Auth.AcceptInvitation(ctx, auth.Acceptance{Token: in.Body.Token, Name: name, Password: in.Body.Password}, s.device(ctx))
	if err != nil {
		return nil, err
	}
	out := s.signedIn(ctx, tokens)
	s.audit(ctx, "invitation.accept", tokens.Scope.UserID, nil)
	return out, nil
}

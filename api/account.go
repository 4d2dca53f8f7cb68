package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Me is who is signed in.
type Me struct {
	User struct {
		ID          string `json:"id" format:"uuid"`
		Name        string `json:"name"`
		Email       string `json:"email"`
		HasPassword bool   `json:"has_password"`
	} `json:"user"`
	Org struct {
		ID   string `json:"id" format:"uuid"`
		Name string `json:"name"`
	} `json:"org"`
	Role models.Role `json:"role" enum:"owner,admin,analyst,viewer"`
	// Organisations are for a person who may go to another one; a key stays in its own.
	Organisations []Membership `json:"organisations" doc:"All that you belong to; with an API key only its own"`
	Permissions   []string     `json:"permissions"`
	Features      Features     `json:"features"`
}

// Membership is an organisation that a person belongs to.
type Membership struct {
	ID   string      `json:"id" format:"uuid"`
	Name string      `json:"name"`
	Role models.Role `json:"role" enum:"owner,admin,analyst,viewer" doc:"Yours there"`
}

// Features says what this installation has.
type Features struct {
	Planner string `json:"planner" doc:"builtin, or the model's name"`
	// Where runs can be looked at is for those who may.
	TemporalUIURL     string `json:"temporal_ui_url,omitempty" doc:"Only for those who may inspect runs"`
	TemporalNamespace string `json:"temporal_namespace,omitempty" doc:"Only for those who may inspect runs"`
}

type (
	stateOut struct {
		Body struct {
			FirstRun bool `json:"first_run" doc:"Nobody has set a password yet"`
			SignedIn bool `json:"signed_in"`
		}
	}
	meOut struct{ Body Me }
	// sessionOut sets or clears the session's cookies.
	sessionOut struct {
		SetCookie []string `header:"Set-Cookie"`
	}
	linkIn struct {
		Body struct {
			Token string `json:"token" minLength:"16" maxLength:"200"`
		}
	}
	loginIn struct {
		Body struct {
			Email    string `json:"email" minLength:"3" maxLength:"254"`
			Password string `json:"password" minLength:"1" maxLength:"256"`
		}
	}
	switchIn struct {
		Body struct {
			OrganisationID string `json:"organisation_id" format:"uuid" maxLength:"36" doc:"One that you belong to"`
		}
	}
	meIn struct {
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"100"`
		}
	}
	passwordIn struct {
		Body struct {
			Name            string `json:"name,omitempty" maxLength:"100"`
			Email           string `json:"email,omitempty" maxLength:"254"`
			CurrentPassword string `json:"current_password,omitempty" maxLength:"256"`
			NewPassword     string `json:"new_password" minLength:"12" maxLength:"256"`
		}
	}
)

func (s *Server) accountRoutes() {
	register(s, operation(http.MethodGet, "/auth/state", "get-auth-state", "Whether somebody is signed in", 200), public, s.authState)
	register(s, operation(http.MethodPost, "/auth/link", "use-link", "Sign in with a one-time link", 204), public, s.useLink)
	register(s, operation(http.MethodPost, "/auth/login", "login", "Sign in with e-mail and password", 204), public, s.login)
	register(s, operation(http.MethodPost, "/auth/refresh", "refresh", "Rotate the session's tokens", 204), public, s.refresh)
	register(s, operation(http.MethodPost, "/auth/logout", "logout", "Sign out on this device", 204), public, s.logout)
	register(s, operation(http.MethodPost, "/auth/logout-all", "logout-all", "Sign out everywhere", 204), auth.ManageSessions, s.logoutAll)
	register(s, operation(http.MethodPost, "/auth/password", "set-password", "Set or change your password, name and e-mail; other sessions end", 204), auth.Profile, s.setPassword)
	register(s, operation(http.MethodPost, "/auth/switch", "switch-organisation",
		"Go on in another of your organisations: this device's session ends, and one there begins", 204), auth.Profile, s.switchOrganisation)
	register(s, operation(http.MethodGet, "/auth/me", "get-me", "Who is signed in", 200), auth.Profile, s.me)
	register(s, operation(http.MethodPatch, "/auth/me", "update-me", "Change your name", 200), auth.Profile, s.updateMe)
}

func (s *Server) authState(ctx context.Context, _ *empty) (*stateOut, error) {
	first, err := s.deps.Store.SystemFirstRun(ctx)
	if err != nil {
		return nil, err
	}
	out := &stateOut{}
	out.Body.FirstRun = first
	if token := requestFrom(ctx).Credential; token != "" && len(token) <= maxCredential {
		_, err := s.deps.Auth.Authenticate(ctx, token)
		out.Body.SignedIn = err == nil
	}
	return out, nil
}

func (s *Server) useLink(ctx context.Context, in *linkIn) (*sessionOut, error) {
	if err := s.limitIP(ctx, "link"); err != nil {
		return nil, err
	}
	tokens, err := s.deps.Auth.UseLink(ctx, in.Body.Token, s.device(ctx))
	if err != nil {
		return nil, err
	}
	return s.signedIn(ctx, tokens), nil
}

func (s *Server) login(ctx context.Context, in *loginIn) (*sessionOut, error) {
	if err := s.limitIP(ctx, "login"); err != nil {
		return nil, err
	}
	tokens, err := s.deps.Auth.Login(ctx, in.Body.Email, in.Body.Password, s.device(ctx))
	if refused := (*auth.RefusedError)(nil); errors.As(err, &refused) {
		// Beside the answer, which must not take longer where the address is a member's.
		go s.auditAs(context.WithoutCancel(ctx), refused.Scope, "session.refuse", "", map[string]any{})
	}
	if err != nil {
		return nil, err
	}
	return s.signedIn(ctx, tokens), nil
}

func (s *Server) switchOrganisation(ctx context.Context, in *switchIn) (*sessionOut, error) {
	if err := notByKey(ctx); err != nil {
		return nil, err
	}
	caller := who(ctx)
	tokens, err := s.deps.Auth.Switch(ctx, caller, canonical(in.Body.OrganisationID), s.device(ctx))
	if err != nil {
		return nil, err
	}
	s.audit(ctx, "session.switch", caller.SessionID, nil) // where they leave; the other one records who came
	return s.signedIn(ctx, tokens), nil
}

// signedIn ends the session that the browser had until now, which nothing
// would name any more, and records the new one.
func (s *Server) signedIn(ctx context.Context, t *auth.Tokens) *sessionOut {
	r := requestFrom(ctx)
	if err := s.deps.Auth.Logout(ctx, r.Credential, r.Refresh); err != nil {
		s.log(ctx).Warn("end the browser's earlier session", slog.Any("error", err))
	}
	r.who = &auth.Identity{Scope: t.Scope, SessionID: t.SessionID}
	s.audit(ctx, "session.create", t.SessionID, nil)
	return s.sessionCookies(t)
}

func (s *Server) refresh(ctx context.Context, _ *empty) (*sessionOut, error) {
	if err := s.limitIP(ctx, "refresh"); err != nil {
		return nil, err
	}
	tokens, err := s.deps.Auth.Refresh(ctx, requestFrom(ctx).Refresh)
	if errors.Is(err, auth.ErrReused) {
		s.log(ctx).Warn("a refresh token was used again; its session has been ended")
	}
	if err != nil {
		return nil, err
	}
	return s.sessionCookies(tokens), nil
}

// logout always clears the cookies: a session that is gone is what was asked for.
func (s *Server) logout(ctx context.Context, _ *empty) (*sessionOut, error) {
	r := requestFrom(ctx)
	if err := s.deps.Auth.Logout(ctx, r.Credential, r.Refresh); err != nil {
		return nil, err
	}
	return s.noCookies(), nil
}

func (s *Server) logoutAll(ctx context.Context, _ *empty) (*sessionOut, error) {
	if err := s.deps.Auth.LogoutAll(ctx, scopeOf(ctx)); err != nil {
		return nil, err
	}
	s.audit(ctx, "session.revoke_all", scopeOf(ctx).UserID, nil)
	return s.noCookies(), nil
}

func (s *Server) setPassword(ctx context.Context, in *passwordIn) (*empty, error) {
	caller := who(ctx)
	if caller.SessionID == "" {
		return nil, models.Errorf(models.CodeForbidden, "An API key cannot change a password. Sign in to do that.")
	}
	if err := s.limitIP(ctx, "password"); err != nil {
		return nil, err
	}
	name := strings.TrimSpace(in.Body.Name)
	if !printable(name) {
		return nil, invalidField("body.name", "must be plain text")
	}
	if err := s.deps.Auth.SetPassword(ctx, caller.Scope, caller.SessionID, auth.PasswordChange{Name: name,
		Email: strings.TrimSpace(in.Body.Email), Current: in.Body.CurrentPassword, New: in.Body.NewPassword}); err != nil {
		return nil, err
	}
	s.audit(ctx, "user.password", caller.Scope.UserID, map[string]any{"name": in.Body.Name != "", "email": in.Body.Email != ""})
	return nil, nil
}

func (s *Server) updateMe(ctx context.Context, in *meIn) (*meOut, error) {
	if err := notByKey(ctx); err != nil {
		return nil, err
	}
	name := strings.TrimSpace(in.Body.Name)
	if name == "" || !printable(name) {
		return nil, invalidField("body.name", "must be plain text and not blank")
	}
	scope := scopeOf(ctx)
	if err := s.deps.Store.RenameUser(ctx, scope, name); err != nil {
		return nil, err
	}
	s.audit(ctx, "user.update", scope.UserID, nil)
	return s.me(ctx, &empty{})
}

// notByKey refuses what must come from a person: a key would widen its own rights.
func notByKey(ctx context.Context) error {
	if who(ctx).KeyID != "" {
		return models.Errorf(models.CodeForbidden, "An API key cannot do this. Sign in to do it.")
	}
	return nil
}

func (s *Server) me(ctx context.Context, _ *empty) (*meOut, error) {
	caller := who(ctx)
	user, err := s.deps.Store.GetUser(ctx, caller.Scope, caller.Scope.UserID)
	if err != nil {
		return nil, err
	}
	org, err := s.deps.Store.GetOrg(ctx, caller.Scope)
	if err != nil {
		return nil, err
	}
	out := &meOut{}
	b := &out.Body
	b.User.ID, b.User.Name, b.User.Email, b.User.HasPassword = user.ID, user.Name, user.Email, user.PasswordHash != ""
	b.Org.ID, b.Org.Name = org.ID, org.Name
	b.Role, b.Permissions = caller.Scope.Role, list(caller.Permissions)
	b.Features = Features{Planner: s.deps.Config.Planner}
	b.Organisations = []Membership{{ID: org.ID, Name: org.Name, Role: caller.Scope.Role}}
	if caller.KeyID == "" {
		all, err := s.deps.Store.SystemOrganisations(ctx, caller.Scope.UserID)
		if err != nil {
			return nil, err
		}
		b.Organisations = views(all, func(o *store.OrgRole) Membership { return Membership{ID: o.ID, Name: o.Name, Role: o.Role} })
	}
	own, err := s.deps.Store.ListModelEndpoints(ctx, caller.Scope)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(own, func(m models.ModelEndpoint) bool { return m.Enabled }); i >= 0 {
		b.Features.Planner = own[i].Model
	}
	operates, err := s.operates(ctx)
	if err != nil {
		return nil, err
	}
	if operates {
		b.Features.TemporalUIURL, b.Features.TemporalNamespace = s.deps.Config.TemporalUIURL, s.deps.Config.TemporalNamespace
	}
	return out, nil
}

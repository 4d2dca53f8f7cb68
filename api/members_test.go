package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func (p *person) invited(email string, role models.Role) (inv api.NewInvitation) {
	p.t.Helper()
	res := p.do(http.MethodPost, "/invitations", map[string]any{"email": email, "role": role})
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	res.into(p.t, &inv)
	return inv
}

func tokenOf(t *testing.T, link string) string {
	t.Helper()
	_, token, found := strings.Cut(link, "#token=")
	require.True(t, found, link)
	return token
}

func (p *person) accept(token, name, password string) *answer {
	res := p.do(http.MethodPost, "/auth/invitation", map[string]any{"token": token, "name": name, "password": password})
	p.cookies(res)
	return res
}

func TestAnInvitationMakesAMember(t *testing.T) {
	t.Parallel()
	b := setup(t)
	inv := b.a.invited("New.Person@a.example", models.RoleAnalyst)
	require.Equal(t, "new.person@a.example", inv.Email)
	require.Contains(t, inv.Link, "/invitation#token=")
	token := tokenOf(t, inv.Link)
	stranger := &person{bundle: b}
	var to api.InvitedTo
	stranger.do(http.MethodPost, "/auth/invitation/check", map[string]any{"token": token}).into(t, &to)
	require.Equal(t, "Org A", to.Organisation)
	require.Equal(t, models.RoleAnalyst, to.Role)
	require.False(t, to.HasAccount)
	require.Equal(t, http.StatusUnprocessableEntity, stranger.accept(token, "New Person", "password").status, "passwords are checked as ever")
	require.Equal(t, http.StatusUnprocessableEntity, stranger.accept(token, "", "a quiet river bed").status, "a name is wanted")
	res := stranger.accept(token, "New Person", "a quiet river bed")
	require.Equal(t, http.StatusNoContent, res.status, res.body)
	var me api.Me
	stranger.do(http.MethodGet, "/auth/me", nil).into(t, &me)
	require.Equal(t, "New Person", me.User.Name)
	require.Equal(t, models.RoleAnalyst, me.Role)
	require.Equal(t, http.StatusUnauthorized, (&person{bundle: b}).accept(token, "Again", "another quiet river").status, "it works once")
	var open api.Page[api.Invitation]
	b.a.do(http.MethodGet, "/invitations", nil).into(t, &open)
	require.Empty(t, open.Items)
	require.Equal(t, http.StatusConflict, b.a.do(http.MethodPost, "/invitations", map[string]any{"email": "new.person@a.example", "role": "viewer"}).status)
	require.NotContains(t, b.logs.String(), token)
	res = stranger.do(http.MethodPatch, "/auth/me", map[string]any{"name": "Renamed"})
	require.Equal(t, http.StatusOK, res.status, res.body)
	require.Contains(t, res.body, `"name":"Renamed"`)
}

func TestInvitationsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refused := func(link, why string) {
		require.Equal(t, http.StatusUnauthorized, (&person{bundle: b}).accept(tokenOf(t, link), "N", "a quiet river bed").status, why)
	}
	first := b.a.invited("x@a.example", models.RoleViewer)
	second := b.a.invited("x@a.example", models.RoleAdmin)
	refused(first.Link, "a later one takes its place")
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/invitations/"+second.ID, nil).status)
	refused(second.Link, "it was taken back")
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodDelete, "/invitations/"+second.ID, nil).status)
	third := b.a.invited("x@a.example", models.RoleViewer)
	execSQL(t, b.owner, "UPDATE invitations SET expires_at = now() - interval '1 second'")
	refused(third.Link, "too old")
	admin := b.member(models.RoleAdmin)
	theirs := admin.invited("back.door@a.example", models.RoleAdmin)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/members/"+admin.scope.UserID, nil).status)
	refused(theirs.Link, "who was removed has left no door open")
}

// An invitation shows who was handed a link, not whose address it names: an
// account is not taken over with it.
func TestAnInvitationDoesNotOpenSomebodysAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	inv := b.a.invited("ben@b.example", models.RoleAnalyst)
	token := tokenOf(t, inv.Link)
	thief := &person{bundle: b}
	require.Equal(t, http.StatusConflict, thief.accept(token, "Ben", "a quiet river bed").status, "an account without a password")
	require.Empty(t, thief.access)
	const password = "ben's own long words"
	require.Equal(t, http.StatusNoContent, b.b.do(http.MethodPost, "/auth/password", map[string]any{"new_password": password}).status)
	require.Equal(t, http.StatusForbidden, thief.accept(token, "Ben", "a quiet river bed").status)
	require.Empty(t, thief.access)
	ben := &person{bundle: b}
	require.Equal(t, http.StatusNoContent, ben.accept(token, "", password).status)
	var me api.Me
	ben.do(http.MethodGet, "/auth/me", nil).into(t, &me)
	require.Equal(t, "Org A", me.Org.Name)
	require.Equal(t, "Ben", me.User.Name, "the account stays as it was")
	// A link of one organisation does not set the password for the other.
	var link api.SignInLink
	res := b.a.do(http.MethodPost, "/members/"+b.b.scope.UserID+"/link", nil)
	require.Equal(t, http.StatusCreated, res.status, res.body)
	res.into(t, &link)
	thief.cookies(thief.do(http.MethodPost, "/auth/link", map[string]any{"token": tokenOf(t, link.Link)}))
	require.Equal(t, http.StatusForbidden, thief.do(http.MethodPost, "/auth/password", map[string]any{"new_password": "the thief's own words"}).status)
}

// A person of two organisations goes from one to the other, and only there.
func TestSwitchingOrganisations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const password = "ben's own long words"
	require.Equal(t, http.StatusNoContent, b.b.do(http.MethodPost, "/auth/password", map[string]any{"new_password": password}).status)
	inv := b.a.invited("ben@b.example", models.RoleViewer)
	ben := &person{bundle: b}
	require.Equal(t, http.StatusNoContent, ben.accept(tokenOf(t, inv.Link), "", password).status)
	who := func(p *person) (me api.Me) {
		p.do(http.MethodGet, "/auth/me", nil).into(t, &me)
		return me
	}
	me := who(ben)
	require.Equal(t, "Org A", me.Org.Name)
	require.Equal(t, []api.Membership{{ID: b.a.scope.OrgID, Name: "Org A", Role: models.RoleViewer}, {ID: b.b.scope.OrgID, Name: "Org B", Role: models.RoleOwner}}, me.Organisations)
	require.Len(t, who(b.a).Organisations, 1)

	before := *ben
	to := func(p *person, org string) *answer {
		return p.do(http.MethodPost, "/auth/switch", map[string]any{"organisation_id": org})
	}
	res := to(ben, b.b.scope.OrgID)
	require.Equal(t, http.StatusNoContent, res.status, res.body)
	ben.cookies(res)
	me = who(ben)
	require.Equal(t, "Org B", me.Org.Name)
	require.Equal(t, models.RoleOwner, me.Role)
	require.Equal(t, http.StatusUnauthorized, before.do(http.MethodGet, "/auth/me", nil).status, "the session there has ended")
	require.Equal(t, http.StatusUnauthorized, before.do(http.MethodPost, "/auth/refresh", nil).status)
	for who, wanted := range map[*person]string{b.a: "session.switch", ben: "session.create"} {
		var log api.Page[api.AuditEvent]
		who.do(http.MethodGet, "/audit", nil).into(t, &log)
		require.Equal(t, wanted, log.Items[0].Action)
		require.Equal(t, b.b.scope.UserID, log.Items[0].UserID)
	}
	again := &person{bundle: b}
	again.cookies(again.do(http.MethodPost, "/auth/login", map[string]any{"email": "ben@b.example", "password": password}))
	require.Equal(t, "Org B", who(again).Org.Name, "signing in leads to where one was last")

	require.Equal(t, http.StatusNotFound, to(b.a, b.b.scope.OrgID).status, "where one does not belong")
	require.Equal(t, http.StatusOK, b.a.do(http.MethodGet, "/auth/me", nil).status)
	key := &person{bundle: b}
	made := ben.do(http.MethodPost, "/api-keys", map[string]any{"name": "k", "scopes": []string{auth.Profile}})
	bearer := []string{"Authorization", "Bearer " + made.field(t, "key").(string)}
	require.NotContains(t, key.do(http.MethodGet, "/auth/me", nil, bearer...).body, "Org A", "a key knows its own organisation")
	require.Equal(t, http.StatusForbidden, key.do(http.MethodPost, "/auth/switch", map[string]any{"organisation_id": b.a.scope.OrgID}, bearer...).status)
}

// An administrator's link opens their own organisation, not the person's others.
func TestALinkDoesNotLeadToOtherOrganisations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const password = "ben's own long words"
	require.Equal(t, http.StatusNoContent, b.b.do(http.MethodPost, "/auth/password", map[string]any{"new_password": password}).status)
	require.Equal(t, http.StatusNoContent, (&person{bundle: b}).accept(tokenOf(t, b.a.invited("ben@b.example", models.RoleAnalyst).Link), "", password).status)
	var link api.SignInLink
	b.a.do(http.MethodPost, "/members/"+b.b.scope.UserID+"/link", nil).into(t, &link)
	thief := &person{bundle: b}
	thief.cookies(thief.do(http.MethodPost, "/auth/link", map[string]any{"token": tokenOf(t, link.Link)}))
	require.Equal(t, http.StatusForbidden, thief.do(http.MethodPost, "/auth/switch", map[string]any{"organisation_id": b.b.scope.OrgID}).status)
	require.Equal(t, http.StatusOK, thief.do(http.MethodGet, "/auth/me", nil).status)
}

func TestWhoMayChangeWhom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin, analyst := b.member(models.RoleAdmin), b.member(models.RoleAnalyst)
	role := func(p *person, id string, role models.Role) int {
		return p.do(http.MethodPatch, "/members/"+id, map[string]any{"role": role}).status
	}
	owner := b.a.scope.UserID
	require.Equal(t, http.StatusForbidden, role(analyst, admin.scope.UserID, models.RoleViewer))
	require.Equal(t, http.StatusForbidden, role(admin, owner, models.RoleViewer))
	require.Equal(t, http.StatusForbidden, role(admin, analyst.scope.UserID, models.RoleOwner))
	require.Equal(t, http.StatusForbidden, admin.do(http.MethodPost, "/invitations", map[string]any{"email": "o@a.example", "role": "owner"}).status)
	require.Equal(t, http.StatusForbidden, admin.do(http.MethodDelete, "/members/"+owner, nil).status)
	require.Equal(t, http.StatusForbidden, admin.do(http.MethodPost, "/members/"+owner+"/link", nil).status)
	require.Equal(t, http.StatusConflict, role(b.a, owner, models.RoleAdmin), "the last owner stays one")
	require.Equal(t, http.StatusConflict, b.a.do(http.MethodDelete, "/members/"+owner, nil).status)
	require.Equal(t, http.StatusOK, role(admin, analyst.scope.UserID, models.RoleViewer))
	require.Equal(t, http.StatusForbidden, analyst.do(http.MethodGet, "/models", nil).status, "at once")
	require.Equal(t, http.StatusOK, role(b.a, admin.scope.UserID, models.RoleOwner))
	require.Equal(t, http.StatusOK, role(b.a, owner, models.RoleViewer), "there is another owner now")
	require.Equal(t, http.StatusForbidden, b.a.do(http.MethodGet, "/audit", nil).status)

	key := (&person{bundle: b})
	res := admin.do(http.MethodPost, "/api-keys", map[string]any{"name": "k", "scopes": []string{auth.WriteMembers}})
	bearer := []string{"Authorization", "Bearer " + res.field(t, "key").(string)}
	require.Equal(t, http.StatusForbidden, key.do(http.MethodPost, "/invitations", map[string]any{"email": "k@a.example", "role": "viewer"}, bearer...).status)
	require.Equal(t, http.StatusForbidden, key.do(http.MethodPatch, "/members/"+analyst.scope.UserID, map[string]any{"role": "admin"}, bearer...).status)
}

func TestARemovedMemberIsOutAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.member(models.RoleAdmin)
	connection := admin.connection()
	q := admin.asked(connection)
	b.runs.take()
	res := admin.do(http.MethodPost, "/api-keys", map[string]any{"name": "k", "scopes": []string{auth.ReadConnections}})
	bearer := []string{"Authorization", "Bearer " + res.field(t, "key").(string)}
	require.Equal(t, http.StatusOK, admin.do(http.MethodGet, "/connections", nil).status)
	require.Equal(t, http.StatusNoContent, b.a.do(http.MethodDelete, "/members/"+admin.scope.UserID, nil).status)
	require.Equal(t, http.StatusUnauthorized, admin.do(http.MethodGet, "/connections", nil).status)
	require.Equal(t, http.StatusUnauthorized, admin.do(http.MethodPost, "/auth/refresh", nil).status)
	require.Equal(t, http.StatusUnauthorized, (&person{bundle: b}).do(http.MethodGet, "/connections", nil, bearer...).status)
	require.Equal(t, []string{"stop " + q.ID}, b.runs.take())
	require.Equal(t, http.StatusNotFound, b.a.do(http.MethodDelete, "/members/"+admin.scope.UserID, nil).status)
}

func TestALinkLetsInWhoForgotThePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	person1 := b.member(models.RoleAnalyst)
	email := store.NewID() + "@a.example"
	require.Equal(t, http.StatusNoContent, person1.do(http.MethodPost, "/auth/password", map[string]any{"email": email, "new_password": "the forgotten words"}).status)
	var link api.SignInLink
	b.member(models.RoleAdmin).do(http.MethodPost, "/members/"+person1.scope.UserID+"/link", nil).into(t, &link)
	again := &person{bundle: b}
	again.cookies(again.do(http.MethodPost, "/auth/link", map[string]any{"token": tokenOf(t, link.Link)}))
	wrong := map[string]any{"current_password": "not it, not it", "new_password": "words that are remembered"}
	require.Equal(t, http.StatusForbidden, again.do(http.MethodPost, "/auth/password", wrong).status)
	require.Equal(t, http.StatusNoContent, again.do(http.MethodPost, "/auth/password", map[string]any{"new_password": "words that are remembered"}).status)
	res := (&person{bundle: b}).do(http.MethodPost, "/auth/login", map[string]any{"email": email, "password": "words that are remembered"})
	require.Equal(t, http.StatusNoContent, res.status)
	signedIn := &person{bundle: b}
	signedIn.cookies(res)
	require.Equal(t, http.StatusForbidden, signedIn.do(http.MethodPost, "/auth/password", map[string]any{"new_password": "something else entirely"}).status, "a sign-in with the password is no link")
}

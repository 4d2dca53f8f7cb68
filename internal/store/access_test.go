package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// A change of the password is not undone by a request that read the account before it.
func TestAPasswordStaysChanged(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	user, err := b.GetUser(ctx, b.a, b.a.UserID)
	require.NoError(t, err)
	password := func() string {
		now, err := b.GetUser(ctx, b.a, b.a.UserID)
		require.NoError(t, err)
		return now.PasswordHash
	}
	user.PasswordHash = "first"
	require.NoError(t, b.SetPassword(ctx, b.a, user, ""))
	user.PasswordHash = "second"
	require.Equal(t, models.CodeForbidden, models.ErrorCode(b.SetPassword(ctx, b.a, user, "")), "it was not asked for the first")
	require.NoError(t, b.RenameUser(ctx, b.a, "Anna"))
	require.NoError(t, b.EndTokens(ctx, b.a, time.Now()))
	require.Equal(t, "first", password())

	// The other organisation invites her: she proves "first", and changes it meanwhile.
	hash := []byte("the hash of a token")
	require.NoError(t, b.CreateInvitation(ctx, b.b, &models.Invitation{Email: user.Email, Role: models.RoleViewer, TokenHash: hash, ExpiresAt: time.Now().Add(time.Hour)}))
	invited, err := b.SystemInvitation(ctx, hash)
	require.NoError(t, err)
	exec(t, b.owner, "UPDATE users SET password_hash = 'third' WHERE id = '"+user.ID+"'")
	_, err = b.SystemAcceptInvitation(ctx, hash, invited.User)
	require.Equal(t, models.CodeForbidden, models.ErrorCode(err), "%v", err)
	require.Equal(t, "third", password())
	invited, err = b.SystemInvitation(ctx, hash)
	require.NoError(t, err, "the invitation is still there")
	_, err = b.SystemAcceptInvitation(ctx, hash, invited.User)
	require.NoError(t, err)
	require.Equal(t, "third", password())
}

// Of two invitations of somebody who has no password yet, the one that is
// accepted first sets it.
func TestTheFirstInvitationSetsThePassword(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	exec(t, b.owner, "INSERT INTO users (id, email, name, password_hash, tokens_valid_from) VALUES ('"+store.NewID()+"', 'c@example.com', 'Cleo', '', now())")
	var users []*models.User
	for i, org := range []models.Scope{b.a, b.b} {
		hash := []byte{byte(i)}
		require.NoError(t, b.CreateInvitation(ctx, org, &models.Invitation{Email: "c@example.com", Role: models.RoleViewer, TokenHash: hash, ExpiresAt: time.Now().Add(time.Hour)}))
		invited, err := b.SystemInvitation(ctx, hash)
		require.NoError(t, err)
		invited.User.PasswordHash = []string{"of a", "of b"}[i]
		users = append(users, invited.User)
	}
	_, err := b.SystemAcceptInvitation(ctx, []byte{0}, users[0])
	require.NoError(t, err)
	_, err = b.SystemAcceptInvitation(ctx, []byte{1}, users[1])
	require.Equal(t, models.CodeForbidden, models.ErrorCode(err), "%v", err)
	_, err = b.GetMember(ctx, b.b, users[1].ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

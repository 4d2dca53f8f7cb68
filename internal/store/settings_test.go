package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Two owners who remove or demote each other at the same moment leave one.
func TestOneOwnerStaysWhoeverIsFaster(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	for range 10 {
		user, err := b.CreateMember(ctx, b.a, store.NewID()+"@example.com", "Other", models.RoleOwner)
		require.NoError(t, err)
		other := models.Scope{OrgID: b.a.OrgID, UserID: user.ID, Role: models.RoleOwner}
		var both sync.WaitGroup
		results := make([]error, 2)
		both.Go(func() { _, _, results[0] = b.SetRole(ctx, other, b.a.UserID, models.RoleViewer) })
		both.Go(func() { _, results[1] = b.RemoveMember(ctx, b.a, other.UserID) })
		both.Wait()
		require.NotEqual(t, results[0] == nil, results[1] == nil, "%v", results)
		if results[0] == nil {
			_, _, err = b.SetRole(ctx, other, b.a.UserID, models.RoleOwner)
			require.NoError(t, err)
			_, err = b.RemoveMember(ctx, b.a, other.UserID)
			require.NoError(t, err)
		}
	}
}

// Who has just been made something else than an owner changes no owner any more.
func TestAFormerOwnerChangesNoOwner(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	var owners []models.Scope
	for range 2 {
		user, err := b.CreateMember(ctx, b.a, store.NewID()+"@example.com", "Other", models.RoleOwner)
		require.NoError(t, err)
		owners = append(owners, models.Scope{OrgID: b.a.OrgID, UserID: user.ID, Role: models.RoleOwner})
	}
	_, _, err := b.SetRole(ctx, b.a, owners[0].UserID, models.RoleViewer)
	require.NoError(t, err)
	_, _, err = b.SetRole(ctx, owners[0], owners[1].UserID, models.RoleViewer) // the request had begun before
	require.Equal(t, models.CodeForbidden, models.ErrorCode(err), "%v", err)
	_, err = b.RemoveMember(ctx, owners[0], b.a.UserID)
	require.Equal(t, models.CodeForbidden, models.ErrorCode(err), "%v", err)
}

// An invitation that is used twice at the same moment makes one member.
func TestAnInvitationIsUsedOnce(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	hash := []byte("the hash of a token")
	require.NoError(t, b.CreateInvitation(ctx, b.a, &models.Invitation{Email: "new@example.com", Role: models.RoleViewer, TokenHash: hash, ExpiresAt: time.Now().Add(time.Hour)}))
	var all sync.WaitGroup
	accepted := make(chan models.Scope, 5)
	for range 5 {
		all.Go(func() {
			scope, err := b.SystemAcceptInvitation(ctx, hash, &models.User{ID: store.NewID(), Email: "new@example.com", Name: "New"})
			if err == nil {
				accepted <- scope
				return
			}
			assert.Contains(t, []models.Code{models.CodeNotFound, models.CodeConflict}, models.ErrorCode(err))
		})
	}
	all.Wait()
	close(accepted)
	require.Len(t, accepted, 1)
	member, err := b.GetMember(ctx, b.a, (<-accepted).UserID)
	require.NoError(t, err)
	require.Equal(t, models.RoleViewer, member.Role)
	_, err = b.GetMember(ctx, b.b, member.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

// Models that are set up and moved at the same moment keep an order without gaps.
func TestModelsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	ctx, b := context.Background(), setup(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			m := &models.ModelEndpoint{ID: store.NewID(), Name: store.NewID(), Preset: models.PresetOther, BaseURL: "http://h/v1", Model: "m", SealedKey: []byte{}, Enabled: true}
			assert.NoError(t, b.CreateModelEndpoint(ctx, b.a, m))
			m.Position = 1
			assert.NoError(t, b.UpdateModelEndpoint(ctx, b.a, m))
		})
	}
	all.Wait()
	rows, err := b.ListModelEndpoints(ctx, b.a)
	require.NoError(t, err)
	require.Len(t, rows, 8)
	for i, m := range rows {
		require.Equal(t, i+1, m.Position)
	}
	require.NoError(t, b.DeleteModelEndpoint(ctx, b.a, rows[0].ID))
	require.Equal(t, models.CodeNotFound, models.ErrorCode(b.DeleteModelEndpoint(ctx, b.b, rows[1].ID)))
	ids, err := b.ModelsFor(ctx, b.a, &models.Question{})
	require.NoError(t, err)
	require.Len(t, ids, 7)
	require.Equal(t, rows[1].ID, ids[0])
	none, err := b.ModelsFor(ctx, b.b, &models.Question{})
	require.NoError(t, err)
	require.Empty(t, none)
}

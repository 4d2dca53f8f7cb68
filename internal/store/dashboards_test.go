package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

func (b *bundle) dashboard(t *testing.T, scope models.Scope, sharing models.Sharing) *models.Dashboard {
	t.Helper()
	d := &models.Dashboard{Sharing: sharing, Spec: models.DashboardSpec{Name: "Sales", Description: "What we sell", Tiles: []models.Tile{
		{ID: store.NewID(), Kind: models.TileText, Text: "Hello", W: 4, H: 3}}}}
	require.NoError(t, b.CreateDashboard(context.Background(), scope, d, ""))
	return d
}

func (b *bundle) colleague(t *testing.T, role models.Role) models.Scope {
	t.Helper()
	user, err := b.CreateMember(context.Background(), b.a, store.NewID()+"@example.com", "Colleague", role)
	require.NoError(t, err)
	return models.Scope{OrgID: b.a.OrgID, UserID: user.ID, Role: role}
}

func TestDashboardsHaveVersionsAndReaders(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	colleague := b.colleague(t, models.RoleAnalyst)
	private, shared := b.dashboard(t, b.a, models.SharePrivate), b.dashboard(t, b.a, models.ShareView)
	for _, other := range []models.Scope{colleague, b.b} {
		_, err := b.GetDashboard(ctx, other, private.ID)
		require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	}
	_, err := b.GetDashboard(ctx, b.b, shared.ID)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	require.NoError(t, b.ViewDashboard(ctx, colleague, shared.ID))
	rows, _, err := b.ListDashboards(ctx, colleague, store.DashboardFilter{Query: "SELL what"}, "", 10)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.NotNil(t, rows[0].ViewedAt)
	require.Equal(t, "Ann", rows[0].OwnerName)
	rows, _, err = b.ListDashboards(ctx, b.a, store.DashboardFilter{Mine: true}, "", 10)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Nil(t, rows[0].ViewedAt, "somebody else looked")
	rows, _, err = b.ListDashboards(ctx, b.a, store.DashboardFilter{Query: "nothing like it"}, "", 10)
	require.NoError(t, err)
	require.Empty(t, rows)

	for i := range 3 {
		_, err := b.UpdateDashboard(ctx, b.a, shared.ID, "", func(d *models.Dashboard) error {
			d.Spec.RefreshSeconds = 60 + i
			return nil
		})
		require.NoError(t, err)
	}
	_, err = b.UpdateDashboard(ctx, b.a, shared.ID, "", func(d *models.Dashboard) error {
		d.Spec.Name = "not stored"
		return errors.New("no")
	})
	require.Error(t, err)
	got, err := b.GetDashboard(ctx, colleague, shared.ID)
	require.NoError(t, err)
	require.Equal(t, 4, got.Version)
	require.Equal(t, "Sales", got.Spec.Name)
	versions, err := b.ListDashboardVersions(ctx, b.a, shared.ID)
	require.NoError(t, err)
	require.Len(t, versions, 4)
	second, err := b.GetDashboardVersion(ctx, b.a, shared.ID, 2)
	require.NoError(t, err)
	require.Equal(t, 60, second.Spec.RefreshSeconds)
	require.Equal(t, "Ann", second.UserName)
	require.NoError(t, b.DeleteDashboard(ctx, b.a, shared.ID, func(*models.Dashboard) error { return nil }))
	_, err = b.GetDashboardVersion(ctx, b.a, shared.ID, 2)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

func request(key, connection string, maxAge time.Duration) []store.TileRequest {
	return []store.TileRequest{{Key: key, MaxAge: maxAge, Run: models.TileRun{ConnectionID: connection, SQL: "SELECT 1"}}}
}

func TestARefreshThatManyAskForIsAskedForOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	c := b.connection(t, b.a)
	var all sync.WaitGroup
	var mu sync.Mutex
	var fresh []models.TileResult
	for range 8 {
		all.Go(func() {
			got, err := b.RequestTiles(ctx, b.a, append(request("k1", c.ID, 0), request("k2", c.ID, 0)...))
			mu.Lock()
			defer mu.Unlock()
			require.NoError(t, err)
			fresh = append(fresh, got...)
		})
	}
	all.Wait()
	require.Len(t, fresh, 2)

	id := fresh[0].ID
	tile, orphan, done, err := b.BeginTile(ctx, b.a, id, fresh[0].RequestedAt)
	require.NoError(t, err)
	require.False(t, orphan || done)
	_, orphan, _, err = b.BeginTile(ctx, b.a, id, fresh[0].RequestedAt)
	require.NoError(t, err)
	require.True(t, orphan, "the first never ended")
	_, rows, err := b.TilePage(ctx, b.a, tile.Key, 0, 10)
	require.NoError(t, err)
	require.Nil(t, rows)

	saved := &models.Rows{Columns: []models.Column{{Name: "n", Type: "integer"}}, Rows: [][]any{{json.Number("1")}, {json.Number("2")}, {nil}}}
	_, err = b.SaveTile(ctx, b.a, id, saved, nil, time.Second)
	require.NoError(t, err)
	_, _, done, err = b.BeginTile(ctx, b.a, id, fresh[0].RequestedAt)
	require.NoError(t, err)
	require.True(t, done, "newer than it was asked for")
	again, err := b.RequestTiles(ctx, b.a, request(tile.Key, c.ID, time.Hour))
	require.NoError(t, err)
	require.Empty(t, again, "young enough")
	again, err = b.RequestTiles(ctx, b.a, request(tile.Key, c.ID, 0))
	require.NoError(t, err)
	require.Len(t, again, 1)

	require.NoError(t, b.FailTiles(ctx, b.a, []string{id}, models.CodeSQLError, "Broken."))
	r, rows, err := b.TilePage(ctx, b.a, tile.Key, 1, 5)
	require.NoError(t, err)
	require.Equal(t, [][]any{{json.Number("2")}, {nil}}, rows.Rows, "the rows from before stay")
	require.Equal(t, models.CodeSQLError, r.ErrorCode)
	require.False(t, r.Pending(time.Now()))
	again, err = b.RequestTiles(ctx, b.a, request(tile.Key, c.ID, time.Hour))
	require.NoError(t, err)
	require.Empty(t, again, "it failed a moment ago")

	require.NoError(t, b.SystemPruneTiles(ctx, time.Now().Add(-time.Hour)))
	_, err = b.GetTile(ctx, b.a, id)
	require.NoError(t, err)
	require.NoError(t, b.SystemPruneTiles(ctx, time.Now().Add(time.Hour)))
	_, err = b.GetTile(ctx, b.a, id)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

// What is cached for one organisation, or for one set of rights, nobody else
// reads, begins, stores or fails, even by its very key and id.
func TestResultsOfTilesStayWithTheirRights(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	c := b.connection(t, b.a)
	viewer, admin := b.colleague(t, models.RoleViewer), b.colleague(t, models.RoleOwner)
	run := models.TileRun{ConnectionID: c.ID, SQL: "SELECT 1"}
	key := func(scope models.Scope) string { return run.Key(scope.OrgID, models.DataRights(scope), c) }
	require.NotEqual(t, key(b.a), key(viewer))
	require.NotEqual(t, key(b.a), key(models.Scope{OrgID: b.b.OrgID, Role: b.a.Role}))
	require.Equal(t, key(b.a), key(admin), "the same rights share")
	moved := *c
	moved.Database = "other"
	require.NotEqual(t, key(b.a), run.Key(b.a.OrgID, models.DataRights(b.a), &moved))

	fresh, err := b.RequestTiles(ctx, b.a, request(key(b.a), c.ID, 0))
	require.NoError(t, err)
	id := fresh[0].ID
	_, err = b.SaveTile(ctx, b.a, id, &models.Rows{Rows: [][]any{{"secret"}}}, nil, 0)
	require.NoError(t, err)
	for _, other := range []models.Scope{viewer, b.b, {OrgID: b.b.OrgID, UserID: b.a.UserID, Role: b.a.Role}} {
		found, err := b.TileResults(ctx, other, []string{key(b.a)})
		require.NoError(t, err)
		require.Empty(t, found)
		_, _, err = b.TilePage(ctx, other, key(b.a), 0, 10)
		require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
		_, err = b.GetTile(ctx, other, id)
		require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
		_, _, _, err = b.BeginTile(ctx, other, id, time.Now())
		require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
		_, err = b.SaveTile(ctx, other, id, &models.Rows{Rows: [][]any{{"forged"}}}, nil, 0)
		require.NoError(t, err, "nothing of theirs has the id")
		require.NoError(t, b.FailTiles(ctx, other, []string{id}, models.CodeInternal, "forged"))
	}
	r, rows, err := b.TilePage(ctx, admin, key(b.a), 0, 10)
	require.NoError(t, err)
	require.Equal(t, [][]any{{"secret"}}, rows.Rows)
	require.Nil(t, r.FailedAt)
}

func TestPublicLinksEnd(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	d := b.dashboard(t, b.a, models.SharePrivate)
	link := func(hash string, expires time.Duration) *models.PublicLink {
		l := &models.PublicLink{DashboardID: d.ID, TokenHash: []byte(hash), Values: map[string]any{"c": "DE"}, ExpiresAt: time.Now().Add(expires)}
		require.NoError(t, b.CreatePublicLink(ctx, b.a, l))
		return l
	}
	open, old := link("open", time.Hour), link("old", -time.Hour)
	got, scope, err := b.SystemPublicLink(ctx, []byte("open"))
	require.NoError(t, err)
	require.Equal(t, b.a, scope)
	require.Equal(t, map[string]any{"c": "DE"}, got.Values)
	_, _, err = b.SystemPublicLink(ctx, old.TokenHash)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	listed, err := b.ListPublicLinks(ctx, b.a, d.ID)
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(b.RevokePublicLink(ctx, b.b, d.ID, open.ID)))
	require.NoError(t, b.RevokePublicLink(ctx, b.a, d.ID, open.ID))
	_, _, err = b.SystemPublicLink(ctx, open.TokenHash)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
}

package system

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Scope is what the person acts as.
func (p *Person) Scope() models.Scope {
	p.t.Helper()
	var me api.Me
	p.Call(http.StatusOK, http.MethodGet, "/auth/me", nil, &me)
	return models.Scope{OrgID: me.Org.ID, UserID: me.User.ID, Role: me.Role}
}

// Organisation makes another organisation with a connection of its own to the
// customer's database, and returns the system as its owner sees it.
func (s *System) Organisation(name string) *System {
	s.t.Helper()
	scope := models.Scope{OrgID: store.NewID(), UserID: store.NewID(), Role: models.RoleOwner}
	execSQL(s.t, s.Platform.DSN("datamind"), fmt.Sprintf(`INSERT INTO orgs (id, name) VALUES ('%[1]s', '%[3]s');
		INSERT INTO users (id, email, name, password_hash, tokens_valid_from) VALUES ('%[2]s', '%[2]s@example.com', 'Owner', '', 'epoch');
		INSERT INTO memberships (org_id, user_id, role) VALUES ('%[1]s', '%[2]s', 'owner')`, scope.OrgID, scope.UserID, name))
	other := *s
	other.Owner = other.person(scope)
	other.Connection = other.connectShop()
	return &other
}

// Members adds n analysts to the owner's organisation.
func (s *System) Members(n int) []*Person {
	s.t.Helper()
	owner, people := s.Owner.Scope(), make([]*Person, n)
	for i := range people {
		user, err := s.Store.CreateMember(s.t.Context(), owner, store.NewID()+"@example.com", "Analyst", models.RoleAnalyst)
		require.NoError(s.t, err)
		people[i] = s.person(models.Scope{OrgID: owner.OrgID, UserID: user.ID, Role: models.RoleAnalyst})
	}
	return people
}

// person gives somebody an API key.
func (s *System) person(scope models.Scope) *Person {
	s.t.Helper()
	c, err := config.Load(s.env)
	require.NoError(s.t, err)
	options, err := redis.ParseURL(string(c.RedisURL))
	require.NoError(s.t, err)
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	service, err := auth.New(s.Store, client, c.JWTKey.Key())
	require.NoError(s.t, err)
	scopes := []string{"ask", "questions.read", "profile"}
	if scope.Role == models.RoleOwner {
		scopes = append(scopes, "connections.read", "connections.write", "catalog.read")
	}
	_, key, err := service.CreateAPIKey(s.t.Context(), scope, "tests", scopes, time.Now().Add(time.Hour))
	require.NoError(s.t, err)
	return &Person{t: s.t, s: s, key: key, http: http.Client{Timeout: 40 * time.Second}}
}

// Watch opens a socket on a question of the person's, waits for its first event
// and keeps it open, dropping what comes, until ctx ends.
func (p *Person) Watch(ctx context.Context, id string) {
	p.t.Helper()
	ws, _, err := websocket.Dial( //nolint:bodyclose // the socket's own
		ctx, "ws"+strings.TrimPrefix(p.s.APIs[0].URL, "http")+"/api/v1/questions/"+id+"/events",
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + p.key}}})
	require.NoError(p.t, err)
	_, _, err = ws.Read(ctx)
	require.NoError(p.t, err)
	go func() {
		defer func() { _ = ws.CloseNow() }()
		for err == nil {
			_, _, err = ws.Read(ctx)
		}
	}()
}

// PID is the number of the running process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

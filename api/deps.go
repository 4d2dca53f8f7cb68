package api

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
)

// Config is what of the configuration concerns the API.
type Config struct {
	// BaseURL is the address people use, e.g. https://data.example.com. Links
	// and cookie flags come from it, never from a request's Host header.
	BaseURL string
	// TemporalUIURL is where operators look at runs; its origin alone may
	// call the codec. Empty: no codec.
	TemporalUIURL string
	// Planner is "builtin" or the first model's name.
	Planner string
	// TrustedProxies are the addresses whose X-Forwarded-For is believed; none by default.
	TrustedProxies []string
	// SocketsPerUser bounds a person's open sockets across all replicas (default 20).
	SocketsPerUser int
	// AuthPerMinute bounds requests to each sign-in route from one address (default 20).
	AuthPerMinute int
	// AsksPerMinute bounds the questions of one person (default 30).
	AsksPerMinute int
	// TestsPerMinute bounds the connection tests of one person (default 10).
	TestsPerMinute int
	// MonthlyBudget of model tokens for organisations without one of their own.
	MonthlyBudget int64
	// Version is the build's version.
	Version string
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field *int
		value int
	}{{&c.SocketsPerUser, 20}, {&c.AuthPerMinute, 20}, {&c.AsksPerMinute, 30}, {&c.TestsPerMinute, 10}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.BaseURL == "" {
		c.BaseURL = "http://localhost"
	}
	return c
}

// Deps is all that the API works with.
type Deps struct {
	Store  *store.Store
	Auth   Auth
	Hub    *realtime.Hub
	Runs   Runs
	Sealer *crypt.Sealer
	Codec  *crypt.Codec
	Redis  redis.UniversalClient
	Web    fs.FS
	Log    *slog.Logger
	Config Config
}

// Tokens are what a sign-in or refresh gives a browser.
type Tokens struct {
	Access, Refresh       string
	AccessTTL, RefreshTTL time.Duration
}

// Device is where a sign-in comes from.
type Device struct{ IP, UserAgent string }

// PasswordChange sets a password, and a name and e-mail where given.
type PasswordChange struct{ Name, Email, Current, New string }

// Auth checks and issues sessions and API keys.
type Auth interface {
	Authenticate(ctx context.Context, token string) (*Identity, error)
	UseLink(ctx context.Context, token string, d Device) (*Tokens, error)
	Login(ctx context.Context, email, password string, d Device) (*Tokens, error)
	Refresh(ctx context.Context, token string, d Device) (*Tokens, error)
	Logout(ctx context.Context, access, refresh string) error
	LogoutAll(ctx context.Context, scope models.Scope) error
	RevokeSession(ctx context.Context, scope models.Scope, id string) error
	SetPassword(ctx context.Context, scope models.Scope, sessionID string, c PasswordChange) error
	CreateAPIKey(ctx context.Context, scope models.Scope, name string, scopes []string, expires time.Time) (*models.APIKey, string, error)
	RevokeAPIKey(ctx context.Context, scope models.Scope, id string) error
	// Allow counts one use of key; when there were too many it says how long to wait.
	Allow(ctx context.Context, key string, limit int, per time.Duration) (retryAfter time.Duration, err error)
}

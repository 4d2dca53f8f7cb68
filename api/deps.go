package api

import (
	"io/fs"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"gocloud.dev/blob"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/telemetry"
)

// Config is what of the configuration concerns the API.
type Config struct {
	// BaseURL is the address people use, e.g. https://data.example.com. Links
	// and cookie flags come from it, never from a request's Host header.
	BaseURL string
	// TemporalUIURL is where operators look at runs; its origin alone may
	// call the codec. Empty: no codec.
	TemporalUIURL string
	// TemporalNamespace is where runs are, for links to that page.
	TemporalNamespace string
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
	// ExportTargets are the names of the places into which scheduled exports may be copied.
	ExportTargets []string
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
	Auth   *auth.Service
	Hub    *realtime.Hub
	Runs   Runs
	Sealer *crypt.Sealer
	// ModelSealer seals models' keys; nil where none can be stored.
	ModelSealer *crypt.Sealer
	// ChannelSealer seals channels' secrets; nil where none can be stored.
	ChannelSealer *crypt.Sealer
	Codec         *crypt.Codec
	Redis         redis.UniversalClient
	// Bucket holds the files of exports, and LinkKey signs links to them; nil where
	// there are no exports.
	Bucket  *blob.Bucket
	LinkKey []byte
	Web     fs.FS
	Log     *slog.Logger
	// Metrics gets the API's own; nil for none.
	Metrics prometheus.Registerer
	// Reporter is told of panics and of errors without a code; nil for nobody.
	Reporter *telemetry.Reporter
	Config   Config
}

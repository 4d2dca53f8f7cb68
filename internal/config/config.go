// Package config reads the configuration from the environment into one
// validated struct. All variables begin with DATAMIND_; .env.example documents
// each of them.
package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Prefix begins every variable.
const Prefix = "DATAMIND_"

// Secret is a value that never prints.
type Secret string

// String hides the value.
func (Secret) String() string { return "[secret]" }

// GoString hides the value.
func (Secret) GoString() string { return "[secret]" }

// LogValue hides the value.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText hides the value.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Config is the whole configuration of a process.
type Config struct {
	HTTPAddr       string   `env:"HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	BaseURL        string   `env:"BASE_URL"`
	MetricsAddr    string   `env:"METRICS_ADDR" envDefault:"127.0.0.1:9464"`
	TrustedProxies []string `env:"TRUSTED_PROXIES"`

	DatabaseURL        Secret `env:"DATABASE_URL"`
	MigrateDatabaseURL Secret `env:"MIGRATE_DATABASE_URL"`
	RedisURL           Secret `env:"REDIS_URL"`

	TemporalAddress   string `env:"TEMPORAL_ADDRESS"`
	TemporalNamespace string `env:"TEMPORAL_NAMESPACE" envDefault:"default"`
	TemporalTLSCert   string `env:"TEMPORAL_TLS_CERT"`
	TemporalTLSKey    string `env:"TEMPORAL_TLS_KEY"`
	TemporalTLSCA     string `env:"TEMPORAL_TLS_CA"`
	TemporalUIURL     string `env:"TEMPORAL_UI_URL"`

	JWTKey         Secret   `env:"JWT_KEY"`
	PayloadKey     Secret   `env:"PAYLOAD_KEY"`
	PayloadKeysOld []Secret `env:"PAYLOAD_KEYS_OLD"`
	SealPublicKey  string   `env:"SEAL_PUBLIC_KEY"`
	SealPrivateKey Secret   `env:"SEAL_PRIVATE_KEY"`

	ModelSealPublicKey  string `env:"MODEL_SEAL_PUBLIC_KEY"`
	ModelSealPrivateKey Secret `env:"MODEL_SEAL_PRIVATE_KEY"`

	ChannelSealPublicKey  string `env:"CHANNEL_SEAL_PUBLIC_KEY"`
	ChannelSealPrivateKey Secret `env:"CHANNEL_SEAL_PRIVATE_KEY"`

	LLMBaseURL         string        `env:"LLM_BASE_URL"`
	LLMAPIKey          Secret        `env:"LLM_API_KEY"`
	LLMModels          []string      `env:"LLM_MODELS"`
	LLMTimeout         time.Duration `env:"LLM_TIMEOUT" envDefault:"2m"`
	LLMMaxTokens       int           `env:"LLM_MAX_TOKENS" envDefault:"2000"`
	TokenBudgetMonthly int64         `env:"TOKEN_BUDGET_MONTHLY" envDefault:"20000000"`

	AsksPerMinute  int           `env:"ASKS_PER_MINUTE" envDefault:"30"`
	MaxAttempts    int           `env:"MAX_ATTEMPTS" envDefault:"3"`
	ApproveCost    float64       `env:"APPROVE_COST" envDefault:"5000000"`
	MaxResultBytes int64         `env:"MAX_RESULT_BYTES" envDefault:"33554432"`
	CatalogTTL     time.Duration `env:"CATALOG_TTL" envDefault:"1h"`

	AllowPrivateConnections bool     `env:"ALLOW_PRIVATE_CONNECTIONS" envDefault:"true"`
	AllowPrivateModels      bool     `env:"ALLOW_PRIVATE_MODELS" envDefault:"false"`
	AllowPrivateChannels    bool     `env:"ALLOW_PRIVATE_CHANNELS" envDefault:"false"`
	DenyConnections         []string `env:"DENY_CONNECTIONS"`
	AllowConnections        []string `env:"ALLOW_CONNECTIONS"`

	Queues           []string `env:"QUEUES" envDefault:"ask,model,query,alert,export"`
	ModelConcurrency int      `env:"MODEL_CONCURRENCY" envDefault:"32"`
	QueryConcurrency int      `env:"QUERY_CONCURRENCY" envDefault:"16"`
	AlertConcurrency int      `env:"ALERT_CONCURRENCY" envDefault:"64"`
	// ExportConcurrency bounds the exports that a process writes at once.
	ExportConcurrency int    `env:"EXPORT_CONCURRENCY" envDefault:"2"`
	ExportBucket      string `env:"EXPORT_BUCKET"`
	// ExportTargets are buckets into which people may have scheduled exports copied,
	// each as name=address.
	ExportTargets   []string      `env:"EXPORT_TARGETS"`
	BuildID         string        `env:"BUILD_ID"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"20s"`

	SentryDSN   Secret `env:"SENTRY_DSN"`
	Environment string `env:"ENVIRONMENT" envDefault:"production"`
	LogLevel    string `env:"LOG_LEVEL" envDefault:"info"`
}

// Load reads and checks the configuration. environ is as os.Environ gives it.
// The error names every problem at once.
func Load(environ []string) (Config, error) {
	var c Config
	known := env.ToMap(environ)
	problems := unknown(known)
	if err := env.ParseWithOptions(&c, env.Options{Environment: known, Prefix: Prefix}); err != nil {
		var all env.AggregateError
		if errors.As(err, &all) {
			for _, one := range all.Errors {
				problems = append(problems, one.Error())
			}
		} else {
			problems = append(problems, err.Error())
		}
		return c, fail(problems)
	}
	return c, fail(append(problems, c.check()...))
}

func fail(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("the configuration has %d problem(s):\n  - %s\n.env.example documents every variable", len(problems), strings.Join(problems, "\n  - "))
}

// unknown finds misspelt variables: one that is silently ignored is worse than an error.
func unknown(environ map[string]string) (problems []string) {
	names := Names()
	for name := range environ {
		if strings.HasPrefix(name, Prefix) && !slices.Contains(names, name) && !slices.Contains(others, name) {
			problems = append(problems, name+" is not a variable of DataMind; is it misspelt?")
		}
	}
	slices.Sort(problems)
	return problems
}

// others are variables of tests, which are not configuration.
var others = []string{"DATAMIND_SHARED"}

// Environ gives the variables that another process of the same installation
// needs, as lines NAME=value: all that are set but the addresses that only one
// process can listen on. They hold secrets.
func (c *Config) Environ() (lines []string) {
	fields := reflect.TypeFor[Config]()
	for i := range fields.NumField() {
		name, value := fields.Field(i).Tag.Get("env"), reflect.ValueOf(*c).Field(i)
		text := fmt.Sprint(value)
		switch list := value.Interface().(type) {
		case Secret:
			text = string(list)
		case []string:
			text = strings.Join(list, ",")
		case []Secret:
			texts := make([]string, len(list))
			for i, secret := range list {
				texts[i] = string(secret)
			}
			text = strings.Join(texts, ",")
		}
		if text != "" && name != "HTTP_ADDR" && name != "METRICS_ADDR" {
			lines = append(lines, Prefix+name+"="+text)
		}
	}
	return lines
}

// Secrets returns the values that must not be shown: of all fields of that type, so
// that a new one is not forgotten.
func (c *Config) Secrets() (all []string) {
	fields := reflect.ValueOf(*c)
	for i := range fields.NumField() {
		switch value := fields.Field(i).Interface().(type) {
		case Secret:
			all = append(all, string(value))
		case []Secret:
			for _, one := range value {
				all = append(all, string(one))
			}
		}
	}
	return all
}

// Names returns the names of all variables.
func Names() (names []string) {
	fields, _ := env.GetFieldParamsWithOptions(&Config{}, env.Options{Prefix: Prefix}) // the struct is well formed
	for _, field := range fields {
		names = append(names, field.Key)
	}
	return names
}

// buildID keeps to what a shell, a query and a page show as it is.
var buildID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$`)

func (c *Config) check() (problems []string) {
	bad := func(name, why string) { problems = append(problems, Prefix+name+" "+why) }
	for _, u := range []struct{ name, value, schemes string }{
		{"BASE_URL", c.BaseURL, "http https"}, {"TEMPORAL_UI_URL", c.TemporalUIURL, "http https"}, {"LLM_BASE_URL", c.LLMBaseURL, "http https"},
		{"DATABASE_URL", string(c.DatabaseURL), "postgres postgresql"}, {"MIGRATE_DATABASE_URL", string(c.MigrateDatabaseURL), "postgres postgresql"},
		{"REDIS_URL", string(c.RedisURL), "redis rediss"},
	} {
		parsed, err := url.Parse(u.value)
		if u.value != "" && (err != nil || parsed.Host == "" || !slices.Contains(strings.Fields(u.schemes), parsed.Scheme)) {
			bad(u.name, "is not an address of the form "+strings.Fields(u.schemes)[0]+"://…")
		}
	}
	if c.JWTKey != "" {
		checkKey("JWT_KEY", c.JWTKey, 32, false, bad)
	}
	for _, key := range append([]Secret{c.PayloadKey}, c.PayloadKeysOld...) {
		if key != "" {
			checkKey("PAYLOAD_KEY", key, 32, true, bad)
		}
	}
	if (c.LLMBaseURL == "") != (len(c.LLMModels) == 0) {
		bad("LLM_BASE_URL", "and "+Prefix+"LLM_MODELS go together: set both to use a model, or neither to use the built-in planner")
	}
	for _, queue := range c.Queues {
		if !slices.Contains([]string{"ask", "model", "query", "alert", "export"}, queue) {
			bad("QUEUES", fmt.Sprintf("names %q; the queues are ask, model, query, alert and export", queue))
		}
	}
	if c.BuildID != "" && (!buildID.MatchString(c.BuildID) || c.BuildID == "none") {
		bad("BUILD_ID", "must begin with a letter or digit, have letters, digits, '.', '_', '-' and '+' only, at most 100, and not be \"none\"")
	}
	if c.ExportBucket != "" && !isBucket(c.ExportBucket) {
		bad("EXPORT_BUCKET", "is not an address of the form file:///path, s3://name, gs://name or azblob://name")
	}
	seen := map[string]bool{}
	for _, one := range c.ExportTargets {
		name, address, _ := strings.Cut(one, "=")
		if !targetName.MatchString(name) || seen[name] || !isBucket(address) {
			bad("EXPORT_TARGETS", "must be name=address,name=address,…: names of letters, digits, '-' and '_', each once, and addresses like that of "+Prefix+"EXPORT_BUCKET")
			break
		}
		seen[name] = true
	}
	for _, addr := range c.DenyConnections {
		if _, err := netip.ParseAddrPort(addr); err != nil {
			bad("DENY_CONNECTIONS", fmt.Sprintf("has %q; write IP:port", addr))
		}
	}
	for _, allowed := range c.AllowConnections {
		u, err := url.Parse("postgres://" + allowed)
		if err == nil {
			_, err = netip.ParseAddrPort(u.Host)
		}
		if err != nil || u.User.Username() == "" || len(u.Path) < 2 {
			bad("ALLOW_CONNECTIONS", fmt.Sprintf("has %q; write user@IP:port/database", allowed))
		}
	}
	if c.AsksPerMinute < 1 {
		bad("ASKS_PER_MINUTE", "must be at least 1")
	}
	if c.MaxAttempts < 1 || c.MaxAttempts > 10 {
		bad("MAX_ATTEMPTS", "must be 1 to 10")
	}
	if min(c.ModelConcurrency, c.QueryConcurrency, c.AlertConcurrency, c.ExportConcurrency) < 1 {
		bad("MODEL_CONCURRENCY", ", "+Prefix+"QUERY_CONCURRENCY, "+Prefix+"ALERT_CONCURRENCY and "+Prefix+"EXPORT_CONCURRENCY must be at least 1")
	}
	if c.LLMMaxTokens < 100 || c.MaxResultBytes < 1<<10 || c.TokenBudgetMonthly < 0 {
		bad("LLM_MAX_TOKENS", "must be at least 100, "+Prefix+"MAX_RESULT_BYTES at least 1024, "+Prefix+"TOKEN_BUDGET_MONTHLY not negative")
	}
	if c.LLMTimeout <= 0 || c.CatalogTTL <= 0 || c.ShutdownTimeout <= 0 {
		bad("LLM_TIMEOUT", "and the other durations must be positive")
	}
	var level slog.Level
	if level.UnmarshalText([]byte(c.LogLevel)) != nil {
		bad("LOG_LEVEL", "must be debug, info, warn or error")
	}
	return problems
}

// Targets are the places for copies, by their names.
func (c *Config) Targets() map[string]string {
	all := map[string]string{}
	for _, one := range c.ExportTargets {
		name, address, _ := strings.Cut(one, "=")
		all[name] = address
	}
	return all
}

// targetName is the form of the names of places for copies.
var targetName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)

func isBucket(address string) bool {
	u, err := url.Parse(address)
	return err == nil && slices.Contains([]string{"file", "s3", "gs", "azblob"}, u.Scheme)
}

// checkKey refuses short keys and those that anybody could guess.
func checkKey(name string, key Secret, size int, exact bool, bad func(name, why string)) {
	raw, err := base64.StdEncoding.DecodeString(string(key))
	switch {
	case err != nil || len(raw) < size || exact && len(raw) != size:
		bad(name, fmt.Sprintf("must be %d random bytes in base64; make one with: openssl rand -base64 %d", size, size))
	case len(slices.Compact(slices.Sorted(slices.Values(raw)))) < 10:
		bad(name, fmt.Sprintf("is not random; make one with: openssl rand -base64 %d", size))
	}
}

// Key decodes a key that Load has checked.
func (s Secret) Key() []byte {
	raw, _ := base64.StdEncoding.DecodeString(string(s)) // checked by Load
	return raw
}

// Require names the variables that a process cannot do without and that are not set.
func (c *Config) Require(names ...string) error {
	values := map[string]string{"DATABASE_URL": string(c.DatabaseURL), "MIGRATE_DATABASE_URL": string(c.MigrateDatabaseURL), "REDIS_URL": string(c.RedisURL),
		"TEMPORAL_ADDRESS": c.TemporalAddress, "JWT_KEY": string(c.JWTKey), "PAYLOAD_KEY": string(c.PayloadKey), "SEAL_PUBLIC_KEY": c.SealPublicKey,
		"SEAL_PRIVATE_KEY": string(c.SealPrivateKey), "BASE_URL": c.BaseURL, "EXPORT_BUCKET": c.ExportBucket}
	var problems []string
	for _, name := range names {
		if values[name] == "" {
			problems = append(problems, Prefix+name+" is not set")
		}
	}
	return fail(problems)
}

package main

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"gocloud.dev/blob"

	"github.com/datamind/datamind/activities"
	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/bucket"
	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/connector"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/export"
	"github.com/datamind/datamind/internal/llm"
	"github.com/datamind/datamind/internal/notify"
	"github.com/datamind/datamind/internal/planner"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/telemetry"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/web"
	"github.com/datamind/datamind/worker"
	"github.com/datamind/datamind/workflows"
)

// services are what the API and the workers share.
type services struct {
	config   config.Config
	log      *slog.Logger
	store    *store.Store
	redis    redis.UniversalClient
	hub      *realtime.Hub
	codec    *crypt.Codec
	temporal client.Client
	runs     *workflows.Client
	metrics  *telemetry.Metrics
	reporter *telemetry.Reporter
	bucket   *blob.Bucket // of exports; nil for none
	targets  map[string]*blob.Bucket
	// endTracing sends the spans that are left.
	endTracing func()
	// own are addresses of this installation beside those of its configuration.
	own []string
}

func newLogger(c config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked by config.Load
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// connect opens clients for all stores; none of them waits for its server.
// component names the process in traces.
func connect(ctx context.Context, c config.Config, log *slog.Logger, component string) (*services, error) {
	s := &services{config: c, log: log, metrics: telemetry.NewMetrics(version), targets: map[string]*blob.Bucket{}}
	slog.SetDefault(log)
	redis.SetLogger(redisLog{log})
	var err error
	if s.reporter, err = telemetry.NewReporter(telemetry.ReporterOptions{DSN: string(c.SentryDSN), Release: version, Environment: c.Environment}); err != nil {
		return nil, errConfig{errors.New("DATAMIND_SENTRY_DSN is not a DSN of Sentry")}
	}
	if s.endTracing, err = telemetry.StartTracing(ctx, component, version, c.Environment); err != nil { // before the clients that it traces
		return nil, errConfig{err}
	}
	if s.store, err = store.Open(ctx, string(c.DatabaseURL)); err != nil {
		return nil, err
	}
	options, err := redis.ParseURL(string(c.RedisURL))
	if err != nil {
		return nil, errConfig{errors.New("DATAMIND_REDIS_URL is not an address of the form redis://host:port")}
	}
	options.ContextTimeoutEnabled = true // else a caller's own limit does not hold
	options.ReadTimeout, options.WriteTimeout, options.DialTimeout = 3*time.Second, 3*time.Second, 3*time.Second
	s.redis = redis.NewClient(options)
	s.hub = realtime.New(s.redis)
	s.metrics.Registry.MustRegister(s.store.Collector())
	s.metrics.RedisPool(func() telemetry.Pool {
		stats := s.redis.PoolStats()
		return telemetry.Pool{Total: stats.TotalConns, Idle: stats.IdleConns, Timeouts: stats.Timeouts}
	})
	keys := []string{string(c.PayloadKey)}
	for _, old := range c.PayloadKeysOld {
		keys = append(keys, string(old))
	}
	if s.codec, err = crypt.NewCodec(keys...); err != nil {
		return nil, err
	}
	tlsConfig, err := temporalTLS(c)
	if err != nil {
		return nil, err
	}
	observer := &worker.Observer{Metrics: s.metrics, Reporter: s.reporter, Log: log}
	if s.temporal, err = worker.Dial(ctx, c.TemporalAddress, c.TemporalNamespace, tlsConfig, s.codec, log, observer); err != nil {
		return nil, err
	}
	if c.ExportBucket != "" {
		if s.bucket, err = bucket.Open(ctx, c.ExportBucket); err != nil {
			return nil, errConfig{fmt.Errorf("DATAMIND_EXPORT_BUCKET: %w", err)}
		}
	}
	s.runs = &workflows.Client{Temporal: s.temporal, Models: s.store.ModelsFor, Settings: workflows.Settings{Planner: plannerKind(c), MaxAttempts: c.MaxAttempts, ApproveCost: c.ApproveCost}}
	return s, nil
}

// redisLog keeps the Redis client's own words among the others. They are about
// single connections; what fails is reported by whoever needed it.
type redisLog struct{ *slog.Logger }

// Printf implements the client's logger.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.DebugContext(ctx, fmt.Sprintf(format, args...), "component", "redis")
}

func plannerKind(c config.Config) string {
	if c.LLMBaseURL == "" {
		return "builtin"
	}
	return "model"
}

func temporalTLS(c config.Config) (*tls.Config, error) {
	if c.TemporalTLSCert == "" && c.TemporalTLSCA == "" {
		return nil, nil
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TemporalTLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TemporalTLSCert, c.TemporalTLSKey)
		if err != nil {
			return nil, errConfig{fmt.Errorf("DATAMIND_TEMPORAL_TLS_CERT and _KEY: %w", err)}
		}
		out.Certificates = []tls.Certificate{pair}
	}
	if c.TemporalTLSCA != "" {
		pem, err := os.ReadFile(c.TemporalTLSCA)
		out.RootCAs = x509.NewCertPool()
		if err != nil || !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errConfig{errors.New("DATAMIND_TEMPORAL_TLS_CA holds no certificate that can be read")}
		}
	}
	return out, nil
}

func (s *services) close() {
	s.hub.Close()
	s.temporal.Close()
	_ = s.redis.Close()
	_ = s.store.Close()
	for _, target := range s.targets {
		_ = target.Close()
	}
	if s.bucket != nil {
		_ = s.bucket.Close()
	}
	s.reporter.Flush()
	s.endTracing()
}

// auth makes the sign-in service.
func (s *services) auth() (*auth.Service, error) {
	return auth.New(s.store, s.redis, s.config.JWTKey.Key())
}

// newAPI makes the API's server.
func (s *services) newAPI(a *auth.Service) (*api.Server, error) {
	sealer, err := crypt.NewSealer(s.config.SealPublicKey)
	if err != nil {
		return nil, errConfig{fmt.Errorf("DATAMIND_SEAL_PUBLIC_KEY: %w", err)}
	}
	var modelSealer *crypt.Sealer
	if s.config.ModelSealPublicKey != "" {
		if modelSealer, err = crypt.NewModelSealer(s.config.ModelSealPublicKey); err != nil {
			return nil, errConfig{fmt.Errorf("DATAMIND_MODEL_SEAL_PUBLIC_KEY: %w", err)}
		}
	}
	var channelSealer *crypt.Sealer
	if s.config.ChannelSealPublicKey != "" {
		if channelSealer, err = crypt.NewChannelSealer(s.config.ChannelSealPublicKey); err != nil {
			return nil, errConfig{fmt.Errorf("DATAMIND_CHANNEL_SEAL_PUBLIC_KEY: %w", err)}
		}
	}
	name := "builtin"
	if len(s.config.LLMModels) > 0 {
		name = s.config.LLMModels[0]
	}
	return api.New(api.Deps{Store: s.store, Auth: a, Hub: s.hub, Runs: apiRuns{s.runs, s.store, s.config.TemporalNamespace}, Sealer: sealer, ModelSealer: modelSealer, ChannelSealer: channelSealer,
		Codec: s.codec, Redis: s.redis, Bucket: s.bucket, LinkKey: linkKey(s.config.JWTKey.Key()), Web: web.Dist(), Log: s.log, Metrics: s.metrics.Registry, Reporter: s.reporter,
		Config: api.Config{BaseURL: s.config.BaseURL, TemporalUIURL: s.config.TemporalUIURL, TemporalNamespace: s.config.TemporalNamespace, Planner: name, TrustedProxies: s.config.TrustedProxies,
			ExportTargets: slices.Sorted(maps.Keys(s.config.Targets())),
			AsksPerMinute: s.config.AsksPerMinute, MonthlyBudget: s.config.TokenBudgetMonthly, Version: version}})
}

// linkKey is the key of links to files, made of the one of sessions.
func linkKey(key []byte) []byte {
	made, err := hkdf.Key(sha256.New, key, nil, "datamind links to files", sha256.Size)
	if err != nil { // of a length that no hash gives: not this one
		panic(err)
	}
	return made
}

// serve runs the API and its metrics until ctx ends, then lets requests finish.
func (s *services) serve(ctx context.Context, server *api.Server, listener net.Listener) error {
	public := server.HTTPServer(listener.Addr().String())
	metrics := s.serveMetrics()
	failed := make(chan error, 2)
	go func() { failed <- public.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	server.CloseSockets()
	end, cancel := context.WithTimeout(context.Background(), s.config.ShutdownTimeout)
	defer cancel()
	return errors.Join(public.Shutdown(end), metrics.Shutdown(end))
}

// serveMetrics serves metrics on their own address. One that is taken is not
// worth refusing to work for: they are then on a free port, where Prometheus
// has to be told to look.
func (s *services) serveMetrics() *http.Server {
	server := &http.Server{Handler: promhttp.HandlerFor(s.metrics.Registry, promhttp.HandlerOpts{}), ReadHeaderTimeout: 5 * time.Second}
	listener, err := net.Listen("tcp", s.config.MetricsAddr)
	if err != nil {
		s.log.Error("another program has DATAMIND_METRICS_ADDR: Prometheus does not see this process; give each process of a machine its own",
			"addr", s.config.MetricsAddr, "cause", telemetry.Cause(err))
		host, _, _ := net.SplitHostPort(s.config.MetricsAddr) // checked by config.Load
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			s.log.Error("metrics are not served", "cause", telemetry.Cause(err))
			return server
		}
	}
	s.log.Info("metrics are served", "addr", listener.Addr().String())
	go func() { _ = server.Serve(listener) }()
	return server
}

// startWorkers starts a worker for each queue and what belongs to them.
// fatal is told when one of them can work no more, such as when the namespace
// is gone.
func (s *services) startWorkers(ctx context.Context, queues []string, fatal func(error)) (stop func(), err error) {
	a := worker.Activities{Questions: &activities.Questions{Store: s.store, Events: s.hub, CatalogTTL: s.config.CatalogTTL},
		AtOnce: map[string]int{workflows.QueueModel: s.config.ModelConcurrency, workflows.QueueQuery: s.config.QueryConcurrency,
			workflows.QueueAlert: s.config.AlertConcurrency, workflows.QueueExport: s.config.ExportConcurrency}}
	a.Alerts = &activities.Alerts{Store: s.store, BaseURL: s.config.BaseURL}
	a.Scheduled = &activities.ScheduledExports{Store: s.store, BaseURL: s.config.BaseURL}
	a.Reports = &activities.Reports{Store: s.store, BaseURL: s.config.BaseURL, Ended: s.metrics.ReportEnded}
	a.Model = &activities.Model{CatalogTTL: s.config.CatalogTTL, Store: s.store, Events: s.hub, Temporal: s.temporal, Builtin: planner.NewBuiltin(), MonthlyBudget: s.config.TokenBudgetMonthly}
	policy := s.policy(ctx)
	own := policy
	own.AllowPrivate = s.config.AllowPrivateModels
	a.Model.Own = llm.Config{Timeout: s.config.LLMTimeout, MaxTokens: s.config.LLMMaxTokens, Control: own.Control, Called: s.ownModelCalled}
	if s.config.ModelSealPrivateKey != "" {
		var err error
		if a.Model.Opener, err = crypt.NewModelOpener(string(s.config.ModelSealPrivateKey)); err != nil {
			return nil, errConfig{fmt.Errorf("DATAMIND_MODEL_SEAL_PRIVATE_KEY: %w", err)}
		}
	}
	told := policy
	told.AllowPrivate, told.AllowDatabases = s.config.AllowPrivateChannels, nil
	a.Notify = &activities.Notify{Store: s.store, Temporal: s.temporal, Client: notify.New(notify.Config{Control: told.Control}), BaseURL: s.config.BaseURL,
		Ended: s.metrics.DeliveryEnded, Failed: s.metrics.DeliveryFailed}
	if s.config.ChannelSealPrivateKey != "" {
		var err error
		if a.Notify.Opener, err = crypt.NewChannelOpener(string(s.config.ChannelSealPrivateKey)); err != nil {
			return nil, errConfig{fmt.Errorf("DATAMIND_CHANNEL_SEAL_PRIVATE_KEY: %w", err)}
		}
	}
	if s.config.LLMBaseURL != "" {
		a.Model.LLM = newLLM(s.config, s.metrics.ModelCalled)
		if slices.Contains(queues, workflows.QueueModel) {
			for _, model := range s.config.LLMModels {
				s.metrics.Breaker(model, func() bool { return a.Model.LLM.Open(model) })
			}
		}
	}
	if s.config.SealPrivateKey != "" {
		opener, err := crypt.NewOpener(string(s.config.SealPrivateKey))
		if err != nil {
			return nil, errConfig{fmt.Errorf("DATAMIND_SEAL_PRIVATE_KEY: %w", err)}
		}
		a.Query = &activities.Query{CatalogTTL: s.config.CatalogTTL, Store: s.store, Events: s.hub, Temporal: s.temporal, Opener: opener, Policy: policy, MaxBytes: s.config.MaxResultBytes,
			BaseURL: s.config.BaseURL, Checked: s.metrics.AlertChecked}
		a.Export = &activities.Export{Query: a.Query, Bucket: s.bucket, Targets: s.targets}
		if slices.Contains(queues, workflows.QueueExport) {
			if a.Export.TempDir, err = export.TempDir(); err != nil {
				return nil, err
			}
			if err := s.openTargets(ctx); err != nil {
				return nil, err
			}
		}
		if err := sqlguard.Warm(); err != nil {
			return nil, err
		}
	}
	prepare, cancel := context.WithTimeout(ctx, 10*time.Second)
	if err := worker.Prepare(prepare, s.temporal, s.config.TemporalNamespace); err != nil {
		// Somebody else may have made them, where this user may not.
		s.log.Warn("search attributes not prepared: runs are refused unless the namespace has them", "want", workflows.SearchAttributes, "error", err)
	}
	cancel()
	var started []sdk.Worker
	for _, w := range worker.New(s.temporal, queues, s.config.BuildID, a, s.config.ShutdownTimeout, fatal) {
		if err := w.Start(); err != nil {
			for _, running := range started {
				running.Stop()
			}
			return nil, models.Wrap(err, models.CodeUnavailable, "The worker cannot start: Temporal at %s does not answer or has no namespace %q.", s.config.TemporalAddress, s.config.TemporalNamespace)
		}
		started = append(started, w)
	}
	s.expect(queues)
	return func() { // side by side: an orchestrator waits for one time limit, not for three
		var all sync.WaitGroup
		for _, w := range started {
			all.Go(w.Stop)
		}
		all.Wait()
	}, nil
}

// openTargets opens the places into which scheduled exports may be copied.
func (s *services) openTargets(ctx context.Context) error {
	for name, address := range s.config.Targets() {
		target, err := bucket.Open(ctx, address)
		if err != nil {
			return errConfig{fmt.Errorf("DATAMIND_EXPORT_TARGETS, %s: %w", name, err)}
		}
		s.targets[name] = target
	}
	return nil
}

// expect exports zeros of what workers of the queues count and alerts look at.
func (s *services) expect(queues []string) {
	for _, queue := range queues {
		s.metrics.ExpectActivities(worker.Names(queue)...)
		switch queue {
		case workflows.QueueAsk:
			s.metrics.ExpectAsk()
		case workflows.QueueQuery:
			s.metrics.ExpectChecks()
		case workflows.QueueAlert:
			s.metrics.ExpectDeliveries()
		case workflows.QueueModel:
			for _, model := range append([]string{ownModels}, s.config.LLMModels...) {
				s.metrics.ExpectModel(model, "plan", "write")
			}
		}
	}
}

// policy keeps questions away from the platform's own servers: those that the
// configuration names, whatever their names resolve to, and those listed.
func (s *services) policy(ctx context.Context) connector.Policy {
	p := connector.Policy{AllowPrivate: s.config.AllowPrivateConnections}
	for _, allowed := range s.config.AllowConnections {
		if u, err := url.Parse("postgres://" + allowed); err == nil { // checked by config.Load
			p.AllowDatabases = append(p.AllowDatabases, connector.AllowedDatabase{Addr: netip.MustParseAddrPort(u.Host),
				Database: strings.TrimPrefix(u.Path, "/"), User: u.User.Username()})
		}
	}
	own := append([]string{s.config.TemporalAddress, s.config.HTTPAddr, s.config.MetricsAddr}, s.own...)
	for _, secret := range []config.Secret{s.config.DatabaseURL, s.config.MigrateDatabaseURL, s.config.RedisURL} {
		if u, err := url.Parse(string(secret)); err == nil && u.Host != "" {
			own = append(own, net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), map[string]string{"redis": "6379", "rediss": "6379"}[u.Scheme], "5432")))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, address := range append(own, s.config.DenyConnections...) {
		p.Deny = append(p.Deny, addrOf(ctx, address)...)
	}
	return p
}

// ownModels is the label under which all models that organisations have set up
// themselves are counted: their names are not the operator's to choose.
const ownModels = "own"

func (s *services) ownModelCalled(kind string, usage models.Usage, err error, took time.Duration) {
	usage.Model = ownModels
	s.metrics.ModelCalled(kind, usage, err, took)
}

// newLLM makes the model's client; called is told of each call.
func newLLM(c config.Config, called func(string, models.Usage, error, time.Duration)) *llm.Client {
	return llm.New(llm.Config{BaseURL: c.LLMBaseURL, Key: string(c.LLMAPIKey), Models: c.LLMModels, Timeout: c.LLMTimeout, MaxTokens: c.LLMMaxTokens, Called: called})
}

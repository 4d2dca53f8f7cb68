package api

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// Server is the HTTP API with the web page.
type Server struct {
	deps        Deps
	base        *url.URL
	uiOrigin    string // of the Temporal UI; "" for none
	engine      *gin.Engine
	huma        huma.API
	metrics     *metrics
	crossOrigin *http.CrossOriginProtection
	web         *webPage
	routes      []Route
	cookies     cookieNames
	times       socketTimes
	status      status
	structures  structures
	asking      sync.Map // of *semaphore.Weighted by organisation
	// stop closes open sockets when the process ends.
	stop    chan struct{}
	stopped sync.Once
}

// New builds the routes.
func New(deps Deps) (*Server, error) {
	deps.Config = deps.Config.withDefaults()
	if deps.Log == nil {
		deps.Log = slog.Default()
	}
	base, err := url.Parse(deps.Config.BaseURL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("base URL %q is not an absolute URL", deps.Config.BaseURL)
	}
	s := &Server{deps: deps, base: base, metrics: newMetrics(deps.Metrics), crossOrigin: http.NewCrossOriginProtection(),
		cookies: cookieNamesFor(base.Scheme), times: usualSocketTimes, stop: make(chan struct{})}
	if s.uiOrigin, err = originOf(deps.Config.TemporalUIURL); err != nil {
		return nil, err
	}
	if err := s.crossOrigin.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, fmt.Errorf("trust base URL: %w", err)
	}
	if err := s.build(); err != nil {
		return nil, err
	}
	return s, nil
}

func originOf(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("temporal UI URL %q is not an absolute URL", raw)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (s *Server) build() error {
	gin.SetMode(gin.ReleaseMode)
	s.engine = gin.New()
	s.engine.HandleMethodNotAllowed = true
	s.engine.RedirectTrailingSlash = false
	s.engine.RedirectFixedPath = false
	if err := s.engine.SetTrustedProxies(s.deps.Config.TrustedProxies); err != nil {
		return fmt.Errorf("trusted proxies: %w", err)
	}
	s.engine.Use(s.identifyRequest, s.logAccess, trace(), s.recoverPanics, s.secureHeaders, s.refuseCrossOrigin)
	s.engine.NoRoute(s.noRoute)
	s.engine.NoMethod(s.noMethod)
	s.huma = humagin.New(s.engine, humaConfig(s.deps.Config.Version))
	s.huma.UseMiddleware(s.guard)
	s.accountRoutes()
	s.sessionRoutes()
	s.connectionRoutes()
	s.catalogRoutes()
	s.conversationRoutes()
	s.questionRoutes()
	s.resultRoutes()
	s.followUpRoutes()
	s.stepRoutes()
	s.feedbackRoutes()
	s.verifiedRoutes()
	s.editorRoutes()
	s.exportRoutes()
	s.catalogPageRoutes()
	s.dashboardRoutes()
	s.keyRoutes()
	s.organisationRoutes()
	s.auditRoutes()
	s.budgetRoutes()
	s.memberRoutes()
	s.modelRoutes()
	s.channelRoutes()
	s.alertRoutes()
	s.reportRoutes()
	s.deliveryRoutes()
	s.eventRoutes()
	s.statusRoutes()
	s.codecRoutes()
	s.healthRoutes()
	s.documentRoutes()
	return s.loadPage(s.deps.Web)
}

// Handler serves everything but the metrics.
func (s *Server) Handler() http.Handler { return s.engine }

// HTTPServer returns a server with the limits that face the open network.
// Close ends its sockets as well, with Shutdown.
func (s *Server) HTTPServer(addr string) *http.Server {
	srv := &http.Server{Addr: addr, Handler: s.engine, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(s.deps.Log.Handler(), slog.LevelDebug)}
	srv.RegisterOnShutdown(s.CloseSockets)
	return srv
}

// CloseSockets asks all WebSocket clients to reconnect elsewhere.
func (s *Server) CloseSockets() { s.stopped.Do(func() { close(s.stop) }) }

func humaConfig(version string) huma.Config {
	c := huma.DefaultConfig("DataMind", "1")
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	jsonFormat := c.Formats["application/json"]
	c.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	c.Info.Description = "Ask questions about connected databases. Errors are RFC 9457 problems with a stable code. " +
		"Live events of a question: WebSocket /api/v1/questions/{id}/events?after=<event id>."
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: cookieAccess, Description: "On TLS: __Host-" + cookieAccess},
		"key":     {Type: "http", Scheme: "bearer", Description: "An API key, dm_…"},
	}
	c.Security = []map[string][]string{{"session": {}}, {"key": {}}}
	return c
}

// OpenAPI returns the API's OpenAPI 3.1 document; the same bytes for the same code.
func OpenAPI() ([]byte, error) {
	s, err := New(Deps{Log: slog.New(slog.DiscardHandler), Config: Config{TemporalUIURL: "http://localhost"}})
	if err != nil {
		return nil, err
	}
	doc, err := json.MarshalIndent(s.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("marshal openapi: %w", err)
	}
	return append(doc, '\n'), nil
}

func (s *Server) documentRoutes() {
	s.handle(http.MethodGet, apiPrefix+"/openapi.json", public, func(c *gin.Context) {
		doc, err := s.huma.OpenAPI().MarshalJSON()
		s.document(c, "application/json", doc, err)
	})
	s.handle(http.MethodGet, apiPrefix+"/openapi.yaml", public, func(c *gin.Context) {
		doc, err := s.huma.OpenAPI().YAML()
		s.document(c, "application/yaml", doc, err)
	})
}

func (s *Server) document(c *gin.Context, mime string, doc []byte, err error) {
	if err != nil {
		writeProblem(c, s.problem(c.Request.Context(), err))
		return
	}
	c.Data(http.StatusOK, mime, doc)
}

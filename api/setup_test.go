package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"

	"github.com/datamind/datamind/api"
	"github.com/datamind/datamind/internal/alert"
	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/bucket"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/internal/testkit"
	"github.com/datamind/datamind/models"
)

const uiOrigin = "http://temporal.example.com"

// recordedRuns stands for Temporal: it records calls and answers what it is
// told to. The real one is tested with the whole system.
type recordedRuns struct {
	mu     sync.Mutex
	calls  []string
	err    error
	tested api.TestConnectionInput
	model  api.TestModelInput
	// channel is the channel that was tested last.
	channel api.TestChannelInput
	preview alert.PreviewInput
	// store keeps the files of previews; nil keeps none.
	store *store.Store
	// queue answers for the queues, described counts how often; nil finds them well.
	queue     func(ctx context.Context, name string) (models.QueueState, error)
	described int
}

func (r *recordedRuns) call(name string, args ...any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, strings.TrimSpace(name+" "+fmt.Sprint(args...)))
	return r.err
}

func (r *recordedRuns) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *recordedRuns) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.calls
	r.calls = nil
	return out
}

func (r *recordedRuns) StartAsk(_ context.Context, _ models.Scope, q *models.Question) error {
	if q.Run > 1 {
		return r.call("edit", q.ID, " ", q.Run, " ", q.SQL)
	}
	return r.call("start", q.ID)
}
func (r *recordedRuns) Stop(_ context.Context, id string) error { return r.call("stop", id) }
func (r *recordedRuns) Clarify(_ context.Context, id, reply, _ string) error {
	return r.call("clarify", id, " ", reply)
}
func (r *recordedRuns) Approve(_ context.Context, id string, yes bool) error {
	return r.call("approve", id, " ", yes)
}
func (r *recordedRuns) EditSQL(_ context.Context, id, sql, _ string) error {
	return r.call("rewrite", id, " ", sql)
}
func (r *recordedRuns) TestConnection(_ context.Context, _ models.Scope, in api.TestConnectionInput) (models.ConnectionReport, error) {
	err := r.call("test", in.ConnectionID)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tested = in
	return models.ConnectionReport{OK: true, Message: "It works.", Tables: 3}, err
}
func (r *recordedRuns) TestModel(_ context.Context, _ models.Scope, in api.TestModelInput) (models.ModelReport, error) {
	err := r.call("test model", in.EndpointID)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.model = in
	return models.ModelReport{OK: true, Message: "The model answers.", Structured: "json_schema", Ms: 12}, err
}
func (r *recordedRuns) TestChannel(_ context.Context, _ models.Scope, in api.TestChannelInput) (models.ChannelReport, error) {
	err := r.call("test channel", in.ChannelID)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.channel = in
	return models.ChannelReport{OK: true, Message: "The message was taken.", Ms: 12}, err
}

// previewed is what was tried last.
func (r *recordedRuns) previewed() alert.PreviewInput {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.preview
}

func (r *recordedRuns) PreviewAlert(_ context.Context, in alert.PreviewInput) (alert.Preview, error) {
	err := r.call("preview alert", in.Alert.ConnectionID)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.preview = in
	if in.Plan {
		in.Alert.SQL = "SELECT 1"
	}
	if in.Propose {
		in.Alert.Condition = models.AlertCondition{Kind: models.ConditionThreshold, Limit: 5}
	}
	return alert.Preview{Alert: in.Alert, Status: "ok"}, err
}
func (r *recordedRuns) ProposeTiles(context.Context, models.Scope, string, string) ([]models.ProposedTile, error) {
	return nil, nil // there is no model
}
func (r *recordedRuns) RunAlert(_ context.Context, _ models.Scope, id string, _ []time.Time, kind models.RunKind) error {
	return r.call("run alert "+string(kind), id)
}
func (r *recordedRuns) RunReport(_ context.Context, _ models.Scope, id string, _ time.Time, only string) error {
	return r.call("run report", id, " ", only)
}
func (r *recordedRuns) PreviewReport(ctx context.Context, scope models.Scope, report *models.Report) (string, error) {
	if r.store == nil {
		return store.NewID(), r.call("preview report", report.Name)
	}
	a := &models.Artifact{Name: report.Name + ".pdf", MediaType: "application/pdf", Content: []byte("%PDF-1.7 " + scope.UserID), ExpiresAt: time.Now().Add(time.Hour)}
	err := r.store.PutArtifact(ctx, scope, a)
	return a.ID, errors.Join(err, r.call("preview report", report.Name))
}
func (r *recordedRuns) Deliver(_ context.Context, _ models.Scope, id string) error {
	return r.call("deliver", id)
}
func (r *recordedRuns) CheckSQL(_ context.Context, _ models.Scope, id, sql string) error {
	return r.call("check", id, " ", sql)
}
func (r *recordedRuns) SyncCatalog(_ context.Context, _ models.Scope, id string) error {
	return r.call("sync", id)
}
func (r *recordedRuns) RefreshDashboard(_ context.Context, _ models.Scope, id string, results []string, _ time.Time) error {
	return r.call("refresh", id, " ", strings.Join(results, " "))
}
func (r *recordedRuns) StartExport(_ context.Context, _ models.Scope, e *models.Export) error {
	return r.call("start export", e.ID)
}
func (r *recordedRuns) StopExport(_ context.Context, id string) error {
	return r.call("stop export", id)
}
func (r *recordedRuns) PauseExport(_ context.Context, id string, pause bool) error {
	return r.call("pause export", id, " ", pause)
}
func (r *recordedRuns) DeleteExport(_ context.Context, _ models.Scope, e *models.Export) error {
	return r.call("delete export", e.ID)
}
func (r *recordedRuns) EstimateExport(_ context.Context, _ models.Scope, e *models.Export) (models.ExportEstimate, error) {
	return models.ExportEstimate{Rows: 12, Continues: true}, r.call("estimate", e.SQL)
}
func (r *recordedRuns) RunScheduledExport(_ context.Context, _ models.Scope, id string, _ time.Time, now bool) error {
	return r.call("run scheduled export", id, " ", now)
}
func (r *recordedRuns) Ready(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *recordedRuns) Queue(ctx context.Context, name string) (models.QueueState, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.described++
	if r.queue == nil {
		return models.QueueState{Workers: 1, LastPoll: time.Now()}, r.err
	}
	return r.queue(ctx, name)
}

// bundle is a whole API over a real PostgreSQL and a Redis of its own, with
// two organisations.
type bundle struct {
	t      *testing.T
	server *api.Server
	http   *httptest.Server
	store  *store.Store
	auth   *auth.Service
	hub    *realtime.Hub
	redis  *redis.Client
	runs   *recordedRuns
	opener *crypt.Opener
	models *crypt.Opener // of models' keys
	// channels opens channels' secrets.
	channels *crypt.Opener
	codec    *crypt.Codec
	bucket   *blob.Bucket
	logs     *syncBuffer
	owner    string // DSN of the tables' owner
	deps     api.Deps
	a, b     *person
}

// person is a signed-in member with a client of its own.
type person struct {
	*bundle
	scope   models.Scope
	access  string
	refresh string
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// appRole is changed by one test at a time: it belongs to the whole server.
var appRole sync.Mutex

func openStore(t *testing.T) (*store.Store, string) {
	t.Helper()
	owner := testkit.Postgres(t)
	appRole.Lock()
	defer appRole.Unlock()
	_, err := store.Migrate(t.Context(), owner, "up")
	require.NoError(t, err)
	execSQL(t, owner, "ALTER ROLE "+store.AppRole+" LOGIN PASSWORD 'app'")
	u, err := url.Parse(owner)
	require.NoError(t, err)
	u.User = url.UserPassword(store.AppRole, "app")
	st, err := store.Open(t.Context(), u.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = st.Close() })
	return st, owner
}

func execSQL(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.PgConn().Exec(t.Context(), sql).ReadAll()
	require.NoError(t, err)
}

func setup(t *testing.T, change ...func(*api.Deps)) *bundle {
	t.Helper()
	b := &bundle{t: t, runs: &recordedRuns{}, logs: &syncBuffer{}}
	b.store, b.owner = openStore(t)
	options, err := redis.ParseURL(testkit.Redis(t))
	require.NoError(t, err)
	b.redis = redis.NewClient(options)
	t.Cleanup(func() { _ = b.redis.Close() })
	b.hub = realtime.New(b.redis)
	t.Cleanup(b.hub.Close)
	pub, priv := crypt.GenerateKeys()
	sealer, err := crypt.NewSealer(pub)
	require.NoError(t, err)
	b.opener, err = crypt.NewOpener(priv)
	require.NoError(t, err)
	modelPub, modelPriv := crypt.GenerateKeys()
	modelSealer, err := crypt.NewModelSealer(modelPub)
	require.NoError(t, err)
	b.models, err = crypt.NewModelOpener(modelPriv)
	require.NoError(t, err)
	channelPub, channelPriv := crypt.GenerateKeys()
	channelSealer, err := crypt.NewChannelSealer(channelPub)
	require.NoError(t, err)
	b.channels, err = crypt.NewChannelOpener(channelPriv)
	require.NoError(t, err)
	b.codec, err = crypt.NewCodec(crypt.GenerateCodecKey())
	require.NoError(t, err)
	b.auth = newAuth(t, b.store, b.redis)
	bucketURL, err := bucket.Directory(t.TempDir())
	require.NoError(t, err)
	b.bucket, err = bucket.Open(t.Context(), bucketURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.bucket.Close() })
	b.deps = api.Deps{Bucket: b.bucket, LinkKey: bytes.Repeat([]byte("l"), 32), Store: b.store, Auth: b.auth, Hub: b.hub, Runs: b.runs, Sealer: sealer, ModelSealer: modelSealer, ChannelSealer: channelSealer, Codec: b.codec, Redis: b.redis,
		Log: slog.New(slog.NewJSONHandler(b.logs, nil)), Config: api.Config{TemporalUIURL: uiOrigin + "/ui", TemporalNamespace: "live", Planner: "builtin",
			ExportTargets: []string{"archive", "lake"}, AuthPerMinute: 1000, AsksPerMinute: 1000, TestsPerMinute: 1000}}
	for _, f := range change {
		f(&b.deps)
	}
	b.server, b.http = b.replica(b.deps)
	b.organisations()
	return b
}

// replica starts one more API process over the same stores.
func (b *bundle) replica(deps api.Deps) (*api.Server, *httptest.Server) {
	b.t.Helper()
	s, err := api.New(deps)
	require.NoError(b.t, err)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = s.HTTPServer("")
	srv.Start()
	b.t.Cleanup(func() {
		s.CloseSockets()
		srv.Close()
	})
	return s, srv
}

func (b *bundle) organisations() {
	scopeA, err := b.store.SystemBootstrap(b.t.Context(), "Org A", "ann@a.example", "Ann")
	require.NoError(b.t, err)
	scopeB := models.Scope{OrgID: store.NewID(), UserID: store.NewID(), Role: models.RoleOwner}
	execSQL(b.t, b.owner, fmt.Sprintf(`INSERT INTO orgs (id, name) VALUES ('%[1]s', 'Org B');
		INSERT INTO users (id, email, name, password_hash, tokens_valid_from) VALUES ('%[2]s', 'ben@b.example', 'Ben', '', 'epoch');
		INSERT INTO memberships (org_id, user_id, role) VALUES ('%[1]s', '%[2]s', 'owner')`, scopeB.OrgID, scopeB.UserID))
	b.a, b.b = b.signIn(scopeA), b.signIn(scopeB)
}

// member adds a person with a role to organisation A and signs them in.
func (b *bundle) member(role models.Role) *person {
	b.t.Helper()
	user, err := b.store.CreateMember(b.t.Context(), b.a.scope, store.NewID()+"@a.example", string(role), role)
	require.NoError(b.t, err)
	return b.signIn(models.Scope{OrgID: b.a.scope.OrgID, UserID: user.ID, Role: role})
}

// signIn uses a one-time link, as a browser does.
func (b *bundle) signIn(scope models.Scope) *person {
	b.t.Helper()
	p := &person{bundle: b, scope: scope}
	res := p.do(http.MethodPost, "/auth/link", map[string]any{"token": newLink(b.t, b.auth, scope)})
	require.Equal(b.t, http.StatusNoContent, res.status, res.body)
	p.cookies(res)
	return p
}

func (p *person) cookies(res *answer) {
	for _, c := range res.cookies {
		switch cookieName(c) {
		case "dm_access":
			p.access = c.Value
		case "dm_refresh":
			p.refresh = c.Value
		}
	}
}

// answer is a response with its body read.
type answer struct {
	status  int
	body    string
	header  http.Header
	cookies []*http.Cookie
}

func (a *answer) into(t *testing.T, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), v), a.body)
}

func (a *answer) field(t *testing.T, name string) any {
	t.Helper()
	var m map[string]any
	a.into(t, &m)
	return m[name]
}

func (a *answer) code(t *testing.T) string {
	t.Helper()
	code, _ := a.field(t, "code").(string)
	return code
}

// do sends JSON to a path below /api/v1 with the person's cookies.
func (p *person) do(method, path string, body any, headers ...string) *answer {
	p.t.Helper()
	var raw []byte
	if body != nil {
		var err error
		raw, err = json.Marshal(body)
		require.NoError(p.t, err)
		headers = append([]string{"Content-Type", "application/json"}, headers...)
	}
	return p.raw(method, "/api/v1"+path, raw, headers...)
}

func (p *person) raw(method, path string, body []byte, headers ...string) *answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.http.URL+path, bytes.NewReader(body))
	require.NoError(p.t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	host, secure := "", ""
	if strings.HasPrefix(p.deps.Config.BaseURL, "https:") {
		host, secure = "__Host-", "__Secure-"
	}
	if p.access != "" {
		req.AddCookie(&http.Cookie{Name: host + "dm_access", Value: p.access})
	}
	if p.refresh != "" && strings.HasPrefix(path, "/api/v1/auth") {
		req.AddCookie(&http.Cookie{Name: secure + "dm_refresh", Value: p.refresh})
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(p.t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return &answer{res.StatusCode, string(text), res.Header, res.Cookies()}
}

// connection connects a database through the API.
func (p *person) connection() string {
	p.t.Helper()
	res := p.do(http.MethodPost, "/connections", map[string]any{"name": "db " + store.NewID(), "host": "db.example.com",
		"database": "shop", "username": "reader", "password": "s3cret-of-the-shop"})
	require.Equal(p.t, http.StatusCreated, res.status, res.body)
	return res.field(p.t, "id").(string)
}

// asked asks a question through the API and returns it.
func (p *person) asked(connection string) api.Question {
	p.t.Helper()
	res := p.do(http.MethodPost, "/questions", map[string]any{"connection_id": connection, "question": "How many orders?"})
	require.Equal(p.t, http.StatusAccepted, res.status, res.body)
	var q api.Question
	res.into(p.t, &q)
	return q
}

// rows counts the rows of every table, for tests that prove nothing was written.
func (b *bundle) rows() map[string]int {
	b.t.Helper()
	conn, err := pgx.Connect(b.t.Context(), b.owner)
	require.NoError(b.t, err)
	defer func() { _ = conn.Close(b.t.Context()) }()
	counts := map[string]int{}
	for _, table := range []string{"api_keys", "audit_events", "catalog_snapshots", "connections", "conversations", "memberships",
		"orgs", "question_steps", "questions", "question_feedback", "results", "sessions", "sign_in_links", "token_usages", "users", "verified_questions"} {
		var n int
		require.NoError(b.t, conn.QueryRow(b.t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
		counts[table] = n
	}
	return counts
}

func newAuth(t *testing.T, st *store.Store, rd *redis.Client) *auth.Service {
	t.Helper()
	svc, err := auth.New(st, rd, bytes.Repeat([]byte("k"), 32))
	require.NoError(t, err)
	return svc
}

func newLink(t *testing.T, svc *auth.Service, scope models.Scope) string {
	t.Helper()
	token, err := svc.NewLink(t.Context(), scope)
	require.NoError(t, err)
	return token
}

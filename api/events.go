package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/realtime"
	"github.com/datamind/datamind/models"
)

// How long a socket waits for things. The tests shorten them.
type socketTimes struct {
	write   time.Duration // one frame, before the client counts as dead
	ping    time.Duration // between pings
	recheck time.Duration // between checks that the session still holds
	grace   time.Duration // between the end of a run and the close
	life    time.Duration // until the client must connect again
}

var usualSocketTimes = socketTimes{write: 10 * time.Second, ping: 20 * time.Second, recheck: 10 * time.Second,
	grace: time.Minute, life: auth.AccessTTL}

// Close codes beyond the standard's, in its private range.
const (
	closeSignedOut websocket.StatusCode = 4401
	closeTooSlow   websocket.StatusCode = 4408
)

var (
	uuidForm   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	streamForm = regexp.MustCompile(`^[0-9]{1,20}-[0-9]{1,20}$`)
)

func (s *Server) eventRoutes() {
	s.handle(http.MethodGet, apiPrefix+"/questions/{id}/events", auth.ReadQuestions, s.events)
}

// events streams a question's events over a WebSocket. A client that names
// the last event it saw continues after it; any other first gets a snapshot.
func (s *Server) events(c *gin.Context) {
	ctx := c.Request.Context()
	id, after := c.Param("id"), c.Query("after")
	if !uuidForm.MatchString(id) {
		writeProblem(c, notFoundProblem(ctx))
		return
	}
	if after != "" && !streamForm.MatchString(after) {
		writeProblem(c, validationProblem(ctx, http.StatusUnprocessableEntity, "", []error{
			asDetail(&badJSON{"query.after", "must be the id of an event"})}))
		return
	}
	snapshot, err := s.questionWithSteps(ctx, id)
	if err != nil {
		writeProblem(c, s.problem(ctx, err))
		return
	}
	shared := snapshot.UserID != scopeOf(ctx).UserID // a colleague's, who may end the sharing
	s.watch(c, &socket{topic: snapshot.ID, need: auth.ReadQuestions, final: snapshot.Status.Final(),
		begin: func(ctx context.Context) (any, bool, error) {
			q, err := s.questionWithSteps(ctx, snapshot.ID)
			if err != nil {
				return nil, false, err
			}
			return q, q.Status.Final(), nil
		},
		readable: func(ctx context.Context, scope models.Scope) error {
			if !shared {
				return nil
			}
			_, err := s.deps.Store.ReadQuestion(ctx, scope, snapshot.ID)
			return err
		}}, after)
}

// dashboardEvents says when results of a dashboard's tiles change, whatever the
// values of its filters: a client knows those that it shows by their ids. A
// client that has missed events is told so by a snapshot, which is empty.
func (s *Server) dashboardEvents(c *gin.Context) {
	ctx := c.Request.Context()
	id, after := c.Param("id"), c.Query("after")
	if !uuidForm.MatchString(id) {
		writeProblem(c, notFoundProblem(ctx))
		return
	}
	if after != "" && !streamForm.MatchString(after) {
		writeProblem(c, validationProblem(ctx, http.StatusUnprocessableEntity, "", []error{
			asDetail(&badJSON{"query.after", "must be the id of an event"})}))
		return
	}
	readable := func(ctx context.Context, scope models.Scope) error {
		_, err := s.deps.Store.GetDashboard(ctx, scope, id)
		return err
	}
	if err := readable(ctx, scopeOf(ctx)); err != nil {
		writeProblem(c, s.problem(ctx, err))
		return
	}
	s.watch(c, &socket{topic: id, need: auth.ReadDashboards, readable: readable,
		begin: func(context.Context) (any, bool, error) { return struct{}{}, false, nil }}, after)
}

// watch upgrades a request and serves the socket until it ends.
func (s *Server) watch(c *gin.Context, sock *socket, after string) {
	ctx := c.Request.Context()
	if err := s.checkUpgrade(c.Request); err != nil {
		writeProblem(c, s.problem(ctx, err))
		return
	}
	release, err := s.takeSocket(ctx, scopeOf(ctx).UserID)
	if err != nil {
		writeProblem(c, s.problem(ctx, err))
		return
	}
	defer release()
	conn, err := websocket.Accept(c.Writer, c.Request, &websocket.AcceptOptions{
		OriginPatterns: []string{s.base.Host}, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		s.log(ctx).Info("websocket refused", slog.Any("error", err))
		c.Abort()
		return
	}
	s.metrics.sockets.Inc()
	defer s.metrics.sockets.Dec()
	sock.server, sock.conn, sock.times, sock.credential = s, conn, s.times, requestFrom(ctx).Credential
	sock.serve(ctx, after)
}

// checkUpgrade refuses plain requests and pages of other sites with a
// problem; websocket.Accept would answer them with bare text.
func (s *Server) checkUpgrade(r *http.Request) error {
	if r.Header.Get("Sec-WebSocket-Key") == "" {
		return models.Errorf(codeUpgrade, "This is a WebSocket: connect with one.")
	}
	if o := r.Header.Get("Origin"); o != "" && o != "http://"+r.Host && o != "https://"+r.Host &&
		o != s.base.Scheme+"://"+s.base.Host {
		return models.Errorf(codeCrossOrigin, "This connection came from another site's page and was refused.")
	}
	return nil
}

// socket is one client that watches one question or dashboard.
type socket struct {
	server     *Server
	conn       *websocket.Conn
	times      socketTimes
	credential string
	topic      string // the id of what is watched
	need       string // the permission for it
	final      bool   // when the client came; a new run's status event says otherwise
	// begin reads what is watched, for a client that has missed events, and says
	// whether nothing more happens to it.
	begin func(context.Context) (snapshot any, final bool, err error)
	// readable says whether somebody may still watch it.
	readable func(context.Context, models.Scope) error
}

var errTooSlow = errors.New("client too slow")

// serve runs until the client leaves, falls behind or may no longer watch.
func (k *socket) serve(parent context.Context, after string) {
	ctx, cancel := context.WithCancelCause(k.conn.CloseRead(context.WithoutCancel(parent)))
	defer cancel(nil)
	code, reason := k.stream(ctx, cancel, after)
	if code == closeTooSlow {
		k.server.metrics.dropped.Inc()
	}
	_ = k.conn.Close(code, reason)
}

func (k *socket) stream(ctx context.Context, cancel context.CancelCauseFunc, after string) (websocket.StatusCode, string) {
	position, replayText, err := k.start(ctx, after)
	if err != nil {
		return websocket.StatusTryAgainLater, "events cannot be read now"
	}
	live, err := k.server.deps.Hub.Subscribe(ctx, k.topic, position.from)
	if err != nil {
		return websocket.StatusTryAgainLater, "events cannot be read now"
	}
	go k.keepAlive(ctx, cancel)
	recheck := time.NewTicker(k.times.recheck)
	defer recheck.Stop()
	old := time.After(k.times.life)
	var over <-chan time.Time
	if position.final {
		over = time.After(k.times.grace)
	}
	for {
		select {
		case <-ctx.Done():
			return websocket.StatusGoingAway, ""
		case <-old:
			return websocket.StatusServiceRestart, "reconnect"
		case <-k.server.stop:
			return websocket.StatusServiceRestart, "reconnect"
		case <-over:
			return websocket.StatusNormalClosure, "finished"
		case <-recheck.C:
			if code, reason := k.stillAllowed(ctx); code != 0 {
				return code, reason
			}
		case event, open := <-live:
			if !open {
				return closeTooSlow, "reconnect with the last event's id"
			}
			if replayText && !newer(event.ID, position.live) && event.Type != "text" && event.Type != "text_reset" {
				continue
			}
			if err := k.write(ctx, event); err != nil {
				return closeTooSlow, "reconnect with the last event's id"
			}
			over = k.afterEvent(event, over)
		}
	}
}

// afterEvent starts the grace time at a run's end and ends it at a new run.
func (k *socket) afterEvent(e realtime.Event, over <-chan time.Time) <-chan time.Time {
	switch e.Type {
	case "end":
		return time.After(k.times.grace)
	case "status":
		return nil
	}
	return over
}

// position is where in the stream a client starts.
type position struct {
	from  string // events after this one are read
	live  string // events after this one are news to the client
	final bool   // the question has ended
}

// start decides where to begin and sends the snapshot where one is needed.
// The end of the stream is looked up before the row is read: what happens in
// between arrives twice rather than never. Of what the snapshot already
// tells, only the partial text of a running step is replayed.
func (k *socket) start(ctx context.Context, after string) (position, bool, error) {
	first, last, err := k.server.streamBounds(ctx, k.topic)
	if err != nil {
		return position{}, false, err
	}
	if after != "" && first != "" && !newer(first, after) && !newer(after, last) {
		return position{from: after, live: after, final: k.final}, false, nil
	}
	snapshot, final, err := k.begin(ctx)
	if err != nil {
		return position{}, false, err
	}
	data, err := json.Marshal(snapshot)
	if err != nil {
		return position{}, false, err
	}
	if err := k.write(ctx, realtime.Event{ID: last, Type: "snapshot", Data: data}); err != nil {
		return position{}, false, err
	}
	p := position{from: last, live: last, final: final}
	if p.final || last == "" {
		return p, false, nil
	}
	p.from = "0-0"
	return p, true, nil
}

func (k *socket) write(ctx context.Context, e realtime.Event) error {
	frame, err := json.Marshal(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, k.times.write)
	defer cancel()
	return k.conn.Write(ctx, websocket.MessageText, frame)
}

// keepAlive finds out when a client is gone without saying so.
func (k *socket) keepAlive(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(k.times.ping)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			wait, done := context.WithTimeout(ctx, k.times.write)
			err := k.conn.Ping(wait)
			done()
			if err != nil {
				cancel(errTooSlow)
				return
			}
		}
	}
}

// stillAllowed checks the session again: signing out, an expired token or a
// lowered role closes the socket within the recheck time.
func (k *socket) stillAllowed(ctx context.Context) (websocket.StatusCode, string) {
	id, err := k.server.deps.Auth.Authenticate(ctx, k.credential)
	switch {
	case models.ErrorCode(err) == models.CodeUnauthorized:
		return closeSignedOut, "sign in again"
	case err != nil:
		return websocket.StatusTryAgainLater, "reconnect"
	case !slices.Contains(id.Permissions, k.need):
		return closeSignedOut, "not allowed any more"
	}
	if err := k.readable(ctx, id.Scope); models.ErrorCode(err) == models.CodeNotFound {
		return closeSignedOut, "not allowed any more"
	}
	return 0, ""
}

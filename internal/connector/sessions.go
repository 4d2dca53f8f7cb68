package connector

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

const (
	// idleLimit is how long a session is kept for the next question.
	idleLimit = 5 * time.Second
	// keptIdle bounds the idle sessions on one database as one user.
	keptIdle = 4
	// ageLimit bounds how long a password, a role or an address that was good at
	// sign-in counts.
	ageLimit = 5 * time.Minute
	// pingLimit bounds how long an idle session may take to show that it lives,
	// and to be reset.
	pingLimit = 2 * time.Second
)

// Sessions opens sessions and keeps those that ended well for idleLimit, because
// signing in takes longer than most queries. A session serves the same
// organisation, database, user, password and schemas only, for ageLimit at most,
// and is reset before it is kept. The zero value is ready, for any number of
// goroutines.
type Sessions struct {
	mu   sync.Mutex
	idle map[sessionKey][]*idleSession
}

type sessionKey [sha256.Size]byte

type idleSession struct {
	*postgres
	expiry *time.Timer
}

// Open is like the function Open; Close of what it returns may keep the session.
func (s *Sessions) Open(ctx context.Context, config Config) (Conn, error) {
	key := config.key()
	for i := s.take(key); i != nil; i = s.take(key) {
		if i.alive(ctx) {
			i.config = config
			return &session{postgres: i.postgres, sessions: s, key: key}, nil
		}
		i.Close()
	}
	fresh := config
	fresh.Purpose = "idle" // what it is for is said with each transaction
	conn, err := Open(ctx, fresh)
	if err != nil {
		return nil, err
	}
	p := conn.(*postgres)
	p.config = config
	return &session{postgres: p, sessions: s, key: key}, nil
}

// key is the same for configurations whose sessions can stand for each other.
func (c Config) key() sessionKey {
	raw, _ := json.Marshal([]any{c.Owner, c.Kind, c.Host, c.Port, c.Database, c.User, c.Password, c.TLSMode, c.TLSCA, c.Schemas}) // strings always encode
	return sha256.Sum256(raw)
}

func (p *postgres) alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	return !p.conn.IsClosed() && p.conn.Ping(ctx) == nil
}

// take takes the idle session that was used last, nil when there is none.
func (s *Sessions) take(key sessionKey) *idleSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.idle[key]
	if len(list) == 0 {
		return nil
	}
	i := list[len(list)-1]
	s.drop(key, i)
	i.expiry.Stop()
	return i
}

// drop takes i off the list and reports whether it was there.
func (s *Sessions) drop(key sessionKey, i *idleSession) bool {
	before := len(s.idle[key])
	s.idle[key] = slices.DeleteFunc(s.idle[key], func(other *idleSession) bool { return other == i })
	dropped := len(s.idle[key]) < before
	if len(s.idle[key]) == 0 {
		delete(s.idle, key)
	}
	return dropped
}

// put keeps a session for a while, and reports whether there was room.
func (s *Sessions) put(key sessionKey, p *postgres) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.idle[key]) >= keptIdle {
		return false
	}
	if s.idle == nil {
		s.idle = map[sessionKey][]*idleSession{}
	}
	i := &idleSession{postgres: p}
	i.expiry = time.AfterFunc(idleLimit, func() {
		s.mu.Lock()
		expired := s.drop(key, i)
		s.mu.Unlock()
		if expired {
			i.Close()
		}
	})
	s.idle[key] = append(s.idle[key], i)
	return true
}

// session is a session that may serve again. One in which anything failed or was
// broken off does not: a request to cancel may still be on its way to it.
type session struct {
	*postgres
	sessions *Sessions
	key      sessionKey
	spent    bool
}

// Discover implements Conn.
func (s *session) Discover(ctx context.Context) (*models.Catalog, error) {
	catalog, err := s.postgres.Discover(ctx)
	s.note(ctx, err)
	return catalog, err
}

// Estimate implements Conn.
func (s *session) Estimate(ctx context.Context, sql sqlguard.Approved) (Estimate, error) {
	estimate, err := s.postgres.Estimate(ctx, sql)
	s.note(ctx, err)
	return estimate, err
}

// Run implements Conn.
func (s *session) Run(ctx context.Context, sql sqlguard.Approved, limits Limits) (*models.Rows, error) {
	rows, err := s.postgres.Run(ctx, sql, limits)
	s.note(ctx, err)
	s.spent = s.spent || rows != nil && rows.Truncated
	return rows, err
}

// Stream implements Conn.
func (s *session) Stream(ctx context.Context, sql sqlguard.Approved, timeout time.Duration, sink Sink) error {
	err := s.postgres.Stream(ctx, sql, timeout, sink)
	s.note(ctx, err)
	return err
}

// EndOthers implements Conn.
func (s *session) EndOthers(ctx context.Context) error {
	err := s.postgres.EndOthers(ctx)
	s.note(ctx, err)
	return err
}

func (s *session) note(ctx context.Context, err error) {
	s.spent = s.spent || err != nil || ctx.Err() != nil
}

// Close implements Conn. The reset is not waited for.
func (s *session) Close() {
	if s.spent || s.conn.IsClosed() || s.conn.PgConn().TxStatus() != 'I' || time.Since(s.opened) > ageLimit {
		s.postgres.Close()
		return
	}
	go func() {
		if !s.reset() || !s.sessions.put(s.key, s.postgres) {
			s.postgres.Close()
		}
	}()
}

// reset leaves nothing of what a session served.
func (p *postgres) reset() bool {
	ctx, cancel := context.WithTimeout(context.Background(), pingLimit)
	defer cancel()
	_, err := p.conn.Exec(ctx, "DISCARD ALL")
	return err == nil
}

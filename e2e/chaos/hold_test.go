package chaos

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// hold is a lock of the harness's own, at which the platform stands still.
type hold struct {
	w   *world
	p   *pgxpool.Pool
	tx  pgx.Tx
	pid uint32
}

// lock takes a lock with a statement, on a database of the platform or of the
// customer, and keeps it until release or the end of the repetition. Other
// statements of the harness that need what is locked wait as well.
func (w *world) lock(p *pgxpool.Pool, sql string, args ...any) *hold {
	tx, err := p.Begin(w.ctx)
	require.NoError(w.host, err)
	h := &hold{w: w, p: p, tx: tx, pid: tx.Conn().PgConn().PID()}
	w.mu.Lock()
	w.holds = append(w.holds, h)
	w.mu.Unlock()
	_, err = tx.Exec(w.ctx, sql, args...)
	require.NoError(w.host, err)
	return h
}

// lockTable locks a table of the platform against everybody.
func (w *world) lockTable(name string) *hold {
	return w.lock(w.platform, "LOCK TABLE "+name+" IN ACCESS EXCLUSIVE MODE")
}

// lockQuestion locks a question's row against changes; it can still be read.
func (w *world) lockQuestion(q *question) *hold {
	return w.lock(w.platform, "SELECT FROM questions WHERE id = $1 FOR UPDATE", q.ident())
}

// reached waits until a session stands at the lock, with a statement that
// holds a word: others may wait there as well.
func (h *hold) reached(word string) {
	h.w.host.Helper()
	h.w.eventually("a session with "+word+" stands at the lock", func() bool {
		var n int
		err := h.p.QueryRow(h.w.ctx, "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)) AND query LIKE '%' || $2 || '%'", int32(h.pid), word).Scan(&n)
		return err == nil && n > 0
	})
}

// release lets go of the lock; a second call does nothing.
func (h *hold) release() { _ = h.tx.Rollback(context.Background()) }

// releaseAll lets go of all that the repetition still holds.
func (w *world) releaseAll() {
	w.mu.Lock()
	held := w.holds
	w.holds = nil
	w.mu.Unlock()
	for _, h := range held {
		h.release()
	}
	for _, p := range w.proxies {
		p.release()
	}
	w.openGates()
}

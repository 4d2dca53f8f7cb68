package chaos

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// direction of what goes through a proxy.
type direction int

const (
	up   direction = iota // from the client to the server
	down                  // from the server to the client
)

// proxy stands before a server and can hold up what goes through it, as a
// network does that is cut without a word.
type proxy struct {
	addr, target string
	listener     net.Listener

	mu    sync.Mutex
	gates [2]chan struct{} // not nil while a direction is held up
	lag   time.Duration    // by which all that comes from the server is late
	links map[*link]struct{}
}

// link is one connection through a proxy.
type link struct {
	client, server net.Conn
	done           chan struct{}
	once           sync.Once
}

func (l *link) close() {
	l.once.Do(func() {
		close(l.done)
		_ = l.client.Close()
		_ = l.server.Close()
	})
}

func newProxy(t testing.TB, target string) *proxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{addr: listener.Addr().String(), target: target, listener: listener, links: map[*link]struct{}{}}
	t.Cleanup(p.refuse)
	go p.accept(listener)
	return p
}

// refuse lets nobody in, as if the server were gone, until listen.
func (p *proxy) refuse() {
	p.mu.Lock()
	_ = p.listener.Close()
	p.mu.Unlock()
	p.drop()
}

// listen ends refuse.
func (p *proxy) listen(t testing.TB) {
	listener, err := net.Listen("tcp", p.addr)
	require.NoError(t, err)
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	go p.accept(listener)
}

func (p *proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close() // as good as refused
		return
	}
	l := &link{client: client, server: server, done: make(chan struct{})}
	p.mu.Lock()
	p.links[l] = struct{}{}
	p.mu.Unlock()
	go p.pump(l, server, client, up)
	p.pump(l, client, server, down)
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

func (p *proxy) pump(l *link, to, from net.Conn, d direction) {
	defer l.close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !p.pass(l, d) {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits while the direction is held up; false means that the link is gone.
func (p *proxy) pass(l *link, d direction) bool {
	p.mu.Lock()
	lag := p.lag
	p.mu.Unlock()
	if lag > 0 && d == down {
		select {
		case <-time.After(lag):
		case <-l.done:
			return false
		}
	}
	for {
		p.mu.Lock()
		gate := p.gates[d]
		p.mu.Unlock()
		if gate == nil {
			return true
		}
		select {
		case <-gate:
		case <-l.done:
			return false
		}
	}
}

// hold lets nothing more through in a direction until release or drop.
func (p *proxy) hold(d direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gates[d] == nil {
		p.gates[d] = make(chan struct{})
	}
}

// slow makes every answer of the server late, until release.
func (p *proxy) slow(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lag = by
}

// release lets through what was held up, and all that comes, at once.
func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lag = 0
	for d, gate := range p.gates {
		if gate != nil {
			close(gate)
			p.gates[d] = nil
		}
	}
}

// drop breaks all connections, with what was held up, and is open again.
func (p *proxy) drop() {
	p.mu.Lock()
	for l := range p.links {
		l.close()
	}
	p.mu.Unlock()
	p.release()
}

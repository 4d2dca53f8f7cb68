package chaos

import (
	"net"
	"sync"
	"testing"

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
	t.Cleanup(func() {
		_ = listener.Close()
		p.drop()
	})
	go p.accept()
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
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

// release lets through what was held up, and all that comes.
func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
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

package e2e

import (
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// mailbox is a mail server that keeps what it was given.
type mailbox struct {
	*smtp.Server
	port  int
	mu    sync.Mutex
	mails map[string]map[string]string // by recipient, then by Message-ID
	every [][]byte                     // in the order in which they came
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{mails: map[string]map[string]string{}}
	m.Server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{box: m}, nil }))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m.port = listener.Addr().(*net.TCPAddr).Port
	go func() { _ = m.Serve(listener) }()
	t.Cleanup(func() { _ = m.Close() })
	return m
}

type visit struct {
	box *mailbox
	to  string
}

func (v *visit) Mail(string, *smtp.MailOptions) error      { return nil }
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error { v.to = to; return nil }
func (v *visit) Reset()                                    {}
func (v *visit) Logout() error                             { return nil }
func (v *visit) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	msg, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	if v.box.mails[v.to] == nil {
		v.box.mails[v.to] = map[string]string{}
	}
	v.box.every = append(v.box.every, raw)
	v.box.mails[v.to][msg.Header.Get("Message-ID")] = string(raw)
	return nil
}

// had counts the mails of a recipient; one that came twice has one key.
func (m *mailbox) had(to string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.mails[to])
}

// all are all mails, in the order in which they came.
func (m *mailbox) all() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([][]byte(nil), m.every...)
}

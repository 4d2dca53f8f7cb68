package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

// post is a mail server.
type post struct {
	*smtp.Server
	addr   string
	mu     sync.Mutex
	mails  []letter
	auth   bool
	mechs  []string
	refuse map[string]*smtp.SMTPError // by MAIL, RCPT, DATA
}

type letter struct{ from, to, data string }

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return &visit{post: p}, nil }

type visit struct {
	post   *post
	in     bool
	letter letter
}

func (v *visit) AuthMechanisms() []string { return v.post.mechs }
func (v *visit) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "ann" || password != "SECRETPART" {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "bad credentials SECRETPART"}
		}
		v.in = true
		return nil
	}
	if mech == "LOGIN" {
		return &login{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// login is the server's part of AUTH LOGIN.
type login struct {
	step  int
	user  string
	check func(user, password string) error
}

func (l *login) Next(response []byte) ([]byte, bool, error) {
	switch l.step++; l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

func (v *visit) no(verb string) error {
	if err := v.post.refuse[verb]; err != nil {
		return err
	}
	return nil
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	if v.post.auth && !v.in {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	v.letter.from = from
	return v.no("MAIL")
}
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error { v.letter.to = to; return v.no("RCPT") }
func (v *visit) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := v.no("DATA"); err != nil {
		return err
	}
	v.letter.data = string(raw)
	v.post.mu.Lock()
	defer v.post.mu.Unlock()
	v.post.mails = append(v.post.mails, v.letter)
	return nil
}
func (v *visit) Reset()        {}
func (v *visit) Logout() error { return nil }

func (p *post) letters() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]letter(nil), p.mails...)
}

// newPost starts a mail server; implicit is TLS from the first byte.
func newPost(t *testing.T, implicit bool, set func(*post)) (*post, *Client) {
	t.Helper()
	cert, roots := certificate(t)
	p := &post{auth: true, mechs: []string{"PLAIN"}}
	p.Server = smtp.NewServer(p)
	p.Server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	if set != nil {
		set(p)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.addr = listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, p.Server.TLSConfig)
		p.Server.TLSConfig = nil
	}
	go func() { _ = p.Serve(listener) }()
	t.Cleanup(func() { _ = p.Close() })
	return p, New(Config{Roots: roots, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, p.addr)
	}})
}

func mailTarget(tls string) Target {
	return Target{Kind: models.ChannelEmail, Secret: "SECRETPART", Settings: models.ChannelSettings{Host: "mail.example.com", TLS: tls, Username: "ann", From: "datamind@example.com", FromName: "Data\r\nBcc: x@evil.example"}}
}

func mailDelivery() Delivery {
	d := delivery()
	d.Recipient = "bob@example.com"
	return d
}

func TestMailArrivesOverEachWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode     string
		implicit bool
		set      func(*post)
		to       func(*Target)
	}{
		"STARTTLS":      {mode: models.MailStartTLS},
		"TLS":           {mode: models.MailTLS, implicit: true},
		"AUTH LOGIN":    {mode: models.MailStartTLS, set: func(p *post) { p.mechs = []string{"LOGIN"} }},
		"LOGIN and TLS": {mode: models.MailTLS, implicit: true, set: func(p *post) { p.mechs = []string{"LOGIN"} }},
		"plain":         {mode: models.MailPlain, set: func(p *post) { p.auth, p.mechs = false, nil }, to: func(to *Target) { to.Settings.Username = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, client := newPost(t, c.implicit, c.set)
			to := mailTarget(c.mode)
			if c.to != nil {
				c.to(&to)
			}
			require.NoError(t, client.Send(t.Context(), to, mailDelivery()))
			require.Len(t, p.letters(), 1)
			require.Equal(t, "datamind@example.com", p.letters()[0].from)
			require.Equal(t, "bob@example.com", p.letters()[0].to)
		})
	}
}

// parts of a mail by their type, decoded.
func parts(t *testing.T, header func(string) string, body io.Reader, into map[string]string) {
	t.Helper()
	mediaType, params, err := mime.ParseMediaType(header("Content-Type"))
	require.NoError(t, err)
	if !strings.HasPrefix(mediaType, "multipart/") {
		if strings.EqualFold(header("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(body)
		}
		raw, err := io.ReadAll(body)
		require.NoError(t, err)
		into[mediaType] = string(raw)
		into[mediaType+" id"] = header("Content-ID")
		return
	}
	r := multipart.NewReader(body, params["boundary"])
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		parts(t, part.Header.Get, part, into)
	}
}

func TestAMailIsOneThatCanBeTrusted(t *testing.T) {
	t.Parallel()
	p, client := newPost(t, false, nil)
	d := mailDelivery()
	d.Picture = &File{Name: "chart.png", MediaType: "image/png", Content: []byte("\x89PNG")}
	d.Files = []File{{Name: "../../report\r\n.pdf", MediaType: "application/pdf", Content: []byte("%PDF")}}
	require.NoError(t, client.Send(t.Context(), mailTarget(""), d))
	require.NoError(t, client.Send(t.Context(), mailTarget(""), d))
	all := p.letters()
	require.Len(t, all, 2)
	var ids []string
	for _, l := range all {
		m, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(l.data)))
		require.NoError(t, err)
		h := m.Header
		ids = append(ids, h.Get("Message-ID")+h.Get("Date"))
		require.Empty(t, h.Get("Bcc"), "a title or a name is no header")
		subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		require.NoError(t, err)
		require.Equal(t, "[Critical] Refunds are above 3 % Bcc: evil@example.com", subject)
		require.Equal(t, "<dm-incident@example.com>", h.Get("References"))
		require.Equal(t, "auto-generated", h.Get("Auto-Submitted"))
		got := map[string]string{}
		parts(t, h.Get, m.Body, got)
		html := got["text/html"]
		require.Contains(t, html, "&lt;b&gt;4.1 %&lt;/b&gt;")
		require.NotContains(t, html, "<script")
		require.Contains(t, html, `src="cid:dm-0123456789abcdef@example.com"`)
		require.Equal(t, "<dm-0123456789abcdef@example.com>", got["image/png id"])
		for _, remote := range []string{`src="http`, "url(", "<link", "@import", "<iframe"} {
			require.NotContains(t, html, remote, "nothing is loaded from anywhere")
		}
		require.Contains(t, got["text/plain"], "Condition: above 3 %")
		require.Contains(t, got["text/plain"], "… and 12 more rows")
		require.Contains(t, got["text/plain"], "https://data.example.com/alerts/1")
		require.Contains(t, got, "application/pdf")
		require.NotContains(t, l.data, "..", "a file's name is no path")
	}
	require.Equal(t, "<dm-0123456789abcdef@example.com>Wed, 04 Mar 2026 05:06:07 +0000", ids[0])
	require.Equal(t, ids[0], ids[1], "a second try is the same mail")
}

func TestWhatAMailServerDoesNotLikeIsSaid(t *testing.T) {
	t.Parallel()
	no := func(verb string, code int, text string) func(*post) {
		return func(p *post) {
			p.refuse = map[string]*smtp.SMTPError{verb: {Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 7, 1}, Message: text}}
		}
	}
	for name, c := range map[string]struct {
		set   func(*post)
		to    func(*Target)
		code  models.Code
		retry bool
		says  string
	}{
		"the password":     {to: func(to *Target) { to.Secret = "wrong" }, code: models.CodeChannelSecret, says: "app password"},
		"no password":      {to: func(to *Target) { to.Settings.Username = "" }, code: models.CodeChannelSecret, says: "wants a user"},
		"no way to log in": {set: func(p *post) { p.mechs = nil }, code: models.CodeChannelSecret, says: "no way of signing in"},
		"no STARTTLS":      {set: func(p *post) { p.Server.TLSConfig = nil }, code: models.CodeTLS, says: "does not offer STARTTLS"},
		"the sender":       {set: no("MAIL", 553, "not yours"), code: models.CodeChannelSender, says: "refused the sender address datamind@example.com (553)"},
		"the recipient":    {set: no("RCPT", 550, "no such user"), code: models.CodeChannelRecipient, says: "refused the recipient bob@example.com"},
		"greylisting":      {set: no("RCPT", 451, "try again"), code: models.CodeChannelBusy, retry: true, says: "later (451)"},
		"the message":      {set: no("DATA", 552, "too large SECRETPART"), code: models.CodeChannelMessage, says: "refused the message (552)"},
		"another name":     {to: func(to *Target) { to.Settings.Host = "other.example.org" }, code: models.CodeTLS, says: "for another name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, client := newPost(t, false, c.set)
			to := mailTarget("")
			if c.to != nil {
				c.to(&to)
			}
			err := client.Send(t.Context(), to, mailDelivery())
			require.Equal(t, c.code, models.ErrorCode(err), "%v", err)
			require.ErrorContains(t, err, c.says)
			require.Equal(t, c.retry, Retryable(err))
			require.NotContains(t, err.Error(), "SECRETPART")
			require.Empty(t, p.letters())
		})
	}
}

// A server that takes a mail and is gone before the good-bye has it.
func TestAMailThatWasTakenIsNotSentAgain(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	taken := make(chan struct{}, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(conn)
			say := func(text string) { _, _ = fmt.Fprint(conn, text+"\r\n") }
			say("220 here")
			for data := false; ; {
				line, err := r.ReadString('\n')
				if err != nil {
					break
				}
				switch {
				case data && line == ".\r\n":
					say("250 taken")
					taken <- struct{}{}
					_ = conn.Close()
				case data:
				case strings.HasPrefix(line, "EHLO"):
					say("250 here")
				case strings.HasPrefix(line, "DATA"):
					data = true
					say("354 go on")
				default:
					say("250 ok")
				}
			}
		}
	}()
	client := New(Config{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, listener.Addr().String())
	}})
	to := mailTarget(models.MailPlain)
	to.Settings.Username = ""
	require.NoError(t, client.Send(t.Context(), to, mailDelivery()))
	require.Len(t, taken, 1)
}

func TestWhatIsNoMailServerIsSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		mode   string
		code   models.Code
	}{
		"a web server":            {"HTTP/1.1 400 Bad Request\r\n\r\n", models.MailStartTLS, models.CodeChannelReply},
		"one that is busy":        {"421 too many connections\r\n", models.MailStartTLS, models.CodeChannelBusy},
		"no TLS where there must": {"220 here\r\n", models.MailTLS, models.CodeTLS},
		"silence":                 {"", models.MailStartTLS, models.CodeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer func() { _ = listener.Close() }()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = io.WriteString(conn, c.answer)
					t.Cleanup(func() { _ = conn.Close() }) // not before, as it would be without a use of it
				}
			}()
			client := New(Config{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, listener.Addr().String())
			}})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err = client.Send(ctx, mailTarget(c.mode), mailDelivery())
			require.Equal(t, c.code, models.ErrorCode(err), "%v", err)
		})
	}
}

package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	stdmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/datamind/datamind/models"
)

// email sends a message of its own to each recipient, as text and as HTML, with
// the picture inside. Its Message-ID is made of the key, so that a mail that was
// sent twice is known as one; what belongs together refers to one thread.
type email struct{}

func (email) send(ctx context.Context, c *Client, to Target, d Delivery) error {
	s := to.Settings
	msg, err := mailMessage(s, d)
	if err != nil {
		return err
	}
	// A server names the ways of signing in that it takes only once it is reached.
	ways := []mail.SMTPAuthType{mail.SMTPAuthNoAuth}
	if s.Username != "" {
		ways = []mail.SMTPAuthType{mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5}
	}
	for _, way := range ways {
		err = c.mail(ctx, s, to.Secret, way, msg)
		if !errors.Is(err, mail.ErrPlainAuthNotSupported) && !errors.Is(err, mail.ErrLoginAuthNotSupported) {
			break
		}
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	return mailError(err, s, d.Recipient, to.Secret)
}

// mail sends a message. Once the server has taken it, what goes wrong with the
// good-bye is no matter: it must not be sent again for that.
func (c *Client) mail(ctx context.Context, s models.ChannelSettings, password string, way mail.SMTPAuthType, msg *mail.Msg) error {
	port := mailPort(s)
	config := c.tls.Clone()
	config.ServerName = s.Host
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(Timeout / 2), mail.WithTLSConfig(config), mail.WithoutNoop(), mail.WithSMTPAuth(way),
		mail.WithUsername(s.Username), mail.WithPassword(password)}
	dial := c.dial
	switch s.TLS {
	case models.MailTLS:
		options = append(options, mail.WithSSL())
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			plain, err := c.dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			secured := tls.Client(plain, config)
			if err := secured.HandshakeContext(ctx); err != nil {
				return nil, errors.Join(err, plain.Close())
			}
			return secured, nil
		}
	case models.MailPlain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	var opened net.Conn // the library leaves it open after errors, and does not look at ctx once it is there
	closed := func() bool { return false }
	options = append(options, mail.WithDialContextFunc(func(dialling context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(dialling, network, address)
		if err == nil {
			opened, closed = conn, context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}))
	defer func() {
		if closed(); opened != nil {
			_ = opened.Close()
		}
	}()
	client, err := mail.NewClient(s.Host, options...)
	if err != nil {
		return fmt.Errorf("set up the mail client: %w", err)
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	err = client.SendWithSMTPClient(session, msg)
	_ = client.CloseWithSMTPClient(session)
	if msg.IsDelivered() {
		return nil
	}
	return err
}

func mailPort(s models.ChannelSettings) int {
	switch {
	case s.Port != 0:
		return s.Port
	case s.TLS == models.MailTLS:
		return 465
	}
	return 587
}

// mailMessage gives a message the form of a mail.
func mailMessage(s models.ChannelSettings, d Delivery) (*mail.Msg, error) {
	from, err := stdmail.ParseAddress(s.From)
	if err != nil {
		return nil, models.Errorf(models.CodeChannelSender, "The sender %q is not an address of the form name@example.com.", s.From)
	}
	to, err := stdmail.ParseAddress(d.Recipient)
	if err != nil {
		return nil, models.Errorf(models.CodeChannelRecipient, "The recipient %q is not an address of the form name@example.com.", d.Recipient)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	from.Name = oneLine(s.FromName)
	if from.Name == "" {
		from.Name = "DataMind"
	}
	msg.FromMailAddress(from)
	msg.ToMailAddress(&stdmail.Address{Address: to.Address})
	msg.Subject(subject(d.Message))
	msg.SetDateWithValue(d.At)
	msg.SetMessageIDWithValue(d.Key + "@" + domain)
	thread := "<" + d.Incident + "@" + domain + ">"
	msg.SetGenHeaderPreformatted("References", thread)
	msg.SetGenHeaderPreformatted("In-Reply-To", thread)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader(HeaderDelivery, d.Key)
	if d.Message.Severity == models.SeverityCritical {
		msg.SetImportance(mail.ImportanceHigh)
	}
	embed := func(f *File, id string) error {
		name := safeName(f.Name)
		if err := msg.EmbedReader(name, bytes.NewReader(f.Content), mail.WithFileContentID("<"+id+">"), mail.WithFileContentType(mail.ContentType(f.MediaType))); err != nil {
			return fmt.Errorf("embed the picture: %w", err)
		}
		return nil
	}
	var html string
	if len(d.Message.Sections) > 0 {
		pictures := map[int]string{}
		for _, p := range d.pictures(len(d.Message.Sections), maxFiles) {
			pictures[p.section] = fmt.Sprintf("%s-%d@%s", d.Key, p.section+1, domain)
			if err := embed(p.file, pictures[p.section]); err != nil {
				return nil, err
			}
		}
		html, err = reportHTML(d.Message, pictures)
	} else {
		var picture string
		if d.Picture != nil {
			picture = d.Key + "@" + domain
			if err := embed(d.Picture, picture); err != nil {
				return nil, err
			}
		}
		html, err = mailHTML(d.Message, picture)
	}
	if err != nil {
		return nil, err
	}
	msg.SetBodyString(mail.TypeTextPlain, d.Message.Title+"\n\n"+plain(d.Message, 20_000)+"\n")
	msg.AddAlternativeString(mail.TypeTextHTML, html)
	for _, f := range d.Files {
		if err := msg.AttachReader(safeName(f.Name), bytes.NewReader(f.Content), mail.WithFileContentType(mail.ContentType(f.MediaType))); err != nil {
			return nil, fmt.Errorf("attach a file: %w", err)
		}
	}
	return msg, nil
}

// subject is one line without control characters; the library encodes the rest.
func subject(m models.Message) string {
	prefix := map[string]string{models.SeverityCritical: "[Critical] ", models.SeverityWarning: "[Warning] ", models.SeverityResolved: "[Resolved] "}[m.Severity]
	return models.Clip(prefix+oneLine(m.Title), 200)
}

// mailError says in words what a mail server did not like. Of its own words the
// first line is shown: it holds the reason, and it is the server's that the
// person set up.
func mailError(err error, s models.ChannelSettings, recipient, secret string) error {
	server := net.JoinHostPort(s.Host, strconv.Itoa(mailPort(s)))
	say := func(code models.Code, format string, args ...any) error { return models.Errorf(code, format, args...) }
	var coded *models.Error
	if errors.As(err, &coded) {
		return models.Errorf(coded.Code, "%s", coded.Message)
	}
	var sent *mail.SendError
	var smtp *textproto.Error
	words := func(text string) string {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
		if text = models.Clip(oneLine(text), 200); text == "" {
			return ""
		}
		return " It says: “" + text + "”"
	}
	if errors.As(err, &sent) {
		text := ""
		if errors.As(err, &smtp) {
			text = smtp.Msg
		} else if sent.ErrorCode() != 0 {
			text = afterCode(sent.Error(), sent.ErrorCode())
		}
		switch {
		case sent.ErrorCode()/100 == 4:
			return say(models.CodeChannelBusy, "The mail server %s wants to be asked again later (%d).%s", server, sent.ErrorCode(), words(text))
		case sent.ErrorCode() == 530, sent.ErrorCode() == 535:
			return say(models.CodeChannelSecret, "The mail server %s wants a user and a password before it takes mail.%s", server, words(text))
		case sent.ErrorCode() == 0:
			return unreachable(err, server)
		}
		switch sent.Reason {
		case mail.ErrSMTPMailFrom, mail.ErrGetSender:
			return say(models.CodeChannelSender, "The mail server refused the sender address %s (%d). Enter one that the account may send from.%s", s.From, sent.ErrorCode(), words(text))
		case mail.ErrSMTPRcptTo, mail.ErrGetRcpts:
			return say(models.CodeChannelRecipient, "The mail server refused the recipient %s (%d). Check the address, and whether the server may send to it.%s", recipient, sent.ErrorCode(), words(text))
		}
		return say(models.CodeChannelMessage, "The mail server refused the message (%d).%s", sent.ErrorCode(), words(text))
	}
	switch {
	case errors.As(err, &smtp) && (smtp.Code == 535 || smtp.Code == 534 || smtp.Code == 538 || smtp.Code == 530), strings.Contains(err.Error(), "SMTP AUTH failed"):
		if smtp != nil && smtp.Code/100 == 4 {
			return say(models.CodeChannelBusy, "The mail server %s cannot sign anybody in just now (%d).", server, smtp.Code)
		}
		if strings.Contains(err.Error(), "unencrypted connection") {
			return say(models.CodeTLS, "A password is not sent unencrypted. Use STARTTLS or TLS, or a server that asks for no password.")
		}
		return say(models.CodeChannelSecret, "The mail server %s does not accept the user %q with this password. Many providers want an app password here instead of the usual one.", server, s.Username)
	case strings.Contains(err.Error(), "does not support SMTP AUTH"), errors.Is(err, mail.ErrNoSupportedAuthDiscovered), errors.Is(err, mail.ErrCramMD5AuthNotSupported):
		return say(models.CodeChannelSecret, "The mail server %s offers no way of signing in that DataMind knows. Leave user and password away if it asks for none, or use the port on which it does.", server)
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		return say(models.CodeTLS, "The mail server %s does not offer STARTTLS. Choose TLS (usually port 465), or none on a network that you trust.", server)
	case errors.As(err, &smtp) && smtp.Code/100 == 4:
		return say(models.CodeChannelBusy, "The mail server %s wants to be asked again later (%d).%s", server, smtp.Code, words(smtp.Msg))
	case errors.As(err, &smtp):
		return say(models.CodeChannelReply, "What answers at %s does not speak SMTP, or wants nothing from here (%d).%s", server, smtp.Code, words(smtp.Msg))
	}
	var protocol textproto.ProtocolError
	if errors.As(err, &protocol) {
		return say(models.CodeChannelReply, "What answers at %s is no mail server.", server)
	}
	return unreachable(err, server)
}

// afterCode is what stands behind a server's code in an error of the library.
func afterCode(text string, code int) string {
	_, rest, _ := strings.Cut(text, strconv.Itoa(code))
	rest, _, _ = strings.Cut(rest, ", affected recipient")
	return rest
}
